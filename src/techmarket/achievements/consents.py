"""What a co-owner agreed to (共有人同意, 专利法 art. 14): one version of an offer, or all sales of a scope. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from techmarket.achievements import errors
from techmarket.achievements.licences import (
    ANY_FIELD,
    EVERYWHERE,
    LICENCE_MODES,
    TITLE_MODES,
    BurdenKind,
    Scope,
    covers,
)

MODES = TITLE_MODES | LICENCE_MODES
KINDS = frozenset({"EXCLUSIVE", "SOLE", "ORDINARY"})
FORMAT = "techmarket.achievements.consent/1"


@dataclass(frozen=True, slots=True)
class ConsentScope:
    """A standing consent: which ways of conversion, which licences, where, for what use, given until which day."""

    modes: tuple[str, ...]
    licence_kinds: tuple[str, ...] = ()
    territory: str = EVERYWHERE
    field: str = ANY_FIELD
    valid_until: date | None = None


@dataclass(frozen=True, slots=True)
class Consent:
    """A signed consent: whose, with which share, and to what. `terms_sha256` names the one version it is about."""

    owner: UUID
    share: Decimal
    terms_sha256: str | None
    scope: ConsentScope


@dataclass(frozen=True, slots=True)
class Wanted:
    """The sale that asks for consents."""

    mode: str | None
    licence: BurdenKind | None
    scope: Scope
    terms_sha256: str | None = None


def checked_scope(scope: ConsentScope, today: date) -> ConsentScope:
    """A standing consent names its ways; where one is a licence it names the kinds; its last day is not over."""
    if not set(scope.modes) <= MODES or not scope.modes:
        raise errors.ConsentScopeUnclear(pointer="/body/modes")
    if not set(scope.licence_kinds) <= KINDS or bool(scope.licence_kinds) != bool(LICENCE_MODES & set(scope.modes)):
        raise errors.ConsentScopeUnclear(pointer="/body/licence_kinds")
    if scope.valid_until is not None and scope.valid_until < today:
        raise errors.ConsentOverAlready(today=today, pointer="/body/valid_until")
    return ConsentScope(
        tuple(sorted(set(scope.modes))),
        tuple(sorted(set(scope.licence_kinds))),
        scope.territory,
        scope.field,
        scope.valid_until,
    )


def reaches(consent: Consent, wanted: Wanted, today: date) -> bool:
    """A consent to one version is good for that version alone; a standing one for what lies within its scope."""
    if consent.terms_sha256 is not None:
        return consent.terms_sha256 == wanted.terms_sha256
    scope = consent.scope
    if wanted.mode not in scope.modes or (scope.valid_until is not None and today > scope.valid_until):
        return False
    if wanted.licence is None:
        return True
    held = Scope(scope.territory, scope.field, date.min)
    return wanted.licence.removeprefix("LICENCE_") in scope.licence_kinds and covers(held, wanted.scope)


def missing(
    owners: Iterable[tuple[UUID, Decimal]], consents: Iterable[Consent], wanted: Wanted, today: date
) -> tuple[UUID, ...]:
    """The co-owners whose consent to this sale is missing. Whoever consented did so with the share he had then."""
    given = {(one.owner, one.share) for one in consents if reaches(one, wanted, today)}
    return tuple(owner for owner, share in owners if (owner, share) not in given)
