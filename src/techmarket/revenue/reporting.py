"""The yearly report of a unit on its conversions (科技成果转化年度报告, ZJR art. 28), as data, page and spreadsheet."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from importlib import resources
from typing import IO, Any

from techmarket.contracts.steps import ReceivedContract
from techmarket.kernel.money import Money
from techmarket.kernel.periods import SHANGHAI
from techmarket.kernel.typesetting import Form, typeset
from techmarket.revenue import wording
from techmarket.revenue.paper import yuan

SHOWN_MAX = 500
"""So many contracts are told one by one in data and on paper; the spreadsheet has all of them."""
TYPES: Mapping[str, wording.Words] = {
    "LICENCE": ("许可", "licence"),
    "TRANSFER": ("转让", "transfer"),
    "DEVELOPMENT": ("开发", "development"),
    "CONSULTING": ("咨询", "consulting"),
    "SERVICE": ("服务", "service"),
}
AMOUNTS = ("received", "costs", "net_income", "reward", "unit_part")
COLUMNS = (
    ("合同编号", "contract"),
    ("类型", "type"),
    ("生效日期", "in force since"),
    ("固定价款", "fixed price"),
    ("认定登记编号", "registration"),
    ("合同成交额", "registered amount"),
    ("技术交易额", "technology amount"),
    ("本年收入", "received in the year"),
    ("可扣除成本", "deductible costs"),
    ("净收入", "net income distributed"),
    ("奖励和报酬", "rewards"),
    ("单位留存", "kept by the unit"),
    ("受益份额数", "shares"),
)


@dataclass(frozen=True, slots=True)
class YearOf:
    """What a contract brought in during the year, and what was distributed of it in that year, in fen."""

    received: int = 0
    costs: int = 0
    net_income: int = 0
    reward: int = 0
    unit_part: int = 0
    shares: int = 0

    @property
    def is_nothing(self) -> bool:
        return not (self.received or self.shares)


@dataclass(frozen=True, slots=True)
class Row:
    contract: ReceivedContract
    year: YearOf
    is_new: bool
    """In force since this year."""


@dataclass
class Totals:
    """Sums over rows, whichever they are."""

    contracts: int = 0
    new_contracts: int = 0
    new_fixed_price: int = 0
    registered: int = 0
    registered_amount: int = 0
    technology_amount: int = 0
    received: int = 0
    costs: int = 0
    net_income: int = 0
    reward: int = 0
    unit_part: int = 0
    shares: int = 0

    def add(self, row: Row) -> None:
        self.contracts += 1
        for name in (*AMOUNTS, "shares"):
            setattr(self, name, getattr(self, name) + getattr(row.year, name))
        if row.is_new:
            self.new_contracts += 1
            self.new_fixed_price += row.contract.fixed_price_minor or 0
            if row.contract.registered_minor is not None:
                self.registered += 1
                self.registered_amount += row.contract.registered_minor
                self.technology_amount += row.contract.technology_minor or 0


@dataclass(frozen=True, slots=True)
class Report:
    """`contracts` are the first of them; of more, `left_out` says how many. Totals are over all."""

    unit_name: str
    unit_uscc: str | None
    year: int
    due_on: date | None
    due_source: str | None
    as_of: datetime
    totals: Totals
    by_type: Mapping[str, Totals]
    groups: Mapping[str, int]
    contracts: tuple[Row, ...]
    left_out: int


@dataclass
class Gathering:
    """Takes the rows one after another and keeps no more than is shown."""

    totals: Totals = field(default_factory=Totals)
    by_type: dict[str, Totals] = field(default_factory=dict)
    shown: list[Row] = field(default_factory=list)

    def take(self, row: Row) -> None:
        self.totals.add(row)
        self.by_type.setdefault(row.contract.type.value, Totals()).add(row)
        if len(self.shown) < SHOWN_MAX:
            self.shown.append(row)


def due_on(year: int, value: str | None) -> date | None:
    """The report of a year is due in the next one, on the month and day of the rule (`03-30`)."""
    return None if value is None else date.fromisoformat(f"{year + 1}-{value}")


# --- page and spreadsheet -------------------------------------------------------------------------------------------


def draw_report(report: Report, form: Form = "pdf") -> Any:
    return typeset((resources.files("techmarket.revenue") / "report.typ").read_bytes(), stated_of(report), form)


def stated_of(report: Report) -> dict[str, Any]:
    return {
        "unit": report.unit_name,
        "uscc": report.unit_uscc or "—",
        "year": report.year,
        "due": "—" if report.due_on is None else f"{report.due_on} ({report.due_source})",
        "as_of": report.as_of.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S +08:00"),
        "totals": _totals(report.totals),
        "by_type": [{"name": TYPES[kind], **_totals(one)} for kind, one in report.by_type.items()],
        "groups": [
            {"name": wording.of(wording.GROUPS, group), "minor": yuan(minor)} for group, minor in report.groups.items()
        ],
        "contracts": [
            {
                "number": row.contract.number,
                "type": TYPES[row.contract.type.value],
                "new": row.is_new,
                "registration": row.contract.registration_number or "—",
                **{name: yuan(getattr(row.year, name)) for name in ("received", "net_income", "reward", "unit_part")},
            }
            for row in report.contracts
        ],
        "left_out": report.left_out,
    }


def _totals(totals: Totals) -> dict[str, Any]:
    counted = ("contracts", "new_contracts", "registered", "shares")
    return {name: value if name in counted else yuan(value) for name, value in vars(totals).items()}


class Workbook:
    """The spreadsheet as it grows: rows go to disk one by one, so a unit with any number of contracts takes as much
    memory as one with ten. Money is a number with two decimals that is exact up to ten billion yuan and beyond."""

    def __init__(self) -> None:
        from openpyxl import Workbook as Book
        from openpyxl.cell import WriteOnlyCell
        from openpyxl.styles import Font

        self._book, self._cell, self._bold = Book(write_only=True), WriteOnlyCell, Font(bold=True)
        self._rows = self._book.create_sheet("合同 contracts")
        self._rows.freeze_panes = "A3"
        for zh, letter in zip(COLUMNS, "ABCDEFGHIJKLM", strict=True):
            self._rows.column_dimensions[letter].width = 8 + 2 * max(len(zh[0]), len(zh[1]) // 2)
        for language in (0, 1):
            self._rows.append([self._head(self._rows, column[language]) for column in COLUMNS])

    def add(self, row: Row) -> None:
        one, year = row.contract, row.year
        since = None if one.in_force_at is None else one.in_force_at.astimezone(SHANGHAI).date()
        self._rows.append(
            [
                self._text(one.number),
                " ".join(TYPES[one.type.value]),
                since,
                self._money(one.fixed_price_minor),
                self._text(one.registration_number),
                self._money(one.registered_minor),
                self._money(one.technology_minor),
                *(self._money(getattr(year, name)) for name in AMOUNTS),
                year.shares,
            ]
        )

    def discard(self) -> None:
        """What was begun and is not wanted leaves nothing behind."""
        self._rows.close()
        self._rows._writer.cleanup()

    def finish(self, report: Report) -> IO[bytes]:
        """The totals on a sheet of their own; the file is on disk and goes when it is closed."""
        sheet = self._book.create_sheet("汇总 totals")
        sheet.column_dimensions["A"].width = 44
        for letter in "BCDEFG":
            sheet.column_dimensions[letter].width = 18
        said = [
            ("单位 unit", self._text(report.unit_name)),
            ("统一社会信用代码 USCC", self._text(report.unit_uscc)),
            ("年度 year", report.year),
            ("报送期限 due", "—" if report.due_on is None else f"{report.due_on} ({report.due_source})"),
        ]
        for name, value in said:
            sheet.append([self._head(sheet, name), value])
        kinds = list(report.by_type)
        sheet.append([])
        sheet.append(
            [None, *(self._head(sheet, head) for head in ("合计 total", *(" ".join(TYPES[k]) for k in kinds)))]
        )
        for name, words in TOTALS.items():
            columns = [report.totals, *(report.by_type[kind] for kind in kinds)]
            counted = name in ("contracts", "new_contracts", "registered", "shares")
            values = [getattr(one, name) if counted else self._money(getattr(one, name)) for one in columns]
            sheet.append([self._head(sheet, " ".join(words)), *values])
        for group, minor in report.groups.items():
            sheet.append([self._head(sheet, "奖励 rewards: " + " ".join(wording.GROUPS[group])), self._money(minor)])
        out = tempfile.TemporaryFile()  # noqa: SIM115 -- whoever streams it closes it
        self._book.save(out)
        out.seek(0)
        return out

    def _head(self, sheet: Any, words: str) -> Any:
        cell = self._cell(sheet, value=words)
        cell.font = self._bold
        return cell

    def _text(self, value: str | None) -> Any:
        """A text stays a text, also one that a spreadsheet would take for a formula."""
        if value is None:
            return None
        cell = self._cell(self._rows, value=value)
        cell.data_type = "s"
        return cell

    def _money(self, minor: int | None) -> Any:
        if minor is None:
            return None
        cell = self._cell(self._rows, value=Decimal(Money(minor).amount))
        cell.number_format = "#,##0.00"
        return cell


TOTALS: Mapping[str, wording.Words] = {
    "contracts": ("涉及合同数", "contracts"),
    "new_contracts": ("其中本年生效", "of these in force since this year"),
    "new_fixed_price": ("本年生效合同固定价款", "fixed price of those"),
    "registered": ("其中已认定登记", "of these registered"),
    "registered_amount": ("合同成交额", "registered amount"),
    "technology_amount": ("技术交易额", "technology amount"),
    "received": ("本年收入", "received in the year"),
    "costs": ("可扣除成本", "deductible costs"),
    "net_income": ("净收入（已分配）", "net income distributed"),
    "reward": ("奖励和报酬", "rewards"),
    "unit_part": ("单位留存", "kept by the unit"),
    "shares": ("受益份额数", "shares"),
}
