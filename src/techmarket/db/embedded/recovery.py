"""A server that comes back from a base and an archived log: it replays, ends where it was told, and is started anew.

While it replays nobody enters but its own user, by a socket in a folder that only he opens: no password is known yet.
"""

from __future__ import annotations

import gzip
import os
import re
import secrets
import shutil
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import psutil

from techmarket.db.embedded.cluster import ROLE, SETTINGS, Cluster
from techmarket.db.embedded.errors import EmbeddedServerError
from techmarket.db.embedded.folders import find_home, folder_of, held, open_lock

REPLAY_LIMIT = 24 * 3600.0
FOREIGN = re.compile(
    r"^\s*(synchronous_standby_names|primary_\w+|recovery_\w+|restore_command|archive_\w+|hba_file|listen_addresses"
    r"|unix_socket_\w+|port)\s*="
)
_REPLAYING = re.compile(r"startup recovering ([0-9A-F]{24})")


def require_empty(state_dir: Path) -> None:
    """Nothing is ever restored over a database."""
    home = find_home(folder_of(state_dir))
    if home is not None and (home / "data").exists():
        raise EmbeddedServerError(f"{state_dir} holds a database already; restore into another folder.")


def restore(
    state_dir: Path,
    base: Path,
    segments: Iterable[Path],
    *,
    role: str,
    database: str,
    target: dict[str, str],
    on_segment: Callable[[str], None] | None = None,
) -> str:
    """Put a base and the log behind it into an empty state folder; returns the time of the last commit brought back.

    `target` are PostgreSQL's own recovery settings; empty means to the end of what was archived.
    """
    folder = folder_of(state_dir)
    with held(folder / "start.lock"):
        handle = open_lock(folder / "share.lock")
        try:
            cluster = Cluster.open(folder)
            require_empty(state_dir)
            cluster.fill(lambda fresh: _unpack(cluster, base, fresh), password=secrets.token_urlsafe(24))
            try:
                return _Replay(cluster, role, database, target, on_segment).run(segments)
            except BaseException:
                cluster.stop()
                raise
        finally:
            os.close(handle)


def _unpack(cluster: Cluster, base: Path, fresh: Path) -> None:
    for name, place in (("base.tar.gz", fresh), ("pg_wal.tar.gz", fresh / "pg_wal")):
        with gzip.open(base / name) as packed, tarfile.open(fileobj=packed, mode="r|") as tar:
            tar.extractall(place, filter="tar")
    if any((fresh / "pg_tblspc").iterdir()):
        raise EmbeddedServerError("The base has tablespaces of its own; restore it with PostgreSQL's programs.")
    kept = [line for line in (fresh / "postgresql.auto.conf").read_text().splitlines() if not FOREIGN.match(line)]
    (fresh / "postgresql.auto.conf").write_text("\n".join(kept) + "\n")
    # Who may enter a server elsewhere is no rule for this one.
    (fresh / "pg_hba.conf").write_text(
        "host all all 127.0.0.1/32 scram-sha-256\nhost replication all 127.0.0.1/32 scram-sha-256\n"
    )
    (fresh / "standby.signal").unlink(missing_ok=True)
    for path in (fresh, *fresh.rglob("*")):
        cluster.hand_over(path)


