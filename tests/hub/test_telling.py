"""Who is told of what, by entries alone."""

from __future__ import annotations

from uuid import UUID

import pytest

from techmarket.hub.telling import OUTWARD, PUBLIC, PUBLIC_TYPES, Fact, Known, may_read, public_content, tell
from techmarket.identity.actor import Role
from techmarket.kernel.events import Event

THING, OWNER, OTHER, ACTING = (UUID(int=n) for n in range(1, 5))


def entry(kind: str, ref: str = "listing", *, org: UUID | None = None, **facts: object) -> Fact:
    return Fact(0, org, kind, (f"{ref}:{THING}",), facts)


def told(known: Known, fact: Fact, **orgs: UUID) -> dict[UUID, str]:
    named = {f"{kind}:{THING}": [org] for kind, org in orgs.items()}
    return {one.audience: one.type for one in tell(fact, known, named)}


def test_everyone_is_told_of_a_listing_from_its_publication_to_its_removal_and_never_of_a_draft() -> None:
    known = Known()
    for kind in ("drafted", "amended", "submitted", "returned", "withdrawn", "expired", "engaged", "closed"):
        assert told(known, entry(f"listings.{kind}"), listing=OWNER) == {OWNER: f"listings.{kind}"}
    accepted = entry("listings.accepted", is_published=False)
    assert told(known, accepted, listing=OWNER) == {OWNER: "listings.accepted"}
    steps = {
        "published": "listing.published",
        "engaged": "listing.changed",
        "closed": "listing.changed",
        "withdrawn": "listing.removed",
    }
    for kind, type in steps.items():
        assert told(known, entry(f"listings.{kind}"), listing=OWNER) == {OWNER: f"listings.{kind}", PUBLIC: type}
    assert told(known, entry("listings.expired"), listing=OWNER) == {OWNER: "listings.expired"}


def test_a_published_listing_that_is_reviewed_again_is_gone_for_everyone_until_it_is_accepted() -> None:
    known = Known()
    accepted = entry("listings.accepted", is_published=True)
    found = [told(known, one).get(PUBLIC) for one in (accepted, entry("listings.submitted"), accepted)]
    assert found == ["listing.published", "listing.removed", "listing.published"]


def test_a_hidden_change_of_a_published_listing_is_told_to_its_holders_alone() -> None:
    known = Known({f"listing:{THING}"})
    amended = entry("listings.amended", org=OWNER)
    found = {one.audience: one.type for one in tell(amended, known, {f"listing:{THING}": [OWNER]}, [OTHER])}
    assert found == {OWNER: "listings.amended", OTHER: "listing.changed"}
    assert [one.audience for one in tell(amended, Known(), {f"listing:{THING}": [OWNER]}, [OTHER])] == [OWNER]


def test_whoever_acts_and_whoever_is_named_is_told_in_the_journals_words() -> None:
    granted = Fact(0, ACTING, "disclosure.tier_opened", (f"organisation:{OTHER}",), {"subject": f"listing:{THING}"})
    found = {one.audience: one.type for one in tell(granted, Known(), {f"listing:{THING}": [OWNER]})}
    assert found == dict.fromkeys((ACTING, OTHER, OWNER), "disclosure.tier_opened")
    read = Fact(0, ACTING, "disclosure.document_read", (), {"subject": f"listing:{THING}"})
    assert [one.audience for one in tell(read, Known(), {f"listing:{THING}": [OWNER]})] == [ACTING]


def test_a_draft_of_a_contract_is_its_drafters_alone_until_the_others_are_called_to_sign() -> None:
    known, sides = Known(), {f"contract:{THING}": [OWNER, OTHER]}

    def audiences(kind: str) -> set[UUID]:
        return {one.audience for one in tell(entry(f"contracts.{kind}", "contract", org=OWNER), known, sides)}

    assert audiences("contract_drafted") == audiences("rests_on") == audiences("contract_cancelled") == {OWNER}
    assert (
        audiences("signing_opened")
        == audiences("contract_signed")
        == audiences("contract_cancelled")
        == {
            OWNER,
            OTHER,
        }
    )


@pytest.mark.parametrize("kind", ["participant_registered", "deposit_held", "offer_made", "award_offered"])
def test_who_takes_part_is_never_told_to_everyone(kind: str) -> None:
    known = Known({f"trade:{THING}"})
    assert PUBLIC not in told(known, entry(f"trading.{kind}", "trade"), trade=OWNER)


def test_a_notice_is_told_to_everyone_only_where_everyone_may_read_it() -> None:
    for kind, place, is_public in (
        ("RESULT", "MARKET", True),
        ("RESULT", "UNIT", False),
        ("REWARD_LIST", "MARKET", False),
    ):
        known = Known()
        posted = entry("notices.posted", "notice", notice_kind=kind, place=place)
        started = entry("notices.started", "notice", notice_kind=kind)
        assert [PUBLIC in told(known, one) for one in (posted, started)] == [is_public] * 2


def test_everyone_is_told_one_thing_and_what_is_public_by_itself() -> None:
    announced = Fact(
        0,
        ACTING,
        "trading.announced",
        (f"trade:{THING}", f"listing:{OTHER}"),
        {"number": "ZJ-2026-000001", "method": "SEALED", "terms_sha256": "0"},
    )
    assert public_content(announced) == ((f"trade:{THING}",), {"number": "ZJ-2026-000001", "method": "SEALED"})


def test_every_kind_that_is_told_outside_is_one_that_the_journal_knows() -> None:
    assert set(OUTWARD) <= set(Event.registry)
    assert not set(PUBLIC_TYPES) & set(Event.registry)


def test_who_bids_is_for_those_of_a_unit_who_sell() -> None:
    assert not may_read({Role.INVENTOR}, "listings.published")
    assert [may_read({role}, "trading.participant_registered") for role in (Role.TRADER, Role.FINANCE)] == [True, False]
    assert [may_read({role}, "settlement.due_paid") for role in (Role.TRADER, Role.FINANCE)] == [False, True]
