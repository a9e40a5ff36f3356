"""What later rooms may ask of a project's file inside their own transaction."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.dossiers import filing
from techmarket.dossiers.views import FileView
from techmarket.identity.actor import ANONYMOUS


async def public_file(db: AsyncSession, trade_id: UUID) -> FileView:
    """The file of a project as anybody may read it; a trade that is not public is not found."""
    view, _ = await filing.file_of(db, ANONYMOUS, trade_id)
    return view
