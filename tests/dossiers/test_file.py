"""The public file of a project over HTTP, from the draft to the contract, and what of it nobody is shown."""

from __future__ import annotations

import json
from uuid import uuid4

import pytest
from httpx import Response

from techmarket.achievements.approvals import ApprovalKind, EvidenceLabel
from techmarket.achievements.lifecycle import ApprovalState, ConsentState
from techmarket.certification.lifecycle import CertificateState
from techmarket.contracts.lifecycle import ContractState, RegistrationState
from techmarket.db.means import Means
from techmarket.dossiers import rules
from techmarket.dossiers.rules import TOLD
from techmarket.dossiers.stage import Stage
from techmarket.kernel.events import Event
from techmarket.kernel.periods import Unit
from techmarket.notices import lifecycle as notices
from techmarket.notices.kinds import NoticeKind, Place
from techmarket.notices.lifecycle import LengtheningCause, NoticeState, ObjectionState
from techmarket.trading.lifecycle import ActKind, AwardState, Method, PauseCause, TerminationCause, TradeState
from techmarket.web.words import file_words_of
from tests.client import Api
from tests.stories import way
from tests.stories.town import Json, Town, a_town, moment, sha256

GROUNDS = "The sensor belongs to somebody else. Sample data."
INSIDE = "Not so, says the confidential report. Sample data."
PUBLISHED = "The register shows the university as owner. Sample data."


async def file_of(town: Town, trade: str, by: object = None) -> Json:
    return await town.get(f"/v1/trades/{trade}/file", by=by)  # type: ignore[arg-type]


def said(refusal: Response) -> Json:
    """All that a refusal says but which request it answers."""
    shown: Json = refusal.json()
    return {name: value for name, value in shown.items() if name not in ("request_id", "instance")}


async def test_before_its_announcement_a_project_is_not_found_by_strangers_in_any_form(api: Api, means: Means) -> None:
    town = await a_town(api, means, way.START)
    sale = await way.a_published_offer(town)
    body: Json = {"listing_id": sale.listing, "deposit": {"amount": "0.00", "currency": "CNY"}}
    body |= {
        "start_price": {"amount": "500000.00", "currency": "CNY"},
        "increment": {"amount": "10000.00", "currency": "CNY"},
    }
    trade = (await town.post("/v1/trades", body, by=sale.university))["id"]
    nothing = "00000000-0000-7000-8000-000000000000"
    for form in ("/v1/trades/{}/file", "/v1/trades/{}/file/proof", "/trades/{}/file"):
        for by in (None, sale.buyers["X"].key):
            hidden = await api.get(form.format(trade), key=by)
            absent = await api.get(form.format(nothing), key=by)
            assert (hidden.status_code, hidden.json()["code"]) == (404, "not_found")
            assert said(hidden) == said(absent)
    shown = await file_of(town, trade, by=sale.university)
    assert (shown["stage"], shown["notices"], shown["entries"]) == ("DRAFT", [], [])
    await town.post(f"/v1/trades/{trade}/submission", by=sale.university)
    assert (await file_of(town, trade, by="operator"))["stage"] == "APPLIED"
    await town.post(f"/v1/trades/{trade}/announcement", by="operator")
    assert (await file_of(town, trade))["stage"] == "DISCLOSING"
    stopped = {"cause": "FORCE_MAJEURE", "reasons": "A flood. Sample data."}
    await town.post(f"/v1/trades/{trade}/suspension", stopped, by="operator")
    shown = await file_of(town, trade)
    assert (shown["stage"], [(act["act"], act["reasons"]) for act in shown["acts"]]) == (
        "SUSPENDED",
        [("SUSPENDED", "A flood. Sample data.")],
    )
    assert "A flood. Sample data." in (await api.get(f"/trades/{trade}/file")).text


