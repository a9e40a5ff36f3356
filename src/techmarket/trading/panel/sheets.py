"""An expert's sheet: one mark for each proposal and criterion, with a nonce, unreadable until the panel is full.

The cipher's key comes from the market's secret, which is not in the database: a copy of the database says only who has
given a sheet. The sheet's hash is in the journal from the start, so that no mark can be changed before the opening.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from techmarket.kernel.canonical import canonical_json, sha256_hex
from techmarket.trading import errors
from techmarket.trading.formula import FULL, panel_points

_DERIVED = b"techmarket score sheet 1\n"
POINTER = "/body/marks"


@dataclass(frozen=True, slots=True)
class Mark:
    """What one expert gives one proposal under one criterion."""

    number: int
    criterion: str
    points: Decimal
    reason: str | None = None


def check_marks(marks: Sequence[Mark], *, numbers: Collection[int], criteria: Collection[str]) -> None:
    """A sheet gives each proposal exactly one mark from 0 to 100 for each criterion of the panel."""
    wanted = {(number, name) for number in numbers for name in criteria}
    said = [(mark.number, mark.criterion) for mark in marks]
    fits = set(said) == wanted and len(said) == len(wanted)
    if not fits or any(not 0 <= mark.points <= FULL for mark in marks):
        shown = [f"{number}: {name}" for number, name in sorted(wanted)]
        raise errors.SheetIncomplete(wanted=shown, pointer=POINTER)


def written(lot_id: UUID, expert: int, marks: Sequence[Mark]) -> bytes:
    """The sheet as bytes: canonical JSON with a nonce, whose hash goes into the journal."""
    body = {
        "lot": str(lot_id),
        "expert": expert,
        "marks": [
            {"number": one.number, "criterion": one.criterion, "points": str(one.points), "reason": one.reason}
            for one in sorted(marks, key=lambda mark: (mark.number, mark.criterion))
        ],
        "nonce": secrets.token_hex(32),
    }
    return canonical_json(body)


def hash_of(sheet: bytes) -> str:
    return sha256_hex(sheet)


class SheetCipher:
    """Keeps the sheets of one lot unreadable to whoever has the database alone."""

    def __init__(self, secret: bytes, lot_id: UUID) -> None:
        self._cipher = AESGCM(HKDF(SHA256(), 32, salt=None, info=_DERIVED + lot_id.bytes).derive(secret))

    def hide(self, sheet: bytes, person_id: UUID) -> bytes:
        nonce = secrets.token_bytes(12)
        return nonce + self._cipher.encrypt(nonce, sheet, person_id.bytes)

    def read(self, hidden: bytes, person_id: UUID) -> bytes:
        return self._cipher.decrypt(hidden[:12], hidden[12:], person_id.bytes)


def points_of(sheets: Sequence[bytes]) -> dict[int, dict[str, Decimal]]:
    """The panel's points of each proposal by criterion, over the sheets that count."""
    marks: dict[tuple[int, str], list[Decimal]] = {}
    for sheet in sheets:
        for one in json.loads(sheet)["marks"]:
            marks.setdefault((one["number"], one["criterion"]), []).append(Decimal(one["points"]))
    points: dict[int, dict[str, Decimal]] = {}
    for (number, criterion), given in sorted(marks.items()):
        points.setdefault(number, {})[criterion] = panel_points(given)
    return points


def opened(lot_id: UUID, sheets: Sequence[bytes]) -> dict[str, Any]:
    """What is published when the panel is complete: every sheet as it was written, and the points they come to."""
    points: Mapping[int, Mapping[str, Decimal]] = points_of(sheets)
    return {
        "lot": str(lot_id),
        "sheets": [json.loads(sheet) for sheet in sheets],
        "points": {str(n): {name: str(value) for name, value in said.items()} for n, said in points.items()},
    }


def points_in(document: Mapping[str, Any]) -> dict[int, dict[str, Decimal]]:
    """The points out of what was published."""
    return {
        int(number): {name: Decimal(value) for name, value in said.items()}
        for number, said in document["points"].items()
    }
