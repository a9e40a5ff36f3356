"""The blinded digest of a priority proof (先知证明): it binds its maker to a document and tells nobody which.

Whoever holds a document makes a salt of 32 random bytes, keeps it, and logs the digest alone. Later he shows document
and salt, and anyone recomputes the digest that the log has held since then. Pure: the maker's own machine runs it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from techmarket.kernel.canonical import canonical_json
from techmarket.kernel.seals import SealKey
from techmarket.transparency import evidence
from techmarket.transparency.evidence import Unproven, unhex

FORM = "techmarket-commitment/1"
PARTS = frozenset({"form", "digest", "opening", "log"})
LOGGED_KIND = "transparency.commitment_logged"
SIZE_MAX = 128 * 1024
_DOMAIN = b"techmarket commitment 1\n"
SALT_SIZE = 32
_HASH = re.compile(r"[0-9a-f]{64}")


def digest_of(salt: bytes, document_sha256: str) -> str:
    """SHA-256 over the domain line, the salt and the document's SHA-256. Without the salt a guess proves nothing."""
    if len(salt) != SALT_SIZE or not _HASH.fullmatch(document_sha256):
        raise ValueError("a salt has 32 bytes, and a document is named by its SHA-256 in small hex")
    return hashlib.sha256(_DOMAIN + salt + bytes.fromhex(document_sha256)).hexdigest()


@dataclass(frozen=True, slots=True)
class Opened:
    """What a commitment's file shows: the digest, who logged it when, and the document once it was revealed."""

    digest: str
    organisation: str
    person: str
    at: str
    document_sha256: str | None
    checked: tuple[str, ...]


def file_bytes(*, digest: str, opening: tuple[str, str] | None, log: Mapping[str, Any]) -> bytes:
    """The file of a commitment; `opening` is document hash and salt, in hex, once they are shown."""
    shown = None if opening is None else {"document_sha256": opening[0], "salt": opening[1]}
    return canonical_json({"form": FORM, "digest": digest, "opening": shown, "log": dict(log)})


def with_opening(raw: bytes, *, document_sha256: str, salt: str) -> bytes:
    """The same file with document hash and salt added by whoever holds them; the log's part stays as it is."""
    parts = evidence.read_document(raw, form=FORM, parts=PARTS, size_max=SIZE_MAX)
    return file_bytes(digest=parts["digest"], opening=(document_sha256, salt), log=parts["log"])


def check_file(raw: bytes, trusted: Mapping[str, SealKey]) -> Opened:
    """The digest stood in the log at that time, and, once opened, it is this document's; else `Unproven`."""
    parts = evidence.read_document(raw, form=FORM, parts=PARTS, size_max=SIZE_MAX)
    shown = evidence.check_log(parts["log"], trusted)
    row = shown.row
    said = (row["kind"], row["facts"].get("digest"))
    who = [row.get("org"), _person(row), row.get("at")]
    if said != (LOGGED_KIND, parts["digest"]) or not all(isinstance(name, str) for name in who):
        raise Unproven(shown.checked[-1])
    document = _opened(parts["opening"], parts["digest"])
    checked = ("form", *shown.checked) if document is None else ("form", *shown.checked, "opening")
    return Opened(parts["digest"], str(who[0]), str(who[1]), str(who[2]), document, checked)


def _person(row: Mapping[str, Any]) -> object:
    """The inventor, by reference; in the first files the row named him as the one who acted."""
    refs = row.get("refs")
    for ref in refs if isinstance(refs, list) else []:
        if isinstance(ref, str) and ref.startswith("person:"):
            return ref.removeprefix("person:")
    return row.get("actor")


def _opened(opening: object, digest: str) -> str | None:
    if opening is None:
        return None
    if not isinstance(opening, dict) or opening.keys() != {"document_sha256", "salt"}:
        raise Unproven("opening")
    document, salt = opening["document_sha256"], unhex(opening["salt"], "opening")
    try:
        fits = digest_of(salt, str(document)) == digest
    except ValueError as error:
        raise Unproven("opening") from error
    if not fits:
        raise Unproven("opening")
    return str(document)
