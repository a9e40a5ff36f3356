"""What a document may be called."""

from __future__ import annotations

import re

from techmarket.disclosure import errors

NAME_MAX = 200
FOLDER_FORM = re.compile(r"[A-Za-z0-9_-]{1,64}")
_FORBIDDEN = re.compile(r'[/\\:*?"<>|\x00-\x1f\x7f]')
_RESERVED = re.compile(r"(?i:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\..*)?")


def check_document_name(name: str) -> None:
    """A document has a plain name: no path, nothing hidden, nothing that a reader's computer would obey."""
    plain = 0 < len(name) <= NAME_MAX and name == name.strip() and not name.startswith(".") and not name.endswith(".")
    if not plain or _FORBIDDEN.search(name) or ".." in name or _RESERVED.fullmatch(name):
        raise errors.BadDocumentName(pointer="/query/name")


def check_folder(folder: str) -> None:
    """A folder is one word: folders do not nest."""
    if not FOLDER_FORM.fullmatch(folder):
        raise errors.BadFolder(pointer="/query/folder")
