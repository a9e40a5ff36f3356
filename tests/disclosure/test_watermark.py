"""Stamps as another program reads them: every page and every picture names its reader, in full, and work is bounded."""

from __future__ import annotations

import io
import tempfile
import zlib
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pikepdf
import pypdfium2
import pytest
from PIL import Image, ImageChops

from techmarket.db import media
from techmarket.disclosure import errors, watermark
from techmarket.disclosure.watermark import Bounds, Reader
from techmarket.kernel.refusals import Refusal
from tests.disclosure.make import PDF, a_pdf

READER = Reader(
    "示例读者 #eval(1) $x$ \\ *Reader*",
    "示例企业（杭州）有限公司",
    datetime(2026, 3, 2, 1, 30, tzinfo=UTC),
    UUID("0195571c-5f00-7000-8000-000000000001"),
)
SAID = (
    "仅供本人查阅 · Read only by 示例读者 #eval(1) $x$ \\ *Reader* · 示例企业（杭州）有限公司"
    " · 2026-03-02 09:30:00+08:00 · 0195571c-5f00-7000-8000-000000000001"
)
ANOTHER = (
    replace(READER, person="另一读者"),
    replace(READER, organisation="另一企业"),
    replace(READER, at=datetime(2026, 3, 2, 1, 31, tzinfo=UTC)),
    replace(READER, entry_id=UUID(int=7)),
)


def marked(body: bytes, media_type: str, reader: Reader = READER, bounds: Bounds = Bounds()) -> bytes:
    with watermark.mark(io.BytesIO(body), media_type, reader, bounds) as out:
        return out.read()


def checked(body: bytes, media_type: str, bounds: Bounds) -> None:
    """As an upload is looked into: a file on the disk, for it is opened in a process of its own."""
    with tempfile.TemporaryFile() as file:
        file.write(body)
        watermark.check(file, media_type, bounds)


def a_book() -> bytes:
    """Upright, wide, turned by a quarter, and one whose trimmed part does not begin at its corner."""
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(a_pdf((595, 842), (842, 595), (595, 842), (700, 900)))) as document:
        document.pages[2].rotate(90, relative=False)
        document.pages[3].trimbox = [100, 50, 695, 892]
        document.save(out)
    return out.getvalue()


def test_every_page_of_a_pdf_says_who_read_it_when_and_under_which_entry() -> None:
    body = marked(a_book(), media.PDF)
    with pypdfium2.PdfDocument(body) as document:
        pages = [page.get_textpage().get_text_range() for page in document]
    assert len(pages) == 4
    for said in pages:
        plain = "".join(said.split())
        assert "".join(SAID.split()) in plain
        # Across the page again and again, in lines of two.
        assert plain.count("2026-03-0209:30:00+08:00·0195571c-5f00-7000-8000-000000000001") > 3
    with pikepdf.open(io.BytesIO(body)) as document:
        assert document.docinfo["/TechmarketReading"] == str(READER.entry_id)


@pytest.mark.parametrize(
    "boxes",
    [
        {"TrimBox": [0, 0, 1, 1]},
        {"TrimBox": [0, 0, 1, 1], "CropBox": [-5000, -5000, 9000, 9000]},
        {"CropBox": [0, 0, 300, 300]},
    ],
)
def test_a_stamp_covers_what_a_viewer_shows_whatever_the_printer_would_trim(boxes: dict[str, list[int]]) -> None:
    body = bent(**{name: pikepdf.Array(box) for name, box in boxes.items()})
    checked(body, media.PDF, Bounds())
    with pikepdf.open(io.BytesIO(marked(body, media.PDF))) as document:
        page = document.pages[0]
        forms = [one for one in page.obj["/Resources"]["/XObject"].values() if one.get("/Subtype") == "/Form"]
        crop, sheet = pikepdf.Rectangle(page.cropbox), pikepdf.Rectangle(page.mediabox)
        shown = [
            min(crop.urx, sheet.urx) - max(crop.llx, sheet.llx),
            min(crop.ury, sheet.ury) - max(crop.lly, sheet.lly),
        ]
        stamp = pikepdf.Rectangle(forms[-1]["/BBox"])
        assert [round(float(one)) for one in (stamp.width, stamp.height)] == [round(float(one)) for one in shown]


def a_picture(mode: str, size: tuple[int, int] = (900, 700)) -> Image.Image:
    """Grey, or where it can be, wholly see-through."""
    if mode == "RGBA":
        return Image.new("RGBA", size, (90, 90, 90, 0))
    return Image.new("RGB", size, (128, 128, 128))


def saved(picture: Image.Image, form: str, **more: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, form, **more)
    return out.getvalue()


