"""What the clock starts in listings."""

from __future__ import annotations

from datetime import timedelta

from techmarket.db.jobs import deadline, periodic
from techmarket.db.means import Means
from techmarket.listings import service
from techmarket.listings.lifecycle import ListingState
from techmarket.listings.tables import Listing

deadline("listings.listing_expires", Listing.expires_on, Listing.state == ListingState.PUBLISHED)


@periodic("listings.expire", every=timedelta(seconds=30))
async def expire(means: Means) -> None:
    """Take what is past its last day out of the public's sight."""
    await service.expire_due(means.tx, limit=500)


@periodic("listings.publish", every=timedelta(seconds=5))
async def publish(means: Means) -> None:
    """Publish what was accepted and held back until now."""
    await service.publish_due(means.tx)
