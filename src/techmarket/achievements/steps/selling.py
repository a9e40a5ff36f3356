"""The gate before a sale: what forbids it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.achievements import consents as consent_rules
from techmarket.achievements import errors, licences, repository, rules
from techmarket.achievements.approvals import check_covers
from techmarket.achievements.consents import Consent, ConsentScope, Wanted
from techmarket.achievements.licences import Scope, licence_of
from techmarket.achievements.lifecycle import ConsentState
from techmarket.achievements.rules import Burden, Standing
from techmarket.achievements.steps.approving import approved
from techmarket.achievements.tables import Encumbrance, OwnerShare, SaleConsent
from techmarket.db import clock
from techmarket.kernel.periods import shanghai_day
from techmarket.kernel.refusals import NotFound, Refusal


@dataclass(frozen=True, slots=True)
class Sale:
    """What somebody wants to sell, and how. `mode` and `licence_kind` are spelled as listings spells them
    (TRANSFER, LICENCE, …; EXCLUSIVE, SOLE, ORDINARY); an unstated kind is an ordinary licence (SPC-T art. 25), an
    unstated term has no limit (art. 28), an unstated territory, field or manner is any. `terms_sha256` names the
    version of the offer, to which co-owners may have consented; each of `approval_ids` must cover it all."""

    achievement_ids: tuple[UUID, ...]
    mode: str | None
    licence_kind: str | None = None
    seller: UUID | None = None
    territory: str | None = None
    field: str | None = None
    valid_from: date | None = None
    valid_until: date | None = None
    manner: str | None = None
    terms_sha256: str | None = None
    approval_ids: tuple[UUID, ...] = ()
    price_minor: int | None = None

    def scope(self, today: date) -> Scope:
        return Scope(
            self.territory or licences.EVERYWHERE,
            self.field or licences.ANY_FIELD,
            self.valid_from or today,
            self.valid_until,
            self.manner or licences.ANY_MANNER,
        )


@dataclass(frozen=True, slots=True)
class Ground:
    """One of the things a sale rests on; one of the two ids is there."""

    approval_id: UUID | None = None
    consent_id: UUID | None = None


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
    terms_sha256: str | None = None,
    approval_ids: tuple[UUID, ...] = (),
    price_minor: int | None = None,
) -> None:
    """A gate: every one of them is on record, the seller's, and free of what forbids this mode in this scope."""
    sale = Sale(
        tuple(ids),
        mode,
        licence_kind,
        seller,
        territory,
        field,
        valid_from,
        valid_until,
        manner,
        terms_sha256,
        approval_ids,
        price_minor,
    )
    (refusal,) = await unsellable(db, [sale])
    if refusal is not None:
        raise refusal


async def unsellable(db: AsyncSession, sales: Sequence[Sale]) -> list[Refusal | None]:
    """The same gate for many sales in four queries: for each, what forbids it, or None."""
    wanted = {achievement_id for sale in sales for achievement_id in sale.achievement_ids}
    if not wanted:
        return [None] * len(sales)
    today = shanghai_day(await clock.market_now(db))
    rows = await repository.get_many(db, wanted)
    burdens = await repository.burdens_of(db, wanted, running_on=today)
    owners = await repository.owners_of(db, wanted)
    consents = await repository.consents_of(db, wanted)
    named = {approval_id for sale in sales for approval_id in sale.approval_ids}
    decided = await repository.approvals(db, named) if named else {}

    def refusal_of(sale: Sale) -> Refusal | None:
        for achievement_id in sorted(set(sale.achievement_ids)):
            row = rows.get(achievement_id)
            if row is None:
                # One that is not there is answered like one of others, of which a seller need not know.
                return NotFound() if sale.seller is None else errors.NotTheSellers(achievement=achievement_id)
            held = tuple(burden_of(b) for b in burdens.get(achievement_id, []))
            missing = missing_consents(
                owners.get(achievement_id, []), consents.get(achievement_id, []), row.org_id, sale, today
            )
            is_owner = any(owner.org_id == row.org_id for owner in owners.get(achievement_id, []))
            try:
                rules.check_sellable(
                    Standing(achievement_id, row.org_id, row.state, held, len(missing), is_owner),
                    seller=sale.seller,
                    mode=sale.mode,
                    licence=licence_of(sale.mode, sale.licence_kind),
                    scope=sale.scope(today),
                )
            except Refusal as refusal:
                return refusal
        for approval_id in sale.approval_ids:
            row_of = decided.get(approval_id)
            try:
                check_covers(
                    None if row_of is None else approved(row_of),
                    seller=sale.seller,
                    achievement_ids=sale.achievement_ids,
                    mode=sale.mode,
                    price_minor=sale.price_minor,
                )
            except Refusal as refusal:
                return refusal
        return None

    return [refusal_of(sale) for sale in sales]


async def grounds_of(db: AsyncSession, sale: Sale) -> tuple[Ground, ...]:
    """What a sale rests on: the approvals of its own unit that it points to, and the consents that reach it."""
    today = shanghai_day(await clock.market_now(db))
    given = await repository.consents_of(db, sale.achievement_ids)
    owners = await repository.owners_of(db, sale.achievement_ids)
    found = [Ground(approval_id=one) for one in sale.approval_ids]
    for achievement_id in sorted(set(sale.achievement_ids)):
        shares = {(owner.org_id or owner.person_id, owner.share) for owner in owners.get(achievement_id, [])}
        for one in given.get(achievement_id, []):
            stands = one.state is ConsentState.GIVEN and (one.org_id or one.person_id, one.share) in shares
            if stands and consent_rules.reaches(_consent(one), _wanted(sale, today), today):
                found.append(Ground(consent_id=one.id))
    return tuple(found)


def _wanted(sale: Sale, today: date) -> Wanted:
    return Wanted(sale.mode, licence_of(sale.mode, sale.licence_kind), sale.scope(today), sale.terms_sha256)


def _consent(row: SaleConsent) -> Consent:
    return Consent(row.org_id or row.person_id, row.share, row.terms_sha256, scope_of(row))  # type: ignore[arg-type]


def missing_consents(
    owners: Sequence[OwnerShare], given: Sequence[SaleConsent], unit: UUID, sale: Sale, today: date
) -> tuple[UUID, ...]:
    """Which co-owners have not consented to this sale: only what is signed counts, and what was given before that."""
    shares = [(o.org_id or o.person_id, o.share) for o in owners if o.org_id != unit]
    signed = [_consent(one) for one in given if one.state is ConsentState.GIVEN]
    return consent_rules.missing(
        [(owner, share) for owner, share in shares if owner is not None], signed, _wanted(sale, today), today
    )


def scope_of(row: SaleConsent) -> ConsentScope:
    return ConsentScope(tuple(row.modes), tuple(row.licence_kinds), row.territory, row.field, row.valid_until)


def burden_of(row: Encumbrance) -> Burden:
    scope = Scope(row.territory, row.field, row.valid_from, row.valid_until, row.manner)
    return Burden(row.kind, scope, row.holder_consented_at is not None)
