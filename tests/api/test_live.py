"""The stream of a trade over real connections: nothing missed, nothing doubled, nobody waits for anybody."""

from __future__ import annotations

import asyncio
import contextlib
import random
import signal
import socket
from collections.abc import AsyncIterator, Sequence
from unittest.mock import Mock
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import text

from techmarket.api import feeds
from techmarket.app import create_app
from techmarket.db.means import Means
from techmarket.db.session import Tx, make_engine
from techmarket.identity.actor import Actor
from techmarket.trading import service
from techmarket.trading.bidbook import BidBook
from techmarket.trading.watching import APPLICATION
from tests.follow import eventually, following, served
from tests.identity.make import an_organisation
from tests.trading.make import OpenLot, a_draft, a_market_at_work, an_open_lot, an_open_trade, bidders, end_now

START, STEP = 50_000_000, 1_000_000


@pytest.fixture
async def market(means: Means) -> AsyncIterator[str]:
    async with served(create_app(means)) as (base, _):
        yield base


@pytest.fixture
async def book(means: Means) -> AsyncIterator[BidBook]:
    async with BidBook(means.tx.engine, means.keys.receipts) as opened:
        yield opened


@pytest.fixture
async def who(tx: Tx) -> list[Actor]:
    return await bidders(tx, 2)


async def raise_to(book: BidBook, lot: OpenLot, who: Sequence[Actor], *steps: int) -> None:
    """Leading bids, each so many increments above the start."""
    for step in steps:
        bid = service.place_bid(book, who[step % 2], lot.id, minor=START + step * STEP, key=f"step {step}")
        assert (await bid).is_accepted


# --- what is told ---------------------------------------------------------------------------------------------------


async def test_a_reader_is_told_where_the_lot_stands_and_then_each_bid_that_leads(market, tx, book, who):
    lot = await an_open_lot(tx, who)
    await raise_to(book, lot, who, 0)
    async with following(market, lot.trade_id) as reader:
        first, price = await reader.next(), await reader.next()
        assert (first.kind, first.body["what"], first.body["state"]) == ("state", "now", "OPEN")
        assert (price.kind, price.id, price.body["seq"], price.body["after"]) == ("price", "1.0", 1, 0)
        low = await service.place_bid(book, who[1], lot.id, minor=START, key="too low")
        assert not low.is_accepted
        await raise_to(book, lot, who, 1, 2)
        last = await reader.until("price", seq=4)
        assert reader.seqs == [1, 3, 4]
    told = {name: last.body[name] for name in ("leading", "leading_bidder", "least_next_bid", "effective_end", "state")}
    async with httpx.AsyncClient(base_url=market, trust_env=False) as http:
        lot_now = (await http.get(f"/v1/lots/{lot.id}")).json()
    assert told == {name: lot_now[name] for name in told}
    assert told["leading_bidder"] == 1001
    assert told["least_next_bid"] == {"amount": "530000.00", "currency": "CNY"}


async def test_an_answer_is_for_nobody_to_buffer_or_keep_and_says_when_to_come_again(market, tx, who):
    lot = await an_open_lot(tx, who)
    async with following(market, lot.trade_id) as reader:
        headers = reader.response.headers
        assert headers["content-type"] == "text/event-stream"
        assert (headers["cache-control"], headers["x-accel-buffering"]) == ("no-store", "no")
        await reader.next()
        assert reader.retry == feeds.RETRY_MS


