"""Which row holds, and what a row may say: pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from techmarket.kernel.periods import Length, Unit
from techmarket.rulebook import errors

SCOPE_LAW = "law"
SCOPE_MARKET = "market"
ABOVE = "net_income_above_"
FEN_MAX = 10**15
COUNT_MAX = 10**9
_KEY = re.compile(r"[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)+")
_JURISDICTION = re.compile(r"CN(?:-[1-9][0-9](?:[0-9]{2}){0,2})?")
_SAMPLE_PLACE = re.compile(r"X[A-Z]")
_DECIMAL = re.compile(r"(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,12})?")
_WHOLE = re.compile(r"0|[1-9][0-9]{0,14}")


class Binding(StrEnum):
    """How hard a row holds: `mandatory` may reject, `gap_filling` holds where nothing was agreed."""

    MANDATORY = "mandatory"
    GAP_FILLING = "gap_filling"
    DEFAULT = "default"
    PERMISSIVE = "permissive"


class Evidence(StrEnum):
    """How we know a row."""

    VERIFIED = "verified"
    VERIFIED_SECONDARY = "verified_secondary"
    RECALLED = "recalled"
    PRACTICE = "practice"
    DESIGN_CHOICE = "design_choice"
    SAMPLE = "sample"


class AppliesTo(StrEnum):
    ANY = "any"
    GOVERNMENT_UNIT = "government_unit"
    ENTERPRISE = "enterprise"
    SOE = "soe"
    NON_SOE = "non_soe"
    PILOT_UNIT = "pilot_unit"


class Mode(StrEnum):
    TRANSFER = "transfer"
    LICENCE = "licence"
    EQUITY = "equity"
    SELF_IMPLEMENTATION = "self_implementation"
    JOINT_IMPLEMENTATION = "joint_implementation"
    AUCTION = "auction"
    TENDER = "tender"
    PROPERTY_RIGHT = "property_right"
    INVENTION_PATENT = "invention_patent"
    UTILITY_MODEL = "utility_model"
    DESIGN = "design"


class RuleUnit(StrEnum):
    DAYS = "days"
    WORKING_DAYS = "working_days"
    MONTHS = "months"
    YEARS = "years"
    MINUTES = "minutes"
    SECONDS = "seconds"
    RATIO = "ratio"
    FEN = "fen"
    COUNT = "count"
    FLAG = "flag"
    TEXT = "text"


LENGTH_UNITS = frozenset(RuleUnit(unit.value) for unit in Unit)
ENFORCEABLE = frozenset({Evidence.VERIFIED, Evidence.VERIFIED_SECONDARY})


@dataclass(frozen=True, slots=True)
class Rule:
    """One dated row, as other rooms read it."""

    id: UUID
    key: str
    jurisdiction: str
    scope: str
    mode: str | None
    applies_to: str
    binding: Binding
    base: str | None
    value: str
    unit: RuleUnit
    source: str
    evidence: Evidence
    effective_from: date
    effective_to: date | None = None

    @property
    def decimal(self) -> Decimal:
        return Decimal(self.value)

    @property
    def int(self) -> int:
        return int(self.value)

    @property
    def length(self) -> Length:
        return Length(int(self.value), Unit(self.unit.value))

    @property
    def is_set(self) -> bool:
        """A flag that says yes."""
        return self.unit is RuleUnit.FLAG and self.value == "1"

    @property
    def is_enforceable(self) -> bool:
        """Only a row whose text was read, or seen in a reprint, may reject anything."""
        return self.evidence in ENFORCEABLE

    def holds_on(self, day: date) -> bool:
        """A row holds from its first day up to, but not on, the day that ends it."""
        return self.effective_from <= day and (self.effective_to is None or day < self.effective_to)


def unit_scope(org_id: UUID) -> str:
    """The scope of a unit's own rules."""
    return f"unit:{org_id}"


def jurisdictions_of(jurisdiction: str) -> tuple[str, ...]:
    """A place obeys its own rows, those of the places it lies in, and those of the country: the nearest first.

    XA to XZ are nobody's codes (ISO 3166); samples of other countries' rules use them and lie in no other place.
    """
    if _SAMPLE_PLACE.fullmatch(jurisdiction):
        return (jurisdiction,)
    if not _JURISDICTION.fullmatch(jurisdiction):
        raise ValueError(f"not a jurisdiction: {jurisdiction!r}")
    digits = jurisdiction[3:]
    return (*(f"CN-{digits[:n]}" for n in range(len(digits), 0, -2)), "CN")


def scopes_of(scope: str) -> tuple[str, ...]:
    """A unit's own word comes before the market's, the market's before the law; `law` looks at the law alone."""
    if scope == SCOPE_LAW:
        return (SCOPE_LAW,)
    if scope == SCOPE_MARKET:
        return (SCOPE_MARKET, SCOPE_LAW)
    if not scope.startswith("unit:"):
        raise ValueError(f"not a scope: {scope!r}")
    return (scope, SCOPE_MARKET, SCOPE_LAW)


