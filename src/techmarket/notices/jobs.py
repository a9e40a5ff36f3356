"""What the clock starts in notices, and what follows a change of the work-day calendar."""

from __future__ import annotations

from datetime import timedelta

from techmarket.db.jobs import deadline, periodic, reacts_to
from techmarket.db.means import Means
from techmarket.notices import service
from techmarket.notices.lifecycle import NoticeState
from techmarket.notices.tables import Notice
from techmarket.rulebook.events import WorkDaysEntered

deadline("notices.notice_ends", Notice.look_at, Notice.state == NoticeState.RUNNING)


@periodic("notices.clear_due", every=timedelta(seconds=1))
async def clear_due(means: Means) -> int:
    """Announce which notices have cleared; the gate does not wait for it."""
    return await service.clear_due(means.tx)


@periodic("notices.sweep_evidence", every=timedelta(hours=1))
async def sweep_evidence(means: Means) -> None:
    """Evidence that was uploaded and that nothing ever named goes; its bytes follow when files are swept."""
    while await service.sweep_evidence(means.tx):
        pass


@reacts_to("notices.recount", WorkDaysEntered)
async def recount(means: Means, _event: WorkDaysEntered) -> None:
    """The operator has entered work days: count afresh when each running notice ends, and each deadline."""
    after = await service.recount(means.tx)
    while after is not None:
        after = await service.recount(means.tx, after=after)
    last = await service.recount_deadlines(means.tx)
    while last is not None:
        last = await service.recount_deadlines(means.tx, after=last)
