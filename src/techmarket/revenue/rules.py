"""The rules of sharing income (收益分享规则): from receipts to each person's cents, every step named.

`compute` is pure and exact: the same case gives the same split, whoever computes it. Numbers of law come in as
`Norm`s, chosen by the contract's own rule date.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

from techmarket.kernel.money import Money, Rounding, apply_rate, largest_remainder
from techmarket.kernel.periods import term_date
from techmarket.revenue import errors
from techmarket.revenue.computation import (
    PROFIT_MODES,
    SALE_MODES,
    Basis,
    Case,
    Computation,
    Cost,
    CostVerdict,
    Flag,
    Group,
    Line,
    Mode,
    Norm,
    Share,
    Step,
    Table,
    Term,
    case_from,
    plain,
)
from techmarket.revenue.cumulating import Tier, by_tiers, due_by_weight, share_out
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


# --- the rows that hold ---------------------------------------------------------------------------------------------


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


# --- the table ------------------------------------------------------------------------------------------------------


def check_table(table: Table) -> None:
    """A share table names each group once, nobody twice in a group, and gives weight to whoever shares."""
    groups = [share.group for share in table.groups]
    if not groups or len(set(groups)) != len(groups):
        raise errors.TableMalformed(reason="groups_once_each", pointer="/body/table/groups")
    if any(share.weight <= 0 for share in table.groups):
        raise errors.TableMalformed(reason="group_weight_above_zero", pointer="/body/table/groups")
    for number, share in enumerate(table.groups):
        keys = [person.key for person in share.people]
        where = f"/body/table/groups/{number}/people"
        if len(set(keys)) != len(keys):
            raise errors.TableMalformed(reason="person_twice_in_a_group", pointer=where)
        if any(person.weight < 0 for person in share.people):
            raise errors.TableMalformed(reason="weight_below_zero", pointer=where)
        if share.people and not any(person.weight for person in share.people):
            raise errors.TableMalformed(reason="no_weight_in_the_group", pointer=where)
    if table.basis is Basis.REWARD:
        if table.title_share is not None:
            raise errors.TableMalformed(reason="reward_or_title_not_both", pointer="/body/table/title_share")
        if table.rate is not None and not 0 < table.rate <= 1:
            raise errors.TableMalformed(reason="rate_between_0_and_1", pointer="/body/table/rate")
        return
    if table.rate is not None:
        raise errors.TableMalformed(reason="reward_or_title_not_both", pointer="/body/table/rate")
    if table.title_share is None or not 0 < table.title_share <= 1:
        raise errors.TableMalformed(reason="title_share_between_0_and_1", pointer="/body/table/title_share")
    if groups != [Group.MAIN]:
        raise errors.TableMalformed(reason="title_belongs_to_the_completers", pointer="/body/table/groups")


def check_sub_floors(table: Table, norms: Sequence[Norm]) -> None:
    """Inside the reward, main contributors and transfer staff get at least the parts the law names."""
    if table.basis is Basis.TITLE:
        return
    whole = sum((share.weight for share in table.groups), Decimal(0))
    for group, key in SUB_FLOORS.items():
        weight = next((share.weight for share in table.groups if share.group is group), Decimal(0))
        for norm in _mandatory(norms, key):
            if weight < norm.rate * whole:
                raise errors.BelowFloor(
                    part=group, given=_ratio(weight, whole), least=norm.rate, source=norm.source, pointer="/body/table"
                )


def choose_rate(table: Table, *, mode: Mode, is_government: bool, norms: Sequence[Norm]) -> tuple[Decimal, Norm | None]:
    """Agreed or unit rate if there is one, else the statutory floor; a government-established unit stays above it.

    For it the floor is the higher of the mandatory national and local ones (PSTA 45, ZJR 37); for an enterprise the
    national ratio only fills a gap (PSTA 44-45). The norm is None where the table itself names the rate.
    """
    unit_rule = next((norm for norm in norms if norm.key == FLOOR and norm.scope.startswith("unit:")), None)
    floors = sorted(_mandatory(norms, FLOOR), key=lambda norm: norm.rate, reverse=True) if is_government else []
    agreed = table.rate if table.rate is not None else (unit_rule.rate if unit_rule else None)
    if agreed is not None:
        if floors and agreed < floors[0].rate:
            raise errors.BelowFloor(
                part="reward",
                given=agreed,
                least=floors[0].rate,
                source=floors[0].source,
                jurisdiction=floors[0].jurisdiction,
                pointer="/body/table/rate",
            )
        return agreed, (unit_rule if table.rate is None else None)
    if floors:
        return floors[0].rate, floors[0]
    # A permissive ratio says what may be given; only what binds or fills a gap decides where nothing was agreed.
    filling = next((n for n in norms if n.key == FLOOR and n.binding in ("gap_filling", "default")), None)
    if filling is None:
        raise errors.RateNeeded(mode=mode, pointer="/body/table/rate")
    return filling.rate, filling


def check_table_against(table: Table, *, mode: Mode, is_government: bool, norms: Sequence[Norm]) -> None:
    """A table is held to its floors when it is drafted, so that nobody signs what could not be paid."""
    check_table(table)
    if table.basis is Basis.REWARD:
        choose_rate(table, mode=mode, is_government=is_government, norms=norms)
        check_sub_floors(table, norms)


# --- the base -------------------------------------------------------------------------------------------------------


def judge_cost(cost: Cost, norm: Norm | None) -> CostVerdict:
    """A cost reduces net income if its kind is deductible there and evidence shows it; fiscal R&D money never does."""
    if norm is None:
        return CostVerdict(cost, 0, "no_rule", None)
    if norm.rate == 0:
        return CostVerdict(cost, 0, "not_deductible", norm)
    if not cost.evidence:
        return CostVerdict(cost, 0, "no_evidence", norm)
    return CostVerdict(cost, cost.minor, "deducted", norm)


def _base(case: Case) -> tuple[int, int, tuple[CostVerdict, ...], list[Step]]:
    """The base is net income of a sale, operating profit of own use, the contribution in equity."""
    received = sum(receipt.minor for receipt in case.receipts)
    added = " + ".join(_yuan(receipt.minor) for receipt in case.receipts)
    if case.mode in PROFIT_MODES or case.mode is Mode.EQUITY:
        name = "shares_obtained" if case.mode is Mode.EQUITY else "operating_profit"
        return received, received, (), [Step(name, added, received)]
    verdicts = tuple(judge_cost(cost, case.norm(DEDUCTIBLE + cost.kind)) for cost in case.costs)
    deducted = sum(verdict.deducted_minor for verdict in verdicts)
    steps = [Step("receipts", added, received)]
    steps += [
        Step(
            f"cost.{v.cost.kind}", _yuan(v.cost.minor), v.deducted_minor, v.norm, None if v.deducted_minor else v.reason
        )
        for v in verdicts
    ]
    steps.append(Step("costs", " + ".join(_yuan(v.deducted_minor) for v in verdicts if v.deducted_minor), deducted))
    steps.append(Step("net_income", f"{_yuan(received)} - {_yuan(deducted)}", received - deducted))
    return received, received - deducted, verdicts, steps


# --- the split ------------------------------------------------------------------------------------------------------


def split_with_floors(
    total_minor: int, weights: Sequence[Decimal], least_minor: Sequence[int], had: Sequence[int] = ()
) -> list[int]:
    """Parts by largest remainder; where rounding breaks a floor, cents move there from the largest that can spare.

    With what each had before, floors and weights are of all events together, and the parts are what is given now.
    """
    parts, before = _by_weight(total_minor, weights, had), list(had) or [0] * len(weights)
    missing = [max(0, least - one) for least, one in zip(least_minor, before, strict=True)]
    for position, least in enumerate(missing):
        while parts[position] < least:
            spare = [other for other in range(len(parts)) if other != position and parts[other] > missing[other]]
            if not spare:
                raise errors.TooSmallToSplit(amount=Money(total_minor), parts=len(parts))
            giver = max(spare, key=lambda other: (parts[other], -other))
            moved = min(least - parts[position], parts[giver] - missing[giver])
            parts[position] += moved
            parts[giver] -= moved
    return parts


def split_people(total_minor: int, people: Sequence[Share], had: Sequence[int] = ()) -> list[int]:
    """People share by largest remainder, ties by position in the signed table; nobody with a weight gets nothing."""
    parts = _by_weight(total_minor, [person.weight for person in people], had)
    if any(person.weight > 0 and part == 0 for person, part in zip(people, parts, strict=True)):
        raise errors.TooSmallToSplit(amount=Money(total_minor), parts=len(people))
    return parts


def _by_weight(total_minor: int, weights: Sequence[Decimal], had: Sequence[int]) -> list[int]:
    if not any(had):
        return largest_remainder(total_minor, weights)
    return share_out(total_minor, due_by_weight(sum(had) + total_minor, weights), had)


def wage_base(minor: int, norm: Norm | None) -> int:
    """Half of a cash reward counts as wage where the relief holds (half-up), else all of it."""
    return minor if norm is None else apply_rate(minor, norm.rate)


def half_counts_as_wage(case: Case) -> Norm | None:
    """The relief takes a registered contract of transfer or licence and payment inside the window (财税〔2018〕58号).

    The window runs from the earliest receipt in the split, so that no part of the reward can be outside it unseen.
    """
    ratio, window = case.norm(IIT_RATIO), case.norm(IIT_WINDOW)
    if ratio is None or window is None or case.mode not in SALE_MODES or case.table.basis is Basis.TITLE:
        return None
    ends_on = term_date(min(receipt.received_on for receipt in case.receipts), int(window.value))
    return ratio if case.is_registered and case.pay_on <= ends_on else None


def compute(case: Case) -> Computation:
    """Receipts less costs, the reward not less than the floor, then groups, then people: every cent accounted for."""
    check_table(case.table)
    if not case.receipts:
        raise errors.NoIncome()
    received, base, verdicts, steps = _base(case)
    if base <= 0:
        raise errors.NothingToShare(receipts=Money(received), costs=Money(received - base))
    by_title = case.table.basis is Basis.TITLE
    rate, norm, reward = _by_title(case, base, steps) if by_title else _reward(case, base, steps)
    steps.append(Step("unit_part", f"{_yuan(base)} - {_yuan(reward)}", base - reward))
    parts = _parts_of_unit(case, base, reward, steps)
    groups = _groups(case, reward, steps)
    lines = _lines(case, groups, steps)
    return Computation(
        case=case,
        receipts_minor=received,
        verdicts=verdicts,
        base_minor=base,
        rate=rate,
        rate_norm=norm,
        reward_minor=reward,
        unit_minor=base - reward,
        groups=groups,
        lines=lines,
        flags=flags_of(case, base),
        terms=terms_of(case),
        steps=tuple(steps),
        parts=parts,
    )


def _reward(case: Case, base: int, steps: list[Step]) -> tuple[Decimal | None, Norm | None, int]:
    """The reward is not less than the rate times the base: it rounds up to the cent."""
    before, whole = case.before, case.before.base_minor + base
    so_far = f"({_yuan(before.base_minor)} + {_yuan(base)})" if case.earlier else _yuan(base)
    less = f" - {_yuan(before.reward_minor)}" if case.earlier else ""
    for floor in case.norms_of(FLOOR):
        least = apply_rate(whole, floor.rate, Rounding.UP) - before.reward_minor
        note = floor.binding if floor.evidence in READ else "recalled"
        steps.append(Step("floor", f"{so_far} x {floor.value}{less}", least, floor, note))
    scale = tiers_of(case.norms, INVENTORS) if case.table.rate is None else ()
    if scale:
        return None, None, _by_scale(case, whole, less, scale, steps)
    rate, norm = choose_rate(case.table, mode=case.mode, is_government=case.is_government, norms=case.norms)
    reward = max(0, apply_rate(whole, rate, Rounding.UP) - before.reward_minor)
    steps.append(Step("reward", f"{so_far} x {plain(rate)}{less}", reward, norm, None if norm else "agreed"))
    return rate, norm, reward


def tiers_of(norms: Sequence[Norm], who: str) -> tuple[Tier, ...]:
    """A unit's scale by cumulative net income, for the inventors or for a part of the unit."""
    mine = (norm for norm in norms if norm.key == TIER + who)
    return tuple(Tier(threshold_of(norm.base) or 0, norm.rate) for norm in mine)


