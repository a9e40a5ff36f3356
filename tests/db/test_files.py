"""The object store keeps what a row names, and in two turns nothing else."""

from __future__ import annotations

import os
import time
from datetime import timedelta
from pathlib import Path

from techmarket.db import files
from techmarket.db.means import Means
from tests.disclosure.make import chunked

BODIES = (b"named by a row", b"named by none", b"uploaded again in time")


def stored(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def grow_old(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            os.utime(path, (time.time() - 200_000,) * 2)


async def test_orphans_are_laid_aside_and_then_removed_and_whatever_has_a_row_stays(means: Means, tmp_path: Path):
    folder = tmp_path / "objects"
    kept, orphan, saved = [await means.files.receive(chunked([body]), media_type="text/plain") for body in BODIES]
    (folder / "incoming").mkdir(exist_ok=True)
    (folder / "incoming" / "torn#1").write_bytes(b"what a killed process left")
    async with means.tx.begin() as db:
        await files.keep(db, sha256=kept[0], size=kept[1], media_type="text/plain")
    before = stored(folder)
    await means.files.sweep(means.tx)
    assert stored(folder) == before, "nothing young is touched: somebody may be writing it"
    grow_old(folder)
    await means.files.sweep(means.tx)
    assert stored(folder) == {files._place(kept[0]), f"swept/{orphan[0]}", f"swept/{saved[0]}"}
    async with means.tx.begin() as db:
        await files.keep(db, sha256=saved[0], size=saved[1], media_type="text/plain")
    await means.files.sweep(means.tx, after=timedelta(days=1))
    assert stored(folder) == {files._place(kept[0]), files._place(saved[0])}
    assert b"".join([part async for part in means.files.open(saved[0], part=(9, 14))]) == BODIES[2][9:14]
