"""A real sealed auction recomputed: FCC auction 901, 795 areas as sealed lots under one budget, exact to the cent."""

from __future__ import annotations

import csv
import hashlib
from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from uuid import NAMESPACE_OID, UUID, uuid5

import pytest

from techmarket.kernel.money import Money, apply_rate
from techmarket.trading.sealed import rules
from techmarket.trading.sealed.envelopes import Binding, new_key, public_half, seal, write
from techmarket.trading.sealed.rules import Charge, Direction, Offer, Quote, Slot, Verdict

FILE = Path(__file__).parent / "fcc_auction901" / "winning_bids.csv"
BUDGET = 300_000_000_00
AWARDED = 299_998_632_25
TERMS = hashlib.sha256(b"one round, lowest net rate per road mile, one budget").hexdigest()


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str]]:
    assert FILE.is_file(), f"the winning bids of auction 901 are missing: {FILE}"
    with FILE.open(newline="") as file:
        return list(csv.DictReader(file))


def cents(text: str) -> int:
    return Money.parse(text if "." in text else f"{text}.00", "USD").minor


def lot_of(row: dict[str, str]) -> UUID:
    return uuid5(NAMESPACE_OID, row["item"])


def support(row: dict[str, str]) -> int:
    """Rate per road mile times road miles, to the cent."""
    return apply_rate(cents(row["rate_usd_per_mile"]), Decimal(row["road_miles"]))


def offer_of(row: dict[str, str], number: int) -> Offer:
    return Offer(lot_of(row), number, Decimal(row["net_rate_usd_per_mile"]), support(row))


def numbered(rows: list[dict[str, str]]) -> dict[str, int]:
    return {bidder: n for n, bidder in enumerate(sorted({row["bidder"] for row in rows}), start=1)}


def test_the_set_is_whole(rows):
    assert (len(rows), len(numbered(rows)), len({lot_of(row) for row in rows})) == (795, 33, 795)


def test_each_area_sealed_opened_ranked_and_charged_gives_the_support_that_was_paid(rows):
    key, numbers = new_key(), numbered(rows)
    for row in rows:
        lot, number = lot_of(row), numbers[row["bidder"]]
        content = {"amount": {"amount": Money(cents(row["rate_usd_per_mile"]), "USD").amount, "currency": "USD"}}
        binding = Binding(lot, number, TERMS)
        envelope = seal(write(content, binding), binding, public_half(key))
        (judged,) = rules.judge(
            [Slot(number, envelope)],
            lot_id=lot,
            terms_sha256=TERMS,
            private_key=key,
            read=lambda content: rules.amount_in(content, currency="USD"),
        )
        assert judged.verdict is Verdict.COUNTED
        assert judged.minor is not None
        (first,) = rules.rank(
            [Quote(number, judged.minor, 1)],
            charge=Charge.FIRST_PRICE,
            direction=Direction.LOWEST,
            limit_minor=10**9,
        )
        assert apply_rate(first.price_minor, Decimal(row["road_miles"])) == cents(row["total_bid_usd"])


def test_one_budget_awards_exactly_the_795_areas_and_the_published_sum(rows):
    numbers = numbered(rows)
    awarded = rules.award_within(BUDGET, [offer_of(row, numbers[row["bidder"]]) for row in rows])
    assert {(one.lot, one.number, one.minor) for one in awarded} == {
        (lot_of(row), numbers[row["bidder"]], cents(row["total_bid_usd"])) for row in rows
    }
    assert sum(one.minor for one in awarded) == AWARDED
    paid: dict[int, int] = defaultdict(int)
    for one in awarded:
        paid[one.number] += one.minor
    published: dict[int, int] = defaultdict(int)
    for row in rows:
        published[numbers[row["bidder"]]] += cents(row["total_bid_usd"])
    assert paid == published
    assert [one.rate for one in awarded] == sorted(one.rate for one in awarded)


def test_rivals_with_dearer_rates_change_nothing_and_a_cheaper_one_takes_the_area(rows):
    offers = [offer_of(row, 1) for row in rows]
    dearer = [Offer(one.lot, 2, one.rate + 1, one.minor) for one in offers]
    assert rules.award_within(BUDGET, [*dearer, *offers]) == rules.award_within(BUDGET, offers)
    cheaper = Offer(offers[0].lot, 2, offers[0].rate - 1, offers[0].minor)
    awarded = rules.award_within(BUDGET, [*offers, cheaper])
    assert cheaper in awarded
    assert offers[0] not in awarded
    assert len(awarded) == 795


def test_a_smaller_budget_is_cut_at_the_dearest_rates_and_never_overspent(rows):
    offers = [offer_of(row, 1) for row in rows]
    for budget in (0, 1, 150_000_000_00, AWARDED - 1):
        awarded = rules.award_within(budget, offers)
        assert sum(one.minor for one in awarded) <= budget
        left = budget - sum(one.minor for one in awarded)
        passed_over = set(offers) - set(awarded)
        assert all(one.minor > left for one in passed_over)
        assert passed_over
    assert len(rules.award_within(AWARDED, offers)) == 795


def test_the_bidding_credit_ranks_by_the_net_rate_and_pays_the_rate_itself(rows):
    credited = [row for row in rows if row["rate_usd_per_mile"] != row["net_rate_usd_per_mile"]]
    assert [int(row["net_rate_usd_per_mile"]) for row in credited] == [
        apply_rate(int(row["rate_usd_per_mile"]), Decimal("0.75")) for row in credited
    ]
    assert len(credited) == 4
    for row in credited:
        one = offer_of(row, 1)
        assert one.rate == Decimal(row["net_rate_usd_per_mile"])
        assert one.minor == cents(row["total_bid_usd"])
