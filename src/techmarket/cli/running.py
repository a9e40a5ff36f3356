"""How every command reads its settings and runs its work: what an operator can mend is one clear line."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import Coroutine
from typing import Any

from pydantic import ValidationError
from pydantic_settings import SettingsError

from techmarket.settings import Settings, get_settings


def read_settings(*, quiet: bool = False) -> Settings:
    """The settings; a command that draws progress logs warnings only."""
    from techmarket.api.observe import configure_logging

    try:
        settings = get_settings()
    except ValidationError as error:
        # The names only: a value may be a secret.
        wrong = "; ".join(f"TECHMARKET_{str(one['loc'][0]).upper()}: {one['msg']}" for one in error.errors())
        raise SystemExit(f"techmarket: {wrong}") from None
    except SettingsError as error:
        raise SystemExit(f"techmarket: {error}") from None
    configure_logging(json=settings.log_json, level=logging.WARNING if quiet else logging.INFO)
    return settings


def settle(work: Coroutine[Any, Any, object]) -> None:
    """Run it; what the operator can mend is one clear line, not a stack trace."""
    import uvloop

    from techmarket.cli.state import WrongWorld
    from techmarket.db.backups.tools import BackupFailed
    from techmarket.db.embedded import EmbeddedServerError
    from techmarket.db.keys import MissingSecret
    from techmarket.db.server_check import UnsuitableServerError

    try:
        # The loop is chosen here: a server that finds itself inside a running one cannot change it any more.
        with contextlib.suppress(KeyboardInterrupt), asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(work)
    except (BackupFailed, EmbeddedServerError, UnsuitableServerError, MissingSecret, WrongWorld) as error:
        raise SystemExit(f"techmarket: {error}") from error
    except OSError as error:
        if error.filename is None:
            raise
        raise SystemExit(f"techmarket: {error.filename}: {error.strerror}") from error


def require_free_port(settings: Settings) -> None:
    """A taken port is told before anything is started, in one line."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise SystemExit(
                f"techmarket: port {settings.port} on {settings.host} cannot be opened ({error.strerror}); "
                "choose another by TECHMARKET_PORT."
            ) from error
