"""Names, phones, mail addresses and identity numbers of people are shown where the table says, and nowhere else."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import text

from techmarket.cli.openapi import document
from techmarket.db import keys as market_keys
from techmarket.db.session import Tx
from techmarket.disclosure import service as disclosure
from techmarket.disclosure.tiers import Tier
from techmarket.identity import service as identity
from techmarket.identity.actor import Actor, Role
from techmarket.kernel.ids import Ref
from techmarket.kernel.masking import PLACES, Place, masked_name, masked_text, shown
from techmarket.listings import service as listings
from techmarket.listings.rules import ScenarioDraft
from techmarket.matching import service as matching
from techmarket.matching.jobs import index
from techmarket.matching.profiles import Profile
from techmarket.notices import service as notices
from techmarket.notices.kinds import NoticeKind
from techmarket.trading import service as trading
from techmarket.trading.lifecycle import PauseCause
from tests.api.test_openapi import OPEN
from tests.hub.make import tell_all
from tests.identity.make import Keyed, a_member, an_organisation
from tests.listings.make import a_demand, an_offer
from tests.notices.make import a_notice
from tests.trading.make import a_market_at_work, an_announced_trade
from tests.transparency.make import seal

PAGE = (Path(__file__).parents[2] / "docs" / "personal-data.md").read_text()
PHONE, MAIL, NUMBER = "13800001234", "zhao.canary@example.org", "33010620000101123X"
WORDS = f"Sample data: call {PHONE} or write to {MAIL}, {NUMBER}"
REACHED_BY = "赵联系示例 13900004321"
"""What the owner of a listing wrote into the field for how he is reached."""


# --- the rules --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "left"),
    [
        (f"电话{PHONE}，", "电话***********，"),
        ("+86 138-0000-1234", "*****************"),
        (f"({NUMBER})", "(******************)"),
        (f"to {MAIL}.", "to ***@***."),
        ("91330100799655058B and 913301007996550581", "91330100799655058B and 913301007996550581"),
        ("ZL202310123456.6", "ZL202310123456.6"),
        ("0198c2a0-0000-7000-8000-138000012345", "0198c2a0-0000-7000-8000-138000012345"),
        ("600000.00, 13800001234.50", "600000.00, 13800001234.50"),
    ],
)
def test_numbers_and_addresses_of_people_are_masked_by_their_form_and_nothing_else(said: str, left: str) -> None:
    assert masked_text(said) == left


def test_a_name_keeps_its_first_sign_and_whoever_is_inside_reads_everything() -> None:
    assert [masked_name(one) for one in ("张三", "欧阳示例", "Sample Person", "")] == ["张*", "欧*", "S* P*", ""]
    said = {"title_en": WORDS, "keywords": ["x", MAIL], "trl": 4}
    assert shown(Place.LISTING_TEXT, said, is_inside=True) == said
    assert shown(Place.LISTING_TEXT, said) == {"title_en": masked_text(WORDS), "keywords": ["x", "***@***"], "trl": 4}
    assert shown(Place.VESTING_NAMES_AFTERWARDS, ["张三"]) == ["张*"]
    assert shown(Place.VESTING_NAMES, ["张三"]) == ["张三"]


def test_the_page_has_a_row_for_each_place_and_says_how_it_is_shown() -> None:
    rows = re.findall(r"^\| `([a-z_]+\.[a-z_]+)` \|[^|]*\| ([a-z ]+) \|", PAGE, re.MULTILINE)
    assert dict(rows) == {place.value: how.value for place, how in PLACES.items()}


# --- a market full of people ------------------------------------------------------------------------------------------


class World:
    """Everybody has a name that stands nowhere else; words that others wrote hold numbers of people."""

    names: frozenset[str]
    reader: Keyed
    expert: Keyed
    expert_name: str
    seller: Actor
    operator: Actor
    vesting: UUID


async def name_everybody(tx: Tx) -> dict[UUID, str]:
    async with tx.begin() as db:
        await db.execute(text("UPDATE person SET name = '赵' || substr(md5(id::text), 1, 12)"))
        rows = await db.execute(text("SELECT id, name FROM person"))
        return {row.id: row.name for row in rows}


@pytest.fixture
async def world(tx, keys, means) -> World:
    market = await a_market_at_work(tx, keys, buyers=1)
    made = World()
    made.seller, made.operator = market.seller, market.operator
    made.reader = await an_organisation(tx, keys=keys)
    made.expert = await a_member(tx, market.seller, Role.INVENTOR, keys=keys)
    names = await name_everybody(tx)
    made.expert_name = names[made.expert.actor.person]
    made.names = frozenset(name for person, name in names.items() if person != made.reader.actor.person)
    said = {"title_en": WORDS, "summary_zh": WORDS, "description_en": WORDS, "keywords": [MAIL], "contact": REACHED_BY}
    offer = await an_offer(tx, market.seller, market.operator, **said)
    demand = await a_demand(tx, market.seller, market.operator, problem_en=WORDS)
    drafted = ScenarioDraft(None, WORDS, WORDS, None, None, None, (demand.id,))
    scenario = await listings.create_list(tx, market.seller, drafted)
    read = (await listings.get_list(tx, market.operator, scenario.id)).etag
    await listings.publish_list(tx, market.operator, scenario.id, if_match=read)
    asked = await disclosure.ask(tx, market.buyers[0], Ref("listing", offer.id), text=WORDS)
    await disclosure.answer(tx, market.seller, asked.id, text=WORDS, tier=Tier.PUBLIC)
    who = made.expert.actor
    await identity.grant_qualification(tx, market.operator, who.person, kind="EXPERT", level="SAMPLE")
    await matching.put_profile(tx, who, Profile(True, None, "Sample data: call or write to me", ("sample",), None))
    trade = await an_announced_trade(market)
    await trading.suspend_trade(tx, market.operator, trade.id, cause=PauseCause.OTHER, reasons=WORDS)
    await trading.resume_trade(tx, market.operator, trade.id, reasons=WORDS)
    public = await a_notice(tx, market.seller)
    await notices.suspend_notice(tx, market.operator, public, reasons=WORDS)
    named = {"name": "Sample result", "completers": [{"name": made.expert_name, "share": "0.5"}], "right": "OWNERSHIP"}
    made.vesting = await a_notice(tx, market.seller, kind=NoticeKind.GRANT, document=named)
    await seal(means)
    await tell_all(tx)
    await index(means)
    return made


# --- every operation that reads, asked by nobody and by a verified stranger -------------------------------------------

TABLES = {"list_id": "scenario_list", "node_id": "organisation", "org_id": "organisation", "unit_id": "organisation"}
QUERIES = {
    "search": ("?q=sample", "?q=zhao", f"?q={PHONE}"),
    "suggestSearch": ("?q=sample", f"?q={PHONE[:4]}"),
    "listQuestions": ("?subject=listing:{listing_id}",),
    "listMatchingPeople": ("?kind=EXPERT",),
}
STREAMS = {"streamTrade"}
WHOLE = {
    **dict.fromkeys(("listListings", "getListing", "search", "listSyndicated", "listMatches"), Place.LISTING_CONTACT),
    "listMatchingPeople": Place.EXPERT_NAME,
}
"""Where a verified organisation reads something of another whole, and by which row of the table."""


def reading() -> Iterator[tuple[str, str]]:
    for path, item in document()["paths"].items():
        if "get" in item and item["get"]["operationId"] not in STREAMS:
            yield item["get"]["operationId"], path


async def ids_of(tx: Tx, paths: Iterable[str]) -> dict[str, list[str]]:
    """What stands in an address, by the name of its parameter: ids of rows there are, the newest first."""
    found = {"subject_kind": ["listing"], "year": ["2026"], "purpose": ["revocation"], "n": ["1"], "level": ["0"]}
    wanted = {name for path in paths for name in re.findall(r"\{(\w+)\}", path)}
    async with tx.read() as db:
        tables = set((await db.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))).scalars())
        for name in sorted(wanted - found.keys()):
            table = TABLES.get(name, name.removesuffix("_id"))
            if table in tables:
                rows = await db.execute(text(f"SELECT id FROM {table} ORDER BY id DESC LIMIT 4"))
                found[name] = [str(one) for one in rows.scalars()]
    return {**found, "subject_id": found["listing_id"]}


def addresses(path: str, ids: Mapping[str, list[str]]) -> list[str]:
    names = re.findall(r"\{(\w+)\}", path)
    every = itertools.product(*(ids.get(name, []) for name in names))
    return [path.format(**dict(zip(names, one, strict=True))) for one in every]


async def test_no_operation_shows_a_name_or_a_number_of_a_person_but_where_the_table_says(api, tx, world):
    ids = await ids_of(tx, [path for _, path in reading()])
    canaries = {*world.names, PHONE, MAIL, NUMBER, REACHED_BY}
    shows = {Place.LISTING_CONTACT: {REACHED_BY}, Place.EXPERT_NAME: {world.expert_name}}
    answered: set[str] = set()
    whole: set[str] = set()
    for operation, path in reading():
        for address in addresses(path, ids):
            asked = [one.format(listing_id=id) for one in QUERIES.get(operation, ("",)) for id in ids["listing_id"]]
            for query in dict.fromkeys(asked):
                url = address + query
                for key in (None, world.reader.key) if operation in OPEN else (world.reader.key,):
                    answer = await api.get(url, key=key)
                    # What he asked for himself is told to him in the words he used.
                    said = f"{dict(answer.headers)} {answer.text}".replace(PHONE if PHONE in url else "\0", "")
                    found = {one for one in canaries if one in said}
                    allowed = shows[WHOLE[operation]] if key is not None and operation in WHOLE else set()
                    assert found <= allowed, (operation, url, key is None, found)
                    answered |= {operation} if answer.status_code == 200 else set()
                    whole |= {operation} if found else set()
    assert len(answered & OPEN) > 40
    assert {"listQuestions", "getScenarioList", "listTradeActs", "getNotice", "suggestSearch"} <= answered
    assert whole >= {"getListing", "search", "listMatchingPeople"}


async def test_whoever_is_inside_reads_the_words_whole(api, tx, keys, world):
    owner = await a_member(tx, world.seller, Role.LISTING_OFFICER, keys=keys)
    said = (await api.get("/v1/search?q=sample", key=owner.key)).json()["items"]
    assert WORDS in {one["listing"]["terms"].get("title_en") for one in said}


async def test_the_names_of_a_vesting_are_read_by_colleagues_while_its_notice_stands_and_masked_afterwards(tx, world):
    colleague, officer = world.expert.actor, replace(world.expert.actor, roles=frozenset({Role.LISTING_OFFICER}))

    async def names(reader: Actor) -> list[str]:
        seen = [(await notices.get_notice(tx, reader, world.vesting)).document]
        seen += [one.document for one in await notices.list_versions(tx, reader, world.vesting)]
        return [one["name"] for document in seen for one in document["completers"]]

    assert await names(colleague) == [world.expert_name] * 2
    before = await notices.get_proof(tx, market_keys.for_tests(), colleague, world.vesting)
    async with tx.begin() as db:
        await db.execute(text("UPDATE notice SET state = 'WITHDRAWN' WHERE id = :id"), {"id": world.vesting})
    assert await names(colleague) == ["赵*"] * 2
    for reader in (officer, world.operator):
        assert await names(reader) == [world.expert_name] * 2
    after = await notices.get_proof(tx, market_keys.for_tests(), colleague, world.vesting)
    assert after.texts == before.texts  # the record is as it was
