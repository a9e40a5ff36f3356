"""What the clock starts in achievements."""

from __future__ import annotations

from datetime import timedelta

from techmarket.achievements import service
from techmarket.db.jobs import periodic, reacts_to
from techmarket.db.means import Means
from techmarket.kernel.ids import Ref
from techmarket.notices.events import NoticeEnded, ObjectionUpheld
from techmarket.notices.lifecycle import NoticeState


@periodic("achievements.flag_idle", every=timedelta(minutes=10))
async def flag_idle(means: Means) -> None:
    """Say once of each achievement that it has lain unused for the time that the law gives."""
    await service.flag_idle(means.tx, limit=500)


@reacts_to("achievements.end_vesting_after_objection", ObjectionUpheld)
async def end_vesting_after_objection(means: Means, event: ObjectionUpheld) -> None:
    """What was objected to with reason is not vested."""
    subject = Ref.parse(event.subject)
    if subject.kind == "vesting":
        await service.lapse_vesting(means.tx, subject.id)


@reacts_to("achievements.follow_notice", NoticeEnded)
async def follow_notice(means: Means, event: NoticeEnded) -> None:
    """Another notice stands in the place of the one a vesting waits for."""
    subject = Ref.parse(event.subject)
    if event.state is NoticeState.REPLACED and subject.kind == "vesting":
        await service.follow_vesting_notice(means.tx, subject.id)
