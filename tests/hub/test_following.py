"""The change feed over a market at work: who finds what, in which order, by which cursor."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID, uuid4

import pytest

from techmarket.disclosure.tiers import Tier
from techmarket.hub import errors
from techmarket.hub.service import list_changes
from techmarket.identity.actor import ANONYMOUS, Role
from techmarket.kernel.ids import Ref
from techmarket.kernel.paging import BadCursor, decode_cursor, encode_cursor
from techmarket.listings import service as listings
from techmarket.listings.rules import ListingDraft
from tests.contracts.make import a_signing
from tests.disclosure.make import a_grant
from tests.hub.make import changes, tell_all, types
from tests.identity.make import a_market, an_organisation
from tests.listings.make import a_demand, demand_terms
from tests.trading.make import a_market_at_work, a_qualified, an_announced_trade


async def test_a_listing_is_told_to_everyone_while_it_is_public_and_its_hidden_changes_to_those_who_see_them(tx, keys):
    operator = (await a_market(tx, keys))["operator"].actor
    owner, stranger, holder = [(await an_organisation(tx, keys=keys)).actor for _ in range(3)]
    draft = await a_demand(tx, owner)
    view = await a_demand(tx, owner, operator)
    await a_grant(tx, holder, Ref("listing", view.id), tier=Tier.NDA)

    async def amend(**terms: object) -> None:
        standing = await listings.get_listing(tx, owner, view.id)
        changed = ListingDraft(dict(standing.terms) | terms, {}, (), None)
        await listings.update_draft(tx, owner, view.id, view.kind, changed, if_match=standing.etag)

    await amend(technical_details="Sample detail for those who signed")
    await amend(deal_terms="Sample condition for the parties of the deal")
    await listings.withdraw(tx, owner, view.id)

    assert await types(tx, stranger, draft.id) == await types(tx, ANONYMOUS, draft.id) == []
    outside = ["listing.published", "listing.removed"]
    assert await types(tx, stranger, view.id) == await types(tx, ANONYMOUS, view.id) == outside
    told = [one for one in await types(tx, holder, view.id) if one != "disclosure.tier_opened"]
    assert told == ["listing.published", "listing.changed", "listing.removed"]
    own = [one for one in await types(tx, owner, view.id) if one.startswith("listings.")]
    assert own == [f"listings.{one}" for one in ("drafted", "submitted", "accepted", "amended", "amended", "withdrawn")]
    assert [one for one in await types(tx, operator, view.id) if one.startswith("listings.")] == own
    (first, *_) = await changes(tx, stranger, view.id)
    assert (first.refs, first.facts) == ((f"listing:{view.id}",), {})
    inventor = replace(owner, roles=frozenset({Role.INVENTOR}))
    assert await types(tx, inventor, view.id) == outside


async def test_whoever_takes_part_is_told_to_him_and_to_those_who_sell_and_to_nobody_else(tx, keys):
    market = await a_market_at_work(tx, keys, buyers=2)
    trade = await an_announced_trade(market)
    mine = await a_qualified(market, trade, market.buyers[0])
    steps = [f"trading.participant_{one}" for one in ("registered", "admitted", "qualified")]

    async def of(reader: object) -> list[str]:
        found = await types(tx, reader, mine.id)  # type: ignore[arg-type]
        return [one for one in found if "participant_" in one]

    assert await of(market.buyers[0]) == await of(market.seller) == await of(market.operator) == steps
    assert await of(market.buyers[1]) == await of(ANONYMOUS) == []
    finance = replace(market.seller, roles=frozenset({Role.FINANCE}))
    assert await of(finance) == []
    everyone = await types(tx, ANONYMOUS, trade.id)
    assert everyone[0] == "trade.announced"
    assert set(everyone[1:]) <= {"trade.changed"}
    assert mine.id not in {part for one in await changes(tx, ANONYMOUS) for part in one.refs}


async def test_a_contract_is_told_to_its_sides_once_they_are_called_to_sign(tx, keys):
    deal = await a_signing(tx, keys)
    stranger = (await an_organisation(tx, keys=keys)).actor
    drafted, opened = "contracts.contract_drafted", "contracts.signing_opened"
    assert set(await types(tx, deal.seller.actor, deal.id)) >= {drafted, opened}
    buyers = await types(tx, deal.buyer.actor, deal.id)
    assert opened in buyers
    assert drafted not in buyers
    assert await types(tx, stranger, deal.id) == []


async def test_every_way_of_paging_finds_every_change_once_and_in_order(tx, keys):
    operator = (await a_market(tx, keys))["operator"].actor
    owner = (await an_organisation(tx, keys=keys)).actor
    for _ in range(4):
        await a_demand(tx, owner, operator)
    await tell_all(tx)

    async def walk(limit: int, **how: object) -> list[object]:
        found: list[object] = []
        cursor: str | None = None
        while True:
            page = await list_changes(tx, owner, cursor=cursor, limit=limit, **how)  # type: ignore[arg-type]
            found += [one.id for one in page.items]
            cursor = page.next_cursor
            if page.is_at_end:
                assert (cursor is None) is bool(how.get("is_backwards"))
                return found

    whole = await walk(1_000)
    assert len(whole) == len(set(whole)) > 12
    assert await walk(1) == await walk(5) == whole
    assert await walk(1, is_backwards=True) == await walk(4, is_backwards=True) == whole[::-1]
    kinds = ["listings.accepted"]
    assert len(await walk(1, types=kinds)) == 4
    assert set(await types(tx, ANONYMOUS)) <= {"listing.published", "log.key_published"}

    end = await list_changes(tx, owner, limit=1_000)
    empty = await list_changes(tx, owner, cursor=end.next_cursor)
    assert (empty.items, empty.next_cursor) == ((), end.next_cursor)
    view = await a_demand(tx, owner)
    await tell_all(tx)
    later = await list_changes(tx, owner, cursor=end.next_cursor)
    assert [(one.type, one.refs[0]) for one in later.items] == [("listings.drafted", f"listing:{view.id}")]
    back = await list_changes(tx, owner, cursor=later.items[0].cursor, is_backwards=True, limit=1)
    assert [one.id for one in back.items] == whole[-1:]


async def test_a_cursor_of_another_log_is_refused_and_so_is_a_type_that_is_none(tx, keys, api):
    unit = await an_organisation(tx, keys=keys)
    with pytest.raises(errors.CursorOfAnotherLog):
        await list_changes(tx, unit.actor, cursor=encode_cursor(str(uuid4()), 3))
    for cursor in ("nonsense", encode_cursor(1, 2), encode_cursor("x", 1)):
        with pytest.raises(BadCursor):
            await list_changes(tx, unit.actor, cursor=cursor)
    # Nor does anybody wait at a place that was told to nobody: behind the end there is one, and it is the last told.
    await tell_all(tx)
    end = (await list_changes(tx, unit.actor)).next_cursor
    assert end is not None
    log, last = decode_cursor(end, UUID, int)
    assert (await list_changes(tx, unit.actor, cursor=end)).next_cursor == end
    for beyond in (last + 1, 10**18):
        with pytest.raises(errors.CursorOfAnotherLog):
            await list_changes(tx, unit.actor, cursor=encode_cursor(str(log), beyond))
        for path in ("/v1/changes", "/v1/syndication/listings"):
            said = await api.get(path, params={"cursor": encode_cursor(str(log), beyond)})
            assert (said.status_code, said.json()["code"]) == (409, "hub.cursor_of_another_log")
    far = encode_cursor(str(uuid4()), 2**70)
    answers = [await api.get("/v1/changes", params={"cursor": one}) for one in (far, "nonsense")]
    assert [one.json()["code"] for one in answers] == ["paging.bad_cursor"] * 2
    wrong = await api.get("/v1/changes", params={"type": "listings.imagined"})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "hub.unknown_change_type")


async def test_the_feed_is_read_over_http_with_a_link_to_what_comes_next(tx, keys, api):
    unit = await an_organisation(tx, keys=keys)
    view = await a_demand(tx, unit.actor)
    await tell_all(tx)
    answer = await api.get("/v1/changes", key=unit.key, params={"limit": 1, "type": ["listings.drafted"]})
    assert answer.status_code == 200, answer.text
    (item,) = answer.json()["items"]
    assert (item["type"], item["refs"][0], item["facts"]) == (
        "listings.drafted",
        f"listing:{view.id}",
        {"listing_kind": "DEMAND"},
    )
    assert answer.json()["is_at_end"] is True
    path = answer.headers["Link"].partition(">")[0].removeprefix("<")
    again = await api.get(path, key=unit.key)
    assert (again.json()["items"], again.json()["next_cursor"]) == ([], answer.json()["next_cursor"])
    assert (await api.get("/v1/changes")).json()["items"] == []
    assert demand_terms()["title_en"] not in answer.text
