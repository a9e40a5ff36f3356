"""The files beside the database: copied by their digests, so that a wrong copy is noticed and none is made twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from techmarket.db import files
from techmarket.db.files import Files
from techmarket.db.session import Tx

PAGE = 500


@dataclass
class Copied:
    files: int = 0
    octets: int = 0
    already: int = 0
    missing: list[str] = field(default_factory=list)
    """Kept files whose bytes are not where they should be, or are not theirs."""


async def copy_files(tx: Tx, source: Files, target: Files, *, progress: Callable[[int], None] | None = None) -> Copied:
    """Every file that the database names is in the target afterwards; those that were there are left alone."""
    done, after = Copied(), ""
    while True:
        async with tx.read() as db:
            page = await files.list_kept(db, after=after, limit=PAGE)
        for sha, size in page:
            if await target.holds(sha, size):
                done.already += 1
            elif await source.holds(sha, size) and await target.take_copy(sha, source.open(sha)):
                done.files += 1
                done.octets += size
            else:
                done.missing.append(sha)
            if progress is not None:
                progress(done.files + done.already + len(done.missing))
        if len(page) < PAGE:
            return done
        after = page[-1][0]