class _Replay:
    def __init__(
        self,
        cluster: Cluster,
        role: str,
        database: str,
        target: dict[str, str],
        on_segment: Callable[[str], None] | None,
    ) -> None:
        self._cluster = cluster
        self._role = role
        self._database = database
        self._target = target
        self._on_segment = on_segment
        self._log = cluster.home / "to-replay"
        self._door = Path(tempfile.mkdtemp(prefix="techmarket-restore-"))

    def run(self, segments: Iterable[Path]) -> str:
        try:
            self._lay_out(segments)
            self._cluster.run("pg_ctl", "-D", str(self._cluster.data), "-l", str(self._cluster.log), "-W", "start")
            self._await_end()
            until = self._ask("SELECT coalesce(pg_last_xact_replay_timestamp()::text, '')", "postgres")
            self._move_in()
            return until
        finally:
            self._cluster.stop()
            for name in ("restore.hba", "techmarket.conf"):
                (self._cluster.data / name).unlink(missing_ok=True)
            for folder in (self._door, self._log):
                shutil.rmtree(folder, ignore_errors=True)

    def _lay_out(self, segments: Iterable[Path]) -> None:
        """The log where the server's user can read it, and a door for him alone."""
        self._log.mkdir(mode=0o700)
        for path in segments:
            copy = self._log / path.name.removesuffix(".partial")
            shutil.copyfile(path, copy)
            self._cluster.hand_over(copy)
        hba, conf = self._cluster.data / "restore.hba", self._cluster.data / "techmarket.conf"
        hba.write_text("local all all trust\n")
        settings = SETTINGS | {
            "listen_addresses": "''",
            "unix_socket_directories": f"'{self._door}'",
            "unix_socket_permissions": "0700",
            "hba_file": f"'{hba}'",
            "hot_standby": "off",  # nobody enters before the end; and the other server's limits need not be matched
            "restore_command": f'\'cp "{self._log}/%f" "%p"\'',
            "recovery_target_action": "'promote'",
            "recovery_target_timeline": "'latest'",
            **{name: f"'{value}'" for name, value in self._target.items()},
        }
        conf.write_text("".join(f"{name} = {value}\n" for name, value in settings.items()))
        for path in (hba, conf, self._log, self._door):
            self._cluster.hand_over(path)
        signal = self._cluster.data / "recovery.signal"
        signal.touch(mode=0o600)
        self._cluster.hand_over(signal)

    def _await_end(self) -> None:
        """Replaying is over when the server lets its user in."""
        begun, told, seen = time.monotonic(), "", False
        while time.monotonic() - begun < REPLAY_LIMIT:
            if self._cluster.run("psql", *self._where("postgres"), "-c", "SELECT 1").returncode == 0:
                return
            pid = self._cluster.postmaster_pid()
            seen = seen or pid is not None
            if (pid is None and seen) or (pid is None and time.monotonic() - begun > 30):
                raise EmbeddedServerError(f"The restore stopped. The end of its log:\n{self._said()}")
            if pid is not None and self._on_segment is not None and (now := _replaying(pid)) != told:
                told = now
                self._on_segment(now)
            time.sleep(0.1)
        raise EmbeddedServerError(f"The log was not replayed within {REPLAY_LIMIT:.0f} seconds.")

    def _said(self) -> str:
        lines = self._cluster.log.read_text(errors="replace").splitlines() if self._cluster.log.exists() else []
        telling = [line for line in lines if "FATAL" in line or "PANIC" in line or "ERROR" in line]
        return "\n".join((telling or lines)[-3:])

    def _move_in(self) -> None:
        """The restored server answers to this machine's own password, under the names that the market uses here."""
        password = self._cluster.password.replace("'", "''")
        if self._role != ROLE:
            self._ask(f"CREATE ROLE {ROLE} SUPERUSER LOGIN REPLICATION", "postgres")
        self._ask(f"ALTER ROLE {ROLE} PASSWORD '{password}'", "postgres")
        if self._database != "techmarket":
            quoted = '"' + self._database.replace('"', '""') + '"'
            self._ask(f"ALTER DATABASE {quoted} RENAME TO techmarket", "postgres")

    def _ask(self, statement: str, database: str) -> str:
        return self._cluster.must_run("psql", *self._where(database), "-c", statement)

    def _where(self, database: str) -> tuple[str, ...]:
        port = (self._cluster.data / "postmaster.pid").read_text().splitlines()[3:4] if self._has_pid_file() else []
        plain = ("-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1")
        return (*plain, "-h", str(self._door), "-p", (port or ["5432"])[0] or "5432", "-U", self._role, "-d", database)

    def _has_pid_file(self) -> bool:
        return (self._cluster.data / "postmaster.pid").exists()


def _replaying(postmaster: int) -> str:
    """The segment that the startup process says it is at, or an empty text."""
    try:
        for child in psutil.Process(postmaster).children():
            if found := _REPLAYING.search(" ".join(child.cmdline())):
                return found[1]
    except psutil.Error:
        return ""
    return ""
