"""Files (文件): streamed to an object store, named by their SHA-256, never by anything a client sent.

The store is a local folder by default and S3-compatible by setting. A file row exists only for bytes that are wholly
there; an interrupted upload leaves nothing behind, and what a killed process left is swept up. What a file is, is read
from its bytes; an archive is looked into before it is kept.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Collection
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, BinaryIO

import obstore
from obstore.store import LocalStore, from_url
from sqlalchemy import CheckConstraint, String, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from techmarket.db.archives import ArchiveLimits, check_archive
from techmarket.db.base import Base
from techmarket.db.media import ARCHIVES, HEAD_BYTES, JSON, TEXT, TextWatch, begins_as
from techmarket.db.media import MAGIC as MAGIC
from techmarket.db.session import Tx
from techmarket.kernel.ids import new_id
from techmarket.kernel.refusals import Kind, Refusal

SIZE_MAX = 64 * 1024 * 1024
PART_BYTES = 8 * 1024 * 1024  # an S3 store takes no smaller ones than five
PARTS_AT_ONCE = 2  # what one upload may hold in memory, in parts; a slow store makes its sender wait
SWEEP_AFTER = timedelta(days=1)
SWEEP_BATCH = 1_000
_ARCHIVE_LIMITS = ArchiveLimits()
Inspect = Callable[[BinaryIO], None]
"""A look at the whole upload before it is kept; it refuses by raising, and runs in a thread."""


class FileTooLarge(Refusal):
    code, kind = "files.too_large", Kind.TOO_LARGE
    zh = "文件过大；上限为 {size_max} 字节。"
    en = "The file is too large; at most {size_max} bytes are taken."


class WrongFileType(Refusal):
    code, kind = "files.wrong_type", Kind.WRONG_MEDIA_TYPE
    zh = "不接受此文件类型，或内容与类型不符；可以上传：{accepted}。"
    en = "This type of file is not taken, or its bytes are of another type; taken are: {accepted}."


class EmptyFile(Refusal):
    code, kind = "files.empty", Kind.INVALID
    zh = "文件为空。"
    en = "The file is empty."


class FileRow(Base):
    __tablename__ = "file"
    __table_args__ = (CheckConstraint("size > 0", name="not_empty"),)

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    size: Mapped[int]
    media_type: Mapped[str] = mapped_column(String(100))


class Files:
    """The object store: `receive` before the transaction, `keep` inside it, `open` after the grant is checked."""

    def __init__(self, store: Any, folder: Path | None = None) -> None:
        self._store = store
        self._folder = folder

    @classmethod
    def at(cls, place: str | Path) -> Files:
        """A local folder, or an `s3://bucket/prefix` address whose keys come from the standard environment."""
        if isinstance(place, Path) or "://" not in place:
            folder = Path(place)
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            return cls(LocalStore(folder), folder)
        return cls(from_url(place))

    async def receive(
        self,
        chunks: AsyncIterator[bytes],
        *,
        media_type: str,
        size_max: int = SIZE_MAX,
        accepted: Collection[str] = tuple(MAGIC),
        limits: ArchiveLimits = _ARCHIVE_LIMITS,
        inspect: Inspect | None = None,
    ) -> tuple[str, int]:
        """Stream an upload to its place; returns (sha256, size). Memory stays flat whatever the sender sends."""
        if media_type not in accepted or media_type not in MAGIC:
            raise WrongFileType(accepted=sorted(accepted), pointer="/header/Content-Type")
        incoming = f"incoming/{new_id()}"
        digest, size, head = hashlib.sha256(), 0, b""
        text_watch = TextWatch() if media_type in (TEXT, JSON) else None
        is_looked_into = inspect is not None or media_type in ARCHIVES
        with TemporaryFile() as aside:
            try:
                async with obstore.open_writer_async(
                    self._store, incoming, buffer_size=PART_BYTES, max_concurrency=PARTS_AT_ONCE
                ) as writer:
                    async for chunk in chunks:
                        size += len(chunk)
                        if size > size_max:
                            raise FileTooLarge(size_max=size_max, pointer="/body")
                        if len(head) < HEAD_BYTES:
                            head += chunk[:HEAD_BYTES]
                        digest.update(chunk)
                        if text_watch is not None:
                            text_watch.feed(chunk)
                        if is_looked_into:
                            aside.write(chunk)
                        await writer.write(chunk)
                if size == 0:
                    raise EmptyFile(pointer="/body")
                if text_watch is not None:
                    text_watch.feed(b"", final=True)
                if not begins_as(media_type, head) or (text_watch is not None and not text_watch.is_text):
                    raise WrongFileType(accepted=sorted(accepted), pointer="/body")
                if media_type in ARCHIVES:
                    await asyncio.to_thread(check_archive, aside, media_type, limits)
                if inspect is not None:
                    await asyncio.to_thread(_inspected, inspect, aside)
            except BaseException:
                await self._forget(incoming)
                raise
        sha = digest.hexdigest()
        await obstore.rename_async(self._store, incoming, _place(sha))
        return sha, size

    async def _forget(self, path: str) -> None:
        try:
            await obstore.delete_async(self._store, path)
        except FileNotFoundError:
            return

    async def open(self, sha256: str, *, part: tuple[int, int] | None = None) -> AsyncIterator[bytes]:
        """The bytes of a kept file as a stream; `part` names its first byte and the one after its last."""
        options: Any = {"range": part} if part is not None else None
        result = await obstore.get_async(self._store, _place(sha256), options=options)
        async for chunk in result.stream():
            yield bytes(chunk)

    async def fetch(self, sha256: str) -> BinaryIO:
        """A kept file as a local one, for work that must jump about in it; closing it removes it."""
        local = TemporaryFile()  # noqa: SIM115
        try:
            async for chunk in self.open(sha256):
                local.write(chunk)
        except BaseException:
            local.close()
            raise
        local.seek(0)
        return local

    async def holds(self, sha256: str, size: int) -> bool:
        """Whether this file is here, as long as it should be."""
        try:
            found = await obstore.head_async(self._store, _place(sha256))
        except FileNotFoundError:
            return False
        return int(found["size"]) == size

    async def take_copy(self, sha256: str, chunks: AsyncIterator[bytes]) -> bool:
        """Put a copy of a kept file here; one whose bytes are not what its name says is not kept."""
        incoming, digest = f"incoming/{new_id()}", hashlib.sha256()
        try:
            async with obstore.open_writer_async(
                self._store, incoming, buffer_size=PART_BYTES, max_concurrency=PARTS_AT_ONCE
            ) as writer:
                async for chunk in chunks:
                    digest.update(chunk)
                    await writer.write(chunk)
        except BaseException:
            await self._forget(incoming)
            raise
        if digest.hexdigest() != sha256:
            await self._forget(incoming)
            return False
        await obstore.rename_async(self._store, incoming, _place(sha256))
        return True

    async def sweep(self, tx: Tx, *, after: timedelta = SWEEP_AFTER) -> int:
        """Remove objects that no row names and nobody is writing; returns how many were touched.

        An orphan is first laid aside and only a later turn removes it: an upload of the same bytes in between has its
        row by then, and the object goes back to its place.
        """
        now = datetime.now(UTC)
        orphans: list[str] = []
        returning: list[str] = []
        async for batch in obstore.list(self._store, chunk_size=SWEEP_BATCH):
            async with tx.read() as db:
                kept = await _known(db, [_sha_of(found["path"]) for found in batch])
            for found in batch:
                path, aged = found["path"], now - found["last_modified"] > after
                if path.startswith("swept/"):
                    (returning if _sha_of(path) in kept else orphans).append(path)
                elif aged and _sha_of(path) not in kept:
                    orphans.append(path)
            if len(orphans) >= SWEEP_BATCH:
                break
        for path in returning:
            await obstore.rename_async(self._store, path, _place(_sha_of(path)))
        for path in orphans:
            if path.startswith(("incoming/", "swept/")):
                await self._forget(path)
            else:
                await obstore.rename_async(self._store, path, f"swept/{_sha_of(path)}")
        return len(orphans) + self._sweep_torn(now.timestamp() - after.total_seconds())

    def _sweep_torn(self, before: float) -> int:
        """A killed process leaves parts of an upload in the local folder under names that no listing shows."""
        if self._folder is None:
            return 0
        torn = [path for path in (self._folder / "incoming").glob("*") if path.stat().st_mtime < before]
        for path in torn:
            path.unlink(missing_ok=True)
        return len(torn)


def _inspected(inspect: Inspect, file: BinaryIO) -> None:
    file.seek(0)
    inspect(file)


async def measure(chunks: AsyncIterator[bytes], *, size_max: int = SIZE_MAX) -> tuple[str, int]:
    """The SHA-256 and size of an upload that is not going to be kept; nothing of it is stored."""
    digest, size = hashlib.sha256(), 0
    async for chunk in chunks:
        size += len(chunk)
        if size > size_max:
            raise FileTooLarge(size_max=size_max, pointer="/body")
        digest.update(chunk)
    return digest.hexdigest(), size


async def _known(db: AsyncSession, shas: Collection[str]) -> set[str]:
    query = text("SELECT sha256 FROM file WHERE sha256 = ANY(cast(:shas as text[]))")
    return set((await db.execute(query, {"shas": sorted(set(shas))})).scalars())


async def keep(db: AsyncSession, *, sha256: str, size: int, media_type: str) -> None:
    """Make a received file a fact of this transaction. The same bytes twice are one row, held until it commits."""
    row = insert(FileRow).values(sha256=sha256, size=size, media_type=media_type).on_conflict_do_nothing()
    held = text("SELECT 1 FROM file WHERE sha256 = :s FOR KEY SHARE")
    await db.execute(row)
    while (await db.execute(held, {"s": sha256})).scalar_one_or_none() is None:
        await db.execute(row)  # it was there, and was forgotten in between


async def forget_unheld(db: AsyncSession, shas: Collection[str]) -> int:
    """Take out the rows of files that no foreign key holds; their bytes are swept later. Returns how many."""
    if not shas:
        return 0
    locked = text("SELECT sha256 FROM file WHERE sha256 = ANY(cast(:shas as text[])) FOR UPDATE SKIP LOCKED")
    free = list((await db.execute(locked, {"shas": sorted(set(shas))})).scalars())
    holders = await db.execute(
        text(
            "SELECT c.conrelid::regclass::text AS place, quote_ident(a.attname) AS name FROM pg_constraint c"
            " JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]"
            " WHERE c.contype = 'f' AND c.confrelid = 'file'::regclass"
        )
    )
    unheld = "".join(f" AND NOT EXISTS (SELECT FROM {h.place} h WHERE h.{h.name} = file.sha256)" for h in holders)
    gone = text(f"DELETE FROM file WHERE sha256 = ANY(cast(:shas as text[])){unheld} RETURNING sha256")
    return len((await db.execute(gone, {"shas": free})).all())


async def list_kept(db: AsyncSession, *, after: str, limit: int) -> list[tuple[str, int]]:
    """(sha256, size) of kept files, by their names from behind `after` on."""
    query = text("SELECT sha256, size FROM file WHERE sha256 > :after ORDER BY sha256 LIMIT :limit")
    return [(row.sha256, row.size) for row in await db.execute(query, {"after": after, "limit": limit})]


async def find(db: AsyncSession, sha256: str) -> tuple[int, str] | None:
    """(size, media type) of a kept file."""
    row = (await db.execute(text("SELECT size, media_type FROM file WHERE sha256 = :s"), {"s": sha256})).one_or_none()
    return (row.size, row.media_type) if row else None


def _sha_of(path: str) -> str:
    return path.rpartition("/")[2]


def _place(sha256: str) -> str:
    return f"{sha256[:2]}/{sha256[2:4]}/{sha256}"
