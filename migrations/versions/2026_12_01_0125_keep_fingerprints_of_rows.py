"""A row of an import keeps the fingerprint of what it said, so that whoever goes on need not read it again.

Rows of imports that are under way at this moment have none: an id that stood there already is not found out any more.

Revision ID: 0115_keep_fingerprints
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from techmarket.db.indexing import drop_beside, index_beside

revision = "0115_keep_fingerprints"
down_revision = "0114_look_back_fast"
branch_labels = None
depends_on = None

NAME = "ix_import_line_run_id_external_id"


def upgrade() -> None:
    index_beside(NAME, "import_line (run_id, external_id)")
    op.add_column("import_line", sa.Column("fingerprint", sa.String(64), nullable=True))


def downgrade() -> None:
    drop_beside(NAME)
    op.drop_column("import_line", "fingerprint")
