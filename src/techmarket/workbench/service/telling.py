"""The jobs that tell people: they follow the change feed and the alerts by their own cursors, nothing lost or twice.

What is told and how far it has come are one commit; and what was told is known by its name (`once`), so that even a
cursor that was set back tells nobody again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.achievements import steps as achievements
from techmarket.db import clock, journal, marks, tracing
from techmarket.db.journal import Entry
from techmarket.db.session import Tx
from techmarket.hub import steps as hub
from techmarket.hub.telling import readers_of
from techmarket.identity import steps as identity
from techmarket.identity.actor import Role
from techmarket.identity.steps import MemberFacts, PersonFacts
from techmarket.kernel.periods import next_hour
from techmarket.matching import steps as matching
from techmarket.revenue import steps as revenue
from techmarket.signing import steps as signing
from techmarket.trading import steps as trading
from techmarket.workbench import repository_notes as notes
from techmarket.workbench.telling import ALERT, NOT_TO_ORGANISATIONS, OF_ONESELF, SIGN, STAFF, WORDS, Delivery, wanted

BATCH = 500
DIGEST_HOUR = 8
SIGNINGS = ("signing.opened", "signing.signature_put")
TOLD_ALERTS = "matching.alerts_told"
KINDS = tuple({*WORDS, *SIGNINGS, TOLD_ALERTS})


@dataclass(frozen=True, slots=True)
class Note:
    """That a person is told of something in an organisation."""

    person_id: UUID
    org_id: UUID
    once: str
    kind: str
    object: str | None
    at: datetime
    due: datetime | None = None
    work: str | None = None


async def tell_people(tx: Tx) -> int:
    """Tell of the next entries that the feed has told organisations of; returns how many entries were looked at."""
    async with tx.begin() as db:
        position = await notes.lock_reader(db)
        end = await hub.feed_head(db)
        if position is None or position >= end:
            return 0
        entries = await journal.read(db, after=position - 1, kinds=KINDS, limit=BATCH)
        is_whole = len(entries) < BATCH
        entries = [one for one in entries if one.position < end]
        followed = await marks.of_entries(db, [one.id for one in entries])
        with tracing.going_on("job workbench.tell", list(followed.values())):
            told = [*await _of_organisations(db, entries), *await _of_people(db, entries)]
            told += [*await _of_staff(db, entries), *await _of_signings(db, entries), *await _of_searches(db, entries)]
            await write(db, told)
        await notes.move_reader(db, end if is_whole else entries[-1].position + 1)
        return max(1, len(entries))


async def write(db: AsyncSession, told: Sequence[Note]) -> int:
    """Put notes into inboxes, each in the way its person wants; who wants none of a kind gets none."""
    people = {(one.person_id, one.org_id) for one in told}
    said = await notes.preferences_of(db, people)
    reachable = await notes.with_mail(db, {person for person, _ in people})
    now = await clock.market_now(db)
    rows = []
    for one in told:
        delivery = wanted(one.kind, said.get((one.person_id, one.org_id), {}))
        if delivery is Delivery.OFF:
            continue
        by_mail = delivery if delivery is not Delivery.INBOX and one.person_id in reachable else None
        rows.append(
            {
                "person_id": one.person_id,
                "org_id": one.org_id,
                "once": one.once,
                "kind": one.kind,
                "work": one.work,
                "object": one.object,
                "at": one.at,
                "due": one.due,
                "mail": by_mail,
                "mail_due_at": _mail_at(by_mail, now),
            }
        )
    return await notes.put_notifications(db, rows)


def _mail_at(delivery: Delivery | None, now: datetime) -> datetime | None:
    if delivery is None:
        return None
    return now if delivery is Delivery.MAIL else next_hour(now, DIGEST_HOUR)


# --- who is told ------------------------------------------------------------------------------------------------------


def _note(entry: Entry, person_id: UUID, org_id: UUID) -> Note:
    thing = entry.refs[0] if entry.refs else None
    return Note(person_id, org_id, f"entry:{entry.id}", entry.kind, thing, entry.at)


async def _of_organisations(db: AsyncSession, entries: Sequence[Entry]) -> list[Note]:
    """Those of an organisation that was told whose roles read such things; not whoever did it himself."""
    wide = [one for one in entries if one.kind in WORDS and one.kind not in NOT_TO_ORGANISATIONS]
    audiences = await hub.audiences_of(db, [one.position for one in wide])
    people = _by_org(await identity.members_of(db, {org for orgs in audiences.values() for org in orgs}))
    return [
        _note(entry, member.person_id, org)
        for entry in wide
        for org in audiences.get(entry.position, ())
        for member in people[org]
        if member.roles & readers_of(entry.kind) and member.person_id != entry.actor
    ]


async def _of_staff(db: AsyncSession, entries: Sequence[Entry]) -> list[Note]:
    mine = [one for one in entries if one.kind in STAFF]
    if not mine:
        return []
    staff = await identity.staff_with(db, {role for one in mine for role in STAFF[one.kind]})
    return [
        _note(entry, member.person_id, member.org_id)
        for entry in mine
        for member in staff
        if member.roles & STAFF[entry.kind]
        and member.person_id != entry.actor
        and f"organisation:{member.org_id}" not in entry.refs  # of themselves they know
    ]


async def _of_people(db: AsyncSession, entries: Sequence[Entry]) -> list[Note]:
    """People whom a thing names: who made a result, who has a share in a reward, who sits on a panel; and who changed
    his own means of signing in."""
    found = [
        _note(entry, entry.actor, entry.org)
        for entry in entries
        if entry.kind in OF_ONESELF and entry.actor is not None and entry.org is not None
        if entry.actor == entry.ref("person") and entry.facts.get("is_further", True)
    ]
    by_kind: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        by_kind[entry.kind].append(entry)
    if recorded := by_kind["achievements.recorded"]:
        facts = await achievements.get_facts(db, _ids(recorded, "achievement"))
        homes = await identity.get_people(db, {person for one in facts.values() for person in one.completers})
        for entry in recorded:
            made = facts[entry.ref("achievement")]
            found += [
                _note(entry, one, _home(homes, one, made.org_id)) for one in made.completers if one != entry.actor
            ]
    if published := by_kind["revenue.distribution_published"]:
        named = await revenue.people_of_distributions(db, _ids(published, "distribution"))
        for entry in published:
            unit, people = named.get(entry.ref("distribution"), (None, frozenset[UUID]()))
            found += [_note(entry, one, unit) for one in people if unit is not None]
    if paid := by_kind["revenue.line_paid"]:
        of_lines = await revenue.people_of_lines(db, _ids(paid, "distribution_line"))
        for entry in paid:
            if (line := of_lines.get(entry.ref("distribution_line"))) is not None:
                found.append(_note(entry, line[1], line[0]))
    if appointed := by_kind["trading.expert_appointed"]:
        experts = await trading.experts_of(db, _ids(appointed, "lot"))
        for entry in appointed:
            if (seat := experts.get((entry.ref("lot"), int(entry.facts["n"])))) is not None:
                found.append(_note(entry, seat[1], seat[0]))
    return found


async def _of_signings(db: AsyncSession, entries: Sequence[Entry]) -> list[Note]:
    """Whose turn it is to sign: once for each place, when the signing opens or those before have signed."""
    mine = [one for one in entries if one.kind in SIGNINGS]
    if not mine:
        return []
    at = {one.ref("signing"): one.at for one in mine}
    called = await signing.called_to_sign(db, set(at))
    members = _by_org(await identity.members_of(db, {who.org_id for _, _, who, _ in called}))
    found = []
    for signing_id, subject, who, place in called:
        once = f"sign:{signing_id}:{place}"
        if who.person_id is not None:
            people = [who.person_id]
        else:
            people = [one.person_id for one in members[who.org_id] if Role.SIGNATORY in one.roles]
        found += [Note(one, who.org_id, once, SIGN, subject, at[signing_id]) for one in people]
    return found


async def _of_searches(db: AsyncSession, entries: Sequence[Entry]) -> list[Note]:
    """What matching has told of saved searches, by each person's own numbers: the cursors move with the reader's."""
    mine = [one for one in entries if one.kind == TOLD_ALERTS]
    if not mine:
        return []
    people = await matching.searchers_of(db, _ids(mine, "saved_search"))
    known = await notes.alert_cursors(db, people)
    alerts = await matching.told_alerts(db, {one: known.get(one, 0) for one in people})
    await notes.move_alert_cursors(db, {one.person_id: one.told for one in alerts})
    return [
        Note(one.person_id, one.org_id, f"alert:{one.id}", ALERT, f"listing:{one.listing_id}", one.found_at)
        for one in alerts
    ]


def _by_org(members: Iterable[MemberFacts]) -> dict[UUID, list[MemberFacts]]:
    found: dict[UUID, list[MemberFacts]] = defaultdict(list)
    for one in members:
        found[one.org_id].append(one)
    return found


def _ids(entries: Iterable[Entry], thing: str) -> set[UUID]:
    return {one.ref(thing) for one in entries}


def _home(homes: Mapping[UUID, PersonFacts], person_id: UUID, unit: UUID) -> UUID:
    """In whose name he reads of it: the unit's, if he belongs to it, else the first of his own."""
    orgs = homes[person_id].org_ids if person_id in homes else ()
    return unit if unit in orgs or not orgs else orgs[0]