@pytest.mark.parametrize(("form", "mode"), [("PNG", "RGB"), ("PNG", "RGBA"), ("JPEG", "RGB")])
def test_a_picture_is_stamped_all_over_and_differently_for_each_reader_moment_and_entry(form: str, mode: str) -> None:
    media_type = {"PNG": media.PNG, "JPEG": media.JPEG}[form]
    original = saved(a_picture(mode), form)
    body = marked(original, media_type)
    with Image.open(io.BytesIO(body)) as stamped, Image.open(io.BytesIO(original)) as before:
        assert (stamped.format, stamped.size) == (form, before.size)
        differs = ImageChops.difference(stamped.convert("RGB"), before.convert("RGB")).convert("L")
        changed = differs.point(lambda value: 255 if value > 12 else 0)
        for left in range(0, 900, 300):
            for top in range(0, 700, 350):
                assert changed.crop((left, top, left + 300, top + 350)).getbbox() is not None, (left, top)
        if mode == "RGBA":  # what was see-through is not, where the stamp lies: it cannot vanish with the background
            seen = changed.getbbox()
            assert seen is not None
            assert stamped.getchannel("A").getextrema() == (0, 255)
    others = [marked(original, media_type, one) for one in ANOTHER]
    assert len({body, *others}) == 5


def test_a_stamped_photograph_stands_upright_and_takes_nothing_hidden_along() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter
    exif[0x010E] = "where the laboratory is"
    original = saved(a_picture("RGB", (400, 200)), "JPEG", exif=exif, comment=b"hidden comment")
    body = marked(original, media.JPEG)
    with Image.open(io.BytesIO(body)) as stamped:
        assert stamped.size == (200, 400)
        assert dict(stamped.getexif()) == {}
    for hidden in (b"laboratory", b"hidden comment"):
        assert hidden in original
        assert hidden not in body


def encrypted() -> bytes:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(PDF)) as document:
        document.save(out, encryption=pikepdf.Encryption(owner="a", user="b"))
    return out.getvalue()


def a_bomb() -> bytes:
    """A PNG that says it is 50,000 by 50,000, in a hundred bytes."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return len(body).to_bytes(4, "big") + kind + body + zlib.crc32(kind + body).to_bytes(4, "big")

    head = (50_000).to_bytes(4, "big") * 2 + bytes([8, 2, 0, 0, 0])
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(9))) + chunk(b"IEND", b"")


def bent(**keys: object) -> bytes:
    """The sample PDF with its first page's dictionary bent."""
    with pikepdf.open(io.BytesIO(PDF)) as document:
        for name, value in keys.items():
            document.pages[0].obj[f"/{name}"] = value
        document.save(out := io.BytesIO())
    return out.getvalue()


REFUSED: list[tuple[str, bytes, str, type[Refusal]]] = [
    ("a PDF under a password", encrypted(), media.PDF, errors.DocumentEncrypted),
    ("half a PDF", PDF[: len(PDF) // 3], media.PDF, errors.DocumentBroken),
    ("a page of one point", bent(CropBox=pikepdf.Array([0, 0, 1, 1])), media.PDF, errors.DocumentBroken),
    (
        "a page beside its sheet",
        bent(CropBox=pikepdf.Array([2000, 2000, 3000, 3000])),
        media.PDF,
        errors.DocumentBroken,
    ),
    (
        "a page that nothing can be laid over",
        bent(Resources=pikepdf.Dictionary(XObject=pikepdf.Name("/x"))),
        media.PDF,
        errors.DocumentBroken,
    ),
    ("a PDF of four pages", a_book(), media.PDF, errors.DocumentTooLong),
    ("a picture that would be 7.5 GB", a_bomb(), media.PNG, errors.PictureTooLarge),
    ("a picture above the bound", saved(a_picture("RGB", (80, 80)), "PNG"), media.PNG, errors.PictureTooLarge),
    ("half a picture", saved(a_picture("RGB", (40, 40)), "JPEG")[:300], media.JPEG, errors.DocumentBroken),
    ("a picture of another kind", saved(a_picture("RGB", (40, 40)), "GIF"), media.PNG, errors.DocumentBroken),
]


@pytest.mark.parametrize(("what", "body", "media_type", "refusal"), REFUSED, ids=[one[0] for one in REFUSED])
def test_what_could_not_be_stamped_is_refused_at_upload_by_name(
    what: str, body: bytes, media_type: str, refusal: type[Refusal]
) -> None:
    with pytest.raises(refusal):
        checked(body, media_type, Bounds(pages_max=3, pixels_max=6_000))
    checked(PDF, media.PDF, Bounds(pages_max=3, pixels_max=6_000))


def test_a_pdf_is_taken_at_its_word_when_it_says_that_it_has_too_many_pages() -> None:
    with pytest.raises(errors.DocumentTooLong) as refused:
        checked(PDF.replace(b"/Count 1", b"/Count 999"), media.PDF, Bounds(pages_max=3, pixels_max=6_000))
    assert refused.value.facts["pages"] == 999  # none was looked at


def test_stamping_that_takes_too_long_is_given_up_and_leaves_no_file_open() -> None:
    with pytest.raises(errors.StampingBusy):
        marked(a_book(), media.PDF, bounds=Bounds(seconds=-1.0))
