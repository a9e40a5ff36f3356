"""Tables people keep in spreadsheets, read as the rows of an import: CSV and xlsx, one header line, one row each.

A column is named by its field, in English as in JSON Lines or in Chinese. A cell that holds several things parts them
by `|`; an indicator is `name: requirement`, a right `KIND:number`, a price a plain amount in yuan. An empty cell
states nothing.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from techmarket.hub import errors

CSV = "text/csv"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
COLUMNS_MAX = 80
CELL_MAX = 32_767
UNPACKED_MAX = 64 * 1024 * 1024
PARTS_MAX = 400

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
}
_LISTS = frozenset({"keywords", "ipc", "offered_under", "categories"})
_MONEY = frozenset({"price", "budget"})
_WHOLE = frozenset({"trl", "source_line"})
_TERMS = frozenset({"royalty_rate", "royalty_base", "term_years", "trial_days"})


def rows_of_csv(body: bytes) -> Iterator[tuple[int, dict[str, Any] | errors.SheetRowUnreadable]]:
    """Each row that is not empty with the line it ends on. UTF-8, or GB 18030 as Chinese spreadsheets write it."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = body.decode("gb18030")
        except UnicodeDecodeError:
            raise errors.SheetUnreadable(pointer="/body") from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    yield from _rows(_numbered(reader))


def _numbered(reader: Any) -> Iterator[tuple[int, Sequence[Any]]]:
    try:
        for cells in reader:
            yield reader.line_num, cells
    except csv.Error:
        raise errors.SheetUnreadable(pointer="/body") from None


def rows_of_xlsx(body: bytes) -> Iterator[tuple[int, dict[str, Any] | errors.SheetRowUnreadable]]:
    """The rows of the first sheet; formulas count as what they came to when the file was saved."""
    # Few ever send one; every process would pay for the library at its start.
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    _check_package(body)
    try:
        book = load_workbook(io.BytesIO(body), read_only=True, data_only=True, keep_links=False)
        sheet = book.worksheets[0]
        sheet.reset_dimensions()
        rows = sheet.iter_rows(values_only=True, max_col=COLUMNS_MAX + 1)
        yield from _rows(enumerate(rows, start=1))
    except (
        InvalidFileException,
        zipfile.BadZipFile,
        KeyError,
        ValueError,
        IndexError,
        TypeError,
        SyntaxError,
        OSError,
    ):
        # Whatever the library trips over: it is not a spreadsheet of ours to mend.
        raise errors.SheetUnreadable(pointer="/body") from None


def _check_package(body: bytes) -> None:
    """A spreadsheet is a zip; one that unpacks to a flood is not opened."""
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as package:
            parts = package.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        raise errors.SheetUnreadable(pointer="/body") from None
    unpacked = sum(part.file_size for part in parts)
    if len(parts) > PARTS_MAX or unpacked > UNPACKED_MAX:
        raise errors.SheetTooLarge(bytes_max=UNPACKED_MAX, pointer="/body")


def _rows(
    numbered: Iterable[tuple[int, Sequence[Any]]],
) -> Iterator[tuple[int, dict[str, Any] | errors.SheetRowUnreadable]]:
    names: list[str | None] | None = None
    for line, cells in numbered:
        said = [_plain(cell) for cell in cells]
        if not any(said):
            continue
        if names is None:
            names = _names(said)
            continue
        if len(said) > len(names) and any(said[len(names) :]):
            yield line, errors.SheetRowUnreadable(columns=len(names))
            continue
        yield line, _row({name: cell for name, cell in zip(names, said, strict=False) if name and cell})


def _names(header: Sequence[str]) -> list[str | None]:
    while header and not header[-1]:
        header = header[:-1]
    names = [CHINESE.get(cell, cell) or None for cell in header]
    known = [name for name in names if name]
    if len(names) > COLUMNS_MAX or "external_id" not in known:
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
