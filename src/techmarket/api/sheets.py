"""Tables people keep in spreadsheets, read as the rows of an import: CSV and xlsx, one header line, one row each.

A column is named by its field, in English as in JSON Lines or in Chinese. A cell that holds several things parts them
by `|`; an indicator is `name: requirement`, a right `KIND:number`, a price a plain amount in yuan. An empty cell
states nothing.
"""

from __future__ import annotations

import csv
import io
import json
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from itertools import islice
from typing import Any

from techmarket.db import apart
from techmarket.db.archives import ArchiveLimits, ArchiveRefused, check_archive
from techmarket.hub import errors
from techmarket.kernel.refusals import Refusal

CSV = "text/csv"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
COLUMNS_MAX = 80
CELL_MAX = 32_767
ROW_MAX = 512 * 1024
SAID_MAX = 64 * 1024 * 1024
"""Bytes of all rows as JSON: cells of a workbook may share one long text, and a small file is then a large table."""
LINES_MAX = 20_000
SECONDS_MAX = 20.0
UNPACKED_MAX = 64 * 1024 * 1024
PACKAGE = ArchiveLimits(entries_max=400, ratio_max=1_000, unpacked_max=UNPACKED_MAX)

MEMORY_MAX = 768 * 2**20
_REFUSALS = {
    refusal.code: refusal
    for refusal in (
        errors.SheetUnreadable,
        errors.SheetTooLarge,
        errors.SheetTooLong,
        errors.SheetTooSlow,
        errors.SheetHeaderMissing,
        errors.SheetColumnTwice,
    )
}
_BAD_ROWS = {bad.code: bad for bad in (errors.SheetRowUnreadable, errors.LineTooLong)}

CHINESE: Mapping[str, str] = {
    "编号": "external_id",
    "中文标题": "title_zh",
    "标题": "title_zh",
    "英文标题": "title_en",
    "摘要": "abstract_zh",
    "英文摘要": "abstract_en",
    "技术难题": "problem_zh",
    "英文技术难题": "problem_en",
    "关键词": "keywords",
    "技术领域": "technology_field",
    "国民经济行业": "industry",
    "地区": "region",
    "国际专利分类": "ipc",
    "技术成熟度": "trl",
    "交易方式": "mode",
    "许可种类": "licence_kind",
    "定价方式": "price_form",
    "价格": "price",
    "提成率": "royalty_rate",
    "提成基数": "royalty_base",
    "许可年限": "term_years",
    "试用天数": "trial_days",
    "知识产权": "rights",
    "有效期": "expires_on",
    "技术指标": "indicators",
    "预算": "budget",
    "截止日": "deadline",
    "单位编号": "organisation",
    "单位名称": "name",
    "单位英文名称": "name_en",
    "单位类型": "kind",
    "统一社会信用代码": "uscc",
    "政府设立": "government_established",
    "适用地方规定": "applies_local_rules",
}
_LISTS = frozenset({"keywords", "ipc", "offered_under", "categories"})
_MONEY = frozenset({"price", "budget"})
_WHOLE = frozenset({"trl", "source_line"})
_FLAGS = frozenset({"government_established", "applies_local_rules"})
_FLAG = {"true": True, "是": True, "1": True, "false": False, "否": False, "0": False}
_TERMS = frozenset({"royalty_rate", "royalty_base", "term_years", "trial_days"})


BadRow = errors.SheetRowUnreadable | errors.LineTooLong
Columns = Mapping[str, str | None]
"""How a source names its columns: each with the field it is, or None for one that is left out (列映射)."""


