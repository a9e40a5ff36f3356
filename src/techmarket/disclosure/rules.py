"""What a document may be called, what opens it, and which agreement holds: pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from techmarket.db import media
from techmarket.disclosure import errors
from techmarket.disclosure.lifecycle import RequestState
from techmarket.disclosure.tiers import Reach, Tier

NAME_MAX = 200
BY_HAND, PAPER = "owner", "paper"
SCANS = frozenset({media.PDF, media.PNG, media.JPEG})
FOLDER_FORM = re.compile(r"[A-Za-z0-9_-]{1,64}")
_FORBIDDEN = re.compile(r'[/\\:*?"<>|\x00-\x1f\x7f]')
_RESERVED = re.compile(r"(?i:con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(?:\..*)?")


@dataclass(frozen=True, slots=True)
class RoomLimits:
    """How large one upload may be and how long it may take, and how much a data room holds: the market's to set."""

    upload_bytes_max: int = 64 * 1024**2
    upload_seconds: float = 600.0
    documents_max: int = 2_000
    bytes_max: int = 8 * 1024**3


class ReadOutcome(StrEnum):
    READ = "READ"
    REFUSED = "REFUSED"


@dataclass(frozen=True, slots=True)
class TextFacts:
    """What decides which text holds for a subject."""

    id: UUID
    subject: str | None
    version: int
    published_at: datetime
    binds_from: datetime | None


def check_quota(limits: RoomLimits, *, documents: int, kept: int, more: int = 1) -> None:
    """A data room holds a number of versions and a number of bytes; what was taken back counts, for it is kept."""
    if documents >= limits.documents_max:
        raise errors.TooManyVersions(documents_max=limits.documents_max)
    if kept + more > limits.bytes_max:
        raise errors.TooManyBytes(bytes_max=limits.bytes_max, left=max(0, limits.bytes_max - kept))


def check_document_name(name: str) -> None:
    """A document has a plain name: no path, nothing hidden, nothing that a reader's computer would obey."""
    plain = 0 < len(name) <= NAME_MAX and name == name.strip() and not name.startswith(".") and not name.endswith(".")
    if not plain or _FORBIDDEN.search(name) or ".." in name or _RESERVED.fullmatch(name):
        raise errors.BadDocumentName(pointer="/query/name")


def check_folder(folder: str, *, pointer: str = "/query/folder") -> None:
    """A folder is one word: folders do not nest."""
    if not FOLDER_FORM.fullmatch(folder):
        raise errors.BadFolder(pointer=pointer)


def ceiling(basis: str) -> Tier:
    """What an owner opens by hand opens no more than the registered tier: the rest takes an agreement, signed here or
    on paper, or a reason that is not his."""
    return Tier.REGISTERED if basis == BY_HAND else Tier.DEAL


def of_itself(named: Tier | None, folder: Tier | None) -> Tier | None:
    """The highest tier at which a document is open by a grant of its own or of its folder; never that of a deal."""
    opened = [tier for tier in (named, folder) if tier is not None]
    return min(max(opened), Tier.NDA) if opened else None


def is_known(tier: Tier, *, reach: Reach | None, named: Tier | None = None, folder: Tier | None = None) -> bool:
    """Who reaches a document's tier knows of it; so does whom it, or its folder, was opened to up to that tier.

    Who is not let into the room reaches nothing there.
    """
    alone = of_itself(named, folder)
    return (alone is not None and tier <= alone) or (reach is not None and reach.opens(tier))


def is_open(
    tier: Tier, *, reach: Reach | None, by_name: bool, named: Tier | None = None, folder: Tier | None = None
) -> bool:
    """Who knows of a document may read it; one that is opened by name only, whom it was opened to by name."""
    return is_known(tier, reach=reach, named=named, folder=folder) and (named is not None or not by_name)


def basis_of_paper(document_id: UUID) -> str:
    return f"{PAPER}:{document_id}"


def is_by_hand(basis: str) -> bool:
    """What an owner opened, and may close again; what an agreement or a deal opened ends with that."""
    return basis == BY_HAND or basis.startswith(f"{PAPER}:")


def is_paper(media_type: str, *, is_withdrawn: bool, signed_on: date, today: date) -> bool:
    """A scan of an agreement that stands in the room and was signed before it is relied on."""
    return media_type in SCANS and not is_withdrawn and signed_on <= today


def has_lapsed(state: RequestState, until: datetime, now: datetime) -> bool:
    """A request that nobody has decided lapses when the time it asks for is over."""
    return state is RequestState.ASKED and until <= now


def is_stamped(tier: Tier, *, can_be: bool, is_owner: bool) -> bool:
    """Every copy above the public tier names its reader; the owner gets his own bytes back."""
    return can_be and tier > Tier.PUBLIC and not is_owner


def texts_of(texts: Iterable[TextFacts], subject: str) -> list[TextFacts]:
    """The texts that stand for a subject, oldest first: its own if it has any, else the owner's general ones."""
    own = [text for text in texts if text.subject == subject]
    general = [text for text in texts if text.subject is None]
    return sorted(own or general, key=lambda text: text.version)


def text_to_sign(texts: Iterable[TextFacts], subject: str) -> TextFacts | None:
    """Whoever signs today signs the newest text."""
    standing = texts_of(texts, subject)
    return standing[-1] if standing else None


def cut_at(signed: TextFacts, texts: Iterable[TextFacts], subject: str) -> datetime | None:
    """An agreement to an earlier text opens nothing from the moment its owner says that a newer one binds."""
    later = [text for text in texts_of(texts, subject) if text.published_at > signed.published_at]
    return min((text.binds_from for text in later if text.binds_from is not None), default=None)


def check_same(latest: tuple[int, str, Tier, bool] | None, *, sha256: str, tier: Tier, by_name: bool) -> None:
    """The same bytes under the same name and for the same readers are no new version."""
    if latest is not None and latest[1:] == (sha256, tier, by_name):
        raise errors.SameDocument(version=latest[0])
