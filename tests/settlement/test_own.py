"""The market spends nothing that it owes its nodes, in whatever order fees, parts, charges, payouts, refunds come."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from techmarket.hub.nodes import Claim, Side, split_fee
from techmarket.kernel.ids import new_id
from techmarket.settlement.rules import free_money, part_at_most

NODES = 2


@dataclass
class Books:
    """The market's own accounts as `steps/own.py` reads them, moved as the steps move them."""

    fees: int = 0
    spent: int = 0
    owed: list[int] = field(default_factory=lambda: [0] * NODES)
    unshared: dict[int, int] = field(default_factory=dict)
    parts: dict[int, list[int]] = field(default_factory=dict)
    given_back: set[int] = field(default_factory=set)

    @property
    def own(self) -> int:
        return self.fees - self.spent + sum(self.owed)

    @property
    def free(self) -> int:
        return free_money(self.own, self.owed, sum(self.unshared.values()))


def rates_of(seller: int, buyer: int) -> list[Decimal]:
    return [Decimal(seller) / 100, Decimal(buyer) / 100]


KINDS = st.sampled_from(["fee", "share", "charge", "pay", "refund", "back"])
ACTS = st.lists(st.tuples(KINDS, st.integers(0, 5), st.integers(1, 999)), max_size=40)


@settings(deadline=None)
@given(ACTS, st.integers(0, 50), st.integers(0, 50))
def test_whatever_comes_in_whatever_order_what_nodes_are_owed_is_there_to_be_paid(acts, seller, buyer):
    books, fees = Books(), dict[int, int]()
    rates = rates_of(seller, buyer)
    for act, which, minor in acts:
        if act == "fee" and which not in fees:
            fees[which], books.fees = minor, books.fees + minor
            books.unshared[which] = min(minor, sum(part_at_most(minor, rate) for rate in rates))
        elif act == "share" and which in books.unshared and which not in books.given_back:
            claims = [Claim(side, new_id(), new_id(), new_id(), rate) for side, rate in zip(Side, rates, strict=True)]
            books.parts[which] = split_fee(fees[which], claims)
            assert sum(books.parts[which]) <= books.unshared.pop(which)
            for node, part in enumerate(books.parts[which]):
                books.fees, books.owed[node] = books.fees - part, books.owed[node] + part
        elif act == "charge" and books.free >= minor:
            books.spent += minor
        elif act == "pay":
            node = which % NODES
            part = books.owed[node]
            others = [owed for n, owed in enumerate(books.owed) if n != node]
            if part > 0 and free_money(books.own, others) >= part:
                books.owed[node] = 0
        elif act == "refund" and which in fees and which not in books.given_back:
            parts = books.parts.get(which, [0] * NODES)
            left = [owed - part for owed, part in zip(books.owed, parts, strict=True)]
            waiting = sum(one for due, one in books.unshared.items() if due != which)
            if free_money(books.own, left, waiting) >= fees[which]:
                books.fees -= fees[which]
                books.unshared.pop(which, None)
                books.given_back.add(which)
        elif act == "back" and which in books.given_back and which in books.parts:
            for node, part in enumerate(books.parts.pop(which)):
                books.fees, books.owed[node] = books.fees + part, books.owed[node] - part
        # Parts of a fee that was given back are on their way back: they are nobody's to be paid any more.
        coming = [sum(books.parts[due][n] for due in books.given_back if due in books.parts) for n in range(NODES)]
        due_to_nodes = sum(max(owed - back, 0) for owed, back in zip(books.owed, coming, strict=True))
        assert books.own >= due_to_nodes


def test_what_one_was_paid_too_much_sets_nothing_free_of_what_another_is_owed() -> None:
    assert free_money(100, [10, -40]) == 90
    assert free_money(100, [10, 20], 30) == 40
