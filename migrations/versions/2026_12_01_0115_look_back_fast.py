"""Entries of a kind, of an elevation and of a time are found without reading the journal.

Revision ID: 0114_look_back_fast
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from techmarket.db.indexing import drop_beside, index_beside

revision = "0114_look_back_fast"
down_revision = "0113_claim_codes"
branch_labels = None
depends_on = None

# By -seq: an order that none but these indexes has, so that none is gone by but these.
NEWEST = {
    "ix_journal_entry_newest_of_org": "(org, (-seq)) WHERE org IS NOT NULL",
    "ix_journal_entry_newest_of_actor": "(actor, (-seq)) WHERE actor IS NOT NULL",
    "ix_journal_entry_newest_of_kind": "(kind, (-seq))",
    "ix_journal_entry_newest_of_elevation": (
        "((standing::jsonb ->> 'elevation'), (-seq)) WHERE standing LIKE '%\"elevation\"%'"
    ),
}
BEFORE = {
    "ix_journal_entry_org": "(org, seq) WHERE org IS NOT NULL",
    "ix_journal_entry_actor": "(actor, seq) WHERE actor IS NOT NULL",
}


def upgrade() -> None:
    put_in_place(NEWEST, BEFORE)
    op.create_table(
        "journal_span",
        sa.Column("idx", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("first_seq", sa.BigInteger, nullable=False),
        sa.Column("last_seq", sa.BigInteger, nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
    )


def downgrade() -> None:
    put_in_place(BEFORE, NEWEST)
    op.drop_table("journal_span")


def put_in_place(new: dict[str, str], old: dict[str, str]) -> None:
    for name, columns in new.items():
        index_beside(name, f"journal_entry {columns}")
    for name in old:
        drop_beside(name)
