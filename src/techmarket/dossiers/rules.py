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


GROUNDS = frozenset({"approval", "consent"})
"""What a sale rests on. Other sales may rest on it too, so nothing is followed on from there."""
_COMMON = frozenset({"notice", "objection", "signing", "certificate", "registration"}) | GROUNDS
FOLLOWED: Mapping[SubjectKind, frozenset[str]] = {
    SubjectKind.LISTING: _COMMON | {"trade", "lot", "award", "contract"},
    SubjectKind.TRADE: _COMMON | {"lot", "award", "contract"},
    SubjectKind.CONTRACT: _COMMON,
}
"""From which things on the entries are followed: never upwards, where other people's business begins."""

SHOWN_TO_OWNER = (
    "notices.",
    "trading.",
    "contracts.",
    "signing.",
    "certification.",
    "achievements.consent_",
    "achievements.co_owner_",
)
"""What others did about the owner's subject and the owner is told: who objected, took part, signed, consented."""
GROUND_KINDS = ("achievements.approval_", "achievements.consent_", "achievements.co_owner_")
OF_A_CONSENT = frozenset(
    {
        "achievements.consent_asked",
        "achievements.co_owner_consented",
        "achievements.consent_withdrawn",
        "signing.opened",
        "signing.signature_put",
        "signing.completed",
        "signing.voided",
    }
)
"""The whole life of a consent, for whoever may read it."""
RESTS_ON = ("trading.rests_on", "contracts.rests_on")
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


def is_text_shown(reader: Reader, kind: str) -> bool:
    """What a unit decided among its own, with its floor, and what a co-owner signed, the owner alone takes along."""
    return reader is Reader.OWNER or not kind.startswith(GROUND_KINDS)


def is_a_line(kind: str) -> bool:
    """What people read line by line; of a hot lot each batch of bids is an entry, and its closing says enough."""
    return kind != "trading.bids_decided"


TOLD = frozenset(
    {
        "trading.announced",
        "trading.rests_on",
        "trading.lot_announced",
        "trading.extended",
        "trading.suspended",
        "trading.resumed",
        "trading.opening_moved",
        "trading.bidding_opened",
        "trading.lot_sealed",
        "trading.lot_paused",
        "trading.lot_resumed",
        "trading.lot_closed",
        "trading.slots_closed",
        "trading.lot_unsealed",
        "trading.lot_awaits",
        "trading.reserve_revealed",
        "trading.reserve_not_revealed",
        "trading.lot_unsold",
        "trading.lot_terminated",
        "trading.unsold",
        "trading.terminated",
        "trading.award_offered",
        "trading.award_concluded",
        "trading.award_lapsed",
        "trading.award_annulled",
        "trading.award_defaulted",
        "notices.opened",
        "notices.posted",
        "notices.started",
        "notices.extended",
        "notices.suspended",
        "notices.resumed",
        "notices.corrected",
        "notices.objection_filed",
        "notices.objection_acknowledged",
        "notices.objection_decided",
        "notices.objection_withdrawn",
        "notices.objection_carried_over",
        "notices.objection_lapsed",
        "notices.price_allowed",
        "notices.cleared",
        "notices.no_longer_stands",
        "contracts.contract_in_force",
        "contracts.contract_performed",
        "contracts.contract_terminated",
        "contracts.contract_defaulted",
        "contracts.contract_registered",
        "contracts.registration_revoked",
        "certification.certificate_issued",
        "certification.certificate_suspended",
        "certification.certificate_reinstated",
        "certification.certificate_revoked",
        "achievements.approval_in_force",
        "achievements.approval_revoked",
        "achievements.co_owner_consented",
        "achievements.consent_withdrawn",
    }
)
"""What the public file tells happened. That these rows hold nothing but what is public is what the list is for."""


BY_OBJECTORS = frozenset(
    {
        "notices.objection_filed",
        "notices.objection_evidence_added",
        "notices.objection_withdrawn",
        "notices.objection_carried_over",
    }
)
"""Acts of who objects, or about him: an inventor may object to his own employer's notice, so the organisation says
nothing of whether he may be named."""


OF_A_UNIT = frozenset({"achievements.approval_in_force", "achievements.approval_revoked"})
"""Acts of one of several who decided together: who of them is said nowhere."""


def is_shown_whole(
    kind: str, org: UUID | None, publishers: Collection[UUID | None], *, names_a_person: bool = False
) -> bool:
    """The row of an entry names the office that acted; it is given out where that is the seller, market or clock.

    Of the others, an objector, a co-owner and a buyer, the file tells what happened and where in the log it stands. An
    entry of the time when rows named people (`names_a_person`) does not tell who decided in a unit.
    """
    if kind in BY_OBJECTORS or kind.startswith(("achievements.consent_", "achievements.co_owner_")):
        return False
    return org in publishers and not (names_a_person and kind in OF_A_UNIT)
