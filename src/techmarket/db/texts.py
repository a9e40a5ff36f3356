"""Written once, by hash: terms, notices, contracts and share tables are canonical bytes; rows elsewhere hold the hash.

They are small (at most 1 MiB) and live in the database, so that text and row are one commit; large uploads are files.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import CheckConstraint, LargeBinary, String, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from techmarket.db.base import Base
from techmarket.kernel.canonical import canonical_json, sha256_hex
from techmarket.kernel.refusals import Kind, Refusal

BYTES_MAX = 1_048_576


class TextTooLarge(Refusal):
    code, kind = "texts.too_large", Kind.TOO_LARGE
    zh = "文本连同其引用的内容共 {bytes} 字节，超过 {bytes_max} 字节；请减少内容。"
    en = "With what it takes from elsewhere the text has {bytes} bytes, more than {bytes_max}; shorten it."


class Text(Base):
    """The bytes behind a hash. Rows are never changed; a trigger refuses it."""

    __tablename__ = "text"
    __table_args__ = (
        CheckConstraint("sha256 = encode(sha256(body), 'hex')", name="hash_is_of_body"),
        CheckConstraint("octet_length(body) <= 1048576", name="size"),
    )

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    body: Mapped[bytes] = mapped_column(LargeBinary)


async def put(db: AsyncSession, document: Mapping[str, Any]) -> str:
    """Keep a document as canonical JSON; returns its SHA-256 in hex. Putting the same twice is the same row."""
    return (await put_many(db, [document]))[0]


async def put_many(db: AsyncSession, documents: Iterable[Mapping[str, Any]]) -> list[str]:
    bodies = [canonical_json(document) for document in documents]
    longest = max(map(len, bodies), default=0)
    if longest > BYTES_MAX:
        raise TextTooLarge(bytes=longest, bytes_max=BYTES_MAX)
    hashes = [sha256_hex(body) for body in bodies]
    rows = dict(zip(hashes, bodies, strict=True))
    if rows:
        values = [{"sha256": sha, "body": body} for sha, body in sorted(rows.items())]
        await db.execute(insert(Text).on_conflict_do_nothing(), values)
    return hashes


async def get(db: AsyncSession, sha256: str) -> dict[str, Any]:
    """The document behind a hash that a row holds; its absence is a fault, not a refusal."""
    body = (await db.execute(select(Text.body).where(Text.sha256 == sha256))).scalar_one()
    document = json.loads(body)
    assert isinstance(document, dict)
    return document


async def get_bytes(db: AsyncSession, sha256: str) -> bytes:
    return (await db.execute(select(Text.body).where(Text.sha256 == sha256))).scalar_one()


async def get_many(db: AsyncSession, hashes: Iterable[str]) -> dict[str, dict[str, Any]]:
    wanted = sorted(set(hashes))
    if not wanted:
        return {}
    rows = await db.execute(select(Text.sha256, Text.body).where(Text.sha256.in_(wanted)))
    return {sha: json.loads(body) for sha, body in rows}
