"""What the market holds about a person (个人信息), found by the keys of its tables, so that no table is forgotten.

A column `person_id` says whom a row is about; other references to a person (`decided_by`, `opened_by_id`) say who did
something in his office, which is his organisation's record. `docs/personal-data.md` lists the first kind, and a test
compares.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column, LargeBinary, select
from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db.base import Base

ROWS_MAX = 1_000
ABOUT = "person_id"
_NOT_GIVEN_OUT = re.compile(r"secret|hash|phc|totp|wrapped|hidden|salt|nonce|private|token|^share$|^url$")


def tables_about_people() -> dict[str, list[Column[Any]]]:
    """Tables with rows about one person, and the columns of each that he may be given: nothing that opens a door."""
    return {
        table.name: [
            column
            for column in table.columns
            if not isinstance(column.type, LargeBinary)
            and not _NOT_GIVEN_OUT.search(column.name)
            and not _names_another(column)
        ]
        for table in sorted(Base.metadata.tables.values(), key=lambda table: table.name)
        if ABOUT in table.columns
        and any(key.column.table.name == "person" for key in table.columns[ABOUT].foreign_keys)
    }


def _names_another(column: Column[Any]) -> bool:
    return column.name != ABOUT and any(key.column.table.name == "person" for key in column.foreign_keys)


async def rows_about(db: AsyncSession, person_id: UUID) -> dict[str, list[dict[str, Any]]]:
    """What is held about a person, by table; at most a thousand rows of each."""
    found: dict[str, list[dict[str, Any]]] = {}
    for name, columns in tables_about_people().items():
        query = select(*columns).where(Base.metadata.tables[name].c[ABOUT] == person_id).limit(ROWS_MAX)
        rows = (await db.execute(query)).mappings().all()
        if rows:
            found[name] = [{key: _plain(value) for key, value in row.items()} for row in rows]
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    return str(value)