def choose(
    rows: Sequence[Rule],
    *,
    on: date,
    jurisdiction: str = "CN",
    mode: str | None = None,
    applies_to: Sequence[str] = (AppliesTo.ANY,),
    base: str | None = None,
    scope: str = SCOPE_MARKET,
    bindings: Sequence[Binding] | None = None,
) -> Rule | None:
    """The most specific row that holds on the day: a unit's own, then the nearer place, then the kind of unit in the
    caller's order, then the exact mode, then the market's word before the law's. A row for `any` fits everybody."""
    places = jurisdictions_of(jurisdiction)
    kinds = tuple(dict.fromkeys((*applies_to, AppliesTo.ANY)))
    scopes = scopes_of(scope)

    def fits(row: Rule) -> bool:
        return (
            row.holds_on(on)
            and row.jurisdiction in places
            and row.applies_to in kinds
            and row.scope in scopes
            and row.mode in (mode, None)
            and (base is None or row.base in (base, None))
            and (bindings is None or row.binding in bindings)
        )

    def rank(row: Rule) -> tuple[Any, ...]:
        return (
            not row.scope.startswith("unit:"),
            places.index(row.jurisdiction),
            kinds.index(row.applies_to),
            row.mode != mode,
            base is not None and row.base != base,
            scopes.index(row.scope),
        )

    fitting = sorted((row for row in rows if fits(row)), key=rank)
    if not fitting:
        return None
    best = [row for row in fitting if rank(row) == rank(fitting[0])]
    if len(best) > 1:
        raise errors.BaseNeeded(key=best[0].key, bases=sorted(str(row.base) for row in best))
    return best[0]


def threshold_of(base: str | None) -> int | None:
    """The cumulative net income in fen above which a tier begins: `net_income_above_10000000` is 100,000 yuan."""
    digits = (base or "").removeprefix(ABOVE)
    return int(digits) if base and base.startswith(ABOVE) and digits.isdecimal() and len(digits) <= 15 else None


def value_is_right(unit: RuleUnit, value: str) -> bool:
    """A value has the form of its unit: a ratio from 0 to 1, a flag 0 or 1, a length above nought, whole fen."""
    if unit is RuleUnit.TEXT:
        return 1 <= len(value) <= 200
    if unit is RuleUnit.FLAG:
        return value in ("0", "1")
    if unit is RuleUnit.RATIO:
        return bool(_DECIMAL.fullmatch(value)) and Decimal(value) <= 1
    if not _WHOLE.fullmatch(value):
        return False
    if unit is RuleUnit.FEN:
        return int(value) <= FEN_MAX
    if unit is RuleUnit.COUNT:
        return int(value) <= COUNT_MAX
    try:
        Length(int(value), Unit(unit.value))
    except ValueError:
        return False
    return True


MOST: Mapping[str, Decimal] = {
    "tariff.node_share.seller": Decimal("0.5"),
    "tariff.node_share.buyer": Decimal("0.5"),
}
"""Two nodes have a part in one fee, by rows of their own: none gets more than half, so that both never exceed it."""


def check_new_row(
    *,
    key: str,
    jurisdiction: str,
    scope: str,
    binding: Binding,
    evidence: Evidence,
    unit: RuleUnit,
    value: str,
    effective_from: date,
    effective_to: date | None,
    known_units: Sequence[RuleUnit],
) -> None:
    """A row whose text was not read never rejects, and what is not law is not called law."""
    if not _KEY.fullmatch(key) or not known_units:
        raise errors.UnknownKey(key=key, pointer="/body/key")
    if not _JURISDICTION.fullmatch(jurisdiction):
        raise errors.JurisdictionMalformed(pointer="/body/jurisdiction")
    if _family(unit) not in {_family(known) for known in known_units}:
        raise errors.WrongUnit(key=key, units=sorted(set(known_units)), pointer="/body/unit")
    if not value_is_right(unit, value):
        raise errors.ValueMalformed(unit=unit, pointer="/body/value")
    if unit is RuleUnit.RATIO and key in MOST and Decimal(value) > MOST[key]:
        raise errors.ValueAboveMost(key=key, most=str(MOST[key]), pointer="/body/value")
    if binding is Binding.MANDATORY and evidence not in ENFORCEABLE:
        raise errors.NotEnforceable(evidence=evidence, pointer="/body/binding")
    if scope == SCOPE_LAW and evidence in (Evidence.DESIGN_CHOICE, Evidence.SAMPLE):
        raise errors.NotLaw(evidence=evidence, pointer="/body/scope")
    if effective_to is not None and effective_to <= effective_from:
        raise errors.EndsBeforeItBegins(pointer="/body/effective_to")


def _family(unit: RuleUnit) -> str:
    return "length" if unit in LENGTH_UNITS else unit.value


def overlap(one_from: date, one_to: date | None, other_from: date, other_to: date | None) -> bool:
    """Two rows for the same thing may follow each other, never hold on the same day."""
    return (one_to is None or other_from < one_to) and (other_to is None or one_from < other_to)
