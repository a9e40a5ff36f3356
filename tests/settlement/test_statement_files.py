"""What a statement's file says, and every way it can be wrong."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from techmarket.kernel.refusals import Refusal
from techmarket.settlement import errors
from techmarket.settlement.statements import CSV, XML, read_statement, said
from tests.settlement.make import a_camt, a_csv

ROWS = [
    ("CREDIT", "B-1", "150000.00", "6222", "Sample Enterprise", "D2026000001"),
    ("DEBIT", "B-2", "0.50", "", "", ""),
]


def test_both_forms_say_the_same() -> None:
    read = [read_statement(a_csv(ROWS), CSV), read_statement(a_camt(ROWS), XML)]
    assert read[0] == read[1]
    said = read[0]
    assert (said.number, said.first_day, said.last_day) == ("ST-1", date(2026, 3, 2), date(2026, 3, 2))
    assert (said.opening_minor, said.closing_minor) == (0, 14_999_950)
    assert [(one.n, one.is_credit, one.minor, one.reference, one.ours) for one in said.entries] == [
        (1, True, 15_000_000, "B-1", "D2026000001"),
        (2, False, 50, "B-2", ""),
    ]
    assert (said.entries[0].account, said.entries[0].name) == ("6222", "Sample Enterprise")


@pytest.mark.parametrize("version", ["02", "08", "13"])
def test_every_version_of_camt_is_read(version: str) -> None:
    assert read_statement(a_camt(ROWS, version=version), XML).closing_minor == 14_999_950


def test_a_booking_of_several_payments_is_as_many_entries() -> None:
    raw = a_camt(ROWS)
    several = (
        b"<NtryDtls><TxDtls><Refs><AcctSvcrRef>B-1a</AcctSvcrRef></Refs><Amt Ccy='CNY'>100000</Amt></TxDtls>"
        b"<TxDtls><Refs><AcctSvcrRef>B-1b</AcctSvcrRef></Refs><Amt Ccy='CNY'>50000.0</Amt></TxDtls></NtryDtls>"
    )
    start, end = raw.index(b"<NtryDtls>"), raw.index(b"</NtryDtls>") + len(b"</NtryDtls>")
    said = read_statement(raw[:start] + several + raw[end:], XML)
    assert [(one.reference, one.minor) for one in said.entries][:2] == [("B-1a", 10_000_000), ("B-1b", 5_000_000)]
    with pytest.raises(errors.StatementUnreadable) as refused:
        read_statement(raw[:start] + several.replace(b"50000.0", b"50000.1") + raw[end:], XML)
    assert refused.value.facts["what"] == "details do not make the entry"


def test_what_is_pending_has_not_moved_the_balance() -> None:
    raw = a_camt([*ROWS, ("CREDIT", "B-3", "7.00", "", "", "")], closing="149999.50")
    with pytest.raises(errors.StatementDoesNotAdd):
        read_statement(raw, XML)
    pending = raw[: raw.rindex(b"<Cd>BOOK")] + raw[raw.rindex(b"<Cd>BOOK") :].replace(b"BOOK", b"PDNG", 1)
    assert len(read_statement(pending, XML).entries) == 2


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ((b"BkToCstmrStmt", b"Other"), "Document/BkToCstmrStmt/Stmt"),
        ((b"camt.053.001", b"camt.054.001"), "file"),
        ((b"<?xml", b"<!DOCTYPE a [<!ENTITY b 'c'>]><?xml"), "file"),
        ((b"</Document>", b""), "file"),
        ((b"Sample", "示例".encode("gbk")), "file"),
        ((b'Ccy="CNY"', b'Ccy="USD"'), "Bal opening"),
        ((b"CRDT", b"MAYBE"), "Bal opening"),
        ((b"OPBD", b"ITBD"), "Stmt/Bal"),
        ((b">150000.00<", b">150000.005<"), "Ntry 1"),
        ((b">150000.00<", b">-150000.00<"), "Ntry 1"),
        ((b">150000.00<", b">NaN<"), "Ntry 1"),
        ((b">150000.00<", b">" + b"9" * 400 + b"<"), "Ntry 1"),
        ((b">150000.00<", ">１５<".encode()), "Ntry 1"),
        ((b"<AcctSvcrRef>B-1</AcctSvcrRef>", b""), "entry 1"),
        ((b">B-2<", b">B-1<"), "entry 2"),
        ((b"Sample Enterprise", b"Sample&#8232;Enterprise"), "entry 1"),
        ((b"<Dt><Dt>2026-03-02", b"<Dt><Dt>0000-13-02"), "Bal closing"),
        ((b"<Stmt>", b"<Stmt>" + b"<x>" * 30 + b"</x>" * 30), "file"),
    ],
)
def test_a_file_that_cannot_be_read_says_where(change: tuple[bytes, bytes], where: str) -> None:
    raw = a_camt(ROWS)
    assert change[0] in raw
    with pytest.raises(errors.StatementUnreadable) as refused:
        read_statement(raw.replace(*change), XML)
    assert refused.value.facts["where"] == where
    assert refused.value.pointer == "/body"


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ((b"kind,", b"sort,"), "line 1"),
        ((b"OPENING", b"CREDIT"), "line 2"),
        ((b"CREDIT", b"OPENING"), "line 3"),
        ((b"CLOSING", b"DEBIT"), "line 5"),
        ((b"CLOSING,ST-1", b"CLOSING,ST-2"), "line 5"),
        ((b"DEBIT,B-2,2026-03-02", b"DEBIT,B-2,2026-03-03"), "entry 2"),
        ((b"0.50", b"0.00"), "entry 2"),
        ((b"0.50,,,", b"0.50,,"), "line 4"),
        ((b"B-2", b"B\x002"), "line 4"),
        ((b"B-2", b"B 2"), "line 4"),
        ((b"150000.00,6222", b"1e5,6222"), "line 3"),
    ],
)
def test_a_table_that_cannot_be_read_says_where(change: tuple[bytes, bytes], where: str) -> None:
    raw = a_csv(ROWS)
    assert change[0] in raw
    with pytest.raises(errors.StatementUnreadable) as refused:
        read_statement(raw.replace(change[0], change[1], 1), CSV)
    assert refused.value.facts["where"] == where


def test_a_statement_that_does_not_add_up_is_refused() -> None:
    for raw, media in ((a_csv(ROWS, closing="149999.51"), CSV), (a_camt(ROWS, closing="149999.51"), XML)):
        with pytest.raises(errors.StatementDoesNotAdd):
            read_statement(raw, media)


def test_two_thousand_entries_are_read_and_one_more_is_too_many() -> None:
    rows = [("CREDIT", f"B-{n}", "1.00", "", "", "") for n in range(2_001)]
    assert len(read_statement(a_csv(rows[:-1]), CSV).entries) == 2_000
    with pytest.raises(errors.StatementUnreadable):
        read_statement(a_csv(rows), CSV)


@given(st.binary(max_size=300) | st.text(max_size=300).map(lambda text: text.encode("utf-8", "replace")))
def test_whatever_is_sent_is_read_or_refused(raw: bytes) -> None:
    for media in (CSV, XML):
        with pytest.raises(Refusal):
            read_statement(raw, media)


def test_the_plain_form_in_the_documentation_is_read() -> None:
    page = (Path(__file__).parents[2] / "docs" / "bank.md").read_text()
    example = page.partition("```csv\n")[2].partition("```")[0]
    said = read_statement(example.encode(), CSV)
    assert (said.number, said.closing_minor, len(said.entries)) == ("ST-2026-061", 14_999_950, 2)


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("2026-03-02", date(2026, 3, 2)),
        (" 2026-03-02 ", date(2026, 3, 2)),
        ("2026-03-02+08:00", date(2026, 3, 2)),
        ("2026-03-02T23:59:59", date(2026, 3, 2)),
        ("2026-03-02T15:59:59Z", date(2026, 3, 2)),
        ("2026-03-02T16:00:00Z", date(2026, 3, 3)),
        ("2026-03-02T00:30:00+09:00", date(2026, 3, 1)),
    ],
)
def test_a_day_is_the_banks_and_of_a_moment_elsewhere_the_one_in_shanghai(written: str, found: date) -> None:
    assert said.day(written, "entry 1") == found


@pytest.mark.parametrize(
    "written",
    [
        None,
        "",
        "02.03.2026",
        "20260302",
        "2026-02-30",
        "1989-12-31",
        "2201-01-01",
        "2026-03-02Tnoon",
        "9999-12-31T23:00Z",
    ],
)
def test_a_day_that_is_none_or_beyond_any_statement_is_refused(written: str | None) -> None:
    with pytest.raises(errors.StatementUnreadable) as refused:
        said.day(written, "entry 1")
    assert refused.value.facts == {"where": "entry 1", "what": "day"}


@pytest.mark.parametrize(
    ("written", "minor"),
    [
        ("0", 0),
        ("1200", 120_000),
        ("1200.5", 120_050),
        ("1200.50000", 120_050),
        ("007.10", 710),
        ("0" * 30 + "1", 100),
        ("10000000000000", 10**15),
    ],
)
def test_an_amount_is_padded_as_banks_pad(written: str, minor: int) -> None:
    assert said.amount(written, "entry 1") == minor


@pytest.mark.parametrize(
    "written", [None, "", "1,200", "-1", "1.", ".5", "1.505", "1e3", "١", "10000000000000.01", "9" * 14, "9" * 5000]
)
def test_an_amount_of_any_other_form_is_refused(written: str | None) -> None:
    with pytest.raises(errors.StatementUnreadable) as refused:
        said.amount(written, "entry 1")
    assert refused.value.facts == {"where": "entry 1", "what": "amount"}
