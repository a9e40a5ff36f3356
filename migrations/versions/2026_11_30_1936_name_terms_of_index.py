"""A space of the index says by which version of the terms it was counted; its reader of the journal has one name.

Revision ID: 0103_name_terms_of_index
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0103_name_terms_of_index"
down_revision = "0102_end_blind_consents"
branch_labels = None
depends_on = None

OLD = "name LIKE 'matching.index.%'"


def upgrade() -> None:
    op.add_column("search_state", sa.Column("model", sa.String(32)))
    op.execute(
        "INSERT INTO journal_reader (name, position) SELECT 'matching.index', max(position) FROM journal_reader"
        f" WHERE {OLD} HAVING count(*) > 0"
    )
    op.execute(f"DELETE FROM journal_reader WHERE {OLD}")


def downgrade() -> None:
    op.execute("DELETE FROM journal_reader WHERE name = 'matching.index'")
    op.drop_column("search_state", "model")
