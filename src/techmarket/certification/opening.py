"""Opening a stranger's PDF of a certificate where it can do no harm (`db.apart`)."""

from __future__ import annotations

import asyncio
import json
import sys

from techmarket.certification import paper
from techmarket.certification.paper import Opened
from techmarket.db import apart

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
        try:
            said = await asyncio.to_thread(apart.run, __name__, raw, seconds=SECONDS_MAX)
        except apart.TooMuch:
            raise TooMuch() from None
    answer = json.loads(said)
    if "fault" in answer:
        raise NotAPaper(answer["fault"])
    return Opened(answer["file"].encode("latin-1"), answer["certificate_sha256"])


def main() -> None:
    """The other side: the PDF comes in on stdin, what it carries goes out as JSON."""
    apart.limit(memory=MEMORY_MAX, seconds=SECONDS_MAX)
    raw = sys.stdin.buffer.read(paper.SIZE_MAX + 1)
    try:
        opened = paper.open_paper(raw)
        answer = {"file": opened.file.decode("latin-1"), "certificate_sha256": opened.certificate_sha256}
    except paper.NotAPaper as failed:
        answer = {"fault": str(failed.args[0])}
    sys.stdout.write(json.dumps(answer))