def rows_of_csv(body: bytes, columns: Columns | None = None) -> Iterator[tuple[int, dict[str, Any] | BadRow]]:
    """Each row that is not empty with the line it ends on. UTF-8, or GB 18030 as Chinese spreadsheets write it."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = body.decode("gb18030")
        except UnicodeDecodeError:
            raise errors.SheetUnreadable(pointer="/body") from None
    yield from _rows(_numbered(text), columns or {})


def _numbered(text: str) -> Iterator[tuple[int, Sequence[Any]]]:
    lines = _Lines(text)
    reader = csv.reader(lines, strict=True)
    try:
        for cells in reader:
            lines.row_ended()
            yield reader.line_num, cells
    except csv.Error:
        raise errors.SheetUnreadable(pointer="/body") from None


class _Lines:
    """The lines of a text, as long as no single row takes more than a row may: cells in quotes go on over lines."""

    def __init__(self, text: str) -> None:
        self._lines, self._taken = io.StringIO(text, newline=""), 0

    def __iter__(self) -> Iterator[str]:
        for line in self._lines:
            self._taken += len(line)
            if self._taken > ROW_MAX:
                raise errors.SheetUnreadable(pointer="/body")
            yield line

    def row_ended(self) -> None:
        self._taken = 0


def rows_of_xlsx(
    body: bytes, seconds: float = SECONDS_MAX, columns: Columns | None = None
) -> Iterator[tuple[int, dict[str, Any] | BadRow]]:
    """The rows of the first sheet; formulas count as what they came to when the file was saved. For a thread."""
    # Few ever send one; every process would pay for the library at its start.
    from openpyxl import load_workbook

    _check_package(body, seconds)
    try:
        watched = _Watched(body, seconds)
        book = load_workbook(watched, read_only=True, data_only=True, keep_links=False)
        sheet = book.worksheets[0]
        sheet.reset_dimensions()
        rows = sheet.iter_rows(values_only=True, max_col=COLUMNS_MAX + 1)
        yield from _rows(_short(enumerate(rows, start=1), watched), columns or {})
    except Refusal:
        raise
    except Exception:
        # Whatever the library trips over: it is not a spreadsheet of ours to mend.
        raise errors.SheetUnreadable(pointer="/body") from None


def rows_apart(
    body: bytes, rows_max: int, columns: Columns | None = None
) -> Iterator[tuple[int, dict[str, Any] | BadRow]]:
    """The first rows of `rows_of_xlsx`, from a process of its own, lest it swell here. For a thread.

    One row at a time is in memory here; a refusal of the whole may come behind rows.
    """
    arguments = [str(rows_max), json.dumps(dict(columns or {}))]
    with tempfile.TemporaryFile() as said:
        try:
            apart.run_into(
                said, __name__, body, arguments=arguments, seconds=int(SECONDS_MAX), said_max=SAID_MAX + ROW_MAX
            )
        except apart.TooMuch:
            raise errors.SheetTooSlow(seconds=SECONDS_MAX, pointer="/body") from None
        for one in map(json.loads, said):
            if "refused" in one:
                raise _REFUSALS[one["refused"]](pointer="/body", **one["facts"])
            if "row" in one:
                yield one["line"], one["row"]
            else:
                yield one["line"], _BAD_ROWS[one["bad"]](**one["facts"])


class _Watched(io.BytesIO):
    """The bytes of a file that is read piece by piece, until the time for it is over."""

    def __init__(self, body: bytes, seconds: float) -> None:
        super().__init__(body)
        self._seconds, self._deadline = seconds, time.monotonic() + seconds

    def read(self, size: int | None = -1, /) -> bytes:
        self.look_at_the_clock()
        return super().read(size)

    def look_at_the_clock(self) -> None:
        if time.monotonic() > self._deadline:
            raise errors.SheetTooSlow(seconds=self._seconds, pointer="/body")


def _short(numbered: Iterable[tuple[int, Sequence[Any]]], watched: _Watched) -> Iterator[tuple[int, Sequence[Any]]]:
    """A row may say that it is the two-billionth; the library counts up to it and gives an empty one for each."""
    for line, cells in numbered:
        watched.look_at_the_clock()
        if line > LINES_MAX:
            raise errors.SheetTooLong(lines_max=LINES_MAX, pointer="/body")
        yield line, cells


def _check_package(body: bytes, seconds: float) -> None:
    """A spreadsheet is a zip; a bomb or a trap is not opened, and what it says of its sizes is not believed."""
    try:
        check_archive(io.BytesIO(body), XLSX, replace(PACKAGE, seconds=seconds))
    except ArchiveRefused as refused:
        if refused.facts["why"] in ("unpacked", "ratio", "too_many"):
            raise errors.SheetTooLarge(bytes_max=UNPACKED_MAX, pointer="/body") from None
        if refused.facts["why"] == "too_slow":
            raise errors.SheetTooSlow(seconds=seconds, pointer="/body") from None
        raise errors.SheetUnreadable(pointer="/body") from None


def _rows(
    numbered: Iterable[tuple[int, Sequence[Any]]],
    columns: Columns,
) -> Iterator[tuple[int, dict[str, Any] | BadRow]]:
    names: list[str | None] | None = None
    for line, cells in numbered:
        said = [_plain(cell) for cell in cells[:COLUMNS_MAX]]
        goes_on = any(_plain(cell) for cell in cells[COLUMNS_MAX:])
        if not goes_on and not any(said):
            continue
        if names is None:
            names = _names(said, goes_on, columns)
            continue
        if goes_on or any(said[len(names) :]):
            yield line, errors.SheetRowUnreadable(columns=len(names))
            continue
        if sum(map(len, said)) > ROW_MAX:
            yield line, errors.LineTooLong(bytes_max=ROW_MAX)
            continue
        yield line, _row({name: cell for name, cell in zip(names, said, strict=False) if name and cell})


def _names(header: Sequence[str], goes_on: bool, columns: Columns) -> list[str | None]:
    last = max((n for n, cell in enumerate(header, start=1) if cell), default=0)
    names = [columns[cell] if cell in columns else CHINESE.get(cell, cell) or None for cell in header[:last]]
    known = [name for name in names if name]
    if goes_on or "external_id" not in known:
        raise errors.SheetHeaderMissing(columns_max=COLUMNS_MAX, pointer="/body")
    if len(set(known)) < len(known):
        raise errors.SheetColumnTwice(column=next(name for name in known if known.count(name) > 1), pointer="/body")
    return names


def _plain(cell: Any) -> str:
    """A cell as text; a number without the tail a float would give it, a day as ISO 8601."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == cell.min.time() else cell.isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, int | float | Decimal):
        plain = format(Decimal(str(cell)), "f")
        return plain.rstrip("0").rstrip(".") if "." in plain else plain
    return str(cell).strip()


