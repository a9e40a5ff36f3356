"""A contract from an award: its last signature concludes the award, unless the time to sign has passed first."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text as sql

from techmarket.achievements import errors as achievement_errors
from techmarket.certification import service as certification
from techmarket.contracts import errors, service
from techmarket.contracts.lifecycle import ContractState, LineState
from techmarket.contracts.plans import PlanTerms
from techmarket.contracts.rules import ChangeKind, LineKind
from techmarket.contracts.service.changing import NewTerms
from techmarket.contracts.text import Clause
from techmarket.contracts.views import ContractView
from techmarket.db.keys import Keys
from techmarket.db.session import Tx
from techmarket.identity.actor import Actor, Role
from techmarket.jobs import runner
from techmarket.kernel.ids import Ref
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.kernel.money import Money
from techmarket.kernel.periods import SHANGHAI
from techmarket.kernel.refusals import NotAllowed, NotFound, Refusal
from techmarket.ledger import steps as ledger
from techmarket.listings import service as listings
from techmarket.notices import errors as notice_errors
from techmarket.notices import steps as notices
from techmarket.settlement import service as bank
from techmarket.settlement import steps as settlement
from techmarket.settlement.rules import Outcome
from techmarket.trading import service as trading
from techmarket.trading import steps as trading_steps
from techmarket.trading.bidbook import BidBook
from tests.contracts.make import awake, in_force, pay
from tests.identity.make import a_member, an_organisation
from tests.ledger.make import moved
from tests.listings.make import an_offer
from tests.notices.make import move_to
from tests.settlement.make import a_message, escrow, from_the_bank
from tests.trading.make import Market, a_market_at_work, an_awarded_trade


@dataclass(frozen=True)
class Won:
    """An award that is offered, and who may sign for it."""

    market: Market
    award_id: UUID
    notice_ends: datetime
    sign_by: datetime

    @property
    def seller(self) -> Actor:
        return self.market.seller

    @property
    def winner(self) -> Actor:
        return self.market.buyers[1]


@pytest.fixture
async def book(tx: Tx, keys: Keys) -> AsyncIterator[BidBook]:
    async with BidBook(tx.engine, keys.receipts) as opened:
        yield opened


@pytest.fixture
async def won(tx: Tx, keys: Keys, book: BidBook) -> Won:
    """Two bid 600,000 and 640,000; the second is offered the award, the first waits."""
    market = await a_market_at_work(tx, keys, buyers=2)
    trade = await an_awarded_trade(market, book, 600_000, 640_000)
    offered = next(one for one in await trading.list_awards(tx, market.operator, trade.id) if one.rank == 1)
    assert offered.notice_id is not None
    assert offered.sign_by is not None
    async with tx.read() as db:
        ends = await notices.ends_at(db, offered.notice_id)
    assert ends is not None
    return Won(market, offered.id, ends, offered.sign_by)


async def one(tx: Tx, query: str) -> Any:
    async with tx.read() as db:
        return (await db.execute(sql(query))).scalar_one()


async def called(tx: Tx, won: Won) -> ContractView:
    """The contract of the award, the seller's signature under it."""
    draft = await service.draft_from_award(tx, won.seller, won.award_id)
    await service.open_signing(tx, won.seller, draft.id, document_sha256=draft.document_sha256)
    await move_to(tx, won.notice_ends)
    return await service.sign(tx, won.seller, draft.id, document_sha256=draft.document_sha256)


async def last_signature(tx: Tx, won: Won, contract: ContractView) -> ContractView:
    return await service.sign(tx, won.winner, contract.id, document_sha256=contract.document_sha256)


async def award_state(tx: Tx, won: Won) -> str:
    async with tx.read() as db:
        return (await trading_steps.get_award(db, won.award_id)).state.value


