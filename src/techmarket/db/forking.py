"""`python -m techmarket.db.forking FD`: the process that readers of strangers' files are forked from (see `apart.py`).

It has no secret and no connection, loads what readers need, reads no file itself and has one thread, so a fork of it is
whole. An order names a module and brings the file, the place for the answer and the line on which the reader says that
he ended well; whoever ends otherwise says nothing.
"""

from __future__ import annotations

import importlib
import io
import json
import os
import resource
import select
import signal
import socket
import sys
from typing import Any

from techmarket.db.apart import PID

IDLE_SECONDS = 300
ORDER_MAX = 65_536


def main() -> None:
    """Fork a reader for each order, until the market's end of the line closes or nothing comes for minutes."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the readers: their line says how it went
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; this ends with the market
    with socket.socket(fileno=int(sys.argv[1])) as control:
        while select.select([control], [], [], IDLE_SECONDS)[0]:
            raw, fds, _, _ = socket.recv_fds(control, ORDER_MAX, 3)
            if not raw:
                return
            order = json.loads(raw)
            module = importlib.import_module(order["module"])
            pid = os.fork()
            if pid == 0:
                control.close()
                _read(module, order, *fds)
            control.sendall(PID.pack(pid))
            for fd in fds:
                os.close(fd)


def _read(module: Any, order: dict[str, Any], given: int, said: int, line: int) -> None:
    """The reader's whole life; never returns."""
    code = 1
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, 2 * order["seconds"])  # the end, should the market be gone by then
        # A signal that Python ignores: who writes on is told so, and ends like any other who could not.
        resource.setrlimit(resource.RLIMIT_FSIZE, (order["said_max"], order["said_max"]))
        os.dup2(given, 0)
        os.dup2(said, 1)
        sys.argv = [order["module"], *order["arguments"]]
        sys.stdin = io.TextIOWrapper(io.FileIO(0, closefd=False))
        sys.stdout = io.TextIOWrapper(io.BufferedWriter(io.FileIO(1, "w", closefd=False)), encoding="utf-8")
        module.main()
        sys.stdout.flush()
        os.write(line, b"0")
        code = 0
    finally:
        os._exit(code)


if __name__ == "__main__":
    main()
