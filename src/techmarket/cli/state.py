"""Opens the market a command works on: the embedded server or the given one, migrated, with its keys and files."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import structlog
from alembic import command
from alembic.config import Config
from pydantic import SecretStr
from sqlalchemy.exc import DBAPIError

import techmarket
from techmarket.api.rows import FileReader
from techmarket.db import clock, embedded, journal, roles, server_check, tracing
from techmarket.db import keys as market_keys
from techmarket.db.calling import Caller
from techmarket.db.custody import Custody
from techmarket.db.files import Files
from techmarket.db.keys import Keys, MissingSecret
from techmarket.db.means import Kept, Means
from techmarket.db.session import Tx, make_engine
from techmarket.identity import service as identity
from techmarket.matching.meaning.choosing import UnknownEmbedder, chosen_embedders
from techmarket.rulebook import service as rulebook
from techmarket.settings import Settings
from techmarket.signing.outside import HttpSignProvider, OidcVoucher
from techmarket.transparency import service as transparency
from techmarket.transparency.cosigning import parse_witnesses
from techmarket.workbench.mailing import Mailer, Security

log = structlog.get_logger("techmarket.state")
MAY_NOT = "42501"
SANDBOX_MARK = "SANDBOX"
"""The file that says of a state folder that a sandbox lives in it. A live market's folder never gets it."""
SECRETS = ("log_key", "issuer_key", "receipts_key", "pepper", "bank_secret", "paper_key", "paper_certificate")


@dataclass(frozen=True)
class OpenMarket:
    means: Means
    url: str
    state_dir: Path
    staff_file: Path

    def staff(self) -> dict[str, str]:
        """The API keys of the market's first staff, as they were shown at the founding."""
        return dict(json.loads(self.staff_file.read_text())) if self.staff_file.exists() else {}


@asynccontextmanager
async def open_market(
    settings: Settings,
    *,
    application: str,
    start_at: datetime | None = None,
    prepare: bool = True,
    as_owner: bool = False,
) -> AsyncIterator[OpenMarket]:
    """The means of one command. `prepare` migrates and founds; a worker beside a served market only connects.

    `as_owner` is for commands that look after the database itself; all others work as the application.
    """
    settings.state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    keys = replace(load_keys(settings), is_sandbox=settings.is_sandbox, former_pepper=_former_pepper(settings))
    try:
        witnesses = parse_witnesses(settings.witnesses)
    except ValueError as error:
        raise SystemExit(f"techmarket: TECHMARKET_WITNESSES: {error}") from error
    key = settings.embedder_token.get_secret_value() if settings.embedder_token else None
    try:
        embedders = chosen_embedders((settings.embedder, settings.embedder_next), key)
    except UnknownEmbedder as error:
        raise SystemExit(f"techmarket: TECHMARKET_EMBEDDER: {error}") from error
    async with AsyncExitStack() as stack:
        stack.enter_context(_traces(settings, application))
        url, owner_url = await stack.enter_async_context(_server(settings))
        if prepare:
            await asyncio.to_thread(migrate, owner_url or url)
        read_url = settings.read_url.get_secret_value() if settings.read_url else None
        tx = Tx(
            make_engine(owner_url or url if as_owner else url, pool_size=settings.pool_size, application=application),
            make_engine(read_url, pool_size=settings.pool_size, application=application, ask_first=True)
            if read_url
            else None,
            behind_max=settings.read_behind_seconds,
        )
        stack.push_async_callback(tx.dispose)
        builder = None
        if owner_url is not None and not as_owner:
            builder = Tx(make_engine(owner_url, pool_size=2, application=f"{application}-owner"))
            stack.push_async_callback(builder.dispose)
        means = Means(
            tx,
            keys,
            Files.at(settings.object_store or settings.state_dir / "objects"),
            witnesses,
            embedders=embedders,
            provider=_provider(settings),
            voucher=_voucher(settings),
            public_url=settings.public_url,
            caller=Caller(may_reach_inside=settings.webhooks_inside),
            mailer=_mailer(settings),
            kept=Kept(
                webhook_deliveries=timedelta(days=settings.webhook_deliveries_days),
                notifications=timedelta(days=settings.notifications_days),
                unread_notifications=timedelta(days=settings.unread_notifications_days),
            ),
            reader=FileReader(),
            builder=builder,
        )
        market = OpenMarket(means, owner_url or url, settings.state_dir, settings.state_dir / "staff.json")
        await require_of_its_world(tx, settings)
        if not as_owner:
            await require_fit(tx, settings)
        if prepare:
            await found(market, settings, start_at)
        yield market


