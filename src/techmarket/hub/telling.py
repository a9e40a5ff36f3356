"""Who is told of an entry of the journal, and in which words: pure.

The public is told in the coarse words of the contract (`listing.published`, `trade.changed`): what changed can be read
at the thing's own door, cut to the reader's tier. Organisations are told of what concerns them in the journal's own
words. Whether the public knows of a thing is judged by the entries before, in their order, never by how the thing
stands when somebody asks: so every reader finds the same changes whenever he reads, and also the last one, that a thing
is no longer to be seen.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from uuid import UUID

from techmarket.identity.actor import Role
from techmarket.kernel.ids import Ref
from techmarket.notices.kinds import KINDS, NoticeKind, Place, Readers

PUBLIC = UUID(int=0)
"""The audience of everyone, where others are organisations."""


LEFT, JOINED = UUID(int=1), UUID(int=2)
"""Of everyone those who follow one node alone: the one that a listing left, and the one that it came to."""


class Effect(StrEnum):
    """What an entry does to what the public knows of its thing."""

    SHOW = "SHOW"  # it can be seen from now on
    CHANGE = "CHANGE"  # told while it can be seen
    HIDE = "HIDE"  # it can no longer be seen: told once to those who could
    SAY = "SAY"  # told, whatever was before


@dataclass(frozen=True, slots=True)
class Outward:
    """An entry as everyone is told of it: a type, the one thing it is about, facts that are public by themselves."""

    type: str
    thing: str
    effect: Effect
    facts: tuple[str, ...] = ()


def _all(outward: Outward, *kinds: str) -> dict[str, Outward]:
    return dict.fromkeys(kinds, outward)


_LISTING_CHANGED = Outward("listing.changed", "listing", Effect.CHANGE)
_LISTING_SHOWN = Outward("listing.published", "listing", Effect.SHOW)
_LISTING_REMOVED = Outward("listing.removed", "listing", Effect.HIDE)
_TRADE_CHANGED = Outward("trade.changed", "trade", Effect.CHANGE)
_NOTICE_CHANGED = Outward("notice.changed", "notice", Effect.CHANGE, ("notice_kind",))

OUTWARD: Mapping[str, Outward] = {
    **_all(_LISTING_SHOWN, "listings.accepted", "listings.published", "listings.renewed", "listings.reopened"),
    **_all(_LISTING_CHANGED, "listings.engaged", "listings.disengaged", "listings.closed"),
    **_all(_LISTING_REMOVED, "listings.withdrawn", "listings.expired", "listings.returned", "listings.submitted"),
    "listings.scenario_list_published": Outward("scenario_list.published", "scenario_list", Effect.SHOW),
    "listings.scenario_list_amended": Outward("scenario_list.changed", "scenario_list", Effect.CHANGE),
    "listings.scenario_list_closed": Outward("scenario_list.changed", "scenario_list", Effect.CHANGE),
    "trading.announced": Outward("trade.announced", "trade", Effect.SHOW, ("number", "method")),
    **_all(
        _TRADE_CHANGED,
        *(f"trading.{name}" for name in ("lot_announced", "extended", "suspended", "resumed", "opening_moved")),
        *(f"trading.{name}" for name in ("bidding_opened", "lot_paused", "lot_resumed", "lot_closed")),
        *(f"trading.{name}" for name in ("reserve_revealed", "lot_unsold", "lot_terminated", "unsold", "terminated")),
        *(f"trading.award_{name}" for name in ("concluded", "lapsed", "annulled", "defaulted")),
    ),
    "notices.posted": Outward("notice.posted", "notice", Effect.SHOW, ("notice_kind",)),
    **_all(
        _NOTICE_CHANGED,
        *(f"notices.{name}" for name in ("started", "extended", "suspended", "resumed", "corrected", "cleared")),
        "notices.price_allowed",
        "notices.no_longer_stands",
    ),
    "transparency.key_published": Outward("log.key_published", "", Effect.SAY, ("kid", "use", "key")),
    "transparency.key_retired": Outward("log.key_retired", "", Effect.SAY, ("kid", "use")),
    "transparency.log_opened": Outward("log.opened", "log", Effect.SAY, ("previous_size",)),
}

PUBLIC_TYPES = tuple(dict.fromkeys(outward.type for outward in OUTWARD.values()))

_TO_SELLER = frozenset(
    f"trading.{name}"
    for name in (
        *("returned", "announced", "extended", "suspended", "resumed", "opening_moved", "termination_declined"),
        *("unsold", "terminated", "bidding_opened", "lot_paused", "lot_resumed", "lot_closed", "lot_awaits"),
        *("lot_unsold", "lot_terminated", "reserve_not_revealed", "first_refusal_asked", "first_refusal_exercised"),
        *("award_offered", "award_concluded", "award_lapsed", "award_annulled", "award_defaulted", "buyers_turn"),
        *("participant_registered", "participant_admitted", "participant_rejected", "participant_withdrew"),
        *("participant_qualified", "first_refusal_waived"),
    )
)
_TO_PARTICIPANT = frozenset(
    f"trading.{name}"
    for name in (
        *("participant_registered", "participant_admitted", "participant_rejected", "participant_withdrew"),
        *("participant_qualified", "deposit_asked", "deposit_held", "deposit_released", "deposit_paid_in"),
        *("deposit_forfeited", "mandate_signed", "consortium_agreed", "first_refusal_decided"),
    )
)
_OF_AWARD = frozenset(
    f"trading.{name}"
    for name in (
        *("award_offered", "award_concluded", "award_lapsed", "award_annulled", "award_defaulted", "buyers_turn"),
        "runner_up_released",
    )
)
_OF_CERTIFICATE = frozenset(
    f"certification.certificate_{name}" for name in ("issued", "suspended", "reinstated", "replaced", "revoked")
)
_CONTRACT_KNOWN = frozenset(
    f"contracts.{name}"
    for name in ("signing_opened", "contract_in_force", "awaits_clearance", "contract_attested", "contract_confirmed")
)
"""From these on the other side knows of a contract; a draft is its drafter's alone."""
_OF_ONE_SIDE = frozenset(
    {"contracts.contract_drafted", "contracts.rests_on", "contracts.authority_recorded", "contracts.authority_decided"}
)
_NOT_TO_OWNER = frozenset({"disclosure.document_read"})


