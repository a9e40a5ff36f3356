"""Lines of the access log with the names of who fetched."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.disclosure.tables import Document, DocumentReadRow
from techmarket.disclosure.views import AccessView
from techmarket.identity import steps as identity


async def views(db: AsyncSession, rows: Sequence[tuple[DocumentReadRow, Document]]) -> list[AccessView]:
    """The lines in the order given; two looks give all the names."""
    orgs = await identity.get_organisations(db, [row.org_id for row, _ in rows if row.org_id is not None])
    people = await identity.get_people(db, [row.person_id for row, _ in rows if row.person_id is not None])
    return [
        AccessView(
            row.id,
            row.at,
            row.outcome,
            document.id,
            document.folder,
            document.name,
            document.version,
            row.org_id,
            orgs[row.org_id].name if row.org_id in orgs else None,
            row.person_id,
            people[row.person_id].name if row.person_id in people else None,
            row.is_stamped,
            row.entry_id,
        )
        for row, document in rows
    ]
