"""Where few documents take part in a question by meaning, their vectors are found by number, and not id by id.

Revision ID: 0110_find_vectors_by_number
"""

from __future__ import annotations

from alembic import op

revision = "0110_find_vectors_by_number"
down_revision = "0105_recover_administrators"
branch_labels = None
depends_on = None

NAME, TABLE = "ix_listing_vector_model_space_document", "listing_vector"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.create_index(NAME, TABLE, ["model", "space", "document"], postgresql_concurrently=True)


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.drop_index(NAME, TABLE, postgresql_concurrently=True)
