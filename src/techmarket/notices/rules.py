"""When a notice starts, how it stands at an instant, what it must say, and who may object to it on which grounds."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from techmarket.identity.actor import Actor, OrgKind, Role
from techmarket.kernel.periods import Length, Unit
from techmarket.notices import errors
from techmarket.notices.kinds import KINDS, Effect, KindRow, NoticeKind, Objector, Place
from techmarket.notices.lifecycle import NoticeState
from techmarket.rulebook.rules import AppliesTo, Binding, Rule

SPEAKERS = frozenset({Role.ADMINISTRATOR, Role.LISTING_OFFICER, Role.SIGNATORY})
"""Who speaks for a unit: what they publish for it is not theirs to object to."""


def check_extension(
    length: Length, at_most: int, *, unit: Unit, least: Length | None, at_most_allowed: int | None
) -> None:
    """A step counts in the unit of its notice, is no shorter than the rule says, and there are no more than it says."""
    if length.unit is not unit or unit not in (Unit.DAYS, Unit.WORKING_DAYS):
        raise errors.ExtensionInAnotherUnit(unit=unit, pointer="/body/extension/unit")
    if least is not None and (least.unit is not unit or length.n < least.n):
        raise errors.ExtensionTooShort(least=least.n, unit=least.unit, pointer="/body/extension/n")
    if at_most < 1 or (at_most_allowed is not None and at_most > at_most_allowed):
        raise errors.TooManyExtensions(at_most=at_most_allowed, pointer="/body/extension/at_most")


def check_runs(
    state: NoticeState,
    *,
    ends_at: datetime | None,
    now: datetime,
    missing_places: Sequence[Place] = (),
    open_objections: int = 0,
) -> None:
    """Only a period that has started, has not ended and is not stopped can be extended or suspended."""
    match state_at(state, ends_at, now):
        case NoticeState.RUNNING:
            return
        case NoticeState.PREPARED:
            raise errors.NotStarted(missing_places=list(missing_places))
        case NoticeState.PAUSED:
            raise _stopped(open_objections)
        case NoticeState.CLEARED:
            raise errors.PeriodOver(ended_at=ends_at)
        case gone:
            raise errors.NoLongerStands(state=gone)


def _stopped(open_objections: int) -> errors.Paused | errors.Suspended:
    return errors.Paused(open_objections=open_objections) if open_objections else errors.Suspended()


def owner_kinds(kind: OrgKind, *, government_established: bool) -> tuple[str, ...]:
    """A company of the state is bound by the rules for state assets, its university or institute by its own rules."""
    if not government_established:
        return (AppliesTo.ENTERPRISE, AppliesTo.NON_SOE, AppliesTo.ANY)
    if kind is OrgKind.ENTERPRISE:
        return (AppliesTo.SOE, AppliesTo.ENTERPRISE, AppliesTo.ANY)
    return (AppliesTo.GOVERNMENT_UNIT, AppliesTo.NON_SOE, AppliesTo.ANY)


def jurisdiction_of(jurisdiction: str, *, applies_local_rules: bool) -> str:
    """A central unit may be exempt from the rules of the place it sits in."""
    return jurisdiction if applies_local_rules else "CN"


def start_of(places: Collection[Place], posted: Mapping[Place, datetime]) -> datetime | None:
    """A notice starts when it stands in all its places: with the later of the postings."""
    if any(place not in posted for place in places):
        return None
    return max(posted[place] for place in places)


def state_at(state: NoticeState, ends_at: datetime | None, now: datetime) -> NoticeState:
    """A running notice whose period has ended without an objection has cleared, also before anybody wrote it down."""
    if state is NoticeState.RUNNING and ends_at is not None and ends_at <= now:
        return NoticeState.CLEARED
    return state


def check_cleared(
    state: NoticeState,
    *,
    ends_at: datetime | None,
    now: datetime,
    missing_places: Sequence[Place] = (),
    open_objections: int = 0,
) -> None:
    """What waits for a notice waits until its period has ended without an open or upheld objection."""
    match state_at(state, ends_at, now):
        case NoticeState.CLEARED:
            return
        case NoticeState.PREPARED:
            raise errors.NotStarted(missing_places=list(missing_places))
        case NoticeState.RUNNING:
            raise errors.StillRunning(ends_at=ends_at)
        case NoticeState.PAUSED:
            raise _stopped(open_objections)
        case NoticeState.UPHELD:
            raise errors.Upheld()
        case gone:
            raise errors.NoLongerStands(state=gone)


def check_objection_in_time(
    state: NoticeState, *, ends_at: datetime | None, now: datetime, missing_places: Sequence[Place] = ()
) -> None:
    """An objection is taken from the start of the notice to its last instant, also while another one is open."""
    match state:
        case NoticeState.PREPARED:
            raise errors.NotStarted(missing_places=list(missing_places))
        case NoticeState.RUNNING if ends_at is None or now < ends_at:
            return
        case NoticeState.PAUSED:
            return
        case NoticeState.RUNNING | NoticeState.CLEARED:
            raise errors.Ended(ended_at=ends_at)
        case gone:
            raise errors.NoLongerStands(state=gone)


def is_overdue(now: datetime, *, acknowledge_by: datetime | None, decide_by: datetime | None) -> bool:
    """An open objection is overdue once a deadline has passed without the act it is for."""
    return any(deadline is not None and deadline <= now for deadline in (acknowledge_by, decide_by))


def check_lines(effect: Effect, known: Collection[str] | None, named: Sequence[str] | None) -> None:
    """An objection to a list names its lines; an objection to anything else is about the whole."""
    pointer = "/body/lines"
    if effect is Effect.PAUSES:
        if named:
            raise errors.LinesNotTaken(pointer=pointer)
        return
    if not named:
        raise errors.LinesNeeded(pointer=pointer)
    unknown = [] if known is None else sorted(set(named) - set(known))
    if unknown:
        raise errors.UnknownLines(lines=unknown, pointer=pointer)


def check_fields(kind: KindRow, document: Mapping[str, Any]) -> None:
    """A notice states what its kind must state."""
    missing = [name for name in kind.fields if _is_missing(document.get(name))]
    if missing:
        raise errors.FieldsMissing(fields=missing)


def _is_missing(value: object) -> bool:
    """Of several things each is stated: what is said of one says nothing of the others."""
    return _says_nothing(value) or (isinstance(value, list | tuple) and any(_says_nothing(one) for one in value))


def _says_nothing(value: object) -> bool:
    """Nothing, an empty text, or a list or an object in which nothing but that stands."""
    if isinstance(value, Mapping | list | tuple):
        parts = list(value.values()) if isinstance(value, Mapping) else list(value)
        return bool(parts) and all(_says_nothing(one) for one in parts)
    return value is None or (isinstance(value, str) and not value.strip())


def check_price_again(price_minor: int | None, *, upheld: int | None, allowed: int | None, notice: UUID) -> None:
    """After an objection to a price was upheld only a higher one is published, or one the operator has allowed.

    Where either price is made of royalties alone nothing shows that it is higher.
    """
    paid = price_minor or 0
    is_higher = upheld is not None and paid > upheld
    is_allowed = allowed is not None and paid >= allowed
    if not (is_higher or is_allowed):
        raise errors.PriceUpheldBefore(notice=notice)


def check_length(length: Length, rule: Rule | None) -> None:
    """A notice stands at least as long as the law says; what was only agreed or chosen rejects nothing."""
    if rule is None or rule.binding is not Binding.MANDATORY or not rule.is_enforceable:
        return
    least = rule.length
    if length.unit is not least.unit:
        raise errors.RuleInAnotherUnit(key=rule.key, unit=least.unit, wanted=length.unit)
    if length.n < least.n:
        raise errors.PeriodTooShort(least=least.n, unit=least.unit, source=rule.source)


def check_correction(kind: NoticeKind, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    """A correction leaves what the kind must state as it is; where any change counts, there is none."""
    row = KINDS[kind]
    if not row.correction_goes_on:
        raise errors.CorrectionNotTaken(notice_kind=kind)
    if dict(old) == dict(new):
        raise errors.NothingChanged()
    changed = [name for name in row.fields if old.get(name) != new.get(name)]
    if changed:
        raise errors.NotACorrection(fields=changed)


NOTES = ("note_zh", "note_en")
INSTEAD_OF = "instead_of"


def restated(kind: NoticeKind, old: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """The words of a notice may be put differently and a note added; what other records say stays as they say it.

    A related party once published is not taken back.
    """
    words = KINDS[kind].words
    if strange := sorted(set(changes) - {*words, *NOTES}):
        raise errors.NotRestatable(parts=strange, possible=[*words, *NOTES], pointer=f"/body/changes/{strange[0]}")
    for name, said in changes.items():
        if not (name in NOTES and isinstance(said, str)) and not _has_shape_of(old.get(name), said):
            raise errors.OtherShape(part=name, pointer=f"/body/changes/{name}")
        if name == "related_party" and said is False and old.get(name) is True:
            raise errors.KinshipTakenBack(pointer="/body/changes/related_party")
    if all(old.get(name) == said for name, said in changes.items()):
        raise errors.NothingChanged()
    return {name: said for name, said in old.items() if name != INSTEAD_OF} | dict(changes)


def _has_shape_of(old: object, new: object) -> bool:
    """A text for a text, or for nothing; as many texts for several, each under its own name."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        return set(old) == set(new) and all(_has_shape_of(old[name], new[name]) for name in old)
    if isinstance(old, list) and isinstance(new, list):
        return len(old) == len(new) and all(_has_shape_of(a, b) for a, b in zip(old, new, strict=True))
    if isinstance(old, bool) or isinstance(new, bool):
        return isinstance(old, bool) and isinstance(new, bool)
    return (old is None or isinstance(old, str)) and (new is None or isinstance(new, str))


