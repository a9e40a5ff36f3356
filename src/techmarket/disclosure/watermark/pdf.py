"""PDF files: opened, checked and stamped by qpdf."""

from __future__ import annotations

import io
import time
from typing import BinaryIO

import pikepdf

from techmarket.disclosure import errors
from techmarket.disclosure.watermark.stamp import Bounds, Reader, StampPage, stamped

SIDE_MIN, SIDE_MAX = 36.0, 14_400.0
SIZES_MAX = 20


def check(file: BinaryIO, bounds: Bounds) -> None:
    """A PDF that opens without a password and has not too many pages."""
    try:
        with pikepdf.open(file, suppress_warnings=True) as document:
            if document.is_encrypted:
                raise errors.DocumentEncrypted(pointer="/body")
            pages = len(document.pages)
            for page in document.pages:
                _shown_size(page)
    except pikepdf.PasswordError:
        raise errors.DocumentEncrypted(pointer="/body") from None
    except (pikepdf.PdfError, ValueError, TypeError, KeyError, AttributeError):
        raise errors.DocumentBroken(pointer="/body") from None
    if pages == 0:
        raise errors.DocumentBroken(pointer="/body")
    if pages > bounds.pages_max:
        raise errors.DocumentTooLong(pages=pages, pages_max=bounds.pages_max, pointer="/body")


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
                page.add_overlay(stamp, pikepdf.Rectangle(page.trimbox))
            document.docinfo["/TechmarketReading"] = str(reader.entry_id)
            document.save(out)


def _shown_size(page: pikepdf.Page) -> tuple[float, float]:
    """Width and height in points as a reader sees the page: turned, and not beyond reason."""
    box = pikepdf.Rectangle(page.trimbox)
    width, height = (min(max(round(float(side), 1), SIDE_MIN), SIDE_MAX) for side in (box.width, box.height))
    turned = int(page.obj.get("/Rotate", 0)) % 180 == 90
    return (height, width) if turned else (width, height)
