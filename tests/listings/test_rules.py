"""Which terms belong together, who sees which, and what moves a listing."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from techmarket.disclosure.tiers import Tier, as_far_as
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.listings import errors, rules, tiers
from techmarket.listings.lifecycle import LISTING, ListingState
from techmarket.listings.rules import ListingDraft, ListingKind
from tests.listings.make import demand_terms, offer_terms

PRICE = {"amount": "1.00", "currency": "CNY"}
BUNDLE = (UUID(int=1), UUID(int=2))
ROYALTY = {"price_form": "ROYALTY", "price": None, "royalty_rate": "0.03", "royalty_base": "net_sales"}


def money(amount):
    return {"amount": amount, "currency": "CNY"}


def parts(*amounts):
    return [{"achievement_id": str(one), "price": money(amount)} for one, amount in zip(BUNDLE, amounts, strict=False)]


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
        ({"royalty_minimum": PRICE}, errors.RoyaltyUnfit),
        ({"royalty_cap": PRICE}, errors.RoyaltyUnfit),
        (ROYALTY | {"royalty_minimum": PRICE, "royalty_cap": money("0.99")}, errors.MinimumAboveCap),
        ({"equity_share": "0.3"}, errors.TermOfAnotherMode),
        ({"trial_days": 90}, errors.TermOfAnotherMode),
        ({"price_parts": parts("250000.00", "250000.01")}, errors.PartsDoNotSum),
        ({"price_parts": parts("500000.00")}, errors.PartsUnfit),
        ({"price_parts": [*parts("250000.00"), *parts("250000.00")]}, errors.PartsUnfit),
    ],
)
def test_terms_that_do_not_belong_together_are_refused(changes, refusal):
    with pytest.raises(refusal):
        rules.check_draft(ListingKind.OFFER, ListingDraft(offer_terms(**changes), {}, BUNDLE))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"mode": None, "licence_kind": None, "price_form": None, "price": None},
        {"price_form": "MIXED", "royalty_rate": "0.03", "royalty_base": "net_sales"},
        {"price_form": "ROYALTY", "price": None, "royalty_rate": "0.03", "royalty_base": "net_sales"},
        {"mode": "TRANSFER", "licence_kind": None, "price_form": "FLOOR"},
        ROYALTY | {"royalty_minimum": PRICE, "royalty_cap": PRICE},
        {"mode": "EQUITY", "licence_kind": None, "equity_share": "0.3"},
        {"mode": "TRY_BEFORE_BUY", "trial_days": 90},
        {"price_parts": parts("250000.01", "249999.99")},
    ],
)
def test_terms_that_belong_together_are_taken_and_what_is_not_stated_may_be_absent(changes):
    rules.check_draft(ListingKind.OFFER, ListingDraft(offer_terms(**changes), {}, BUNDLE))


CHALLENGE = {
    "proposals_by": "2026-06-30",
    "criteria": [{"name": "technical plan", "weight": "0.6"}, {"name": "cost", "weight": "0.4"}],
}


@pytest.mark.parametrize(
    "changes, refusal",
    [
        ({"open_challenge": True}, errors.ChallengeUnfit),
        ({"challenge": CHALLENGE}, errors.ChallengeUnfit),
        ({"open_challenge": False, "challenge": CHALLENGE}, errors.ChallengeUnfit),
        (
            {"open_challenge": True, "challenge": CHALLENGE | {"criteria": [{"name": "cost", "weight": "0.99"}]}},
            errors.WeightsDoNotSum,
        ),
        (
            {"open_challenge": True, "challenge": CHALLENGE, "deadline": "2026-06-29"},
            errors.ProposalsAfterDeadline,
        ),
    ],
)
def test_an_open_challenge_fixes_its_last_day_and_weights_that_sum_to_one(changes, refusal):
    with pytest.raises(refusal):
        rules.check_draft(ListingKind.DEMAND, ListingDraft(demand_terms(**changes)))
    fit = demand_terms(open_challenge=True, challenge=CHALLENGE, deadline="2026-06-30")
    rules.check_draft(ListingKind.DEMAND, ListingDraft(fit))


def test_only_a_held_listing_has_an_hour_of_publication_and_it_lies_ahead():
    now = datetime(2026, 3, 2, 1, tzinfo=UTC)
    with pytest.raises(errors.NotHeld):
        rules.check_draft(ListingKind.OFFER, ListingDraft(offer_terms(), publish_at=now))
    rules.check_draft(ListingKind.OFFER, ListingDraft(offer_terms(), is_held=True, publish_at=now))
    with pytest.raises(errors.PublicationPast):
        rules.check_publication(now, now)
    rules.check_publication(now + timedelta(microseconds=1), now)
    rules.check_publication(None, now)


def test_a_reviewer_is_shown_every_term_that_is_not_what_was_accepted_last():
    accepted = {"fields": {"title_en": "A", "price": PRICE, "trl": 5}, "raised": {}, "achievements": ["1"]}
    waiting = {
        "fields": {"title_en": "A", "price": money("2.00")},
        "raised": {"title_en": "NDA"},
        "achievements": ["1"],
    }
    assert rules.changed_fields(accepted, waiting) == ["price", "title_en", "trl"]
    assert rules.changed_fields(accepted, accepted) == []
    assert rules.changed_fields(None, accepted) == ["achievements", "price", "title_en", "trl"]


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
    assert set(tiers.cut({"kind": "OFFER", "fields": fields, "raised": {"price": "NDA"}}, as_far_as(reach))) == seen


def test_only_a_change_that_a_stranger_would_see_asks_for_review():
    before = {"kind": "OFFER", "fields": offer_terms(technical_details="a"), "raised": {}, "achievements": ["one"]}
    hidden = before | {"fields": before["fields"] | {"technical_details": "b", "deal_terms": "c"}}
    assert rules.needs_review(before, hidden) is False
    for change in ({"contact": "x"}, {"price": PRICE}, {"title_zh": "示例"}):
        assert rules.needs_review(before, before | {"fields": before["fields"] | change}) is True
    assert rules.needs_review(before, before | {"raised": {"price": "NDA"}}) is True
    for sold in ([], ["other"], ["one", "other"]):
        assert rules.needs_review(before, before | {"achievements": sold}) is True


def test_a_trial_says_how_long_it_lasts_and_an_open_licence_what_it_costs():
    one = (UUID(int=1),)
    with pytest.raises(errors.TrialUnlimited):
        rules.check_complete(ListingKind.OFFER, offer_terms(mode="TRY_BEFORE_BUY"), one)
    rules.check_complete(ListingKind.OFFER, offer_terms(mode="TRY_BEFORE_BUY", trial_days=90), one)
    for form in ("NEGOTIABLE", None):
        with pytest.raises(errors.OpenLicenceNamesItsFee):
            rules.check_complete(ListingKind.OFFER, offer_terms(mode="OPEN_LICENCE", price_form=form), one)
    rules.check_complete(ListingKind.OFFER, offer_terms(mode="OPEN_LICENCE"), one)


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
        "SUBMITTED": ["accept", "accept and hold", "return", "submit", "withdraw"],
        "RETURNED": ["amend", "submit", "withdraw"],
        "ACCEPTED": ["amend", "publish", "return", "review again", "withdraw"],
        "PUBLISHED": ["amend", "close", "engage", "expire", "renew", "return", "review again", "withdraw"],
        "ENGAGED": ["close", "disengage"],
        "CLOSED": ["reopen"],
        "EXPIRED": ["renew", "withdraw"],
        "WITHDRAWN": [],
    }
    for state in ListingState:
        for act in LISTING.acts:
            if not LISTING.can(state, act):
                with pytest.raises(NotInThisState):
                    LISTING.move(state, act)


@pytest.mark.parametrize(
    "kind, raised, hidden",
    [("OFFER", {"price": "NDA"}, "price_parts"), ("DEMAND", {"budget": "REGISTERED"}, "challenge")],
)
def test_what_tells_of_a_raised_field_is_as_high(kind, raised, hidden):
    (name,) = raised
    document = {"kind": kind, "raised": raised, "fields": {name: 1, hidden: 2, "title_en": "Sample"}}
    assert tiers.cut(document, as_far_as(Tier.PUBLIC)) == {"title_en": "Sample"}
    assert tiers.cut(document, as_far_as(Tier[raised[name]])) == document["fields"]
    assert set(tiers.cut(document | {"raised": {hidden: "DEAL"}}, as_far_as(Tier.PUBLIC))) == {name, "title_en"}


def test_renewing_sets_a_later_last_day():
    rules.check_later(date(2026, 3, 3), None)
    rules.check_later(date(2026, 3, 3), date(2026, 3, 3))
    with pytest.raises(errors.NotLater):
        rules.check_later(date(2026, 3, 2), date(2026, 3, 3))
