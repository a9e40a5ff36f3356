"""Every way a bid, an offer or an envelope can be wrong: said in both languages, with what would work."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pytest
from httpx import AsyncClient
from sqlalchemy import text

from techmarket.api.bids import describe
from techmarket.api.docs import whole
from techmarket.app import create_app
from techmarket.db.keys import Keys
from techmarket.db.means import Means
from techmarket.db.session import Tx
from techmarket.kernel.refusals import Refusal
from techmarket.trading import errors, service
from techmarket.trading.bidbook import BidBook
from techmarket.trading.lifecycle import SeatState
from tests.client import Api
from tests.identity.make import an_organisation
from tests.trading.make import OpenLot, an_open_lot, end_now
from tests.trading.refusing import named_in

assert describe  # the hot route describes itself by hand; what it lists is compared below

WORKS: Mapping[str, set[str]] = {
    "trading.bid_too_low": {"least"},
    "trading.bid_off_step": {"least", "increment"},
    "trading.price_not_reached": {"least", "reached_at"},
    "trading.bid_below_floor": {"least"},
    "trading.not_the_price": {"least"},
    "trading.bidding_over": {"effective_end"},
    "trading.not_open": {"opens_at"},
    "trading.bidding_paused": {"resumes_at"},
    "trading.no_bidding_here": {"method"},
    "trading.not_qualified": set(),
    "trading.not_a_participant": set(),
    "trading.bid_key_reused": set(),
    "trading.book_busy": set(),
    # offers and their answers
    "trading.no_talks_here": {"method"},
    "trading.talks_not_open": {"opens_at", "talks_end"},
    "trading.offer_stands": {"until"},
    "trading.offer_below_floor": {"least"},
    "trading.offer_end_out_of_talks": {"now", "talks_end"},
    "trading.offer_over": {"valid_until"},
    "trading.offer_not_yours": set(),
    "trading.competition_needed": {"buyers"},
    "trading.counterparty_needed": set(),
    # after the session
    "trading.no_final_bid_awaited": set(),
    "trading.not_a_leader": {"leaders"},
    "trading.final_bid_given": set(),
    "trading.final_bid_too_low": {"own", "least"},
    "trading.no_first_refusal_awaited": set(),
    "trading.no_first_refusal_here": set(),
    "trading.too_late_to_claim": set(),
    "trading.first_refusal_claimed_already": set(),
    "trading.first_refusal_unfounded": {"basis"},
    "trading.officer_cannot_buy": set(),
    # who may bid at all: alone, by mandate, in a consortium
    "trading.registration_closed": set(),
    "trading.registered_already": set(),
    "trading.seller_cannot_buy": set(),
    "trading.lot_not_of_trade": set(),
    "trading.stands_already": set(),
    "trading.principal_unfit": set(),
    "trading.mandate_not_signed": set(),
    "trading.consortium_not_announced": set(),
    "trading.consortium_unfit": {"members_min", "members_max"},
    "trading.consortium_has_no_agent": set(),
    "trading.deposit_payer_unfit": {"deposit_from"},
    "trading.consortium_not_signed": {"missing"},
    "trading.grounds_needed": {"known"},
    "trading.judge_conflicted": set(),
    # envelopes
    "trading.envelope_malformed": {"bytes"},
    "trading.no_envelopes_here": {"method"},
}
"""What each no tells of what would work, or since when or until when it holds; nothing where no number would do."""

PLACES = {
    "placeBid": ("/v1/lots/{lot_id}/bids", "post"),
    "makeOffer": ("/v1/lots/{lot_id}/offers", "post"),
    "acceptOffer": ("/v1/offers/{offer_id}/acceptance", "post"),
    "declineOffer": ("/v1/offers/{offer_id}/decline", "post"),
    "putFinalBid": ("/v1/lots/{lot_id}/final-bids", "post"),
    "exerciseFirstRefusal": ("/v1/lots/{lot_id}/first-refusal", "post"),
    "claimFirstRefusal": ("/v1/participants/{participant_id}/first-refusal", "post"),
    "answerFirstRefusalClaim": ("/v1/participants/{participant_id}/first-refusal/answer", "post"),
    "registerIntent": ("/v1/trades/{trade_id}/participants", "post"),
    "signMandate": ("/v1/participants/{participant_id}/mandate/signature", "post"),
    "signConsortium": ("/v1/participants/{participant_id}/consortium/signature", "post"),
    "admitParticipant": ("/v1/participants/{participant_id}/admission", "post"),
    "putEnvelope": ("/v1/lots/{lot_id}/envelope", "put"),
}


def listed(document: Mapping[str, Any], operation: str) -> set[str]:
    """The refusals of trading that an operation names."""
    path, verb = PLACES[operation]
    said = document["paths"][path][verb]
    assert said["operationId"] == operation
    codes = {code for response in said["responses"].values() for code in response.get("x-codes", ())}
    return {code for code in codes if code.startswith("trading.")}


def yuan(minor: int) -> dict[str, str]:
    return {"amount": f"{minor // 100}.{minor % 100:02d}", "currency": "CNY"}


@pytest.fixture
def document(means: Means) -> dict[str, Any]:
    return create_app(means).openapi()


def test_every_no_that_a_bid_an_offer_or_an_envelope_can_get_is_in_the_table(document: dict[str, Any]) -> None:
    assert set().union(*(listed(document, operation) for operation in PLACES)) == set(WORKS)


@pytest.mark.parametrize("code", sorted(WORKS))
def test_both_sentences_of_a_no_tell_the_same_and_what_would_work(code: str) -> None:
    by_code = {
        one.code: one
        for one in vars(errors).values()
        if isinstance(one, type) and issubclass(one, Refusal) and one.code
    }
    refusal = by_code[code]
    told = [named_in(words) for words in whole(refusal)]
    assert told[0] == told[1]
    assert WORKS[code] <= told[0]
    assert re.search(r"[\u4e00-\u9fff]", refusal.zh)
    assert not re.search(r"[\u4e00-\u9fff]", refusal.en)


async def sql(tx: Tx, statement: str, lot: OpenLot) -> None:
    async with tx.begin() as db:
        await db.execute(text(statement), {"id": lot.id, "trade": lot.trade_id})


async def test_every_way_a_bid_can_be_wrong_is_told_over_http_in_both_languages_and_changes_nothing(
    tx: Tx, keys: Keys, api: Api, client: AsyncClient, document: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    buyer, stranger = await an_organisation(tx, keys=keys), await an_organisation(tx, keys=keys)
    who = [buyer.actor]
    rising, waiting = await an_open_lot(tx, who), await an_open_lot(tx, who, state=SeatState.WAITING)
    falling, fixed, over, early, paused, sealed = [await an_open_lot(tx, who) for _ in range(6)]
    await sql(
        tx,
        "UPDATE lot SET method = 'DESCENDING', floor_minor = 40000000, step_seconds = 600, free_ends_at = opened_at,"
        " effective_end = hard_end WHERE id = :id",
        falling,
    )
    await sql(tx, "UPDATE lot SET method = 'FIXED_PRICE' WHERE id = :id", fixed)
    await end_now(tx, over.id)
    await sql(tx, "UPDATE lot SET state = 'WAITING' WHERE id = :id", early)
    await sql(tx, "UPDATE trade SET bidding_opens_at = market_now() + interval '1 day' WHERE id = :trade", early)
    await sql(
        tx,
        "UPDATE lot SET state = 'PAUSED', paused_at = market_now(), pause_cause = 'OTHER', pause_reason = 'sample',"
        " resumes_at = market_now() + interval '1 hour' WHERE id = :id",
        paused,
    )
    await sql(tx, "UPDATE lot SET method = 'SEALED' WHERE id = :id", sealed)
    first = await api.post(
        f"/v1/lots/{rising.id}/bids", json={"amount": yuan(50_000_000)}, key=buyer.key, once="the-first"
    )
    assert first.status_code == 201
    cases = {
        "trading.bid_too_low": (rising, 50_000_000),
        "trading.bid_off_step": (rising, 51_500_000),
        "trading.price_not_reached": (falling, 49_000_000),
        "trading.bid_below_floor": (falling, 1),
        "trading.not_the_price": (fixed, 49_999_999),
        "trading.bidding_over": (over, 50_000_000),
        "trading.not_open": (early, 50_000_000),
        "trading.bidding_paused": (paused, 50_000_000),
        "trading.no_bidding_here": (sealed, 50_000_000),
        "trading.not_qualified": (waiting, 50_000_000),
        "trading.not_a_participant": (rising, 51_000_000),
        "trading.bid_key_reused": (rising, 51_000_000),
        "trading.book_busy": (rising, 51_000_000),
    }
    assert set(cases) == listed(document, "placeBid")
    before = await leads(tx)
    for code, (lot, minor) in cases.items():
        key = stranger.key if code == "trading.not_a_participant" else buyer.key
        once = "the-first" if code == "trading.bid_key_reused" else None
        if code == "trading.book_busy":
            monkeypatch.setattr(BidBook, "place", busy)
        sentences = []
        for language in ("zh-CN", "en"):
            answer = await api.post(
                f"/v1/lots/{lot.id}/bids",
                json={"amount": yuan(minor)},
                key=key,
                once=once,
                headers={"Accept-Language": language},
            )
            said = answer.json()
            assert (said["code"], answer.headers["content-language"]) == (code, language), said
            for name in WORKS[code]:
                value = said[name]
                assert (value["amount"] if isinstance(value, dict) else str(value)) in said["detail"], (code, name)
            assert "?" not in said["detail"]
            assert "None" not in said["detail"]
            sentences.append(said["detail"])
        assert re.search(r"[\u4e00-\u9fff]", sentences[0])
        assert not re.search(r"[\u4e00-\u9fff]", sentences[1])
    assert await leads(tx) == before


async def busy(*_: Any, **__: Any) -> None:
    raise errors.BookBusy(retry_after=1)


async def leads(tx: Tx) -> list[Any]:
    async with tx.read() as db:
        query = "SELECT id, state, leading_seq, leading_minor, effective_end FROM lot ORDER BY id"
        return list((await db.execute(text(query))).all())


async def test_on_a_lot_that_ended_without_ever_opening_a_bid_hears_when_that_was(tx: Tx, keys: Keys, api: Api) -> None:
    buyer = await an_organisation(tx, keys=keys)
    lot = await an_open_lot(tx, [buyer.actor])
    await sql(
        tx,
        "UPDATE lot SET state = 'TERMINATED', opened_at = NULL, free_ends_at = NULL, effective_end = NULL,"
        " hard_end = NULL, closed_at = market_now() WHERE id = :id",
        lot,
    )
    said = await api.post(f"/v1/lots/{lot.id}/bids", json={"amount": yuan(50_000_000)}, key=buyer.key)
    assert (said.status_code, said.json()["code"]) == (409, "trading.bidding_over")
    closed_at = (await service.get_lot(tx, buyer.actor, lot.id)).closed_at
    assert closed_at is not None
    assert said.json()["effective_end"][:19] == closed_at.isoformat()[:19]
