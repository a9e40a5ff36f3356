"""One market with a demand in every state, a full data room behind each, and a reader of every kind.

Every text that a tier guards carries a word of its own, told apart by state and by tier. What a reader learns at a door
is then simply which of these words stand anywhere in the answer, whatever its form: body, header or error text.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from techmarket.achievements import service as achievements
from techmarket.achievements.consents import ConsentScope
from techmarket.achievements.rules import Owner
from techmarket.db.means import Means
from techmarket.disclosure import service as disclosure
from techmarket.disclosure import steps
from techmarket.disclosure.service import Guest
from techmarket.disclosure.tiers import Tier
from techmarket.identity.actor import OrgKind, Role
from techmarket.kernel.ids import Ref, new_id
from techmarket.kernel.periods import Length, Unit
from techmarket.listings import service as listings
from techmarket.listings import steps as listing_steps
from techmarket.listings.rules import ListingDraft, ListingKind, ScenarioDraft
from techmarket.matching.jobs import index
from techmarket.notices.kinds import NoticeKind
from tests.achievements.make import an_achievement
from tests.disclosure.make import a_document
from tests.hub.make import tell_all
from tests.identity.make import Keyed, a_market, a_member, an_organisation
from tests.listings.make import a_demand, an_offer
from tests.notices.make import a_notice, a_sandbox, market_now, move_to, shanghai
from tests.trading import make as trades
from tests.transparency.make import seal

STATES = ("draft", "submitted", "returned", "accepted", "published", "engaged", "closed", "withdrawn", "expired")
WAS_PUBLIC = ("submitted", "returned", "published", "engaged", "closed", "withdrawn", "expired")
TIERS = {"P": Tier.PUBLIC, "R": Tier.REGISTERED, "N": Tier.NDA, "D": Tier.DEAL}
NAMED = "X"
"""The one document that is opened by name only."""
WITHDRAWN = "W"
"""The one document, for everyone, that its owner took back."""
QUESTION = "Q"
"""The one question that nobody has answered."""
READERS = (
    "anonymous",
    "not verified",
    "registered",
    "signer",
    "signer's colleague",
    "lapsed signer",
    "revoked signer",
    "invited to one document",
    "invited to the draft",
    "deal party",
    "owner",
    "owner's member",
    "operator",
    "certifier",
    "registrar",
    "regulator",
)
INVITED = ("invited to one document", "invited to the draft")


def word(letter: str, state: str | None = None) -> str:
    """The word of a tier in the texts of one state; without a state the one that all of them share."""
    return f"zq{letter.lower()}{state or 'any'}x"


@dataclass
class World:
    """Ids by state, and by letter within a state."""

    means: Means
    readers: dict[str, Keyed | None]
    listings: dict[str, UUID]
    documents: dict[tuple[str, str], UUID]
    questions: dict[tuple[str, str], UUID]
    grants: dict[str, UUID]
    agreements: dict[str, UUID]
    requests: dict[str, UUID]
    offer: UUID
    scenario: UUID
    unpublished_scenario: UUID
    unseen: dict[str, UUID]
    """What else of the owner's nobody knows: by what it is."""

    def key(self, reader: str) -> str | None:
        keyed = self.readers[reader]
        return keyed.key if keyed is not None else None


def terms_of(state: str) -> dict[str, Any]:
    """A word of each tier in a field of that tier; what filters ask for is raised above the public."""
    return {
        "title_en": f"Sample demand {word('P')} {word('P', state)}",
        "problem_en": "Welded trays warp. 示例数据 / sample data",
        "description_en": f"Sample description {word('R')} {word('R', state)}",
        "technical_details": f"Sample details {word('N')} {word('N', state)}",
        "deal_terms": f"Sample conditions {word('D')} {word('D', state)}",
        "region": "330100",
        "technology_field": "03",
        "budget": {"amount": "7654321.00", "currency": "CNY"},
    }


RAISED = {"region": "REGISTERED", "budget": "NDA"}


