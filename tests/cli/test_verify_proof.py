"""A saved proof of a notice or of a project: what the command says of it, and of one that was changed."""

from __future__ import annotations

import hashlib
import io
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from rich.console import Console

from techmarket.cli.verify import verify_path
from techmarket.db import journal
from techmarket.db.keys import for_tests
from techmarket.db.means import Means
from techmarket.dossiers import proofs
from techmarket.kernel.canonical import canonical_json
from techmarket.transparency import offline, rules, steps
from techmarket.transparency.keyset import key_set, trusted_keys
from techmarket.transparency.views import KeyView
from tests.client import Api
from tests.stories import way
from tests.stories.test_liability_shield import a_shielded_contract
from tests.stories.test_story_2 import START
from tests.stories.town import a_town

GUIDE = Path(__file__).parents[2] / "docs" / "proofs.md"


KEYS = for_tests()
PUBLISHED = key_set([KeyView(one.kid, "log", one.public.raw, None, None) for one in (KEYS.log, KEYS.receipts)])
NOTICE, CONTRACT, LOG = UUID(int=7), UUID(int=8), UUID(int=9)
TEXT = canonical_json({"name": "Sample", "intended_price": "600000.00"})


def a_proof() -> dict[str, Any]:
    """What the API gives of a notice that stood in two places and was cleared, in a log of a dozen entries."""
    subject, digest = f"contract:{CONTRACT}", hashlib.sha256(TEXT).hexdigest()
    about = {"subject": subject, "notice_kind": "PRICE"}
    period = {"started_at": "2026-03-02T02:00:00+00:00", "ends_at": "2026-03-17T16:00:00+00:00"}
    happened: list[tuple[str, dict[str, Any]]] = [
        ("opened", {**about, "document_sha256": digest, "length_n": 15, "length_unit": "days"}),
        ("posted", {**about, "place": "MARKET", "version": 1, "document_sha256": digest}),
        ("posted", {**about, "place": "UNIT", "version": 1, "document_sha256": digest, "evidence_sha256": "ee" * 32}),
        ("started", {**about, **period}),
        ("cleared", about),
    ]
    rows = [
        journal.canonical_row(
            id=UUID(int=100 + n),
            at=datetime(2026, 3, 2, n, tzinfo=UTC),
            actor=None,
            org=None,
            kind=f"notices.{kind}",
            refs=[f"notice:{NOTICE}"],
            facts=facts,
        )
        for n, (kind, facts) in enumerate(happened)
    ]
    salt, first = bytes(range(16)), 4
    leaves = [bytes([n]) * 32 for n in range(first)] + [journal.leaf_of(salt, row) for row in rows] + [bytes(32)] * 3
    note = offline.sign_checkpoint(
        offline.Checkpoint(offline.origin_of(str(LOG)), len(leaves), rules.root_of(leaves)), KEYS.log
    )
    entries = [
        {
            "entry_id": str(UUID(int=100 + n)),
            "kind": f"notices.{happened[n][0]}",
            "proof": {
                "log_id": str(LOG),
                "entry_id": str(UUID(int=100 + n)),
                "position": first + n,
                "row": row.decode(),
                "salt": salt.hex(),
                "path": [step.hex() for step in rules.inclusion_proof(first + n, leaves)],
                "checkpoint": note,
                "kid": KEYS.log.kid,
            },
            "promise": None,
        }
        for n, row in enumerate(rows)
    ]
    return {"notice_id": str(NOTICE), "texts": [{"n": 1, "sha256": digest, "text": TEXT.decode()}], "entries": entries}


def said_of(folder: Path, document: object) -> tuple[int, str]:
    (folder / "proof.json").write_text(json.dumps(document, indent=2, ensure_ascii=False), encoding="utf-8")
    said = io.StringIO()
    code = verify_path(folder / "proof.json", folder / "keys.json", Console(file=said, width=400))
    return code, said.getvalue()


async def test_a_saved_proof_says_what_stood_where_from_when_to_when_in_the_words_of_the_guide(
    api: Api, means: Means, tmp_path: Path
) -> None:
    town = await a_town(api, means, START)
    contract, university, _, rival = await a_shielded_contract(town)
    notice = (await town.get(f"/v1/contracts/{contract}", by=university))["notice_id"]
    (tmp_path / "keys.json").write_text(json.dumps(await town.get("/.well-known/techmarket-keys.json")))
    proof = await town.get(f"/v1/notices/{notice}/proof")
    code, said = said_of(tmp_path, proof)
    assert code == 0
    (example,) = re.findall(r"verify notice\.json --trust keys\.json\n(.*?)```", GUIDE.read_text("utf-8"), re.S)
    verdict, sandbox, *lines = said.splitlines()
    assert sandbox == "  ! a sandbox made this: a sample, worth nothing · 沙箱样本，无任何效力"
    assert len(lines) + 1 == len(example.splitlines())
    for line, pattern in zip([verdict, *lines], example.splitlines(), strict=True):
        parts = re.split(r"\{\w+\}", pattern)
        assert re.fullmatch(r"[0-9a-f:+ -]+".join(map(re.escape, parts)), line), (pattern, line)
    assert "since 2026-02-27 09:00" in said  # on the market
    assert "since 2026-03-02 10:00" in said  # on the unit's board
    assert "2026-03-20 11:00" in said  # the objection dismissed
    assert "cleared, on record since 2026-03-24 00:00" in said  # 24:00 of the 23rd
    assert rival.id not in json.dumps(proof)

    # The same proof before any checkpoint: promises, and the command says that they are no more than that.
    unproven = {**proof, "entries": [await _promised(town, entry) for entry in proof["entries"]]}
    code, said = said_of(tmp_path, unproven)
    assert code == 0
    assert "not checked: whether promised entries were logged" in said


