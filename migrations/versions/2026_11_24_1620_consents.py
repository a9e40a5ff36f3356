"""Co-owners sign their consents: a table of what was asked, signed and taken back, instead of a mark on the share."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0045_consents"
down_revision = "0044_journal_of_trading"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
# What was agreed to before consents were signed was agreed to for every sale.
CARRY = """
INSERT INTO sale_consent (id, achievement_id, org_id, person_id, share, modes, licence_kinds, territory, field, state,
                          asked_at, given_at)
SELECT gen_random_uuid(), owner.achievement_id, owner.org_id, owner.person_id, owner.share,
       ARRAY['EQUITY', 'LICENCE', 'OPEN_LICENCE', 'TRANSFER', 'TRY_BEFORE_BUY'],
       ARRAY['EXCLUSIVE', 'ORDINARY', 'SOLE'], 'WORLD', 'ANY', 'GIVEN', owner.consented_at, owner.consented_at
  FROM owner_share owner JOIN achievement ON achievement.id = owner.achievement_id
 WHERE owner.consented_at IS NOT NULL AND owner.org_id IS DISTINCT FROM achievement.org_id
"""
# What the older version knows is a consent to everything; to one version of an offer it knows none.
BACK = """
UPDATE owner_share owner SET consented_at = coalesce(
    (SELECT max(one.given_at) FROM sale_consent one
      WHERE one.achievement_id = owner.achievement_id AND one.state = 'GIVEN' AND one.share = owner.share
        AND one.terms_sha256 IS NULL AND one.territory = 'WORLD' AND one.field = 'ANY'
        AND cardinality(one.modes) = 5 AND cardinality(one.licence_kinds) = 3
        AND (one.org_id = owner.org_id OR one.person_id = owner.person_id)),
    (SELECT created_at FROM achievement WHERE id = owner.achievement_id AND org_id = owner.org_id))
"""


def upgrade() -> None:
    op.create_table(
        "sale_consent",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("achievement_id", sa.Uuid, sa.ForeignKey("achievement.id"), nullable=False),
        sa.Column("org_id", sa.Uuid, sa.ForeignKey("organisation.id")),
        sa.Column("person_id", sa.Uuid, sa.ForeignKey("person.id")),
        sa.Column("share", sa.Numeric(9, 8), nullable=False),
        sa.Column("subject", sa.String(80)),
        sa.Column("terms_sha256", sa.String(64)),
        sa.Column("modes", sa.ARRAY(sa.String(32)), nullable=False),
        sa.Column("licence_kinds", sa.ARRAY(sa.String(32)), nullable=False),
        sa.Column("territory", sa.String(16), nullable=False),
        sa.Column("field", sa.String(32), nullable=False),
        sa.Column("valid_until", sa.Date),
        sa.Column("document_sha256", sa.String(64), sa.ForeignKey("text.sha256")),
        sa.Column("signing_id", sa.Uuid, sa.ForeignKey("signing.id")),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("asked_at", TIME, nullable=False),
        sa.Column("given_at", TIME),
        sa.Column("withdrawn_at", TIME),
        sa.CheckConstraint("(org_id IS NULL) <> (person_id IS NULL)", name="one_owner"),
    )
    op.create_index("ix_sale_consent_achievement_id_id", "sale_consent", ["achievement_id", "id"])
    op.create_index("ix_sale_consent_org_id", "sale_consent", ["org_id"])
    op.create_index("ix_sale_consent_person_id", "sale_consent", ["person_id"])
    op.execute(CARRY)
    op.drop_column("owner_share", "consented_at")


def downgrade() -> None:
    op.add_column("owner_share", sa.Column("consented_at", TIME))
    op.execute(BACK)
    op.drop_table("sale_consent")