@pytest.mark.slow
async def test_the_file_tells_what_stood_where_and_when_and_how_it_ended_and_never_who_objected(
    api: Api, means: Means
) -> None:
    town = await a_town(api, means, way.START)
    sale = await way.to_the_award(town)
    trade, rival, winner = sale.trade["id"], sale.buyers["Z"], sale.buyers["X"]
    award = (await sale.awards())["X"]
    objection = await town.post(f"/v1/notices/{award['notice_id']}/objections", {"grounds": GROUNDS}, by=rival)
    decision = {"upheld": False, "reasons": INSIDE, "published_reasons": PUBLISHED}
    await town.post(f"/v1/objections/{objection['id']}/decision", decision, by="operator")
    ends = (await town.get(f"/v1/notices/{award['notice_id']}"))["ends_at"]
    assert (await file_of(town, trade))["stage"] == "RESULT_NOTICE"
    await town.move_to(moment(ends))
    contract = await way.a_contract(sale, "X")
    await way.sign(sale, contract, sale.university)
    await way.sign(sale, contract, winner)
    await town.settle()

    file = await file_of(town, trade)
    assert (file["stage"], file["lots"]) == ("SETTLING", [{"lot_id": sale.lot, "stage": "SETTLING"}])
    announced, result = file["notices"]
    assert [one["notice"]["kind"] for one in file["notices"]] == ["ANNOUNCEMENT", "RESULT"]
    assert [one["notice"]["state"] for one in file["notices"]] == ["CLEARED", "CLEARED"]
    assert announced["notice"]["document"]["terms_sha256"] == file["trade"]["terms_sha256"]
    (told,) = result["notice"]["objections"]
    assert (told["state"], told["published_reasons"]) == ("DISMISSED", PUBLISHED)
    assert {told[name] for name in ("by_organisation", "by_organisation_id", "grounds", "reasons", "lines")} == {None}
    (shown,) = file["awards"]  # Y's, which nobody was told of, is left out
    assert (shown["id"], shown["state"], shown["notice_id"]) == (award["id"], "CONCLUDED", award["notice_id"])
    assert (shown["contract"]["number"], shown["contract"]["state"]) == (contract["number"], "IN_FORCE")
    assert shown["contract"]["certificate"] is None

    # An inventor who objects to his own employer's notice is as little named as a rival.
    seller = {uuid4()}
    assert rules.is_shown_whole("notices.posted", *seller, seller)
    for kind in rules.BY_OBJECTORS:
        assert not rules.is_shown_whole(kind, *seller, seller)
    # Every entry has its place; the rows of an objector and a buyer stay with them.
    kinds = {entry["kind"]: entry for entry in file["entries"]}
    assert [entry["position"] for entry in file["entries"]] == sorted(e["position"] for e in file["entries"])
    for kind in ("notices.objection_filed", "contracts.contract_in_force", "trading.award_concluded"):
        assert kinds[kind]["position"] is not None
        assert kinds[kind]["entry_id"] is None
    for kind in ("trading.announced", "trading.lot_closed", "notices.objection_decided", "notices.cleared"):
        assert kinds[kind]["entry_id"] is not None

    # Neither the file nor its proof nor the page hold a word of what is not public.
    proof = await town.get(f"/v1/trades/{trade}/file/proof")
    page = (await api.get(f"/trades/{trade}/file")).text
    waiting = (await sale.awards())["Y"]["id"]
    for where in (json.dumps(file), json.dumps(proof), page):
        for secret in (GROUNDS, INSIDE, rival.id, rival.name, sale.buyers["Y"].id, waiting, "the seam sensor"):
            assert secret not in where
    assert winner.id not in json.dumps(proof["entries"])
    assert PUBLISHED in page
    assert contract["number"] in page
    assert "结果公示" in (await api.http.get(f"/trades/{trade}/file", headers={"Accept-Language": "zh-CN"})).text

    # The proof has every entry with an id, all under a checkpoint, and the texts that they name.
    assert [e["entry_id"] for e in proof["entries"]] == [e["entry_id"] for e in file["entries"] if e["entry_id"]]
    assert all(entry["proof"] is not None for entry in proof["entries"])
    hashes = {file["trade"]["terms_sha256"], *(v["document_sha256"] for n in file["notices"] for v in n["versions"])}
    assert {one["sha256"] for one in proof["texts"]} == hashes
    assert all(sha256(one["text"].encode()) == one["sha256"] for one in proof["texts"])

    # Those concerned see of the objection what is theirs to see, through the same door.
    (own,) = (await file_of(town, trade, by=sale.university))["notices"][1]["notice"]["objections"]
    assert (own["grounds"], own["by_organisation_id"]) == (GROUNDS, rival.id)


def test_the_public_is_told_of_no_event_that_could_name_a_bidder_or_an_asker() -> None:
    """What the list of told events leaves out: registration, deposits, bids, questions, readings, drafts."""
    assert set(Event.registry) >= TOLD
    for part in ("participant", "deposit", "bids", "drafted", "offer_made", "question", "document", "signature"):
        assert [kind for kind in TOLD if part in kind] == []


def test_every_code_that_a_page_shows_of_trades_and_notices_has_a_word_in_both_languages() -> None:
    codes = {*Stage, *ActKind, *NoticeKind, *TradeState}
    codes |= {*Method, *PauseCause, *TerminationCause, *ApprovalKind, *EvidenceLabel}
    codes |= {*NoticeState, *ObjectionState, *LengtheningCause, *notices.PauseCause, *Place, *Unit, *AwardState}
    codes |= {*ContractState, *RegistrationState, *CertificateState, *ConsentState, *ApprovalState}
    for language in ("zh-CN", "en"):
        words = file_words_of(language)
        assert {code.value for code in codes} <= set(words)
        assert len({words[stage.value] for stage in Stage}) == len(Stage)
