"""The gate before a sale: what forbids it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.achievements import licences, repository, rules
from techmarket.achievements.licences import Scope, licence_of
from techmarket.achievements.rules import Burden, Standing
from techmarket.achievements.tables import Encumbrance
from techmarket.db import clock
from techmarket.kernel.periods import shanghai_day
from techmarket.kernel.refusals import NotFound, Refusal


@dataclass(frozen=True, slots=True)
class Sale:
    """What somebody wants to sell, and how. `mode` and `licence_kind` are spelled as listings spells them
    (TRANSFER, LICENCE, …; EXCLUSIVE, SOLE, ORDINARY); an unstated kind is an ordinary licence (SPC-T art. 25), an
    unstated term has no limit (art. 28), an unstated territory, field or manner is any."""

    achievement_ids: tuple[UUID, ...]
    mode: str | None
    licence_kind: str | None = None
    seller: UUID | None = None
    territory: str | None = None
    field: str | None = None
    valid_from: date | None = None
    valid_until: date | None = None
    manner: str | None = None

    def scope(self, today: date) -> Scope:
        return Scope(
            self.territory or licences.EVERYWHERE,
            self.field or licences.ANY_FIELD,
            self.valid_from or today,
            self.valid_until,
            self.manner or licences.ANY_MANNER,
        )


async def require_sellable(
    db: AsyncSession,
    ids: Iterable[UUID],
    *,
    mode: str | None,
    licence_kind: str | None = None,
    seller: UUID | None = None,
    territory: str | None = None,
    field: str | None = None,
    valid_from: date | None = None,
    valid_until: date | None = None,
    manner: str | None = None,
) -> None:
    """A gate: every one of them is on record, the seller's, and free of what forbids this mode in this scope."""
    sale = Sale(tuple(ids), mode, licence_kind, seller, territory, field, valid_from, valid_until, manner)
    (refusal,) = await unsellable(db, [sale])
    if refusal is not None:
        raise refusal


async def unsellable(db: AsyncSession, sales: Sequence[Sale]) -> list[Refusal | None]:
    """The same gate for many sales in three queries: for each, what forbids it, or None."""
    wanted = {achievement_id for sale in sales for achievement_id in sale.achievement_ids}
    if not wanted:
        return [None] * len(sales)
    today = shanghai_day(await clock.market_now(db))
    rows = await repository.get_many(db, wanted)
    burdens = await repository.burdens_of(db, wanted, running_on=today)
    owners = await repository.owners_of(db, wanted)

    def refusal_of(sale: Sale) -> Refusal | None:
        for achievement_id in sorted(set(sale.achievement_ids)):
            row = rows.get(achievement_id)
            if row is None:
                return NotFound()
            held = tuple(burden_of(b) for b in burdens.get(achievement_id, []))
            missing = sum(1 for owner in owners.get(achievement_id, []) if owner.consented_at is None)
            try:
                rules.check_sellable(
                    Standing(achievement_id, row.org_id, row.state, held, missing),
                    seller=sale.seller,
                    mode=sale.mode,
                    licence=licence_of(sale.mode, sale.licence_kind),
                    scope=sale.scope(today),
                )
            except Refusal as refusal:
                return refusal
        return None

    return [refusal_of(sale) for sale in sales]


def burden_of(row: Encumbrance) -> Burden:
    scope = Scope(row.territory, row.field, row.valid_from, row.valid_until, row.manner)
    return Burden(row.kind, scope, row.holder_consented_at is not None)