async def test_a_reader_cut_off_anywhere_goes_on_at_another_process_and_is_told_each_bid_once(
    market, means, tx, book, who
):
    lot = await an_open_lot(tx, who)
    other_tx = Tx(make_engine(tx.engine.url.render_as_string(hide_password=False), pool_size=5, application="other"))
    other = Means(other_tx, means.keys, means.files)
    dice = random.Random(7)
    steps = iter(range(60))

    async def bid_on(count: int) -> None:
        await raise_to(book, lot, who, *[next(steps) for _ in range(count)])

    try:
        async with served(create_app(other)) as (second, _):
            told, last_id = [], None
            for n in range(8):
                async with following((market, second)[n % 2], lot.trade_id, last_id=last_id) as reader:
                    if last_id is None:
                        await reader.next()
                        reader.all.clear()
                    bidding = asyncio.create_task(bid_on(6))
                    told += [await reader.next() for _ in range(dice.randint(1, 4))]
                    last_id = told[-1].id
                    await bidding
                await bid_on(dice.randint(0, 1))
            async with following(second, lot.trade_id, last_id=last_id) as reader:
                while told[-1].body["leading"]["amount"] != (await leading(tx, lot)):
                    told.append(await reader.next())
    finally:
        await other_tx.dispose()
    seqs = [one.body["seq"] for one in told]
    assert seqs == list(range(1, len(seqs) + 1))
    assert len(seqs) > 48
    assert [one.body["after"] for one in told] == [0, *seqs[:-1]]


async def leading(tx: Tx, lot: OpenLot) -> str:
    async with tx.read() as db:
        minor = (await db.execute(text("SELECT leading_minor FROM lot WHERE id = :id"), {"id": lot.id})).scalar_one()
    return f"{minor // 100}.{minor % 100:02d}"


async def test_two_processes_tell_the_same(market, means, tx, book, who):
    lot = await an_open_lot(tx, who)
    async with (
        served(create_app(means)) as (second, _),
        following(market, lot.trade_id) as here,
        following(second, lot.trade_id) as there,
    ):
        await raise_to(book, lot, who, *range(10))
        for reader in (here, there):
            await reader.until("price", seq=10)
    told = [
        [(one.id, one.body["seq"], one.body["leading"]) for one in r.all if one.kind == "price"] for r in (here, there)
    ]
    assert told[0] == told[1]
    assert len(told[0]) == 10


async def test_opening_closing_and_award_are_told_once_each_and_then_the_end(market, tx, keys, book):
    town = await a_market_at_work(tx, keys, buyers=1)
    trade = await an_open_trade(town)
    lot = trade.lot
    async with following(market, trade.id, last_id="0.0") as reader:
        assert (await reader.next()).body["what"] == "opened"
        assert (await service.place_bid(book, town.buyers[0], lot.id, minor=START, key="k")).is_accepted
        await reader.until("price", seq=1)
        await end_now(tx, lot.id)
        assert await service.close_due(tx) == 1
        told = await reader.to_the_end()
    assert [one.body.get("what", one.kind) for one in told] == ["opened", "price", "closed", "awarded", "end"]
    assert [one.id for one in told] == ["0.1", "1.1", "1.2", "1.3", "1.3"]
    async with following(market, trade.id, last_id="1.3") as again:
        assert again.response.status_code == 204
    async with following(market, trade.id, last_id="1.2") as again:
        assert [one.body.get("what", one.kind) for one in await again.to_the_end()] == ["awarded", "end"]
    async with following(market, trade.id) as late:
        assert [one.body.get("what", one.kind) for one in await late.to_the_end()] == ["now", "price", "end"]


async def test_an_id_that_this_trade_cannot_have_given_is_passed_over(market, tx, book, who):
    lot = await an_open_lot(tx, who)
    await raise_to(book, lot, who, 0)
    for wrong in ("2.0", "1.1", "1.0-0.0", "x", "9" * 15 + ".0"):
        async with following(market, lot.trade_id, last_id=wrong) as reader:
            told = [await reader.next(), await reader.next()]
            assert [one.body.get("what", one.kind) for one in told] == ["now", "price"]


async def test_of_a_lot_whose_offers_are_secret_nothing_is_told_but_its_state(market, tx, book, who):
    lot = await an_open_lot(tx, who)
    await raise_to(book, lot, who, 0, 1)
    async with tx.begin() as db:
        await db.execute(text("UPDATE lot SET method = 'SEALED' WHERE id = :id"), {"id": lot.id})
    async with following(market, lot.trade_id) as reader:
        told = await reader.next()
        async with tx.begin() as db:
            change = "UPDATE lot SET state = 'EVALUATING', closed_at = market_now(), step = 'OPENING' WHERE id = :id"
            await db.execute(text(change), {"id": lot.id})
        closed, step = await reader.next(), await reader.next()
    assert [one.body["what"] for one in (told, closed, step)] == ["now", "closed", "step"]
    assert [one.id for one in (told, closed, step)] == ["0.0", "0.1", "0.2"]
    for one in (told, closed, step):
        assert not {"seq", "leading", "leading_bidder", "least_next_bid", "after"} & set(one.body)


