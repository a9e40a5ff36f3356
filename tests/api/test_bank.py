"""Bank statements and closed days over HTTP."""

from __future__ import annotations

import pytest

from tests.identity.make import a_market, a_member, an_organisation
from tests.settlement.make import a_camt, a_csv, declared
from tests.settlement.test_statements import earned

STATEMENTS = "/v1/bank/statements"
ROWS = [("CREDIT", "B-1", "10.00", "6222", "Sample", ""), ("DEBIT", "B-2", "0.50", "", "", "")]


@pytest.fixture
async def people(tx, keys):
    market = await a_market(tx, keys)
    await declared(tx, market["finance"].actor)
    return {"finance": market["finance"], "operator": market["operator"], "own": await an_organisation(tx, keys=keys)}


async def test_from_the_upload_of_a_statement_to_the_closed_day(api, tx, people):
    key = people["finance"].key
    answer = await api.post(STATEMENTS, key=key, content=a_camt(ROWS), headers={"Content-Type": "application/xml"})
    assert answer.status_code == 201
    said = answer.json()
    assert said["closing"] == {"amount": "9.50", "currency": "CNY"}
    assert (said["entries"], said["taken"], said["unexplained"], said["open"]) == (2, 1, 1, 1)
    assert (await api.get(STATEMENTS, key=key)).json()["items"] == [said]
    entries = f"{STATEMENTS}/{said['id']}/entries"
    page = await api.get(f"{entries}?limit=1", key=key)
    assert [row["bank_reference"] for row in page.json()["items"]] == ["B-1"]
    rest = await api.get(page.links["next"]["url"], key=key)
    assert [row["direction"] for row in rest.json()["items"]] == ["DEBIT"]
    assert len((await api.get(f"{entries}?state=OPEN", key=key)).json()["items"]) == 1
    early = await api.post("/v1/bank/days/2026-03-02/closing", key=key)
    assert (early.status_code, early.json()["code"]) == (409, "settlement.day_does_not_close")
    poor = await api.post(f"{entries}/2/charge", key=key)
    assert (poor.status_code, poor.json()["code"]) == (409, "settlement.charge_not_covered")
    await earned(tx, 60)
    assert (await api.post(f"{entries}/2/charge", key=key)).json()["state"] == "EXPLAINED"
    closed = await api.post("/v1/bank/days/2026-03-02/closing", key=key)
    assert closed.status_code == 201
    assert (closed.json()["others"]["amount"], closed.json()["own"]["amount"]) == ("9.40", "0.10")
    assert (await api.get("/v1/bank/days", key=key)).json()["items"] == [closed.json()]


async def test_a_wrong_statement_is_refused_with_what_is_at_fault(api, people):
    key, csv = people["finance"].key, {"Content-Type": "text/csv"}
    for content, headers, code, status in (
        (a_csv(ROWS, closing="1.00"), csv, "settlement.statement_does_not_add", 422),
        (b"kind\n", csv, "settlement.statement_unreadable", 422),
        (b"<a/>", {"Content-Type": "application/xml"}, "settlement.statement_unreadable", 422),
        (b"{}", {"Content-Type": "application/json"}, "request.wrong_media_type", 415),
        (b"x" * (8 * 2**20 + 1), csv, "request.too_large", 413),
    ):
        answer = await api.post(STATEMENTS, key=key, content=content, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert (await api.get(STATEMENTS, key=key)).json()["items"] == []


async def test_only_the_markets_finance_sees_and_does_any_of_it(api, tx, keys, people):
    member = await a_member(tx, people["own"].actor, keys=keys)
    for key in (people["operator"].key, people["own"].key, member.key):
        for path in (STATEMENTS, "/v1/bank/days"):
            assert (await api.get(path, key=key)).status_code == 403
        answer = await api.post(STATEMENTS, key=key, content=a_csv(ROWS), headers={"Content-Type": "text/csv"})
        assert answer.status_code == 403
        assert (await api.post("/v1/bank/days/2026-03-02/closing", key=key)).status_code == 403


async def test_what_is_not_there_is_not_found(api, people):
    key, nobody = people["finance"].key, "01890a5d-ac96-774b-bcce-b302099a8057"
    assert (await api.get(f"{STATEMENTS}/{nobody}/entries", key=key)).status_code == 404
    assert (await api.post(f"{STATEMENTS}/{nobody}/entries/1/charge", key=key)).status_code == 404
    assert (await api.post("/v1/bank/days/2026-13-02/closing", key=key)).status_code == 422


@pytest.mark.parametrize("cursor", ["WzBd", "Wy01XQ", "WyJub3RoaW5nIl0", "WzQwMDAwMDBd"])
async def test_a_cursor_that_is_no_day_is_refused(api, people, cursor):
    answer = await api.get(f"/v1/bank/days?cursor={cursor}", key=people["finance"].key)
    assert (answer.status_code, answer.json()["code"]) == (422, "paging.bad_cursor")
