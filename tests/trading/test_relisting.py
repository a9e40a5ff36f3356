"""Listing again what found no buyer: what counts as a price cut, how long it is announced, and at which price."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from techmarket.db.keys import Keys
from techmarket.db.session import Tx
from techmarket.identity.actor import Actor
from techmarket.kernel.ids import new_id
from techmarket.kernel.refusals import NotFound
from techmarket.notices.errors import EvidenceMissing
from techmarket.trading import errors, relisting, service
from techmarket.trading.lifecycle import DepositScope, LotState, TradeState
from techmarket.trading.relisting import Change, Described, Procedure, Valuation
from techmarket.trading.service import PriceGround
from techmarket.trading.views import TradeView
from tests.identity.make import an_organisation
from tests.listings.make import an_offer
from tests.notices.make import an_evidence, move_to, shanghai
from tests.trading.make import Market, a_draft, a_market_at_work, draft


@dataclass(frozen=True)
class Row:
    decimal: Decimal
    binding: str = "mandatory"
    is_enforceable: bool = True


WHOLE, NINE_TENTHS = Row(Decimal("1.00")), Row(Decimal("0.90"))
SAID_ONLY = Row(Decimal("0.90"), binding="default", is_enforceable=False)
SAME = {"method": "ONLINE_BIDDING", "achievements": ["a"]}


@pytest.mark.parametrize(
    ("before", "after", "change", "differs"),
    [
        (None, Described((100,), SAME), Change.FIRST, None),
        (Described((100,), SAME), Described((100,), SAME), Change.UNCHANGED, []),
        (Described((100,), SAME), Described((99,), SAME), Change.PRICE_CUT, []),
        (Described((100, 50), SAME), Described((100, 40), SAME), Change.PRICE_CUT, []),
        (Described((100,), SAME), Described((101,), SAME), Change.CONTENT, ["price"]),
        (Described((100, 50), SAME), Described((90, 60), SAME), Change.CONTENT, ["price"]),
        (Described((100, 50), SAME), Described((100,), SAME), Change.CONTENT, ["price"]),
        (Described((None,), SAME), Described((90,), SAME), Change.CONTENT, ["price"]),
        (Described((100,), SAME), Described((90,), {**SAME, "method": "SEALED"}), Change.CONTENT, ["method"]),
        (Described((100,), SAME), Described((90,), {**SAME, "lots": []}), Change.CONTENT, ["lots"]),
    ],
)
def test_only_a_lower_price_with_everything_else_as_before_is_a_price_cut(
    before: Described | None, after: Described, change: Change, differs: list[str] | None
) -> None:
    assert relisting.change_of(before, after) is change
    if before is not None:
        assert relisting.changed(before, after) == differs


def test_prices_are_compared_apart_from_everything_else_that_was_announced() -> None:
    def yuan(amount: str) -> dict[str, str]:
        return {"amount": amount, "currency": "CNY"}

    lot = {"n": 1, "start_price": yuan("5.00"), "increment": yuan("1.00"), "reserve_digest": "aa"}
    terms: dict[str, Any] = {"method": "ONLINE_BIDDING", "lots": [lot], "deposit": yuan("1.00")}
    listing = {"fields": {"title_en": "T", "price": yuan("5.00")}, "raised": {}, "achievements": ["a"]}
    cheaper = {**terms, "lots": [{**lot, "start_price": yuan("4.00"), "reserve_digest": "bb"}], "deposit": None}
    assert (
        relisting.changed(
            relisting.described(terms, listing),
            relisting.described(cheaper, {**listing, "fields": {"title_en": "T", "price": yuan("4.00")}}),
        )
        == []
    )
    retitled = {**listing, "fields": {"title_en": "Another", "price": yuan("5.00")}}
    assert relisting.changed(relisting.described(terms, listing), relisting.described(terms, retitled)) == [
        "listing.title_en"
    ]
    falling = {**terms, "lots": [{**lot, "floor": yuan("3.00")}]}
    assert relisting.described(falling, listing).prices == (300,)


@pytest.mark.parametrize(
    ("floor", "valued", "change", "first", "consent", "has_consent", "refusal", "warned"),
    [
        (100, 100, Change.FIRST, WHOLE, NINE_TENTHS, False, None, []),
        (99, 100, Change.FIRST, WHOLE, NINE_TENTHS, True, errors.FirstFloorBelowValuation, []),
        (99, 100, Change.FIRST, None, None, False, None, []),
        (99, 100, Change.FIRST, SAID_ONLY, None, False, None, []),
        (89, 100, Change.FIRST, SAID_ONLY, None, False, None, ["trading.first_floor_below_valuation"]),
        (99, None, Change.FIRST, WHOLE, NINE_TENTHS, False, None, []),
        (90, 100, Change.PRICE_CUT, WHOLE, NINE_TENTHS, False, None, []),
        (89, 100, Change.PRICE_CUT, WHOLE, NINE_TENTHS, False, errors.ConsentNeeded, []),
        (89, 100, Change.PRICE_CUT, WHOLE, NINE_TENTHS, True, None, []),
        (89, 100, Change.CONTENT, WHOLE, NINE_TENTHS, False, errors.ConsentNeeded, []),
        (89, 100, Change.CONTENT, WHOLE, SAID_ONLY, False, None, ["trading.consent_needed"]),
        (89, 100, Change.UNCHANGED, WHOLE, None, False, None, []),
    ],
)
def test_the_first_floor_reaches_the_valuation_and_a_later_one_far_below_it_needs_consent(
    floor: int,
    valued: int | None,
    change: Change,
    first: Row | None,
    consent: Row | None,
    has_consent: bool,
    refusal: type[errors.Refusal] | None,
    warned: list[str],
) -> None:
    valuation = None if valued is None else Valuation(valued, date(2026, 1, 5))

    def judge() -> list[str]:
        return relisting.check_floor(
            floor, valuation, change, first_ratio=first, consent_ratio=consent, has_consent=has_consent
        )

    if refusal is None:
        assert judge() == warned
        return
    with pytest.raises(refusal) as refused:
        judge()
    assert refused.value.facts["ratio"] == (first if change is Change.FIRST else consent).decimal  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("today", "valued_on", "refuses"),
    [
        (date(2027, 3, 2), None, False),  # twelve months after 2 March 2026 are not over on that day
        (date(2027, 3, 3), None, True),
        (date(2027, 3, 3), date(2026, 3, 2), True),
        (date(2027, 3, 3), date(2026, 3, 3), False),
    ],
)
def test_what_found_no_buyer_for_twelve_months_is_valued_anew(
    today: date, valued_on: date | None, refuses: bool
) -> None:
    valuation = None if valued_on is None else Valuation(100, valued_on)

    def judge(rule: Row) -> list[str]:
        return relisting.check_valuation_age(
            valuation, first_announced_on=date(2026, 3, 2), today=today, months=12, rule=rule
        )

    if refuses:
        with pytest.raises(errors.RevaluationNeeded):
            judge(WHOLE)
    else:
        assert judge(WHOLE) == []
    assert judge(SAID_ONLY) == (["trading.revaluation_needed"] if refuses else [])


A, B, C, HERE, ELSEWHERE = (UUID(int=n) for n in range(1, 6))


def procedure(n: int, listing: UUID, state: TradeState, *lots: tuple[LotState, set[UUID]]) -> Procedure:
    return Procedure(UUID(int=100 + n), listing, state, tuple((one, frozenset(ids)) for one, ids in lots))


SOLD = procedure(1, ELSEWHERE, TradeState.CONCLUDED, (LotState.CONCLUDED, {A}), (LotState.UNSOLD, {B}))
LEFT = procedure(2, ELSEWHERE, TradeState.UNSOLD, (LotState.UNSOLD, {C}))
OLD = procedure(0, HERE, TradeState.UNSOLD, (LotState.UNSOLD, {A, B, C}))
RUNNING = procedure(3, ELSEWHERE, TradeState.ANNOUNCED, (LotState.OPEN, {C}))


@pytest.mark.parametrize(
    ("known", "listing", "wanted", "came"),
    [
        ([LEFT, SOLD], HERE, {A}, []),  # sold: nothing of it was left over
        ([LEFT, SOLD], HERE, {B}, [SOLD]),  # its lot found no buyer, though the procedure sold another
        ([LEFT, SOLD], HERE, {B, C}, [LEFT, SOLD]),  # a bundle follows whatever each of its parts follows
        ([LEFT, SOLD], HERE, {A, C}, [LEFT]),  # with something else beside it, it is still the same
        ([LEFT, SOLD, OLD], HERE, {B}, [SOLD, OLD]),  # and the listing's own last one
        ([RUNNING, LEFT], HERE, {C}, []),  # the last one has not ended
        ([LEFT, SOLD, OLD], HERE, set(), [OLD]),  # a demand is about nothing but itself
        ([], HERE, {A}, []),
    ],
)
def test_what_comes_before_is_the_last_procedure_of_the_listing_and_of_each_achievement_that_was_left_over(
    known: list[Procedure], listing: UUID, wanted: set[UUID], came: list[Procedure]
) -> None:
    assert list(relisting.before(known, listing_id=listing, achievement_ids=wanted)) == came


# --- through the service ----------------------------------------------------------------------------------------------


@pytest.fixture
async def market(tx: Tx, keys: Keys) -> Market:
    return await a_market_at_work(tx, keys, buyers=1)


async def unsold(market: Market, drafted: TradeView, seller: Actor | None = None) -> TradeView:
    """The trade is announced and nobody comes."""
    await service.submit_trade(market.tx, seller or market.seller, drafted.id)
    announced = await service.announce(market.tx, market.operator, drafted.id)
    assert announced.bidding_opens_at is not None
    await move_to(market.tx, announced.bidding_opens_at)
    await service.open_due(market.tx)
    ended = await service.get_trade(market.tx, market.operator, drafted.id)
    assert ended.state is TradeState.UNSOLD
    return ended


async def test_a_listing_again_follows_the_last_procedure_and_is_announced_by_what_has_changed(market: Market) -> None:
    first = await unsold(market, await a_draft(market, start_price_minor=60_000_000))
    assert (first.previous_id, first.terms.get("relisting")) == (None, None)
    for terms, change, differs, n in (
        ({"start_price_minor": 60_000_000}, "UNCHANGED", [], 10),
        ({"start_price_minor": 55_000_000}, "PRICE_CUT", [], 5),
        ({"start_price_minor": 55_000_000, "free_seconds": 600}, "CONTENT", ["rules"], 10),
        ({"start_price_minor": 61_000_000}, "CONTENT", ["price"], 10),
        (
            {"start_price_minor": 60_000_000, "deposit_scope": DepositScope.LOT, "participants_min": 2},
            "CONTENT",
            ["deposit_scope", "participants_min"],
            10,
        ),
    ):
        again = await a_draft(market, listing_id=first.listing_id, **terms)
        assert again.previous_id == first.id
        assert again.terms["relisting"] == {
            "previous": {"id": str(first.id), "number": first.number},
            "change": change,
            "changed": differs,
            "first_announced_on": "2026-03-02",
        }
        assert again.terms["announcement"] == {"n": n, "unit": "working_days"}
    cheaper = await unsold(market, await a_draft(market, listing_id=first.listing_id, start_price_minor=55_000_000))
    assert cheaper.announcement_ends_at == shanghai(2026, 3, 25)  # 18, 19, 20, 23 and 24 March
    third = await a_draft(market, listing_id=first.listing_id, start_price_minor=55_000_000)
    assert third.previous_id == cheaper.id
    assert third.terms["relisting"]["first_announced_on"] == "2026-03-02"
    await move_to(market.tx, shanghai(2027, 3, 3))
    late = await a_draft(market, listing_id=first.listing_id)
    assert late.terms["warnings"] == ["trading.revaluation_needed"]  # a university is told, not bound


async def test_a_draft_that_does_not_know_of_the_procedure_that_ended_meanwhile_is_not_announced(
    market: Market,
) -> None:
    offer = await an_offer(market.tx, market.seller, market.operator)
    drafts = [await a_draft(market, listing_id=offer.id) for _ in range(2)]
    await unsold(market, drafts[0])
    await service.submit_trade(market.tx, market.seller, drafts[1].id)
    with pytest.raises(errors.DraftedBefore) as refused:
        await service.announce(market.tx, market.operator, drafts[1].id)
    assert refused.value.facts == {"number": drafts[0].number}
    after = await service.get_trade(market.tx, market.operator, drafts[1].id)
    assert (after.state, after.notice_id) == (TradeState.SUBMITTED, None)
    async with market.tx.read() as db:
        assert (await db.execute(text("SELECT state FROM listing"))).scalar_one() == "PUBLISHED"


async def test_a_named_procedure_must_be_the_sellers_own_and_have_left_these_achievements_over(market: Market) -> None:
    first = await unsold(market, await a_draft(market))
    (achievement,) = (await an_offer(market.tx, market.seller)).achievement_ids
    elsewhere = await an_offer(market.tx, market.seller, market.operator, achievement_ids=(achievement,))
    for named, refusal in ((new_id(), NotFound), (first.id, errors.NotRelistable)):
        with pytest.raises(refusal):
            await a_draft(market, listing_id=elsewhere.id, previous_id=named)
    stranger = (await an_organisation(market.tx)).actor
    other = await an_offer(market.tx, stranger, market.operator)
    with pytest.raises(NotFound):
        await draft(market.tx, stranger, other.id, increment_minor=100, deposit_minor=0, previous_id=first.id)
    async with market.tx.read() as db:
        (left,) = (
            await db.execute(
                text("SELECT achievement_id FROM listing_item WHERE listing_id = :l"), {"l": first.listing_id}
            )
        ).scalars()
    anew = await an_offer(market.tx, market.seller, market.operator, achievement_ids=(left,))
    for named in (first.id, None):  # another listing of the same is no new beginning, named or not
        again = await a_draft(market, listing_id=anew.id, previous_id=named)
        assert (again.previous_id, again.terms["relisting"]["change"]) == (first.id, "CONTENT")


async def test_a_company_of_the_state_starts_at_its_valuation_and_goes_far_below_it_only_with_written_consent(
    market: Market,
) -> None:
    seller = (await an_organisation(market.tx, government_established=True)).actor
    offer = await an_offer(market.tx, seller, market.operator)
    plain: dict[str, Any] = {"increment_minor": 1_000_000, "deposit_minor": 0}

    def at(start: int, **ground: Any) -> Any:
        valued = PriceGround(Valuation(60_000_000, date(2026, 1, 5)), **ground)
        return draft(market.tx, seller, offer.id, start_price_minor=start, ground=valued, **plain)

    with pytest.raises(errors.FirstFloorBelowValuation) as refused:
        await at(59_999_999)
    assert refused.value.facts["ratio"] == Decimal("1.00")
    await unsold(market, await at(60_000_000), seller)
    cut = await at(54_000_000)
    assert cut.terms["announcement"] == {"n": 5, "unit": "working_days"}
    assert cut.terms["valuation"]["amount"] == {"amount": "600000.00", "currency": "CNY"}
    with pytest.raises(errors.ConsentNeeded):
        await at(53_999_999)
    with pytest.raises(EvidenceMissing):
        await at(53_999_999, consent_sha256="ab" * 32)
    consent = await an_evidence(market.tx, seller, "ab" * 32)
    allowed = await at(53_999_999, consent_sha256=consent)
    assert allowed.terms["valuation"]["consent_sha256"] == consent
    assert allowed.terms["relisting"]["change"] == "PRICE_CUT"


async def test_another_listing_of_the_same_and_a_valuation_left_out_escape_neither_consent_nor_the_longer_notice(
    market: Market,
) -> None:
    seller = (await an_organisation(market.tx, government_established=True)).actor
    offer = await an_offer(market.tx, seller, market.operator, title_en="Sample result")
    valued = PriceGround(Valuation(60_000_000, date(2026, 1, 5)))
    plain: dict[str, Any] = {"increment_minor": 1_000_000, "deposit_minor": 0}
    first = await draft(market.tx, seller, offer.id, start_price_minor=60_000_000, ground=valued, **plain)
    ended = await unsold(market, first, seller)
    same = await an_offer(
        market.tx, seller, market.operator, title_en="Sample result", achievement_ids=offer.achievement_ids
    )
    with pytest.raises(errors.ConsentNeeded):
        await draft(market.tx, seller, same.id, start_price_minor=53_999_999, **plain)
    cut = await draft(market.tx, seller, same.id, start_price_minor=54_000_000, **plain)
    assert cut.terms["relisting"]["previous"]["id"] == str(ended.id)
    assert (cut.terms["relisting"]["change"], cut.terms["announcement"]["n"]) == ("PRICE_CUT", 5)
    assert cut.terms["valuation"]["amount"] == {"amount": "600000.00", "currency": "CNY"}
    assert (cut.terms["valuation"]["dated"], cut.terms["relisting"]["first_announced_on"]) == (
        "2026-01-05",
        "2026-03-02",
    )
    # A draft on the other listing that was made before the first one ended does not pass as a first one either.
    early = await a_draft_on_another_listing(market, seller, plain)
    await service.submit_trade(market.tx, seller, early.id)
    with pytest.raises(errors.DraftedBefore) as refused:
        await service.announce(market.tx, market.operator, early.id)
    assert refused.value.facts["number"] != early.number
    fresh = await an_offer(market.tx, seller, market.operator)
    first = await draft(market.tx, seller, fresh.id, start_price_minor=60_000_000, **plain)
    assert (first.previous_id, first.terms.get("relisting"), first.terms.get("valuation")) == (None, None, None)


async def a_draft_on_another_listing(market: Market, seller: Actor, plain: dict[str, Any]) -> TradeView:
    """Drafted on one of two listings of the same achievement, while the trade on the other finds no buyer."""
    one = await an_offer(market.tx, seller, market.operator)
    other = await an_offer(market.tx, seller, market.operator, achievement_ids=one.achievement_ids)
    first = await draft(market.tx, seller, one.id, **plain)
    early = await draft(market.tx, seller, other.id, **plain)
    await unsold(market, first, seller)
    return early
