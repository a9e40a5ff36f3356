"""Every operation answers generated requests as its document promises, whoever asks.

A few requests an operation in every run of the tests, always the same; `make fuzz` sends hundreds, and others with
another number: `make fuzz EXAMPLES=5000 SEED=7`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from techmarket.app import create_app
from techmarket.db import keys as market_keys
from techmarket.db.files import Files
from techmarket.db.means import Means
from techmarket.db.session import Tx, make_engine
from techmarket.identity.actor import OrgKind, Role
from tests.fuzz.driver import Fuzzer, Loop, Reader
from tests.identity.make import an_organisation

EXAMPLES = int(os.environ.get("TECHMARKET_FUZZ_EXAMPLES", "1"))
SEED = int(os.environ.get("TECHMARKET_FUZZ_SEED", "20260301"))


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


@pytest.fixture
def readers(loop: Loop, means: Means) -> list[Reader]:
    """Nobody; a member with every role his organisation can give; and the market's own with every role there is."""

    def a_member() -> str:
        return loop.run(an_organisation(means.tx, keys=means.keys, kind=OrgKind.UNIVERSITY)).key

    def the_market() -> str:
        made = an_organisation(means.tx, keys=means.keys, kind=OrgKind.MARKET, roles=tuple(Role))
        return loop.run(made).key

    return [Reader(lambda: None), Reader(a_member), Reader(the_market)]


@pytest.mark.slow
def test_every_operation_keeps_its_document_whatever_is_sent_and_whoever_asks(
    loop: Loop, means: Means, readers: list[Reader]
) -> None:
    """No 5xx, and no status, type or shape of answer that the document does not name."""
    app = create_app(means)
    fuzzer = Fuzzer(loop, app, readers, number=SEED)
    walked = fuzzer.operations()
    with loop.living(app):
        for operation in walked:
            fuzzer.walk(operation, examples=EXAMPLES)
        fuzzer.close()
    assert [f"{operation}: {what}: {how}" for (operation, what), how in fuzzer.wrong.items()] == []
    # It takes any bytes there are: whether they are a certificate of ours is its answer, not its refusal.
    assert fuzzer.never_wrong == ["POST /v1/verifications/files"]
    assert len(walked) > 20
    assert fuzzer.sent > len(walked) * EXAMPLES * 3
    assert len(fuzzer.accepted) > 10
