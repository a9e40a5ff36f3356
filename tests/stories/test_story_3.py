"""Story 3: an open challenge. Two universities propose under seal, a panel marks them unseen, one is commissioned."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from uuid import UUID

import pytest

from techmarket.db.means import Means
from techmarket.identity import service as identity
from techmarket.trading.sealed.envelopes import Binding, seal, write
from tests.client import Api
from tests.disclosure.make import a_pdf, words_of
from tests.stories import way
from tests.stories.town import Json, Party, Town, a_town, moment, sha256, yuan
from tests.trading.sealed_make import Dealt, dealt

PLAN = "technical plan"
CRITERIA = [
    {"name": "cost", "measure": "ASKED", "weight": "0.3"},
    {"name": PLAN, "measure": "PANEL", "weight": "0.7"},
]
ASKED = {"P": "450000.00", "Q": "600000.00"}
MARKS = {"P": ("70", "72", "74"), "Q": ("90", "92", "94")}
GROUPS = {"MAIN": "80", "STAFF": "10", "OTHERS": "10"}
SHARES = ["56736.00", "37824.00", "11820.00", "11820.00"]
MILESTONES = [
    {"title": "Sample design / 示例设计", "amount": yuan("200000.00")},
    {"title": "Sample prototype / 示例样机", "amount": yuan("400000.00")},
]


@dataclass
class Challenge:
    """What the story knows of its challenge."""

    town: Town
    lister: Party
    bidders: dict[str, Party]
    experts: list[Party]
    demand: str = ""
    trade: Json = field(default_factory=dict)
    participants: dict[str, str] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)
    papers: dict[str, bytes] = field(default_factory=dict)
    dealt: Dealt | None = None

    @property
    def lot(self) -> str:
        return str(self.trade["lot"]["id"])


@pytest.mark.slow
async def test_an_open_challenge_goes_from_the_demand_to_a_development_whose_first_milestone_is_paid_and_shared(
    api: Api, means: Means
) -> None:
    town = await a_town(api, means, way.START)
    town.looks_at_queues = True
    challenge = Challenge(
        town,
        await town.a_party("ENTERPRISE", "Sample enterprise L / 示例企业"),
        {letter: await town.a_party("UNIVERSITY", f"Sample University {letter}") for letter in "PQ"},
        [await town.a_party("INSTITUTE", f"Sample institute {n}") for n in (1, 2, 3)],
    )
    await ruled_by_the_unit(challenge)
    await published(challenge)
    await read_under_agreement(challenge)
    await announced_and_qualified(challenge)
    await proposed_under_seal(challenge)
    await sworn_in(challenge)
    await opened_together(challenge)
    await marked_unseen(challenge)
    award = await awarded_and_published(challenge)
    contract = await commissioned(challenge, award)
    await first_milestone_paid(challenge, contract)
    await shared_by_the_unit_s_rule(challenge, contract)


async def ruled_by_the_unit(it: Challenge) -> None:
    """Q has a rule of its own, heard, published and adopted by a second officer: 60 % of development income."""
    town, unit = it.town, it.bidders["Q"]
    for title, role in (("A", "INVENTOR"), ("B", "INVENTOR"), ("second officer", "FINANCE")):
        await town.a_person(unit, title, role)
    rates = {
        "transfer": "0.70",
        "licence": "0.70",
        "equity": "0.70",
        "self_implementation": "0.05",
        "joint_implementation": "0.05",
        "other": "0.60",
    }
    body = {
        "title": "Sample rule / 示例规定",
        "rates": [{"mode": mode, "rate": rate} for mode, rate in rates.items()],
        "groups": [{"group": name, "weight": weight} for name, weight in GROUPS.items()],
        "effective_from": "2026-02-24",
        "published_on": "2026-02-20",
        "place": "Sample notice board / 示例公告栏",
        "publication_sha256": await town.evidence(unit, "photograph of the rule"),
        "heard_on": "2026-02-10",
        "hearing_sha256": await town.evidence(unit, "minutes of the hearing"),
    }
    drafted = await town.post("/v1/unit-rules", body, by=unit)
    adopted = await town.api.post(
        f"/v1/unit-rules/{drafted['id']}/adoption",
        json={"document_sha256": drafted["document_sha256"]},
        key=unit.people["second officer"].key,
    )
    assert (adopted.status_code, adopted.json()["state"]) == (200, "IN_FORCE"), adopted.text


async def published(it: Challenge) -> None:
    """The demand says what is asked for, until when proposals are taken, and by which weights they are judged."""
    body = {
        "kind": "DEMAND",
        "terms": {
            "title_zh": "薄壁铝合金托盘焊接变形控制",
            "title_en": "Keep welded trays flat",
            "problem_zh": "示例数据：托盘焊接后变形超差。",
            "problem_en": "Sample data: trays warp beyond tolerance after welding.",
            "technical_details": "Sample data: alloy 6061, 1.2 mm, seam 800 mm.",
            "indicators": [{"name": "flatness", "requirement": "below 0.5 mm over 800 mm"}],
            "budget": yuan("800000.00"),
            "deadline": "2026-12-31",
            "open_challenge": True,
            "challenge": {
                "proposals_by": "2026-03-31",
                "criteria": [{"name": "cost", "weight": "0.3"}, {"name": PLAN, "weight": "0.7"}],
            },
        },
    }
    made = await it.town.post("/v1/listings", body, by=it.lister)
    it.demand = made["id"]
    await it.town.post(f"/v1/listings/{it.demand}/submission", by=it.lister)
    accepted = await it.town.accept(it.demand)
    assert accepted["state"] == "PUBLISHED"
    await it.town.settle()
    await it.town.prove("listings.accepted", f"listing:{it.demand}")


async def read_under_agreement(it: Challenge) -> None:
    """Both universities sign the agreement and read the drawings; an institute that has not is told of nothing."""
    room = f"/v1/data-rooms/listing/{it.demand}"
    text = {
        "title": "Sample agreement / 示例保密协议",
        "body": "Sample data: keep it secret. 示例数据：保密。",
        "valid_days": 365,
    }
    agreed = await it.town.post(f"{room}/nda-texts", text, by=it.lister)
    content = a_pdf()
    uploaded = await it.town.api.post(
        f"{room}/documents",
        params={"name": "drawings.pdf", "tier": "NDA"},
        content=content,
        headers={"Content-Type": "application/pdf"},
        key=it.lister.key,
    )
    assert uploaded.status_code == 201, uploaded.text
    path = f"/v1/documents/{uploaded.json()['id']}/content"
    for party in it.bidders.values():
        assert (await it.town.api.get(path, key=party.key)).status_code == 404
        signed = await it.town.post(f"{room}/ndas", {"document_sha256": agreed["text_sha256"]}, by=party)
        assert signed["text_sha256"] == agreed["text_sha256"]
        assert "Read only by" in words_of((await it.town.api.get(path, key=party.key)).content)
        shown = await it.town.get(f"/v1/listings/{it.demand}", by=party)
        assert shown["terms"]["technical_details"].startswith("Sample data: alloy")
    assert (await it.town.api.get(path, key=it.experts[0].key)).status_code == 404
    await it.town.settle()


async def announced_and_qualified(it: Challenge) -> None:
    """The lister puts the challenge up by selection, with a deposit; the formula stands in the rules."""
    body = {
        "listing_id": it.demand,
        "method": "SELECTION",
        "rules": {
            "criteria": CRITERIA,
            "quoting_seconds": 86_400,
            "opening_seconds": 86_400,
            "scoring_seconds": 5 * 86_400,
        },
        "deposit": yuan("10000.00"),
    }
    drafted = await it.town.post("/v1/trades", body, by=it.lister)
    assert (drafted["rules"]["payer"], drafted["lot"]["start_price"]) == ("lister", None)
    await it.town.post(f"/v1/trades/{drafted['id']}/submission", by=it.lister)
    it.trade = await it.town.post(f"/v1/trades/{drafted['id']}/announcement", by="operator")
    for letter, party in it.bidders.items():
        joined = await it.town.post(f"/v1/trades/{it.trade['id']}/participants", {}, by=party)
        await it.town.post(f"/v1/participants/{joined['id']}/admission", {}, by="operator")
        await it.town.post(f"/v1/participants/{joined['id']}/confirmation", {}, by=it.lister)
        it.participants[letter], it.numbers[letter] = joined["id"], joined["number"]
        await it.town.bank_pays(party, await it.town.the_open_due(party))
    await it.town.settle()
    await it.town.prove("trading.announced", f"trade:{it.trade['id']}")


async def proposed_under_seal(it: Challenge) -> None:
    """The lot's key is dealt to officers; each university seals its terms and the hash of its plan."""
    means = it.town.means
    operator = await identity.authenticate(means.tx, means.keys, it.town.staff["operator"])
    it.dealt = await dealt(means.tx, operator, means.keys)
    sealing = {
        "public_key": it.dealt.public_key.hex(),
        "needed": 3,
        "officers": [
            {
                "person_id": str(one.person_id),
                "organisation_id": str(one.organisation_id),
                "share_sha256": one.share_sha256,
            }
            for one in it.dealt.named(UUID(it.lot))
        ],
    }
    await it.town.post(f"/v1/lots/{it.lot}/sealing", sealing, by="operator")
    await it.town.move_to(moment(it.trade["bidding_opens_at"]))
    for letter, party in it.bidders.items():
        told = await it.town.get(f"/v1/lots/{it.lot}/sealing", by=party)
        binding = Binding(UUID(it.lot), told["bidder"], told["terms_sha256"])
        it.papers[letter] = a_pdf((500, 700 + it.numbers[letter]))
        content = {"terms": {"asked": yuan(ASKED[letter])}, "documents": [sha256(it.papers[letter])]}
        envelope = seal(write(content, binding), binding, bytes.fromhex(told["public_key"]))
        answer = await it.town.api.call(
            "PUT",
            f"/v1/lots/{it.lot}/envelope",
            json={"envelope": base64.b64encode(envelope).decode()},
            key=party.key,
        )
        assert answer.status_code == 200, answer.text
    early = await it.town.api.get(f"/v1/lots/{it.lot}/proposals", key=it.lister.key)
    assert (early.status_code, early.json()["code"]) == (409, "trading.nothing_to_mark")


