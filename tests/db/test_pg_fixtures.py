"""What the other tests rely on: a database of their own, cheap and empty."""

import asyncpg
import pytest

from tests.pg import TestServer


async def connected(url: str) -> asyncpg.Connection:
    return await asyncpg.connect(url.replace("+asyncpg", ""))


@pytest.mark.parametrize("turn", [1, 2])
async def test_each_test_has_a_database_of_its_own(database_url: str, turn: int) -> None:
    connection = await connected(database_url)
    await connection.execute("CREATE TABLE of_this_test AS SELECT 1")  # the other turn would fail if it were shared
    await connection.close()


async def test_a_connection_left_open_does_not_keep_the_database_alive(pg_server: TestServer, template: str) -> None:
    with pg_server.cloned(template) as url:
        left_open = await connected(url)
    with pytest.raises(asyncpg.PostgresConnectionError):
        await left_open.fetchval("SELECT 1")


def test_a_test_without_a_loop_gets_a_database_too(database_url: str) -> None:
    assert database_url.startswith("postgresql+asyncpg://")


async def test_the_clone_has_the_extensions(database_url: str) -> None:
    connection = await connected(database_url)
    names = await connection.fetch("SELECT extname FROM pg_extension ORDER BY extname")
    await connection.close()
    assert [row["extname"] for row in names] == ["pg_trgm", "plpgsql", "vector"]
