"""Every no of trading is heard over HTTP: in Chinese and English, with what would work, listed, and nothing changed.

The table says which test hears which; bids have their own, beside this one.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from techmarket.contracts import service as contracts
from techmarket.db.clock import market_now
from techmarket.db.keys import Keys
from techmarket.db.session import Tx
from techmarket.identity import service as identity
from techmarket.identity.actor import OrgKind
from techmarket.identity.tables import Membership
from techmarket.kernel.ids import new_id
from techmarket.kernel.refusals import wire
from techmarket.rulebook import service as rulebook
from techmarket.rulebook.adding import RuleDraft
from techmarket.rulebook.rules import Binding, Evidence, RuleUnit
from techmarket.trading import service, steps
from techmarket.trading.lifecycle import Method, PauseCause
from techmarket.trading.panel.sheets import Mark
from techmarket.trading.relisting import Valuation
from techmarket.trading.reserve import reserve_digest
from techmarket.trading.sealed.envelopes import ENVELOPE_BYTES
from techmarket.trading.service import Afterwards, ConsortiumTerms, ExtensionDraft, LotDraft, PriceGround
from techmarket.trading.views import TradeView
from tests.client import Api
from tests.identity.make import Keyed, a_market, an_organisation
from tests.listings.make import an_offer
from tests.notices.make import a_sandbox, an_evidence, move_to, shanghai
from tests.trading.make import (
    OPENS,
    Market,
    a_draft,
    a_qualified,
    an_announced_trade,
    draft,
    the_seller_signs,
)
from tests.trading.refusing import CODES, Asking, yuan
from tests.trading.sealed_make import SealedLot, an_announced_scored_trade, an_announced_sealed_trade, dealt

SERVED = Path(__file__).parents[2] / "api_specs" / "openapi.json"
HEARD: Mapping[str, set[str]] = {
    "bids": {
        *("bid_too_low", "bid_off_step", "price_not_reached", "bid_below_floor", "not_the_price", "bidding_over"),
        *("not_open", "bidding_paused", "no_bidding_here", "not_qualified", "not_a_participant", "bid_key_reused"),
        "book_busy",
    },
    "drafting": {
        *("listing_not_tradable", "terms_said_twice", "term_unknown", "term_malformed", "term_missing"),
        *("terms_out_of_range", "lots_unclear", "start_below_floor", "falls_below_floor", "floor_not_below_start"),
        *("deposit_above_rule", "extension_out_of_rule", "demand_needed", "weights_do_not_sum", "opens_too_early"),
        *("listing_changed", "first_floor_below_valuation"),
    },
    "listing again": {"consent_needed", "not_relistable", "drafted_before", "revaluation_needed"},
    "registering": {
        *("registration_closed", "registered_already", "seller_cannot_buy", "lot_not_of_trade", "principal_unfit"),
        *("stands_already", "mandate_not_signed", "consortium_not_announced", "consortium_unfit"),
        *("consortium_has_no_agent", "deposit_payer_unfit", "consortium_not_signed", "grounds_needed"),
        *("judge_conflicted", "too_late_to_withdraw", "cause_not_announced"),
    },
    "running": {
        *("not_suspended", "suspended", "enough_participants", "motion_waits", "no_motion", "resumes_later"),
        *("record_not_yet", "signing_date_passed", "sold_already", "bidding_over", "terms_out_of_range"),
    },
    "after the session": {
        *("no_reserve_awaited", "reserve_differs", "no_final_bid_awaited", "not_a_leader", "final_bid_given"),
        *("final_bid_too_low", "no_first_refusal_here", "too_late_to_claim", "first_refusal_claimed_already"),
        *("first_refusal_unfounded", "no_first_refusal_awaited", "not_a_participant"),
    },
    "talking": {
        *("no_talks_here", "talks_not_open", "counterparty_needed", "offer_stands", "offer_over", "offer_not_yours"),
        *("offer_below_floor", "offer_end_out_of_talks", "competition_needed", "not_qualified"),
    },
    "sealing": {
        *("no_envelopes_here", "sealing_fixed", "sealing_not_as_announced", "sealing_key_unfit", "officers_unfit"),
        *("officers_of_one_hand", "envelope_malformed", "shares_too_early", "wrong_share", "not_opened_yet"),
        *("not_a_participant", "not_open", "not_qualified", "bidding_paused", "bidding_over", "officer_cannot_buy"),
    },
    "judging": {
        *("no_panel_here", "panel_closed", "not_an_expert", "expert_conflicted", "expert_already"),
        *("declaration_missing", "nothing_to_mark", "sheet_incomplete", "sheet_given", "scores_sealed", "panel_full"),
        "panel_incomplete",
    },
}
"""Which test hears which codes of trading."""

ELSEWHERE: Mapping[str, str] = {
    "publicity_hidden": "said at the announcement of an agreed price (test_negotiation.py)",
    "method_not_offered": "every method is offered; the class stands for the day one is not (test_methods.py)",
}


def test_the_table_names_every_refusal_of_trading() -> None:
    named = {f"trading.{code}" for code in {code for codes in HEARD.values() for code in codes} | set(ELSEWHERE)}
    assert named == CODES


@dataclass(frozen=True)
class Town:
    """A market at work whose people speak HTTP."""

    market: Market
    operator: Keyed
    seller: Keyed
    buyers: tuple[Keyed, ...]
    asking: Asking
    keys: Keys

    @property
    def tx(self) -> Tx:
        return self.market.tx

    @property
    def no(self) -> Any:
        return self.asking.no

    def has_heard(self, what: str) -> bool:
        return self.asking.heard == {f"trading.{code}" for code in HEARD[what]}

    async def sql(self, statement: str, **values: Any) -> None:
        async with self.tx.begin() as db:
            await db.execute(text(statement), values)

    async def opened(self, trade: TradeView) -> None:
        assert trade.bidding_opens_at is not None
        await move_to(self.tx, trade.bidding_opens_at)
        await service.open_due(self.tx)

    async def joins(self, person_id: UUID | None, org_id: UUID | None) -> None:
        async with self.tx.begin() as db:
            db.add(Membership(person_id=person_id, org_id=org_id, roles=["TRADER"], ended_at=None))


@pytest.fixture
async def town(tx: Tx, keys: Keys, api: Api) -> Town:
    await a_sandbox(tx, OPENS)
    operator = (await a_market(tx, keys))["operator"]
    seller = await an_organisation(tx, kind=OrgKind.UNIVERSITY, keys=keys)
    buyers = tuple([await an_organisation(tx, keys=keys) for _ in range(4)])
    market = Market(tx, keys, operator.actor, seller.actor, tuple(one.actor for one in buyers))
    return Town(market, operator, seller, buyers, Asking(market, api, json.loads(SERVED.read_text())), keys)


async def a_rule(town: Town, key: str, value: str, unit: RuleUnit, *, base: str | None = None) -> None:
    """The province binds what the country only says."""
    row = RuleDraft(
        key=key,
        jurisdiction="CN-33",
        scope="market",
        mode=None,
        applies_to="any",
        binding=Binding.MANDATORY,
        base=base,
        value=value,
        unit=unit,
        source="Sample rule of a province / 示例规则",
        evidence=Evidence.VERIFIED,
        effective_from=date(2026, 1, 1),
        effective_to=None,
    )
    await rulebook.add_rule(town.tx, town.operator.actor, row)


# --- the way to an announcement ---------------------------------------------------------------------------------------


async def test_whatever_is_wrong_with_a_draft(town: Town, tx: Tx, keys: Keys) -> None:
    await a_rule(town, "trading.deposit_ratio_max", "0.30", RuleUnit.RATIO, base="floor_price")
    listing = await an_offer(tx, town.seller.actor, town.operator.actor)
    raw = await an_offer(tx, town.seller.actor)
    base: dict[str, Any] = {"listing_id": str(listing.id), "deposit": yuan(0)}
    plain = {**base, "increment": yuan(10_000)}

    async def no(code: str, body: dict[str, Any], pointer: str | None = None, **facts: Any) -> None:
        await town.no(code, town.seller, "POST", "/v1/trades", body, pointer=pointer, **facts)

    await no("listing_not_tradable", {**plain, "listing_id": str(raw.id)})
    await no("terms_said_twice", {**plain, "lots": [{"increment": yuan(1)}]}, "/body/lots")
    await no("term_unknown", {**plain, "rules": {"pace": 1}}, "/body/rules/pace")
    await no("term_malformed", {**plain, "rules": {"free_seconds": "1"}}, "/body/rules/free_seconds")
    await no("term_missing", base, "/body/lots/0/increment", field="increment")
    await no("terms_out_of_range", {**plain, "rules": {"free_seconds": -1}}, "/body/rules/free_seconds", least=60)
    await no("lots_unclear", {**base, "lots": [{"increment": yuan(1)}] * 2}, "/body/lots/0/achievement_ids")
    low = {**plain, "start_price": yuan("499999.99")}
    await no("start_below_floor", low, "/body/lots/0/start_price", floor=yuan(500_000))
    lot = {"start_price": yuan(600_000), "increment": yuan(10_000)}
    falling = {**base, "method": "DESCENDING", "rules": {"step_seconds": 60}}
    below = {**falling, "lots": [{**lot, "floor": yuan("499999.99")}]}
    await no("falls_below_floor", below, "/body/lots/0/floor", floor=yuan(500_000))
    level = {**falling, "lots": [{**lot, "floor": yuan(600_000)}]}
    await no("floor_not_below_start", level, "/body/lots/0/floor", start_price=yuan(600_000))
    await no("deposit_above_rule", {**plain, "deposit": yuan("150000.01")}, "/body/deposit", most=yuan(150_000))
    await no("extension_out_of_rule", {**plain, "extension": {"at_most": 3}}, "/body/extension", at_most=2)
    await no("demand_needed", {**base, "method": "SELECTION"}, "/body/method")
    criteria = [{"name": "upfront", "measure": "UPFRONT", "weight": "0.9"}]
    scored = {**base, "method": "SCORED", "rules": {"criteria": criteria, "quoting_seconds": 3600}}
    await no("weights_do_not_sum", scored, "/body/rules/criteria", sum="0.9")

    owned = await an_organisation(tx, government_established=True, keys=keys)
    theirs = await an_offer(tx, owned.actor, town.operator.actor)
    valued = {**plain, "listing_id": str(theirs.id), "valuation": {"amount": yuan("600000.01"), "dated": "2026-01-05"}}
    below = {**valued, "start_price": yuan(600_000)}
    least = yuan("600000.01")
    await town.no(
        "first_floor_below_valuation", owned, "POST", "/v1/trades", below, pointer="/body/start_price", least=least
    )

    early = await a_draft(town.market, listing_id=listing.id, bidding_opens_at=OPENS + timedelta(days=3))
    await service.submit_trade(tx, town.seller.actor, early.id)
    await town.no("opens_too_early", town.operator, "POST", f"/v1/trades/{early.id}/announcement")
    other = await a_draft(town.market)
    await town.sql("UPDATE trade SET listing_sha256 = :s WHERE id = :id", s="0" * 64, id=other.id)
    await town.no("listing_changed", town.seller, "POST", f"/v1/trades/{other.id}/submission")
    assert town.has_heard("drafting")


async def test_whatever_is_wrong_with_listing_again(town: Town, tx: Tx, keys: Keys) -> None:
    await a_rule(town, "trading.no_buyer.revaluation_after", "12", RuleUnit.MONTHS)
    owned = await an_organisation(tx, government_established=True, keys=keys)
    offer = await an_offer(tx, owned.actor, town.operator.actor)
    other = await an_offer(tx, owned.actor, town.operator.actor)
    valued = PriceGround(Valuation(60_000_001, date(2026, 1, 5)))
    plain: dict[str, Any] = {"increment_minor": 1_000_000, "deposit_minor": 0}
    first = await draft(tx, owned.actor, offer.id, start_price_minor=60_000_001, ground=valued, **plain)
    second = await draft(tx, owned.actor, offer.id, start_price_minor=60_000_001, ground=valued, **plain)
    await service.submit_trade(tx, owned.actor, first.id)
    await town.opened(await service.announce(tx, town.operator.actor, first.id))
    await service.submit_trade(tx, owned.actor, second.id)
    known = {"number": first.number}
    await town.no("drafted_before", town.operator, "POST", f"/v1/trades/{second.id}/announcement", **known)
    body = {"listing_id": str(offer.id), "deposit": yuan(0), "increment": yuan(10_000)}
    low = {**body, "start_price": yuan("540000.00")}
    least = yuan("540000.01")
    await town.no("consent_needed", owned, "POST", "/v1/trades", low, pointer="/body/consent_sha256", least=least)
    named = {**body, "listing_id": str(other.id), "previous_trade_id": str(first.id)}
    await town.no("not_relistable", owned, "POST", "/v1/trades", named, pointer="/body/previous_trade_id")
    await move_to(tx, shanghai(2027, 3, 3))
    again = {**body, "start_price": yuan("600000.01")}
    since = {"first_announced_on": "2026-03-02", "months": 12}
    await town.no("revaluation_needed", owned, "POST", "/v1/trades", again, pointer="/body/valuation", **since)
    assert town.has_heard("listing again")


# --- who takes part ---------------------------------------------------------------------------------------------------


async def test_whoever_may_not_take_part(town: Town, tx: Tx) -> None:
    terms = ConsortiumTerms(members_max=2)
    trade = await an_announced_trade(town.market, consortium=terms, forfeited_when=[])
    alone = await an_announced_trade(town.market, deposit_minor=0)
    first, second, third, fourth = town.buyers
    path = f"/v1/trades/{trade.id}/participants"

    def joint(*members: Keyed, **more: Any) -> dict[str, Any]:
        named = [{"organisation_id": str(one.actor.org), "part": "Sample: production"} for one in members]
        return {"consortium": {"part": "Sample: development", "members": named, **more}}

    await town.no("seller_cannot_buy", town.seller, "POST", path, {})
    await town.no("lot_not_of_trade", first, "POST", path, {"lots": [str(new_id())]}, pointer="/body/lots")
    for_seller = {"principal_organisation_id": str(town.seller.actor.org)}
    await town.no("principal_unfit", first, "POST", path, for_seller, pointer="/body/principal_organisation_id")
    other = f"/v1/trades/{alone.id}/participants"
    await town.no("consortium_not_announced", first, "POST", other, joint(second), pointer="/body/consortium")
    many, at = joint(second, third), "/body/consortium/members"
    await town.no("consortium_unfit", first, "POST", path, many, pointer=at, members_min=2, members_max=2)
    both = {**joint(third), "principal_organisation_id": str(second.actor.org)}
    await town.no("consortium_has_no_agent", first, "POST", path, both, pointer="/body/consortium")
    payer = joint(second, deposit_organisation_id=str(second.actor.org))
    at = "/body/consortium/deposit_organisation_id"
    await town.no("deposit_payer_unfit", first, "POST", path, payer, pointer=at, deposit_from="REPRESENTATIVE")

    agent = await service.register_intent(tx, first.actor, trade.id, principal_org=second.actor.org)
    await town.no("registered_already", first, "POST", path, {})
    admission = f"/v1/participants/{agent.id}/admission"
    await town.no("mandate_not_signed", town.operator, "POST", admission, {})
    assert agent.mandate is not None
    await service.sign_mandate(tx, second.actor, agent.id, document_sha256=agent.mandate.document_sha256)
    await town.no("stands_already", second, "POST", path, {})
    joined = await town.asking.api.post(path, json=joint(fourth), key=third.key)
    assert joined.status_code == 201
    missing = [str(one.actor.org) for one in (third, fourth)]
    united = f"/v1/participants/{joined.json()['id']}/admission"
    await town.no("consortium_not_signed", town.operator, "POST", united, {}, missing=missing)
    refused = {"accepted": False}
    await town.no("grounds_needed", town.operator, "POST", admission, refused, pointer="/body/grounds")

    await service.admit(tx, town.operator.actor, agent.id)
    confirmed = await service.confirm(tx, town.seller.actor, agent.id)
    forfeiture = f"/v1/deposits/{confirmed.deposits[0].id}/forfeiture"
    cause = {"cause": "false_papers", "reasons": "Sample reasons"}
    await town.no("cause_not_announced", town.operator, "POST", forfeiture, cause, pointer="/body/cause", announced=[])
    mine = await service.register_intent(tx, third.actor, alone.id)
    await town.joins(town.operator.actor.person_id, third.actor.org_id)
    await town.no("judge_conflicted", town.operator, "POST", f"/v1/participants/{mine.id}/admission", {})
    assert trade.announcement_ends_at is not None
    ended = wire(trade.announcement_ends_at)
    await move_to(tx, trade.announcement_ends_at)
    await town.no("registration_closed", fourth, "POST", path, {}, ended_at=ended)
    await service.open_due(tx)
    await town.no("too_late_to_withdraw", first, "POST", f"/v1/participants/{agent.id}/withdrawal")
    assert town.has_heard("registering")


async def test_whatever_may_not_be_done_to_a_running_procedure(town: Town, tx: Tx) -> None:
    market, operator, seller = town.market, town.operator, town.seller
    offer = await an_offer(tx, seller.actor, operator.actor)
    lots = [LotDraft(achievement_ids=offer.achievement_ids, start_price_minor=50_000_000, increment_minor=1)] * 2
    trade = await an_announced_trade(
        market, listing_id=offer.id, lots=lots, deposit_minor=0, extension=ExtensionDraft()
    )
    at, why = f"/v1/trades/{trade.id}", {"reasons": "Sample reasons"}
    await a_qualified(market, trade, town.buyers[0].actor)
    await town.no("enough_participants", operator, "POST", f"{at}/extension", why, least=1)
    await town.no("not_suspended", operator, "POST", f"{at}/resumption", why)
    stopped = await service.suspend_trade(tx, operator.actor, trade.id, cause=PauseCause.OTHER, reasons="Sample")
    assert stopped.resume_by is not None
    until = {"resume_by": wire(stopped.resume_by)}
    await town.no("suspended", operator, "POST", f"{at}/suspension", {**why, "cause": "OTHER"}, **until)
    await service.resume_trade(tx, operator.actor, trade.id, reasons="Sample")
    await town.no("no_motion", operator, "POST", f"{at}/termination-motion/refusal", why)
    await service.ask_termination(tx, seller.actor, trade.id, reasons="Sample")
    await town.no("motion_waits", seller, "POST", f"{at}/termination-motion", why)

    await town.opened(await service.get_trade(tx, operator.actor, trade.id))
    lot = await service.get_lot(tx, operator.actor, trade.lot.id)
    assert lot.effective_end is not None
    end = wire(lot.effective_end)
    await town.no("record_not_yet", None, "GET", f"{at}/record", effective_end=end)
    past = {"cause": "OTHER", "reason": "Sample", "resumes_at": OPENS.isoformat()}
    pause = f"/v1/lots/{lot.id}/pause"
    await town.no("terms_out_of_range", operator, "POST", pause, past, pointer="/body/resumes_at")
    async with tx.read() as db:
        later = await market_now(db) + timedelta(hours=1)
    known = {"resumes_at": wire(later)}
    await service.pause_lot(tx, operator.actor, lot.id, cause=PauseCause.OTHER, reason="Sample", resumes_at=later)
    await town.no("resumes_later", operator, "POST", f"/v1/lots/{lot.id}/resume", **known)
    await move_to(tx, later)
    await service.resume_lot(tx, operator.actor, lot.id)

    buyer = town.buyers[0]
    for one in trade.lots:
        bid = await town.asking.api.post(f"/v1/lots/{one.id}/bids", json={"amount": yuan(500_000)}, key=buyer.key)
        assert bid.status_code == 201
    ends = (await service.get_lot(tx, operator.actor, lot.id)).effective_end
    assert ends is not None
    await move_to(tx, ends)
    await town.no("bidding_over", operator, "POST", pause, {"cause": "OTHER", "reason": "Sample"})
    await service.close_due(tx)
    first, second = await service.list_awards(tx, operator.actor, trade.id)
    contract = await contracts.draft_from_award(tx, seller.actor, second.id)
    await contracts.open_signing(tx, seller.actor, contract.id, document_sha256=contract.document_sha256)
    await move_to(tx, ends + timedelta(days=10))
    await the_seller_signs(market, first.id)
    async with tx.begin() as db:
        await steps.conclude_award(db, first.id, now=await market_now(db), actor=seller.actor)
    await contracts.sign(tx, seller.actor, contract.id, document_sha256=contract.document_sha256)
    sign_by = (await service.get_award(tx, buyer.actor, second.id)).sign_by
    assert sign_by is not None
    await move_to(tx, sign_by)
    signatures, late = f"/v1/contracts/{contract.id}/signatures", {"document_sha256": contract.document_sha256}
    known = {"sign_by": wire(sign_by)}
    await town.no("signing_date_passed", buyer, "POST", signatures, late, **known)
    await town.no("sold_already", operator, "POST", f"{at}/termination", {**why, "cause": "SELLERS_MOTION"})
    assert town.has_heard("running")


# --- after the session ------------------------------------------------------------------------------------------------

SALT = "5a" * 32


async def test_whatever_is_not_awaited_or_not_enough_after_the_session(town: Town, tx: Tx) -> None:
    market = town.market
    *bidding, holder = town.buyers
    lot = LotDraft(increment_minor=1_000_000, reserve_digest=reserve_digest(50_000_000, SALT))
    after = Afterwards(final_bid_hours=2, final_bid_leaders=2, first_refusal_hours=24)
    trade = await an_announced_trade(market, lots=[lot], afterwards=after, deposit_minor=0)
    silent = await an_announced_trade(market, deposit_minor=0)
    joined = [await a_qualified(market, trade, one.actor) for one in town.buyers]
    at = f"/v1/lots/{trade.lot.id}"
    elsewhere = await a_qualified(market, silent, holder.actor)
    shown = {"basis": "CONTRACT", "evidence_sha256": await an_evidence(tx, holder.actor)}
    claims = f"/v1/participants/{joined[3].id}/first-refusal"
    await town.no("no_first_refusal_here", holder, "POST", f"/v1/participants/{elsewhere.id}/first-refusal", shown)
    unfounded = {"basis": "CO_OWNER"}
    await town.no("first_refusal_unfounded", holder, "POST", claims, unfounded, pointer="/body/basis", basis="CO_OWNER")
    assert (await town.asking.api.post(claims, json=shown, key=holder.key)).status_code == 201
    await town.no("first_refusal_claimed_already", holder, "POST", claims, shown)
    answered = await town.asking.api.post(f"{claims}/answer", json={"accepted": True}, key=town.seller.key)
    assert answered.status_code == 200

    await town.opened(trade)
    opens = {"bidding_opens_at": wire(trade.bidding_opens_at)}
    first_claim = f"/v1/participants/{joined[0].id}/first-refusal"
    await town.no("too_late_to_claim", bidding[0], "POST", first_claim, shown, **opens)
    for one, amount in zip(bidding, (500_000, 510_000, 520_000), strict=True):
        put = await town.asking.api.post(f"{at}/bids", json={"amount": yuan(amount)}, key=one.key)
        assert put.status_code == 201
    ends = (await service.get_lot(tx, town.operator.actor, trade.lot.id)).effective_end
    assert ends is not None
    session = {"session_ends_at": wire(ends)}
    salt = {"amount": yuan(500_000), "salt": SALT}
    await town.no("no_reserve_awaited", town.seller, "POST", f"{at}/reserve", salt, **session)
    final = {"amount": yuan(530_000)}
    await town.no("no_final_bid_awaited", bidding[1], "POST", f"{at}/final-bids", final, **session)
    await town.no("no_first_refusal_awaited", holder, "POST", f"{at}/first-refusal", {"exercise": True})

    await move_to(tx, ends)
    assert await service.close_due(tx) >= 1
    wrong = {**salt, "amount": yuan("500000.01")}
    digest = {"digest": reserve_digest(50_000_000, SALT)}
    await town.no("reserve_differs", town.seller, "POST", f"{at}/reserve", wrong, pointer="/body", **digest)
    assert (await town.asking.api.post(f"{at}/reserve", json=salt, key=town.seller.key)).status_code == 200
    await town.no("not_a_leader", bidding[0], "POST", f"{at}/final-bids", final, leaders=2)
    stranger = await an_organisation(tx, keys=town.keys)
    await town.no("not_a_participant", stranger, "POST", f"{at}/final-bids", final)
    same = {"amount": yuan(510_000)}
    least = {"own": yuan(510_000), "least": yuan("510000.01")}
    await town.no("final_bid_too_low", bidding[1], "POST", f"{at}/final-bids", same, pointer="/body/amount", **least)
    assert (await town.asking.api.post(f"{at}/final-bids", json=final, key=bidding[1].key)).status_code == 201
    await town.no("final_bid_given", bidding[1], "POST", f"{at}/final-bids", final)
    due = (await service.get_lot(tx, town.operator.actor, trade.lot.id)).step_due_at
    assert due is not None
    await move_to(tx, due)
    until = {"taken_until": wire(due)}
    await town.no("no_final_bid_awaited", bidding[2], "POST", f"{at}/final-bids", final, **until)
    assert town.has_heard("after the session")


# --- talks ------------------------------------------------------------------------------------------------------------


async def test_whatever_is_wrong_with_an_offer_or_its_answer(town: Town, tx: Tx, keys: Keys) -> None:
    owned = await an_organisation(tx, government_established=True, keys=keys)
    market = Market(tx, keys, town.operator.actor, owned.actor, ())
    listing = await an_offer(tx, owned.actor, town.operator.actor, price_form="NEGOTIABLE", price=None)
    terms: dict[str, Any] = {"method": Method.NEGOTIATION, "deposit_minor": 0, "increment_minor": None, "terms": {}}
    trade = await an_announced_trade(market, listing_id=listing.id, start_price_minor=40_000_000, **terms)
    bidding = await an_announced_trade(town.market, deposit_minor=0)
    first, second, third, _ = town.buyers
    for one in (first, second):
        await a_qualified(market, trade, one.actor)
    waiting = await service.register_intent(tx, third.actor, trade.id)
    await a_qualified(town.market, bidding, first.actor)
    path = f"/v1/lots/{trade.lot.id}/offers"
    assert trade.bidding_opens_at is not None
    opens = trade.bidding_opens_at
    offer = {"price": yuan(400_000), "valid_until": (opens + timedelta(days=7)).isoformat()}
    begin = {"state": "WAITING", "opens_at": wire(opens)}
    await town.no("talks_not_open", first, "POST", path, offer, **begin)
    await town.no("no_talks_here", first, "POST", f"/v1/lots/{bidding.lot.id}/offers", offer, method="ONLINE_BIDDING")
    await town.opened(trade)
    await town.no("not_qualified", third, "POST", path, offer)
    await town.no("counterparty_needed", owned, "POST", path, offer, pointer="/body/participant_id")
    low = {**offer, "price": yuan("399999.99")}
    await town.no("offer_below_floor", first, "POST", path, low, pointer="/body/price", least=yuan(400_000))
    lot = await service.get_lot(tx, town.operator.actor, trade.lot.id)
    assert lot.effective_end is not None
    late = {**offer, "valid_until": (lot.effective_end + timedelta(seconds=1)).isoformat()}
    end = {"talks_end": wire(lot.effective_end)}
    await town.no("offer_end_out_of_talks", first, "POST", path, late, pointer="/body/valid_until", **end)
    made = (await town.asking.api.post(path, json=offer, key=first.key)).json()
    until = offer["valid_until"].replace("+00:00", "Z")  # type: ignore[attr-defined]
    await town.no("offer_stands", first, "POST", path, offer, until=until)
    acceptance, signed = f"/v1/offers/{made['id']}/acceptance", {"document_sha256": made["document_sha256"]}
    await town.no("offer_not_yours", first, "POST", acceptance, signed)
    await town.no("competition_needed", owned, "POST", acceptance, signed, buyers=2)
    assert waiting.id
    await move_to(tx, opens + timedelta(days=7))
    await town.no("offer_over", owned, "POST", acceptance, signed, valid_until=until)
    assert town.has_heard("talking")


# --- sealed slots -----------------------------------------------------------------------------------------------------


async def test_whatever_is_wrong_with_a_key_an_envelope_or_a_share(town: Town, tx: Tx, keys: Keys) -> None:
    market, operator = town.market, town.operator
    trade = await an_announced_sealed_trade(market)
    other = await an_announced_sealed_trade(market)
    bidding = await an_announced_trade(market, deposit_minor=0)
    made = await dealt(tx, operator.actor, keys)
    lot, sealing = f"/v1/lots/{trade.lot.id}", f"/v1/lots/{trade.lot.id}/sealing"

    def named(**changes: Any) -> dict[str, Any]:
        officers = [
            {"person_id": str(n.person_id), "organisation_id": str(n.organisation_id), "share_sha256": n.share_sha256}
            for n in made.named(trade.lot.id)
        ]
        return {"public_key": made.public_key.hex(), "needed": 3, "officers": officers, **changes}

    whole = named()
    plain = f"/v1/lots/{bidding.lot.id}/sealing"
    await town.no("no_envelopes_here", operator, "POST", plain, whole, method="ONLINE_BIDDING")
    few = named(officers=whole["officers"][:4])
    asked = {"needed": 3, "officers": 5}
    await town.no("sealing_not_as_announced", operator, "POST", sealing, few, pointer="/body/officers", **asked)
    twice = named(officers=[*whole["officers"][:4], whole["officers"][0]])
    await town.no("officers_unfit", operator, "POST", sealing, twice, pointer="/body/officers")
    await town.no(
        "sealing_key_unfit", operator, "POST", sealing, named(public_key="00" * 32), pointer="/body/public_key"
    )
    staff = operator.actor
    hand = [
        *whole["officers"][:2],
        {**whole["officers"][2], "person_id": str(staff.person_id), "organisation_id": str(staff.org_id)},
        *whole["officers"][3:],
    ]
    at = "/body/officers"
    await town.no("officers_of_one_hand", operator, "POST", sealing, named(officers=hand), pointer=at, most=2)
    sealed = await town.asking.api.post(sealing, json=whole, key=operator.key)
    assert sealed.status_code == 201, sealed.text
    await town.no("not_opened_yet", None, "GET", f"{lot}/opening", needed=3, given=0)
    await town.no("officer_cannot_buy", made.officers[4], "POST", f"/v1/trades/{trade.id}/participants", {})

    first, second, *_, stranger = town.buyers
    await a_qualified(market, trade, first.actor)
    await service.register_intent(tx, second.actor, trade.id)
    envelope = {"envelope": base64.b64encode(bytes(ENVELOPE_BYTES)).decode()}
    assert trade.bidding_opens_at is not None
    opens = wire(trade.bidding_opens_at)
    await town.no("not_open", first, "PUT", f"{lot}/envelope", envelope, opens_at=opens)
    share = {"n": 1, "share": made.shares[0].body.hex()}
    await town.no("shares_too_early", made.officers[0], "POST", f"{lot}/opening/shares", share, opens_at=opens)
    await town.opened(trade)
    await town.no("sealing_fixed", operator, "POST", sealing, whole)
    short = {"envelope": base64.b64encode(bytes(ENVELOPE_BYTES - 1)).decode()}
    size = {"pointer": "/body/envelope", "bytes": ENVELOPE_BYTES}
    await town.no("envelope_malformed", first, "PUT", f"{lot}/envelope", short, **size)
    await town.no("not_a_participant", stranger, "PUT", f"{lot}/envelope", envelope)
    await town.no("not_qualified", second, "PUT", f"{lot}/envelope", envelope)
    shown = await service.get_lot(tx, operator.actor, trade.lot.id)
    assert shown.effective_end is not None
    end = {"effective_end": wire(shown.effective_end)}
    await town.no("shares_too_early", made.officers[0], "POST", f"{lot}/opening/shares", share, **end)
    later = shown.effective_end - timedelta(minutes=1)
    await service.pause_lot(tx, staff, trade.lot.id, cause=PauseCause.NETWORK_FAULT, reason="Sample", resumes_at=later)
    goes_on = {"resumes_at": wire(later)}
    await town.no("bidding_paused", first, "PUT", f"{lot}/envelope", envelope, **goes_on)
    await move_to(tx, later)
    await service.resume_lot(tx, staff, trade.lot.id)
    ends = (await service.get_lot(tx, operator.actor, trade.lot.id)).effective_end
    assert ends is not None
    await move_to(tx, ends)
    over = {"effective_end": wire(ends)}
    await town.no("bidding_over", first, "PUT", f"{lot}/envelope", envelope, **over)
    await service.close_due(tx)
    await service.close_slots_due(tx, keys)
    wrong, at = {"n": 1, "share": "00" * 32}, "/body/share"
    await town.no("wrong_share", made.officers[0], "POST", f"{lot}/opening/shares", wrong, pointer=at, n=1)
    due = (await service.get_lot(tx, operator.actor, trade.lot.id)).step_due_at
    assert due is not None
    known = {"due_at": wire(due)}
    await town.no("not_opened_yet", None, "GET", f"{lot}/opening", needed=3, given=0, **known)
    assert other.lot.id != trade.lot.id
    assert town.has_heard("sealing")


# --- marks ------------------------------------------------------------------------------------------------------------

PLAN = "technical plan"
CRITERIA = [
    {"name": "upfront", "measure": "UPFRONT", "weight": "0.6"},
    {"name": PLAN, "measure": "PANEL", "weight": "0.4"},
]


async def test_whatever_is_wrong_with_an_expert_or_his_marks(town: Town, tx: Tx, keys: Keys) -> None:
    market, operator = Market(tx, keys, town.operator.actor, town.seller.actor, town.market.buyers[:1]), town.operator
    listing = await an_offer(tx, town.seller.actor, operator.actor)
    trade = await an_announced_scored_trade(market, listing.id, Method.SCORED, criteria=CRITERIA, experts=4)
    bidding = await an_announced_trade(market, deposit_minor=0)
    experts = [await an_organisation(tx, kind=OrgKind.INSTITUTE, keys=keys) for _ in range(4)]
    for one in (*experts, town.seller):
        person = one.actor.person
        await identity.grant_qualification(tx, operator.actor, person, kind="EXPERT", level="GENERAL")
    lot, panel = f"/v1/lots/{trade.lot.id}", f"/v1/lots/{trade.lot.id}/panel"

    def seat(one: Keyed) -> dict[str, str]:
        return {"person_id": str(one.actor.person), "organisation_id": str(one.actor.org)}

    await town.no("no_panel_here", operator, "POST", f"/v1/lots/{bidding.lot.id}/panel", seat(experts[0]))
    at = "/body/person_id"
    await town.no("not_an_expert", operator, "POST", panel, seat(town.buyers[3]), pointer=at)
    because = {"because": ["member_of_the_lister"]}
    await town.no("expert_conflicted", operator, "POST", panel, seat(town.seller), pointer=at, **because)
    for one in experts:
        await service.appoint_expert(
            tx, operator.actor, trade.lot.id, person_id=one.actor.person, organisation_id=one.actor.org
        )
    await town.no("expert_already", operator, "POST", panel, seat(experts[0]), pointer=at)
    more = await an_organisation(tx, kind=OrgKind.INSTITUTE, keys=keys)
    await identity.grant_qualification(tx, operator.actor, more.actor.person, kind="EXPERT", level="GENERAL")
    await town.no("panel_full", operator, "POST", panel, seat(more), experts=4)
    for one in experts[:3]:
        told = await service.get_panel(tx, one.actor, trade.lot.id)
        await service.declare(tx, one.actor, trade.lot.id, conflicted=False, document_sha256=told.declaration_sha256)
    sealed = SealedLot(market, await dealt(tx, operator.actor, keys), trade)
    await service.seal_lot(
        tx,
        operator.actor,
        trade.lot.id,
        public_key=sealed.dealt.public_key,
        needed=3,
        officers=sealed.dealt.named(trade.lot.id),
    )
    await a_qualified(market, trade, town.buyers[0].actor)
    await town.opened(trade)
    buyer = town.buyers[0].actor
    upfront = {"terms": {"upfront": yuan(600_000)}}
    await sealed.put(buyer, envelope=await sealed.quote(buyer, None, content=upfront))
    mark = {"number": await sealed.number_of(buyer), "criterion": PLAN, "points": "60"}
    sheet = {"marks": [mark]}
    await town.no("nothing_to_mark", experts[0], "POST", f"{lot}/score-sheets", sheet, state="OPEN")
    ends = (await service.get_lot(tx, operator.actor, trade.lot.id)).effective_end
    assert ends is not None
    until = {"effective_end": wire(ends)}
    await town.no("nothing_to_mark", experts[0], "GET", f"{lot}/proposals", state="OPEN", **until)
    await town.no("declaration_missing", experts[3], "POST", f"{lot}/score-sheets", sheet)
    await sealed.end()
    share = {"n": 1, "share": sealed.dealt.shares[0].body.hex()}
    due = (await service.get_lot(tx, operator.actor, trade.lot.id)).step_due_at
    assert due is not None
    lacking = {"seated": 3, "experts": 4, "due_at": wire(due)}
    await town.no("panel_incomplete", sealed.dealt.officers[0], "POST", f"{lot}/opening/shares", share, **lacking)
    last = experts[3].actor
    told = await service.get_panel(tx, last, trade.lot.id)
    await service.declare(tx, last, trade.lot.id, conflicted=False, document_sha256=told.declaration_sha256)
    await sealed.open()
    wrong = {"marks": [{**mark, "criterion": "other"}]}
    wanted = [f"{mark['number']}: {PLAN}"]
    await town.no(
        "sheet_incomplete", experts[0], "POST", f"{lot}/score-sheets", wrong, pointer="/body/marks", wanted=wanted
    )
    given = await town.asking.api.post(f"{lot}/score-sheets", json=sheet, key=experts[0].key)
    assert given.status_code == 201, given.text
    await town.no("sheet_given", experts[0], "POST", f"{lot}/score-sheets", sheet)
    due = (await service.get_lot(tx, operator.actor, trade.lot.id)).step_due_at
    assert due is not None
    known = {"due_at": wire(due)}
    await town.no("scores_sealed", None, "GET", f"{lot}/scores", given=1, seated=4, **known)
    for one in experts[1:3]:
        await service.give_sheet(tx, keys, one.actor, trade.lot.id, [Mark(int(str(mark["number"])), PLAN, 60)])  # type: ignore[arg-type]
    await move_to(tx, due)
    assert await service.scores_due(tx, keys) == 1
    await town.no("panel_closed", operator, "POST", panel, seat(town.seller), state="AWARDED")
    assert town.has_heard("judging")
