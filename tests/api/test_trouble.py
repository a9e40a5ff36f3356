"""What a real PostgreSQL and a real driver complain about becomes busy, unstorable, or nothing we have a name for."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from techmarket.api.trouble import trouble
from techmarket.db.session import Tx, make_engine


async def the_error(tx: Tx, *statements: str, **values: Any) -> Exception:
    with pytest.raises(Exception) as caught:
        await run(tx, *statements, **values)
    return caught.value


async def run(tx: Tx, *statements: str, **values: Any) -> None:
    async with tx.begin() as db:
        for statement in statements:
            named = {name: value for name, value in values.items() if f":{name}" in statement}
            await db.execute(text(statement), named)


@pytest.mark.parametrize(
    ("statements", "values", "code"),
    [
        (["SELECT CAST(:n AS bigint)"], {"n": 2**70}, "request.unstorable"),
        (["SELECT CAST(:n AS integer)"], {"n": 2**31}, "request.unstorable"),
        (["SELECT CAST(:t AS text)"], {"t": "a\x00b"}, "request.unstorable"),
        (["SELECT CAST(:t AS text)"], {"t": "a\ud800b"}, "request.unstorable"),
        (["SELECT CAST('not-a-uuid' AS uuid)"], {}, "request.unstorable"),
        (["SELECT CAST('9223372036854775808' AS bigint)"], {}, "request.unstorable"),
        (["SET LOCAL statement_timeout = 20", "SELECT pg_sleep(5)"], {}, "market.busy"),
        (["SELECT pg_terminate_backend(pg_backend_pid())"], {}, "market.busy"),
        (["SELECT CAST(:n AS bigint)"], {"n": "text for a number is our own mistake"}, None),
        (["SELECT nothing FROM nowhere"], {}, None),
        (["SELECT 1/0"], {}, None),
    ],
)
async def test_an_error_of_the_database_means_what_its_cause_says(
    tx: Tx, statements: list[str], values: dict[str, Any], code: str | None
) -> None:
    named = trouble(await the_error(tx, *statements, **values))
    assert (named.code if named else None) == code


async def test_a_server_that_is_not_there_is_busy() -> None:
    tx = Tx(make_engine("postgresql://nobody@127.0.0.1:1/nothing", pool_size=1, application="test"))
    named = trouble(await the_error(tx, "SELECT 1"))
    await tx.dispose()
    assert named is not None
    assert named.code == "market.busy"
    assert named.retry_after in range(1, 6)