async def test_the_seller_drafts_the_contract_of_an_award_at_its_price_once(tx, won):
    await awake(tx)
    drafts = await asyncio.gather(
        *[service.draft_from_award(tx, won.seller, won.award_id) for _ in range(5)], return_exceptions=True
    )
    [view] = [draft for draft in drafts if isinstance(draft, ContractView)]
    assert {type(draft) for draft in drafts if isinstance(draft, Exception)} == {errors.AwardHasContract}
    assert view.plan[0].amount == Money(64_000_000)
    assert [party.organisation_id for party in view.parties] == [won.seller.org, won.winner.org]
    document = (await service.get_document(tx, won.seller, view.id)).document
    assert (document["award"], document["trade_number"]) == (str(won.award_id), "JY-2026-000001")


async def test_neither_the_winner_nor_a_stranger_drafts_and_an_unknown_award_is_not_found(tx, keys, won):
    stranger = await an_organisation(tx, keys=keys)
    with pytest.raises(NotAllowed):
        await service.draft_from_award(tx, won.winner, won.award_id)
    for actor, award_id in ((stranger.actor, won.award_id), (won.seller, uuid4())):
        with pytest.raises(NotFound):
            await service.draft_from_award(tx, actor, award_id)
    assert await one(tx, "SELECT count(*) FROM contract") == 0


async def test_a_contract_of_an_award_is_signed_only_after_the_result_notice(tx, won):
    draft = await service.draft_from_award(tx, won.seller, won.award_id)
    await service.open_signing(tx, won.seller, draft.id, document_sha256=draft.document_sha256)
    with pytest.raises(notice_errors.StillRunning):
        await service.sign(tx, won.seller, draft.id, document_sha256=draft.document_sha256)
    assert await one(tx, "SELECT count(*) FROM signature") == 0
    assert await award_state(tx, won) == "OFFERED"
    with pytest.raises(errors.BoundByAward):
        await service.cancel(tx, won.seller, draft.id)


async def test_the_last_signature_concludes_the_award_and_the_deposit_pays_its_part_of_the_fee(tx, keys, won):
    contract = await called(tx, won)
    view = await last_signature(tx, won, contract)
    assert (view.state, await award_state(tx, won)) == (ContractState.IN_FORCE, "CONCLUDED")
    assert (view.plan[0].state, view.plan[0].credited) == (LineState.DUE, Money(15_000_000))
    async with tx.read() as db:
        [due] = await settlement.dues_of(db, Ref("contract", view.id))
        assert (due.minor, due.outstanding_minor) == (64_000_000, 49_000_000)
        assert await ledger.is_balanced(db)
    assert await pay(tx, keys, view.id) == 1
    assert (await service.get_contract(tx, won.seller, view.id)).plan[0].state is LineState.PAID
    async with tx.begin() as db:
        released = await settlement.release(db, due_id=due.id, actor=None)
        assert (released.minor, released.fee_minor) == (64_000_000, 960_000)
        assert await ledger.is_balanced(db)


async def test_what_a_deposit_is_above_the_price_goes_back_to_the_buyer(tx, keys, book):
    market = await a_market_at_work(tx, keys, buyers=1)
    trade = await an_awarded_trade(market, book, 600_000, deposit_minor=70_000_000)
    [offered] = await trading.list_awards(tx, market.operator, trade.id)
    async with tx.read() as db:
        ends = await notices.ends_at(db, offered.notice_id)
    winner = market.buyers[0]
    draft = await service.draft_from_award(tx, market.seller, offered.id)
    sha256 = draft.document_sha256
    await service.open_signing(tx, market.seller, draft.id, document_sha256=sha256)
    await move_to(tx, ends)
    await service.sign(tx, market.seller, draft.id, document_sha256=sha256)
    view = await service.sign(tx, winner, draft.id, document_sha256=sha256)
    assert view.plan[0].credited == Money(60_000_000)
    assert await one(tx, "SELECT state FROM due WHERE purpose = 'ENTRY_FEE'") == "PAID"
    assert await one(tx, "SELECT minor FROM payout") == 10_000_000
    assert await one(tx, "SELECT org_id FROM payout") == winner.org
    async with tx.read() as db:
        held = await ledger.account(db, purpose=ledger.Purpose.ESCROW, owner=winner.org)
        assert (await ledger.balance(db, held), await ledger.available(db, held)) == (10_000_000, 0)
        assert await ledger.is_balanced(db)


