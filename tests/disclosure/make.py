"""Makers of data rooms and documents."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from datetime import datetime

from techmarket.db.means import Means
from techmarket.db.session import Tx
from techmarket.disclosure import service, steps
from techmarket.disclosure.tiers import Tier
from techmarket.disclosure.views import DocumentView
from techmarket.identity.actor import Actor
from techmarket.kernel.ids import Ref, new_id

PDF = b"%PDF-1.7 sample"


async def a_room(tx: Tx, owner: Actor, *, is_public: bool = True) -> Ref:
    subject = Ref("listing", new_id())
    async with tx.begin() as db:
        await steps.open_room(db, subject, owner.org)
        if is_public:
            await steps.show_rooms(db, [subject])
    return subject


async def chunked(parts: Iterable[bytes]) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


async def a_document(
    means: Means,
    owner: Actor,
    subject: Ref,
    *,
    name: str = "sample.pdf",
    folder: str = "general",
    tier: Tier = Tier.NDA,
    body: bytes = PDF,
    media_type: str = "application/pdf",
) -> DocumentView:
    return await service.add_document(
        means.tx,
        means.files,
        owner,
        subject,
        folder=folder,
        name=name,
        tier=tier,
        media_type=media_type,
        chunks=chunked([body]),
    )


async def a_grant(
    tx: Tx, org: Actor, subject: Ref, *, tier: Tier = Tier.NDA, basis: str = "nda", until: datetime | None = None
) -> None:
    async with tx.begin() as db:
        await steps.open_tier(db, org=org.org, subject=subject, tier=tier, basis=basis, until=until, actor=None)
