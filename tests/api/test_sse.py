"""A trade as it is told, without a database: from whatever place a reader comes, he is told the rest, once."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from techmarket.api.sse import MADE_BYTES_MAX, Place, Story, id_of, place_of
from techmarket.trading.lifecycle import LotState, Method
from techmarket.trading.watching import LEADS_KEPT, Lead, LotNews, Told, Turn

TRADE = UUID(int=1)
START = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


def news(n: int, **more: object) -> LotNews:
    """A lot amid bidding, nothing new."""
    plain = LotNews(
        id=UUID(int=100 + n),
        n=n,
        seq=0,
        method=Method.ONLINE_BIDDING,
        state=LotState.OPEN,
        step=None,
        start_price_minor=100,
        increment_minor=10,
        free_ends_at=START,
        effective_end=START,
        hard_end=START,
        step_due_at=None,
        cause=None,
        reason=None,
        resumes_at=None,
        now=START,
        leads=(),
        turns=(),
    )
    return replace(plain, **more)  # type: ignore[arg-type]


def lead(seq: int, after: int, at: int = 0) -> Lead:
    return Lead(seq, after, 1001, 100 + 10 * seq, START + timedelta(seconds=at or seq))


def turn(n: int, seq: int, what: str = "paused", at: int = 0) -> Turn:
    moment = START + timedelta(seconds=at or seq)
    return Turn(n, seq, what, LotState.OPEN, None, moment, None, None, None, None, None, None, None)


def read(text: bytes) -> list[tuple[str, str, dict]]:
    """Kind, id and body of each event, without the time of telling."""
    told = []
    for block in text.decode().split("\n\n"):
        if block:
            fields = dict(line.split(": ", 1) for line in block.splitlines())
            body = json.loads(fields["data"])
            body.pop("now", None)
            told.append((fields["event"], fields["id"], body))
    return told


def stories(lots: int, events: list[tuple[int, bool]]) -> list[LotNews]:
    """What happened as one piece of news a lot: each event is in which lot, and whether it is a turn."""
    leads: list[list[Lead]] = [[] for _ in range(lots)]
    turns: list[list[Turn]] = [[] for _ in range(lots)]
    for at, (n, is_turn) in enumerate(events, start=1):
        last = leads[n][-1].seq if leads[n] else 0
        if is_turn:
            turns[n].append(turn(len(turns[n]) + 1, last, at=at))
        else:
            leads[n].append(lead(last + 1 + at % 3, last, at=at))
    return [news(n + 1, leads=tuple(leads[n]), turns=tuple(turns[n])) for n in range(lots)]


def a_story(lots: int, *heard: LotNews) -> Story:
    story = Story(TRADE, [UUID(int=101 + n) for n in range(lots)])
    story.hear([news(n + 1) for n in range(lots)])
    story.hear(heard)
    return story


EVENTS = st.integers(1, 3).flatmap(
    lambda lots: st.tuples(
        st.just(lots), st.lists(st.tuples(st.integers(0, lots - 1), st.booleans()), min_size=1, max_size=30)
    )
)


@given(EVENTS, st.data())
def test_wherever_a_reader_was_cut_off_he_is_told_the_rest_once_and_in_order(told, data):
    lots, events = told
    story = a_story(lots, *stories(lots, events))
    whole = read(story.since(tuple(Told() for _ in range(lots))))
    assert len(whole) == len(events)
    moments = [body["at"] for _, _, body in whole]
    assert moments == sorted(moments), "what happened in several lots is told in the order of its time"
    cut = data.draw(st.integers(0, len(whole)))
    place = place_of(whole[cut - 1][1], lots=lots) if cut else tuple(Told() for _ in range(lots))
    assert place is not None
    assert read(story.since(place)) == whole[cut:]
    assert place_of(whole[-1][1], lots=lots) == story.place


@given(EVENTS, st.integers(0, 30))
def test_what_is_heard_in_two_pieces_is_told_as_what_is_heard_in_one(told, cut):
    lots, events = told
    nothing = tuple(Told() for _ in range(lots))
    whole, pieces = stories(lots, events), a_story(lots)
    for one in whole:
        first = replace(one, leads=one.leads[:cut], turns=one.turns[: cut // 2])
        pieces.hear([first])
        # A second look may find again what was heard before, as it does when two looks cross.
        pieces.hear([replace(one, leads=one.leads[max(0, cut - 2) :], turns=one.turns)])
    assert read(pieces.since(nothing)) == read(a_story(lots, *whole).since(nothing))


def test_a_turn_is_told_after_the_bid_it_stands_behind_and_before_the_next():
    story = a_story(
        1, news(1, leads=(lead(4, 0, at=9), lead(6, 4, at=9)), turns=(turn(1, 0, "opened"), turn(2, 4, at=9)))
    )
    told = read(story.since((Told(),)))
    assert [(kind, id_) for kind, id_, _ in told] == [
        ("state", "0.1"),
        ("price", "4.1"),
        ("state", "4.2"),
        ("price", "6.2"),
    ]


def test_when_much_happened_only_the_newest_prices_are_told_and_after_shows_the_gap():
    leads = tuple(lead(n, n - 1) for n in range(1, 41))
    story = a_story(1, news(1, leads=leads, turns=(turn(1, 3),)))
    told = read(story.since((Told(),), 8))
    assert [body["seq"] for kind, _, body in told if kind == "price"] == list(range(33, 41))
    assert told[0][0] == "state"
    assert told[1][2]["after"] == 32, "the reader was told of no 32, and so knows"


def test_of_many_lots_a_bounded_number_of_prices_is_told_in_one_go_whatever_id_is_named():
    leads = tuple(lead(seq, seq - 1) for seq in range(1, 41))
    story = a_story(100, *[news(n, leads=leads) for n in range(1, 101)])
    assert story.since((Told(),) * 100).count(b"event: price") == 1000
    for n in range(1, 12):
        story.since((Told(n), *[Told()] * 99))
    assert sum(map(len, story._made.values())) < 2 * MADE_BYTES_MAX


def test_no_more_prices_are_kept_than_promised_and_every_one_knows_whom_it_beat():
    story = a_story(1, news(1, leads=tuple(lead(n, n - 1) for n in range(1, LEADS_KEPT + 100))))
    told = read(story.since((Told(),)))
    assert len(told) == LEADS_KEPT
    assert [body["after"] for _, _, body in told] == list(range(99, LEADS_KEPT + 99))


def test_a_first_reader_is_told_where_each_lot_stands_and_can_be_cut_off_within():
    heard = [
        news(1, leads=(lead(2, 0), lead(5, 2)), turns=(turn(1, 0, "opened"),)),
        news(2, turns=(turn(1, 0, "opened"),)),
    ]
    story = a_story(2, *heard)
    told = read(story.whole())
    assert [(kind, id_, body["n"]) for kind, id_, body in told] == [
        ("state", "0.1-0.0", 1),
        ("price", "5.1-0.0", 1),
        ("state", "5.1-0.1", 2),
    ]
    assert [body["what"] for kind, _, body in told if kind == "state"] == ["now", "now"]
    place = place_of("5.1-0.0", lots=2)
    assert place is not None
    assert [(kind, body["n"], body["what"]) for kind, _, body in read(story.since(place))] == [("state", 2, "opened")]


def test_the_end_comes_when_every_lot_has_found_its_own():
    story = a_story(2, news(1, state=LotState.AWARDED, turns=(turn(1, 0, "awarded"),)))
    assert "end" not in [kind for kind, _, _ in read(story.whole())]
    story.hear([news(2, state=LotState.UNSOLD, turns=(turn(1, 0, "unsold"),))])
    kind, last_id, body = read(story.whole())[-1]
    assert (kind, last_id, body) == ("end", "0.1-0.1", {"trade_id": str(TRADE)})


@pytest.mark.parametrize(
    "given_id",
    [
        None,
        "",
        "0",
        "1.1",
        "1.1-",
        "1.1-2.2-3.3",
        "-1.1-1.1",
        "1.1-1.1\n",
        "１.1-1.1",
        "1.1- 1.1",
        "1" * 16 + ".1-1.1",
        "x" * 5000,
    ],
)
def test_what_can_be_no_id_of_this_trade_is_none(given_id):
    assert place_of(given_id, lots=2) is None


@given(st.lists(st.builds(Told, st.integers(0, 10**15 - 1), st.integers(0, 10**9 - 1)), min_size=1, max_size=5))
def test_an_id_names_its_place(told):
    place: Place = tuple(told)
    assert place_of(id_of(place), lots=len(told)) == place


def test_the_least_next_bid_is_the_one_after_this_price():
    (told,) = read(a_story(1, news(1, leads=(lead(3, 0),))).since((Told(),)))
    assert told[2]["leading"] == {"amount": "1.30", "currency": "CNY"}
    assert told[2]["least_next_bid"] == {"amount": "1.40", "currency": "CNY"}
