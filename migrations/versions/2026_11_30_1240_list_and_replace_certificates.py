"""Certificates: a place in the status lists, and one that stands in for another.

Revision ID: 0073_status_lists
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0073_status_lists"
down_revision = "0072_distribution_proof"
branch_labels = None
depends_on = None

WHOLE = (
    "(state IN ({states})) = (number IS NOT NULL AND approved_by IS NOT NULL"
    " AND issued_at IS NOT NULL AND credential_sha256 IS NOT NULL AND jwt_sha256 IS NOT NULL"
    " AND entry_id IS NOT NULL)"
)


def upgrade() -> None:
    op.add_column("certificate", sa.Column("replaces", sa.Uuid, sa.ForeignKey("certificate.id")))
    op.add_column("certificate", sa.Column("status_list", sa.BigInteger))
    op.add_column("certificate", sa.Column("status_index", sa.BigInteger))
    op.create_check_constraint("listed_whole", "certificate", "(status_list IS NULL) = (status_index IS NULL)")
    op.create_check_constraint("replaces_another", "certificate", "replaces <> id")
    _whole("'ISSUED','SUSPENDED','REVOKED','REPLACED'")
    op.drop_index("uq_certificate_alive", "certificate")
    for name, column, where in (
        ("standing", "contract_id", "state IN ('ISSUED','SUSPENDED')"),
        ("prepared", "contract_id", "state = 'PREPARED'"),
        ("replaces", "replaces", "state <> 'REJECTED'"),
    ):
        op.create_index(f"uq_certificate_{name}", "certificate", [column], unique=True, postgresql_where=sa.text(where))
    op.create_index("uq_certificate_status", "certificate", ["status_list", "status_index"], unique=True)


def downgrade() -> None:
    for name in ("status", "replaces", "prepared", "standing"):
        op.drop_index(f"uq_certificate_{name}", "certificate")
    op.create_index(
        "uq_certificate_alive",
        "certificate",
        ["contract_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('PREPARED','ISSUED','SUSPENDED')"),
    )
    _whole("'ISSUED','SUSPENDED','REVOKED'")
    op.drop_constraint(op.f("ck_certificate_replaces_another"), "certificate")
    op.drop_constraint(op.f("ck_certificate_listed_whole"), "certificate")
    for column in ("status_index", "status_list", "replaces"):
        op.drop_column("certificate", column)


def _whole(states: str) -> None:
    op.drop_constraint(op.f("ck_certificate_issued_whole"), "certificate")
    op.create_check_constraint("issued_whole", "certificate", WHOLE.format(states=states))
