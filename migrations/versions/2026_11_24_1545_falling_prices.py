"""A price that falls has a floor below its start and a time after which it falls; no lot has one without the other."""

from __future__ import annotations

from alembic import op

revision = "0040_falling_prices"
down_revision = "0039_claims"
branch_labels = None
depends_on = None

# Until now no method with a floor was offered, so no row is against these.
RULES = {
    "falls_to_a_floor_below": "floor_minor < start_price_minor",
    "falls_by_the_clock": "(floor_minor IS NULL) = (step_seconds IS NULL)",
}


def upgrade() -> None:
    for name, rule in RULES.items():
        op.create_check_constraint(name, "lot", rule)


def downgrade() -> None:
    for name in RULES:
        op.drop_constraint(name, "lot", type_="check")
