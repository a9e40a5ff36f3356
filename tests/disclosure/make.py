"""Makers of data rooms and documents."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Iterable
from datetime import date, datetime

import pikepdf
import pypdfium2

from techmarket.db.means import Means
from techmarket.db.session import Tx
from techmarket.disclosure import service, steps
from techmarket.disclosure.service import Paper
from techmarket.disclosure.tiers import Tier
from techmarket.disclosure.views import DocumentView
from techmarket.identity.actor import Actor
from techmarket.kernel.ids import Ref, new_id


def a_pdf(*sizes: tuple[int, int]) -> bytes:
    """A PDF with blank pages of these sizes, one A4 page when none is given."""
    file = io.BytesIO()
    with pikepdf.new() as document:
        for size in sizes or ((595, 842),):
            document.add_blank_page(page_size=size)
        document.save(file, deterministic_id=True)
    return file.getvalue()


PDF = a_pdf()


def words_of(body: bytes) -> str:
    """What a reader other than the one that stamped finds written on the first page."""
    with pypdfium2.PdfDocument(body) as document:
        return str(document[0].get_textpage().get_text_bounded())


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
    by_name: bool = False,
    unmarked: bool = False,
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
        by_name=by_name,
        unmarked=unmarked,
    )


async def a_paper(means: Means, owner: Actor, subject: Ref) -> Paper:
    """An agreement on paper whose scan lies in the room."""
    scan = await a_document(means, owner, subject, name="agreement.pdf", folder="agreements", tier=Tier.DEAL)
    return Paper(scan.id, date(2025, 1, 6))


async def a_grant(
    tx: Tx, org: Actor, subject: Ref, *, tier: Tier = Tier.NDA, basis: str = "nda", until: datetime | None = None
) -> None:
    async with tx.begin() as db:
        await steps.open_tier(db, org=org.org, subject=subject, tier=tier, basis=basis, until=until, actor=None)