async def test_after_the_time_to_sign_the_last_signature_is_refused_and_changes_nothing(tx, won):
    contract = await called(tx, won)
    await move_to(tx, won.sign_by)
    with pytest.raises(Refusal) as refused:
        await last_signature(tx, won, contract)
    assert refused.value.code == "trading.signing_date_passed"
    assert await award_state(tx, won) == "OFFERED"
    assert await one(tx, "SELECT count(*) FROM signature") == 1
    assert await one(tx, "SELECT count(*) FROM due WHERE purpose = 'ENTRY_FEE'") == 0
    assert await one(tx, "SELECT count(*) FROM encumbrance") == 0


async def test_the_sellers_signature_makes_it_the_buyers_turn(tx, won):
    await called(tx, won)
    shown = await trading.get_award(tx, won.winner, won.award_id)
    assert shown.buyers_turn_at is not None
    assert shown.sign_by == won.sign_by  # his own five working days lie within the time to sign


async def test_an_award_whose_seller_has_not_signed_is_annulled_and_its_draft_cancelled(tx, won):
    draft = await service.draft_from_award(tx, won.seller, won.award_id)
    await move_to(tx, won.sign_by)
    assert await trading.lapse_award(tx, won.award_id) is True
    assert await award_state(tx, won) == "ANNULLED"
    assert await service.cancel_lapsed(tx, won.award_id, cause="award_annulled") is True
    assert (await service.get_contract(tx, won.seller, draft.id)).state is ContractState.CANCELLED
    assert await one(tx, "SELECT count(*) FROM deposit WHERE state = 'RELEASED'") == 2


async def test_a_buyer_who_does_not_pay_loses_the_deposit_and_the_lot_is_unsold(tx, keys, won, door):
    contract = await last_signature(tx, won, await called(tx, won))
    async with tx.read() as db:
        [due] = await settlement.dues_of(db, Ref("contract", contract.id))
    finance = await a_member(tx, won.market.operator, Role.FINANCE)
    part = await from_the_bank(tx, keys, await a_message(tx, due, minor=700))
    await bank.assign_line(tx, finance.actor, part.id, due_id=due.id)
    with pytest.raises(errors.NothingOverdue) as refused:
        await service.declare_default(tx, won.seller, contract.id, reasons="Sample reasons.")
    assert refused.value.facts == {"due_on": due.due_on}
    await move_to(tx, datetime.combine(due.due_on + timedelta(days=1), datetime.min.time(), SHANGHAI))
    for actor in (won.winner, (await a_member(tx, won.seller, Role.INVENTOR)).actor):
        with pytest.raises(NotAllowed):
            await service.declare_default(tx, actor, contract.id, reasons="Sample reasons.")
    assert await award_state(tx, won) == "CONCLUDED"
    said = {"reasons": "Sample reasons."}
    ended = await door.post(won.seller, f"/v1/contracts/{contract.id}/default", said)
    assert (ended["state"], ended["reasons"], ended["plan"][0]["state"]) == (
        "TERMINATED",
        "Sample reasons.",
        "CANCELLED",
    )
    assert await award_state(tx, won) == "DEFAULTED"
    assert await one(tx, "SELECT state FROM lot") == "UNSOLD"
    assert await one(tx, "SELECT state FROM trade") == "UNSOLD"
    assert await one(tx, "SELECT cause FROM deposit WHERE state = 'FORFEITED'") == "fails_to_pay"
    assert await one(tx, "SELECT refs FROM journal_entry WHERE kind = 'trading.award_defaulted'")
    # The deposit is on its way to the seller, the part that was paid on its way back.
    assert await escrow(tx, won.seller.org) == (15_000_000, 0)
    assert await escrow(tx, won.winner.org) == (700, 0)
    refs = await one(tx, "SELECT refs FROM journal_entry WHERE kind = 'trading.deposit_forfeited'")
    assert await moved(tx, refs) == [("deposit.forfeited", 15_000_000)]
    # The licence binds nobody from today on: another takes it.
    assert await one(tx, "SELECT valid_until FROM encumbrance") == due.due_on
    async with tx.read() as db:
        assert await ledger.is_balanced(db)
    with pytest.raises(NotInThisState):
        await service.declare_default(tx, won.seller, contract.id, reasons="Sample reasons.")


