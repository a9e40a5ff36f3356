"""Imports from CSV and spreadsheets: the same rows, rules and report as JSON Lines."""

from __future__ import annotations

import contextlib
import io
import random
import resource
import zipfile
from datetime import date, datetime

import pytest
from openpyxl import Workbook

from techmarket.api.rows import read_row, rows_in
from techmarket.api.sheets import CSV, XLSX, rows_apart, rows_of_csv, rows_of_xlsx
from techmarket.db.media import NDJSON
from techmarket.hub import errors
from techmarket.identity.actor import OrgKind
from techmarket.kernel.refusals import Refusal
from tests.identity.make import an_organisation

SHARED = "xl/sharedStrings.xml"
SHARED_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
HEADER = ["external_id", "title_zh", "abstract_zh", "keywords", "trl", "mode", "price_form", "price", "expires_on"]
ROW = ["X-1", "示例成果", "示例数据 / sample data", "示例 | sample", 6, "transfer", "fixed", 500000, date(2100, 12, 31)]
CHINESE = ["编号", "中文标题", "摘要", "关键词", "技术成熟度", "交易方式", "定价方式", "价格", "有效期"]
READ = {
    "external_id": "X-1",
    "title_zh": "示例成果",
    "abstract_zh": "示例数据 / sample data",
    "keywords": ["示例", "sample"],
    "trl": 6,
    "mode": "transfer",
    "price_form": "fixed",
    "price": {"amount": "500000.00", "currency": "CNY"},
    "expires_on": "2100-12-31",
}


def a_csv(*rows, encoding="utf-8"):
    return "\r\n".join(",".join(str(cell) for cell in row) for row in rows).encode(encoding)


def an_xlsx(*rows):
    book, out = Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)
    book.save(out)
    return out.getvalue()


@pytest.mark.parametrize("header", [HEADER, CHINESE])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_csv_is_read_by_its_english_or_chinese_columns_in_the_encodings_that_spreadsheets_write(header, encoding):
    assert list(rows_of_csv(a_csv(header, ROW, encoding=encoding))) == [(2, READ)]


@pytest.mark.parametrize("header", [HEADER, CHINESE])
def test_a_spreadsheet_is_read_with_its_numbers_and_days_as_such(header):
    empty = [None] * len(header)
    assert list(rows_of_xlsx(an_xlsx(header, ROW, empty, ROW))) == [(2, READ), (4, READ)]


@pytest.mark.parametrize(
    "cell, read",
    [
        ("500,000", "500000.00"),
        ("500000.5", "500000.50"),
        (500000.25, "500000.25"),
        (1e15, "1000000000000000.00"),
        ("500000.125", "500000.125"),  # left for the row's own check to refuse
        ("five", "five"),
        ("-1", "-1"),
    ],
)
def test_an_amount_is_read_as_people_write_it_and_never_rounded(cell, read):
    ((_, row),) = rows_of_xlsx(an_xlsx(["external_id", "price"], ["X", cell]))
    assert row["price"]["amount"] == read


def test_cells_that_hold_several_things_are_parted():
    header = ["external_id", "rights", "indicators", "royalty_rate", "term_years", "offered_under"]
    row = ["X", "INVENTION_PATENT:202310123456.6|TECHNICAL_SECRET", "flatness: <= 1.0 mm|load：5 t", "0.03", "6", "a|b"]
    assert list(rows_of_csv(a_csv(header, row))) == [
        (
            2,
            {
                "external_id": "X",
                "rights": [{"kind": "INVENTION_PATENT", "number": "202310123456.6"}, {"kind": "TECHNICAL_SECRET"}],
                "indicators": [
                    {"name": "flatness", "requirement": "<= 1.0 mm"},
                    {"name": "load", "requirement": "5 t"},
                ],
                "offered_under": ["a", "b"],
                "terms": {"royalty_rate": "0.03", "term_years": 6},
            },
        )
    ]


def test_a_row_with_more_cells_than_columns_is_refused_alone():
    found = list(rows_of_csv(a_csv(["external_id", "title_en"], ["X-1", "a", "b"], ["X-2", "c"])))
    assert [(line, type(row)) for line, row in found] == [(2, errors.SheetRowUnreadable), (3, dict)]


def a_bomb():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("[Content_Types].xml", b"<Types/>")
        package.writestr("xl/worksheets/sheet1.xml", b"0" * (64 * 1024 * 1024 + 1))
    return out.getvalue()


def many_parts():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as package:
        for n in range(401):
            package.writestr(f"{n}", b"")
    return out.getvalue()


