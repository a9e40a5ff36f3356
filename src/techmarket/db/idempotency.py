"""Idempotency keys (幂等键): the effect of a request and its answer are one commit, so a retry never acts twice.

A keyed POST runs with a `KeyedTx`. Its service opens one transaction as always; when the block ends, the work is
flushed but the commit waits until the edge has rendered the answer, and both are committed together. A second request
with the same key gets the stored answer, or 409 while the first is still in flight. Answers may hold a secret that is
shown once, so they are kept encrypted under a key derived from the idempotency key itself, of which only a hash is
stored. Bids never pass through here: they have their own key, kept for ever.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NoReturn

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Index, LargeBinary, String, text, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from techmarket.db import tracing
from techmarket.db.base import Base
from techmarket.db.session import Tx
from techmarket.kernel.refusals import Kind, Refusal

KEPT_HOURS = 24


class KeyMissing(Refusal):
    code, kind = "idempotency.key_missing", Kind.BAD_REQUEST
    zh = "此请求会改变数据，必须带 Idempotency-Key 请求头（1 至 255 个可见 ASCII 字符）。"
    en = "This request changes something and needs an Idempotency-Key header (1 to 255 visible ASCII characters)."


class KeyMalformed(Refusal):
    code, kind = "idempotency.key_malformed", Kind.BAD_REQUEST
    zh = "Idempotency-Key 只能是 1 至 255 个可见 ASCII 字符。"
    en = "An Idempotency-Key is 1 to 255 visible ASCII characters."


class KeyGuessable(Refusal):
    """Without an API key only the idempotency key tells callers apart, and the answer may hold a secret."""

    code, kind = "idempotency.key_guessable", Kind.BAD_REQUEST
    zh = "未登录的请求须使用难以猜测的 Idempotency-Key：至少 {length_min} 个字符，例如一个 UUID。"
    en = "A request without an API key needs a key nobody guesses: at least {length_min} characters, a UUID."


class KeyInFlight(Refusal):
    code, kind = "idempotency.in_flight", Kind.CONFLICT
    zh = "使用同一 Idempotency-Key 的请求正在处理；请稍后用同一个键重试。"
    en = "A request with this Idempotency-Key is still being handled; try again with the same key."


class KeyReused(Refusal):
    code, kind = "idempotency.key_reused", Kind.INVALID
    zh = "此 Idempotency-Key 已用于另一个请求；新的请求请用新的键。"
    en = "This Idempotency-Key was used for another request; use a new key for a new request."


class IdempotencyKey(Base):
    __tablename__ = "idempotency_key"
    __table_args__ = (Index(None, "at"),)

    principal: Mapped[str] = mapped_column(String(100), primary_key=True)
    key_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary)
    status: Mapped[int | None]
    answer: Mapped[bytes | None] = mapped_column(LargeBinary)
    at: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


class Replay(Exception):
    """Not an error: the key has its answer already, and the edge sends it again."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer


class KeyedTx(Tx):
    """A `Tx` bound to one idempotency key: opening its transaction claims the key, `settle` commits both."""

    def __init__(self, tx: Tx, *, principal: str, key: str, fingerprint: bytes, peppers: Sequence[bytes]) -> None:
        self.engine = tx.engine
        self.standby = None  # whoever has just written reads where he wrote
        self._reader = tx._reader
        self._maker = tx._maker
        self._principal = principal
        self._fingerprint = fingerprint
        made = [hmac.new(one, f"{principal}\n{key}".encode(), hashlib.sha512).digest() for one in peppers]
        # While the pepper is changed an answer may be kept under the former one: a retry must find it there.
        self._known = [(material[:32], AESGCM(material[32:])) for material in made]
        self._key_hash, self._cipher = self._known[0]
        self._material = {one[:32]: one for one in made}
        self._held: AsyncSession | None = None
        self.is_bound = False

    def bind(self, content: bytes) -> None:
        """A streamed body is known only once it is stored; from here on it is part of the request's fingerprint."""
        self._fingerprint = hashlib.sha256(self._fingerprint + content).digest()
        self.is_bound = True

    def _kept_fingerprint(self, key_hash: bytes) -> bytes:
        """The fingerprint as it lies in the row: keyed, for a body may hold a password, and its bare hash would let
        whoever reads the row try passwords as fast as he can hash."""
        return hmac.new(self._material[key_hash], self._fingerprint, hashlib.sha256).digest()

    @asynccontextmanager
    async def _begin(self) -> AsyncIterator[AsyncSession]:
        if self._held is not None:
            raise RuntimeError("one use case is one transaction: this request has opened its own already")
        db = self._maker()
        try:
            with tracing.span("transaction"):
                await self._claim(db)
                yield db
                await db.flush()
        except BaseException:
            await db.close()
            raise
        self._held = db

    async def recall(self) -> None:
        async with self._maker() as db:
            row = await self._stored(db)
            if row is not None:
                await self._replay(db, row)

    async def _replay(self, db: AsyncSession, row: Answer) -> NoReturn:
        """Say the kept answer again once it is as safe as a first one.

        The first commit may have been broken off while it waited for the standby: it stands here, and perhaps nowhere
        else. A write of this transaction's own waits for the standby, too, and behind it in the log.
        """
        keys = [key_hash for key_hash, _ in self._known]
        kept = update(IdempotencyKey).where(
            IdempotencyKey.principal == self._principal, IdempotencyKey.key_hash.in_(keys)
        )
        await db.execute(kept.values(at=IdempotencyKey.at))
        await db.commit()
        raise Replay(row)

    async def _claim(self, db: AsyncSession) -> None:
        for key_hash, _ in sorted(self._known, key=lambda known: known[0]):
            lock = int.from_bytes(key_hash[:8], "big", signed=True)
            free = (await db.execute(text("SELECT pg_try_advisory_xact_lock(:k)"), {"k": lock})).scalar_one()
            if not free:
                raise KeyInFlight(retry_after=1)
        row = await self._stored(db)
        if row is not None:
            await self._replay(db, row)

    async def _stored(self, db: AsyncSession) -> Answer | None:
        for key_hash, cipher in self._known:
            answer = await self._stored_under(db, key_hash, cipher)
            if answer is not None:
                return answer
        return None

    async def _stored_under(self, db: AsyncSession, key_hash: bytes, cipher: AESGCM) -> Answer | None:
        row = (
            await db.execute(
                text(
                    "SELECT fingerprint, status, answer FROM idempotency_key WHERE principal = :p AND key_hash = :k"
                    " AND at > clock_timestamp() - make_interval(hours => :hours)"
                ),
                {"p": self._principal, "k": key_hash, "hours": KEPT_HOURS},
            )
        ).one_or_none()
        if row is None:
            return None
        if not hmac.compare_digest(row.fingerprint, self._kept_fingerprint(key_hash)):
            raise KeyReused(pointer="/header/Idempotency-Key")
        kept = json.loads(cipher.decrypt(row.answer[:12], row.answer[12:], key_hash))
        return Answer(row.status, kept["headers"], bytes.fromhex(kept["body"]))

    async def settle(self, answer: Answer) -> None:
        """Store the answer beside its effect and commit both. Without an open use case there is nothing to keep."""
        if self._held is None:
            return
        db, self._held = self._held, None
        try:
            await self._store(db, answer)
            await db.commit()
        finally:
            await db.close()

    async def settle_refusal(self, answer: Answer) -> None:
        """A refusal rolled its work back; its answer is kept all the same, so that a retry hears the same."""
        await self.abandon()
        async with self._maker.begin() as db:
            await self._claim(db)
            await self._store(db, answer)

    async def abandon(self) -> None:
        """Roll back what is held: the answer could not be made, so the effect must not stand."""
        if self._held is not None:
            db, self._held = self._held, None
            await db.close()

    async def _store(self, db: AsyncSession, answer: Answer) -> None:
        nonce = os.urandom(12)
        kept: dict[str, Any] = {"headers": answer.headers, "body": answer.body.hex()}
        sealed = nonce + self._cipher.encrypt(nonce, json.dumps(kept).encode(), self._key_hash)
        await db.execute(
            text(
                "INSERT INTO idempotency_key (principal, key_hash, fingerprint, status, answer)"
                " VALUES (:p, :k, :f, :s, :a) ON CONFLICT (principal, key_hash) DO UPDATE SET"
                " fingerprint = excluded.fingerprint, status = excluded.status, answer = excluded.answer,"
                " at = clock_timestamp()"
            ),
            {
                "p": self._principal,
                "k": self._key_hash,
                "f": self._kept_fingerprint(self._key_hash),
                "s": answer.status,
                "a": sealed,
            },
        )


def fingerprint(method: str, path: str, query: bytes, body: bytes) -> bytes:
    """What makes two requests the same request."""
    parts = (method.encode(), path.encode(), query, hashlib.sha256(body).digest())
    return hashlib.sha256(b"\n".join(parts)).digest()


async def forget_old(tx: Tx) -> int:
    """Drop answers older than the promise; returns how many."""
    async with tx.begin() as db:
        result = await db.execute(
            text("DELETE FROM idempotency_key WHERE at < clock_timestamp() - make_interval(hours => :hours)"),
            {"hours": KEPT_HOURS},
        )
        return int(getattr(result, "rowcount", 0))