async def test_payment_and_default_at_the_same_moment_have_one_winner(tx, keys, won):
    contract = await last_signature(tx, won, await called(tx, won))
    async with tx.read() as db:
        [due] = await settlement.dues_of(db, Ref("contract", contract.id))
    message = await a_message(tx, due, minor=due.outstanding_minor)
    await move_to(tx, datetime.combine(due.due_on + timedelta(days=1), datetime.min.time(), SHANGHAI))
    await awake(tx, 4)
    line, ended = await asyncio.gather(
        from_the_bank(tx, keys, message),
        service.declare_default(tx, won.seller, contract.id, reasons="Sample reasons."),
        return_exceptions=True,
    )
    if isinstance(ended, Refusal):
        assert (line.outcome, await award_state(tx, won)) == (Outcome.MATCHED, "CONCLUDED")
    else:
        assert (line.outcome, await award_state(tx, won)) == (Outcome.NOT_OPEN, "DEFAULTED")
    async with tx.read() as db:
        assert await ledger.is_balanced(db)


async def test_a_contract_without_an_award_has_no_deposit_to_lose(tx, keys):
    deal = await in_force(tx, keys)
    with pytest.raises(errors.NotFromAward):
        await service.declare_default(tx, deal.seller.actor, deal.id, reasons="Sample reasons.")
    assert (await service.get_contract(tx, deal.seller.actor, deal.id)).state is ContractState.IN_FORCE


async def test_a_lapsed_award_cancels_its_contract_and_the_runner_up_gets_one_of_its_own(tx, won):
    contract = await called(tx, won)
    await move_to(tx, won.sign_by)
    assert await trading.lapse_award(tx, won.award_id) is True
    assert [await service.cancel_lapsed(tx, won.award_id) for _ in range(2)] == [True, False]
    assert await service.cancel_lapsed(tx, uuid4()) is False
    view = await service.get_contract(tx, won.winner, contract.id)
    assert (view.state, view.plan[0].state) == (ContractState.CANCELLED, LineState.CANCELLED)
    assert await one(tx, "SELECT state FROM signing") == "VOID"
    second = await one(tx, "SELECT id FROM award WHERE rank = 2 AND state = 'OFFERED'")
    anew = await service.draft_from_award(tx, won.seller, second)
    assert (anew.number, anew.plan[0].amount) == ("HT-2026-000002", Money(60_000_000))
    with pytest.raises(errors.AwardHasContract):
        await service.draft_from_award(tx, won.seller, won.award_id)


async def test_an_annulled_award_cancels_its_contract_and_the_signatures_under_it(means, won):
    contract = await called(means.tx, won)
    assert await trading.annul_award(means.tx, won.award_id) is True
    await runner.settle_down(means)
    view = await service.get_contract(means.tx, won.winner, contract.id)
    assert (view.state, view.plan[0].state) == (ContractState.CANCELLED, LineState.CANCELLED)
    assert await one(means.tx, "SELECT state FROM signing") == "VOID"
    assert await one(
        means.tx, "SELECT facts->>'cause' FROM journal_entry WHERE kind = 'contracts.contract_cancelled'"
    ) == ("award_annulled")


