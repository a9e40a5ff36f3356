"""The verify command takes every kind of file the market gives away, and says what it did not check."""

from __future__ import annotations

import hashlib
import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from rich.console import Console

from techmarket.certification import verify
from techmarket.certification.statuslist import StatusPurpose
from techmarket.certification.verify import Answer
from techmarket.cli.verify import SENTENCES, examine, verify_path
from techmarket.db import journal
from techmarket.db.keys import for_tests
from techmarket.kernel.canonical import canonical_json
from techmarket.kernel.seals import Seal
from techmarket.trading.receipts import Receipt, seal_tree, tree_over
from techmarket.trading.rules import Entry, canonical_decision
from techmarket.transparency import commitments
from techmarket.transparency.keyset import key_set
from techmarket.transparency.views import KeyView
from tests.certification.test_verify import AT, ISSUER, LOG, NUMBER, PLACE, RECEIPTS, Sample, a_checkpoint, a_list
from tests.certification.test_verify import TRUSTED as CERTIFICATE_KEYS

KEYS = for_tests()
TRUSTED = {seal.kid: seal.public for seal in (KEYS.log, KEYS.issuer, KEYS.receipts)}
DOCUMENT, SALT = b"sample: how the seam is tracked", bytes(range(32))
SHA256 = hashlib.sha256(DOCUMENT).hexdigest()
DIGEST = commitments.digest_of(SALT, SHA256)


def a_promise() -> dict[str, str]:
    """What the market signs at once for an entry: here, of a commitment."""
    entry, person = UUID(int=1), UUID(int=2)
    row = journal.canonical_row(
        id=entry,
        at=datetime(2026, 3, 2, 2, tzinfo=UTC),
        actor=person,
        org=UUID(int=3),
        kind=commitments.LOGGED_KIND,
        refs=[],
        facts={"digest": DIGEST},
    )
    body = {"entry_id": str(entry), "leaf_hash": journal.leaf_of(SALT[:16], row).hex(), "log_id": str(UUID(int=4))}
    signature = KEYS.receipts.sign(canonical_json(body)).hex()
    return {**body, "row": row.decode(), "salt": SALT[:16].hex(), "kid": KEYS.receipts.kid, "signature": signature}


def a_receipt() -> dict[str, object]:
    at, lot, entries = datetime(2026, 3, 2, 2, tzinfo=UTC), UUID(int=9), []
    for n in (1, 2):
        body = canonical_decision(lot_id=lot, seq=n, bidder=n, minor=50_000_000, verdict="leading", at=at)
        entries.append(Entry(lot, n, n, 50_000_000, "leading", at, body, bytes(32)))
    return Receipt(entries[1], 1, seal_tree(tree_over(entries), KEYS.receipts)).shown()


def test_a_commitment_is_told_with_and_without_its_opening_and_its_document() -> None:
    closed = commitments.file_bytes(digest=DIGEST, opening=None, log={"promise": a_promise()})
    opened = commitments.with_opening(closed, document_sha256=SHA256, salt=SALT.hex())
    said = examine(closed, TRUSTED)
    assert (said.answer, said.checked, said.not_checked[0]) == (Answer.VALID, ("form", "promise"), "opening")
    said = examine(opened, TRUSTED)
    assert (said.checked[-1], said.not_checked[0]) == ("opening", "document")
    assert examine(opened, TRUSTED, SHA256).checked[-1] == "document"
    assert (examine(opened, TRUSTED, "0" * 64).answer, examine(opened, TRUSTED, "0" * 64).fault) == (
        Answer.NOT_OURS,
        "document",
    )
    assert examine(opened.replace(b'"digest"', b'"digess"', 1), TRUSTED).answer is Answer.NOT_OURS


def test_a_receipt_and_a_promise_are_told_alone_and_inside_the_answer_that_carried_them() -> None:
    for shown, what in ((a_receipt(), "receipt of bid 2"), (a_promise(), f"promise of {commitments.LOGGED_KIND}")):
        inside = {"receipt" if "batch" in shown else "promise": shown, "other": 1}
        for file in (shown, inside):
            assert (
                examine(json.dumps(file).encode(), TRUSTED).answer,
                examine(json.dumps(file).encode(), TRUSTED).what,
            ) == (
                Answer.VALID,
                what,
            )
        assert examine(json.dumps(shown).encode(), {}).answer is Answer.NOT_OURS
    bent = a_receipt() | {"bidder": 1}
    assert examine(json.dumps(bent).encode(), TRUSTED).fault == "receipt"
    assert examine(json.dumps(a_promise() | {"leaf_hash": "0" * 64}).encode(), TRUSTED).fault == "promise"


@pytest.mark.parametrize("raw", [b"", b"PK", b"PK\x05\x06" + bytes(18), b"{}", b"[" * 5000, b"\xff", b'{"receipt":{}}'])
def test_what_is_no_file_of_ours_is_not_ours_and_never_a_stack_trace(raw: bytes) -> None:
    assert examine(raw, TRUSTED).answer is Answer.NOT_OURS


def test_the_command_says_which_trusted_keys_are_retired(tmp_path: Path) -> None:
    now = datetime(2026, 3, 2, 2, tzinfo=UTC)
    history = [
        KeyView(KEYS.receipts.kid, "receipts", KEYS.receipts.public.raw, now, now),
        KeyView(KEYS.log.kid, "log", KEYS.log.public.raw, now, None),
    ]
    (tmp_path / "keys.json").write_text(json.dumps(key_set(history)))
    (tmp_path / "receipt.json").write_text(json.dumps(a_receipt()))
    said = io.StringIO()
    assert verify_path(tmp_path / "receipt.json", None, Console(file=said, width=200)) == 0
    assert f"still trusted: {KEYS.receipts.kid}" in said.getvalue()
    assert SENTENCES["book"][1] in said.getvalue()


