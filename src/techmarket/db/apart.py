"""Reading what strangers send where it can do no harm: a process of its own (隔离解析), with little memory and time.

Readers of PDFs and spreadsheets unpack what they are given, and a small file may unpack to gigabytes; no check
beforehand knows every way. What such a process says is believed no more than what the file says.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Sequence
from typing import IO, Any


class TooMuch(Exception):
    """The file wanted more memory or time than it gets."""


def run(module: str, given: bytes | IO[bytes], *, arguments: Sequence[str] = (), seconds: int) -> bytes:
    """What `python -m module` says of a file on its stdin, which it reads from its beginning. For a thread.

    The module calls `limit` before it reads. Raises `TooMuch` when it ends in any other way than well.
    """
    command = [sys.executable, "-m", module, *arguments]
    # No secret of the market goes along.
    env = {name: os.environ[name] for name in ("PATH", "PYTHONPATH", "LANG") if name in os.environ}
    if isinstance(given, bytes):
        feed: dict[str, Any] = {"input": given}
    else:
        given.flush()
        os.lseek(given.fileno(), 0, os.SEEK_SET)
        feed = {"stdin": given}
    try:
        # Twice the seconds by the clock on the wall: a busy machine is not the file's fault.
        done = subprocess.run(  # noqa: S603
            command,
            **feed,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=env,
            timeout=2 * seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise TooMuch() from None
    if done.returncode != 0:
        raise TooMuch()
    return bytes(done.stdout)


def limit(*, memory: int, seconds: int) -> None:
    """Bound this process in bytes of memory and seconds of processor time."""
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
