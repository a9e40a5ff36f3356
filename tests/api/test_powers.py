"""Who acts for another says so in each request, has no more than the other has, and leaves both names on record."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from techmarket.identity import passwords
from techmarket.identity.actor import DEPUTY_ROLES, MARKET_ROLES, Actor, Role, Scope
from techmarket.identity.permissions import PERMISSIONS, ElevationDoesNotReach, InPersonOnly, require
from techmarket.kernel.refusals import NotAllowed
from tests.api.test_audit import look, positioned
from tests.api.test_people import a_person, code_now, sign_in, with_second_factor
from tests.identity.make import a_market, a_member, an_organisation
from tests.listings.make import demand_terms

DEMAND = {"kind": "DEMAND", "terms": demand_terms()}


@pytest.fixture(autouse=True)
def _cheap_hashes(monkeypatch):
    monkeypatch.setattr(passwords, "MEMORY_KIB", 64)


def in_days(days: float) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).isoformat()


@pytest.fixture
async def office(tx, keys, api) -> Any:
    """An organisation with a listing officer, and a colleague who has no office but that of finance."""
    org = await an_organisation(tx, keys=keys)
    officer = await a_member(tx, org.actor, Role.LISTING_OFFICER, Role.INVENTOR, keys=keys)
    colleague = await a_member(tx, org.actor, Role.FINANCE, keys=keys)
    return SimpleNamespace(org=org, officer=officer, colleague=colleague)


async def appoint(api: Any, office: Any, *, key: str | None = None, **changes: Any) -> Any:
    body = {
        "deputy_id": str(office.colleague.actor.person),
        "roles": ["LISTING_OFFICER"],
        "ends_at": in_days(5),
        **changes,
    }
    path = f"/v1/organisations/{office.org.actor.org}/people/{office.officer.actor.person}/deputies"
    return await api.post(path, key=key or office.officer.key, json=body)


async def draft(api: Any, key: str, deputyship: str | None = None) -> int:
    headers = {"Acting-As-Deputy": deputyship} if deputyship else {}
    return (await api.post("/v1/listings", key=key, json=DEMAND, headers=headers)).status_code


async def test_a_deputy_acts_with_the_roles_given_to_him_and_the_record_shows_for_whom(api, means, office):
    assert await draft(api, office.colleague.key) == 403
    made = await appoint(api, office)
    assert made.status_code == 201, made.text
    assert await draft(api, office.colleague.key) == 403
    assert await draft(api, office.colleague.key, made.json()["id"]) == 201
    await positioned(means)
    done = (await look(api, office.org, office.org.key))[0]
    assert done["kind"] == "listings.drafted"
    assert done["person_id"] == str(office.colleague.actor.person)
    assert done["stands_in_for"] == str(office.officer.actor.person)


async def test_a_deputyship_ends_by_time_by_each_of_the_three_and_with_what_its_principal_may_do(api, tx, office):
    key, ids = office.colleague.key, [(await appoint(api, office)).json()["id"] for _ in range(5)]
    for deputyship, by in zip(ids[:3], (office.officer, office.colleague, office.org), strict=True):
        path = f"/v1/deputyships/{deputyship}/revocation"
        assert [(await api.post(path, key=by.key)).status_code for _ in range(2)] == [204, 204]
        refused = await api.get("/v1/me", key=key, headers={"Acting-As-Deputy": deputyship})
        assert (refused.status_code, refused.json()["code"]) == (403, "identity.deputyship_over")
    async with tx.begin() as db:
        await db.execute(
            text("UPDATE deputyship SET begins_at = begins_at - interval '1 day', ends_at = begins_at WHERE id = :id"),
            {"id": ids[3]},
        )
    assert await draft(api, key, ids[3]) == 403
    assert await draft(api, key, ids[4]) == 201
    roles = f"/v1/organisations/{office.org.actor.org}/people/{office.officer.actor.person}/roles"
    assert (await api.put(roles, key=office.org.key, json={"roles": ["TRADER"]})).status_code == 200
    assert await draft(api, key, ids[4]) == 403
    later = await appoint(api, office, key=office.org.key, roles=["TRADER"], begins_at=in_days(1))
    assert await draft(api, key, later.json()["id"]) == 403


async def test_a_deputyship_is_worth_nothing_to_anybody_else(api, tx, keys, office):
    deputyship = (await appoint(api, office)).json()["id"]
    other = await a_member(tx, office.org.actor, Role.BROKER, keys=keys)
    stranger = await an_organisation(tx, keys=keys)
    for key in (other.key, stranger.key, office.officer.key):
        for named in (deputyship, str(uuid4()), "x", deputyship.upper()):
            refused = await api.get("/v1/me", key=key, headers={"Acting-As-Deputy": named})
            assert (refused.status_code, refused.json()["code"]) == (403, "identity.deputyship_over")
    assert (await api.post(f"/v1/deputyships/{deputyship}/revocation", key=stranger.key)).status_code == 404
    assert (await api.post(f"/v1/deputyships/{deputyship}/revocation", key=other.key)).status_code == 403
    path = f"/v1/organisations/{office.org.actor.org}/deputies"
    assert (await api.get(path, key=stranger.key)).status_code == 404
    shown = [len((await api.get(path, key=one.key)).json()["items"]) for one in (office.org, office.colleague, other)]
    assert shown == [1, 1, 0]


UNFIT = [
    ({"roles": ["INVENTOR"]}, "roles"),
    ({"roles": ["ADMINISTRATOR"]}, "roles"),
    ({"roles": ["TRADER"]}, "roles"),
    ({"ends_at": in_days(-1)}, "time"),
    ({"ends_at": in_days(91)}, "time"),
    ({"begins_at": in_days(-1)}, "time"),
    ({"begins_at": in_days(3), "ends_at": in_days(2)}, "time"),
    ({"deputy_id": str(uuid4())}, "not_a_member"),
]


async def test_nobody_is_made_a_deputy_of_what_cannot_be_given(api, tx, office):
    refused = [(await appoint(api, office, **changes)) for changes, _ in UNFIT]
    assert {(one.status_code, one.json()["code"]) for one in refused} == {(422, "identity.deputy_unfit")}
    assert [one.json()["reason"] for one in refused] == [reason for _, reason in UNFIT]
    async with tx.read() as db:
        assert (await db.execute(text("SELECT count(*) FROM deputyship"))).scalar_one() == 0


async def test_who_is_not_she_nor_an_administrator_appoints_nobody_and_a_deputy_no_deputy(api, tx, keys, office):
    assert (await appoint(api, office, key=office.colleague.key)).status_code == 403
    assert (await appoint(api, office, deputy_id=str(office.officer.actor.person))).json()["reason"] == "same_person"
    stranger = await an_organisation(tx, keys=keys)
    assert (await appoint(api, office, key=stranger.key)).status_code == 404
    own = f"/v1/organisations/{office.org.actor.org}/people/{office.colleague.actor.person}/deputies"
    deputyship = (await appoint(api, office)).json()["id"]
    body = {"deputy_id": str(office.officer.actor.person), "roles": ["FINANCE"], "ends_at": in_days(1)}
    chained = await api.post(own, key=office.colleague.key, json=body, headers={"Acting-As-Deputy": deputyship})
    assert (chained.status_code, chained.json()["code"]) == (403, "identity.in_person_only")


async def test_a_deputy_places_no_bid_and_has_the_scopes_he_was_given(api, office):
    deputyship = (await appoint(api, office, scopes=["read"])).json()["id"]
    headers = {"Acting-As-Deputy": deputyship}
    refused = await api.post("/v1/listings", key=office.colleague.key, json=DEMAND, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (403, "identity.scope_missing")
    bid = {"amount": {"amount": "1.00", "currency": "CNY"}}
    refused = await api.post(f"/v1/lots/{uuid4()}/bids", key=office.colleague.key, json=bid, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (403, "identity.deputy_does_not_bid")


async def test_the_markets_own_people_have_no_deputies(api, tx, keys):
    market = await a_market(tx, keys)
    finance, operator = market["finance"].actor, market["operator"].actor
    path = f"/v1/organisations/{finance.org}/people/{finance.person}/deputies"
    body = {"deputy_id": str(operator.person), "roles": ["FINANCE"], "ends_at": in_days(1)}
    refused = await api.post(path, key=market["finance"].key, json=body)
    assert (refused.status_code, refused.json()["reason"]) == (422, "the_market")
    assert not DEPUTY_ROLES & MARKET_ROLES


def test_what_takes_two_people_of_a_unit_is_done_in_person():
    in_person = {name for name, one in PERMISSIONS.items() if one.in_person}
    assert {
        "revenue.draft_unit_rule",
        "revenue.adopt_unit_rule",
        "revenue.propose_share_hold",
        "revenue.confirm_share_hold",
        "identity.review_elevation",
    } <= in_person


# --- elevations -------------------------------------------------------------------------------------------------------


@pytest.fixture
async def market(api, tx, keys) -> Any:
    """The market with two operators who signed in by two factors and were invited by two hands, and an organisation."""
    staff = await a_market(tx, keys)
    org = await an_organisation(tx, keys=keys)
    admin, second = (
        staff["administrator"],
        await a_member(tx, staff["administrator"].actor, Role.ADMINISTRATOR, keys=keys),
    )
    tokens = {}
    for name, by in (("ann", admin), ("bo", second)):
        await a_person(api, SimpleNamespace(actor=admin.actor, key=by.key), name, "OPERATOR")
        tokens[name] = (await with_second_factor(api, name))[0]
    return SimpleNamespace(org=org, staff=staff, ann=tokens["ann"], bo=tokens["bo"])


async def take(api: Any, market: Any, *, key: str | None = None, **changes: Any) -> Any:
    body = {"organisation_id": str(market.org.actor.org), "reasons": "示例：唯一的管理员失联", "minutes": 30, **changes}
    return await api.post("/v1/elevations", key=key or market.ann, json=body)


async def test_an_operator_acts_for_an_organisation_for_a_reason_told_at_once_marked_and_reviewed(
    api, means, tx, keys, market
):
    org = market.org
    invite = f"/v1/organisations/{org.actor.org}/invitations"
    body = {"name": "Sample administrator", "roles": ["ADMINISTRATOR"]}
    assert (await api.post(invite, key=market.ann, json=body)).status_code == 403
    taken = await take(api, market)
    assert taken.status_code == 201, taken.text
    under = {"Acting-Under-Elevation": taken.json()["id"]}
    (told,) = (await api.get(f"/v1/organisations/{org.actor.org}/elevations", key=org.key)).json()["items"]
    assert (told["id"], told["reasons"], told["person_name"]) == (
        taken.json()["id"],
        "示例：唯一的管理员失联",
        "Sample person",
    )
    (seen,) = (await api.get("/v1/elevations?unreviewed=true", key=market.bo)).json()["items"]
    assert seen["id"] == told["id"]
    refused = await api.post(invite, key=market.ann, json=body, headers=under)
    assert (refused.status_code, refused.json()["code"]) == (403, "identity.elevation_does_not_reach")
    given = [(await api.post(invite, key=org.key, json=body)).json()["id"] for _ in range(2)]
    withdrawals = [f"/v1/invitations/{one}/withdrawal" for one in given]
    assert (await api.post(withdrawals[0], key=market.ann)).status_code in (403, 404)
    withdrawn = await api.post(withdrawals[0], key=market.ann, headers=under)
    assert withdrawn.status_code == 204, withdrawn.text
    assert (await api.get(f"/v1/organisations/{org.actor.org}/audit", key=market.ann, headers=under)).status_code == 200
    review = f"/v1/elevations/{taken.json()['id']}/review"
    finding = {"was_justified": True, "finding": "示例：已核对"}
    early = await api.post(review, key=market.bo, json=finding)
    assert (early.status_code, early.json()["code"]) == (409, "identity.elevation_still_runs")
    assert (await api.post(f"/v1/elevations/{taken.json()['id']}/end", key=market.bo)).status_code == 204
    over = await api.post(withdrawals[1], key=market.ann, headers=under)
    assert (over.status_code, over.json()["code"]) == (403, "identity.elevation_over")
    own = await api.post(review, key=market.ann, json=finding)
    assert (own.status_code, own.json()["code"]) == (403, "identity.elevation_own_review")
    answers = await asyncio.gather(*[api.post(review, key=market.bo, json=finding) for _ in range(3)])
    assert sorted(one.status_code for one in answers) == [200, 409, 409]
    await positioned(means)
    marked = await look(api, org, org.key, elevation_id=taken.json()["id"])
    assert [one["kind"] for one in marked] == ["identity.looked_under_elevation", "identity.invitation_withdrawn"]
    assert marked[0]["facts"] == {"address": f"/v1/organisations/{org.actor.org}/audit"}
    kinds = [one["kind"] for one in await look(api, org, org.key)]
    assert [kind for kind in kinds if "elevation" in kind] == [
        "identity.elevation_reviewed",
        "identity.elevation_ended",
        "identity.looked_under_elevation",
        "identity.elevation_taken",
    ]


async def test_an_elevation_reaches_no_bid_seal_money_signature_or_certificate(api, market):
    taken = (await take(api, market)).json()["id"]
    under = {"Acting-Under-Elevation": taken}
    some = uuid4()
    for path in (
        f"/v1/lots/{some}/scores",
        f"/v1/lots/{some}/final-bids",
        f"/v1/lots/{some}/offers",
        f"/v1/lots/{some}",
        f"/v1/trades/{some}/participants",
        f"/v1/offers/{some}",
        f"/v1/ledger/organisations/{market.org.actor.org}/statement",
        "/v1/payouts",
        f"/v1/certificates/{some}",
        f"/v1/data-rooms/listing/{some}/documents",
        "/v1/changes",
        "/v1/me",
    ):
        refused = await api.get(path, key=market.ann, headers=under)
        assert (refused.status_code, refused.json()["code"]) == (403, "identity.elevation_does_not_reach"), path
    for path, body in (("/v1/listings", DEMAND), ("/v1/achievements", {"title_zh": "示例"})):
        refused = await api.post(path, key=market.ann, json=body, headers=under)
        assert refused.status_code in (403, 422), path
    envelope = await api.get(f"/v1/lots/{some}/envelope", key=market.ann, headers=under)
    assert (envelope.status_code, envelope.json()["code"]) == (403, "identity.deputy_does_not_bid")
    bid = {"amount": {"amount": "1.00", "currency": "CNY"}}
    refused = await api.post(f"/v1/lots/{some}/bids", key=market.ann, json=bid, headers=under)
    assert refused.json()["code"] == "identity.deputy_does_not_bid"


def test_under_an_elevation_nothing_is_handed_out_and_only_what_is_in_wrong_hands_is_taken_away():
    org = uuid4()
    actor = Actor(uuid4(), org, org_verified=True, roles=frozenset(Role), elevation_id=uuid4())
    written = set()
    for name, wanted in PERMISSIONS.items():
        if wanted.scope is Scope.READ:
            continue
        try:
            require(actor, wanted, parties=[org])
            written.add(name)
        except (ElevationDoesNotReach, NotAllowed, InPersonOnly):
            pass
    assert written == {
        "identity.end_membership",
        "identity.revoke_client",
        "identity.revoke_deputy",
        "identity.revoke_key",
        "identity.withdraw_invitation",
    }


async def test_an_elevation_takes_an_operator_in_a_session_with_a_fresh_second_factor_and_its_last_one_reviewed(
    api, tx, keys, market
):
    by_key = await take(api, market, key=market.staff["operator"].key)
    assert (by_key.status_code, by_key.json()["code"]) == (403, "identity.session_only")
    stranger = await take(api, market, key=market.org.key)
    assert (stranger.status_code, stranger.json()["code"]) == (403, "not_allowed")
    own = await take(api, market, organisation_id=str(market.staff["operator"].actor.org))
    assert (own.status_code, own.json()["code"]) == (422, "identity.elevation_needless")
    async with tx.begin() as db:
        await db.execute(text("UPDATE session SET second_factor_at = second_factor_at - interval '11 minutes'"))
    stale = await take(api, market)
    assert (stale.status_code, stale.json()["code"]) == (403, "identity.second_factor_needed")
    async with tx.begin() as db:
        await db.execute(text("UPDATE session SET second_factor_at = clock_timestamp()"))
    answers = await asyncio.gather(*[take(api, market) for _ in range(4)])
    assert sorted(one.status_code for one in answers) == [201, 409, 409, 409]
    for minutes in (0, 61):
        assert (await take(api, market, minutes=minutes)).status_code == 422


async def test_an_elevation_is_its_holders_own_in_the_session_it_was_taken_in(api, tx, market):
    taken = (await take(api, market)).json()["id"]
    path, under = f"/v1/organisations/{market.org.actor.org}/people", {"Acting-Under-Elevation": taken}
    assert (await api.get(path, key=market.ann, headers=under)).status_code == 200
    for key in (market.bo, market.staff["operator"].key, market.org.key):
        refused = await api.get(path, key=key, headers=under)
        assert (refused.status_code, refused.json()["code"]) == (403, "identity.elevation_over")
    other = f"/v1/organisations/{market.staff['operator'].actor.org}/invitations"
    body = {"name": "Sample", "roles": ["OPERATOR"]}
    assert (await api.post(other, key=market.ann, json=body, headers=under)).status_code in (403, 404)
    async with tx.begin() as db:
        await db.execute(text("UPDATE elevation SET taken_at = taken_at - interval '1 hour', ends_at = taken_at"))
    assert (await api.get(path, key=market.ann, headers=under)).status_code == 403
    with pytest.raises(IntegrityError, match="lasts_an_hour_at_most"):
        async with tx.begin() as db:
            await db.execute(text("UPDATE elevation SET ends_at = taken_at + interval '2 hours'"))


async def test_a_reviewer_whose_credentials_come_from_the_same_hand_does_not_do(api, tx, keys, market):
    taken = (await take(api, market)).json()["id"]
    await api.post(f"/v1/elevations/{taken}/end", key=market.ann)
    async with tx.begin() as db:
        await db.execute(
            text(
                "UPDATE person SET vouched_by = (SELECT person_id FROM elevation) WHERE id ="
                " (SELECT person_id FROM person_login WHERE name = 'bo')"
            )
        )
    refused = await api.post(
        f"/v1/elevations/{taken}/review", key=market.bo, json={"was_justified": True, "finding": "示例"}
    )
    assert (refused.status_code, refused.json()["code"]) == (403, "identity.one_hand_behind_both")
    assert (await sign_in(api, "bo", code=code_now("A" * 32))).status_code == 401
