"""Which terms belong together, who sees which, and what moves a listing."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import pytest

from techmarket.disclosure.tiers import Tier
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.listings import errors, rules, tiers
from techmarket.listings.lifecycle import LISTING, ListingState
from techmarket.listings.rules import ListingDraft, ListingKind
from tests.listings.make import demand_terms, offer_terms

PRICE = {"amount": "1.00", "currency": "CNY"}


@pytest.mark.parametrize(
    "changes, refusal",
    [
        ({"title_en": None}, errors.TitleMissing),
        ({"price": None}, errors.PriceUnfit),
        ({"price_form": "NEGOTIABLE"}, errors.PriceUnfit),
        ({"price_form": None}, errors.PriceUnfit),
        ({"royalty_rate": "0.03", "royalty_base": "net_sales"}, errors.RoyaltyUnfit),
        ({"price_form": "MIXED"}, errors.RoyaltyUnfit),
        ({"price_form": "MIXED", "royalty_rate": "0.03"}, errors.RoyaltyUnfit),
        ({"price_form": "ROYALTY", "price": None, "royalty_base": "net_sales"}, errors.RoyaltyUnfit),
        ({"mode": "TRANSFER"}, errors.LicenceKindUnfit),
        ({"mode": "OPEN_LICENCE", "licence_kind": "EXCLUSIVE"}, errors.OpenLicenceIsOrdinary),
    ],
)
def test_terms_that_do_not_belong_together_are_refused(changes, refusal):
    with pytest.raises(refusal):
        rules.check_draft(ListingKind.OFFER, ListingDraft(offer_terms(**changes)))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"mode": None, "licence_kind": None, "price_form": None, "price": None},
        {"price_form": "MIXED", "royalty_rate": "0.03", "royalty_base": "net_sales"},
        {"price_form": "ROYALTY", "price": None, "royalty_rate": "0.03", "royalty_base": "net_sales"},
        {"mode": "TRANSFER", "licence_kind": None, "price_form": "FLOOR"},
    ],
)
def test_terms_that_belong_together_are_taken_and_what_is_not_stated_may_be_absent(changes):
    rules.check_draft(ListingKind.OFFER, ListingDraft(offer_terms(**changes)))


def test_a_demand_names_no_achievement_and_an_offer_names_each_once():
    one = UUID(int=1)
    with pytest.raises(errors.DemandSellsNothing):
        rules.check_draft(ListingKind.DEMAND, ListingDraft(demand_terms(), {}, (one,)))
    with pytest.raises(errors.AchievementTwice):
        rules.check_draft(ListingKind.OFFER, ListingDraft(offer_terms(), {}, (one, one)))


def test_a_tier_is_only_raised_and_a_title_stays_public():
    tiers.check_raised("OFFER", {"price": "NDA", "contact": "REGISTERED", "deal_terms": "DEAL"})
    with pytest.raises(errors.TierLowered):
        tiers.check_raised("OFFER", {"technical_details": "REGISTERED"})
    for name in ("title_zh", "title_en", "no_such_field", "problem_zh"):
        with pytest.raises(errors.TierFixed):
            tiers.check_raised("OFFER", {name: "DEAL"})


@pytest.mark.parametrize(
    "reach, seen",
    [
        (Tier.PUBLIC, {"title_en"}),
        (Tier.REGISTERED, {"title_en", "contact"}),
        (Tier.NDA, {"title_en", "contact", "technical_details", "price"}),
        (Tier.DEAL, {"title_en", "contact", "technical_details", "price", "deal_terms"}),
    ],
)
def test_a_reader_sees_the_fields_of_his_tier_and_no_field_without_one(reach, seen):
    fields = dict.fromkeys(("title_en", "contact", "technical_details", "price", "deal_terms", "stray"), "x")
    assert set(tiers.cut({"kind": "OFFER", "fields": fields, "raised": {"price": "NDA"}}, reach)) == seen


def test_only_a_change_that_a_stranger_would_see_asks_for_review():
    before = {"kind": "OFFER", "fields": offer_terms(technical_details="a"), "raised": {}, "achievements": ["one"]}
    hidden = before | {"fields": before["fields"] | {"technical_details": "b", "deal_terms": "c"}}
    assert rules.needs_review(before, hidden) is False
    for change in ({"contact": "x"}, {"price": PRICE}, {"title_zh": "示例"}):
        assert rules.needs_review(before, before | {"fields": before["fields"] | change}) is True
    assert rules.needs_review(before, before | {"raised": {"price": "NDA"}}) is True
    for sold in ([], ["other"], ["one", "other"]):
        assert rules.needs_review(before, before | {"achievements": sold}) is True


def test_review_needs_a_summary_and_an_offer_an_achievement():
    one = (UUID(int=1),)
    rules.check_complete(ListingKind.OFFER, {"summary_zh": "x"}, one)
    rules.check_complete(ListingKind.DEMAND, {"problem_zh": "x"}, ())
    with pytest.raises(errors.SummaryMissing):
        rules.check_complete(ListingKind.OFFER, {"title_zh": "x"}, one)
    with pytest.raises(errors.AchievementMissing):
        rules.check_complete(ListingKind.OFFER, {"summary_zh": "x"}, ())


def test_the_last_day_itself_still_counts():
    rules.check_expiry(None, date(2026, 3, 1))
    rules.check_expiry(date(2026, 3, 1), date(2026, 3, 1))
    with pytest.raises(errors.ExpiryPassed):
        rules.check_expiry(date(2026, 2, 28), date(2026, 3, 1))


def test_every_state_takes_only_the_acts_of_its_table():
    possible = {state.value: LISTING.possible(state) for state in LISTING.states}
    assert possible == {
        "DRAFT": ["amend", "submit", "withdraw"],
        "SUBMITTED": ["accept", "return", "submit", "withdraw"],
        "RETURNED": ["amend", "submit", "withdraw"],
        "PUBLISHED": ["amend", "close", "engage", "expire", "renew", "return", "review again", "withdraw"],
        "ENGAGED": ["close", "disengage"],
        "CLOSED": [],
        "EXPIRED": ["renew", "withdraw"],
        "WITHDRAWN": [],
    }
    for state in ListingState:
        for act in LISTING.acts:
            if not LISTING.can(state, act):
                with pytest.raises(NotInThisState):
                    LISTING.move(state, act)
