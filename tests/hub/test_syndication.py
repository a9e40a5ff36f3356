"""Two markets: everything that one publishes appears on the other, with its changes, its tiers and its proof."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from httpx import ASGITransport, AsyncClient
from sqlalchemy import text

from techmarket.api.rows import FileReader
from techmarket.app import create_app
from techmarket.db.calling import Caller, Receipt
from techmarket.hub import errors, service, syndication
from techmarket.hub.lifecycle import SourceState
from techmarket.hub.service import syndicating
from techmarket.hub.syndication import Distrusted, ItemState
from techmarket.identity.actor import ANONYMOUS, OrgKind, Role
from techmarket.kernel.canonical import canonical_json
from techmarket.kernel.ids import Ref
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.kernel.refusals import NotAllowed
from techmarket.listings import errors as listing_errors
from techmarket.listings import service as listings
from techmarket.listings import steps as listing_steps
from techmarket.listings.lifecycle import ListingState
from techmarket.matching.index.scoring import Filters
from techmarket.matching.jobs import index
from techmarket.matching.service import search
from techmarket.transparency import service as transparency
from techmarket.transparency.keyset import TrustedKeys, trusted_keys
from tests.client import Api
from tests.door import Door
from tests.hub.markets import Cable, Instance, a_cable, an_instance, published, serving, shown
from tests.identity.make import an_organisation
from tests.pg import TestServer


@dataclass
class Two:
    """One market that publishes, one that shows it, and the line between them."""

    there: Instance
    here: Instance
    cable: Cable

    async def add(self, key: str | None = None, node: str | None = None) -> Any:
        return await service.add_source(
            self.here.tx,
            self.here.means.keys,
            self.here.caller,
            self.here.operator,
            name="Sample market of another city",
            url=self.cable.url,
            key=key,
            node=node,
        )

    async def source(self) -> Any:
        (one,) = await service.list_sources(self.here.tx, self.here.operator)
        return one

    async def page(self, limit: int = 100) -> dict[str, Any]:
        async with AsyncClient(base_url=self.there.url, trust_env=False, timeout=60) as http:
            answer = await http.get(f"/v1/syndication/listings?limit={limit}")
        said: dict[str, Any] = answer.json()
        return said

    async def keys(self) -> TrustedKeys:
        async with AsyncClient(base_url=self.there.url, trust_env=False, timeout=60) as http:
            return trusted_keys((await http.get("/.well-known/techmarket-keys.json")).json())


@pytest.fixture
async def two(pg_server: TestServer, template: str, tmp_path: Path) -> AsyncIterator[Two]:
    async with AsyncExitStack() as stack:
        urls = [stack.enter_context(pg_server.cloned(template)) for _ in range(2)]
        there, here = [await an_instance(url, tmp_path / name) for url, name in zip(urls, "ab", strict=True)]
        for one in (there, here):
            stack.push_async_callback(one.tx.dispose)
        port = await stack.enter_async_context(serving(there))
        cable = await stack.enter_async_context(a_cable(port))
        yield Two(there, here, cable)


async def test_what_is_published_changed_and_withdrawn_there_is_so_here_by_tier_and_nothing_is_there_twice(two):
    there, here = two.there, two.here
    registered = (await an_organisation(here.tx)).actor
    reader = await an_organisation(there.tx, keys=there.means.keys)
    ids = [await there.publish(title_en=f"Sample demand {n}") for n in range(5)]
    hidden = await there.publish(
        raised={"budget": "REGISTERED"}, description_en="Sample description", technical_details="Sample secret"
    )
    await there.tell()
    await two.add(key=reader.key)
    await here.follow()
    await here.follow()
    assert await shown(here, ANONYMOUS) == await published(there, ANONYMOUS)
    assert await shown(here, registered) == await published(there, reader.actor)
    told = (await shown(here, registered))[str(hidden)]
    assert (told["budget"]["amount"], told["description_en"]) == ("800000.00", "Sample description")
    assert "budget" not in (await shown(here, ANONYMOUS))[str(hidden)]
    async with here.tx.read() as db:
        count = (await db.execute(text("SELECT count(*) FROM text WHERE body::text LIKE '%Sample secret%'"))).scalar()
    assert count == 0

    await there.change(ids[0], title_en="Sample demand, changed")
    await there.withdraw(ids[1])
    late = await there.publish(title_en="Sample demand, late")
    await there.tell()
    await here.follow()
    now = await shown(here, ANONYMOUS)
    assert now == await published(there, ANONYMOUS)
    assert (now[str(ids[0])]["title_en"], str(ids[1]) in now, str(late) in now) == (
        "Sample demand, changed",
        False,
        True,
    )
    source = await two.source()
    assert (source.shown, source.refused, source.failures, source.state) == (6, 0, 0, SourceState.ACTIVE)
    assert source.behind_seconds is not None
    assert source.behind_seconds < 60


async def test_a_syndicated_listing_is_found_marked_points_to_its_market_and_is_not_traded_here(two):
    there, here = two.there, two.here
    listing_id = await there.publish(title_en="Sample laser welding demand")
    await there.tell()
    await two.add()
    await here.follow()
    await here.tell()
    await index(here.means)
    found = await search(here.tx, ANONYMOUS, query="laser welding", filters=Filters(), cursor=None, limit=10)
    (hit,) = found.items
    origin = hit.listing.terms["origin"]
    assert (origin["listing_id"], origin["source"]) == (str(listing_id), "Sample market of another city")
    assert origin["url"].endswith(f"/v1/listings/{listing_id}")
    view = hit.listing
    async with here.tx.begin() as db:
        with pytest.raises(listing_errors.OfferedElsewhere) as refused:
            await listing_steps.engage(db, view.id, by=Ref("trade", view.id), actor=here.operator)
    assert refused.value.facts["url"] == origin["url"]
    proof = await service.get_origin(here.tx, ANONYMOUS, view.id)
    keys = await two.keys()
    signature = bytes.fromhex(proof.proof["signature"])
    assert keys[proof.proof["kid"]].verify(signature, canonical_json(proof.proof["statement"]))
    assert proof.proof["statement"]["listing_id"] == str(listing_id)

    # What is shown here of others is not told on as one's own.
    page = await service.list_syndicated(
        here.tx, here.means.keys, ANONYMOUS, public_url="http://here", node=None, cursor=None, limit=10
    )
    assert page.items == ()
    # What our operator took down stays down, whatever the other market says of it.
    await listings.return_(here.tx, here.operator, view.id, reason="Sample reason")
    await there.change(listing_id, title_en="Sample laser welding demand, changed")
    await there.tell()
    await here.follow()
    assert await shown(here, ANONYMOUS) == {}
    assert (await listings.get_listing(here.tx, here.operator, view.id)).state is ListingState.RETURNED


async def test_cut_lines_and_readers_that_race_or_are_broken_off_lose_nothing_and_show_nothing_twice(two):
    there, here, cable = two.there, two.here, two.cable
    await two.add()
    ids = []
    for n in range(4):
        ids += [await there.publish(title_en=f"Sample demand {n} {m}") for m in range(3)]
        await there.tell()
        if n == 0:
            cable.cut()
        if n == 1:
            cable.mend()
            cable.bytes_max = 2_000  # breaks off in the middle of the page
        await here.follow()
        if n < 2:
            assert (await two.source()).problem is not None
            assert (await two.source()).failures > 0
        if n == 2:
            cable.mend()
            reading = asyncio.create_task(here.follow())
            await asyncio.sleep(0.02)
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
            await asyncio.gather(*[here.follow() for _ in range(4)])
    await there.withdraw(ids[0])
    await there.tell()
    await asyncio.gather(*[here.follow() for _ in range(3)])
    await here.follow()
    assert await shown(here, ANONYMOUS) == await published(there, ANONYMOUS)
    assert len(await shown(here, ANONYMOUS)) == len(ids) - 1
    async with here.tx.read() as db:
        rows = (await db.execute(text("SELECT count(*) FROM listing WHERE is_syndicated"))).scalar_one()
    assert rows == len(ids)
    assert ((await two.source()).failures, (await two.source()).problem) == (0, None)


async def test_a_source_is_paused_resumed_and_removed_by_the_markets_operator_alone(two):
    there, here = two.there, two.here
    first = await there.publish()
    await there.tell()
    with pytest.raises(NotAllowed):
        await service.list_sources(here.tx, here.owner)
    source = await two.add()
    with pytest.raises(errors.SourceFollowed):
        await two.add()
    await here.follow()
    await service.pause_source(here.tx, here.operator, source.id)
    second = await there.publish()
    await there.tell()
    await here.follow()
    assert set(await shown(here, ANONYMOUS)) == {str(first)}
    await service.resume_source(here.tx, here.operator, source.id)
    await here.follow()
    assert set(await shown(here, ANONYMOUS)) == {str(first), str(second)}
    await service.remove_source(here.tx, here.operator, source.id)
    await here.follow()
    assert await shown(here, ANONYMOUS) == {}
    with pytest.raises(NotInThisState):
        await service.resume_source(here.tx, here.operator, source.id)
    await two.add()  # it can be followed anew, and everything of it is shown again
    await here.follow()
    assert set(await shown(here, ANONYMOUS)) == {str(first), str(second)}


async def test_no_source_is_an_address_inside_and_none_that_does_not_answer_is_taken(two):
    here = two.here
    outside = Caller(resolve=lambda _host, _port: _found("10.0.0.7"))
    operator = here.operator
    for url in (
        "http://market.example",
        "https://127.0.0.1",
        "https://market.example/?a=b",
        "https://u@market.example",
    ):
        with pytest.raises(errors.SourceNotAllowed):
            await service.add_source(
                here.tx, here.means.keys, outside, operator, name="Sample", url=url, key=None, node=None
            )
    with pytest.raises(errors.SourceNotReached) as refused:
        await service.add_source(
            here.tx,
            here.means.keys,
            outside,
            operator,
            name="Sample",
            url="https://market.example",
            key=None,
            node=None,
        )
    assert refused.value.facts["why"] == "address_not_allowed"
    with pytest.raises(errors.SourceNotReached):
        await two.add(key="tmk_not_a_key")
    two.cable.cut()
    with pytest.raises(errors.SourceNotReached):
        await two.add()
    officer = replace(operator, roles=frozenset({Role.CERTIFIER}))
    with pytest.raises(NotAllowed):
        await service.add_source(
            here.tx, here.means.keys, outside, officer, name="Sample", url="https://a.example", key=None, node=None
        )
    assert await service.list_sources(here.tx, operator) == []


async def _found(address: str) -> list[str]:
    return [address]


async def test_a_page_that_was_touched_is_not_taken_and_says_why(two):
    there = two.there
    ids = [await there.publish(title_en=f"Sample demand {n}") for n in range(3)]
    await there.withdraw(ids[2])
    await there.tell()
    said, keys = await two.page(), await two.keys()
    page = syndication.read_page(said, keys, log_id=None)
    assert [one.state for one in page.items] == [ItemState.SHOWN, ItemState.SHOWN, ItemState.GONE]
    assert page.checkpoint is not None

    def broken(change: Any) -> str:
        bent = json.loads(json.dumps(said))
        change(bent)
        with pytest.raises(Distrusted) as found:
            syndication.read_page(bent, keys, log_id=page.log_id)
        return found.value.why

    def price(bent: Any) -> None:
        bent["items"][0]["content"]["terms"]["PUBLIC"]["title_en"] = "Sample, forged"

    assert broken(price) == "signature"
    assert broken(lambda bent: bent["items"][0].update(listing_id=str(ids[1]))) == "signature"
    assert broken(lambda bent: bent["items"][2].update(state="SHOWN", content={})) == "signature"
    assert broken(lambda bent: bent["items"][0]["proof"].update(kid="0" * 16)) == "unknown_key"
    assert broken(lambda bent: bent["items"][0]["proof"]["path"].reverse()) == "inclusion"
    assert broken(lambda bent: bent["checkpoint"].update(note=bent["checkpoint"]["note"].replace("\n", "\n1", 1))) in (
        "signature",
        "page_unreadable",
    )
    assert broken(lambda bent: bent.update(log_id=str(ids[0]))) == "another_log"
    assert broken(lambda bent: bent.update(next_cursor=7)) == "page_unreadable"
    assert broken(lambda bent: bent["items"].append(None)) == "page_unreadable"
    for nonsense in (None, [], {}, "x", {"log_id": 1}):
        with pytest.raises(Distrusted):
            syndication.read_page(nonsense, keys, log_id=None)


async def test_a_market_with_other_keys_or_a_log_that_shrank_is_read_no_more_until_an_operator_has_looked(two):
    there, here = two.there, two.here
    first = await there.publish()
    await there.tell()
    source = await two.add()
    await here.follow()
    for column, value, why in (
        ("checkpoint_size", "checkpoint_size + 1000", "log_shrank"),
        ("checkpoint_root", "decode(repeat('00', 32), 'hex')", "log_forked"),
        (
            "trusted",
            "jsonb_set(trusted, '{keys}', (SELECT jsonb_agg(k || jsonb_build_object('x', "
            "replace(k->>'x', left(k->>'x', 5), 'AAAAA'))) FROM jsonb_array_elements(trusted->'keys') k))",
            "unknown_key",
        ),
    ):
        await there.publish()
        await there.tell()
        async with here.tx.begin() as db:
            await db.execute(text(f"UPDATE syndication_source SET {column} = {value}"))
        before = await shown(here, ANONYMOUS)
        await here.follow()
        found = await two.source()
        assert (found.state, found.problem) == (SourceState.DISTRUSTED, why)
        assert await shown(here, ANONYMOUS) == before
        await service.trust_source(here.tx, here.caller, here.operator, source.id)
        await here.follow()
        assert await shown(here, ANONYMOUS) == await published(there, ANONYMOUS)
    assert str(first) in await shown(here, ANONYMOUS)


class Between:
    """Stands on the line and changes what is answered to what is asked for."""

    def __init__(self, caller: Any, change: Any) -> None:
        self.caller, self.change = caller, change

    async def get(self, url: str, headers: Any, *, bytes_max: int) -> Receipt:
        receipt: Receipt = await self.caller.get(url, headers, bytes_max=bytes_max)
        if syndicating.PAGE_PATH not in url:
            return receipt
        status, said = self.change(url, receipt.status, json.loads(receipt.answer))
        return replace(receipt, status=status, answer=json.dumps(said).encode())


async def looked(two: Two, change: Any) -> Any:
    """The source after one turn in which its pages came changed."""
    here = two.here
    await here.due()
    await syndicating.follow_next(here.tx, here.means.keys, Between(here.caller, change), FileReader())
    return await two.source()


async def entries(here: Instance) -> int:
    async with here.tx.read() as db:
        query = "SELECT count(*) FROM journal_entry WHERE kind = 'hub.source_changed'"
        return int((await db.execute(text(query))).scalar_one())


def unproven(_url: str, status: int, page: Any) -> Any:
    """As of a market that has made no checkpoint yet: everything is a promise."""
    for item in page["items"]:
        item["proof"]["path"] = None
    return status, page | {"checkpoint": None}


def said(**more: Any) -> Any:
    return lambda _url, status, page: (status, page | more)


async def test_what_anybody_can_say_on_the_way_begins_nothing_anew_and_fills_no_journal(two):
    there, here = two.there, two.here
    await there.publish()
    await there.tell()
    source = await two.add()
    lie = {"code": "hub.cursor_of_another_log"}
    for n in range(2):  # to who has not begun yet, and to who has read
        found = await looked(two, lambda _url, _status, _page: (409, lie))
        assert (found.state, found.problem, found.failures) == (SourceState.ACTIVE, lie["code"], 1)
        await here.follow()
        assert len(await shown(here, ANONYMOUS)) == 1, n
    found = await looked(two, lambda url, status, page: (409, lie) if "cursor" in url else (status, page))
    assert (found.state, found.problem) == (SourceState.ACTIVE, lie["code"])  # it is the log that was read before
    for strange, problem in (
        (said(next_cursor="a\x00b"), "page_unreadable"),
        (said(next_cursor="a\ud800"), "page_unreadable"),
        (lambda _url, _status, _page: (400, {"code": "a\x00b"}), "status_400"),
        (lambda _url, _status, _page: (200, {"items": [{"proof": {"kid": "\x00"}}]}), "page_unreadable"),
    ):
        before = (await two.source()).failures
        found = await looked(two, strange)
        assert (found.state, found.problem, found.failures) == (SourceState.ACTIVE, problem, before + 1)
        async with here.tx.read() as db:
            waits = "SELECT next_at - clock_timestamp() > interval '1 second' FROM syndication_source"
            assert (await db.execute(text(waits))).scalar_one(), "it is asked again at once"
    await there.publish()
    await there.tell()
    before = await entries(here)
    found = await looked(two, unproven)
    assert (found.state, found.problem) == (SourceState.DISTRUSTED, "checkpoint_missing")
    await service.trust_source(here.tx, here.caller, here.operator, source.id)
    assert (await looked(two, unproven)).state is SourceState.ACTIVE  # a market of the first minutes
    async with here.tx.begin() as db:
        await db.execute(text("UPDATE syndication_source SET unproven_since = unproven_since - interval '2 hours'"))
    assert (await looked(two, unproven)).problem == "checkpoint_missing"
    assert await entries(here) == before + 3  # two looks that said why, and the operator's


async def test_a_page_we_trip_over_is_told_of_and_an_address_that_is_none_keeps_its_listing_out_and_no_other(
    two, monkeypatch
):
    there, here = two.there, two.here
    ids = [await there.publish(title_en=f"Sample demand {n}") for n in range(4)]
    await there.tell()
    await two.add()
    found = await looked(two, lambda _url, status, page: (status, page | {"items": page["items"] * 2}))
    assert (found.state, found.problem, found.failures, found.shown) == (SourceState.ACTIVE, "told_twice", 1, 0)
    with monkeypatch.context() as patch:
        patch.setattr(syndicating, "_said", lambda *_: 1 // 0)
        found = await looked(two, said())
        assert (found.state, found.problem, found.failures) == (SourceState.ACTIVE, "fault", 2)
    urls = ["javascript:alert(1)", "https://user@market.example/x", "https:///x"]

    def bent(_url: str, status: int, page: Any) -> Any:
        for item, url in zip(page["items"], urls, strict=False):
            item["url"] = url
        return status, page

    found = await looked(two, bent)
    assert (found.state, found.shown, found.refused) == (SourceState.ACTIVE, 1, 3)
    assert set(await shown(here, ANONYMOUS)) == {str(ids[3])}


@pytest.mark.parametrize(
    ("url", "is_one"),
    [
        ("https://market.example/v1/listings/1?a=%20b", True),
        ("http://[2001:db8::1]:8000/x", True),
        ("https://market.example/a b", False),
        ('https://market.example/"onmouseover="', False),
        ("https://market.example/<b>", False),
        ("https://market.example/\u202egpj.exe", False),
        ("https://m\u0430rket.example/", False),
        ("HTTPS:market.example", False),
        ("data:text/html,x", False),
        ("https://market.example/" + "x" * 400, False),
    ],
)
def test_an_address_of_another_market_is_one_of_the_web_in_plain_signs(url, is_one):
    assert syndication.is_web_address(url) is is_one


def test_words_of_another_market_are_those_that_a_market_has_and_no_sign_in_them_is_hidden():
    common = {"kind": "DEMAND", "terms": {"PUBLIC": {}}, "organisation": {"name": "Sample"}, "expires_on": None}
    for state, taken in {"PUBLISHED": True, "ENGAGED": True, "DRAFT": False, "PUB\u0000": False, "": False}.items():
        assert (syndication.read_content({**common, "state": state}) is not None) is taken
    assert syndication.read_content({**common, "state": ["PUBLISHED"]}) is None
    reader = FileReader()
    assert reader.text("  示例　大学 ", 200) == "示例　大学"
    assert reader.text("x" * 300, 200) == "x" * 200
    assert [reader.text(one, 200) for one in ("a\u0000", "a\u202eb", "a\nb", "\ud800", " ")] == [None] * 5


async def test_a_source_has_a_few_seconds_a_turn_and_shows_so_many_listings_at_most(two, monkeypatch):
    there, here = two.there, two.here
    for n in range(4):
        await there.publish(title_en=f"Sample demand {n}")
    await there.tell()
    await two.add()
    monkeypatch.setattr(syndicating, "LIMIT", 2)
    monkeypatch.setattr(syndicating, "TURN_SECONDS", 0)
    monkeypatch.setattr(syndicating, "SHOWN_MAX", 3)
    found = await looked(two, said())
    assert (found.shown, found.problem) == (2, "behind")
    assert not await syndicating.follow_next(here.tx, here.means.keys, here.caller, FileReader())  # others come first
    found = await looked(two, said())
    assert (found.shown, found.shown_max, found.refused, found.problem) == (3, 3, 1, "quota")
    async with here.tx.read() as db:
        why = "SELECT problem FROM syndicated_listing WHERE problem IS NOT NULL"
        assert (await db.execute(text(why))).scalars().all() == ["quota"]
    # Less room takes nothing down; more has what was told before told once more, though nothing of it has changed.
    less = await service.set_quota(here.tx, here.operator, found.id, shown_max=1)
    assert (less.shown, less.shown_max) == (3, 1)
    assert (await looked(two, said())).shown == 3
    await service.set_quota(here.tx, here.operator, found.id, shown_max=4)
    for _ in range(2):
        found = await looked(two, said())
    assert (found.shown, found.problem) == (4, None)
    await service.remove_source(here.tx, here.operator, found.id)
    with pytest.raises(NotInThisState):
        await service.set_quota(here.tx, here.operator, found.id, shown_max=5)


async def test_who_follows_a_node_hears_of_what_leaves_it_and_of_what_comes_to_it(two):
    there, here = two.there, two.here
    nodes = []
    for code in ("CN-3302", "CN-3301"):
        home = (await an_organisation(there.tx, kind=OrgKind.AGENCY)).actor.org
        await service.appoint_node(there.tx, there.operator, home, code=code, regions=[])
        nodes.append(home)
    stays = await there.publish(title_en="Sample demand, shown before it came")
    await service.move_organisation(there.tx, there.operator, nodes[0], there.owner.org)
    await there.tell()
    await two.add(node=str(nodes[0]))
    await here.follow()
    assert set(await shown(here, ANONYMOUS)) == {str(stays)}
    withdrawn = await there.publish(title_en="Sample demand")
    await there.tell()
    await here.follow()
    assert set(await shown(here, ANONYMOUS)) == {str(stays), str(withdrawn)}
    await service.move_organisation(there.tx, there.operator, nodes[1], there.owner.org)
    await there.withdraw(withdrawn)
    await there.tell()
    await here.follow()
    assert await shown(here, ANONYMOUS) == {}
    assert set(await published(there, ANONYMOUS)) == {str(stays)}
    await service.move_organisation(there.tx, there.operator, nodes[0], there.owner.org)
    await there.tell()
    await here.follow()
    assert set(await shown(here, ANONYMOUS)) == {str(stays)}
    await service.end_node(there.tx, there.operator, nodes[0])
    await there.tell()
    await here.follow()
    assert await shown(here, ANONYMOUS) == {}


async def test_a_market_that_was_restored_is_read_anew_and_what_it_forgot_is_shown_no_more(two):
    there, here = two.there, two.here
    kept, forgotten = await there.publish(), await there.publish()
    await there.tell()
    await two.add()
    await here.follow()
    async with there.tx.begin() as db:  # as a restore from before the second one would leave it
        await db.execute(text("UPDATE listing SET state = 'WITHDRAWN' WHERE id = :id"), {"id": forgotten})
        await db.execute(
            text(
                "DELETE FROM feed_item WHERE n IN (SELECT p.n FROM journal_position p JOIN journal_entry e USING (seq)"
                " WHERE e.refs::text LIKE :id)"
            ),
            {"id": f"%{forgotten}%"},
        )
    await transparency.open_new_log(there.tx)
    await there.tell()
    await here.follow()
    await here.follow()
    assert set(await shown(here, ANONYMOUS)) == {str(kept)}
    assert (await two.source()).state is SourceState.ACTIVE
    assert await entries(here) == 1
    # Another one within the hour is looked at by an operator, and so is one of which nothing is signed.
    await transparency.open_new_log(there.tx)
    await there.tell()
    await here.follow()
    found = await two.source()
    assert (found.state, found.problem) == (SourceState.DISTRUSTED, "another_log")
    await service.trust_source(here.tx, here.caller, here.operator, found.id)
    await here.follow()
    await transparency.open_new_log(there.tx)
    await there.tell()
    found = await looked(two, lambda _url, status, page: (status, page if status != 200 else page | {"openings": []}))
    assert (found.state, found.problem) == (SourceState.DISTRUSTED, "another_log")
    assert set(await shown(here, ANONYMOUS)) == {str(kept)}


@pytest.mark.parametrize(
    "content",
    [
        {"kind": "DEMAND", "terms": {"PUBLIC": {"title_en": "x" * 10_000}}},
        {"kind": "DEMAND", "terms": {"PUBLIC": {"title_en": "Sample", "budget": {"amount": "1e9", "currency": "CNY"}}}},
        {"kind": "DEMAND", "terms": {"PUBLIC": {"title_en": "Sample", "unheard_of": 1}}},
        {"kind": "DEMAND", "terms": {"PUBLIC": {"title_en": "Sample\u0000"}}},
        {"kind": "THING", "terms": {"PUBLIC": {"title_en": "Sample"}}},
        {"kind": "DEMAND", "terms": {"PUBLIC": {"title_en": "Sample"}, "REGISTERED": {"title_en": "Another"}}},
        {"kind": "DEMAND", "terms": None},
    ],
)
def test_terms_of_another_market_are_held_to_the_shapes_of_our_own(content):
    common = {"organisation": {"name": "Sample"}, "expires_on": None, "state": "PUBLISHED"}
    shown_there = syndication.read_content(common | content)
    if shown_there is not None:
        reader = FileReader()
        public, registered = [
            reader.terms(shown_there.kind, one) for one in (shown_there.public, shown_there.registered)
        ]
        assert public is None or registered is None or not public.items() <= registered.items()


def test_a_source_that_does_not_answer_waits_twice_as_long_each_time_and_five_minutes_at_most():
    assert [syndication.backoff_seconds(n) for n in (1, 2, 3, 8, 9, 100)] == [2, 4, 8, 256, 300, 300]


async def test_syndication_over_http_is_asked_for_by_operators_and_read_by_everyone(two):
    there, here = two.there, two.here
    await there.publish()
    await there.tell()
    page = await two.page()
    assert (len(page["items"]), page["is_at_end"], page["items"][0]["state"]) == (1, True, "SHOWN")
    assert set(page["items"][0]["content"]["terms"]) == {"PUBLIC"}
    source = await two.add()
    app = create_app(here.means)
    async with (
        app.router.lifespan_context(app),
        AsyncClient(transport=ASGITransport(app=app), base_url="http://here.test") as http,
    ):
        door, path = Door(Api(http), here.tx, here.means.keys), f"/v1/syndication/sources/{source.id}"
        assert (await http.get("/v1/syndication/sources")).status_code == 401
        key = {"Authorization": f"Bearer {here.operator_key}"}
        quota = f"/v1/syndication/sources/{source.id}/quota"
        assert (await http.put(quota, json={"shown_max": 7}, headers=key)).json()["shown_max"] == 7
        assert (await http.put(quota, json={"shown_max": -1}, headers=key)).status_code == 422
        async with here.tx.begin() as db:
            await db.execute(text("UPDATE syndication_source SET state = 'DISTRUSTED', problem = 'other_log'"))
        assert (await door.get(here.operator, path))["state"] == "DISTRUSTED"
        assert (await door.post(here.operator, f"{path}/trust"))["state"] == "ACTIVE"
        await here.follow()
        (listing_id,) = [
            one["id"] for one in (await http.get("/v1/listings")).json()["items"] if one["terms"].get("origin")
        ]
        origin = (await http.get(f"/v1/listings/{listing_id}/origin")).json()
        assert (origin["source_id"], origin["source"]) == (str(source.id), "Sample market of another city")
        assert (await http.get(f"/v1/listings/{source.id}/origin")).status_code == 404
    assert syndicating.LIMIT == syndication.PAGE_MAX