async def opened_together(it: Challenge) -> None:
    """After the deadline three of five officers give their shares; then the plans named in the envelopes come in."""
    assert it.dealt is not None
    lot = await it.town.get(f"/v1/lots/{it.lot}")
    await it.town.move_to(moment(lot["effective_end"]))
    for n in (1, 3, 5):
        share = {"n": n, "share": it.dealt.shares[n - 1].body.hex()}
        given = await it.town.api.post(
            f"/v1/lots/{it.lot}/opening/shares", json=share, key=it.dealt.officers[n - 1].key
        )
        assert given.status_code == 200, given.text
    await it.town.settle()
    record = await it.town.get(f"/v1/lots/{it.lot}/opening", by=it.lister)
    assert {one["bidder"]: one["verdict"] for one in record["envelopes"]} == dict.fromkeys(
        it.numbers.values(), "sealed.counted"
    )
    lot = await it.town.get(f"/v1/lots/{it.lot}")
    assert (lot["state"], lot["step"]) == ("EVALUATING", "SCORES")
    for letter, party in it.bidders.items():
        uploaded = await it.town.api.post(
            f"/v1/data-rooms/participant/{it.participants[letter]}/documents",
            params={"name": "plan.pdf", "tier": "NDA"},
            content=it.papers[letter],
            headers={"Content-Type": "application/pdf"},
            key=party.key,
        )
        assert uploaded.status_code == 201, uploaded.text
    proposals = await it.town.get(f"/v1/lots/{it.lot}/proposals", by=it.lister)
    found = {one["number"]: (one["terms"]["asked"], one["documents"]) for one in proposals["items"]}
    assert found == {it.numbers[letter]: (yuan(ASKED[letter]), [sha256(it.papers[letter])]) for letter in it.bidders}
    rival = await it.town.api.get(f"/v1/lots/{it.lot}/proposals", key=it.bidders["P"].key)
    assert rival.status_code == 404


