"""Every operation answers generated requests as its document promises, whoever asks.

A few requests an operation in every run of the tests, always the same; `make fuzz` sends hundreds, and others with
another number: `make fuzz EXAMPLES=5000 SEED=7`.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import structlog
from fastapi import FastAPI

from techmarket.app import create_app
from techmarket.db import keys as market_keys
from techmarket.db.files import Files
from techmarket.db.means import Means
from techmarket.db.session import Tx, make_engine
from techmarket.identity.actor import OrgKind, Role
from tests.client import Api
from tests.fuzz.driver import Fuzzer, Loop, Reader
from tests.fuzz.things import things_of
from tests.identity.make import an_organisation
from tests.stories import way
from tests.stories.town import a_town

EXAMPLES = int(os.environ.get("TECHMARKET_FUZZ_EXAMPLES", "1"))
SEED = int(os.environ.get("TECHMARKET_FUZZ_SEED", "20260301"))
LONG = bool(os.environ.get("TECHMARKET_LONG"))
"""In a market where much has happened, with an example of each operation: `make fuzz`."""
PART, PARTS = (int(one) for one in os.environ.get("TECHMARKET_FUZZ_PART", "1/1").split("/"))
TOLD = os.environ.get("TECHMARKET_FUZZ_TOLD")
"""A file for the operations that never took a request: what the generator cannot reach is named."""


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    with structlog.testing.capture_logs():
        yield


@pytest.fixture
def loop() -> Iterator[Loop]:
    opened = Loop()
    yield opened
    opened.close()


@pytest.fixture
def means(loop: Loop, database_url: str, tmp_path: Path) -> Iterator[Means]:
    tx = Tx(make_engine(database_url, pool_size=4, application="fuzz"))
    yield Means(tx=tx, keys=market_keys.for_tests(), files=Files.at(tmp_path / "objects"))
    loop.run(tx.dispose())


async def a_market_with_things(app: FastAPI, means: Means) -> tuple[dict[str, list[str]], str]:
    """A trade up to its award and its contract, so that there is something to ask for; and the seller's key."""
    edge = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://market.test")
    async with edge as http:
        sale = await way.to_the_award(await a_town(Api(http), means, way.START))
        await way.a_contract(sale, "X")
    return await things_of(means), sale.university.key


def readers_of(loop: Loop, means: Means, seller: str | None) -> list[Reader]:
    """Nobody; the seller, or a member with every role his organisation can give; and the market with every role."""
    keys = itertools.chain([seller], itertools.repeat(None))

    def a_member() -> str:
        return next(keys) or loop.run(an_organisation(means.tx, keys=means.keys, kind=OrgKind.UNIVERSITY)).key

    def the_market() -> str:
        made = an_organisation(means.tx, keys=means.keys, kind=OrgKind.MARKET, roles=tuple(Role))
        return loop.run(made).key

    return [Reader(lambda: None), Reader(a_member), Reader(the_market)]


@pytest.mark.slow
def test_every_operation_keeps_its_document_whatever_is_sent_and_whoever_asks(loop: Loop, means: Means) -> None:
    """No 5xx, and no status, type or shape of answer that the document does not name."""
    app = create_app(means)
    with loop.living(app):
        things, seller = loop.run(a_market_with_things(app, means), seconds=300) if LONG else ({}, None)
        fuzzer = Fuzzer(loop, app, readers_of(loop, means, seller), number=SEED, things=things)
        walked = fuzzer.operations()[PART % PARTS :: PARTS]
        for operation in walked:
            fuzzer.walk(operation, examples=EXAMPLES)
        fuzzer.close()
    assert [f"{operation}: {what}: {how}" for (operation, what), how in fuzzer.wrong.items()] == []
    if TOLD is not None:
        never = sorted({operation.label for operation in walked} - fuzzer.accepted)
        with Path(TOLD).open("a") as file:
            file.writelines(f"{label}\n" for label in never)
            file.write(f"# {fuzzer.sent} requests, {len(fuzzer.accepted)} of {len(walked)} operations took one\n")
    # It takes any bytes there are: whether they are a certificate of ours is its answer, not its refusal.
    assert set(fuzzer.never_wrong) <= {"POST /v1/verifications/files"}
    assert len(walked) > 20
    assert fuzzer.sent > len(walked) * EXAMPLES * 3
    assert len(fuzzer.accepted) > 10
