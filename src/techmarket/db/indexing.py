"""Indexes of tables that are in use, built and dropped by migrations while everybody goes on reading and writing."""

from __future__ import annotations

from collections.abc import Sequence

from alembic import op

WAIT = "1h"
"""Such a statement holds nobody up while it waits for transactions that were there before it, a dump for instance: it
may wait longer than one that others would queue behind."""


def index_beside(name: str, on: str) -> None:
    """Build the index `name` on `on` (`table (columns) WHERE …`); what a build that broke off left goes first.

    The migration's transaction ends before it, and another begins behind it: it comes first in its migration, which
    may have to begin anew.
    """
    _alone(f"DROP INDEX CONCURRENTLY IF EXISTS {name}", f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {name} ON {on}")


def drop_beside(name: str) -> None:
    _alone(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")


def _alone(*statements: str) -> None:
    with op.get_context().autocommit_block():
        for statement in _waiting(statements):
            op.execute(statement)


def _waiting(statements: Sequence[str]) -> Sequence[str]:
    # The limit before is that of the session, which `env.py` set for the migrations that come.
    return (f"SET lock_timeout = '{WAIT}'", *statements, "SET lock_timeout = '1s'")
