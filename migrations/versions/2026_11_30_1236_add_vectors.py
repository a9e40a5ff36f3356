"""What documents mean: vectors by embedder and space, and how far each embedder has come.

Revision ID: 0071_vectors
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.types import UserDefinedType

revision = "0071_vectors"
down_revision = "0070_search_blocks"
branch_labels = None
depends_on = None


class HalfVector(UserDefinedType[str]):
    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return "HALFVEC"


def upgrade() -> None:
    op.create_table(
        "vector_model",
        sa.Column("model", sa.String(64), primary_key=True),
        sa.Column("space", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("dim", sa.Integer, nullable=False),
        sa.Column("next_document", sa.Integer, nullable=False, server_default="0"),
        sa.Column("is_ready", sa.Boolean, nullable=False, server_default="false"),
        sa.Column("is_indexed", sa.Boolean, nullable=False, server_default="false"),
    )
    op.create_table(
        "listing_vector",
        sa.Column("model", sa.String(64), primary_key=True),
        sa.Column("space", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("document", sa.Integer, nullable=False),
        sa.Column("text_hash", sa.LargeBinary, nullable=False),
        sa.Column("vector", HalfVector, nullable=False),
    )
    op.create_index("ix_listing_vector_space_id", "listing_vector", ["space", "id"])
    op.create_index("ix_listing_vector_text_hash", "listing_vector", ["text_hash"])


def downgrade() -> None:
    op.drop_table("listing_vector")
    op.drop_table("vector_model")
