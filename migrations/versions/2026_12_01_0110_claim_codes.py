"""A 统一社会信用代码 is one organisation's among those that are verified; any other may claim it until then.

The indexes are laid while others write. A try that was cut leaves an invalid one behind, which the next one removes.

Revision ID: 0113_claim_codes
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0113_claim_codes"
down_revision = "0105_recover_administrators"
branch_labels = None
depends_on = None

VERIFIED, ALL, FORMER = "uq_organisation_verified_uscc", "ix_organisation_uscc", "uq_organisation_uscc"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        for name in (VERIFIED, ALL):
            op.drop_index(name, "organisation", if_exists=True, postgresql_concurrently=True)
        op.create_index(
            VERIFIED,
            "organisation",
            ["uscc"],
            unique=True,
            postgresql_where=sa.text("state = 'VERIFIED'"),
            postgresql_concurrently=True,
            if_not_exists=True,
        )
        op.create_index(ALL, "organisation", ["uscc"], postgresql_concurrently=True, if_not_exists=True)
    op.drop_constraint(FORMER, "organisation", type_="unique")


def downgrade() -> None:
    # One may keep it: whoever is verified, else whoever claimed it first.
    op.execute(
        "UPDATE organisation SET uscc = NULL WHERE id IN (SELECT id FROM (SELECT id, row_number() OVER"
        " (PARTITION BY uscc ORDER BY (state = 'VERIFIED') DESC, created_at, id) AS n FROM organisation"
        " WHERE uscc IS NOT NULL) one WHERE n > 1)"
    )
    op.create_unique_constraint(FORMER, "organisation", ["uscc"])
    op.drop_index(ALL, "organisation")
    op.drop_index(VERIFIED, "organisation")
