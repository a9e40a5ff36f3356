"""The embedded server: real processes, really killed. These servers are durable; the one of the test run is not."""

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import psutil
import pytest

from techmarket.db import embedded
from techmarket.db.embedded import EmbeddedServerError, RunningServer, binaries, folders

SOURCE = Path(embedded.__file__).parents[3]
# Joins the server, says where it is, and leaves when told to (or is killed).
COMMAND = """
import sys
from pathlib import Path
from techmarket.db import embedded
server = embedded.start(Path(sys.argv[1]))
print(server.port, server.postmaster_pid(), flush=True)
sys.stdin.readline()
server.stop()
print("left", flush=True)
"""


@pytest.fixture
def empty() -> Iterator[Path]:
    # Not tmp_path: its parents are closed to other users, which is a case of its own.
    folder = Path(tempfile.mkdtemp(prefix="techmarket-embedded-"))
    folder.chmod(0o755)
    yield folder
    embedded.remove(folder)
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def prepared() -> Iterator[Path]:
    """A state folder whose server has run and stopped; a new cluster for each test would take half of the time."""
    folder = Path(tempfile.mkdtemp(prefix="techmarket-embedded-"))
    folder.chmod(0o755)
    embedded.start(folder).stop()
    (folder / "postgres" / "port").unlink()
    yield folder
    embedded.remove(folder)
    shutil.rmtree(folder)


@pytest.fixture
def state(prepared: Path, empty: Path) -> Path:
    subprocess.run(["cp", "-a", prepared / "postgres", empty], check=True, timeout=60)
    return empty


Command = Callable[[], "subprocess.Popen[str]"]


@pytest.fixture
def command(state: Path) -> Iterator[Command]:
    """Starts another command of the market in this state folder; what a failing test leaves running ends with it."""
    begun: list[subprocess.Popen[str]] = []

    def begin() -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, "-c", COMMAND, str(state)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(SOURCE)},
        )
        begun.append(process)
        return process

    yield begin
    for process in begun:
        if process.poll() is None:
            process.kill()
            process.communicate(timeout=30)


