"""The search index anew: a space for each kind of reader, postings in blocks, facts in columns.

It is derived from the listings, so nothing is carried over: the job fills it by reading the journal from its beginning.

Revision ID: 0070_search_blocks
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0070_search_blocks"
down_revision = "0061_keys_and_clients"
branch_labels = None
depends_on = None

SPACE = sa.SmallInteger
TABLES = (
    "search_granted",
    "search_phrase",
    "search_number",
    "search_document",
    "search_column",
    "search_block",
    "search_term",
    "search_state",
)


def _former() -> ModuleType:
    path = Path(__file__).with_name("2026_11_23_0916_matching.py")
    spec = importlib.util.spec_from_file_location("former_search_index", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def upgrade() -> None:
    _former().downgrade()
    _states_and_postings()
    _documents()
    op.execute("INSERT INTO search_state (space) VALUES (0), (1), (2)")
    op.execute("DELETE FROM journal_reader WHERE name LIKE 'matching.index%'")


def _states_and_postings() -> None:
    op.create_table(
        "search_state",
        sa.Column("space", SPACE, primary_key=True, autoincrement=False),
        sa.Column("generation", sa.Uuid, nullable=False, server_default=sa.text("gen_random_uuid()")),
        sa.Column("epoch", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("next_document", sa.Integer, nullable=False, server_default="0"),
        sa.Column("documents", sa.Integer, nullable=False, server_default="0"),
        sa.Column("length_sum", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("dead", sa.Integer, nullable=False, server_default="0"),
        sa.Column("sweep_below", sa.Integer),
        sa.Column("sweep_after", sa.Integer, nullable=False, server_default="0"),
        sa.Column("sweep_dead", sa.Integer, nullable=False, server_default="0"),
    )
    op.create_table(
        "search_term",
        sa.Column("id", sa.Integer, sa.Identity(always=True), primary_key=True),
        sa.Column("space", SPACE, nullable=False),
        sa.Column("term", sa.String(64), nullable=False),
        sa.Column("df", sa.Integer, nullable=False, server_default="0"),
        sa.Column("tail_n", sa.Integer, nullable=False, server_default="0"),
        sa.Column("tail_size", sa.Integer, nullable=False, server_default="0"),
    )
    op.execute("ALTER TABLE search_term SET (fillfactor = 80)")
    op.create_index("uq_search_term_space_term", "search_term", ["space", "term"], unique=True)
    op.create_index(
        "ix_search_term_alike",
        "search_term",
        ["term"],
        postgresql_using="gin",
        postgresql_ops={"term": "gin_trgm_ops"},
        postgresql_where=sa.text("term ~ '^[a-z]'"),
    )
    op.create_table(
        "search_block",
        sa.Column("term_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("n", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("documents", sa.LargeBinary, nullable=False),
        sa.Column("times", sa.LargeBinary, nullable=False),
    )
    # A block stays in its row, as it is: two fill a page, and reading a long posting list is reading pages in order.
    op.execute("ALTER TABLE search_block ALTER documents SET STORAGE PLAIN, ALTER times SET STORAGE PLAIN")
    op.create_table(
        "search_column",
        sa.Column("space", SPACE, primary_key=True, autoincrement=False),
        sa.Column("chunk", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("epoch", sa.BigInteger, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
    )
    op.create_index("ix_search_column_space_epoch", "search_column", ["space", "epoch"])


def _documents() -> None:
    op.create_table(
        "search_document",
        sa.Column("space", SPACE, primary_key=True, autoincrement=False),
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("document", sa.Integer, nullable=False),
        sa.Column("length", sa.Integer, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("forward", sa.LargeBinary, nullable=False),
        sa.Column("phrases", sa.ARRAY(sa.Text), nullable=False),
    )
    op.create_index("ix_search_document_space_document", "search_document", ["space", "document"])
    op.create_table(
        "search_number",
        sa.Column("space", SPACE, primary_key=True, autoincrement=False),
        sa.Column("number", sa.String(64), primary_key=True),
        sa.Column("id", sa.Uuid, primary_key=True),
    )
    op.create_index(
        "ix_search_number_alike",
        "search_number",
        ["number"],
        postgresql_using="gin",
        postgresql_ops={"number": "gin_trgm_ops"},
    )
    op.create_index("ix_search_number_space_id", "search_number", ["space", "id"])
    op.create_table(
        "search_phrase",
        sa.Column("space", SPACE, primary_key=True, autoincrement=False),
        sa.Column("phrase", sa.String(200), primary_key=True),
        sa.Column("df", sa.Integer, nullable=False),
    )
    op.create_index(
        "ix_search_phrase_start", "search_phrase", ["space", "phrase"], postgresql_ops={"phrase": "text_pattern_ops"}
    )
    op.create_table(
        "search_granted",
        sa.Column("listing_id", sa.Uuid, sa.ForeignKey("listing.id"), primary_key=True),
        sa.Column("tier", SPACE, primary_key=True, autoincrement=False),
        sa.Column("terms", JSONB, nullable=False),
        sa.Column("row", sa.LargeBinary, nullable=False),
    )


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)
    op.execute("DELETE FROM journal_reader WHERE name LIKE 'matching.%'")
    _former().upgrade()
