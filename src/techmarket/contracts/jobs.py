"""What an event starts in contracts."""

from __future__ import annotations

from datetime import timedelta

from techmarket.contracts import service
from techmarket.contracts.lifecycle import ContractState
from techmarket.contracts.tables import Contract
from techmarket.db.jobs import deadline, periodic, reacts_to
from techmarket.db.means import Means
from techmarket.kernel.ids import Ref
from techmarket.notices.events import NoticeEnded
from techmarket.notices.lifecycle import NoticeState
from techmarket.settlement.events import DuePaid, DueRefunded
from techmarket.trading.events import AwardAnnulled, AwardLapsed


@reacts_to("contracts.mark_paid", DuePaid)
async def mark_paid(means: Means, event: DuePaid) -> None:
    """A paid due marks the plan line or the royalty report it was raised for."""
    await service.mark_paid(means.tx, event.due_id)


@reacts_to("contracts.mark_refunded", DueRefunded)
async def mark_refunded(means: Means, event: DueRefunded) -> None:
    """What went back is paid no longer."""
    await service.mark_refunded(means.tx, event.due_id)


@reacts_to("contracts.cancel_lapsed", AwardLapsed)
async def cancel_lapsed(means: Means, event: AwardLapsed) -> None:
    """A lapsed award takes its unsigned contract with it."""
    await service.cancel_lapsed(means.tx, event.award_id)


@reacts_to("contracts.cancel_annulled", AwardAnnulled)
async def cancel_annulled(means: Means, event: AwardAnnulled) -> None:
    """An award that an upheld objection annulled takes its unsigned contract with it, too."""
    await service.cancel_lapsed(means.tx, event.award_id, cause="award_annulled")


deadline("contracts.trial_ends", Contract.trial_until, Contract.state == ContractState.TRIAL)


@reacts_to("contracts.follow_notice", NoticeEnded)
async def follow_notice(means: Means, event: NoticeEnded) -> None:
    """Another notice stands in the place of the one a contract waits for."""
    about = Ref.parse(event.subject)
    if event.state is NoticeState.REPLACED and about.kind in ("contract", "award"):
        await service.follow_notice(means.tx, about)


@periodic("contracts.lapse_trials", every=timedelta(minutes=10))
async def lapse_trials(means: Means) -> None:
    """A trial that nobody accepted lapses by itself."""
    await service.lapse_trials(means.tx)


@periodic("contracts.watch_deadlines", every=timedelta(minutes=1))
async def watch_deadlines(means: Means) -> None:
    """What was not done by its day is told once."""
    while await service.announce_passed(means.tx, limit=100) == 100:
        pass


@periodic("contracts.order_signatures", every=timedelta(seconds=10))
async def order_signatures(means: Means) -> None:
    """Orders for signatures go to the service, and what it has signed comes back."""
    await service.close_stale_orders(means.tx)
    await service.send_orders(means.tx, means.files, means.provider)
    await service.collect_orders(means.tx, means.files, means.keys, means.provider)
