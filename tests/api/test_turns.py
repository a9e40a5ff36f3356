"""Turns at the database: who asks much waits for himself, and nobody waits for ever."""

from __future__ import annotations

import asyncio

import pytest
from httpx import ASGITransport, AsyncClient

from techmarket.api import turns as module
from techmarket.api.errors import MarketBusy
from techmarket.api.turns import Doors, Turns
from techmarket.app import create_app
from techmarket.db.session import Tx, make_engine
from tests.identity.make import an_organisation


async def waiting(turns: Turns, whose: str, order: list[str]) -> asyncio.Task[None]:
    async def one() -> None:
        await turns.take(whose)
        order.append(whose)

    task = asyncio.create_task(one())
    await asyncio.sleep(0)
    return task


async def test_one_party_never_holds_every_turn_and_the_others_do_not_wait_for_it():
    turns, order = Turns(8), list[str]()
    greedy = [await waiting(turns, "greedy", order) for _ in range(20)]
    assert order == ["greedy"] * 6
    for _ in range(2):
        await turns.take("other")
    late = await waiting(turns, "third", order)
    assert not late.done()
    for _ in range(2):
        turns.leave("greedy")
        await asyncio.sleep(0)
    assert order == [*["greedy"] * 7, "third"]
    await late
    for task in greedy:
        task.cancel()


async def test_turns_go_round_between_those_who_wait_and_in_order_within_each():
    turns, order = Turns(4), list[str]()
    for whose in ("x", "x", "x", "y"):
        await turns.take(whose)
    tasks = [await waiting(turns, whose, order) for whose in ("a", "a", "a", "b", "c")]
    for whose in ("x", "x", "x", "y"):
        turns.leave(whose)
        await asyncio.sleep(0)
    assert order == ["a", "b", "c", "a"]
    turns.leave("b")
    await asyncio.sleep(0)
    assert order == ["a", "b", "c", "a", "a"]
    await asyncio.gather(*tasks)


async def test_who_stands_too_long_or_behind_too_many_of_his_own_is_told_to_come_again(monkeypatch):
    monkeypatch.setattr(module, "WAITING_EACH_MAX", 3)
    turns, order = Turns(2, wait_seconds=0.02), list[str]()
    await turns.take("a")
    queued = [await waiting(turns, "a", order) for _ in range(3)]
    with pytest.raises(MarketBusy) as told:
        await turns.take("a")
    assert 1 <= (told.value.retry_after or 0) <= 5
    for answer in await asyncio.gather(*queued, return_exceptions=True):
        assert isinstance(answer, MarketBusy)
    turns.leave("a")
    await turns.take("a")
    await turns.take("b")
    assert order == []


async def test_a_turn_given_to_one_who_has_just_gone_away_goes_to_the_next():
    turns, order = Turns(2), list[str]()
    await turns.take("a")
    gone, stays = await waiting(turns, "a", order), await waiting(turns, "a", order)
    turns.leave("a")
    gone.cancel()
    await asyncio.gather(gone, return_exceptions=True)
    await asyncio.wait_for(stays, 1)
    assert order == ["a"]
    turns.leave("a")
    assert (turns._taken, turns._waiting, turns._held) == (0, 0, {})


async def test_an_organisation_that_floods_the_market_hears_503_and_another_is_answered_meanwhile(
    database_url, means, tx, keys, monkeypatch
):
    """A flood of forty requests that hold their connection; three others are all answered while it lasts."""
    monkeypatch.setattr(module, "WAITING_EACH_MAX", 4)
    small = Tx(make_engine(database_url, pool_size=4, application="small"))
    flooding, calm = [await an_organisation(tx, keys=keys) for _ in range(2)]
    app = create_app(type(means)(tx=small, keys=keys, files=means.files))
    hold = asyncio.Event()
    real = app.state.turns.take

    async def slow(whose: str) -> None:
        await real(whose)
        if whose == str(flooding.actor.org):
            await hold.wait()

    monkeypatch.setattr(app.state.turns, "take", slow)
    async with (
        app.router.lifespan_context(app),
        AsyncClient(transport=ASGITransport(app), base_url="http://market.test") as http,
    ):

        async def ask(key: str) -> tuple[int, str | None]:
            answer = await http.get("/v1/me", headers={"Authorization": f"Bearer {key}"})
            return answer.status_code, answer.headers.get("retry-after")

        flood = [asyncio.create_task(ask(flooding.key)) for _ in range(40)]
        async with asyncio.timeout(10):
            refused = [told for _ in range(33) for told in [await _first(flood)]]
            assert [await ask(calm.key) for _ in range(3)] == [(200, None)] * 3
        assert {status for status, _ in refused} == {503}
        assert all(after is not None and 1 <= int(after) <= 5 for _, after in refused)
        hold.set()
        assert {status for status, _ in await asyncio.gather(*flood)} == {200}
        assert (app.state.turns._taken, app.state.turns._waiting) == (0, 0)
    await small.dispose()


async def test_an_answer_that_is_read_on_while_it_is_sent_takes_a_turn_for_each_look(means, tx, keys):
    """The request's own turn is given back when the answer begins: who reads slowly holds no place."""
    unit = await an_organisation(tx, keys=keys)
    app = create_app(means)
    taken: list[str] = []
    turns = app.state.turns
    real = turns.take

    async def noted(whose: str) -> None:
        taken.append(whose)
        await real(whose)

    turns.take = noted
    async with (
        app.router.lifespan_context(app),
        AsyncClient(transport=ASGITransport(app), base_url="http://market.test") as http,
    ):
        path = f"/v1/organisations/{unit.actor.org}/audit.jsonl"
        answer = await http.get(path, headers={"Authorization": f"Bearer {unit.key}"})
    assert answer.status_code == 200
    assert taken == [str(unit.actor.org)] * 2, "one for the request, and one for the look at its one batch of lines"
    assert (turns._taken, turns._waiting, turns._held) == (0, 0, {})


async def test_who_asks_is_found_out_at_a_door_that_leaves_most_connections_to_those_who_have_a_turn():
    doors, order = Doors(16), list[str]()
    inside = asyncio.Event()

    async def pass_through(key: str) -> None:
        async with doors.passing(key):
            order.append(key)
            await inside.wait()

    crowd = [asyncio.create_task(pass_through("flood")) for _ in range(50)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert order == ["flood"] * 3
    calm = asyncio.create_task(pass_through("calm"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert order == ["flood"] * 3 + ["calm"]
    inside.set()
    await asyncio.gather(*crowd, calm)
    assert (doors._taken, doors._held) == (0, {})


async def _first(tasks: list[asyncio.Task[tuple[int, str | None]]]) -> tuple[int, str | None]:
    done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    tasks.remove(one := done.pop())
    return await one


async def test_a_turn_that_falls_to_one_who_has_just_given_up_goes_to_the_next_and_no_place_is_lost():
    turns, order = Turns(2), list[str]()
    await turns.take("x")
    await turns.take("y")
    gone = await waiting(turns, "a", order)
    next_one = await waiting(turns, "a", order)
    gone.cancel()  # its wait is over at once; it says so itself only when it runs again
    turns.leave("x")
    await next_one
    with pytest.raises(asyncio.CancelledError):
        await gone
    turns.leave("a")
    turns.leave("y")
    assert order == ["a"]
    for whose in ("p", "q"):
        await asyncio.wait_for(turns.take(whose), 1)