def _row(cells: Mapping[str, str]) -> dict[str, Any]:
    """The cells as the JSON of a row; what does not fit is left as text, and the row's own check says so."""
    row: dict[str, Any] = {}
    terms: dict[str, Any] = {}
    for name, cell in cells.items():
        if len(cell) > CELL_MAX:
            row[name] = cell[: CELL_MAX + 1]
        elif name in _TERMS:
            terms[name] = _whole(cell) if name in ("term_years", "trial_days") else cell
        elif name in _LISTS:
            row[name] = _parts(cell)
        elif name in _MONEY:
            row[name] = {"amount": _amount(cell), "currency": "CNY"}
        elif name in _WHOLE:
            row[name] = _whole(cell)
        elif name in _FLAGS:
            row[name] = _FLAG.get(cell.casefold(), cell)
        elif name == "rights":
            row[name] = [_right(part) for part in _parts(cell)]
        elif name == "indicators":
            row[name] = [_indicator(part) for part in _parts(cell)]
        else:
            row[name] = cell
    return row | ({"terms": terms} if terms else {})


def _parts(cell: str) -> list[str]:
    return [part.strip() for part in cell.split("|") if part.strip()]


def _amount(cell: str) -> str:
    """An amount as people write it, 500,000 or 500000.5, with the two decimals of the wire."""
    plain = cell.replace(",", "").replace("，", "")
    whole, dot, cents = plain.partition(".")
    return f"{whole}.{cents:0<2}" if dot or whole.isdigit() else cell


def _whole(cell: str) -> int | str:
    return int(cell) if cell.isascii() and cell.isdigit() and len(cell) < 10 else cell


def _right(part: str) -> dict[str, Any]:
    kind, _, number = part.partition(":")
    return {"kind": kind.strip(), **({"number": number.strip()} if number.strip() else {})}


def _indicator(part: str) -> dict[str, Any]:
    name, _, requirement = part.replace("：", ":").partition(":")
    return {"name": name.strip(), "requirement": requirement.strip()}


def main() -> None:
    """The other side of `rows_apart`: the workbook comes in on stdin, its rows go out as JSON Lines."""
    apart.limit(memory=MEMORY_MAX, seconds=int(SECONDS_MAX))
    try:
        rows, left = rows_of_xlsx(sys.stdin.buffer.read(), columns=json.loads(sys.argv[2])), SAID_MAX
        for line, row in islice(rows, int(sys.argv[1])):
            told = {"row": row} if isinstance(row, dict) else {"bad": row.code, "facts": dict(row.facts)}
            spelled = json.dumps({"line": line, **told}, ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n"
            left -= len(spelled)
            if left < 0:
                raise errors.SheetTooLarge(bytes_max=SAID_MAX)
            sys.stdout.buffer.write(spelled)
    except Refusal as refused:
        sys.stdout.buffer.write(json.dumps({"refused": refused.code, "facts": dict(refused.facts)}).encode() + b"\n")
