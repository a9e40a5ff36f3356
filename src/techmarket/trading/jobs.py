"""What the clock and other rooms' events start in trading. Deadlines are rows; a job looks for what is due."""

from __future__ import annotations

from datetime import timedelta

from techmarket.db.jobs import deadline, periodic, reacts_to
from techmarket.db.means import Means
from techmarket.kernel.ids import Ref
from techmarket.notices.events import (
    NoticeEnded,
    NoticeExtended,
    NoticeResumed,
    NoticeSuspended,
    ObjectionDecided,
    ObjectionUpheld,
    ObjectionWithdrawn,
)
from techmarket.notices.lifecycle import NoticeState
from techmarket.rulebook.events import WorkDaysEntered
from techmarket.settlement.events import DuePaid
from techmarket.settlement.steps import Purpose
from techmarket.trading import service
from techmarket.trading.lifecycle import AwardState, LotState, TradeState
from techmarket.trading.tables import Award, Lot, Trade

deadline("trading.bidding_opens", Trade.bidding_opens_at, Trade.state == TradeState.ANNOUNCED)
deadline("trading.extension_is_looked_at", Trade.extension_look_at, Trade.state == TradeState.ANNOUNCED)
deadline("trading.suspension_ends", Trade.resume_by, Trade.state == TradeState.ANNOUNCED)
deadline("trading.lot_goes_on", Lot.resumes_at, Lot.state == LotState.PAUSED)
deadline("trading.lot_closes", Lot.effective_end, Lot.state == LotState.OPEN)
deadline("trading.step_ends", Lot.step_due_at, Lot.state == LotState.EVALUATING)
deadline("trading.award_lapses", Award.sign_by, Award.state == AwardState.OFFERED)

RENEWED_EVERY = timedelta(seconds=5)
RENEWED_ONE_IN = 12
"""On average once a minute for each open sealed lot, and never at a moment that can be foreseen."""


@periodic("trading.open_due", every=timedelta(seconds=1))
async def open_due(means: Means) -> int:
    return await service.open_due(means.tx)


@periodic("trading.go_on_due", every=timedelta(seconds=1))
async def go_on_due(means: Means) -> int:
    return await service.go_on_due(means.tx)


@periodic("trading.close_due", every=timedelta(seconds=1))
async def close_due(means: Means) -> int:
    return await service.close_due(means.tx)


@periodic("trading.close_slots_due", every=timedelta(seconds=1))
async def close_slots_due(means: Means) -> int:
    return await service.close_slots_due(means.tx, means.keys)


@periodic("trading.renew_covers", every=RENEWED_EVERY)
async def renew_covers(means: Means) -> int:
    return await service.renew_covers(means.tx, means.keys, one_in=RENEWED_ONE_IN, within=RENEWED_EVERY)


@periodic("trading.step_due", every=timedelta(seconds=1))
async def step_due(means: Means) -> int:
    return await service.step_due(means.tx)


@periodic("trading.lapse_due", every=timedelta(seconds=5))
async def lapse_due(means: Means) -> int:
    return await service.lapse_due(means.tx)


@periodic("trading.scores_due", every=timedelta(seconds=5))
async def scores_due(means: Means) -> int:
    return await service.scores_due(means.tx, means.keys)


@periodic("trading.extend_due", every=timedelta(seconds=30))
async def extend_due(means: Means) -> int:
    return await service.extend_due(means.tx)


@periodic("trading.silence_due", every=timedelta(seconds=30))
async def silence_due(means: Means) -> int:
    return await service.silence_due(means.tx)


@periodic("trading.resume_due", every=timedelta(seconds=30))
async def resume_due(means: Means) -> int:
    return await service.resume_due(means.tx)


@reacts_to("trading.follow_suspension", NoticeSuspended)
async def follow_suspension(means: Means, event: NoticeSuspended) -> None:
    await _follow(means, event.subject)


@reacts_to("trading.follow_resumption", NoticeResumed)
async def follow_resumption(means: Means, event: NoticeResumed) -> None:
    await _follow(means, event.subject)


@reacts_to("trading.follow_extension", NoticeExtended)
async def follow_extension(means: Means, event: NoticeExtended) -> None:
    await _follow(means, event.subject)


@reacts_to("trading.follow_decision", ObjectionDecided)
async def follow_decision(means: Means, event: ObjectionDecided) -> None:
    """The days an objection took are over: the announcement ends later, and the opening moves with it."""
    await _follow(means, event.subject)


@reacts_to("trading.follow_withdrawal", ObjectionWithdrawn)
async def follow_withdrawal(means: Means, event: ObjectionWithdrawn) -> None:
    await _follow(means, event.subject)


@reacts_to("trading.follow_replacement", NoticeEnded)
async def follow_replacement(means: Means, event: NoticeEnded) -> None:
    """Another notice stands in the place of the announcement, or of the one of an award."""
    if event.state is not NoticeState.REPLACED:
        return
    await _follow(means, event.subject)
    about = Ref.parse(event.subject)
    if about.kind == "award":
        await service.follow_award_notice(means.tx, about.id)


async def _follow(means: Means, subject: str) -> None:
    about = Ref.parse(subject)
    if about.kind == "trade":
        await service.follow_announcement(means.tx, about.id)


@reacts_to("trading.follow_calendar", WorkDaysEntered)
async def follow_calendar(means: Means, _event: WorkDaysEntered) -> None:
    await service.follow_calendar(means.tx)


@reacts_to("trading.hold_deposit", DuePaid)
async def hold_deposit(means: Means, event: DuePaid) -> None:
    if event.purpose is Purpose.DEPOSIT:
        await service.hold_deposit(means.tx, event.due_id)


@reacts_to("trading.end_after_objection", ObjectionUpheld)
async def end_after_objection(means: Means, event: ObjectionUpheld) -> None:
    subject = Ref.parse(event.subject)
    if subject.kind == "trade":
        await service.terminate_trade(means.tx, subject.id)
    elif subject.kind == "award":
        await service.annul_award(means.tx, subject.id)
