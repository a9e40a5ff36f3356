"""Hostile uploads to a data room, over a real connection: each is refused by name, and nothing of it is left behind."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import os
import tempfile
import tracemalloc
import zipfile
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import pytest
from sqlalchemy import text

from techmarket.app import create_app
from techmarket.cli.serve import server_for
from techmarket.db.base import Base
from techmarket.disclosure.rules import RoomLimits
from techmarket.settings import Settings
from tests.chunked import send_chunked
from tests.disclosure.make import PDF, a_pdf, a_room
from tests.follow import served
from tests.identity.make import Keyed, an_organisation

KIB = 1024
LIMITS = RoomLimits(upload_bytes_max=256 * KIB, upload_seconds=0.5, documents_max=3, bytes_max=300 * KIB)
ANSWERS = "idempotency_key"  # a refusal that was heard is heard again


@dataclass(frozen=True)
class Answer:
    status: int
    body: dict[str, object]

    @property
    def said(self) -> tuple[int, object]:
        return self.status, self.body.get("code")


@dataclass(frozen=True)
class Gate:
    """The market on a port with low limits, one room, and its owner."""

    port: int
    owner: Keyed
    path: str

    async def send(
        self,
        parts: Sequence[bytes] | Iterator[bytes],
        *,
        name: str = "sample.pdf",
        media: str = "application/pdf",
        once: str | None = None,
        pause: float = 0.0,
        is_broken_off: bool = False,
        **query: str,
    ) -> Answer | None:
        """Send a body in chunks of its own length; an answer in the middle of it is heard."""
        query = {"name": name, "tier": "PUBLIC", **query}
        head = (
            f"POST {self.path}?{urlencode(query)} HTTP/1.1\r\nHost: market.test\r\nConnection: close\r\n"
            f"Authorization: Bearer {self.owner.key}\r\nIdempotency-Key: {once or os.urandom(8).hex()}\r\n"
            f"Content-Type: {media}\r\n"
        )
        answer = await asyncio.to_thread(send_chunked, self.port, head, parts, pause=pause, is_broken_off=is_broken_off)
        if is_broken_off:
            return None
        head_, _, body = answer.partition(b"\r\n\r\n")
        return Answer(int(head_.split()[1]), json.loads(body))


@pytest.fixture
async def gate(tx, keys, means) -> AsyncIterator[Gate]:
    owner = await an_organisation(tx, keys=keys)
    room = await a_room(tx, owner.actor)
    async with served(create_app(means, room_limits=LIMITS)) as (url, _):
        path = f"/v1/data-rooms/{room.kind}/{room.id}/documents"
        yield Gate(int(url.rpartition(":")[2]), owner, path)


@pytest.fixture
def traces(tx, tmp_path, monkeypatch):
    """All that an upload could leave: rows of every table, objects, files put aside, open or by name."""

    aside = tmp_path / "aside"
    aside.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(aside))

    async def look() -> dict[str, object]:
        counts = " UNION ALL ".join(
            f"SELECT '{name}' AS name, count(*) AS n FROM {name}" for name in sorted(Base.metadata.tables)
        )
        async with tx.read() as db:
            rows = {row.name: row.n for row in await db.execute(text(counts)) if row.name != ANSWERS}
        links = [os.readlink(link) for link in Path("/proc/self/fd").glob("*") if link.is_symlink()]  # noqa: ASYNC240
        return {
            "rows": rows,
            "objects": sorted(str(path) for path in (tmp_path / "objects").rglob("*") if path.is_file()),
            "open": [link for link in links if link.startswith(str(aside))],
            "named": sorted(os.listdir(aside)),
        }

    return look


async def gone(traces, before: dict[str, object]) -> None:
    """What a sender who has gone away left is cleared by then; a moment later than he left."""
    async with asyncio.timeout(10):
        while await traces() != before:  # noqa: ASYNC110
            await asyncio.sleep(0.02)


def a_zip(**members: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in members.items():
            archive.writestr(name, body)
    return file.getvalue()


BOMB = a_zip(zeros=bytes(8 << 20))
ZIP = "application/zip"


async def test_a_path_in_the_name_is_refused_before_a_byte_is_taken(gate: Gate, traces) -> None:
    before = await traces()
    for name in ("../../etc/passwd", "a/b.pdf", "a\\b.pdf", "..", ".hidden", "C:a.pdf", "con.pdf"):
        answer = await gate.send([PDF], name=name)
        assert answer is not None
        assert (name, *answer.said) == (name, 422, "disclosure.bad_document_name")
    assert await traces() == before


TRAPS = (
    ("application/pdf", b"MZ\x90\x00 sample", (415, "files.wrong_type")),
    ("image/png", PDF, (415, "files.wrong_type")),
    (ZIP, b"PK\x05\x06 sample", (415, "files.wrong_type")),
    ("application/pdf", b"%PDF-1.7 and nothing else", (422, "disclosure.document_broken")),
    ("text/plain", b"sample \x00 sample", (415, "files.wrong_type")),
    (ZIP, BOMB, (422, "files.archive_refused")),
    (ZIP, a_zip(inner=BOMB), (422, "files.archive_refused")),
    (ZIP, a_zip(outer=a_zip(inner=a_zip(sample=b"sample"))), (422, "files.archive_refused")),
    (ZIP, a_zip(**{"../out": b"sample"}), (422, "files.archive_refused")),
    (ZIP, a_zip(**{"/etc/out": b"sample"}), (422, "files.archive_refused")),
    (ZIP, a_zip(sample=b"sample")[:-30], (422, "files.archive_refused")),
)


async def test_bytes_that_are_not_what_they_say_or_a_trap_leave_nothing(gate: Gate, traces) -> None:
    before = await traces()
    for n, (media, body, said) in enumerate(TRAPS):
        assert len(body) < LIMITS.upload_bytes_max
        answer = await gate.send([body[at : at + 4096] for at in range(0, len(body), 4096)], media=media)
        assert answer is not None
        assert (n, *answer.said) == (n, *said)
        assert await traces() == before


async def test_the_same_bytes_again_are_refused_and_under_another_name_stored_once(gate: Gate, traces) -> None:
    first = await gate.send([PDF])
    assert first is not None
    assert first.status == 201
    before = await traces()
    again = await gate.send([PDF])
    assert again is not None
    assert again.said == (409, "disclosure.same_document")
    assert await traces() == before
    other = await gate.send([PDF], name="other.pdf")
    assert other is not None
    assert (other.status, other.body["duplicate_of"]) == (201, first.body["id"])
    after = await traces()
    assert after["objects"] == before["objects"]
    assert len(after["objects"]) == 1  # type: ignore[arg-type]


async def test_a_sender_who_breaks_off_leaves_nothing_and_may_send_again(gate: Gate, traces) -> None:
    before = await traces()
    assert await gate.send([PDF, bytes(100 * KIB)], once="gone", is_broken_off=True, pause=0.05) is None
    await gone(traces, before)
    again = await gate.send([PDF], once="gone")
    assert again is not None
    assert (again.status, again.body["version"]) == (201, 1)


async def test_a_sender_who_dribbles_is_cut_off_when_the_time_of_an_upload_is_over(gate: Gate, traces) -> None:
    before = await traces()
    answer = await gate.send((b"%PDF-1.7\n" for _ in range(1_000)), pause=0.05)
    assert answer is not None
    assert answer.said == (408, "request.too_slow")
    assert await traces() == before


async def test_a_stream_of_two_hundred_times_the_limit_is_refused_in_flat_memory(gate: Gate, traces) -> None:
    before, part = await traces(), bytes(32 * KIB)
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        yield PDF
        while sent < 200 * LIMITS.upload_bytes_max:
            sent += len(part)
            yield part

    tracemalloc.start()
    try:
        answer = await gate.send(endless())
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert answer is not None
    assert answer.said == (413, "request.too_large")
    assert peak < 8 << 20
    assert await traces() == before


async def test_a_room_takes_so_many_versions_and_a_retry_of_the_last_is_known_again(gate: Gate, traces) -> None:
    bodies = [a_pdf((300 + n, 300)) for n in range(4)]
    for body in bodies[:2]:
        assert (await gate.send([body])).status == 201  # type: ignore[union-attr]
    last = await gate.send([bodies[2]], once="last")
    assert last is not None
    assert last.status == 201
    before = await traces()
    full = await gate.send([bodies[3]])
    assert full is not None
    assert full.said == (409, "disclosure.room_full")
    assert await traces() == before
    assert await gate.send([bodies[2]], once="last") == last
    assert await traces() == before


async def test_a_room_takes_so_many_bytes(gate: Gate, traces) -> None:
    size = 200 * KIB
    body = b"sample\n" * (size // 7)
    first = await gate.send([body], name="a.txt", media="text/plain")
    assert first is not None
    assert first.status == 201
    before = await traces()
    more = await gate.send([body[7:]], name="b.txt", media="text/plain")
    assert more is not None
    assert more.said == (409, "disclosure.room_bytes_full")
    assert more.body["left"] == LIMITS.bytes_max - len(body)
    after = await traces()
    assert after["rows"] == before["rows"]
    # Bytes that fitted no more were stored before that was known: the sweep takes them, as it takes any orphan.
    orphan = hashlib.sha256(body[7:]).hexdigest()
    assert [path for path in after["objects"] if path not in before["objects"]] == [  # type: ignore[attr-defined,operator]
        path
        for path in after["objects"]  # type: ignore[attr-defined]
        if path.endswith(orphan)
    ]


def test_what_a_room_takes_is_the_operators_to_set(means, tmp_path, monkeypatch) -> None:
    settings = Settings(
        upload_bytes_max=1_000, upload_seconds=9.0, room_documents_max=7, room_bytes_max=5_000, state_dir=tmp_path
    )
    market = type("Market", (), {"means": means})()
    app = server_for(market, settings, jobs=False).config.app
    assert app.state.room_limits == RoomLimits(1_000, 9.0, 7, 5_000)
    assert Settings(state_dir=tmp_path).upload_bytes_max == RoomLimits().upload_bytes_max
    defaults = Settings(state_dir=tmp_path)
    assert RoomLimits() == RoomLimits(
        defaults.upload_bytes_max, defaults.upload_seconds, defaults.room_documents_max, defaults.room_bytes_max
    )