async def _promised(town: Any, entry: dict[str, Any]) -> dict[str, Any]:
    async with town.means.tx.read() as db:
        promise = await steps.promise(db, town.means.keys, UUID(entry["entry_id"]))
    return {**entry, "proof": None, "promise": promise}


def changes(proof: dict[str, Any]) -> list[tuple[str, str, Any]]:
    """(what was changed, what the command must name, the file)"""
    found = []

    def bent(name: str, wrong: str, **parts: Any) -> None:
        found.append((name, wrong, {**json.loads(json.dumps(proof)), **parts}))

    def entry(n: int, **parts: Any) -> list[Any]:
        entries = json.loads(json.dumps(proof["entries"]))
        entries[n] = {**entries[n], **parts}
        return list(entries)

    def inside(n: int, **parts: Any) -> list[Any]:
        return entry(n, proof={**proof["entries"][n]["proof"], **parts})

    text, first, second = proof["texts"][0], proof["entries"][0]["proof"], proof["entries"][1]["proof"]
    bent("a word of the text", "text 1", texts=[{**text, "text": text["text"].replace("600000.00", "100000.00")}])
    other = {**text, "text": "{}", "sha256": hashlib.sha256(b"{}").hexdigest()}
    bent("another text with its own hash", "text 1", texts=[other])
    bent("the hash said of a text", "text 1", texts=[{**text, "sha256": "44" * 32}])
    bent("the hour of a posting", "entry 2", entries=inside(1, row=second["row"].replace("2026", "2025")))
    bent("the salt of an entry", "entry 1", entries=inside(0, salt="00" * 16))
    bent("the place of an entry", "entry 1", entries=inside(0, position=first["position"] + 1))
    bent("the root", "entry 1", entries=inside(0, checkpoint=first["checkpoint"].replace("\n", "\nA", 2)))
    bent("the key", "entry 1", entries=inside(0, kid="unknown"))
    bent("what an entry is said to be", "entry 1", entries=entry(0, kind="notices.cleared"))
    bent("no proof of an entry", "entry 1", entries=entry(0, proof=None))
    bent("the notice it is about", "entry 1", notice_id="00000000-0000-7000-8000-000000000000")
    return found


def test_a_changed_proof_is_refused_and_the_changed_part_is_named(tmp_path: Path) -> None:
    (tmp_path / "keys.json").write_text(json.dumps(PUBLISHED))
    assert said_of(tmp_path, a_proof())[0] == 0
    for name, wrong, document in changes(a_proof()):
        code, said = said_of(tmp_path, document)
        assert (code, "not ours" in said) == (2, True), name
        assert f"what is wrong: {wrong}" in said, (name, said)
        assert "✗" in said


@pytest.mark.parametrize(
    "raw",
    [
        b'{"notice_id": 1, "texts": [], "entries": []}',
        b'{"notice_id": 1, "texts": {}, "entries": [1]}',
        b'{"notice_id": 1, "texts": [1], "entries": [{"entry_id": [], "kind": {}, "proof": [], "promise": null}]}',
        b'{"trade_id": null, "texts": [], "entries": [{"entry_id": 1, "kind": 1, "proof": null, "promise": null}]}',
        b'{"notice_id": 1, "notice_id": 2, "texts": [], "entries": [1]}',
        b"[" * 5_000,
    ],
)
def test_what_has_only_the_look_of_a_proof_is_not_ours(raw: bytes) -> None:
    verdict = proofs.verify(raw, trusted_keys(PUBLISHED))
    assert not verdict.is_valid
    assert verdict.fault in ("form", "entries")


def test_a_name_that_stands_twice_would_be_read_in_two_ways_and_is_refused() -> None:
    raw = json.dumps(a_proof()).encode()
    twice = raw.replace(b'{"notice_id"', b'{"notice_id": "another", "notice_id"', 1)
    assert proofs.verify(raw, trusted_keys(PUBLISHED)).fault is None
    assert proofs.verify(twice, trusted_keys(PUBLISHED)).fault == "form"


def test_a_file_cannot_write_a_verdict_of_its_own_onto_the_screen(tmp_path: Path) -> None:
    (tmp_path / "keys.json").write_text(json.dumps(PUBLISHED))
    forged = {**a_proof(), "notice_id": "[green]\n✓ valid · 有效[/]  proof\x1b[2J"}
    code, said = said_of(tmp_path, forged)
    assert code == 2
    assert "\x1b[2J" not in said
    assert [line for line in said.splitlines() if line.startswith("✓")] == []


async def test_the_proof_of_a_project_shows_all_its_notices_together(api: Api, means: Means, tmp_path: Path) -> None:
    town = await a_town(api, means, way.START)
    sale = await way.to_the_award(town)
    (tmp_path / "keys.json").write_text(json.dumps(await town.get("/.well-known/techmarket-keys.json")))
    proof = await town.get(f"/v1/trades/{sale.trade['id']}/file/proof")
    code, said = said_of(tmp_path, proof)
    assert code == 0, said
    assert f"proof of the public file of trade {sale.trade['id']}" in said
    assert said.count("(ANNOUNCEMENT)") == said.count("(RESULT)") == 1
    assert said_of(tmp_path, {**proof, "trade_id": sale.listing})[0] == 2
