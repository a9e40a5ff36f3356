"""What kind of file the bytes say they are: nobody's word for it is taken. Pure."""

from __future__ import annotations

import codecs
import re

PDF = "application/pdf"
PNG = "image/png"
JPEG = "image/jpeg"
ZIP = "application/zip"
TEXT = "text/plain"
JSON = "application/json"
NDJSON = "application/x-ndjson"
CSV = "text/csv"
_OFFICE = "application/vnd.openxmlformats-officedocument"
DOCX = f"{_OFFICE}.wordprocessingml.document"
XLSX = f"{_OFFICE}.spreadsheetml.sheet"
PPTX = f"{_OFFICE}.presentationml.presentation"

NAMES = {
    "pdf": PDF,
    "png": PNG,
    "jpeg": JPEG,
    "txt": TEXT,
    "zip": ZIP,
    "docx": DOCX,
    "xlsx": XLSX,
    "pptx": PPTX,
    "json": JSON,
}
"""Every type the market can tell from its bytes, by the short name that a rule uses for it."""
ARCHIVES = frozenset({ZIP, DOCX, XLSX, PPTX})

_LOCAL_HEADER = b"PK\x03\x04"
MAGIC: dict[str, tuple[bytes, ...]] = {
    PDF: (b"%PDF-",),
    PNG: (b"\x89PNG\r\n\x1a\n",),
    JPEG: (b"\xff\xd8\xff",),
    ZIP: (_LOCAL_HEADER,),
    DOCX: (_LOCAL_HEADER,),
    XLSX: (_LOCAL_HEADER,),
    PPTX: (_LOCAL_HEADER,),
    JSON: (b"{", b"["),
    TEXT: (),
    NDJSON: (),
    CSV: (),
}
"""How a file of each type begins."""

HEAD_BYTES = 512
_NOT_TEXT = (
    *(start for media, starts in MAGIC.items() if media != JSON for start in starts),
    b"MZ",
    b"\x7fELF",
    b"Rar!",
    b"7z\xbc\xaf",
    b"\x1f\x8b",
)
_MARKUP = re.compile(
    rb"\s*(?:\xef\xbb\xbf)?\s*<\s*(?:!doctype|html|head|body|script|svg|iframe|\?xml|\?php)", re.IGNORECASE
)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f]")


def begins_as(media_type: str, head: bytes) -> bool:
    """The first bytes are those of the type; text is what begins as nothing else, and is no page in disguise."""
    starts = MAGIC[media_type]
    if starts:
        return any(head.startswith(start) for start in starts)
    return not any(head.startswith(start) for start in _NOT_TEXT) and not _MARKUP.match(head)


class TextWatch:
    """Text is UTF-8 without control characters from its first byte to its last, however it is cut into chunks."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self.is_text = True

    def feed(self, chunk: bytes, *, final: bool = False) -> None:
        if not self.is_text:
            return
        try:
            self.is_text = not _CONTROL.search(self._decoder.decode(chunk, final))
        except UnicodeDecodeError:
            self.is_text = False