def check_standing(
    kind: NoticeKind, actor: Actor, *, owner_org: UUID, party_orgs: Collection[UUID], opened_by: UUID | None
) -> None:
    """Who may object, as the kind says; never its owner, nor the market, which decides."""
    objectors = KINDS[kind].objectors
    if actor.org_id == owner_org:
        if Objector.MEMBERS not in objectors or actor.person_id == opened_by or actor.roles & SPEAKERS:
            raise errors.OwnNotice()
        return
    named = Objector.PARTIES in objectors and actor.org_id in party_orgs
    if actor.is_market or not (named or Objector.ANYONE in objectors):
        raise errors.NoStanding(objectors=list(objectors))


def grounds_key(grounds: str, lines: Iterable[str] | None) -> str:
    """Grounds are the same when they say the same of the same lines, whatever their case, spaces and punctuation."""
    plain = unicodedata.normalize("NFKC", grounds).casefold()
    said = "".join(sign for sign in plain if sign.isalnum())
    return hashlib.sha256("\n".join([said, *sorted(set(lines or ()))]).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Ended:
    """An objection of the same party on the same grounds that has ended, and what it rested on."""

    at: datetime
    evidence: frozenset[str]


def check_not_too_many(filed: int, *, at_most: int | None) -> None:
    """One party files so many objections to one notice, however they ended and whatever their grounds."""
    if at_most is not None and filed >= at_most:
        raise errors.TooManyObjections(at_most=at_most)


def check_grounds(ended: Sequence[Ended], evidence: Collection[str], *, at_most: int | None) -> None:
    """Once decided, the same grounds of the same party need new evidence, as often as the rulebook bears with it."""
    if at_most is None or len(ended) < at_most:
        return
    known = frozenset[str]().union(*(one.evidence for one in ended))
    if not set(evidence) - known:
        raise errors.SameGroundsAgain(ended_at=max(one.at for one in ended), pointer="/body/evidence")
