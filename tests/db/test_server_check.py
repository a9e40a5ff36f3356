"""A given server is judged before anything else is done with it."""

import pytest

from techmarket.db.server_check import UnsuitableServerError, check_server, refuse_unfit

FIT = {"version_number": 170002, "encoding": "UTF8", "offered": {"vector", "pg_trgm", "plpgsql"}}


async def test_the_embedded_server_is_fit(database_url: str) -> None:
    await check_server(database_url)


def test_postgresql_17_with_both_extensions_is_fit() -> None:
    refuse_unfit("here", **FIT)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "said, refusal",
    [
        ({"version_number": 160009}, "here is PostgreSQL 16; the market needs 17 or later"),
        ({"encoding": "SQL_ASCII"}, "encoded as SQL_ASCII; the market needs UTF8"),
        ({"offered": {"pg_trgm"}}, "does not offer the extension vector"),
        ({"offered": {"vector"}}, "does not offer the extension pg_trgm"),
    ],
)
def test_a_server_that_lacks_something_is_refused_by_name(said: dict[str, object], refusal: str) -> None:
    with pytest.raises(UnsuitableServerError, match=refusal):
        refuse_unfit("here", **(FIT | said))  # type: ignore[arg-type]


async def test_an_unreachable_server_is_named_without_its_password() -> None:
    with pytest.raises(UnsuitableServerError, match=r"No connection to .*127\.0\.0\.1:1/") as refusal:
        await check_server("postgresql+asyncpg://someone:geheim@127.0.0.1:1/market")
    assert "geheim" not in str(refusal.value)


async def test_something_that_is_no_url_is_refused() -> None:
    with pytest.raises(UnsuitableServerError, match="not a database URL"):
        await check_server("market")