async def require_fit(tx: Tx, settings: Settings) -> None:
    """A live market runs as a role that can break nothing that stands for good, on a server that keeps what it
    acknowledges; a sandbox is told what it lacks."""
    async with tx.read() as db:
        lacking = await roles.unfit(db)
    if lacking and not settings.is_sandbox:
        raise server_check.UnsuitableServerError("; ".join(lacking) + " (docs/running.md, Roles).")
    for one in lacking:
        log.warning("database_unfit_for_a_live_market", why=one)


@contextmanager
def _traces(settings: Settings, application: str) -> Iterator[None]:
    """What is done meanwhile is told to the collector, where there is one; its library is loaded only then."""
    if settings.traces_url is None:
        yield
        return
    tracing.begin(
        settings.traces_url,
        share=settings.traces_share,
        service=f"techmarket-{application}",
        version=techmarket.__version__,
    )
    try:
        yield
    finally:
        tracing.end()


def _provider(settings: Settings) -> HttpSignProvider | None:
    """The signature service of this market, if it has one; both sides then share a secret."""
    if not settings.sign_provider_url:
        return None
    if settings.sign_provider_secret is None or not settings.sign_provider_secret.get_secret_value():
        raise SystemExit("techmarket: TECHMARKET_SIGN_PROVIDER_SECRET is missing beside TECHMARKET_SIGN_PROVIDER_URL")
    return HttpSignProvider(settings.sign_provider_url, settings.sign_provider_secret.get_secret_value().encode())


def _voucher(settings: Settings) -> OidcVoucher | None:
    """The OpenID provider that says who signs, if the market has one."""
    return OidcVoucher(settings.oidc_issuer, settings.oidc_audience) if settings.oidc_issuer else None


def _mailer(settings: Settings) -> Mailer | None:
    """The server that takes this market's mail, if it has one; without one all notifications stay in the inbox."""
    if not settings.smtp_host:
        return None
    if not settings.mail_from:
        raise SystemExit("techmarket: TECHMARKET_MAIL_FROM is missing beside TECHMARKET_SMTP_HOST")
    password = settings.smtp_password.get_secret_value() if settings.smtp_password else None
    return Mailer(
        settings.smtp_host,
        settings.smtp_port,
        Security(settings.smtp_security),
        settings.mail_from,
        settings.smtp_user,
        password,
    )


@asynccontextmanager
async def _server(settings: Settings) -> AsyncIterator[tuple[str, str | None]]:
    """Where the database is for the application, and for its owner where this process knows."""
    if settings.database_url is not None:
        url, owner_url = (
            one.get_secret_value().replace("postgresql://", "postgresql+asyncpg://") if one else None
            for one in (settings.database_url, settings.owner_url)
        )
        assert url is not None
        await server_check.check_server(url)
        yield url, owner_url
        return
    server = await asyncio.to_thread(embedded.start, settings.state_dir.resolve())
    try:
        yield server.app_url(), server.url()
    finally:
        await asyncio.shield(asyncio.to_thread(server.stop))


