"""One cluster: a data folder, and the programs that act on it."""

import contextlib
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Self

import psutil

from techmarket.db.embedded.accounts import Account, unprivileged_account
from techmarket.db.embedded.binaries import copy_binaries, package_folder
from techmarket.db.embedded.errors import OWN_SERVER, EmbeddedServerError
from techmarket.db.embedded.folders import find_home, make_home, write_private
from techmarket.db.roles import APP_ROLE, OWNER_ROLE

ROLE = OWNER_ROLE
EXTENSIONS = ("vector", "pg_trgm")
HOST = "127.0.0.1"

START_LIMIT = 300.0
TOOL_LIMIT = 120.0
REAP_LIMIT = 3.0  # an init reaps a killed postmaster within about two seconds

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
INCLUDE = "include_if_exists = 'techmarket.conf'"
# For databases whose loss is no loss (those of a test run), and only when the caller asks for it by name.
THROWAWAY_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "'128MB'",
}


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


class Cluster:
    """The data folder and the programs that act on it, as the user who owns it."""

    def __init__(self, home: Path, account: Account | None, bin_dir: Path) -> None:
        self.home = home
        self.data = home / "data"
        self.log = home / "log" / "server.log"
        self._account = account
        self._bin = bin_dir

    @classmethod
    def open(cls, folder: Path) -> Self:
        home = find_home(folder)
        if os.geteuid() != 0:
            home = home or folder
            data = home / "data"
            if data.exists() and data.stat().st_uid != os.geteuid():
                raise EmbeddedServerError(
                    f"The data in {data} belong to another user. "
                    f"Run as that user, choose another state folder, {OWN_SERVER}"
                )
            return cls(home, None, package_folder() / "pginstall" / "bin")
        if home is not None and (home / "data").exists():
            owner = (home / "data").stat()
            account = Account(owner.st_uid, owner.st_gid)
        else:
            account = unprivileged_account()
            home = make_home(folder, account)
        return cls(home, account, copy_binaries(home))

    @property
    def password(self) -> str:
        try:
            return (self.home / "password").read_text()
        except FileNotFoundError:
            raise EmbeddedServerError(
                f"The password of the embedded server is missing ({self.home / 'password'}). "
                f"Put it back, or remove the state folder to begin with an empty market, {OWN_SERVER}"
            ) from None

    @property
    def app_password(self) -> str:
        """Of the role the market works as; it is made when the role is."""
        return (self.home / "app-password").read_text()

    def create(self) -> None:
        """An empty cluster, unless there is one."""
        if self.data.exists():
            return
        password = secrets.token_urlsafe(24)
        secret = self.home / "password.initdb"

        def initialise(fresh: Path) -> None:
            write_private(secret, password)
            self.hand_over(secret)
            self.must_run(
                "initdb",
                *("-D", str(fresh), "-U", ROLE, "--pwfile", str(secret), "--data-checksums"),
                # Deterministic and without the collations of the machine; under plain C, trigrams of Chinese are empty.
                *("-E", "UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
                *("--auth-local=scram-sha-256", "--auth-host=scram-sha-256"),
            )

        try:
            self.fill(initialise, password=password)
        finally:
            secret.unlink(missing_ok=True)

    def copy(self, *, port: int, password: str, app_password: str, name: str) -> None:
        """A standby's data: those of the server on this port, which it will follow under this name."""
        source = f"host={HOST} port={port} user={ROLE} application_name={name}"

        def copied(fresh: Path) -> None:
            how = ("--wal-method=stream", "--checkpoint=fast", "--write-recovery-conf", "--no-password")
            self.must_run("pg_basebackup", "-D", str(fresh), "-d", source, *how, PGPASSWORD=password)

        self.fill(copied, password=password)
        write_private(self.home / "app-password", app_password)

    def fill(self, make: Callable[[Path], None], *, password: str) -> None:
        """Data that `make` puts into an empty folder: whole or not at all, so that nothing half-made is started."""
        fresh = self.home / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        for folder in (fresh, self.log.parent):
            folder.mkdir(mode=0o700, exist_ok=True)
            self.hand_over(folder)
        write_private(self.home / "password", password)
        make(fresh)
        conf = fresh / "postgresql.conf"
        if INCLUDE not in conf.read_text():
            with conf.open("a") as file:
                file.write(f"\n{INCLUDE}\n")
        fresh.rename(self.data)

    def ensure_running(self, *, durable: bool, alone: bool, memory: str | None = None) -> int:
        """The server answers on the returned port; a server that is already there is used as it is."""
        started = time.monotonic()
        refused_since: float | None = None
        while time.monotonic() - started < START_LIMIT:
            port = self.running_port()
            if port is not None:
                if self.run("pg_isready", "-h", HOST, "-p", str(port), "-d", "postgres").returncode == 0:
                    return port
                time.sleep(0.1)  # recovering after a crash, or on its way down
                continue
            try:
                self._start(durable=durable, memory=memory)
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
            if self.run("pg_ctl", "-D", str(self.data), "-m", mode, "-w", "-t", "60", "stop").returncode == 0:
                return
            if self.running_port() is None:
                return
        raise EmbeddedServerError(f"The embedded server does not stop; its log is {self.log}.")

    def create_database(self, name: str, *, port: int) -> None:
        quoted, literal = '"' + name.replace('"', '""') + '"', "'" + name.replace("'", "''") + "'"
        if not self._sql(f"SELECT 1 FROM pg_database WHERE datname = {literal}", port=port, database="postgres"):
            self._sql(f"CREATE DATABASE {quoted}", port=port, database="postgres")
        wanted = " ".join(f"CREATE EXTENSION IF NOT EXISTS {extension};" for extension in EXTENSIONS)
        made = f"IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{APP_ROLE}') THEN CREATE ROLE {APP_ROLE}; END IF;"
        wanted += f" DO $$ BEGIN {made} END $$;"
        secret = self.home / "app-password"
        if secret.exists():
            self._sql(wanted, port=port, database=name)
            return
        # A new server, one that was restored, or one from before the market had a role of its own.
        password = secrets.token_urlsafe(24)
        script = self.home / "app-role.sql"  # not an argument: those stand in the list of processes
        try:
            write_private(script, f"{wanted} ALTER ROLE {APP_ROLE} LOGIN PASSWORD '{password}';")
            self.hand_over(script)
            self._sql(script, port=port, database=name)
        finally:
            script.unlink(missing_ok=True)
        write_private(secret, password)

    def _sql(self, statement: str | Path, *, port: int, database: str) -> str:
        command = ("psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", HOST, "-p", str(port), "-U", ROLE)
        return self.must_run(
            *command,
            "-d",
            database,
            "-f" if isinstance(statement, Path) else "-c",
            str(statement),
            PGPASSWORD=self.password,
            PGOPTIONS="-c client_min_messages=warning",
        )

    def _start(self, *, durable: bool, memory: str | None) -> None:
        port = self._choose_port()
        settings = SETTINGS | ({} if durable else THROWAWAY_SETTINGS) | {"port": str(port)}
        settings |= {"shared_buffers": f"'{memory}'"} if memory else {}
        conf = self.data / "techmarket.conf"
        conf.write_text(
            "# Written at each start of the embedded server.\n" + "".join(f"{k} = {v}\n" for k, v in settings.items())
        )
        self.hand_over(conf)
        if self.log.exists() and self.log.stat().st_size > 16 * 2**20:
            self.log.replace(self.log.with_suffix(".log.1"))
        said_before = self.log.stat().st_size if self.log.exists() else 0
        result = self.run("pg_ctl", "-D", str(self.data), "-l", str(self.log), "-w", "-t", "60", "start")
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
                write_private(remembered, str(port))
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

    def hand_over(self, path: Path) -> None:
        if self._account is not None:
            os.chown(path, self._account.uid, self._account.gid)

    def must_run(self, tool: str, *args: str, **env: str) -> str:
        result = self.run(tool, *args, **env)
        if result.returncode != 0:
            raise EmbeddedServerError(
                f"{tool} of the embedded server failed ({result.returncode}):\n{result.stdout.strip()}"
            )
        return result.stdout.strip()

    def run(self, tool: str, *args: str, **env: str) -> subprocess.CompletedProcess[str]:
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
