"""What an event starts in contracts."""

from __future__ import annotations

from techmarket.contracts import service
from techmarket.db.jobs import reacts_to
from techmarket.db.means import Means
from techmarket.settlement.events import DuePaid
from techmarket.trading.events import AwardAnnulled, AwardLapsed


@reacts_to("contracts.mark_paid", DuePaid)
async def mark_paid(means: Means, event: DuePaid) -> None:
    """A paid due marks the plan line or the royalty report it was raised for."""
    await service.mark_paid(means.tx, event.due_id)


@reacts_to("contracts.cancel_lapsed", AwardLapsed)
async def cancel_lapsed(means: Means, event: AwardLapsed) -> None:
    """A lapsed award takes its unsigned contract with it."""
    await service.cancel_lapsed(means.tx, event.award_id)


@reacts_to("contracts.cancel_annulled", AwardAnnulled)
async def cancel_annulled(means: Means, event: AwardAnnulled) -> None:
    """An award that an upheld objection annulled takes its unsigned contract with it, too."""
    await service.cancel_lapsed(means.tx, event.award_id, cause="award_annulled")