async def sworn_in(it: Challenge) -> None:
    """Three experts without interests sign before a proposal can be read."""
    for expert in it.experts:
        person = expert.people["officer"].id
        await it.town.post(f"/v1/people/{person}/qualifications", {"kind": "EXPERT", "level": "GENERAL"}, by="operator")
        await it.town.post(
            f"/v1/lots/{it.lot}/panel", {"person_id": person, "organisation_id": expert.id}, by="operator"
        )
        shown = await it.town.get(f"/v1/lots/{it.lot}/panel", by=expert)
        await it.town.post(
            f"/v1/lots/{it.lot}/panel/declaration", {"document_sha256": shown["declaration_sha256"]}, by=expert
        )


async def marked_unseen(it: Challenge) -> None:
    """The experts read and mark; nobody reads a mark before the last sheet is in."""
    for n, expert in enumerate(it.experts):
        sealed = await it.town.api.get(f"/v1/lots/{it.lot}/scores")
        assert (sealed.status_code, sealed.json()["code"]) == (409, "trading.scores_sealed")
        marks = [
            {"number": it.numbers[letter], "criterion": PLAN, "points": given[n]} for letter, given in MARKS.items()
        ]
        await it.town.post(f"/v1/lots/{it.lot}/score-sheets", {"marks": marks}, by=expert)
    scores = (await it.town.get(f"/v1/lots/{it.lot}/scores"))["scores"]
    # Q: 0.3 x 100 x 450,000 / 600,000 + 0.7 x 92; P: 0.3 x 100 + 0.7 x 72.
    assert [(one["number"], one["score"]) for one in scores] == [
        (it.numbers["Q"], "86.90000"),
        (it.numbers["P"], "80.40000"),
    ]


