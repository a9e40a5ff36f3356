"""Which entries belong to a dossier, and which of them its reader may hold."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from enum import StrEnum
from uuid import UUID


class SubjectKind(StrEnum):
    LISTING = "listing"
    TRADE = "trade"
    CONTRACT = "contract"


class Reader(StrEnum):
    """The owner of the subject, or whoever sees all of it: the market and its regulator."""

    OWNER = "OWNER"
    AUTHORITY = "AUTHORITY"


_COMMON = frozenset({"notice", "objection", "signing", "certificate", "registration"})
FOLLOWED: Mapping[SubjectKind, frozenset[str]] = {
    SubjectKind.LISTING: _COMMON | {"trade", "lot", "award", "contract"},
    SubjectKind.TRADE: _COMMON | {"lot", "award", "contract"},
    SubjectKind.CONTRACT: _COMMON,
}
"""From which things on the entries are followed: never upwards, where other people's business begins."""

SHOWN_TO_OWNER = ("notices.", "trading.", "contracts.", "signing.", "certification.")
"""What others did about the owner's subject and the owner is told: who objected, took part, signed, certified."""
READINGS = ("disclosure.document_read",)
"""The access log: who fetched a document of the owner's."""


def followed(kind: SubjectKind, refs: Iterable[str]) -> set[str]:
    """The things of an entry from which the dossier goes on."""
    return {ref for ref in refs if ref.partition(":")[0] in FOLLOWED[kind]}


def may_hold(reader: Reader, *, kind: str, org: UUID | None, own: UUID, market: Collection[UUID]) -> bool:
    """The owner holds what he did, what the market and the clock did, and what the rooms tell him of others.

    A question's asker is told to nobody but the authorities: not by name, and not by an entry.
    """
    if reader is Reader.AUTHORITY or org is None or org == own or org in market:
        return True
    return kind.startswith(SHOWN_TO_OWNER) or kind in READINGS