@pytest.mark.parametrize("before_ms", [1500, 60, 25, 0])
async def test_a_last_signature_and_a_lapse_that_race_leave_one_winner(tx, won, before_ms):
    contract = await called(tx, won)
    await move_to(tx, won.sign_by - timedelta(milliseconds=before_ms))

    async def lapse() -> bool:
        for _ in range(60):
            if await trading.lapse_award(tx, won.award_id):
                return True
            await asyncio.sleep(0.005)
        return False

    signed, lapsed = await asyncio.gather(last_signature(tx, won, contract), lapse(), return_exceptions=True)
    assert isinstance(lapsed, bool), lapsed
    seen = await service.get_contract(tx, won.winner, contract.id)
    fees = await one(tx, "SELECT count(*) FROM due WHERE purpose = 'ENTRY_FEE'")
    if isinstance(signed, ContractView):
        assert (lapsed, seen.state, await award_state(tx, won), fees) == (False, ContractState.IN_FORCE, "CONCLUDED", 1)
    else:
        assert isinstance(signed, Refusal), signed
        assert (seen.state, fees) == (ContractState.SIGNING, 0)
        assert await award_state(tx, won) in ("LAPSED", "OFFERED")
        assert await one(tx, "SELECT count(*) FROM signature") == 1
    async with tx.read() as db:
        assert await ledger.is_balanced(db)


async def test_the_certificate_of_an_award_names_trade_price_and_result_notice(tx, keys, won):
    contract = await last_signature(tx, won, await called(tx, won))
    await pay(tx, keys, contract.id)
    first = await a_member(tx, won.market.operator, Role.CERTIFIER, keys=keys)
    prepared = await certification.prepare(tx, first.actor, contract.id)
    assert prepared.facts is not None
    assert prepared.facts["trade"] == {
        "number": "JY-2026-000001",
        "method": "ONLINE_BIDDING",
        "price": {"amount": "640000.00", "currency": "CNY"},
    }
    assert [notice["kind"] for notice in prepared.facts["notices"]] == ["RESULT"]


async def test_a_price_found_by_bidding_is_not_agreed_anew_but_other_terms_are_and_the_market_hears_of_it(tx, won):
    contract = await last_signature(tx, won, await called(tx, won))
    propose = partial(
        service.propose_change,
        tx,
        won.seller,
        contract.id,
        kind=ChangeKind.AMENDMENT,
        effective_on=contract.term_from,
        reasons="Sample",
    )
    with pytest.raises(errors.PriceBound):
        await propose(terms=NewTerms(plan=(PlanTerms(LineKind.LUMP, 1),)))
    change = await propose(terms=NewTerms(clauses=(Clause("保密", "五年"),)))
    for who in (won.seller, won.winner):
        await service.sign_change(tx, who, change.id, document_sha256=change.document_sha256)
    assert await one(tx, "SELECT count(*) FROM journal_entry WHERE kind = 'contracts.contract_changed'") == 1


async def test_an_offer_that_names_manners_of_use_ends_in_a_licence_of_those_manners(tx, keys, book):
    market = await a_market_at_work(tx, keys)
    scope = {"territory": "CN", "field": "ANY", "manner": ["MAKE", "USE"], "term_years": 5}
    offer = await an_offer(tx, market.seller, market.operator, licence_kind="EXCLUSIVE", scope=scope)
    trade = await an_awarded_trade(market, book, 600_000, listing_id=offer.id)
    (award,) = await trading.list_awards(tx, market.operator, trade.id)
    draft = await service.draft_from_award(tx, market.seller, award.id)
    document = (await service.get_document(tx, market.seller, draft.id)).document
    assert document["licence"]["manner"] == "MAKE, USE"
    await service.open_signing(tx, market.seller, draft.id, document_sha256=draft.document_sha256)
    async with tx.read() as db:
        ends = (await notices.get_facts(db, award.notice_id)).ends_at
    await move_to(tx, ends)
    for who in (market.seller, market.buyers[0]):
        signed = await service.sign(tx, who, draft.id, document_sha256=draft.document_sha256)
    assert signed.state is ContractState.IN_FORCE
    assert await one(tx, "SELECT manner FROM encumbrance") == "MAKE, USE"
    # Beside it somebody else may sell what was made, and nobody else may make it.
    (sold,) = offer.achievement_ids
    for manner, refused in ((["SELL"], False), (["MAKE"], True)):
        other = await an_offer(
            tx, market.seller, achievement_ids=(sold,), licence_kind="ORDINARY", scope=scope | {"manner": manner}
        )
        if refused:
            with pytest.raises(achievement_errors.LicenceOverlaps):
                await listings.submit(tx, market.seller, other.id)
        else:
            await listings.submit(tx, market.seller, other.id)
