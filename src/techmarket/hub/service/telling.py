"""The job that tells: it follows the journal by one cursor and notes for each entry who is told of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.achievements import steps as achievements
from techmarket.contracts import steps as contracts
from techmarket.db import journal, marks, tracing
from techmarket.db.journal import Entry
from techmarket.db.session import Tx
from techmarket.disclosure import steps as disclosure
from techmarket.disclosure.tiers import Tier
from techmarket.hub import repository
from techmarket.hub.telling import Fact, Known, concerned, tell
from techmarket.kernel.ids import Ref
from techmarket.listings import steps as listings
from techmarket.settlement import steps as settlement
from techmarket.trading import steps as trading

BATCH = 500


async def tell_on(tx: Tx) -> int:
    """Tell of the next entries; what is told and how far it has come are one commit. Returns how many were read.

    One worker at a time holds the cursor; another finds nothing to do.
    """
    async with tx.begin() as db:
        position = await repository.lock_feed(db)
        if position is None:
            return 0
        entries = await journal.read(db, after=position - 1, limit=BATCH)
        if not entries:
            return 0
        followed = await marks.of_entries(db, [one.id for one in entries])
        with tracing.going_on("job hub.tell", list(followed.values())):
            await _tell_of(db, entries)
        return len(entries)


async def _tell_of(db: AsyncSession, entries: Sequence[Entry]) -> None:
    """Who is told of which of these entries, and how far it has come."""
    facts = [Fact(one.position, one.org, one.kind, one.refs, one.facts) for one in entries]
    known = Known(await repository.shown_among(db, [str(ref) for fact in facts for ref in fact.things()]))
    before = frozenset(known.shown)
    orgs = await _organisations(db, facts)
    rows = []
    for fact in facts:
        holders = await _holders(db, fact) if fact.kind == "listings.amended" else frozenset()
        rows += tell(fact, known, orgs, holders)
    nodes = await _nodes(db, facts)
    await repository.insert_items(
        db,
        [
            {"audience": r.audience, "n": r.position, "type": r.type, "node_id": r.node or nodes.get(r.position)}
            for r in rows
        ],
    )
    await repository.keep_shown(db, known.shown - before, known.hidden & before)
    await repository.move_feed(db, entries[-1].position + 1)


async def _nodes(db: AsyncSession, facts: Sequence[Fact]) -> dict[int, UUID]:
    """The node of the listing that an entry is about, by its position."""
    about = {fact.position: listing.id for fact in facts if (listing := fact.thing("listing")) is not None}
    of = await listings.nodes_of(db, about.values()) if about else {}
    return {position: of[id] for position, id in about.items() if id in of}


async def _organisations(db: AsyncSession, facts: Sequence[Fact]) -> dict[str, frozenset[UUID]]:
    """The organisations of every thing in these entries for whose sake somebody is told."""
    wanted: dict[str, set[UUID]] = defaultdict(set)
    for fact in facts:
        kinds = concerned(fact.kind)
        for thing in fact.things():
            if thing.kind in kinds:
                wanted[thing.kind].add(thing.id)
    found: dict[str, frozenset[UUID]] = {}
    if wanted["listing"]:
        owners = await listings.owners_of(db, wanted["listing"])
        found |= {f"listing:{id}": frozenset({owner}) for id, owner in owners.items()}
    if wanted["achievement"]:
        units = await achievements.units_of(db, wanted["achievement"])
        found |= {f"achievement:{id}": frozenset({unit}) for id, unit in units.items()}
    deals = await trading.concerned_by(
        db,
        trades=wanted["trade"],
        lots=wanted["lot"],
        participants=wanted["participant"],
        awards=wanted["award"],
    )
    found |= {f"trade:{id}": frozenset({deals.sellers[id]}) for id in wanted["trade"] if id in deals.sellers}
    found |= {f"lot:{id}": frozenset({deals.sellers[id]}) for id in wanted["lot"] if id in deals.sellers}
    found |= {f"participant:{id}": sides for id, sides in deals.participants.items()}
    found |= {f"award:{id}": sides for id, sides in deals.awards.items()}
    found |= {f"contract:{id}": sides for id, sides in (await contracts.parties_of(db, wanted["contract"])).items()}
    found |= {f"due:{id}": sides for id, sides in (await settlement.sides_of_dues(db, wanted["due"])).items()}
    return found


async def _holders(db: AsyncSession, fact: Fact) -> frozenset[UUID]:
    """Those to whom the version opens more than the public sees, if they see that it changed."""
    listing, n = fact.thing("listing"), fact.facts.get("n")
    if listing is None or n is None:
        return frozenset()
    tier = await listings.tier_of_change(db, listing.id, n)
    if tier is None or tier <= Tier.REGISTERED:
        return frozenset()
    return await disclosure.holders_of(db, Ref("listing", listing.id), tier)
