"""What a posting may do: one book, no overdraft of other people's money, and the sum never changes."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from techmarket.kernel.ids import Ref, new_id
from techmarket.kernel.money import Money
from techmarket.ledger import errors, rules
from techmarket.ledger.lifecycle import HOLD, HoldState
from techmarket.ledger.rules import GUARDED, Holding, Posting, Purpose, Standing

WHY = Ref("sample", new_id())
A, B, BANK, OTHER = (new_id() for _ in range(4))


def standings(a: int = 100, *, held: int = 0) -> dict[UUID, Standing]:
    return {
        A: Standing(A, "market", Purpose.ESCROW, a, held),
        B: Standing(B, "market", Purpose.ESCROW, 0, 0),
        BANK: Standing(BANK, "market", Purpose.BANK, -a, 0),
        OTHER: Standing(OTHER, "unit:x", Purpose.PAYABLE, 0, 0),
    }


def posting(debit: UUID, credit: UUID, minor: int) -> Posting:
    return Posting(debit, credit, minor, WHY, "sample")


def test_what_one_account_gives_another_gets() -> None:
    assert rules.judge(standings(), [posting(A, B, 30)]) == {A: -30, B: 30, BANK: 0, OTHER: 0}


@pytest.mark.parametrize(("a", "held", "minor"), [(100, 0, 101), (100, 1, 100), (0, 0, 1)])
def test_other_peoples_money_never_goes_below_nought_and_held_money_is_gone(a: int, held: int, minor: int) -> None:
    with pytest.raises(errors.Insufficient) as refused:
        rules.judge(standings(a, held=held), [posting(A, B, minor)])
    assert refused.value.facts == {"account": A, "available": Money(a - held), "needed": Money(minor)}


def test_the_last_fen_can_be_given_and_a_bank_account_may_go_below_nought() -> None:
    assert rules.judge(standings(100, held=40), [posting(A, B, 60)])[A] == -60
    assert rules.judge(standings(0), [posting(BANK, B, 5)])[BANK] == -5


def test_postings_are_judged_one_after_the_other() -> None:
    assert rules.judge(standings(100), [posting(A, B, 100), posting(B, A, 50), posting(A, B, 50)])[B] == 100
    with pytest.raises(errors.Insufficient):
        rules.judge(standings(100), [posting(A, B, 60), posting(A, B, 60)])


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (posting(A, A, 1), "two accounts"),
        (posting(BANK, OTHER, 1), "one book"),
        (posting(A, B, 0), "lies between"),
        (posting(A, B, -5), "lies between"),
        (posting(A, B, 10**16), "lies between"),
    ],
)
def test_a_posting_that_makes_no_sense_is_a_mistake_of_the_caller(wrong: Posting, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        rules.judge(standings(), [wrong])


@pytest.mark.parametrize(("source", "target", "message"), [(A, A, "two accounts"), (A, OTHER, "one book")])
def test_money_is_set_aside_for_another_account_of_the_same_book(source: UUID, target: UUID, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        rules.judge_holds(standings(), [Holding(source, target, 1, WHY)])
    assert rules.book_of_unit(A) == f"unit:{A}"


@pytest.mark.parametrize("wrong", [1.0, True, "1"])
def test_money_moves_in_whole_fen(wrong: object) -> None:
    with pytest.raises(TypeError, match="whole fen"):
        rules.require_amount(wrong)  # type: ignore[arg-type]


def test_holds_share_what_is_available() -> None:
    rules.judge_holds(standings(100), [Holding(A, BANK, 60, WHY), Holding(A, BANK, 40, WHY)])
    with pytest.raises(errors.Insufficient) as refused:
        rules.judge_holds(standings(100), [Holding(A, BANK, 60, WHY), Holding(A, BANK, 41, WHY)])
    assert refused.value.facts["available"] == Money(40)
    with pytest.raises(ValueError, match="one book"):
        rules.judge_holds(standings(100), [Holding(A, OTHER, 1, WHY)])


def test_every_move_of_a_hold_is_in_the_table_and_no_other() -> None:
    assert HOLD.moves == {
        (HoldState.PENDING, "post"): HoldState.POSTED,
        (HoldState.PENDING, "void"): HoldState.VOIDED,
    }


steps_of_a_day = st.lists(
    st.tuples(st.sampled_from([A, B, BANK]), st.sampled_from([A, B, BANK]), st.integers(1, 120)), max_size=30
)


@given(steps_of_a_day, st.integers(0, 200))
def test_whatever_is_posted_the_sum_stays_nought_and_guarded_accounts_stay_above(
    wanted: list[tuple[UUID, UUID, int]], start: int
) -> None:
    book = standings(start)
    for debit, credit, minor in wanted:
        if debit == credit:
            continue
        try:
            changes = rules.judge(book, [posting(debit, credit, minor)])
        except errors.Insufficient:
            continue
        book = {
            id: Standing(id, s.book, s.purpose, s.balance_minor + changes[id], s.pending_minor)
            for id, s in book.items()
        }
    assert sum(s.balance_minor for s in book.values()) == 0
    assert all(s.available_minor >= 0 for s in book.values() if s.purpose in GUARDED)