def changed(part, old, new):
    """The workbook with one part of its package written otherwise."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(an_xlsx(HEADER, ROW))) as package, zipfile.ZipFile(out, "w") as again:
        for name in package.namelist():
            body = package.read(name)
            if name == part:
                assert old in body
                body = body.replace(old, new)
            again.writestr(name, body)
    return out.getvalue()


def far_away():
    """A row that says it is the two-hundred-thousandth, in five kilobytes."""
    return changed("xl/worksheets/sheet1.xml", b'<row r="2"', b'<row r="200000"')


def locked():
    """Every member says that it is encrypted."""
    body = bytearray(an_xlsx(HEADER, ROW))
    for mark, at in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        place = body.find(mark)
        while place >= 0:
            body[place + at] |= 1
            place = body.find(mark, place + 4)
    return bytes(body)


@pytest.mark.parametrize(
    "read, body, refusal",
    [
        (rows_of_xlsx, far_away(), errors.SheetTooLong),
        (rows_of_xlsx, locked(), errors.SheetUnreadable),
        (rows_of_csv, b"external_id" + b"," * 600_000 + b"\nX", errors.SheetUnreadable),
        (rows_of_csv, b'external_id\n"' + b"x\n" * 300_000 + b'"', errors.SheetUnreadable),
        (rows_of_csv, b"external_id" + b"," * 200 + b"title_en\nX", errors.SheetHeaderMissing),
        (rows_of_csv, b"title_en\nx", errors.SheetHeaderMissing),
        (rows_of_csv, b"external_id,title_en,title_en\nX,a,b", errors.SheetColumnTwice),
        (rows_of_csv, b"external_id,\xff\xff\xff\xff\n", errors.SheetUnreadable),
        (rows_of_csv, b'external_id\n"open', errors.SheetUnreadable),
        (rows_of_xlsx, b"PK\x03\x04 not a zip", errors.SheetUnreadable),
        (rows_of_xlsx, b"external_id\nX-1", errors.SheetUnreadable),
        (rows_of_xlsx, a_bomb(), errors.SheetTooLarge),
        (rows_of_xlsx, many_parts(), errors.SheetTooLarge),
    ],
    ids=[
        *("far row", "locked", "wide row", "endless quote", "too many columns"),
        *("no id column", "column twice", "no text", "open quote", "torn zip", "no zip", "flood", "too many parts"),
    ],
)
def test_what_is_no_table_is_refused_whole_and_by_name(read, body, refusal):
    with pytest.raises(refusal):
        list(read(body))


def test_whatever_part_a_workbook_lacks_nothing_worse_happens_than_a_refusal():
    book = an_xlsx(HEADER, ROW)
    with zipfile.ZipFile(io.BytesIO(book)) as package:
        parts = {name: package.read(name) for name in package.namelist()}
    for lost in parts:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as package:
            for name, part in parts.items():
                if name != lost:
                    package.writestr(name, part)
        with contextlib.suppress(errors.SheetUnreadable, errors.SheetHeaderMissing):
            assert [line for line, _ in rows_of_xlsx(out.getvalue())] in ([], [2])


def test_a_table_with_very_many_empty_columns_is_read_by_those_that_have_a_name():
    assert list(rows_of_csv(b"external_id" + b"," * 160_000 + b"\nX\n")) == [(2, {"external_id": "X"})]
    ((line, refused),) = rows_of_csv(b"external_id\nX" + b"," * 160_000 + b"y\n")
    assert (line, type(refused)) == (2, errors.SheetRowUnreadable)


def test_whatever_bytes_of_a_workbook_are_bent_nothing_worse_happens_than_a_refusal():
    book, lot = an_xlsx(HEADER, ROW), random.Random(7)
    refused = 0
    for _ in range(150):
        bent = bytearray(book)
        for _ in range(3):
            bent[lot.randrange(len(bent))] ^= 1 << lot.randrange(8)
        try:
            list(rows_of_xlsx(bytes(bent)))
        except Refusal:
            refused += 1
    assert refused > 75


def test_a_spreadsheet_that_takes_too_long_is_given_up():
    with pytest.raises(errors.SheetTooSlow):
        list(rows_of_xlsx(an_xlsx(HEADER, ROW), seconds=-1.0))


def test_a_workbook_is_read_apart_as_it_is_read_here():
    for body in (an_xlsx(HEADER, ROW), an_xlsx(HEADER, ROW, [*ROW, "beyond"], [None], ROW)):
        here = [row if isinstance(row, dict) else row.facts for _, row in rows_of_xlsx(body)]
        apart = [row if isinstance(row, dict) else row.facts for _, row in rows_apart(body, 10)]
        assert apart == here
        assert [line for line, _ in rows_apart(body, 10)] == [line for line, _ in rows_of_xlsx(body)]
    assert len(list(rows_apart(body, 2))) == 2
    for refused in (errors.SheetTooLong, errors.SheetUnreadable):
        with pytest.raises(refused):
            list(rows_apart(far_away() if refused is errors.SheetTooLong else locked(), 10))


def test_a_workbook_that_swells_in_memory_ends_alone():
    """Eighty kilobytes of styles would be gigabytes of objects; the process that opens them has no room for that."""
    body = changed("xl/styles.xml", b"<cellXfs", b"<cellXfs>" + b"<xf/>" * 8_000_000 + b"</cellXfs><cellXfs")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(Refusal):
        list(rows_apart(body, 10))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200 * 1024  # KiB; the text itself is 40 MiB


def of_one_long_text(*, columns: int, rows: int) -> bytes:
    """A workbook whose every cell names the same shared text, as long as a cell may be: some kilobytes in all."""
    names = ["external_id", *(f"c{n}" for n in range(1, columns))]
    texts = "".join(f"<si><t>{text}</t></si>" for text in [*names, "字" * 32_767])
    cells = [
        "".join(f'<c t="s"><v>{n if n < columns and at == 0 else columns}</v></c>' for n in range(columns))
        for at in (0, 1)
    ]
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(an_xlsx(HEADER, ROW))) as package, zipfile.ZipFile(out, "w", 8) as again:
        for name in package.namelist():
            body = package.read(name)
            if name == "[Content_Types].xml":
                part = f'<Override PartName="/{SHARED}" ContentType="{SHARED_TYPE}"/></Types>'
                body = body.replace(b"</Types>", part.encode())
            elif name == "xl/worksheets/sheet1.xml":
                data = f"<row>{cells[0]}</row>" + f"<row>{cells[1]}</row>" * rows
                body = f'<worksheet xmlns="{MAIN}"><sheetData>{data}</sheetData></worksheet>'.encode()
            again.writestr(name, body)
        again.writestr(SHARED, f'<sst xmlns="{MAIN}">{texts}</sst>')
    return out.getvalue()


def test_a_row_of_more_than_a_row_may_hold_is_refused_alone_however_its_cells_come_to_it():
    ((line, refused),) = rows_apart(of_one_long_text(columns=17, rows=1), 10)
    assert (line, type(refused), refused.facts) == (2, errors.LineTooLong, {"bytes_max": 512 * 1024})


def test_a_small_workbook_that_is_a_large_table_is_refused_and_takes_no_memory_here():
    body = of_one_long_text(columns=15, rows=60)
    assert len(body) < 30_000
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    read: list[int] = []
    with pytest.raises(errors.SheetTooLarge):
        read.extend(line for line, _ in rows_apart(body, 60))
    assert 40 < len(read) < 60  # one after the other, within 64 MiB in all
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 48 * 1024  # KiB


def test_a_mark_of_the_order_of_bytes_is_no_part_of_the_first_row():
    lines = io.BytesIO(b'\xef\xbb\xbf{"external_id": "A"}\r\n{"external_id": "B"}\r\n')
    rows = [read_row(number, line, "demands", "en") for number, line in rows_in(lines, media=NDJSON, rows_max=9)]
    assert [(row.line, row.external_id, row.problem) for row in rows] == [(1, "A", None), (2, "B", None)]


async def send(api, key, body, media):
    return await api.post(
        "/v1/imports?kind=offers&source=sheet&submit=true", content=body, headers={"Content-Type": media}, key=key
    )


async def test_a_spreadsheet_and_a_csv_become_the_same_listings_with_a_report_per_row(tx, keys, api):
    unit = await an_organisation(tx, keys=keys, kind=OrgKind.UNIVERSITY)
    second = ["X-2", "示例成果二", "示例数据 / sample data", "", 12, "transfer", "fixed", "1.005", ""]
    answer = await send(api, unit.key, an_xlsx(HEADER, ROW, second), XLSX)
    assert answer.status_code == 201, answer.text
    report = answer.json()
    assert (report["accepted"], report["refused"]) == (1, 1)
    assert [(row["line"], row["outcome"]) for row in report["rows"]] == [(2, "accepted"), (3, "refused")]
    assert report["rows"][1]["refusal"]["pointer"] in ("/trl", "/price/amount")
    listing = (await api.get(f"/v1/listings/{report['rows'][0]['listing_id']}", key=unit.key)).json()
    assert (listing["state"], listing["terms"]["price"], listing["expires_on"]) == (
        "SUBMITTED",
        {"amount": "500000.00", "currency": "CNY"},
        "2100-12-31",
    )
    again = (await send(api, unit.key, a_csv(CHINESE, ROW, encoding="gb18030"), CSV)).json()
    assert [row["outcome"] for row in again["rows"]] == ["unchanged"]


async def test_a_torn_spreadsheet_changes_nothing_and_says_what_would_do(tx, keys, api):
    unit = await an_organisation(tx, keys=keys, kind=OrgKind.UNIVERSITY)
    answer = await send(api, unit.key, an_xlsx(HEADER, ROW)[:-50], XLSX)
    assert (answer.status_code, answer.json()["code"]) == (422, "hub.sheet_unreadable")
    assert (await api.get("/v1/listings?mine=true", key=unit.key)).json()["items"] == []


def test_a_moment_in_a_cell_is_a_day_when_it_has_no_hour():
    header, row = ["external_id", "deadline"], ["X", datetime(2026, 6, 30)]  # noqa: DTZ001
    assert next(iter(rows_of_xlsx(an_xlsx(header, row))))[1]["deadline"] == "2026-06-30"
