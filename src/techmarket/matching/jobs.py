"""What the clock starts in matching, and what follows the journal."""

from __future__ import annotations

from datetime import timedelta

from techmarket.db.jobs import follows_journal, periodic, reacts_to
from techmarket.db.means import Means
from techmarket.identity.events import PersonErased
from techmarket.matching import service

ROUNDS_MAX = 20
EMBED_ROUNDS_MAX = 4


@follows_journal("matching.index")
async def index(means: Means) -> int:
    """Bring what has changed into the index as soon as the journal has it, so that what was published is found at once.

    Returns how many entries were handled.
    """
    handled = 0
    for _ in range(ROUNDS_MAX):
        more = await service.follow(means.tx)
        handled += more
        if not more:
            break
    return handled


@periodic("matching.sweep", every=timedelta(minutes=1))
async def sweep(means: Means) -> None:
    """Take what has left the market out of the postings, a bounded piece at a time."""
    for _ in range(ROUNDS_MAX):
        if not await service.sweep(means.tx):
            return


@periodic("matching.rebuild", every=timedelta(minutes=10))
async def rebuild(means: Means) -> None:
    """Build the index anew where it was counted by another version of the terms."""
    if await service.is_outdated(means.tx):
        await service.rebuild(means.builder or means.tx)


@periodic("matching.embed", every=timedelta(seconds=2))
async def embed(means: Means) -> None:
    """Give every document its vector, by the embedder in use and by the one to come."""
    for embedder in means.embedders:
        for _ in range(EMBED_ROUNDS_MAX):
            if not await service.embed_some(means.tx, embedder):
                break


@periodic("matching.tend_vectors", every=timedelta(minutes=10))
async def tend_vectors(means: Means) -> None:
    """Build the approximate index of a space that has grown large; drop the vectors of models no longer set."""
    if means.embedders:
        await service.tend_vectors(means.tx, means.embedders, means.builder)


@periodic("matching.alert", every=timedelta(seconds=2))
async def alert(means: Means) -> None:
    """Compare what is new with the searches that go on, and tell what is due."""
    for _ in range(ROUNDS_MAX):
        if not await service.look_for_alerts(means.tx):
            break
    for _ in range(ROUNDS_MAX):
        if not await service.tell(means.tx):
            return


@periodic("matching.compare_blind", every=timedelta(minutes=10))
async def compare_blind(means: Means) -> None:
    """Compare the undisclosed text of those who agreed to it."""
    await service.compare_blind(means.tx)


@periodic("matching.learn", every=timedelta(minutes=30))
async def learn(means: Means) -> None:
    """Learn from feedback, bring profiles to the present terms, and let old answers go."""
    await service.train_reranker(means.tx)
    await service.reindex_people(means.tx)
    while await service.forget_answers(means.tx):
        pass


@reacts_to("matching.forget_person", PersonErased)
async def forget_person(means: Means, event: PersonErased) -> None:
    """Whoever left is found by nobody, and no search of his goes on."""
    await service.forget_person(means.tx, event.person_id)
