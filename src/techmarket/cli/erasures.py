"""Who was erased, beside the backups (注销名册): a base from before has his name, and whoever restores it erases again.

The file holds ids alone, which lead to nobody in the market they are of. It only grows, and outlives every base: a base
from years ago is as safe to bring back as one of yesterday.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from techmarket.db.backups.tools import BackupFailed
from techmarket.db.session import Tx
from techmarket.identity import service as identity

FILE = "erased.txt"
_CUT_OFF = re.compile(r"[0-9a-f-]{0,35}")


def kept(folder: Path) -> set[UUID]:
    """The ids that stand in the file. A line that was cut off when its writer died is nobody's: it came again."""
    path = folder / FILE
    lines = path.read_text("ascii", errors="replace").splitlines() if path.exists() else []
    try:
        return {UUID(line) for line in lines if not _CUT_OFF.fullmatch(line)}
    except ValueError:
        raise BackupFailed(f"{path} has lines that are no ids; without it, who was erased would come back") from None


@dataclass
class Register:
    """The file of one folder of backups, and how much of the journal stands in it already."""

    folder: Path
    _after: int = field(default=-1, init=False)

    async def note(self, tx: Tx) -> int:
        """Whoever was erased since the last look stands in the file, and on its disk, afterwards; returns how many."""
        found, self._after = await identity.list_erased(tx, after=self._after)
        fresh = sorted(found - kept(self.folder))
        if fresh:
            # A new line first: what a writer before left without an end is not to spoil the first of these.
            self._append("".join(f"\n{one}" for one in fresh) + "\n")
        return len(fresh)

    def _append(self, lines: str) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(self.folder / FILE, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(handle, lines.encode("ascii"))
            os.fsync(handle)
        finally:
            os.close(handle)
