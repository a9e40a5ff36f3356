"""What an event starts in revenue."""

from __future__ import annotations

from techmarket.db.jobs import reacts_to
from techmarket.db.means import Means
from techmarket.notices.events import NoticeCleared
from techmarket.notices.kinds import NoticeKind
from techmarket.revenue import service
from techmarket.settlement.events import PayoutConfirmed, PayoutFailed, Released


@reacts_to("revenue.take_released", Released)
async def take_released(means: Means, event: Released) -> None:
    """Money released to the payee of a contract is income of that contract, once per due."""
    await service.take_released(means.tx, event.due_id)


@reacts_to("revenue.clear_distribution", NoticeCleared)
async def clear_distribution(means: Means, event: NoticeCleared) -> None:
    """A reward list that has stood its time makes its distribution payable."""
    if event.notice_kind is NoticeKind.REWARD_LIST:
        await service.clear_distribution(means.tx, event.notice_id)


@reacts_to("revenue.settle_confirmed", PayoutConfirmed)
async def settle_confirmed(means: Means, event: PayoutConfirmed) -> None:
    """A payout that the bank confirmed has paid its line."""
    await service.settle_line(means.tx, event.payout_id)


@reacts_to("revenue.settle_failed", PayoutFailed)
async def settle_failed(means: Means, event: PayoutFailed) -> None:
    """A payout that the bank could not make leaves its line to be instructed anew."""
    await service.settle_line(means.tx, event.payout_id)
