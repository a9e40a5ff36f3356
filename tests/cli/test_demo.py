"""The whole way of one achievement through the commands themselves, and what a stranger can do with what is left."""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner, Result

from techmarket.cli.main import cli
from techmarket.db import embedded

ROOT = Path(__file__).parents[2]
SMALL_SETS = ROOT / "tests" / "samples" / "data"
pytestmark = pytest.mark.slow


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def clean_environment(state: Path) -> dict[str, str]:
    given = {name: value for name, value in os.environ.items() if not name.startswith("TECHMARKET_")}
    return given | {"TECHMARKET_STATE_DIR": str(state), "PYTHONPATH": str(ROOT / "src")}


def techmarket(*arguments: str, state: Path, timeout: int = 240) -> subprocess.CompletedProcess[str]:
    environment = clean_environment(state) | {"TECHMARKET_PORT": str(free_port())}
    program = "from techmarket.cli.entry import main; main()"
    return subprocess.run(
        [sys.executable, "-c", program, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
        cwd=ROOT,
    )


def packed_sets(folder: Path) -> Path:
    """The small sets in the layout of the real ones: the large files packed."""
    for source in SMALL_SETS.rglob("*.jsonl"):
        target = folder / source.relative_to(SMALL_SETS)
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.parent.name == "sbir":
            target.with_suffix(".jsonl.gz").write_bytes(gzip.compress(source.read_bytes()))
        else:
            target.write_bytes(source.read_bytes())
    return folder


@pytest.fixture(scope="module")
def played(tmp_path_factory) -> tuple[Path, dict]:
    """One demonstration, with the small sets beside the samples; its server has stopped when this returns."""
    folder = tmp_path_factory.mktemp("demo")
    state, report = folder / "state", folder / "report.json"
    try:
        done = techmarket("demo", "--data", str(packed_sets(folder / "sets")), "--report", str(report), state=state)
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
        yield state, json.loads(report.read_text())
    finally:
        embedded.remove(state)


def test_the_demonstration_ends_with_the_amounts_of_the_worked_example(played):
    _, report = played
    assert report["awarded_price"] == "600000.00"
    assert report["net_income"] == "1115163.12"
    assert report["reward"] == "780614.19"
    assert report["statements"] == {"A": "331761.03", "B": "199056.62", "C": "132704.41"}
    assert report["ledger_balanced"] is True
    assert report["verification"] == "valid"
    assert report["certificate_no"] == "ZJ-2026-000001"
    assert all(stage["ok"] for stage in report["stages"])


def test_every_row_of_the_sets_is_accepted_or_refused_with_its_reason(played):
    _, report = played
    lines = sum(len(file.read_text().splitlines()) for file in SMALL_SETS.rglob("*.jsonl"))
    told = report["imported_offers"] + report["imported_demands"] + report["refused_rows"]
    assert told == 60 + 30 + lines
    assert report["refused_rows"] == len(report["refusals"]) > 0
    assert all(row["refusal"]["code"] for row in report["refusals"])


def here(*arguments: str) -> Result:
    """The same command in this process: once it was shown to start by itself, starting it again shows nothing."""
    return CliRunner().invoke(cli, list(arguments))


def test_the_certificate_verifies_with_the_market_stopped_and_fails_by_one_changed_byte(played, tmp_path):
    state, _ = played
    certificate, keys = state / "demo" / "certificate.json", state / "demo" / "keys.json"
    good = techmarket("verify", str(certificate), "--trust", str(keys), state=tmp_path)
    assert (good.returncode, "valid" in good.stdout) == (0, True)
    body = bytearray(certificate.read_bytes())
    body[len(body) // 2] ^= 1
    changed = tmp_path / "changed.json"
    changed.write_bytes(bytes(body))
    sealed = here("verify", str(state / "demo" / "certificate.pdf"), "--trust", str(keys))
    assert (sealed.exit_code, "seal over every byte" in sealed.output) == (0, True)
    shown = tmp_path / "shown.json"
    command = ("present", str(certificate), "--hide", "price", "--out", str(shown), "--trust", str(keys))
    assert here(*command).exit_code == 0
    less = here("verify", str(shown), "--trust", str(keys))
    assert (less.exit_code, "does not show: price, trade.price, payments" in less.output) == (0, True)
    bad = here("verify", str(changed), "--trust", str(keys))
    assert (bad.exit_code, "not ours" in bad.output) == (2, True)


def test_the_log_is_what_was_signed_and_every_book_balances(played):
    state, _ = played
    done = techmarket("doctor", state=state)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_folder_without_the_sets_is_refused_in_one_line_before_anything_starts(tmp_path):
    done = techmarket("demo", "--data", str(tmp_path), state=tmp_path / "state")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "nasa_software_catalog" in done.stderr
    assert not (tmp_path / "state").exists()


def test_keys_are_readable_by_their_owner_alone(played):
    state, _ = played
    for path in [state / "staff.json", state / "demo" / "keys-of-people.json", *(state / "keys").iterdir()]:
        assert path.stat().st_mode & 0o077 == 0, path


@pytest.fixture(scope="module")
def served(played) -> Iterator[tuple[str, Path]]:
    """The played market, serving again until the last of these tests has ended."""
    state, _ = played
    port = free_port()
    environment = clean_environment(state) | {"TECHMARKET_PORT": str(port)}
    program = "from techmarket.cli.entry import main; main()"
    process = subprocess.Popen([sys.executable, "-c", program, "serve"], env=environment, cwd=ROOT)
    base = f"http://127.0.0.1:{port}"
    try:
        for _ in range(300):
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(f"{base}/readyz", trust_env=False).status_code == 200:
                    break
            time.sleep(0.1)
        yield base, state
    finally:
        process.terminate()
        process.wait(30)


def test_the_tour_of_the_readme_does_what_it_says(served, tmp_path):
    base, state = served
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(), flags=re.DOTALL)
    tour = next(block for block in blocks if block.startswith("BASE="))
    verify = next(block for block in blocks if "techmarket verify" in block and "demo/certificate" in block)
    script = (tour + verify).replace("http://127.0.0.1:8000", base).replace(".techmarket/demo", f"{state}/demo")
    script = re.sub(r"^(curl .*?[^\\\\])$", r"\1; echo", script, flags=re.MULTILINE | re.DOTALL)
    done = subprocess.run(
        ["bash", "-euc", script],
        env=clean_environment(state) | {"NO_PROXY": "*"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    answers = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    search, trades, checkpoint, first, again, organisations, refusal, keys = answers
    assert search["items"]
    assert search["items"][0]["terms"] == ["压铸"]
    assert trades["items"][0]["number"] == "JY-2026-000001"
    assert checkpoint["size"] > 400
    assert first == again
    assert len(organisations["items"]) == 2
    assert refusal["code"] == "identity.sign_in_needed"
    assert {key["use_here"] for key in keys["keys"]} == {"issuer", "log", "receipts"}
    assert "valid" in done.stdout.splitlines()[len(answers)]


def test_the_index_is_built_anew_by_its_command_while_the_market_goes_on_answering(served):
    base, state = served
    program = "from techmarket.cli.entry import main; main()"
    wanted = {"q": "陶瓷", "facets": "true"}
    with httpx.Client(base_url=base, trust_env=False) as http:
        before = http.get("/v1/search", params=wanted).json()
        with subprocess.Popen(
            [sys.executable, "-c", program, "index"],
            env=clean_environment(state),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=ROOT,
        ) as process:
            answers = []
            while process.poll() is None:
                # A limit of its own each time, so that no answer is one that was kept.
                asked = wanted | {"limit": str(1 + len(answers) % 100)}
                answers.append((len(answers) % 100, http.get("/v1/search", params=asked)))
                time.sleep(0.02)
            assert (process.returncode, "the index was built anew" in process.stdout.read()) == (0, True)
        assert len(answers) > 10
        for n, answer in answers:
            assert answer.status_code == 200
            said = answer.json()
            assert [said["total"], said["facets"]] == [before["total"], before["facets"]]
            assert said["items"][:20] == before["items"][: n + 1]
        after = http.get("/v1/search", params=wanted).json()
    assert before["items"]
    assert after["items"] == before["items"]


def test_the_word_that_the_readme_searches_for_stands_in_an_offer_of_the_samples():
    (word,) = re.findall(r'--data-urlencode "q=([^"]+)"', (ROOT / "README.md").read_text())
    offers = (ROOT / "src" / "techmarket" / "samples" / "offers.jsonl").read_text(encoding="utf-8").splitlines()
    assert any(word in (json.loads(line)["title_zh"] or "") for line in offers)


def test_the_way_through_the_examples_does_what_it_says(served):
    base, state = served
    (way,) = re.findall(r"```sh\n(.*?)```", (ROOT / "examples" / "README.md").read_text(), flags=re.DOTALL)
    script = way.replace("http://127.0.0.1:8000", base).replace("STATE=.techmarket", f"STATE={state}")
    done = subprocess.run(
        ["bash", "-euc", script],
        env=clean_environment(state) | {"NO_PROXY": "*"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    said = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    found, trades, leading, low, first, second, checked = said
    assert found["items"]
    assert trades["items"][0]["state"] == "ANNOUNCED"
    assert (leading["verdict"], low["code"], low["receipt"]["seq"]) == ("leading", "trading.bid_too_low", 2)
    assert (first["outcome"], second["outcome"]) == ("outbid", "won")
    assert Decimal("230000.00") <= Decimal(second["leading"]) <= Decimal("250000.00")
    assert checked == {"receipts": second["bids"], "genuine": second["bids"], "not_genuine": []}
    watched = (state / "examples" / "watched.txt").read_text()
    turns = re.findall(r'"what":"(\w+)"', watched)
    assert turns == ["now", "closed", "awarded"]
    assert watched.count("event: price") == int(done.stdout.splitlines()[-2]) >= 3
    assert watched.rstrip().rpartition("event: ")[2].startswith("end")
