"""What a bank message is worth, which due it pays, and what the fee is."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from techmarket.settlement import errors, rules
from techmarket.settlement.lifecycle import (
    BANK_LINE,
    DUE,
    MONEY_ACT,
    PAYOUT,
    ActState,
    DueState,
    LineState,
    PayoutState,
)
from techmarket.settlement.rules import BankMessage, Outcome

SECRET = b"s" * 32
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
MESSAGE = BankMessage("M-1", "6222", "Sample payer", 15_000_000, "D2026000001", NOW)
RAW = rules.write_message(MESSAGE)


def check(raw: bytes = RAW, *, signed: bytes = RAW, at: datetime = NOW, secret: bytes = SECRET, **given: str) -> None:
    timestamp = given.get("timestamp", str(int(at.timestamp())))
    signature = given.get("signature", rules.sign_message(secret, timestamp, signed))
    rules.require_genuine(SECRET, raw, signature=signature, timestamp=timestamp, real_now=NOW)


def test_a_message_signed_now_is_the_banks() -> None:
    check()
    check(at=NOW - timedelta(seconds=300))
    check(at=NOW + timedelta(seconds=300))


@pytest.mark.parametrize(
    "wrong",
    [
        {"secret": b"t" * 32},
        {"signed": RAW + b" "},
        {"signature": ""},
        {"signature": "签名"},
        {"signature": "00" * 32},
        {"signature": rules.sign_message(SECRET, int(NOW.timestamp()) - 1, RAW)},
        {"signature": rules.sign_message(SECRET, int(NOW.timestamp()), RAW).upper()},
    ],
)
def test_a_message_that_is_not_signed_by_the_bank_is_refused(wrong: dict) -> None:
    with pytest.raises(errors.BadSignature):
        check(**wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        {"at": NOW - timedelta(seconds=301)},
        {"at": NOW + timedelta(seconds=301)},
        {"timestamp": "0"},
        {"timestamp": "-1772442000"},
        {"timestamp": "1772442000.0"},
        {"timestamp": "9" * 12},
    ],
)
def test_a_message_five_minutes_old_is_stale_however_well_it_is_signed(wrong: dict) -> None:
    with pytest.raises(errors.MessageStale):
        check(**wrong)


def test_a_message_reads_as_it_was_written() -> None:
    assert rules.read_message(RAW) == MESSAGE


BODY = json.loads(RAW)


@pytest.mark.parametrize(
    ("raw", "pointer"),
    [
        (b"", "/body"),
        (b"[]", "/body"),
        (b"\xff", "/body"),
        (b"[" * 100_000, "/body"),
        (json.dumps({k: v for k, v in BODY.items() if k != "reference"}).encode(), "/body/reference"),
        (json.dumps(BODY | {"extra": 1}).encode(), "/body/extra"),
        (json.dumps(BODY | {"message_id": "a b"}).encode(), "/body/message_id"),
        (json.dumps(BODY | {"message_id": "x" * 65}).encode(), "/body/message_id"),
        (json.dumps(BODY | {"payer_name": "a\x00b"}).encode(), "/body/payer_name"),
        (json.dumps(BODY | {"payer_name": "\ud800"}).encode(), "/body/payer_name"),
        (json.dumps(BODY | {"payer_name": " "}).encode(), "/body/payer_name"),
        (json.dumps(BODY | {"payer_account": 6222}).encode(), "/body/payer_account"),
        (json.dumps(BODY | {"amount": "150000.00"}).encode(), "/body/amount"),
        (json.dumps(BODY | {"amount": {"amount": 150000.0, "currency": "CNY"}}).encode(), "/body/amount"),
        (json.dumps(BODY | {"amount": {"amount": "0.00", "currency": "CNY"}}).encode(), "/body/amount"),
        (json.dumps(BODY | {"amount": {"amount": "-1.00", "currency": "CNY"}}).encode(), "/body/amount"),
        (json.dumps(BODY | {"amount": {"amount": "9999999999999.00", "currency": "CNY"}}).encode(), "/body/amount"),
        (json.dumps(BODY | {"amount": {"amount": "1.00", "currency": "USD"}}).encode(), "/body/amount"),
        (json.dumps(BODY | {"booked_at": "2026-03-02T09:00:00"}).encode(), "/body/booked_at"),
        (json.dumps(BODY | {"booked_at": "0001-01-01T00:00:00+14:00"}).encode(), "/body/booked_at"),
        (json.dumps(BODY | {"booked_at": 1}).encode(), "/body/booked_at"),
    ],
)
def test_a_message_of_the_wrong_form_is_refused_and_the_field_named(raw: bytes, pointer: str) -> None:
    with pytest.raises(errors.MessageMalformed) as refused:
        rules.read_message(raw)
    assert refused.value.pointer == pointer


@pytest.mark.parametrize(
    ("change", "due", "outcome"),
    [
        ({}, {}, Outcome.MATCHED),
        ({"payer_name": "SAMPLE　PAYER"}, {}, Outcome.MATCHED),
        ({"payer_name": "示例付款人"}, {}, Outcome.MATCHED),
        ({}, {"outstanding_minor": None}, Outcome.UNKNOWN_REFERENCE),
        ({}, {"is_open": False}, Outcome.NOT_OPEN),
        ({"payer_name": "Another"}, {}, Outcome.PAYER_DIFFERS),
        ({"minor": 14_999_999}, {}, Outcome.SHORT),
        ({"minor": 15_000_001}, {}, Outcome.OVER),
        ({"minor": 14_999_999}, {"outstanding_minor": 14_999_999}, Outcome.MATCHED),
    ],
)
def test_money_pays_a_due_by_itself_only_when_all_is_exactly_right(change: dict, due: dict, outcome: Outcome) -> None:
    asked = {"outstanding_minor": 15_000_000, "is_open": True, "payer_names": ("Sample payer", "示例付款人", None)}
    assert rules.judge_line(replace(MESSAGE, **change), **(asked | due)) is outcome


@pytest.mark.parametrize(
    ("minor", "fee"), [(60_000_000, 900_000), (55_370_367, 830_556), (115_370_367, 1_730_556), (1, 0), (34, 1)]
)
def test_the_fee_is_the_tariffs_part_half_up(minor: int, fee: int) -> None:
    assert rules.fee_of(minor, Decimal("0.015"), "half_up") == fee


@given(st.integers(1, 10**12), st.decimals(0, 1, places=6), st.sampled_from(["half_up", "up"]))
def test_a_fee_is_never_above_what_it_is_taken_from(minor: int, rate: Decimal, rounding: str) -> None:
    assert 0 <= rules.fee_of(minor, rate, rounding) <= minor


def test_the_moves_of_dues_lines_and_payouts_are_these_and_no_others() -> None:
    assert DUE.moves == {
        (DueState.OPEN, "pay"): DueState.PAID,
        (DueState.OPEN, "cancel"): DueState.CANCELLED,
        (DueState.PAID, "refund"): DueState.REFUNDED,
    }
    assert MONEY_ACT.moves == {(ActState.WAITING, "do"): ActState.DONE, (ActState.WAITING, "refuse"): ActState.REFUSED}
    assert {(a.value, act, b.value) for (a, act), b in BANK_LINE.moves.items()} == {
        ("UNMATCHED", "match", "MATCHED"),
        ("UNMATCHED", "assign", "MATCHED"),
        ("UNMATCHED", "return", "RETURNED"),
        ("RETURNED", "reopen", "UNMATCHED"),
        ("UNMATCHED", "void", "VOIDED"),
        ("VOIDED", "reopen", "UNMATCHED"),
    }
    assert PAYOUT.possible(PayoutState.INSTRUCTED) == ["confirm", "fail", "send", "stop"]
    assert PAYOUT.possible(PayoutState.SENT) == ["confirm", "fail"]
    assert PAYOUT.possible(PayoutState.CONFIRMED) == ["bounce"]
    assert PAYOUT.possible(PayoutState.FAILED) == []
    assert BANK_LINE.possible(LineState.MATCHED) == []


@pytest.mark.parametrize(
    ("named", "outcome"),
    [
        (None, Outcome.MATCHED),
        ("６２２２", Outcome.MATCHED),
        ("62 22", Outcome.MATCHED),
        ("6223", Outcome.PAYER_DIFFERS),
        ("", Outcome.PAYER_DIFFERS),
    ],
)
def test_a_payer_who_named_his_account_pays_from_no_other(named: str | None, outcome: Outcome) -> None:
    judged = rules.judge_line(
        MESSAGE, outstanding_minor=15_000_000, is_open=True, payer_names=["Sample payer"], payer_account=named
    )
    assert judged is outcome


@given(st.integers(1, 10**14), st.integers(0, 10_000))
def test_the_tax_in_an_amount_leaves_the_nearest_net_amount(minor: int, basis_points: int) -> None:
    rate = Decimal(basis_points) / 10_000
    net = minor - rules.tax_within(minor, rate)
    assert abs(net * (1 + rate) - minor) * 2 <= 1 + rate


def test_the_tax_in_an_amount_is_what_the_invoice_says() -> None:
    cases = [(10_600, "0.06", 600), (10_300, "0.03", 300), (100, "0.06", 6), (1, "0.13", 0), (5, "0", 0)]
    assert [rules.tax_within(minor, Decimal(rate)) for minor, rate, _ in cases] == [tax for *_, tax in cases]


@pytest.mark.parametrize(
    ("change", "is_same"),
    [
        ({}, True),
        ({"message_id": "ST-7"}, True),
        ({"payer_account": ""}, True),  # a statement need not tell it
        ({"payer_account": "6 222"}, True),
        ({"payer_account": "6223"}, False),
        ({"reference": " D2026000001 "}, True),
        ({"reference": "D2026000002"}, False),
        ({"minor": 14_999_999}, False),
        ({"booked_at": NOW.replace(hour=15, minute=59)}, True),
        ({"booked_at": NOW.replace(hour=16)}, False),  # the next day in Shanghai
    ],
)
def test_money_told_twice_is_known_by_amount_reference_day_and_payer(change: dict, is_same: bool) -> None:
    assert rules.is_same_money(MESSAGE, replace(MESSAGE, **change)) is is_same


def test_only_a_deposit_that_comes_after_its_release_goes_back_by_itself() -> None:
    said = {
        (outcome, purpose, cancelled): rules.goes_back_by_itself(outcome, purpose, is_cancelled=cancelled)
        for outcome in Outcome
        for purpose in rules.Purpose
        for cancelled in (False, True)
    }
    assert [one for one, goes in said.items() if goes] == [(Outcome.NOT_OPEN, rules.Purpose.DEPOSIT, True)]
