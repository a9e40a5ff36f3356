"""Public reads go to a standby while it is close; the distance is measured, and a standby that is lost harms nobody."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from techmarket.api.observe import is_for_all
from techmarket.db.idempotency import KeyedTx
from techmarket.db.session import Tx, make_engine
from techmarket.db.standby import Distance, public_read

WHERE = text("SELECT current_database()")


def test_a_standby_is_as_old_as_the_newest_place_it_has_reached() -> None:
    distance = Distance()
    assert distance.behind(100.0) is None
    distance.primary_at(1_000, 10.0)
    distance.standby_at(999)
    assert distance.behind(10.5) is None, "it has not come to any place that is known"
    distance.primary_at(2_000, 11.0)
    distance.standby_at(1_500)
    assert distance.behind(12.0) == 2.0
    distance.standby_at(2_000)
    assert distance.behind(12.0) == 1.0
    distance.standby_at(2_000)
    assert distance.behind(15.0) == 4.0, "an idle primary that is not asked any more may have gone on"
    distance.standby_at(None)
    assert distance.behind(15.0) is None, "a server that follows nobody is no standby"


@pytest.fixture
async def two(database_url: str) -> AsyncIterator[Tx]:
    """A market whose reads from afar come from another database, so that it shows where they were answered."""
    far = database_url.rpartition("/")[0] + "/postgres"
    tx = Tx(make_engine(database_url, pool_size=2), make_engine(far, pool_size=1, ask_first=True), behind_max=2.0)
    yield tx
    await tx.dispose()


def close(tx: Tx) -> None:
    assert tx.standby is not None
    tx.standby.distance.primary_at(1, tx.standby._clock())
    tx.standby.distance.standby_at(1)


async def place(tx: Tx) -> str:
    async with tx.read() as db:
        answered = str((await db.execute(WHERE)).scalar_one())
    assert [row[0] for row in await tx.fetch("SELECT current_database()")] == [answered]
    return answered


async def test_only_public_reads_are_answered_by_a_close_standby(two: Tx) -> None:
    async with two.begin() as db:
        here = str((await db.execute(WHERE)).scalar_one())
    with public_read():
        assert await place(two) == here, "nobody has said how far it is"
        close(two)
        assert await place(two) == "postgres"
        async with two.begin() as db:
            assert (await db.execute(WHERE)).scalar_one() == here
        keyed = KeyedTx(two, principal="p", key="k", fingerprint=b"f", peppers=[b"p" * 32])
        async with keyed.read() as db:
            assert (await db.execute(WHERE)).scalar_one() == here
    assert await place(two) == here, "whoever is known reads what he has written"


async def test_a_standby_that_went_away_is_left_for_the_primary_within_the_same_read(database_url: str) -> None:
    gone = database_url.rpartition("/")[0] + "/there_is_no_such_database"
    tx = Tx(make_engine(database_url, pool_size=2), make_engine(gone, pool_size=1))
    try:
        with public_read():
            close(tx)
            async with tx.read() as db:
                assert (await db.execute(WHERE)).scalar_one() == database_url.rpartition("/")[2]
            assert tx.standby is not None
            assert not tx.standby.is_close()
            close(tx)
            assert len(await tx.fetch("SELECT 1")) == 1
    finally:
        await tx.dispose()


async def test_a_server_that_follows_nobody_is_never_close(two: Tx) -> None:
    assert two.standby is not None
    await two.standby.look()
    assert not two.standby.is_close()


@pytest.mark.parametrize(
    "method, path, headers, for_all",
    [
        ("GET", "/v1/listings", [], True),
        ("HEAD", "/v1/listings", [], True),
        ("GET", "/v1/listings", [(b"authorization", b"Bearer x")], False),
        ("GET", "/v1/listings", [(b"cookie", b"a=b")], False),
        ("POST", "/v1/organisations", [], False),
        ("GET", "/readyz", [], False),
    ],
)
def test_a_read_is_public_when_nobody_knows_who_asks(
    method: str, path: str, headers: list[tuple[bytes, bytes]], for_all: bool
) -> None:
    assert is_for_all({"type": "http", "method": method, "path": path, "headers": headers}) is for_all
