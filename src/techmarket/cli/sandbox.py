"""`techmarket sandbox`: a market to try things on, beside the live one and strictly apart from it.

It has its own folder, and in it its own PostgreSQL, objects and keys; nothing the live market was given reaches it. Its
keys are test keys, its log and its certificates say that they are of a sandbox, its clock runs as fast as it is told.
"""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

from rich.console import Console

from techmarket.cli import serve as serving
from techmarket.cli import state
from techmarket.cli.demo.play import run_demo
from techmarket.cli.running import require_free_port
from techmarket.db import embedded
from techmarket.identity import service as identity
from techmarket.settings import Settings

SHARED = frozenset(
    {"host", "log_json", "market_name", "session_idle_seconds", "session_seconds", "embedder"}
    | {"watchers_max", "watchers_each_max", "upload_bytes_max", "upload_seconds", "room_documents_max"}
    | {"room_bytes_max", "webhooks_inside", "reads_per_minute", "writes_per_minute", "bids_per_minute"}
    | {"open_per_minute", "organisations_per_day"}
)
"""All that a sandbox takes from the settings of the market beside it. Listed, so that what is added later stays out."""


def settings_of(live: Settings, *, port: int, folder: Path | None) -> Settings:
    """The settings of the sandbox beside this market: another folder and port, and no database, key or secret of it."""
    folder = folder or live.state_dir / "sandbox"
    if folder.resolve() == live.state_dir.resolve():
        raise SystemExit("techmarket: this folder is the live market's own; give another.")
    # A model outside that knows the market by a token is not asked by its sandbox: search goes by words alone there.
    shared = {name: getattr(live, name) for name in SHARED if name != "embedder" or live.embedder_token is None}
    bare = {name: field.get_default() for name, field in Settings.model_fields.items()}
    host = f"[{live.host}]" if ":" in live.host else live.host
    return Settings.model_construct(
        **bare | shared | {"state_dir": folder, "port": port, "sandbox": True, "public_url": f"http://{host}:{port}"}
    )


def throw_away(folder: Path) -> None:
    """Everything of a sandbox that does not run. A folder without a sandbox's mark is left alone: a live market has
    keys, staff and a database in its folder, too."""
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    if not (folder / state.SANDBOX_MARK).is_file():
        raise SystemExit(
            f"techmarket: {folder} has no mark of a sandbox ({state.SANDBOX_MARK}); nothing was removed. "
            "A sandbox gets it when it starts: start it once without --reset."
        )
    embedded.remove(folder.resolve())
    shutil.rmtree(folder, ignore_errors=True)


async def run(
    live: Settings,
    console: Console,
    *,
    port: int,
    folder: Path | None,
    rate: int,
    reset: bool,
    empty: bool,
) -> None:
    """Start the sandbox and serve it until asked to stop."""
    settings = settings_of(live, port=port, folder=folder)
    require_free_port(settings)
    if reset:
        await asyncio.to_thread(throw_away, settings.state_dir)
    console.print(f"Sandbox under {settings.state_dir}, on {settings.public_url}; its clock runs {rate} times as fast.")
    console.print("Its keys begin with tmk_test_; a live market refuses them, and the sandbox refuses live ones.")
    if not empty:
        await run_demo(settings, console, data=None, report=None, stay=True, rate=rate)
        return
    async with state.open_market(settings, application="api") as market:
        await identity.run_clock_at(market.means.tx, rate)
        await serving.serve(market, settings, jobs=True)
