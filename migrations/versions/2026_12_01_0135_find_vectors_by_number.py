"""Where few documents take part in a question by meaning, their vectors are found by number, and not id by id.

Revision ID: 0126_find_vectors_by_number
"""

from __future__ import annotations

from techmarket.db.indexing import drop_beside, index_beside

revision = "0126_find_vectors_by_number"
down_revision = "0125_bound_sources"
branch_labels = None
depends_on = None

NAME = "ix_listing_vector_model_space_document"


def upgrade() -> None:
    index_beside(NAME, "listing_vector (model, space, document)")


def downgrade() -> None:
    drop_beside(NAME)