def line_of(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def let_leave(process: "subprocess.Popen[str]") -> None:
    said, _ = process.communicate("\n", timeout=60)
    assert (said.strip(), process.returncode) == ("left", 0)


def kill_all(postmaster: int) -> None:
    family = [psutil.Process(postmaster), *psutil.Process(postmaster).children(recursive=True)]
    for process in family:
        process.kill()


def is_alive(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def plain(server: RunningServer, database: str = "techmarket") -> str:
    return server.url(database).replace("+asyncpg", "")


async def query(url: str, *statements: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        value = None
        for statement in statements:
            value = await connection.fetchval(statement)
        return value
    finally:
        await connection.close()


async def test_a_fresh_server_has_the_database_the_extensions_and_durable_settings(empty: Path) -> None:
    async with embedded.running(empty, database="market one") as server:
        url = plain(server, "market%20one")
        assert await query(url, "SELECT string_agg(extname, ',' ORDER BY extname) FROM pg_extension") == (
            "pg_trgm,plpgsql,vector"
        )
        for setting, value in {
            "fsync": "on",
            "synchronous_commit": "on",
            "full_page_writes": "on",
            "data_checksums": "on",
            "max_connections": "200",
            "jit": "off",
            "listen_addresses": "127.0.0.1",
            "server_encoding": "UTF8",
            "TimeZone": "UTC",
        }.items():
            assert (setting, await query(url, f"SHOW {setting}")) == (setting, value)
        assert await query(url, "SELECT lower('ÀÉ')") == "àé"
        assert await query(url, "SELECT cardinality(show_trgm('数据')) > 0") is True
    assert server.postmaster_pid() is None


async def test_without_the_password_nobody_enters(state: Path) -> None:
    async with embedded.running(state) as server:
        with pytest.raises(asyncpg.InvalidPasswordError):
            await query(f"postgresql://techmarket:wrong@127.0.0.1:{server.port}/techmarket")
        secret = state / "postgres" / "password"
        assert secret.stat().st_mode & 0o777 == 0o600
        assert secret.read_text() in server.url()


async def test_the_port_is_remembered_and_given_up_when_somebody_else_has_taken_it(state: Path) -> None:
    with embedded.start(state) as first:
        port = first.port
    with embedded.start(state) as second:
        assert second.port == port
    with socket.socket() as squatter:
        squatter.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        squatter.bind(("127.0.0.1", port))
        squatter.listen()
        with embedded.start(state) as third:
            assert third.port != port
            assert await query(plain(third), "SELECT 1") == 1


async def test_commits_survive_a_kill_of_the_whole_server(state: Path) -> None:
    server = embedded.start(state)
    await query(plain(server), "CREATE TABLE kept AS SELECT g FROM generate_series(1, 5000) g")
    postmaster = server.postmaster_pid()
    assert postmaster is not None
    kill_all(postmaster)

    with embedded.start(state) as again:
        assert again.postmaster_pid() != postmaster
        assert await query(plain(again), "SELECT count(*) FROM kept") == 5000
        server.stop()
        assert again.postmaster_pid() is not None  # the share taken before the kill was not the last one


async def test_commits_survive_a_kill_of_the_postmaster_alone(state: Path) -> None:
    server = embedded.start(state)
    await query(plain(server), "CREATE TABLE kept AS SELECT 7 AS value")
    postmaster = server.postmaster_pid()
    assert postmaster is not None
    os.kill(postmaster, signal.SIGKILL)  # its children notice later than we ask

    with server, embedded.start(state) as again:
        assert await query(plain(again), "SELECT value FROM kept") == 7


def test_the_lock_file_of_a_postmaster_that_nobody_reaps_does_not_block_for_ever(state: Path, command: Command) -> None:
    with embedded.start(state) as server:
        data = server.data_dir
    # A child that has ended and for which nobody waits; the lock file of a killed server names such a process.
    # It is the server's user whose process it must be: those of others PostgreSQL passes over by itself.
    whose = {"user": data.stat().st_uid, "extra_groups": []} if os.geteuid() == 0 else {}
    zombie = subprocess.Popen(["/bin/true"], **whose)
    while psutil.Process(zombie.pid).status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.01)
    pid_file = data / "postmaster.pid"
    pid_file.write_text(f"{zombie.pid}\n{data}\n1700000000\n{server.port}\n\n127.0.0.1\n\nready\n")
    shutil.chown(pid_file, data.stat().st_uid, data.stat().st_gid)
    # The runner reaps its own children, so the one who asks must not be the one who does not wait.
    other = command()
    port, pid = line_of(other).split()
    assert int(port) == server.port
    assert int(pid) != zombie.pid
    let_leave(other)
    zombie.wait()


def test_two_commands_share_one_server_and_the_last_one_out_stops_it(command: Command) -> None:
    one, two = command(), command()
    seen_by_one, seen_by_two = line_of(one), line_of(two)
    assert seen_by_one == seen_by_two
    postmaster = int(seen_by_one.split()[1])

    let_leave(one)
    assert is_alive(postmaster)
    let_leave(two)
    assert not is_alive(postmaster)


def test_a_killed_command_takes_nobodys_server_away_and_leaves_none_behind(command: Command) -> None:
    killed, staying = command(), command()
    postmaster = int(line_of(killed).split()[1])
    assert line_of(staying).endswith(str(postmaster))

    killed.kill()
    killed.communicate(timeout=30)
    assert is_alive(postmaster)
    let_leave(staying)
    assert not is_alive(postmaster)


def test_the_next_command_stops_the_server_that_a_killed_one_left_running(state: Path, command: Command) -> None:
    lonely = command()
    postmaster = int(line_of(lonely).split()[1])
    lonely.kill()
    lonely.communicate(timeout=30)
    assert is_alive(postmaster)

    with embedded.start(state) as server:
        assert server.postmaster_pid() == postmaster
    assert not is_alive(postmaster)


def test_an_interrupted_first_start_is_begun_anew(empty: Path) -> None:
    half_done = empty / "postgres" / "data.new"
    half_done.mkdir(parents=True)
    (half_done / "PG_VERSION").write_text("18")
    with embedded.start(empty) as server:
        assert server.postmaster_pid() is not None
    assert not half_done.exists()


def test_a_server_in_use_is_not_removed(state: Path) -> None:
    with embedded.start(state) as server:
        with pytest.raises(EmbeddedServerError, match="still uses the embedded server"):
            embedded.remove(state)
        assert server.postmaster_pid() is not None
    embedded.remove(state)
    assert not (state / "postgres").exists()


def test_a_lost_password_is_said_and_the_data_stay(state: Path) -> None:
    with embedded.start(state) as server:
        data = server.data_dir
    (state / "postgres" / "password").unlink()
    with pytest.raises(EmbeddedServerError, match="password of the embedded server is missing"):
        embedded.start(state)
    assert (data / "PG_VERSION").read_text().strip() == "18"


def test_a_platform_without_the_package_is_told_of_the_setting(empty: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binaries, "find_spec", lambda name: None)
    with pytest.raises(EmbeddedServerError, match=r"musl \(Alpine\).*TECHMARKET_DATABASE_URL"):
        embedded.start(empty)


async def test_the_state_may_lie_below_a_closed_folder(empty: Path) -> None:
    closed = empty / "home"
    closed.mkdir(mode=0o700)
    below = closed / "market" / ".techmarket"
    with embedded.start(below) as server:
        home = server.data_dir.parent
        await query(plain(server), "CREATE TABLE kept AS SELECT 7 AS value")
    with embedded.start(below) as server:
        assert await query(plain(server), "SELECT value FROM kept") == 7
        assert server.data_dir.parent == home
    assert closed.stat().st_mode & 0o777 == 0o700

    moved, copied = closed / "moved", closed / "copied"
    (closed / "market").rename(moved)
    with embedded.start(moved / ".techmarket") as server:
        assert await query(plain(server), "SELECT value FROM kept") == 7
    if os.geteuid() == 0:  # an ordinary user's server can enter his own closed folder; that of root cannot
        assert home.parent == folders.SYSTEM_STATE
        shutil.copytree(moved, copied)
        with embedded.start(copied / ".techmarket") as server, embedded.start(moved / ".techmarket") as original:
            assert await query(plain(server), "SELECT to_regclass('kept') IS NULL") is True
            assert server.port != original.port
        embedded.remove(copied / ".techmarket")
    embedded.remove(moved / ".techmarket")
    assert os.geteuid() != 0 or not home.exists()


async def test_many_commands_at_once_agree_on_one_server(state: Path) -> None:
    servers = await asyncio.gather(*(asyncio.to_thread(embedded.start, state) for _ in range(4)))
    assert len({server.postmaster_pid() for server in servers}) == 1
    for server in servers[:-1]:
        server.stop()
        server.stop()
    assert servers[-1].postmaster_pid() is not None
    servers[-1].stop()
    assert servers[-1].postmaster_pid() is None


def test_the_server_never_runs_as_root_and_only_its_owner_may_use_it(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with embedded.start(state) as server:
        pid = server.postmaster_pid()
        assert pid is not None
        user = psutil.Process(pid).uids().effective
        assert user == server.data_dir.stat().st_uid
        assert user != 0
        assert os.geteuid() in (0, user)
    monkeypatch.setattr(os, "geteuid", lambda: user + 1)
    with pytest.raises(EmbeddedServerError, match="belong to another user"):
        embedded.start(state)