def concerned(kind: str) -> tuple[str, ...]:
    """The kinds of things an entry of this kind names whose organisations are told of it."""
    room = kind.partition(".")[0]
    things: list[str] = []
    if room in ("listings", "disclosure") and kind not in _NOT_TO_OWNER:
        things += ["listing"]
    if room == "achievements":
        things += ["achievement"]
    if room == "notices":
        things += ["trade", "award", "contract"]
    if kind in _TO_SELLER:
        things += ["trade", "lot"]
    if kind in _TO_PARTICIPANT:
        things += ["participant"]
    if kind in _OF_AWARD:
        things += ["award"]
    if (room == "contracts" and kind not in _OF_ONE_SIDE) or kind in _OF_CERTIFICATE:
        things += ["contract"]
    if room == "settlement":
        things += ["due"]
    return tuple(things)


@dataclass(frozen=True, slots=True)
class Fact:
    """An entry as far as telling depends on it."""

    position: int
    org: UUID | None
    kind: str
    refs: tuple[str, ...]
    facts: Mapping[str, Any]

    def things(self) -> list[Ref]:
        """Everything the entry names, its subject too."""
        named = [Ref.parse(one) for one in self.refs]
        subject = self.facts.get("subject")
        if isinstance(subject, str):
            with suppress(ValueError):  # not every subject is named by an id
                named.append(Ref.parse(subject))
        return named

    def thing(self, kind: str) -> Ref | None:
        return next((one for one in self.things() if one.kind == kind), None)


@dataclass(frozen=True, slots=True)
class Told:
    """That an audience is told of an entry, under a type."""

    position: int
    audience: UUID
    type: str
    node: UUID | None = None


@dataclass(slots=True)
class Known:
    """What the public, and the other side of a contract, know of by now; changed by what they are told."""

    shown: set[str] = field(default_factory=set)
    hidden: set[str] = field(default_factory=set)

    def show(self, thing: str) -> None:
        self.shown.add(thing)
        self.hidden.discard(thing)

    def hide(self, thing: str) -> None:
        self.shown.discard(thing)
        self.hidden.add(thing)


def outward_of(entry: Fact) -> Outward | None:
    """How everyone is told of it, if the kind alone lets it be told."""
    outward = OUTWARD.get(entry.kind)
    if entry.kind == "listings.accepted" and not entry.facts.get("is_published"):
        return None
    if entry.kind == "notices.posted":
        kind = KINDS[NoticeKind(entry.facts["notice_kind"])]
        if entry.facts.get("place") != Place.MARKET or kind.readers is not Readers.EVERYONE:
            return None
    return outward


