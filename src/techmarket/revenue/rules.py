"""The rules of sharing income (收益分享规则): from receipts to each person's cents, every step named.

`compute` is pure and exact: the same case gives the same split, whoever computes it. Numbers of law come in as
`Norm`s, chosen by the contract's own rule date.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from techmarket.kernel.money import Money, Rounding, apply_rate, largest_remainder
from techmarket.revenue import errors
from techmarket.revenue.case import Basis, Case, Norm, case_from, plain
from techmarket.revenue.computation import Computation, Step, yuan
from techmarket.revenue.cumulating import Tier, by_tiers, share_out
from techmarket.revenue.net_income import base_of
from techmarket.revenue.norming import FLOOR, INVENTORS, READ, TIER, TIERS, mandatory, tiers_of
from techmarket.revenue.reliefs import flags_of, terms_of
from techmarket.revenue.schemes import check_table, choose_rate, ratio
from techmarket.revenue.splitting import groups_of, lines_of


def compute(case: Case) -> Computation:
    """Receipts less costs, the reward not less than the floor, then groups, then people: every cent accounted for."""
    check_table(case.table)
    if not case.receipts:
        raise errors.NoIncome()
    received, base, verdicts, steps = base_of(case)
    if base <= 0:
        raise errors.NothingToShare(receipts=Money(received), costs=Money(received - base))
    by_title = case.table.basis is Basis.TITLE
    rate, norm, reward = _by_title(case, base, steps) if by_title else _reward(case, base, steps)
    steps.append(Step("unit_part", f"{yuan(base)} - {yuan(reward)}", base - reward))
    parts = _parts_of_unit(case, base, reward, steps)
    groups = groups_of(case, reward, steps)
    lines = lines_of(case, groups, steps)
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
    so_far = f"({yuan(before.base_minor)} + {yuan(base)})" if case.earlier else yuan(base)
    less = f" - {yuan(before.reward_minor)}" if case.earlier else ""
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


def _by_scale(case: Case, whole: int, less: str, scale: Sequence[Tier], steps: list[Step]) -> int:
    """The unit's scale is held to the same mandatory floors as a single rate, on all income so far."""
    total = _up(by_tiers(whole, scale))
    floors = mandatory(case.norms, FLOOR) if case.is_government else []
    for floor in sorted(floors, key=lambda norm: norm.rate, reverse=True)[:1]:
        if total < apply_rate(whole, floor.rate, Rounding.UP):
            raise errors.BelowFloor(
                part="reward",
                given=ratio(Decimal(total), Decimal(whole)),
                least=floor.rate,
                source=floor.source,
                jurisdiction=floor.jurisdiction,
                pointer="/body/table/rate",
            )
    says = " + ".join(f"{plain(tier.ratio)} above {yuan(tier.above_minor)}" for tier in scale)
    norm = next(norm for norm in case.norms if norm.key == TIER + INVENTORS)
    reward = max(0, total - case.before.reward_minor)
    steps.append(Step("reward", f"{yuan(whole)} by {says}{less}", reward, norm, "tiers"))
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
        steps.append(Step(f"unit_part.{who}", f"{yuan(whole)} by the scale", minor, norm))
    return dict(zip(due, given, strict=False))


def _up(exact: Fraction) -> int:
    return -(-exact.numerator // exact.denominator)


def _by_title(case: Case, base: int, steps: list[Step]) -> tuple[Decimal | None, Norm | None, int]:
    """After a grant of ownership the income goes by title, and no reward is due from the same achievement (ZJR 37)."""
    share = case.table.title_share
    assert share is not None
    before = case.before
    mine = largest_remainder(before.base_minor + base, [share, 1 - share])[0] - before.reward_minor
    steps.append(Step("title", f"{yuan(base)} x {plain(share)}", mine, None, "instead_of_reward"))
    return share, None, mine


def of_the_company(minor: int, capital_minor: int) -> Decimal:
    """A contribution as a part of the company's registered capital."""
    return Decimal(minor) / Decimal(capital_minor)


def recompute(document: Mapping[str, Any]) -> dict[str, Any]:
    """Whoever holds a statement computes its split again: the outcome that its inputs lead to."""
    return compute(case_from(document["inputs"])).outcome()
