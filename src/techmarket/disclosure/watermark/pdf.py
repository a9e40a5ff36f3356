"""PDF files: opened, checked and stamped by qpdf."""

from __future__ import annotations

import io
import json
import sys
import time
from typing import Any, BinaryIO

import pikepdf

from techmarket.db import apart
from techmarket.disclosure import errors
from techmarket.disclosure.watermark.stamp import Bounds, Reader, StampPage, stamped

SIDE_MIN, SIDE_MAX = 36.0, 14_400.0
SIZES_MAX = 20
MEMORY_MAX = 512 * 2**20
SECONDS_MAX = 20


def check(file: BinaryIO, bounds: Bounds) -> None:
    """A PDF that opens without a password, has not too many pages, and unpacks to no flood. For a thread.

    It is opened in a process of its own (`db.apart`): what takes too much there would take as much wherever it is
    stamped.
    """
    try:
        said = json.loads(apart.run(__name__, file, arguments=[str(bounds.pages_max)], seconds=SECONDS_MAX))
    except apart.TooMuch:
        raise errors.DocumentTooHeavy(pointer="/body") from None
    match said["fault"]:
        case "encrypted":
            raise errors.DocumentEncrypted(pointer="/body")
        case "broken":
            raise errors.DocumentBroken(pointer="/body")
        case "too_long":
            raise errors.DocumentTooLong(pages=said["pages"], pages_max=bounds.pages_max, pointer="/body")


def look(file: BinaryIO, pages_max: int) -> dict[str, Any]:
    """What is wrong with a PDF, by a word; None if nothing is."""
    try:
        with pikepdf.open(file, suppress_warnings=True) as document:
            if document.is_encrypted:
                return {"fault": "encrypted"}
            stated = document.Root["/Pages"].get("/Count", 0)
            if stated > pages_max:
                return {"fault": "too_long", "pages": int(stated)}
            pages = len(document.pages)
            if pages > pages_max:
                return {"fault": "too_long", "pages": pages}
            with pikepdf.new() as blank:
                blank.add_blank_page(page_size=(SIDE_MIN, SIDE_MIN))
                for page in document.pages:
                    box = _shown_box(page)
                    if min(box.width, box.height) < SIDE_MIN:
                        return {"fault": "broken"}  # no stamp on it could be read
                    _shown_size(page)
                    page.add_overlay(blank.pages[0], box)  # as it is laid over each copy
    except pikepdf.PasswordError:
        return {"fault": "encrypted"}
    except (pikepdf.PdfError, ValueError, TypeError, KeyError, AttributeError):
        return {"fault": "broken"}
    return {"fault": "broken" if pages == 0 else None}


def mark(file: BinaryIO, out: BinaryIO, reader: Reader, deadline: float) -> None:
    """Lay the stamp over every page, the right way up as it is shown, and name the reading in the file's metadata."""
    with pikepdf.open(file, suppress_warnings=True) as document:
        sizes = [_shown_size(page) for page in document.pages]
        kinds = list(dict.fromkeys(sizes))[:SIZES_MAX]
        (made,) = stamped(reader, [StampPage(width, height) for width, height in kinds], as_="pdf")
        with pikepdf.open(io.BytesIO(made)) as stamps:
            for page, size in zip(document.pages, sizes, strict=True):
                if time.monotonic() > deadline:
                    raise errors.StampingBusy(retry_after=10)
                # A file with very many sizes of page gets the first stamp fitted to the others.
                stamp = stamps.pages[kinds.index(size) if size in kinds else 0]
                page.add_overlay(stamp, _shown_box(page))
            document.docinfo["/TechmarketReading"] = str(reader.entry_id)
            document.save(out)


def _shown_box(page: pikepdf.Page) -> pikepdf.Rectangle:
    """What a viewer shows of a page: its crop box, as far as it lies on the sheet, whatever a printer would trim."""
    crop, sheet = pikepdf.Rectangle(page.cropbox), pikepdf.Rectangle(page.mediabox)
    left, bottom = max(crop.llx, sheet.llx), max(crop.lly, sheet.lly)
    right, top = min(crop.urx, sheet.urx), min(crop.ury, sheet.ury)
    return pikepdf.Rectangle(left, bottom, max(left, right), max(bottom, top))


def _shown_size(page: pikepdf.Page) -> tuple[float, float]:
    """Width and height in points as a reader sees the page: turned, and not beyond reason."""
    box = _shown_box(page)
    width, height = (min(max(round(float(side), 1), SIDE_MIN), SIDE_MAX) for side in (box.width, box.height))
    turned = int(page.obj.get("/Rotate", 0)) % 180 == 90
    return (height, width) if turned else (width, height)


def main() -> None:
    """The other side of `check`."""
    apart.limit(memory=MEMORY_MAX, seconds=SECONDS_MAX)
    sys.stdout.write(json.dumps(look(sys.stdin.buffer, int(sys.argv[1]))))