def _by_scale(case: Case, whole: int, less: str, scale: Sequence[Tier], steps: list[Step]) -> int:
    """The unit's scale is held to the same mandatory floors as a single rate, on all income so far."""
    total = _up(by_tiers(whole, scale))
    floors = _mandatory(case.norms, FLOOR) if case.is_government else []
    for floor in sorted(floors, key=lambda norm: norm.rate, reverse=True)[:1]:
        if total < apply_rate(whole, floor.rate, Rounding.UP):
            raise errors.BelowFloor(
                part="reward",
                given=_ratio(Decimal(total), Decimal(whole)),
                least=floor.rate,
                source=floor.source,
                jurisdiction=floor.jurisdiction,
                pointer="/body/table/rate",
            )
    says = " + ".join(f"{plain(tier.ratio)} above {_yuan(tier.above_minor)}" for tier in scale)
    norm = next(norm for norm in case.norms if norm.key == TIER + INVENTORS)
    reward = max(0, total - case.before.reward_minor)
    steps.append(Step("reward", f"{_yuan(whole)} by {says}{less}", reward, norm, "tiers"))
    return reward


def _parts_of_unit(case: Case, base: int, reward: int, steps: list[Step]) -> dict[str, int]:
    """What the unit passes on to department and laboratory by its scale; it keeps what nobody else is due."""
    if case.table.basis is Basis.TITLE:
        return {}
    others = [who for who in (key.removeprefix(TIER) for key in TIERS) if who != INVENTORS]
    scales = {who: scale for who in others if (scale := tiers_of(case.norms, who))}
    if not scales or case.table.rate is not None:
        return {}
    before, whole = case.before, case.before.base_minor + base
    due = {who: by_tiers(whole, scale) for who, scale in scales.items()}
    rest = whole - before.reward_minor - reward
    # Cents that rounding gave the inventors are missing in the rest; the unit itself bears them first.
    kept = max(Fraction(0), rest - sum(due.values(), Fraction(0)))
    claims = [*due.values(), kept]
    scaled = [claim * rest / sum(claims) for claim in claims] if sum(claims) else claims
    had = [before.parts.get(who, 0) for who in due]
    had.append(before.base_minor - before.reward_minor - sum(had))
    given = share_out(base - reward, scaled, had)
    for who, minor in zip(due, given, strict=False):
        norm = next(norm for norm in case.norms if norm.key == TIER + who)
        steps.append(Step(f"unit_part.{who}", f"{_yuan(whole)} by the scale", minor, norm))
    return dict(zip(due, given, strict=False))


