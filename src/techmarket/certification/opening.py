"""Opening a stranger's PDF where it can do no harm: a process of its own, with little memory and time.

PDF readers unpack what they are given, and a small file may unpack to gigabytes; no check beforehand knows every way.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import sys

from techmarket.certification import paper
from techmarket.certification.paper import Opened

SECONDS_MAX = 20
MEMORY_MAX = 768 * 2**20
AT_ONCE = 2
_turns: dict[asyncio.AbstractEventLoop, asyncio.Semaphore] = {}


class NotAPaper(Exception):
    """The bytes are no sealed PDF of a certificate; `check` names what failed."""

    def __init__(self, check: str) -> None:
        super().__init__(check)
        self.check = check


class TooMuch(Exception):
    """The file wanted more memory or time than it gets."""


async def open_apart(raw: bytes) -> Opened:
    """As `paper.open_paper`, in a process of its own; raises `NotAPaper` or `TooMuch`."""
    if len(raw) > paper.SIZE_MAX:
        raise NotAPaper("form")
    loop = asyncio.get_running_loop()
    for ended in [one for one in _turns if one.is_closed()]:
        del _turns[ended]
    async with _turns.setdefault(loop, asyncio.Semaphore(AT_ONCE)):
        worker = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            __name__,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            # No secret of the market goes along.
            env={name: os.environ[name] for name in ("PATH", "PYTHONPATH", "LANG") if name in os.environ},
        )
        try:
            said, _ = await asyncio.wait_for(worker.communicate(raw), SECONDS_MAX)
        except TimeoutError:
            raise TooMuch() from None
        finally:
            if worker.returncode is None:
                worker.kill()
                await worker.wait()
    if worker.returncode != 0:
        raise TooMuch()
    answer = json.loads(said)
    if "fault" in answer:
        raise NotAPaper(answer["fault"])
    return Opened(answer["file"].encode("latin-1"), answer["certificate_sha256"])


def main() -> None:
    """The other side: the PDF comes in on stdin, what it carries goes out as JSON."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_MAX, MEMORY_MAX))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS_MAX, SECONDS_MAX))
    raw = sys.stdin.buffer.read(paper.SIZE_MAX + 1)
    try:
        opened = paper.open_paper(raw)
        answer = {"file": opened.file.decode("latin-1"), "certificate_sha256": opened.certificate_sha256}
    except paper.NotAPaper as failed:
        answer = {"fault": str(failed.args[0])}
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
