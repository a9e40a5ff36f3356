"""Puts everything together; the only file that knows all the parts."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from types import MappingProxyType

import structlog
from fastapi import FastAPI
from sqlalchemy import text

from techmarket import __version__
from techmarket.api import (
    access,
    achievements,
    administrators,
    announcements,
    approvals,
    attestations,
    audit,
    bank,
    bids,
    burdens,
    calculations,
    certification,
    changes,
    clients,
    consents,
    contract_papers,
    contracts,
    conversion_reports,
    disclosure,
    distributions,
    document,
    dossiers,
    evidence,
    feed,
    figures,
    floor,
    following,
    hub,
    identity,
    imports,
    incomes,
    intents,
    invoices,
    keys,
    ledger,
    listings,
    live,
    matching,
    money_acts,
    ndas,
    nodes,
    notices,
    notifications,
    oauth,
    objections,
    observe,
    officers,
    opendata,
    outside,
    panels,
    participants,
    people,
    performing,
    personal,
    powers,
    projects,
    public_reads,
    questions,
    records,
    refusals,
    registrations,
    reviews,
    reward_claims,
    rule_effects,
    rulebook,
    sandbox,
    scenarios,
    sealed,
    sessions,
    settlement,
    share_holds,
    share_tables,
    signing,
    statements,
    syndication,
    talks,
    tlog,
    trading,
    transparency,
    unit_rules,
    vesting,
    webhooks,
    work,
)
from techmarket.api import docs as refusal_docs
from techmarket.api.document import Document
from techmarket.api.feeds import WATCHERS_EACH_MAX, WATCHERS_MAX, Live
from techmarket.api.hot import Market
from techmarket.api.kept import KeptReplies
from techmarket.api.limits import BodyRule, Limits
from techmarket.api.narrowing import narrow
from techmarket.api.openapi import describe
from techmarket.api.rates import Rates
from techmarket.api.remembered import RememberedKeys
from techmarket.api.searches import KeptSearches
from techmarket.api.turns import Doors, Turns
from techmarket.api.uses import LastUses
from techmarket.db.means import Means
from techmarket.db.session import pool_places
from techmarket.disclosure.rules import RoomLimits
from techmarket.hub.opendata import OCID_PREFIX
from techmarket.identity.providers import House
from techmarket.identity.rules import SessionLimits
from techmarket.jobs.runner import load_jobs, running
from techmarket.trading.bidbook import BidBook
from techmarket.web import pages

ROUTERS = (
    identity.router,
    keys.router,
    clients.router,
    people.router,
    powers.router,
    intents.router,
    personal.router,
    sessions.door,
    sessions.router,
    outside.door,
    outside.router,
    rulebook.router,
    ledger.router,
    settlement.router,
    settlement.bank_door,
    money_acts.router,
    invoices.router,
    sandbox.router,
    signing.router,
    notices.router,
    objections.router,
    evidence.router,
    disclosure.router,
    access.router,
    questions.router,
    ndas.router,
    transparency.router,
    audit.router,
    audit.files,
    transparency.commitments,
    tlog.router,
    achievements.router,
    burdens.router,
    approvals.router,
    attestations.router,
    consents.router,
    vesting.router,
    listings.router,
    reviews.router,
    scenarios.router,
    trading.router,
    participants.router,
    talks.router,
    panels.router,
    records.router,
    announcements.router,
    floor.router,
    sealed.router,
    contracts.router,
    performing.router,
    changes.router,
    contract_papers.router,
    registrations.router,
    certification.router,
    certification.well_known,
    unit_rules.router,
    share_tables.router,
    share_holds.router,
    incomes.router,
    distributions.router,
    reward_claims.router,
    statements.router,
    calculations.router,
    rule_effects.router,
    conversion_reports.router,
    dossiers.router,
    projects.router,
    hub.router,
    feed.router,
    imports.router,
    imports.reports,
    syndication.router,
    nodes.router,
    administrators.router,
    webhooks.router,
    work.router,
    notifications.router,
    officers.router,
    opendata.router,
    opendata.bulk,
    bank.router,
    matching.router,
    following.router,
)
narrow((*ROUTERS, pages.router))

BODIES: tuple[BodyRule, ...] = (
    *bank.BODIES,
    *certification.BODIES,
    *evidence.BODIES,
    *hub.BODIES,
    *notifications.BODIES,
    *imports.BODIES,
    *oauth.BODIES,
)
ROOM_LIMITS = RoomLimits()
SESSION_LIMITS = SessionLimits()
NO_QUOTAS: Mapping[str, int] = MappingProxyType({})


def create_app(
    means: Means,
    *,
    jobs_in_process: bool = False,
    watchers_max: int = WATCHERS_MAX,
    watchers_each_max: int = WATCHERS_EACH_MAX,
    room_limits: RoomLimits = ROOM_LIMITS,
    session_limits: SessionLimits = SESSION_LIMITS,
    organisations_per_day: int = 0,
    quotas: Mapping[str, int] = NO_QUOTAS,
    houses: Sequence[House] = (),
    ocid_prefix: str = OCID_PREFIX,
) -> FastAPI:
    """The whole HTTP edge over the given means. Opens nothing at import; the lifespan ends what it starts."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.is_stopping = False
        jobs = running(means) if jobs_in_process else contextlib.nullcontext()
        near = means.tx.watching_standby()
        async with app.state.last_uses, app.state.kept_searches, jobs, app.state.bid_book, app.state.live, near:
            yield
            app.state.is_stopping = True

    load_jobs()  # where deadlines stand is declared beside them: a sandbox jumps there
    if not structlog.is_configured():  # its own default would print local variables, secrets too
        observe.configure_logging(json=True)
    app = Market(
        title="techmarket",
        version=__version__,
        lifespan=lifespan,
        openapi_url=None,  # made beside all others by `document`, and not where it is asked for
        docs_url=None,  # its page would load a script of others into the origin of the portal
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.means = means
    app.state.last_uses = LastUses(means.tx)
    app.state.kept_searches = KeptSearches(means.tx)
    app.state.kept_replies = KeptReplies()
    app.state.live = Live(means.tx.engine, watchers_max=watchers_max, watchers_each_max=watchers_each_max)
    app.state.remembered_keys = RememberedKeys(uses=app.state.last_uses, on_change=app.state.live.hear)
    app.state.live.heed(app.state.remembered_keys)
    app.state.bid_book = BidBook(means.tx.engine, means.keys.receipts, heeds=(app.state.remembered_keys,))
    app.state.room_limits = room_limits
    app.state.session_limits = session_limits
    app.state.organisations_per_day = organisations_per_day
    app.state.houses = {one.name: one for one in houses}
    app.state.ocid_prefix = ocid_prefix
    app.state.rates = Rates(means.tx, quotas)
    app.state.turns = Turns(pool_places(means.tx.engine))
    app.state.doors = Doors(pool_places(means.tx.engine))
    app.state.is_stopping = False
    app.state.refusal_page = pages.refusal_page

    async def ready() -> bool:
        """Ready means: not stopping, and a migrated database answers."""
        if app.state.is_stopping:
            return False
        async with means.tx.read() as db:
            await db.execute(text("SELECT 1 FROM journal_log LIMIT 1"))
        return True

    app.state.document = Document(lambda: app.openapi())
    app.hot = (*bids.routes(), *public_reads.routes())
    app.router.routes[:0] = [
        *bids.routes(),
        *live.routes(),
        *notifications.routes(),
        *oauth.routes(),
        *observe.routes(ready, lambda: figures.take(means.tx)),
        *refusal_docs.routes(ROUTERS),
        *document.routes(),
    ]
    for router in ROUTERS:
        app.include_router(router)
    bids.describe(app)
    live.describe(app)
    app.include_router(pages.router)
    refusals.install(app)
    bodies = (*BODIES, *disclosure.bodies(room_limits))
    describe(app, ROUTERS, bodies)
    app.add_middleware(Limits, rules=bodies)
    app.add_middleware(observe.Observe)
    return app
