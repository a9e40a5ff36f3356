"""The yearly report as a spreadsheet and a page, made without a database."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime
from uuid import UUID

from openpyxl import load_workbook

from techmarket.contracts.rules import ContractType
from techmarket.contracts.steps import ReceivedContract
from techmarket.revenue.reporting import SHOWN_MAX, Gathering, Report, Row, Workbook, YearOf, draw_report, due_on


def rows(count):
    for n in range(count):
        contract = ReceivedContract(
            UUID(int=n + 1),
            f"HT-2026-{n:06d}" if n else '=HYPERLINK("http://example.org")',
            ContractType.LICENCE if n % 2 else ContractType.TRANSFER,
            None,
            # The last second of the year in London is the next year here.
            datetime(2026, 12, 31, 15, 59, 59, tzinfo=UTC),
            100_00,
            "33010020260001" if n % 3 == 0 else None,
            200_00 if n % 3 == 0 else None,
            150_00 if n % 3 == 0 else None,
        )
        yield Row(contract, YearOf(10_00, 1_00, 9_00, 6_30, 2_70, 3), is_new=n % 2 == 0)


def a_report(count):
    gathered, book = Gathering(), Workbook()
    for row in rows(count):
        gathered.take(row)
        book.add(row)
    report = Report(
        "示例大学一",
        None,
        2026,
        due_on(2026, "03-30"),
        "ZJR art. 28",
        datetime(2027, 1, 4, 1, tzinfo=UTC),
        gathered.totals,
        gathered.by_type,
        {"MAIN": count * 6_30},
        tuple(gathered.shown),
        count - len(gathered.shown),
    )
    return report, book.finish(report)


def test_the_spreadsheet_has_every_contract_and_totals_that_add_up():
    report, file = a_report(SHOWN_MAX + 7)
    with file:
        book = load_workbook(io.BytesIO(file.read()))
    sheet = list(book["合同 contracts"].iter_rows(min_row=3, values_only=True))
    assert len(sheet) == SHOWN_MAX + 7
    assert sum(row[7] for row in sheet) == 10 * (SHOWN_MAX + 7) == report.totals.received / 100
    assert sheet[1][2].date() == date(2026, 12, 31)
    totals = {row[0]: row[1:4] for row in book["汇总 totals"].iter_rows(values_only=True) if row[0]}
    assert totals["涉及合同数 contracts"] == (507, 254, 253)
    assert totals["奖励和报酬 rewards"] == (3194.1, 1600.2, 1593.9)
    assert totals["报送期限 due"][0] == "2027-03-30 (ZJR art. 28)"
    assert (len(report.contracts), report.left_out) == (SHOWN_MAX, 7)


def test_what_a_spreadsheet_would_take_for_a_formula_stays_a_text():
    _, file = a_report(1)
    with file:
        cell = load_workbook(io.BytesIO(file.read()))["合同 contracts"]["A3"]
    assert (cell.data_type, cell.value) == ("s", '=HYPERLINK("http://example.org")')


def test_the_page_is_drawn_the_same_each_time_and_also_of_a_year_in_which_nothing_happened():
    report, file = a_report(3)
    file.close()
    assert draw_report(report) == draw_report(report)
    empty, file = a_report(0)
    file.close()
    assert draw_report(empty).startswith(b"%PDF-")