# --- certificates: each trouble its own words and its own exit code ---

CERTIFIED = (ISSUER, "issuer"), (LOG, "log"), (RECEIPTS, "receipts")


def published(*, until: datetime | None = None, of: tuple[tuple[Seal, str], ...] = CERTIFIED) -> str:
    """A market's keys as it publishes them; `until` is when the issuer's was retired."""
    views = [
        KeyView(seal.kid, use, seal.public.raw, AT - timedelta(days=400), until if use == "issuer" else None)
        for seal, use in of
    ]
    return json.dumps(key_set(views))


def told(tmp_path: Path, raw: bytes, keys: str | None = None, **beside: str | tuple[str, ...]) -> tuple[int, str]:
    """The exit code and the words of the command for a file, the keys trusted, and what was fetched beside."""
    (tmp_path / "keys.json").write_text(published() if keys is None else keys)
    (tmp_path / "file").write_bytes(raw)
    lists = beside.pop("status_lists", ())
    given: dict[str, Any] = {"status_lists": [tmp_path / f"list-{n}" for n in range(len(lists))]}
    for path, one in zip(given["status_lists"], lists, strict=True):
        path.write_text(one)
    for name, text in beside.items():
        given[name] = tmp_path / name
        given[name].write_text(str(text))
    said = io.StringIO()
    code = verify_path(tmp_path / "file", tmp_path / "keys.json", Console(file=said, width=400), **given)
    return code, said.getvalue()


def fresh(purpose: StatusPurpose, *set_bits: int, days: int = 0) -> str:
    return a_list(purpose, *set_bits, at=datetime.now(UTC) - timedelta(hours=1) - timedelta(days=days))


OURS, STRANGERS = Sample(place=PLACE), ((Seal.generate(), "issuer"), *CERTIFIED[1:])
LISTS = (fresh(StatusPurpose.REVOCATION), fresh(StatusPurpose.SUSPENSION))
FORKED = a_checkpoint(7, other=True)[0]
OURS_FILE = OURS.file()


@pytest.mark.parametrize(
    ("raw", "keys", "beside", "code", "words"),
    [
        (OURS_FILE, None, {}, 0, ["valid · 有效", NUMBER, "not checked: suspension or revocation after the file"]),
        (OURS_FILE.replace(b"ZJ", b"ZK", 1), None, {}, 2, ["not ours"]),
        (OURS_FILE, published(of=STRANGERS), {}, 2, ["not ours", f"✗ {verify.SENTENCES['signature'][1]}"]),
        (OURS_FILE, published(until=AT), {}, 2, [f"✗ {verify.SENTENCES['key_expired'][1]}"]),
        (Sample(missing=True).file(), None, {}, 2, [f"✗ {verify.SENTENCES['inclusion'][1]}"]),
        (OURS_FILE, None, {"checkpoint": FORKED}, 2, [f"✗ {verify.SENTENCES['fork'][1]}"]),
        (OURS_FILE, None, {"status_lists": LISTS}, 0, ["valid · 有效", f"✓ {verify.SENTENCES['status_list'][1]}"]),
        (
            OURS_FILE,
            None,
            {"status_lists": (fresh(StatusPurpose.REVOCATION, days=30),)},
            4,
            ["valid · 有效", f"could not be told: {verify.SENTENCES['status_list_stale'][1]}"],
        ),
        (
            OURS_FILE,
            None,
            {"status_lists": (fresh(StatusPurpose.REVOCATION, PLACE.index), LISTS[1])},
            1,
            ["revoked · 已撤销", verify.LISTED_WHY],
        ),
        (
            Sample(state="REVOKED", why="FACTS_WRONG").file(),
            None,
            {},
            1,
            ["revoked · 已撤销", "since 2026-04-20T08:00:00.000000Z", "FACTS_WRONG"],
        ),
        (
            Sample(state="SUSPENDED", why="DISPUTE").file(),
            None,
            {},
            1,
            ["suspended · 已中止", "since 2026-04-20T08:00:00.000000Z", "DISPUTE"],
        ),
        (
            Sample(state="SUSPENDED", why="DISPUTE", place=PLACE).file(),
            None,
            {"status_lists": LISTS},
            0,
            ["valid · 有效"],
        ),
        (
            verify.present(OURS_FILE, ["price"], CERTIFICATE_KEYS),
            None,
            {},
            0,
            ["valid · 有效", "its holder does not show: price, trade.price, payments, trade.number, notices"],
        ),
    ],
    ids=[
        "valid",
        "one byte changed",
        "wrong key",
        "expired key",
        "removed log entry",
        "forked log",
        "fresh lists",
        "stale list",
        "revoked by list",
        "revoked",
        "suspended",
        "suspended and lifted",
        "hidden price",
    ],
)
def test_each_trouble_of_a_certificate_has_its_own_words_and_exit_code(
    tmp_path: Path, raw: bytes, keys: str | None, beside: dict[str, Any], code: int, words: list[str]
) -> None:
    found, said = told(tmp_path, raw, keys, **beside)
    assert found == code, said
    for wanted in words:
        assert wanted in said
