"""An entry of the book is by whoever has that seat on the lot: looked at once for all entries of a batch.

A foreign key looks at each row alone and locks what it refers to, which was a third of what an entry cost the server.
What is asked here is more than the two keys asked: the seat must be the bidder's, with his number. Seats stay.

Revision ID: 0055_seat_every_bid
"""

from __future__ import annotations

from alembic import op

revision = "0055_seat_every_bid"
down_revision = "0071_vectors"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        CREATE FUNCTION bid_has_a_seat() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          IF EXISTS (
            SELECT FROM entered e WHERE NOT EXISTS (
              SELECT FROM seat s
              WHERE s.lot_id = e.lot_id AND s.participant_id = e.participant_id AND s.number = e.bidder
            )
          ) THEN
            RAISE foreign_key_violation USING MESSAGE = 'an entry of the book is by whoever has that seat on the lot';
          END IF;
          RETURN NULL;
        END $$
        """
    )
    op.execute(
        "CREATE TRIGGER bid_has_a_seat AFTER INSERT ON bid REFERENCING NEW TABLE AS entered"
        " FOR EACH STATEMENT EXECUTE FUNCTION bid_has_a_seat()"
    )
    op.execute(
        "CREATE TRIGGER seat_stays BEFORE UPDATE OF lot_id, participant_id, number OR DELETE OR TRUNCATE"
        " ON seat FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
    op.drop_constraint(op.f("fk_bid_lot_id"), "bid")
    op.drop_constraint(op.f("fk_bid_participant_id"), "bid")


def downgrade() -> None:
    op.create_foreign_key(op.f("fk_bid_participant_id"), "bid", "participant", ["participant_id"], ["id"])
    op.create_foreign_key(op.f("fk_bid_lot_id"), "bid", "lot", ["lot_id"], ["id"])
    op.execute("DROP TRIGGER seat_stays ON seat")
    op.execute("DROP TRIGGER bid_has_a_seat ON bid")
    op.execute("DROP FUNCTION bid_has_a_seat()")
