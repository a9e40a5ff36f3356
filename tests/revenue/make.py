"""Makers for revenue: the worked example's case, and the rulebook's rows as rules see them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import cache
from uuid import UUID

from techmarket.revenue import norming
from techmarket.revenue.case import Case, Cost, Group, GroupShare, Mode, Norm, Receipt, Share, Table
from techmarket.revenue.golden import rules_of
from techmarket.rulebook.packs import carried_packs
from techmarket.rulebook.rules import Rule

ENTRY_FEE, ROYALTY = 600_000_00, 553_703_67
COSTS = (
    Cost("fee", "exchange_fee", 17_305_56, "tariff"),
    Cost("stamp", "stamp_tax", 346_11, "receipt 1"),
    Cost("valuation", "valuation_fee", 18_888_88, "invoice 7"),
    Cost("patent", "patent_fee", 2_000_00, "invoice 8"),
    Cost("fiscal", "fiscal_rd", 3_000_000_00, "project 9"),
)
INVENTORS = (Share("A", Decimal(50)), Share("B", Decimal(30)), Share("C", Decimal(20)))
TABLE = Table(
    (
        GroupShare(Group.MAIN, Decimal(85), INVENTORS),
        GroupShare(Group.STAFF, Decimal(5)),
        GroupShare(Group.OTHERS, Decimal(10)),
    )
)
SIGNED_ON = date(2026, 3, 1)


@cache
def rule_rows() -> tuple[Rule, ...]:
    """The rows that come with the market."""
    return rules_of([pack for pack in carried_packs() if not pack.is_sample])


def norms(
    mode: Mode = Mode.LICENCE,
    *,
    on: date = SIGNED_ON,
    jurisdiction: str = "CN-33",
    is_government: bool = True,
    unit: UUID | None = None,
    more: tuple[Rule, ...] = (),
) -> tuple[Norm, ...]:
    return norming.choose_norms(
        (*rule_rows(), *more), on=on, jurisdiction=jurisdiction, mode=mode, is_government=is_government, unit=unit
    )


def a_case(**changes: object) -> Case:
    """The worked example: a registered licence of a provincial university in Zhejiang."""
    facts: dict[str, object] = {
        "mode": Mode.LICENCE,
        "is_government": True,
        "receipts": (
            Receipt("entry", ENTRY_FEE, date(2026, 3, 20), "ENTRY_FEE"),
            Receipt("royalty", ROYALTY, date(2026, 6, 30), "ROYALTY"),
        ),
        "costs": COSTS,
        "table": TABLE,
        "norms": norms(),
        "pay_on": date(2026, 8, 3),
        "is_registered": True,
        "term_years": 6,
    }
    return Case(**(facts | changes))  # type: ignore[arg-type]
