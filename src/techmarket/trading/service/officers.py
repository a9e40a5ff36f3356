"""Opening officers (开标人员): who holds shares, of which lots, and who did not come when a lot was to be opened."""

from __future__ import annotations

from uuid import UUID

from techmarket.db.clock import market_now
from techmarket.db.session import Tx
from techmarket.identity import steps as identity
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.kernel.paging import Page, last_id, page_of
from techmarket.kernel.periods import shanghai_day
from techmarket.trading import policy, repository
from techmarket.trading.views import DutiesView, OpeningOfficerView

OFFICER = "OPENING_OFFICER"
"""The qualification by which the market keeps its list of people it asks to hold shares."""


async def list_opening_officers(tx: Tx, actor: Actor, *, cursor: str | None, limit: int) -> Page[OpeningOfficerView]:
    """The people on the market's list of officers, and everybody who holds or held a share, with how they did."""
    require(actor, policy.SEE_OFFICERS)
    async with tx.read() as db:
        today = shanghai_day(await market_now(db))
        listed = await identity.qualified_people(db, [OFFICER], today)
        duties = await repository.duties_of_officers(db)
        after: UUID | None = last_id(cursor)
        everybody = sorted({*listed, *duties})
        wanted = [one for one in everybody if after is None or one > after][: limit + 1]
        people = await identity.get_people(db, wanted)
        rows = [
            OpeningOfficerView(
                one,
                people[one].name,
                people[one].org_ids,
                one in listed,
                duties.get(one, DutiesView(0, 0, 0, 0)),
            )
            for one in wanted
        ]
        return page_of(rows, limit, lambda row: (str(row.person_id),))
