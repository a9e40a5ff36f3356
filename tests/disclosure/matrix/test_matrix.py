"""Every reader at every door in every state: what he learns is what the page says, cell by cell."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import UUID

import pytest
import pytest_asyncio
from httpx import ASGITransport, AsyncClient

from techmarket.app import create_app
from techmarket.db import keys as market_keys
from techmarket.db.files import Files
from techmarket.db.means import Means
from techmarket.db.session import Tx, count_statements, make_engine
from techmarket.kernel.ids import new_id
from techmarket.listings import service as listings
from techmarket.listings.rules import ListingDraft, ListingKind
from tests.client import Api
from tests.disclosure.matrix.doors import DOORS, INSIDERS
from tests.disclosure.matrix.mutants import MUTANTS, weakened
from tests.disclosure.matrix.page import PAGE, tables
from tests.disclosure.matrix.world import RAISED, READERS, World, build, terms_of, word

in_one_world = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module")
def module_url(pg_server, template):
    with pg_server.cloned(template) as url:
        yield url


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(module_url, tmp_path_factory) -> AsyncIterator[World]:
    tx = Tx(make_engine(module_url, pool_size=8, application="test"))
    folder = tmp_path_factory.mktemp("objects")
    yield await build(Means(tx=tx, keys=market_keys.for_tests(), files=Files.at(folder)))
    await tx.dispose()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def api(world: World) -> AsyncIterator[Api]:
    app = create_app(world.means)
    async with (
        app.router.lifespan_context(app),
        AsyncClient(transport=ASGITransport(app=app), base_url="http://market.test") as http,
    ):
        yield Api(http)


def test_the_page_has_a_table_for_every_door_and_a_row_for_every_reader() -> None:
    found = tables(PAGE.read_text())
    assert set(found) == set(DOORS)
    known = (set(READERS), set(READERS) - INSIDERS)
    assert [name for name, table in found.items() if set(table) not in known] == []


def test_every_guard_that_is_tried_by_removal_still_stands_in_the_code() -> None:
    assert [one for one in MUTANTS if weakened(one) == ""] == []


@in_one_world
@pytest.mark.parametrize("name", DOORS)
async def test_a_door_shows_each_reader_what_the_page_says(api: Api, world: World, name: str) -> None:
    expected = tables(PAGE.read_text())[name]
    wrong = []
    for reader in expected:
        cells = await DOORS[name](api, world, reader)
        wrong += [
            (reader, state, f"says {cells.get(state)!r}, the page {cell!r}")
            for state, cell in expected[reader].items()
            if cells.get(state) != cell
        ]
    assert wrong == []


@in_one_world
async def test_a_list_that_ended_as_a_draft_is_there_for_its_owner_and_the_market_only(api: Api, world: World) -> None:
    path = f"/v1/scenario-lists/{world.unpublished_scenario}"
    found = {reader: (await api.get(path, key=world.key(reader))).status_code for reader in READERS}
    assert found == {reader: 200 if reader in INSIDERS else 404 for reader in READERS}


ADDRESSES = (
    "/v1/listings/{listing}",
    "/v1/listings/{listing}/matches",
    "/v1/listings/{listing}/versions",
    "/v1/listings/{listing}/reviews",
    "/v1/listings/{listing}/evidence",
    "/v1/data-rooms/listing/{listing}/documents",
    "/v1/data-rooms/listing/{listing}/grants",
    "/v1/data-rooms/listing/{listing}/accesses",
    "/v1/data-rooms/listing/{listing}/nda",
    "/v1/questions?subject=listing:{listing}",
    "/v1/documents/{document}/content",
    "/v1/documents/{document}/reads",
    "/v1/data-rooms/listing/{listing}/accesses/export?form=csv",
    "/v1/listings/{listing}/match-feedback",
    "/v1/listings/{listing}/blind-matching",
    "/v1/listings/{listing}/people",
    "/listings/{listing}",
    "/v1/access-requests/{request}",
    "/v1/achievements/{achievement}",
    "/v1/achievements/{achievement}/versions",
    "/v1/consents/{consent}",
    "/v1/consents/{consent}/proof",
    "/v1/notices/{notice}",
    "/v1/notices/{notice}/versions",
    "/v1/notices/{notice}/proof",
    "/v1/trades/{trade}",
    "/v1/trades/{trade}/acts",
    "/v1/trades/{trade}/file",
    "/v1/trades/{trade}/file/proof",
    "/v1/trades/{trade}/evidence",
    "/v1/trades/{trade}/record",
)
ACTS = (
    ("/v1/listings/{listing}/withdrawal", None),
    ("/v1/listings/{listing}/acceptance", {"sha256": "0" * 64}),
    ("/v1/data-rooms/listing/{listing}/nda-texts", {"title": "Sample", "body": "Sample", "valid_days": 1}),
    ("/v1/documents/{document}/withdrawal", {"reason": "Sample reason"}),
    ("/v1/questions/{question}/answer", {"text": "Sample"}),
    ("/v1/access-requests/{request}/refusal", {"reason": "Sample reason"}),
    ("/v1/achievements/{achievement}/record", None),
    ("/v1/consents/{consent}/signature", {"document_sha256": "0" * 64}),
    ("/v1/notices/{notice}/objections", {"grounds": "Sample grounds"}),
    ("/v1/trades/{trade}/participants", {}),
)


@in_one_world
@pytest.mark.parametrize("reader", ["anonymous", "registered", "revoked signer"])
async def test_what_is_forbidden_and_what_is_absent_are_one_answer_after_the_same_queries(
    api: Api, world: World, reader: str
) -> None:
    """The same statements in the same order, and the same bytes but for the id: a clock has nothing to measure."""
    hidden = {
        "listing": world.listings["draft"],
        "document": world.documents["draft", "D"],
        "question": world.questions["draft", "Q"],
        "request": world.requests["draft"],
        **world.unseen,
    }
    absent = {name: new_id() for name in hidden}
    engines = {world.means.tx.engine}
    seen = [count_statements(engine) for engine in engines]

    async def asked(path: str, ids: dict[str, UUID], body: object) -> tuple[object, ...]:
        for statements in seen:
            statements.clear()
        method = "GET" if path in ADDRESSES else "POST"
        more = {"json": body} if body is not None else {}
        answer = await api.call(method, path.format(**ids), key=world.key(reader), **more)
        text = answer.text
        for own in (*ids.values(), answer.headers["x-request-id"]):
            text = text.replace(str(own), "")
        headers = {name: value for name, value in answer.headers.items() if name not in ("x-request-id", "date")}
        return answer.status_code, text, headers, [list(statements) for statements in seen]

    await asked(ADDRESSES[0], absent, None)  # what is remembered of a key is remembered from now on
    told_apart = []
    for path, body in (*((path, None) for path in ADDRESSES), *ACTS):
        forbidden, missing = await asked(path, hidden, body), await asked(path, absent, body)
        assert forbidden[0] in (401, 404)
        told_apart += [(path, *pair) for pair in zip(forbidden, missing, strict=True) if pair[0] != pair[1]]
    assert told_apart == []


@in_one_world
async def test_an_etag_moves_only_for_whom_the_change_is_to_be_seen(api: Api, world: World) -> None:
    owner = world.readers["owner"]
    assert owner is not None
    path = f"/v1/listings/{world.listings['published']}"

    async def tags() -> dict[str, str]:
        return {reader: (await api.get(path, key=world.key(reader))).headers["etag"] for reader in READERS}

    before = await tags()
    assert len({before[reader] for reader in ("registered", "lapsed signer", "revoked signer", "registrar")}) == 1
    view = await listings.get_listing(world.means.tx, owner.actor, world.listings["published"])
    terms = {**terms_of("published"), "technical_details": f"Sample details {word('N')} {word('N', 'published')} anew"}
    draft = ListingDraft(terms, RAISED, (), None)
    await listings.update_draft(world.means.tx, owner.actor, view.id, ListingKind.DEMAND, draft, if_match=view.etag)
    after = await tags()
    moved = {reader for reader in READERS if before[reader] != after[reader]}
    assert moved == INSIDERS | {"signer", "signer's colleague"}