async def test_a_trade_not_yet_announced_is_known_to_its_seller_alone(market, tx, keys):
    town = await a_market_at_work(tx, keys, buyers=1)
    seller, stranger = (
        await an_organisation(tx, keys=keys),
        await an_organisation(tx, keys=keys),
    )
    draft = await a_draft(town)
    async with tx.begin() as db:
        await db.execute(
            text("UPDATE trade SET seller_org_id = :org WHERE id = :id"), {"org": seller.actor.org, "id": draft.id}
        )
    for key in (None, stranger.key):
        async with following(market, draft.id, key=key) as reader:
            body = reader.response.json()
            assert (reader.response.status_code, body["code"]) == (404, "not_found")
    async with following(market, draft.id, key=seller.key) as reader:
        assert (await reader.next()).body["state"] == "WAITING"
        # It is watched now, and still nobody else may know of it.
        async with following(market, draft.id) as other:
            assert other.response.status_code == 404
    async with following(market, uuid4()) as reader:
        assert (reader.response.status_code, reader.response.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("told", ["that a key was changed", "nothing, for a minute"])
async def test_who_follows_what_is_not_public_comes_again_and_shows_that_he_still_may(
    means, tx, keys, who, monkeypatch, told
):
    if told == "nothing, for a minute":
        monkeypatch.setattr(feeds, "HEARTBEAT_SECONDS", 0.05)
        monkeypatch.setattr(feeds, "PRIVATE_SECONDS", 0.3)
    town = await a_market_at_work(tx, keys, buyers=1)
    seller, lot = await an_organisation(tx, keys=keys), await an_open_lot(tx, who)
    draft = await a_draft(town)
    async with tx.begin() as db:
        await db.execute(
            text("UPDATE trade SET seller_org_id = :org WHERE id = :id"), {"org": seller.actor.org, "id": draft.id}
        )
    app = create_app(means)
    async with served(app) as (market, _), following(market, lot.trade_id, key=seller.key) as public:
        await public.next()
        async with following(market, draft.id, key=seller.key) as reader:
            at = (await reader.next()).id
            async with tx.begin() as db:
                await db.execute(
                    text("UPDATE api_key SET revoked_at = now() WHERE org_id = :org"), {"org": seller.actor.org}
                )
            # The database says it, and nobody has bid here: the watchers' own connection hears it.
            assert await reader.next() is None
            assert 100 <= reader.retry <= feeds.RETRY_MS
        if told == "that a key was changed":
            async with following(market, draft.id, key=seller.key, last_id=at) as again:
                assert again.response.status_code == 401
        feed = await app.state.live.feed_of(lot.trade_id)
        assert len(feed.watchers) == 1  # what is public goes on


async def test_a_wrong_key_is_refused_and_not_taken_as_nobody(market, tx, who):
    lot = await an_open_lot(tx, who)
    async with following(market, lot.trade_id, key="tmk_00000000_wrong") as reader:
        assert reader.response.status_code == 401


# --- who watches ----------------------------------------------------------------------------------------------------


async def test_each_address_and_each_organisation_has_so_many_streams_and_the_process_so_many(means, tx, keys, who):
    lot = await an_open_lot(tx, who)
    one, two = await an_organisation(tx, keys=keys), await an_organisation(tx, keys=keys)
    app = create_app(means, watchers_max=4, watchers_each_max=2)
    async with served(app) as (base, _), contextlib.AsyncExitStack() as stack:

        async def come(key: str | None = None) -> httpx.Response:
            return (await stack.enter_async_context(following(base, lot.trade_id, key=key))).response

        assert [(await come()).status_code for _ in range(2)] == [200, 200]
        third = await come()
        assert (third.status_code, third.json()["code"]) == (429, "request.too_many_streams")
        assert third.headers["retry-after"].isdigit()
        assert [(await come(one.key)).status_code for _ in range(2)] == [200, 200]
        full = await come(two.key)
        assert (full.status_code, full.json()["code"]) == (503, "market.watchers_full")
        assert full.headers["retry-after"].isdigit()
        await stack.aclose()
        await eventually(lambda: not app.state.live.count)
        assert (await come(two.key)).status_code == 200


async def test_watchers_cost_no_task_and_no_request_and_all_hear_the_same(means, tx, book, who):
    lot = await an_open_lot(tx, who)
    app = create_app(means, watchers_each_max=1_000)
    request = f"GET /v1/trades/{lot.trade_id}/stream HTTP/1.1\r\nHost: market.test\r\n\r\n".encode()
    async with served(app) as (base, server):
        port = int(base.rpartition(":")[2])
        before = len(asyncio.all_tasks())
        lines = await asyncio.gather(*[asyncio.open_connection("127.0.0.1", port) for _ in range(300)])
        for _, writer in lines:
            writer.write(request)
        await asyncio.gather(*[reader.readuntil(b'"what":"now"') for reader, _ in lines])
        await eventually(
            lambda: sum(w.line is not None for f in app.state.live._feeds.values() for w in f.watchers) == 300
        )
        assert len(asyncio.all_tasks()) <= before + 3, "the fan-out, the heartbeat, the listener"
        assert (len(server.server_state.connections), len(server.server_state.tasks)) == (0, 0)
        await raise_to(book, lot, who, *range(5))
        for reader, writer in lines:
            told = await reader.readuntil(b'"seq":5,')
            assert [b'"seq":%d,' % n in told for n in range(1, 6)] == [True] * 5
            writer.close()
        await eventually(lambda: not app.state.live.count)


async def test_who_does_not_read_holds_nobody_up_gets_the_newest_when_he_reads_and_is_cut_if_he_never_does(
    means, tx, book, who, monkeypatch
):
    monkeypatch.setattr(feeds, "PRICES_A_TICK", (4, 4))
    lot = await an_open_lot(tx, who)
    app = create_app(means)
    request = f"GET /v1/trades/{lot.trade_id}/stream HTTP/1.1\r\nHost: market.test\r\n\r\n".encode()
    async with served(app) as (base, server):
        port = int(base.rpartition(":")[2])
        lazy = await a_full_line(app, port, request)
        monkeypatch.setattr(
            server.config.http_protocol_class, "unread_seconds", 0.1
        )  # for lines that fill up from now on
        dead = await a_full_line(app, port, request)
        async with following(base, lot.trade_id) as quick:
            await quick.next()
            for step in range(12):
                await raise_to(book, lot, who, step)
                await quick.until("price", seq=step + 1)
        came = b""
        async with asyncio.timeout(5):
            while b'"seq":12,' not in came:
                came += await asyncio.get_running_loop().sock_recv(lazy, 1 << 20)
        told = came[came.rindex(b"x" * 100) :]
        assert [b'"seq":%d,' % n in told for n in range(1, 13)] == [False] * 8 + [True] * 4
        assert b'"after":8,' in told
        lazy.close()
        await eventually(lambda: not app.state.live.count)
        dead.close()


async def a_full_line(app, port: int, request: bytes) -> socket.socket:
    """A watcher whose line is stuffed until it takes no more."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.setblocking(False)
    await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", port))
    await asyncio.get_running_loop().sock_sendall(sock, request)
    known: set[int] = set()
    async with asyncio.timeout(5):
        while True:
            await asyncio.sleep(0.01)
            lines = [w.line for f in app.state.live._feeds.values() for w in f.watchers if w.line is not None]
            new = [line for line in lines if not line.is_full and id(line) not in known]
            if new:
                break
    while not new[0].is_full:
        new[0].write(feeds.chunk_of(b":" + b"x" * 60_000 + b"\n\n"))
    return sock


async def test_a_reader_who_talks_is_not_heard_and_one_who_talks_on_and_on_is_let_go(means, tx, book, who):
    lot = await an_open_lot(tx, who)
    request = f"GET /v1/trades/{lot.trade_id}/stream HTTP/1.1\r\nHost: market.test\r\n\r\n".encode()
    app = create_app(means)
    async with served(app) as (base, _):
        reader, writer = await asyncio.open_connection("127.0.0.1", int(base.rpartition(":")[2]))
        writer.write(request)
        await reader.readuntil(b'"what":"now"')
        writer.write(request)
        await raise_to(book, lot, who, 0)
        told = await reader.readuntil(b'"seq":1,')
        assert b"HTTP/1.1" not in told
        with contextlib.suppress(ConnectionError):
            for _ in range(20):
                writer.write(b"x" * 8192)
                await writer.drain()
        await eventually(lambda: not app.state.live.count)
        writer.close()


# --- what may break -------------------------------------------------------------------------------------------------


async def test_when_the_listening_connection_is_killed_the_stream_goes_on_with_what_came_meanwhile(
    market, tx, book, who
):
    lot = await an_open_lot(tx, who)
    async with following(market, lot.trade_id) as reader:
        await raise_to(book, lot, who, 0)
        await reader.until("price", seq=1)
        for step in (1, 2):
            async with tx.begin() as db:
                kill = text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE application_name = :name AND datname = current_database()"
                )
                assert (await db.execute(kill, {"name": APPLICATION})).scalars().all() == [True]
            await raise_to(book, lot, who, step)
            await reader.until("price", seq=step + 1)
        assert reader.seqs == [1, 2, 3]


async def test_while_the_database_is_away_a_new_reader_is_told_when_to_come_again(means, monkeypatch):
    monkeypatch.setattr("techmarket.trading.watching.READ_SECONDS", 0.3)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        nobody = make_engine(f"postgresql://a:b@127.0.0.1:{probe.getsockname()[1]}/c", application="test")
        app = create_app(Means(Tx(nobody), means.keys, means.files))
        async with served(app) as (base, _), following(base, uuid4()) as reader:
            assert (reader.response.status_code, reader.response.json()["code"]) == (503, "market.busy")
            assert reader.response.headers["retry-after"].isdigit()
    await nobody.dispose()


async def test_what_no_notification_told_is_found_with_the_next_heartbeat(means, tx, book, who, monkeypatch):
    monkeypatch.setattr(feeds, "HEARTBEAT_SECONDS", 0.2)
    monkeypatch.setattr("techmarket.trading.watching.Watch._hear", lambda *_: None)
    lot = await an_open_lot(tx, who)
    async with served(create_app(means)) as (base, _), following(base, lot.trade_id) as reader:
        await reader.next()
        await raise_to(book, lot, who, 0)
        await reader.until("price", seq=1)
        assert reader.comments > 0


@pytest.mark.parametrize("step", ["_look", "_tell"])
async def test_a_trade_that_cannot_be_read_or_told_silences_no_other(means, tx, book, who, monkeypatch, step):
    sick, well = [await an_open_lot(tx, who) for _ in range(2)]
    plain, failed = getattr(feeds.Live, step), asyncio.Event()

    async def fails(self, feed):
        if feed.story.trade_id == sick.trade_id:
            failed.set()
            raise ValueError("a row that nobody understands")
        await plain(self, feed)

    monkeypatch.setattr(feeds.Live, step, fails)
    async with (
        served(create_app(means)) as (base, _),
        following(base, sick.trade_id) as one,
        following(base, well.trade_id) as other,
    ):
        await one.next()
        await other.next()
        await raise_to(book, sick, who, 0)
        await asyncio.wait_for(failed.wait(), 10)
        await raise_to(book, well, who, 0, 1)
        await other.until("price", seq=2)


@pytest.mark.parametrize("by_signal", [False, True])
async def test_a_process_that_leaves_ends_its_streams_without_an_end_and_at_once(means, tx, book, who, by_signal):
    lot = await an_open_lot(tx, who)
    async with served(create_app(means)) as (base, server):
        async with following(base, lot.trade_id) as reader:
            await raise_to(book, lot, who, 0)
            last = await reader.until("price", seq=1)
            if by_signal:
                server.handle_exit(signal.SIGTERM, None)
            server.should_exit = True
            async with asyncio.timeout(2):
                told = await reader.to_the_end()
        assert "end" not in [one.kind for one in told]
        assert 0 < reader.retry <= feeds.RETRY_MS
    await raise_to(book, lot, who, 1)
    async with served(create_app(means)) as (base, _), following(base, lot.trade_id, last_id=last.id) as again:
        assert (await again.next()).body["seq"] == 2


async def test_a_leaving_process_takes_no_more_watchers(means, tx, who):
    lot = await an_open_lot(tx, who)
    app = create_app(means)
    async with served(app) as (base, _):
        app.state.live.leave()
        async with following(base, lot.trade_id) as reader:
            assert (reader.response.status_code, reader.response.json()["code"]) == (503, "market.not_ready")
            assert reader.response.headers["retry-after"].isdigit()


async def test_a_trade_nobody_watches_any_more_is_forgotten(means, tx, who, monkeypatch):
    monkeypatch.setattr(feeds, "HEARTBEAT_SECONDS", 0.05)
    lot = await an_open_lot(tx, who)
    app = create_app(means)
    async with served(app) as (base, _):
        async with following(base, lot.trade_id) as reader:
            await reader.next()
            assert len(app.state.live._feeds) == 1
        await eventually(lambda: not app.state.live._feeds)
        assert app.state.live._of_lot == {}


# --- a server that hands no lines over ------------------------------------------------------------------------------


async def test_without_a_line_a_reader_is_told_what_is_known_and_comes_again_for_the_rest(client, tx, book, who):
    lot = await an_open_lot(tx, who)
    await raise_to(book, lot, who, 0)
    path = f"/v1/trades/{lot.trade_id}/stream"
    first = await client.get(path)
    assert first.text.count("event: ") == 2
    await raise_to(book, lot, who, 1)
    again = await client.get(path, headers={"Last-Event-ID": "1.0"})
    assert again.text.count("event: ") == 1
    assert '"seq":2' in again.text
    nothing = await client.get(path, headers={"Last-Event-ID": "2.0"})
    assert (nothing.status_code, nothing.text.count("event: ")) == (200, 0)
    head = await client.head(path)
    assert (head.status_code, head.headers["content-type"], head.text) == (200, "text/event-stream", "")


async def test_a_reader_on_his_way_to_a_trade_that_nobody_watched_is_told_what_comes(tx, monkeypatch):
    monkeypatch.setattr(feeds.Story, "whole", lambda _self: b"")
    live, trade_id, lot_id = feeds.Live(tx.engine), uuid4(), uuid4()
    feed = feeds.Feed(feeds.Story(trade_id, [lot_id]), is_public=True)  # closed since he asked for it
    watcher = live.admit("reader")
    await live.join(watcher, feed, None)
    assert (live._feeds, live._of_lot, live._news) == ({trade_id: feed}, {lot_id: feed}, {feed})
    again = live.admit("another")
    other = feeds.Feed(feeds.Story(trade_id, [lot_id]), is_public=True)
    await live.join(again, other, None)  # opened anew by somebody else meanwhile: there is one
    assert (again.feed, feed.watchers) == (feed, {watcher, again})
    await live.aclose()


@pytest.mark.parametrize("is_public", [True, False])
async def test_what_is_changed_while_a_reader_is_on_his_way_ends_his_line_unless_the_trade_is_public(
    tx, monkeypatch, is_public
):
    monkeypatch.setattr(feeds.Story, "whole", lambda _self: b"")
    live, line = feeds.Live(tx.engine), Mock(is_full=False)
    watcher = live.admit("reader", live.turn)
    await live.join(watcher, feeds.Feed(feeds.Story(uuid4(), [uuid4()]), is_public=is_public), None)
    live.hear()  # he has no line yet that could be ended
    live.attach(watcher, line)
    assert line.end.called is not is_public
    await live.aclose()
