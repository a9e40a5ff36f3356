"""Reading what strangers send where it can do no harm: a process of its own (隔离解析), with little memory and time.

Readers of PDFs and spreadsheets unpack what they are given, and a small file may unpack to gigabytes; no check
beforehand knows every way. What such a process says is believed no more than what the file says.

Each file gets a fresh process, forked from one that has loaded the readers and nothing else (`forking.py`): loading
takes a second, a fork some milliseconds.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import resource
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO, Any

PID = struct.Struct("i")
SAID_MAX = 8 * 2**20
LOADING_SECONDS = 60


class TooMuch(Exception):
    """The file wanted more memory, time or room for its answer than it gets."""


def run(
    module: str, given: bytes | IO[bytes], *, arguments: Sequence[str] = (), seconds: int, said_max: int = SAID_MAX
) -> bytes:
    """What `main()` of a module says on its stdout of a file on its stdin, read from its beginning. For a thread.

    The module calls `limit` before it reads. Raises `TooMuch` when it ends in any other way than well, or has said
    more than `said_max` bytes.
    """
    with tempfile.TemporaryFile() as said:
        run_into(said, module, given, arguments=arguments, seconds=seconds, said_max=said_max)
        return said.read()


def run_into(
    said: IO[bytes],
    module: str,
    given: bytes | IO[bytes],
    *,
    arguments: Sequence[str] = (),
    seconds: int,
    said_max: int,
) -> None:
    """As `run`, but what was said is left in an empty file at its beginning, for those who read it piece by piece."""
    with contextlib.ExitStack() as held:
        if isinstance(given, bytes):
            file = held.enter_context(tempfile.TemporaryFile())
            file.write(given)
            given = file
        given.flush()
        os.lseek(given.fileno(), 0, os.SEEK_SET)
        ours, theirs = socket.socketpair()
        held.enter_context(ours)
        with theirs:
            order = {"module": module, "arguments": list(arguments), "seconds": seconds, "said_max": said_max}
            pid = _PARENT.fork(order, [given.fileno(), said.fileno(), theirs.fileno()])
        # Twice the seconds by the clock on the wall: a busy machine is not the file's fault.
        ours.settimeout(2 * seconds)
        try:
            well = ours.recv(1) == b"0"
        except TimeoutError:
            os.kill(pid, signal.SIGKILL)
            well = False
        if not well:
            raise TooMuch()
        if said.seek(0, os.SEEK_END) > said_max:
            raise TooMuch()
        said.seek(0)


def limit(*, memory: int, seconds: int) -> None:
    """Bound this process in bytes of memory and seconds of processor time."""
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))


@dataclass
class _Parent:
    """The process that readers are forked from: there from the first file on, gone with this one or when idle."""

    turn: threading.Lock = field(default_factory=threading.Lock)
    control: socket.socket | None = None
    process: subprocess.Popen[bytes] | None = None
    of_pid: int = 0

    def fork(self, order: Mapping[str, Any], fds: list[int]) -> int:
        """The process id of a reader at work. One at a time: an answer to each order before the next is given."""
        said = json.dumps(order).encode()
        with self.turn:
            for _ in range(2):  # it may just have ended
                control = self._control()
                try:
                    socket.send_fds(control, [said], fds)
                    return int(PID.unpack(control.recv(PID.size))[0])
                except (OSError, struct.error):
                    pass
                self.end()
        raise TooMuch()

    def _control(self) -> socket.socket:
        if self.control is None or self.of_pid != os.getpid():
            self.control, theirs = socket.socketpair()
            self.control.settimeout(LOADING_SECONDS)
            self.of_pid = os.getpid()
            # No secret of the market goes along.
            env = {name: os.environ[name] for name in ("PATH", "PYTHONPATH", "LANG") if name in os.environ}
            command = [sys.executable, "-m", "techmarket.db.forking", str(theirs.fileno())]
            quiet = subprocess.DEVNULL
            with theirs:
                self.process = subprocess.Popen(  # noqa: S603
                    command, pass_fds=[theirs.fileno()], stdin=quiet, stdout=quiet, stderr=quiet, env=env
                )
        return self.control

    def end(self) -> None:
        """Its end of the line goes, and it with it."""
        if self.control is not None and self.process is not None and self.of_pid == os.getpid():
            self.control.close()
            self.process.kill()
            self.process.wait()
        self.control = self.process = None


_PARENT = _Parent()
atexit.register(_PARENT.end)