def tell(
    entry: Fact,
    known: Known,
    orgs: Mapping[str, Collection[UUID]],
    holders: Collection[UUID] = (),
) -> list[Told]:
    """Everyone who is told of an entry, once each.

    `orgs` names the organisations of the things in it; `holders` those to whom more than the public of its listing is
    open and who see that it changed.
    """
    told: dict[UUID, str] = {}
    outward = outward_of(entry)
    if outward is not None and _is_for_everyone(outward, entry, known):
        told[PUBLIC] = outward.type
    listing = entry.thing("listing")
    if entry.kind == "listings.amended" and listing is not None and str(listing) in known.shown:
        told |= dict.fromkeys(holders, _LISTING_CHANGED.type)
    for organisation in _organisations(entry, known, orgs):
        told[organisation] = entry.kind
    return [Told(entry.position, audience, type) for audience, type in told.items()] + _of_move(entry, known)


def _of_move(entry: Fact, known: Known) -> list[Told]:
    """A listing that everyone can see has moved from one node to another: for who follows the one it is gone, for who
    follows the other it has come. To everybody else nothing has happened."""
    listing = entry.thing("listing")
    if entry.kind != "listings.moved_to_node" or listing is None or str(listing) not in known.shown:
        return []
    ways = ((LEFT, _LISTING_REMOVED.type, "left_node"), (JOINED, _LISTING_SHOWN.type, "node"))
    return [
        Told(entry.position, audience, type, UUID(node))
        for audience, type, name in ways
        if (node := entry.facts.get(name)) is not None
    ]


def _is_for_everyone(outward: Outward, entry: Fact, known: Known) -> bool:
    if outward.effect is Effect.SAY:
        return True
    thing = entry.thing(outward.thing)
    if thing is None:
        return False
    was_known = str(thing) in known.shown
    if outward.effect is Effect.SHOW:
        known.show(str(thing))
        return True
    if outward.effect is Effect.HIDE and was_known:
        known.hide(str(thing))
    return was_known


def _organisations(entry: Fact, known: Known, orgs: Mapping[str, Collection[UUID]]) -> list[UUID]:
    """Who did it, whom it names, and whose thing it is about."""
    found: dict[UUID, None] = {}
    if entry.org is not None:
        found[entry.org] = None
    found |= {one.id: None for one in entry.things() if one.kind == "organisation"}
    wanted = concerned(entry.kind)
    for thing in entry.things():
        if thing.kind not in wanted:
            continue
        if thing.kind == "contract":
            if entry.kind in _CONTRACT_KNOWN:
                known.show(str(thing))
            elif str(thing) not in known.shown:
                continue
        found |= dict.fromkeys(orgs.get(str(thing), ()))
    return list(found)


# --- who may read on behalf of an organisation ------------------------------------------------------------------------

_OFFICERS = frozenset(
    {Role.ADMINISTRATOR, Role.LISTING_OFFICER, Role.TRADER, Role.SIGNATORY, Role.FINANCE, Role.BROKER}
)
_READERS: tuple[tuple[str, frozenset[Role]], ...] = (
    ("hub.administrator_", frozenset(Role)),
    ("trading.participant_", frozenset({Role.LISTING_OFFICER, Role.TRADER})),
    ("trading.offer_", frozenset({Role.LISTING_OFFICER, Role.TRADER})),
    ("trading.deposit_", frozenset({Role.LISTING_OFFICER, Role.TRADER, Role.FINANCE})),
    ("identity.", frozenset({Role.ADMINISTRATOR})),
    ("settlement.", frozenset({Role.ADMINISTRATOR, Role.FINANCE})),
    ("revenue.", frozenset({Role.ADMINISTRATOR, Role.FINANCE, Role.LISTING_OFFICER})),
)


def may_read(roles: Collection[Role], type: str) -> bool:
    """Not every member reads everything that concerns his organisation: who bids is for those who sell, say."""
    return bool(readers_of(type) & frozenset(roles))


def readers_of(type: str) -> frozenset[Role]:
    return next((roles for prefix, roles in _READERS if type.startswith(prefix)), _OFFICERS)


# --- what an item says ------------------------------------------------------------------------------------------------


def public_content(entry: Fact) -> tuple[tuple[str, ...], dict[str, Any]]:
    """Refs and facts of an entry as everyone is told them."""
    outward = OUTWARD.get(entry.kind, _LISTING_CHANGED)
    thing = entry.thing(outward.thing) if outward.thing else None
    refs = (str(thing),) if thing is not None else ()
    return refs, {name: entry.facts[name] for name in outward.facts if name in entry.facts}
