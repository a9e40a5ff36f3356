"""What an event starts in revenue."""

from __future__ import annotations

from datetime import timedelta

from techmarket.contracts.events import RegistrationRevoked
from techmarket.db.jobs import periodic, reacts_to
from techmarket.db.means import Means
from techmarket.kernel.ids import Ref
from techmarket.notices.events import NoticeCleared, NoticeEnded
from techmarket.notices.kinds import NoticeKind
from techmarket.notices.lifecycle import NoticeState
from techmarket.revenue import service
from techmarket.settlement.events import DueRefunded, PayoutConfirmed, PayoutFailed, Released


@reacts_to("revenue.take_released", Released)
async def take_released(means: Means, event: Released) -> None:
    """Money released to the payee of a contract is income of that contract, once per due."""
    await service.take_released(means.tx, event.due_id)


@reacts_to("revenue.clear_distribution", NoticeCleared)
async def clear_distribution(means: Means, event: NoticeCleared) -> None:
    """A reward list that has stood its time makes its distribution payable."""
    if event.notice_kind is NoticeKind.REWARD_LIST:
        await service.clear_distribution(means.tx, event.notice_id)


@reacts_to("revenue.follow_notice", NoticeEnded)
async def follow_notice(means: Means, event: NoticeEnded) -> None:
    """Another list stands in the place of the one that a distribution or new lines wait for."""
    about = Ref.parse(event.subject)
    if event.state is NoticeState.REPLACED and about.kind in ("distribution", "line_rework"):
        await service.follow_notice(means.tx, about)


@reacts_to("revenue.settle_confirmed", PayoutConfirmed)
async def settle_confirmed(means: Means, event: PayoutConfirmed) -> None:
    """A payout that the bank confirmed has paid its line."""
    await service.settle_line(means.tx, event.payout_id)


@reacts_to("revenue.settle_failed", PayoutFailed)
async def settle_failed(means: Means, event: PayoutFailed) -> None:
    """A payout that the bank could not make leaves its line to be instructed anew."""
    await service.settle_line(means.tx, event.payout_id)


@reacts_to("revenue.take_refunded", DueRefunded)
async def take_refunded(means: Means, event: DueRefunded) -> None:
    """Money that went back is no income any more; what was shared of it is owed back."""
    await service.take_refund(means.tx, event.due_id)


@reacts_to("revenue.revise_flags", RegistrationRevoked)
async def revise_flags(means: Means, event: RegistrationRevoked) -> None:
    """Relief that stood on the registration falls (ZJTM art. 24)."""
    await service.revise_flags(means.tx, event.contract_id)


@periodic("revenue.watch_terms", every=timedelta(seconds=30))
async def watch_terms(means: Means) -> None:
    """Tell of rewards that are due soon, and of those whose day has passed."""
    await service.watch_terms(means.tx)
