"""The measurements run: the short form of each ends with one JSON object of the promised shape, and keeps it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bench import report
from bench.__main__ import NAMES

ROOT = Path(__file__).parents[2]
RATIOS = {
    "startup": {"ready_s", "rss_mb"},
    "hot_lot": {"vs_pgbench_64", "vs_pgbench_256"},
    "many_lots": {"vs_pgbench"},
    "http_bid": {"vs_bare_asgi"},
    "stream": {"p99_vs_raw"},
    "certificates": {"credentials_per_s", "pdfs_per_s"},
    "distribution": {"vs_bulk_insert"},
    "ledger": {"vs_pgbench"},
    "looking_back": {"audit_p99", "work_of_a_member_p99", "work_of_an_operator_p99_ms"},
    "reads": {"get_vs_bare", "page_vs_bare"},
    "search_growth": {"search_p99", "match_p99"},
    "matching": {"stard_words_vs_bm25"},
}
IS_LONG = os.environ.get("TECHMARKET_LONG") == "1"
USUAL = ["certificates"]
"""That of every run; with `TECHMARKET_LONG=1` (`make bench-check`) all of them."""
KEPT = [
    "certificates",
    "distribution",
    "hot_lot",
    "http_bid",
    "ledger",
    "log",
    "many_lots",
    "matching",
    "reads",
    "search_growth",
    "startup",
    "stream",
]
MACHINE = {"processors", "processor", "memory_gb", "system", "python", "load_before", "state"}


def run_quick(name: str, results: Path) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "bench", name, "--quick", "--results", str(results)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    assert json.loads((results / f"{name}.json").read_text()) == said
    return said


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(RATIOS) if IS_LONG else USUAL)
def test_the_short_form_of_a_measurement_ends_with_its_result_as_one_json_object(name: str, tmp_path: Path) -> None:
    result = run_quick(name, tmp_path)
    assert list(result) == ["name", "when", "machine", "figures", "ratios", "limits"]
    assert result["name"] == name
    assert set(result["ratios"]) == RATIOS[name]
    assert all(isinstance(ratio, float) and ratio > 0 for ratio in result["ratios"].values())
    assert result["figures"]["quick"] is True
    assert result["figures"].get("rounds_void", []) == []
    assert result["limits"]


def test_a_result_names_the_machine_by_its_kind_and_not_by_its_name_or_any_path() -> None:
    kept = sorted((ROOT / "bench" / "results").glob("*.json"))
    assert set(KEPT) <= {path.stem for path in kept} <= set(NAMES)
    for path in kept:
        result = json.loads(path.read_text())
        assert result["name"] == path.stem
        assert result["figures"]["quick"] is False, "a committed result is one of the long form"
        assert result["machine"]["state"] in ("quiet machine", "busy machine: other work ran beside")
        assert set(result["machine"]) == MACHINE
        assert "/" not in json.dumps(result["machine"])


def test_the_readme_tells_the_ratios_that_were_kept() -> None:
    readme = (ROOT / "bench" / "README.md").read_text()
    beside = {"get_vs_postgraphile", "page_vs_postgraphile", "search_vs_postgraphile"}
    ratios = {**RATIOS, "log": {"cost_1m_vs_10k", "doctor_s"}, "reads": RATIOS["reads"] | beside}
    ratios["search_growth"] = RATIOS["search_growth"] | {"match_by_meaning_p99"}  # where it was asked with vectors
    for name, kept in report.results(ROOT / "bench" / "results").items():
        # A ratio may be newer than what was kept; those of matching are by set and method.
        known = {ratio.removeprefix("new_") for ratio in kept["ratios"]}  # reads: of what nobody asked for before
        assert name == "matching" or known <= ratios[name]
        for key, value in kept["ratios"].items():
            assert f"| {name} | {key} | {value} |" in readme


def test_the_readme_and_the_plots_are_what_the_kept_results_say() -> None:
    kept = report.results(ROOT / "bench" / "results")
    page = (ROOT / "bench" / "README.md").read_text()
    assert report.rendered(page, kept) == page, "run python -m bench.report"
    assert all(
        (ROOT / "bench" / "plots" / f"{name}.svg").read_text() == svg for name, svg in report.plots(kept).items()
    )
    assert set(report.plots(kept)) <= set(re.findall(r"\(plots/(\w+)\.svg\)", page))


def test_a_result_becomes_a_row_with_its_goal_a_table_of_its_sides_and_bars() -> None:
    result = {
        "name": "many_lots",
        "when": "2026-03-02T01:00:00+00:00",
        "machine": dict.fromkeys(MACHINE, "x") | {"state": "quiet machine"},
        "figures": {
            "ours": {"bids_per_s": 12_000.0, "p99_ms": 9.5},
            "pgbench_16": {"bids_per_s": 4_000.0},
            "lots": 100,
        },
        "ratios": {"vs_pgbench": 3.0},
        "limits": "The processor.",
    }
    page = "<!-- ratios -->\nold\n<!-- end -->\n<!-- figures many_lots -->\nold\n<!-- end -->\n"
    said = report.rendered(page, {"many_lots": result})
    assert "| many_lots | vs_pgbench | 3.0 | 2.5 or more | quiet machine |" in said
    assert "| ours | 12,000 | 9.5 |\n| pgbench 16 | 4,000 |  |" in said
    assert "lots: 100." in said
    assert "old" not in said
    assert report.rendered(said, {"many_lots": result}) == said
    drawn = report.plots({"many_lots": result})["many_lots"]
    assert "12,000" in drawn
    assert "pgbench 16" in drawn
