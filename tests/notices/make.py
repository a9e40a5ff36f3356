"""Makers of notices, and the sandbox clock they need."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from techmarket.db import clock, files
from techmarket.db.session import Tx
from techmarket.identity.actor import Actor
from techmarket.kernel.ids import Ref, new_id
from techmarket.kernel.periods import SHANGHAI, Length, Unit
from techmarket.notices import repository, service, steps
from techmarket.notices.kinds import NoticeKind
from techmarket.notices.views import NoticeView

EVIDENCE = "ee" * 32
PRICE_TEXT: dict[str, Any] = {
    "name": "Sample result",
    "abstract": "Sample abstract",
    "mode": "TRANSFER",
    "intended_price": {"amount": "600000.00", "currency": "CNY"},
    "related_party": True,
}
TEXTS: dict[NoticeKind, dict[str, Any]] = {
    NoticeKind.ANNOUNCEMENT: {"trade": "JY-2026-000001", "terms_sha256": "aa" * 32, "title_en": "Sample"},
    NoticeKind.PRICE: PRICE_TEXT,
    NoticeKind.RESULT: {"trade": "JY-2026-000001", "seller": "S", "buyer": "B", "deal_price": "1.00", "title_en": "T"},
    NoticeKind.GRANT: {"name": "Sample result", "completers": ["A"], "right": "USE_RIGHT"},
    NoticeKind.REWARD_LIST: {"contract_number": "HT-2026-000001", "lines": []},
}


def shanghai(year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, second, tzinfo=SHANGHAI).astimezone(UTC)


async def a_sandbox(tx: Tx, start: datetime) -> None:
    """The market clock stands at `start` and can be moved; first thing in a test, before anything is recorded."""
    async with tx.begin() as db:
        await clock.open_sandbox(db, start)


async def move_to(tx: Tx, wanted: datetime) -> None:
    async with tx.begin() as db:
        await clock.move_to(db, wanted)


async def market_now(tx: Tx) -> datetime:
    async with tx.read() as db:
        return await clock.market_now(db)


async def an_evidence(tx: Tx, of: Actor, sha256: str = EVIDENCE) -> str:
    """A file that the organisation keeps as evidence, without its bytes."""
    async with tx.begin() as db:
        await files.keep(db, sha256=sha256, size=1, media_type="image/png")
        await repository.keep_evidence(
            db,
            org_id=of.org,
            sha256=sha256,
            size=1,
            media_type="image/png",
            by_person_id=of.person,
            at=await clock.market_now(db),
        )
    return sha256


async def hang(tx: Tx, by: Actor, notice_id: UUID) -> NoticeView:
    """The unit confirms with evidence that the notice hangs on its own board."""
    return await service.confirm_posting(tx, by, notice_id, evidence_sha256=await an_evidence(tx, by))


async def a_notice(
    tx: Tx,
    owner: Actor,
    *,
    kind: NoticeKind = NoticeKind.RESULT,
    length: Length = Length(5, Unit.DAYS),
    subject: Ref | None = None,
    document: dict[str, Any] | None = None,
    lines: Collection[str] | None = None,
    unit_evidence: str | None = None,
    post_market: bool = True,
    reader_orgs: Collection[UUID] = (),
    rule_date: date = date(2026, 3, 2),
    extension: steps.Extension | None = None,
    deal: steps.Deal | None = None,
    favours: Collection[UUID] = (),
) -> UUID:
    if unit_evidence is not None:
        await an_evidence(tx, owner, unit_evidence)
    async with tx.begin() as db:
        return await steps.open_notice(
            db,
            kind=kind,
            subject=subject or Ref("award", new_id()),
            owner_org=owner.org,
            document=document if document is not None else dict(TEXTS[kind]),
            rule_date=rule_date,
            length=length,
            actor=owner,
            now=await clock.market_now(db),
            post_market=post_market,
            unit_evidence_sha256=unit_evidence,
            lines=lines,
            reader_orgs=reader_orgs,
            extension=extension,
            deal=deal,
            favours=favours,
        )


async def put_in_its_place(tx: Tx, by: Actor, notice_id: UUID, **changes: Any) -> NoticeView:
    """Another notice in the place of the one that `by` has just read."""
    read = (await service.get_notice(tx, by, notice_id)).line.document_sha256
    return await service.replace_notice(
        tx, by, notice_id, document_sha256=read, changes=changes, because="Sample reasons for a better text"
    )


async def gate(tx: Tx, notice_id: UUID) -> None:
    """What a later room asks before it lets somebody sign."""
    async with tx.begin() as db:
        await steps.require_cleared(db, notice_id, await clock.market_now(db))