async def build(means: Means) -> World:
    tx, keys = means.tx, means.keys
    await a_sandbox(tx, shanghai(2026, 3, 2, 9))
    market = await a_market(tx, keys)
    operator = market["operator"]
    owner = await an_organisation(tx, keys=keys, kind=OrgKind.UNIVERSITY)
    readers: dict[str, Keyed | None] = dict.fromkeys(READERS)
    for name in ("registered", "signer", "lapsed signer", "revoked signer", "deal party", *INVITED):
        readers[name] = await an_organisation(tx, keys=keys)
    readers["not verified"] = await an_organisation(tx, keys=keys, verified=False)
    readers["signer's colleague"] = await a_member(tx, _of(readers, "signer").actor, keys=keys)
    readers |= {"owner": owner, "operator": operator, "certifier": market["certifier_1"]}
    readers["owner's member"] = await a_member(tx, owner.actor, keys=keys)
    for name, role in (("registrar", Role.REGISTRAR), ("regulator", Role.REGULATOR)):
        readers[name] = await an_organisation(tx, keys=keys, kind=OrgKind.AUTHORITY, roles=(role,))
    world = World(means, readers, {}, {}, {}, {}, {}, {}, new_id(), new_id(), new_id(), {})
    tomorrow = shanghai(2026, 3, 3).date()
    for state in STATES:
        held = {"is_held": True} if state == "accepted" else {}
        last_day = tomorrow if state == "expired" else None
        draft = ListingDraft(terms_of(state), RAISED, (), last_day, **held)
        world.listings[state] = (await listings.create_draft(tx, owner.actor, ListingKind.DEMAND, draft)).id
        await _fill_room(world, state)
    # A second draft: were both counted, a page of one would say that another follows.
    await a_demand(tx, owner.actor)
    await _publish(world)
    offer = await an_offer(tx, _of(readers, "registered").actor, operator.actor, summary_en=_all_words())
    world.offer = offer.id
    await _scenarios(world)
    await _unseen(world)
    await _move_on(world)
    await seal(means)
    await tell_all(tx)
    await index(means)
    return world


def _of(readers: dict[str, Keyed | None], name: str) -> Keyed:
    found = readers[name]
    assert found is not None
    return found


def _all_words() -> str:
    return "Sample offer " + " ".join(word(letter) for letter in TIERS)


async def _fill_room(world: World, state: str) -> None:
    """A document and an answer of each tier, one document by name, agreements, grants."""
    tx, owner = world.means.tx, _of(world.readers, "owner").actor
    subject = Ref("listing", world.listings[state])
    for letter in (*TIERS, NAMED, WITHDRAWN):
        made = await a_document(
            world.means,
            owner,
            subject,
            name=f"{word(letter, state)}.txt",
            tier=TIERS.get(letter, Tier.PUBLIC if letter == WITHDRAWN else Tier.REGISTERED),
            body=f"Sample text {word(letter, state)}".encode(),
            media_type="text/plain",
            by_name=letter == NAMED,
            unmarked=True,
        )
        world.documents[state, letter] = made.id
    await disclosure.withdraw_document(tx, owner, world.documents[state, WITHDRAWN], reason="Sample reason")
    until = await market_now(tx) + timedelta(days=300)
    # A room that is not public is entered by invitation; an agreement is signed inside, and the invitation ends.
    signers = [_of(world.readers, name).actor for name in ("lapsed signer", "signer", "revoked signer")]
    invitations = [
        await disclosure.grant_access(tx, owner, subject, Guest(one.org), tier=Tier.REGISTERED, until=until)
        for one in signers
    ]
    for one, days in zip(signers, (1, 300, 300), strict=True):
        text = await disclosure.publish_text(
            tx,
            owner,
            subject,
            text={"title": "Sample agreement", "body": f"Keep it secret for {days} days, {one.org}."},
            valid_days=days,
            counter_signature=False,
        )
        nda = await disclosure.sign(tx, world.means.keys, one, subject, document_sha256=text.text_sha256)
        if one is signers[1]:
            world.agreements[state] = nda.id
        if one is signers[2]:
            await disclosure.revoke_nda(tx, owner, nda.id, reason="Sample reason")
    for letter in (*TIERS, QUESTION):
        asked = await disclosure.ask(
            tx, signers[1], subject, text=f"Sample question {'' if letter in TIERS else word(letter, state)}".strip()
        )
        world.questions[state, letter] = asked.id
        if letter in TIERS:
            said = f"Sample answer {word(letter, state)}"
            await disclosure.answer(tx, owner, asked.id, text=said, tier=TIERS[letter])
    for invitation in invitations:
        await disclosure.revoke_grant(tx, owner, invitation.id)
    granted = await disclosure.grant_document(
        tx,
        owner,
        world.documents[state, NAMED],
        Guest(_of(world.readers, "invited to one document").actor.org),
        until=until,
    )
    world.grants[state] = granted.id
    wanted = disclosure.Wanted(document_ids=(world.documents[state, NAMED],))
    asked = await disclosure.ask_access(tx, signers[1], subject, wanted, purpose="Sample purpose", until=until)
    world.requests[state] = asked.id
    if state == "draft":
        invited = Guest(_of(world.readers, "invited to the draft").actor.org)
        await disclosure.grant_access(tx, owner, subject, invited, tier=Tier.REGISTERED, until=until)
    if state == "published":
        return  # nobody deals about it yet
    async with tx.begin() as db:
        party = _of(world.readers, "deal party").actor
        await steps.open_tier(db, org=party.org, subject=subject, tier=Tier.DEAL, basis="award:sample", actor=None)


