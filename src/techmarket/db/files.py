"""Files (文件): streamed to an object store, named by their SHA-256, never by anything a client sent.

The store is a local folder by default and S3-compatible by setting. A file row exists only for bytes that are wholly
there; an interrupted upload leaves nothing behind.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import obstore
from obstore.store import LocalStore, from_url
from sqlalchemy import CheckConstraint, String, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from techmarket.db.base import Base
from techmarket.kernel.ids import new_id
from techmarket.kernel.refusals import Kind, Refusal

MAGIC = {
    "application/pdf": (b"%PDF-",),
    "image/png": (b"\x89PNG\r\n\x1a\n",),
    "image/jpeg": (b"\xff\xd8\xff",),
    "application/zip": (b"PK\x03\x04",),
    "application/json": (b"{", b"["),
    "text/plain": (),
}
SIZE_MAX = 64 * 1024 * 1024


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

    def __init__(self, store: Any) -> None:
        self._store = store

    @classmethod
    def at(cls, place: str | Path) -> Files:
        """A local folder, or an `s3://bucket/prefix` address whose keys come from the standard environment."""
        if isinstance(place, Path) or "://" not in place:
            folder = Path(place)
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            return cls(LocalStore(folder))
        return cls(from_url(place))

    async def receive(
        self, chunks: AsyncIterator[bytes], *, media_type: str, size_max: int = SIZE_MAX
    ) -> tuple[str, int]:
        """Stream an upload to its place; returns (sha256, size). Memory stays flat whatever the sender sends."""
        if media_type not in MAGIC:
            raise WrongFileType(accepted=sorted(MAGIC), pointer="/header/Content-Type")
        incoming = f"incoming/{new_id()}"
        digest, size, head = hashlib.sha256(), 0, b""

        async def counted() -> AsyncIterator[bytes]:
            nonlocal size, head
            async for chunk in chunks:
                size += len(chunk)
                if size > size_max:
                    raise FileTooLarge(size_max=size_max, pointer="/body")
                if len(head) < 16:
                    head += chunk[:16]
                digest.update(chunk)
                yield chunk

        try:
            async with obstore.open_writer_async(self._store, incoming) as writer:
                async for chunk in counted():
                    await writer.write(chunk)
            self._check(size, head, media_type)
        except BaseException:
            await self._forget(incoming)
            raise
        sha = digest.hexdigest()
        await obstore.rename_async(self._store, incoming, _place(sha))
        return sha, size

    @staticmethod
    def _check(size: int, head: bytes, media_type: str) -> None:
        if size == 0:
            raise EmptyFile(pointer="/body")
        starts = MAGIC[media_type]
        if starts and not any(head.startswith(start) for start in starts):
            raise WrongFileType(accepted=sorted(MAGIC), pointer="/body")

    async def _forget(self, path: str) -> None:
        try:
            await obstore.delete_async(self._store, path)
        except FileNotFoundError:
            return

    async def open(self, sha256: str) -> AsyncIterator[bytes]:
        """The bytes of a kept file, as a stream."""
        result = await obstore.get_async(self._store, _place(sha256))
        async for chunk in result.stream():
            yield bytes(chunk)


async def keep(db: AsyncSession, *, sha256: str, size: int, media_type: str) -> None:
    """Make a received file a fact of this transaction. The same bytes twice are one row."""
    await db.execute(insert(FileRow).values(sha256=sha256, size=size, media_type=media_type).on_conflict_do_nothing())


async def find(db: AsyncSession, sha256: str) -> tuple[int, str] | None:
    """(size, media type) of a kept file."""
    row = (await db.execute(text("SELECT size, media_type FROM file WHERE sha256 = :s"), {"s": sha256})).one_or_none()
    return (row.size, row.media_type) if row else None


def _place(sha256: str) -> str:
    return f"{sha256[:2]}/{sha256[2:4]}/{sha256}"