async def awarded_and_published(it: Challenge) -> Json:
    """Q is offered the task at what it asked for, P waits, and the result is public."""
    awards = (await it.town.get(f"/v1/trades/{it.trade['id']}/awards", by="operator"))["items"]
    assert [(one["rank"], one["state"], one["buyer_organisation_id"], one["price"]) for one in awards] == [
        (1, "OFFERED", it.bidders["Q"].id, yuan("600000.00")),
        (2, "WAITING", it.bidders["P"].id, yuan("450000.00")),
    ]
    notice = await it.town.get(f"/v1/notices/{awards[0]['notice_id']}")
    assert (notice["kind"], notice["state"], notice["document"]["method"]) == ("RESULT", "RUNNING", "SELECTION")
    assert notice["document"]["deal_price"] == yuan("600000.00")
    await it.town.settle()
    await it.town.prove("trading.award_offered", f"award:{awards[0]['id']}")
    return dict(awards[0])


async def commissioned(it: Challenge, award: Json) -> Json:
    """In a demand the lister pays: it drafts the contract in milestones and signs first, the university second."""
    town, winner = it.town, it.bidders["Q"]
    body: Json = {"award_id": award["id"], "milestones": MILESTONES[:1]}
    assert await town.refused("/v1/contracts", body, by=it.lister) == (422, "contracts.milestones_do_not_sum")
    body["milestones"] = MILESTONES
    assert (await town.refused("/v1/contracts", body, by=winner))[0] == 403
    contract = await town.post("/v1/contracts", body, by=it.lister)
    assert (contract["type"], contract["licence_kind"], contract["achievement_ids"]) == ("DEVELOPMENT", None, [])
    roles = {one["role"]: one["organisation_id"] for one in contract["parties"]}
    assert roles == {"PAYER": it.lister.id, "PAYEE": winner.id}
    assert [(line["kind"], line["title"], line["amount"], line["state"]) for line in contract["plan"]] == [
        ("MILESTONE", one["title"], one["amount"], "PLANNED") for one in MILESTONES
    ]
    document = (await town.get(f"/v1/contracts/{contract['id']}/document", by=it.lister))["document"]
    assert document["task"]["demand_sha256"] == it.trade["listing_sha256"]
    assert document["price"]["total"] == yuan("600000.00")
    signs = {"document_sha256": contract["document_sha256"]}
    path = f"/v1/contracts/{contract['id']}"
    assert (await town.refused(f"{path}/signing", signs, by=winner))[0] == 404  # a draft is its drafter's alone
    await town.post(f"{path}/signing", signs, by=it.lister)
    assert await town.refused(f"{path}/signatures", signs, by=it.lister) == (409, "notices.still_running")
    notice = await town.get(f"/v1/notices/{award['notice_id']}")
    await town.move_to(moment(notice["ends_at"]))
    assert await town.refused(f"{path}/signatures", signs, by=winner) == (409, "signing.not_your_turn")
    await town.post(f"{path}/signatures", signs, by=it.lister)
    waiting = await town.get(f"/v1/awards/{award['id']}", by=winner)
    assert waiting["buyers_turn_at"] is not None
    signed = await town.post(f"{path}/signatures", signs, by=winner)
    assert signed["state"] == "IN_FORCE"
    await town.settle()
    assert (await town.get(f"/v1/trades/{it.trade['id']}"))["state"] == "CONCLUDED"
    assert (await town.get(f"/v1/listings/{it.demand}", by=it.lister))["state"] == "CLOSED"
    # The one who is paid bought nothing: both deposits go back whole.
    assert await town.confirm_payouts() == sorted((one.id, "10000.00") for one in it.bidders.values())
    await town.prove("contracts.contract_in_force", f"contract:{contract['id']}")
    return signed


