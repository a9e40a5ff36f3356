"""A period into a year whose holidays are not published: a named refusal or a wait, never a guess or a fault."""

from __future__ import annotations

from techmarket.db.means import Means
from tests.client import Api
from tests.stories import way
from tests.stories.test_story_2 import a_negotiated_licence
from tests.stories.town import Json, a_town, at


async def test_a_price_notice_over_the_new_year_waits_by_name_until_the_holidays_are_entered(
    api: Api, means: Means
) -> None:
    town = await a_town(api, means, at(12, 24, 9))
    university = await town.a_university()
    buyer = await town.a_party("ENTERPRISE", "Sample enterprise P")
    contract = await a_negotiated_licence(town, university, buyer, await town.an_achievement(university))
    path, document = f"/v1/contracts/{contract['id']}", {"document_sha256": contract["document_sha256"]}
    notice = (await town.post(f"{path}/signing", {**document, "related_party": False}, by=university))["notice_id"]
    proof: Json = {"evidence_sha256": await town.evidence(university, "Sample photograph")}
    refused = await town.refused(f"/v1/notices/{notice}/postings", proof, by=university)
    assert refused == (409, "calendar.year_missing")
    shown = await town.get(f"/v1/notices/{notice}")
    assert (shown["state"], shown["started_at"], len(shown["postings"])) == ("PREPARED", None, 1)
    assert await town.refused(f"{path}/signatures", document, by=university) == (409, "notices.not_started")

    days: Json = {
        "days": [{"day": "2027-01-01", "is_working": False}],
        "source": "Sample calendar",
        "declares_year": 2027,
    }
    await town.post("/v1/work-days", days, by="operator")
    hung = await town.post(f"/v1/notices/{notice}/postings", proof, by=university)
    # Day 1 is 25 December, day 15 is Friday 8 January.
    assert (hung["state"], hung["ends_at"]) == ("RUNNING", "2027-01-08T16:00:00Z")


async def test_a_trade_whose_announcement_would_end_in_an_unpublished_year_is_not_announced(
    api: Api, means: Means
) -> None:
    town = await a_town(api, means, at(12, 24, 9))
    sale = await way.a_published_offer(town)
    body: Json = {"listing_id": sale.listing, "deposit": {"amount": "0.00", "currency": "CNY"}}
    body |= {"increment": {"amount": "10000.00", "currency": "CNY"}}
    trade = (await town.post("/v1/trades", body, by=sale.university))["id"]
    await town.post(f"/v1/trades/{trade}/submission", by=sale.university)
    assert await town.refused(f"/v1/trades/{trade}/announcement", by="operator") == (409, "calendar.year_missing")
    assert (await town.get(f"/v1/trades/{trade}", by=sale.university))["state"] == "SUBMITTED"
    assert (await town.get("/v1/notices"))["items"] == []
