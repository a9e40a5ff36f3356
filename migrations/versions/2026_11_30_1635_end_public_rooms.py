"""End public rooms: a data room is public to the end of the last day of its listing, whenever that is written down.

Additive; on the way down the last days are lost, the rooms stay as they are.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0093_end_public_rooms"
down_revision = "0092_publish_prices_again"
branch_labels = None
depends_on = None

OF_LISTINGS = """
UPDATE data_room SET public_until = listing.expires_on
FROM listing WHERE data_room.subject = 'listing:' || listing.id AND listing.state = 'PUBLISHED' AND data_room.is_public
"""


def upgrade() -> None:
    op.add_column("data_room", sa.Column("public_until", sa.Date))
    op.execute(OF_LISTINGS)


def downgrade() -> None:
    op.drop_column("data_room", "public_until")
