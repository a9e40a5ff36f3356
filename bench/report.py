"""`python -m bench.report` writes the tables of README.md and the plots anew, from the results that are kept.

Between two marks in the page, `<!-- ratios -->` or `<!-- figures NAME -->` and `<!-- end -->`, stands what results say;
the words around them are written by people.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from bench.plot import bars

HERE = Path(__file__).parent
GOALS: Mapping[tuple[str, str], str] = {
    ("hot_lot", "vs_pgbench_64"): "10 or more",
    ("hot_lot", "vs_pgbench_256"): "20 or more",
    ("many_lots", "vs_pgbench"): "2.5 or more",
    ("http_bid", "vs_bare_asgi"): "0.5 or more",
    ("reads", "get_vs_bare"): "0.5 or more",
    ("reads", "page_vs_bare"): "0.4 or more",
    ("reads", "get_vs_postgraphile"): "1 or more",
    ("reads", "page_vs_postgraphile"): "1 or more",
    ("reads", "search_vs_postgraphile"): "1 or more",
    ("reads", "new_get_vs_bare"): "0.5 or more",
    ("reads", "new_page_vs_bare"): "0.4 or more",
    ("reads", "new_get_vs_postgraphile"): "told, no goal",
    ("reads", "new_page_vs_postgraphile"): "told, no goal",
    ("reads", "new_search_vs_postgraphile"): "told, no goal",
    ("search_growth", "search_p99"): "3 or less",
    ("search_growth", "match_p99"): "3 or less",
    ("search_growth", "match_by_meaning_p99"): "3 or less",
    ("matching", "sbir_words_vs_bm25"): "1 or more",
    ("matching", "sbir_meaning_vs_blend"): "1 or more",
    ("matching", "stard_words_vs_bm25"): "1 or more",
    ("matching", "stard_meaning_vs_blend"): "1 or more",
    ("matching", "csl_keywords_words_vs_bm25"): "1 or more",
    ("matching", "csl_keywords_meaning_vs_blend"): "1 or more",
    ("matching", "xquad_zh_en_words_vs_bm25"): "1 or more",
    ("matching", "xquad_zh_en_meaning_vs_blend"): "1 or more",
    ("matching", "xquad_en_zh_words_vs_bm25"): "1 or more",
    ("matching", "xquad_en_zh_meaning_vs_blend"): "1 or more",
    ("stream", "p99_vs_raw"): "1.5 or less",
    ("distribution", "vs_bulk_insert"): "3 or less",
    ("log", "cost_1m_vs_10k"): "about 1: flat",
    ("log", "doctor_s"): "60 or less for 1,000,000 entries",
    ("certificates", "credentials_per_s"): "1,000 or more",
    ("certificates", "pdfs_per_s"): "20 or more",
    ("ledger", "vs_pgbench"): "told, no goal",
    ("looking_back", "audit_p99"): "3 or less, of the question that grows most",
    ("looking_back", "work_of_a_member_p99"): "3 or less",
    ("looking_back", "work_of_an_operator_p99_ms"): "told, no goal",
    ("startup", "ready_s"): "3 or less",
    ("startup", "rss_mb"): "200 or less",
}
BARS: Mapping[str, str] = {
    "hot_lot": "bids_per_s",
    "many_lots": "bids_per_s",
    "http_bid": "bids_per_s",
    "reads": "get_per_s",
    "search_growth": "match_p99_ms",
}
"""What of each side is drawn."""
DRAWN_BY_THEMSELVES = ("stream", "matching")


def results(folder: Path) -> dict[str, Any]:
    return {path.stem: json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))}


def rendered(page: str, kept: Mapping[str, Any]) -> str:
    """The page with everything between its marks written anew."""

    def between(mark: re.Match[str]) -> str:
        what, name = mark["what"], mark["name"]
        said = "\n".join(ratios(kept) if what == "ratios" else figures(name, kept.get(name)))
        return f"{mark['open']}\n\n{said}\n\n<!-- end -->"

    pattern = r"(?P<open><!-- (?P<what>ratios|figures)(?: (?P<name>\w+))? -->).*?<!-- end -->"
    return re.sub(pattern, between, page, flags=re.DOTALL)


def ratios(kept: Mapping[str, Any]) -> Iterator[str]:
    yield "| measurement | ratio | found | goal | machine |"
    yield "|---|---|---|---|---|"
    for (name, key), goal in GOALS.items():
        if name in kept:
            said = kept[name]["ratios"].get(key, "not measured yet")
            yield f"| {name} | {key} | {said} | {goal} | {kept[name]['machine']['state']} |"
    missing = sorted({name for name, _ in GOALS} - set(kept))
    if missing:
        yield ""
        yield f"Not measured yet: {', '.join(missing)}."


def figures(name: str, result: Mapping[str, Any] | None) -> Iterator[str]:
    """Sides that say the same things as one table, the rest as a list."""
    if result is None:
        yield "Not measured on a quiet machine yet."
        return
    machine = result["machine"]
    yield (
        f"Measured {result['when'][:10]} on {machine['processors']} processors ({machine['processor']}),"
        f" {machine['memory_gb']} GB, {machine['system']}, Python {machine['python']}; load before"
        f" {machine['load_before']}, {machine['state']}."
    )
    if name in {*BARS, *DRAWN_BY_THEMSELVES}:
        yield ""
        yield f"![{name.replace('_', ' ')}](plots/{name}.svg)"
    sides = {key: said for key, said in result["figures"].items() if isinstance(said, dict)}
    columns = list(dict.fromkeys(column for said in sides.values() for column in said))
    if sides:
        yield ""
        yield f"| | {' | '.join(column.replace('_', ' ') for column in columns)} |"
        yield "|---" * (len(columns) + 1) + "|"
        for key, said in sides.items():
            yield f"| {key.replace('_', ' ')} | {' | '.join(_shown(said.get(column, '')) for column in columns)} |"
    plain = {key: said for key, said in result["figures"].items() if not isinstance(said, dict)}
    yield ""
    yield "; ".join(f"{key.replace('_', ' ')}: {_shown(said)}" for key, said in plain.items()) + "."
    yield ""
    yield result["limits"]


def _shown(said: Any) -> str:
    if isinstance(said, dict):
        return ", ".join(f"{key.replace('_', ' ')} {_shown(value)}" for key, value in said.items())
    if isinstance(said, list):
        return ", ".join(_shown(one) for one in said) or "none"
    is_large = isinstance(said, int | float) and abs(said) >= 1000
    return f"{said:,.0f}" if is_large else str(said)


def plots(kept: Mapping[str, Any]) -> dict[str, str]:
    """One plot for each measurement whose sides are compared by their rate."""
    drawn = {}
    for name, field in BARS.items():
        sides = {
            key: float(said[field])
            for key, said in kept.get(name, {}).get("figures", {}).items()
            if isinstance(said, dict) and field in said
        }
        if sides:
            drawn[name] = bars(f"{name}: {field.replace('_', ' ').replace('per s', 'a second')}", sides)
    return drawn


def main() -> None:
    kept = results(HERE / "results")
    folder = HERE / "plots"
    folder.mkdir(exist_ok=True)
    for name, drawn in plots(kept).items():
        (folder / f"{name}.svg").write_text(drawn)
    page = HERE / "README.md"
    page.write_text(rendered(page.read_text(), kept))


if __name__ == "__main__":
    main()