async def first_milestone_paid(it: Challenge, contract: Json) -> None:
    """What was handed over is accepted by the payer, paid, and released to the university less 1.5 %."""
    town, winner = it.town, it.bidders["Q"]
    path = f"/v1/contracts/{contract['id']}/milestones/1/acceptance"
    assert (await town.refused(path, by=winner))[0] == 403
    accepted = await town.post(path, by=it.lister)
    assert [line["state"] for line in accepted["plan"]] == ["DUE", "PLANNED"]
    assert await town.refused(path, by=it.lister) == (409, "contracts.no_such_milestone")
    due = await town.the_open_due(it.lister)
    assert due["amount"] == yuan("200000.00")
    await town.bank_pays(it.lister, due)
    await town.settle()
    released = await town.post(f"/v1/dues/{due['id']}/release", by="finance")
    assert released["fee"] == yuan("3000.00")
    await town.settle()
    assert await town.confirm_payouts() == [(winner.id, "197000.00")]
    assert (await town.get(f"/v1/contracts/{contract['id']}", by=it.lister))["plan"][0]["state"] == "PAID"
    assert await town.money() == {"BANK": -300_000, "FEES": 300_000}


async def shared_by_the_unit_s_rule(it: Challenge, contract: Json) -> None:
    """No statute names a floor for development income (ZJR art. 41): the table of the contract follows Q's own rule.

    200,000.00 less the fee of 3,000.00; 60 % of 197,000.00 are 118,200.00, in 80/10/10, and 60/40 inside.
    """
    town, unit = it.town, it.bidders["Q"]
    people = [{"person_id": unit.people[title].id, "weight": weight} for title, weight in (("A", "60"), ("B", "40"))]
    groups: list[Json] = [{"group": name, "weight": weight} for name, weight in GROUPS.items()]
    groups[0]["people"] = people
    body: Json = {"contract_id": contract["id"], "by_unit_rule": True, "table": {"rate": "0.60", "groups": groups}}
    assert await town.refused("/v1/share-tables", body, by=unit) == (422, "revenue.not_the_unit_rule")
    del body["table"]["rate"]
    table = await town.post("/v1/share-tables", body, by=unit)
    await town.post(f"/v1/share-tables/{table['id']}/signing", by=unit)
    draft = await town.post("/v1/distributions", {"contract_id": contract["id"]}, by=unit)
    assert (draft["mode"], draft["net_income"], draft["reward"], draft["unit_part"]) == (
        "other",
        yuan("197000.00"),
        yuan("118200.00"),
        yuan("78800.00"),
    )
    rate = next(step for step in draft["steps"] if step["name"] == "reward")["rule"]
    assert (rate["scope"], rate["value"]) == (f"unit:{unit.id}", "0.6")
    assert [line["amount"]["amount"] for line in draft["lines"]] == SHARES
    path = f"/v1/distributions/{draft['id']}"
    proof = {"posted_sha256": await town.evidence(unit, "photograph of the list")}
    split = await town.post(f"{path}/publication", proof, by=unit)
    await town.move_to(moment((await town.get(f"/v1/notices/{split['notice_id']}", by=unit))["ends_at"]))
    assert await town.refused(f"{path}/payment", by=unit) == (409, "revenue.table_not_signed")
    for title in ("A", "B"):
        signed = await town.api.post(
            f"/v1/share-tables/{table['id']}/signatures",
            json={"document_sha256": table["document_sha256"]},
            key=unit.people[title].key,
        )
        assert signed.status_code == 201, signed.text
    paid = await town.post(f"{path}/payment", by=unit)
    for line in paid["lines"]:
        assert (line["state"], line["wage_base"]) == ("INSTRUCTED", line["amount"])
        await town.post(f"/v1/lines/{line['id']}/payroll-confirmation", by=unit)
    await town.settle()
    assert (await town.get(path, by=unit))["state"] == "PAID"
    me = unit.people["A"]
    statement = await town.api.get(f"{path}/statements/{me.id}", key=me.key)
    assert statement.json()["amount"] == yuan(SHARES[0])
    terms = (await town.get("/v1/reward-terms", by=unit))["items"]
    assert terms == []
