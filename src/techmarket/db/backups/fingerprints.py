"""What a database holds, in few words: of each table how many rows, and a sum that any changed row changes."""

from __future__ import annotations

from sqlalchemy import text

from techmarket.db.session import Tx

_TABLES = (
    "SELECT quote_ident(c.relname) FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'"
    " ORDER BY 1"
)
_ROWS = "SELECT count(*), coalesce(sum(hashtextextended(t::text, 0)::numeric), 0)::text FROM {table} t"


async def fingerprint(tx: Tx) -> dict[str, tuple[int, str]]:
    """(rows, sum) of each table, all at one moment."""
    async with tx.read(snapshot=True) as db:
        await db.execute(text("SET LOCAL statement_timeout = 0"))
        found = {}
        for table in (await db.execute(text(_TABLES))).scalars().all():
            rows, total = (await db.execute(text(_ROWS.format(table=table)))).one()
            found[table] = (int(rows), str(total))
        return found
