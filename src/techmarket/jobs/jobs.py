"""What the clock starts for the house itself."""

from __future__ import annotations

from datetime import timedelta

from techmarket.db import allowances, idempotency, marks
from techmarket.db.jobs import periodic
from techmarket.db.means import Means


@periodic("jobs.forget_old_answers", every=timedelta(minutes=10))
async def forget_old_answers(means: Means) -> None:
    """Answers kept for retries go when their promise has run out, so that the table stays small."""
    await idempotency.forget_old(means.tx)


@periodic("jobs.forget_old_allowances", every=timedelta(minutes=10))
async def forget_old_allowances(means: Means) -> None:
    """Allowances of minutes that are long over go."""
    await allowances.forget_old(means.tx)


@periodic("jobs.forget_old_marks", every=timedelta(minutes=10))
async def forget_old_marks(means: Means) -> None:
    """Marks of traces that nobody goes on from any more go."""
    await marks.forget_old(means.tx)


@periodic("jobs.sweep_files", every=timedelta(minutes=30))
async def sweep_files(means: Means) -> None:
    """What killed uploads left in the object store goes; whatever a row names stays."""
    await means.files.sweep(means.tx)