def migrate(url: str) -> None:
    """Bring the schema to the newest revision; one process at a time, by advisory lock."""
    config = Config(project_folder() / "alembic.ini")
    config.attributes["url"] = url
    try:
        command.upgrade(config, "head")
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != MAY_NOT:
            raise
        raise server_check.UnsuitableServerError(
            "The schema is older than this version, and the role of TECHMARKET_DATABASE_URL may not change it: "
            "run techmarket migrate with the owner's address in TECHMARKET_OWNER_URL."
        ) from error
    asyncio.run(_settle_roles(url))


async def _settle_roles(url: str) -> None:
    """The grants are put right where they differ, by whoever owns the tables."""
    tx = Tx(make_engine(url, pool_size=1, application="migrate"))
    try:
        async with tx.begin() as db:
            if await roles.may_build(db):
                for table in await roles.settle(db):
                    log.info("grants_put_right", table=table)
    finally:
        await tx.dispose()


def project_folder() -> Path:
    """Where `migrations/` lies: beside `src/` in a checkout, else the working folder (as in the container image)."""
    beside = Path(techmarket.__file__).parents[2]
    return beside if (beside / "alembic.ini").exists() else Path.cwd()


async def found(market: OpenMarket, settings: Settings, start_at: datetime | None) -> None:
    """What a market needs before its first request: its clock, its organisation and staff, its rulebook, its keys."""
    tx = market.means.tx
    if settings.is_sandbox:
        async with (market.means.builder or tx).begin() as db:  # the owner's word: the application cannot say it
            await clock.open_sandbox(db, start_at)
        write_private(market.state_dir / SANDBOX_MARK, "A sandbox of techmarket: a sample, worth nothing.\n")
    shown = await identity.found_market(tx, market.means.keys, name=settings.market_name)
    if shown:
        write_private(market.staff_file, json.dumps(shown, indent=2))
    await rulebook.load_rules(tx)
    await transparency.publish_keys(tx, market.means.keys)


class WrongWorld(Exception):
    """Live data and a sandbox are never mixed: a database is one or the other for good."""


async def require_of_its_world(tx: Tx, settings: Settings) -> None:
    """A sandbox opens no live market, and a live market no sandbox; an empty database becomes either."""
    async with tx.read() as db:
        if await journal.is_empty(db):
            return
        is_sandbox = await clock.is_sandbox(db)
    if is_sandbox and not settings.is_sandbox:
        raise WrongWorld("this database holds a sandbox: TECHMARKET_SANDBOX=true opens it, a live market never does")
    if settings.is_sandbox and not is_sandbox:
        raise WrongWorld("this database holds a live market: a sandbox has another one")


def load_keys(settings: Settings) -> Keys:
    """Given keys, or keys generated once under the state folder; a given server without its secrets does not start."""
    given: dict[str, SecretStr | None] = {name: getattr(settings, name) for name in SECRETS}
    if settings.is_embedded and not any(given.values()):
        return market_keys.generated(settings.state_dir / "keys")
    missing = [f"TECHMARKET_{name.upper()}" for name, value in given.items() if value is None]
    if missing:
        raise MissingSecret(f"these settings are missing: {', '.join(missing)}")
    held = {name: value.get_secret_value() for name, value in given.items() if value is not None}
    return market_keys.given(
        log_pem=held["log_key"],
        issuer_pem=held["issuer_key"],
        receipts_pem=held["receipts_key"],
        pepper=held["pepper"],
        bank_secret=held["bank_secret"],
        paper_pem=held["paper_key"],
        paper_certificate=held["paper_certificate"],
        custody=Custody(
            settings.pkcs11_module, settings.pkcs11_pin.get_secret_value() if settings.pkcs11_pin else None
        ),
    )


def _former_pepper(settings: Settings) -> bytes | None:
    """The pepper before this one, in force until everything that rests on it was used or has run out."""
    told = settings.former_pepper.get_secret_value() if settings.former_pepper else ""
    if not told:
        return None
    market_keys.require_good("former pepper", told)
    return told.encode()


def write_private(path: Path, text: str) -> None:
    """A file that only its owner reads; written whole or not at all."""
    beside = path.with_suffix(".new")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(text)
    beside.replace(path)
