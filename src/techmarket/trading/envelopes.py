"""The slots of a sealed lot inside a transaction: one for each seat that may quote, all written together.

The caller holds the lot's lock. Whoever looks at the database from outside sees that the slots were written, by a
bidder or by the clock, and nothing else.
"""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db.keys import Keys
from techmarket.trading import repository
from techmarket.trading.sealed.envelopes import ENVELOPE_BYTES, Binding, cover
from techmarket.trading.sealed.rules import Slot
from techmarket.trading.sealed.wrapping import SlotWrapping
from techmarket.trading.tables import LotSealing, Trade


async def rewrite(
    db: AsyncSession,
    trade: Trade,
    sealing: LotSealing,
    keys: Keys,
    *,
    put: tuple[UUID, bytes] | None = None,
) -> None:
    """Write every slot of a lot anew, one of them with another envelope if there is one to put.

    A seat that has become ready since gets its cover, one that was left loses its slot. What cannot be unwrapped is
    kept as it stands: a process started with another secret must not wipe out what bidders have sent.
    """
    wrapping = SlotWrapping(keys.pepper, sealing.lot_id)
    standing = {org_id: stored for org_id, _, stored in await repository.stored_slots(db, sealing.lot_id)}
    wrapped = {}
    for seat in await repository.ready_seats(db, sealing.lot_id):
        stored = standing.get(seat.org_id)
        if put is not None and put[0] == seat.org_id:
            envelope = put[1]
        elif stored is None:
            envelope = cover(Binding(sealing.lot_id, seat.number, trade.terms_sha256), sealing.public_key)
        elif (found := wrapping.unwrap(stored, seat.number)) is not None:
            envelope = found
        else:
            wrapped[seat.org_id] = stored
            continue
        wrapped[seat.org_id] = wrapping.wrap(envelope, seat.number)
    await repository.write_slots(db, sealing.lot_id, wrapped)


async def slots(db: AsyncSession, lot_id: UUID, keys: Keys) -> list[Slot]:
    """What stands in each slot, still sealed. What nobody of the market wrote there is nothing that will open."""
    wrapping = SlotWrapping(keys.pepper, lot_id)
    return [
        Slot(number, wrapping.unwrap(stored, number) or bytes(ENVELOPE_BYTES))
        for _, number, stored in await repository.stored_slots(db, lot_id)
    ]