async def _publish(world: World) -> None:
    tx, owner, operator = world.means.tx, _of(world.readers, "owner").actor, _of(world.readers, "operator").actor
    for state in (*WAS_PUBLIC, "accepted"):
        await listings.submit(tx, owner, world.listings[state])
        await listings.accept(tx, operator, world.listings[state])


async def _scenarios(world: World) -> None:
    """A list with every demand that was public, made while it was; and one that its owner ended as a draft."""
    tx, owner, operator = world.means.tx, _of(world.readers, "owner").actor, _of(world.readers, "operator").actor
    ids = tuple(world.listings[state] for state in WAS_PUBLIC)
    made = await listings.create_list(tx, owner, _a_list("Sample list", ids))
    world.scenario = made.id
    read = (await listings.get_list(tx, operator, made.id)).etag
    await listings.publish_list(tx, operator, made.id, if_match=read)
    never = await listings.create_list(tx, owner, _a_list("Sample list that was never public", ids[2:3]))
    await listings.close_list(tx, owner, never.id)
    world.unpublished_scenario = never.id


async def _unseen(world: World) -> None:
    """An achievement that nobody offers, the consent asked for its sale, a list for the unit alone, a drafted trade."""
    tx, owner, operator = world.means.tx, _of(world.readers, "owner").actor, _of(world.readers, "operator").actor
    partner = (await an_organisation(tx, kind=OrgKind.UNIVERSITY)).actor
    half = Decimal("0.5")
    owned = await an_achievement(tx, owner, owners=(Owner(half, owner.org), Owner(half, partner.org)))
    (asked,) = await achievements.ask_consents(tx, owner, owned.id, ConsentScope(("TRANSFER",)))
    offer = await an_offer(tx, owner, operator)
    world.unseen = {
        "achievement": owned.id,
        "consent": asked.id,
        "notice": await a_notice(tx, owner, kind=NoticeKind.REWARD_LIST, lines=("1",), length=Length(15, Unit.DAYS)),
        "trade": (await trades.draft(tx, owner, offer.id, increment_minor=1_000_000, deposit_minor=0)).id,
    }


def _a_list(title: str, demands: tuple[UUID, ...]) -> ScenarioDraft:
    return ScenarioDraft(None, title, None, None, None, None, demands)


async def _move_on(world: World) -> None:
    """From public into the state that each is to show."""
    tx, owner, operator = world.means.tx, _of(world.readers, "owner").actor, _of(world.readers, "operator").actor
    ids = world.listings
    view = await listings.get_listing(tx, owner, ids["submitted"])
    terms = {**terms_of("submitted"), "title_en": terms_of("submitted")["title_en"] + " again"}
    again = ListingDraft(terms, RAISED, (), None)
    await listings.update_draft(tx, owner, ids["submitted"], ListingKind.DEMAND, again, if_match=view.etag)
    await listings.return_(tx, operator, ids["returned"], reason="Sample reason")
    async with tx.begin() as db:
        await listing_steps.engage(db, ids["engaged"], by=Ref("trade", new_id()), actor=operator)
    async with tx.begin() as db:
        await listing_steps.close(db, ids["closed"], operator)
    await listings.withdraw(tx, owner, ids["withdrawn"])
    await move_to(tx, shanghai(2026, 3, 5, 9))
    await listings.expire_due(tx)