def _up(exact: Fraction) -> int:
    return -(-exact.numerator // exact.denominator)


def _by_title(case: Case, base: int, steps: list[Step]) -> tuple[Decimal | None, Norm | None, int]:
    """After a grant of ownership the income goes by title, and no reward is due from the same achievement (ZJR 37)."""
    share = case.table.title_share
    assert share is not None
    before = case.before
    mine = largest_remainder(before.base_minor + base, [share, 1 - share])[0] - before.reward_minor
    steps.append(Step("title", f"{_yuan(base)} x {plain(share)}", mine, None, "instead_of_reward"))
    return share, None, mine


def _groups(case: Case, reward: int, steps: list[Step]) -> dict[Group, int]:
    norms: Sequence[Norm] = case.norms if case.table.basis is Basis.REWARD else ()
    check_sub_floors(case.table, norms)
    least, before = dict.fromkeys(Group, 0), case.before
    of_all = f"({_yuan(before.reward_minor)} + {_yuan(reward)})" if case.earlier else _yuan(reward)
    for group, key in SUB_FLOORS.items():
        for norm in _mandatory(norms, key):
            floor = apply_rate(before.reward_minor + reward, norm.rate, Rounding.UP)
            least[group] = max(least[group], floor)
            steps.append(Step(f"sub_floor.{group.value}", f"{of_all} x {norm.value}", floor, norm))
    shares = case.table.groups
    had = [before.of(s.group) for s in shares] if case.earlier else ()
    parts = split_with_floors(reward, [s.weight for s in shares], [least[s.group] for s in shares], had)
    if not all(parts):
        raise errors.TooSmallToSplit(amount=Money(reward), parts=len(parts))
    whole = sum((share.weight for share in shares), Decimal(0))
    for share, part in zip(shares, parts, strict=True):
        says = f"{_yuan(reward)} x {plain(share.weight)} / {plain(whole)}"
        steps.append(Step(f"group.{share.group.value}", says, part))
    return {share.group: part for share, part in zip(shares, parts, strict=True)}


def _lines(case: Case, groups: Mapping[Group, int], steps: list[Step]) -> tuple[Line, ...]:
    is_wage = case.table.basis is Basis.REWARD and case.mode is not Mode.EQUITY
    half = half_counts_as_wage(case)
    lines: list[Line] = []
    for share in case.table.groups:
        total = groups[share.group]
        had = case.before.lines.get(share.group, ())
        parts = split_people(total, share.people, had) if share.people else [total]
        keys: list[str | None] = [person.key for person in share.people] or [None]
        for position, (key, minor) in enumerate(zip(keys, parts, strict=True), start=1):
            counted = wage_base(minor, half) if is_wage else None
            lines.append(Line(share.group, position, key, minor, counted))
        if share.people:
            whole = sum((person.weight for person in share.people), Decimal(0))
            weights = " / ".join(plain(person.weight) for person in share.people[:20])
            more = " / ..." if len(share.people) > 20 else ""
            says = f"{_yuan(total)} in {weights}{more} of {plain(whole)}"
            steps.append(Step(f"people.{share.group.value}", says, total))
    if is_wage:
        says = "x 1" if half is None else f"x {half.value}"
        steps.append(Step("wage_base", says, None, half, "full" if half is None else "half"))
    return tuple(lines)


# --- flags and terms ------------------------------------------------------------------------------------------------


def flags_of(case: Case, base: int) -> tuple[Flag, ...]:
    """Which taxes a person must think of, and under which rule; the market computes no tax owed."""
    if case.mode is Mode.EQUITY:
        norm = case.norm(IIT_EQUITY)
        return (Flag("iit", "DEFERRABLE" if norm else "FULL", norm),)
    if case.table.basis is Basis.TITLE:
        iit = Flag("iit", "NOT_A_REWARD", None)
    else:
        half = half_counts_as_wage(case)
        iit = Flag("iit", "FULL" if half is None else "HALF", half)
    if case.mode in PROFIT_MODES:
        return (iit,)
    return tuple(flag for flag in (_vat(case), _cit(case, base), iit, _stamp(case)) if flag is not None)


def _vat(case: Case) -> Flag:
    """Transfer and licence are exempt when registered; from the day the new law holds a person must confirm it."""
    exempt, confirm = case.norm(VAT_EXEMPT), case.norm(VAT_CONFIRM)
    if exempt is None or not case.is_registered or case.mode not in SALE_MODES:
        return Flag("vat", "NOT_EXEMPT", case.norm(VAT_RATE))
    # ISO days compare as text.
    late = confirm is not None and any(receipt.received_on.isoformat() >= confirm.value for receipt in case.receipts)
    return Flag("vat", "EXEMPT", exempt, needs_confirmation=late, note=confirm.source if confirm and late else None)


def _cit(case: Case, base: int) -> Flag | None:
    """Transfer income of a year up to the band is exempt, a licence only from its least term on."""
    band, years = case.norm(CIT_BAND), case.norm(CIT_YEARS)
    if band is None or case.mode not in SALE_MODES:
        return None
    note = "if_the_licensor_pays_cit"
    if case.mode is Mode.LICENCE and years is not None and (case.term_years or 0) < int(years.value):
        return Flag("cit", "LICENCE_TOO_SHORT", years, note=note)
    within = base <= int(band.value)
    return Flag("cit", "EXEMPT_BAND" if within else "HALF_ABOVE_BAND", band, note=note)


def _stamp(case: Case) -> Flag | None:
    norm = case.norm(STAMP)
    return Flag("stamp", "DUE", norm) if norm else None


def terms_of(case: Case) -> tuple[Term, ...]:
    """When the reward is due and how long the wage relief can be used, from the earliest receipt of the split."""
    first = min(receipt.received_on for receipt in case.receipts)
    terms = []
    for name, key in (("reward_due", DEADLINE), ("iit_window", IIT_WINDOW)):
        norm = case.norm(key)
        if norm is not None and norm.unit == "months" and (key == DEADLINE or case.mode in SALE_MODES):
            terms.append(Term(name, first, term_date(first, int(norm.value)), norm))
    return tuple(terms)


# --- equity, and the way back ---------------------------------------------------------------------------------------


def on_payment(case: Case, *, pay_on: date, is_registered: bool) -> Case:
    """The case as it stands on the day of payment. Only where that changes what counts as wage is it another case."""
    paid = replace(case, pay_on=pay_on, is_registered=is_registered)
    return case if half_counts_as_wage(paid) == half_counts_as_wage(case) else paid


def of_the_company(minor: int, capital_minor: int) -> Decimal:
    """A contribution as a part of the company's registered capital."""
    return Decimal(minor) / Decimal(capital_minor)


def recompute(document: Mapping[str, Any]) -> dict[str, Any]:
    """Whoever holds a statement computes its split again: the outcome that its inputs lead to."""
    return compute(case_from(document["inputs"])).outcome()


def _mandatory(norms: Sequence[Norm], key: str) -> list[Norm]:
    return [norm for norm in norms if norm.key == key and norm.scope == SCOPE_LAW and norm.is_mandatory]


def _ratio(weight: Decimal, whole: Decimal) -> str:
    return plain((weight / whole).quantize(Decimal("0.000001")))


def _yuan(minor: int) -> str:
    return Money(minor).amount
