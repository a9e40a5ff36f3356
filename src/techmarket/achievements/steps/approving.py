"""Whether an offer rests on the unit's own approval, and what the public may know of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.achievements import dating, errors, repository
from techmarket.achievements.approvals import ApprovalKind, Approved, check_covers
from techmarket.achievements.lifecycle import ApprovalState
from techmarket.achievements.tables import Approval
from techmarket.identity import steps as identity
from techmarket.rulebook import steps as rulebook

NEGOTIATED = "negotiated_price"


@dataclass(frozen=True, slots=True)
class ApprovalFacts:
    """An approval as the public may know it: neither who signed it nor the floor."""

    id: UUID
    organisation_id: UUID
    kind: ApprovalKind
    state: ApprovalState
    decided_on: date
    evidence: tuple[tuple[str, str], ...]
    document_sha256: str
    in_force_at: datetime | None
    revoked_at: datetime | None


async def approvals_shown(db: AsyncSession, ids: Iterable[UUID]) -> tuple[ApprovalFacts, ...]:
    """The approvals an offer points to, for the public file of a project and its evidence package."""
    return tuple(
        ApprovalFacts(
            row.id,
            row.org_id,
            row.kind,
            row.state,
            row.decided_on,
            tuple((one["label"], one["sha256"]) for one in row.evidence),
            row.document_sha256,
            row.in_force_at,
            row.revoked_at,
        )
        for row in (await repository.approvals(db, ids)).values()
    )


async def require_approval(
    db: AsyncSession,
    ids: Iterable[UUID],
    *,
    seller: UUID,
    achievement_ids: Iterable[UUID],
    mode: str | None,
    price_minor: int | None,
    on: date,
) -> None:
    """A gate before a unit binds itself at a negotiated price: where a rule of the day asks for it, it has approved.

    What is found is held: nobody revokes it before the award, or the call to sign, is committed.
    """
    unit = await identity.get_organisation(db, seller)
    kinds = dating.GOVERNMENT_UNIT if unit.government_established else ("enterprise", "any")
    place = dating.place_of(unit)
    rule = await rulebook.find_rule(
        db, "approval.required", on=on, jurisdiction=place, applies_to=kinds, base=NEGOTIATED
    )
    if rule is None:
        return
    found = await repository.approvals(db, ids, hold=True)
    fitting = [row for row in found.values() if row.kind == rule.value]
    if not fitting:
        raise errors.ApprovalMissing(needed=rule.value)
    for row in fitting:
        check_covers(approved(row), seller=seller, achievement_ids=achievement_ids, mode=mode, price_minor=price_minor)


def approved(row: Approval) -> Approved:
    return Approved(
        row.id, row.org_id, row.kind, row.state, tuple(row.achievement_ids), tuple(row.modes), row.floor_minor
    )
