"""Consortia: one represents several, who all sign the agreement, stand once in a trade, and are one buyer."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from techmarket.achievements import steps as achievements
from techmarket.certification import facts as certificate_facts
from techmarket.contracts import service as contracts
from techmarket.contracts import steps as contract_steps
from techmarket.contracts.lifecycle import ContractState
from techmarket.db.keys import Keys
from techmarket.db.session import Tx
from techmarket.identity import steps as identity
from techmarket.identity.actor import Actor
from techmarket.identity.tables import Membership
from techmarket.kernel.ids import new_id
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.kernel.refusals import NotFound, Refusal
from techmarket.notices import service as notices
from techmarket.notices import steps as notice_steps
from techmarket.notices.errors import EvidenceMissing
from techmarket.settlement import steps as settlement
from techmarket.signing import errors as signing_errors
from techmarket.trading import consortium as rules
from techmarket.trading import errors, service, steps
from techmarket.trading.bidbook import BidBook
from techmarket.trading.consortium import ConsortiumDraft, DepositFrom, MemberDraft
from techmarket.trading.lifecycle import ParticipantState
from techmarket.trading.qualification import Kinship
from techmarket.trading.service import ConsortiumTerms
from techmarket.trading.views import ParticipantView, TradeView
from tests.identity.make import an_organisation
from tests.notices.make import move_to
from tests.settlement.make import escrow
from tests.trading.make import DEPOSIT, Market, a_market_at_work, an_announced_trade, pay_deposit

TAKEN = ConsortiumTerms(members_max=3)


@pytest.fixture
async def market(tx: Tx, keys: Keys) -> Market:
    return await a_market_at_work(tx, keys)


def with_members(*orgs: UUID, **more: Any) -> ConsortiumDraft:
    return ConsortiumDraft("Sample: development", tuple(MemberDraft(org, "Sample: production") for org in orgs), **more)


async def united(market: Market, trade: TradeView, by: int, *others: int, **more: Any) -> ParticipantView:
    draft = with_members(*(market.buyers[n].org for n in others), **more)
    return await service.register_intent(market.tx, market.buyers[by], trade.id, consortium=draft)


async def signs(market: Market, mine: ParticipantView, who: Actor) -> ParticipantView:
    assert mine.consortium is not None
    sha256 = mine.consortium.document_sha256
    return await service.sign_consortium(market.tx, who, mine.id, document_sha256=sha256)


# --- the rule, without a database -------------------------------------------------------------------------------------

A, B, C, D, SELLER = (UUID(int=n) for n in range(1, 6))
ANNOUNCED = {"consortium": rules.published(3, DepositFrom.REPRESENTATIVE)}
BY_MEMBER = {"consortium": rules.published(3, DepositFrom.NAMED_MEMBER)}


@pytest.mark.parametrize(
    ("terms", "draft", "refusal"),
    [
        ({}, with_members(B), errors.ConsortiumNotAnnounced),
        (ANNOUNCED, with_members(), errors.ConsortiumUnfit),
        (ANNOUNCED, with_members(B, C, D), errors.ConsortiumUnfit),
        (ANNOUNCED, with_members(B, B), errors.ConsortiumUnfit),
        (ANNOUNCED, with_members(A), errors.ConsortiumUnfit),
        (ANNOUNCED, with_members(B, SELLER), errors.ConsortiumUnfit),
        (ANNOUNCED, with_members(B, deposit_org_id=B), errors.DepositPayerUnfit),
        (BY_MEMBER, with_members(B, deposit_org_id=D), errors.DepositPayerUnfit),
        (ANNOUNCED, with_members(B, C), None),
        (ANNOUNCED, with_members(B, deposit_org_id=A), None),
        (BY_MEMBER, with_members(B, deposit_org_id=B), None),
    ],
)
def test_a_consortium_is_as_announced_or_refused_with_what_would_work(
    terms: dict[str, Any], draft: ConsortiumDraft, refusal: type[Refusal] | None
) -> None:
    if refusal is None:
        return rules.check(terms, draft, representative=A, seller=SELLER)
    with pytest.raises(refusal) as caught:
        rules.check(terms, draft, representative=A, seller=SELLER)
    if refusal is errors.ConsortiumUnfit:
        assert caught.value.facts == {"members_min": 2, "members_max": 3}
    return None


# --- in the market ----------------------------------------------------------------------------------------------------


async def test_every_member_signs_the_agreement_before_the_market_admits_and_nobody_signs_for_it(
    market: Market,
) -> None:
    trade = await an_announced_trade(market, consortium=TAKEN)
    assert trade.terms["consortium"]["members_max"] == 3
    mine = await united(market, trade, 0, 1)
    assert mine.consortium is not None
    said = mine.consortium.document
    assert [(one["organisation"], one["role"], one["part"]) for one in said["members"]] == [
        (str(market.buyers[0].org), "representative", "Sample: development"),
        (str(market.buyers[1].org), "member", "Sample: production"),
    ]
    assert (said["liability"], said["deposit_from"]) == ("joint_and_several", str(market.buyers[0].org))
    await signs(market, mine, market.buyers[0])
    with pytest.raises(errors.ConsortiumNotSigned) as caught:
        await service.admit(market.tx, market.operator, mine.id)
    assert caught.value.facts == {"missing": [str(market.buyers[1].org)]}
    with pytest.raises(NotFound):
        await signs(market, mine, market.buyers[2])
    with pytest.raises(signing_errors.WrongDocument):
        await service.sign_consortium(market.tx, market.buyers[1], mine.id, document_sha256="a" * 64)
    signed = await signs(market, mine, market.buyers[1])
    assert signed.consortium is not None
    assert signed.consortium.agreed_at is not None
    (seen,) = await service.list_participants(market.tx, market.buyers[1], trade.id)
    assert seen.consortium == signed.consortium
    assert (await service.admit(market.tx, market.operator, mine.id)).state is ParticipantState.ADMITTED


async def test_a_consortium_needs_its_announcement_verified_members_and_no_agent(market: Market) -> None:
    plain = await an_announced_trade(market)
    with pytest.raises(errors.ConsortiumNotAnnounced):
        await united(market, plain, 0, 1)
    trade = await an_announced_trade(market, consortium=TAKEN)
    unverified = (await an_organisation(market.tx, verified=False)).actor.org
    for unfit in (unverified, market.seller.org, new_id()):
        with pytest.raises(errors.ConsortiumUnfit):
            await service.register_intent(
                market.tx, market.buyers[0], trade.id, consortium=with_members(market.buyers[1].org, unfit)
            )
    with pytest.raises(errors.ConsortiumHasNoAgent):
        await service.register_intent(
            market.tx,
            market.buyers[0],
            trade.id,
            consortium=with_members(market.buyers[1].org),
            principal_org=market.buyers[2].org,
        )
    assert list(await service.list_participants(market.tx, market.operator, trade.id)) == []


async def test_an_agreement_is_signed_while_it_waits_and_every_member_is_still_verified_at_the_admission(
    market: Market,
) -> None:
    trade = await an_announced_trade(market, consortium=TAKEN)
    with pytest.raises(EvidenceMissing):
        await united(market, trade, 0, 1, evidence_sha256="e" * 64)
    mine = await united(market, trade, 0, 1)
    for who in market.buyers[:2]:
        await signs(market, mine, who)
    doubted = text("UPDATE organisation SET state = :state WHERE id = :id")
    for state, refusal in (("REGISTERED", errors.ConsortiumUnfit), ("VERIFIED", None)):
        async with market.tx.begin() as db:
            await db.execute(doubted, {"state": state, "id": market.buyers[1].org})
        if refusal is not None:
            with pytest.raises(refusal):
                await service.admit(market.tx, market.operator, mine.id)
    await service.admit(market.tx, market.operator, mine.id)
    with pytest.raises(NotInThisState):
        await signs(market, mine, market.buyers[1])


async def test_a_member_stands_once_whether_alone_by_mandate_or_in_another_consortium(market: Market) -> None:
    trade = await an_announced_trade(market, consortium=TAKEN)
    mine = await united(market, trade, 0, 1)
    # To be named binds nobody: registration and signature race, and one of them holds.
    results = await asyncio.gather(
        signs(market, mine, market.buyers[1]),
        service.register_intent(market.tx, market.buyers[1], trade.id),
        return_exceptions=True,
    )
    assert [type(one) for one in results if isinstance(one, Exception)] == [errors.StandsAlready]
    # Two consortia that both name the second buyer: it signs for one of them alone.
    again = await an_announced_trade(market, consortium=TAKEN)
    first, second = await united(market, again, 0, 1), await united(market, again, 2, 1)
    results = await asyncio.gather(
        signs(market, first, market.buyers[1]), signs(market, second, market.buyers[1]), return_exceptions=True
    )
    assert [type(one) for one in results if isinstance(one, Exception)] == [errors.StandsAlready]
    third = (await an_organisation(market.tx)).actor
    by_agent = await service.register_intent(market.tx, third, again.id, principal_org=market.buyers[1].org)
    assert by_agent.mandate is not None
    with pytest.raises(errors.StandsAlready):
        await service.sign_mandate(
            market.tx, market.buyers[1], by_agent.id, document_sha256=by_agent.mandate.document_sha256
        )


async def test_any_members_kin_make_a_related_party_and_nobody_judges_a_consortium_he_belongs_to(
    market: Market,
) -> None:
    trade = await an_announced_trade(market, consortium=TAKEN)
    async with market.tx.begin() as db:
        db.add(Membership(person_id=market.seller.person, org_id=market.buyers[1].org, roles=[], ended_at=None))
    mine = await united(market, trade, 0, 1)
    assert mine.consortium is not None
    assert mine.related_because == (Kinship.SHARED_PERSON,)
    assert [one.related_because for one in mine.consortium.members] == [(), (Kinship.SHARED_PERSON,)]
    for who in market.buyers[:2]:
        await signs(market, mine, who)
    await service.admit(market.tx, market.operator, mine.id)
    with pytest.raises(errors.JudgeConflicted):
        await service.confirm(market.tx, market.seller, mine.id)


async def test_a_consortium_bids_by_its_representative_and_all_members_sign_and_stand_in_the_certificate(
    market: Market, keys: Keys
) -> None:
    taken = ConsortiumTerms(members_max=3, deposit_from=DepositFrom.NAMED_MEMBER)
    trade = await an_announced_trade(market, consortium=taken)
    mine = await united(market, trade, 0, 1, deposit_org_id=market.buyers[1].org)
    for who in market.buyers[:2]:
        await signs(market, mine, who)
    await service.admit(market.tx, market.operator, mine.id)
    asked = await service.confirm(market.tx, market.seller, mine.id)
    async with market.tx.read() as db:
        assert (await settlement.get_due(db, asked.deposits[0].due_id)).payer_org == market.buyers[1].org
    await pay_deposit(market, asked)
    assert [await escrow(market.tx, one.org) for one in market.buyers[:2]] == [(0, 0), (DEPOSIT, 0)]
    award_id, notice_ends = await _won(market, trade, keys)
    draft = await contracts.draft_from_award(market.tx, market.seller, award_id)
    assert [(one.role.value, one.organisation_id) for one in draft.parties] == [
        ("PAYEE", market.seller.org),
        ("PAYER", market.buyers[0].org),
        ("PAYER", market.buyers[1].org),
    ]
    said = (await contracts.get_document(market.tx, market.seller, draft.id)).document["parties"]
    assert [(one.get("consortium"), one.get("liability")) for one in said] == [
        (None, None),
        ("representative", "joint_and_several"),
        ("member", "joint_and_several"),
    ]
    sha256 = draft.document_sha256
    await contracts.open_signing(market.tx, market.seller, draft.id, document_sha256=sha256)
    await move_to(market.tx, notice_ends)
    states = [
        (await contracts.sign(market.tx, who, draft.id, document_sha256=sha256)).state
        for who in (market.seller, *market.buyers[:2])
    ]
    assert states == [ContractState.SIGNING, ContractState.SIGNING, ContractState.IN_FORCE]
    # The member's deposit has become a part of the price that the representative owes for all of them.
    bound = await contracts.get_contract(market.tx, market.buyers[1], draft.id)
    assert bound.plan[0].credited.minor == DEPOSIT
    assert [await escrow(market.tx, one.org) for one in market.buyers[:2]] == [(0, 0), (0, 0)]
    async with market.tx.read() as db:
        deal = await contract_steps.get_contract(db, draft.id)
        assert set(deal.parties) == {market.seller.org, market.buyers[0].org, market.buyers[1].org}
        named = certificate_facts.compose(
            contract=deal,
            trade=None,
            orgs=await identity.get_organisations(db, deal.parties),
            achievements=await _objects(market, deal.achievement_ids),
            notices=[],
            dues=[],
            registration=None,
        )["parties"]
    assert [one["role"] for one in named] == ["PAYEE", "PAYER", "PAYER"]
    assert [one["name"] for one in named] == [one.name for one in bound.parties]


async def _won(market: Market, trade: TradeView, keys: Keys) -> tuple[UUID, Any]:
    """The consortium alone bids and is offered the lot; its notice names every member, who all read the award."""
    assert trade.bidding_opens_at is not None
    await move_to(market.tx, trade.bidding_opens_at)
    await service.open_due(market.tx)
    async with BidBook(market.tx.engine, keys.receipts) as book:
        with pytest.raises(errors.NotAParticipant):
            await service.place_bid(book, market.buyers[1], trade.lot.id, minor=50_000_000, key="by a member")
        answer = await service.place_bid(book, market.buyers[0], trade.lot.id, minor=50_000_000, key="one")
    assert answer.is_accepted
    lot = await service.get_lot(market.tx, market.operator, trade.lot.id)
    assert lot.effective_end is not None
    await move_to(market.tx, lot.effective_end)
    await service.close_due(market.tx)
    for reader in market.buyers[:2]:
        (award,) = await service.list_awards(market.tx, reader, trade.id)
        assert (award.buyer_organisation_id, award.member_organisation_ids) == (
            market.buyers[0].org,
            (market.buyers[1].org,),
        )
    assert list(await service.list_awards(market.tx, market.buyers[2], trade.id)) == []
    assert award.notice_id is not None
    async with market.tx.read() as db:
        facts = await steps.get_award(db, award.id)
        orgs = await identity.get_organisations(db, [one.org for one in market.buyers[:2]])
        notice_ends = await notice_steps.ends_at(db, award.notice_id)
    assert facts.member_org_ids == (market.buyers[1].org,)
    told = (await notices.get_notice(market.tx, market.operator, award.notice_id)).document
    names = [orgs[one.org].name for one in market.buyers[:2]]
    assert (told["buyer"], told["consortium"]) == (names[0], names)
    return award.id, notice_ends


async def _objects(market: Market, ids: tuple[UUID, ...]) -> Any:
    async with market.tx.read() as db:
        return await achievements.get_facts(db, ids)
