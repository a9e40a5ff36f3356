"""The rows of the rulebook that hold for a deal (适用规则): chosen by its own rule date, kept with their source."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from uuid import UUID

from techmarket.revenue.case import Group, Mode, Norm
from techmarket.revenue.cumulating import Tier
from techmarket.rulebook.rules import (
    SCOPE_LAW,
    SCOPE_MARKET,
    Rule,
    choose,
    jurisdictions_of,
    threshold_of,
    unit_scope,
)

FLOOR = "reward.floor"
SUB_FLOORS = {Group.MAIN: "reward.floor.main_contributors", Group.STAFF: "reward.floor.transfer_staff"}
TIER, INVENTORS = "reward.tier.", "inventors"
TIERS = tuple(TIER + who for who in (INVENTORS, "department", "laboratory"))
DEADLINE = "reward.deadline"
IIT_RATIO, IIT_WINDOW = "iit.cash_half.ratio", "iit.cash_half.window"
IIT_EQUITY = "iit.equity.deferral"
CIT_BAND, CIT_YEARS = "cit.transfer.exempt_band", "cit.licence.years_min"
STAMP, VAT_EXEMPT, VAT_RATE = "stamp.technology_contract.ratio", "vat.transfer.exempt", "vat.rate"
VAT_CONFIRM = "vat.needs_confirmation.from"
DEDUCTIBLE = "net_income.deductible."
SINGLE_NORMS = (
    DEADLINE,
    IIT_RATIO,
    IIT_WINDOW,
    IIT_EQUITY,
    CIT_BAND,
    CIT_YEARS,
    STAMP,
    VAT_EXEMPT,
    VAT_RATE,
    VAT_CONFIRM,
)
COST_KINDS = (
    "appraisal_fee",
    "exchange_fee",
    "fiscal_rd",
    "intermediary_fee",
    "negotiation",
    "patent_fee",
    "stamp_tax",
    "tax",
    "travel",
    "valuation_fee",
)
READ = ("verified", "verified_secondary")
"""How we know a text that was read; a number only recalled is shown and never decides."""
NORM_KEYS = (FLOOR, *TIERS, *SUB_FLOORS.values(), *SINGLE_NORMS, *(DEDUCTIBLE + kind for kind in COST_KINDS))


def choose_norms(
    rows: Sequence[Rule],
    *,
    on: date,
    jurisdiction: str,
    mode: Mode,
    is_government: bool,
    unit: UUID | None,
    is_pilot: bool = False,
) -> tuple[Norm, ...]:
    """The rows in force on the contract's rule date: every floor of the country and the place, one row of the rest.

    A unit's own rate stands beside the floors; a unit may not deduct what the law says is no cost.
    """
    seller: tuple[str, ...] = ("government_unit",) if is_government else ("enterprise",)
    # What its province has named a pilot unit is one beside what it is anyway.
    seller = ("pilot_unit", *seller) if is_pilot else seller
    spoken = None if mode is Mode.OTHER else mode.value
    places = list(reversed(jurisdictions_of(jurisdiction)))

    def chosen(
        key: str, *, place: str = jurisdiction, scope: str = SCOPE_MARKET, only_here: bool = False
    ) -> Norm | None:
        fitting = [row for row in rows if row.key == key and (not only_here or row.jurisdiction == place)]
        row = choose(fitting, on=on, jurisdiction=place, mode=spoken, applies_to=seller, scope=scope)
        return None if row is None else norm_of(row)

    found: list[Norm | None] = []
    for key in (FLOOR, *SUB_FLOORS.values()):
        found += [chosen(key, place=place, only_here=True) for place in places]
    own = None if unit is None else unit_scope(unit)
    if own is not None:
        found.append(next((n for n in (chosen(FLOOR, scope=own),) if n is not None and n.scope == own), None))

    def tier(these: Sequence[Rule]) -> Rule | None:
        where = own or SCOPE_MARKET
        return choose(these, on=on, jurisdiction=jurisdiction, mode=spoken, applies_to=seller, scope=where)

    found += _tiers_among(rows, tier)
    found += [chosen(key) for key in SINGLE_NORMS]
    for kind in COST_KINDS:
        law = chosen(DEDUCTIBLE + kind, scope=SCOPE_LAW)
        found.append(
            law if law is not None and law.is_mandatory else chosen(DEDUCTIBLE + kind, scope=own or SCOPE_MARKET)
        )
    return tuple(norm for norm in found if norm is not None)


def _tiers_among(rows: Sequence[Rule], pick: Callable[[Sequence[Rule]], Rule | None]) -> list[Norm]:
    """A scale is one row for each threshold, which stands in its base."""
    scale: dict[tuple[str, str | None], list[Rule]] = {}
    for row in rows:
        if row.key in TIERS and threshold_of(row.base) is not None:
            scale.setdefault((row.key, row.base), []).append(row)
    picked = [pick(these) for these in scale.values()]
    norms = [norm_of(row) for row in picked if row is not None]
    return sorted(norms, key=lambda norm: (TIERS.index(norm.key), threshold_of(norm.base) or 0))


def norm_of(row: Rule) -> Norm:
    return Norm(
        key=row.key,
        value=row.value,
        unit=row.unit.value,
        jurisdiction=row.jurisdiction,
        scope=row.scope,
        binding=row.binding.value,
        source=row.source,
        evidence=row.evidence.value,
        effective_from=row.effective_from.isoformat(),
        mode=row.mode,
        applies_to=row.applies_to,
        base=row.base,
        rule_id=str(row.id),
    )


def tiers_of(norms: Sequence[Norm], who: str) -> tuple[Tier, ...]:
    """A unit's scale by cumulative net income, for the inventors or for a part of the unit."""
    mine = (norm for norm in norms if norm.key == TIER + who)
    return tuple(Tier(threshold_of(norm.base) or 0, norm.rate) for norm in mine)


def mandatory(norms: Sequence[Norm], key: str) -> list[Norm]:
    return [norm for norm in norms if norm.key == key and norm.scope == SCOPE_LAW and norm.is_mandatory]
