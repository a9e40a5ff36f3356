"""A full disk is 503 with Retry-After and nothing half done; with room again the market goes on, and nothing is lost.

Here the database says "disk full" at a statement in the middle of a use case. `TECHMARKET_LONG=1` also fills a real
file system under the whole database amid the bidding, in a mount namespace of its own.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from httpx import AsyncClient
from sqlalchemy import text

from techmarket.db.session import Tx
from tests.db.test_exhaustion import REGISTRATION, busy
from tests.pg import ROOT

IS_LONG = os.environ.get("TECHMARKET_LONG") == "1"
ONCE = {"Idempotency-Key": "registered-while-the-disk-is-full"}
FULL = """
CREATE FUNCTION is_full() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END $$;
CREATE TRIGGER is_full BEFORE INSERT ON journal_waiting FOR EACH ROW EXECUTE FUNCTION is_full();
"""


async def test_a_full_disk_is_busy_leaves_nothing_half_done_and_the_same_request_counts_once_afterwards(
    client: AsyncClient, tx: Tx
) -> None:
    async def organisations() -> int:
        async with tx.read() as db:
            return int((await db.execute(text("SELECT count(*) FROM organisation"))).scalar_one())

    before = await organisations()
    async with tx.begin() as db:
        for statement in FULL.split(";\nCREATE TRIGGER"):
            await db.execute(
                text(statement if statement.lstrip().startswith("CREATE F") else f"CREATE TRIGGER{statement}")
            )
    answer = await client.post("/v1/organisations", json=REGISTRATION, headers=ONCE)
    assert busy(answer), answer.text
    assert "space left" not in answer.text
    assert await organisations() == before
    async with tx.begin() as db:
        await db.execute(text("DROP TRIGGER is_full ON journal_waiting"))
    assert (await client.post("/v1/organisations", json=REGISTRATION, headers=ONCE)).status_code == 201
    assert (await client.post("/v1/organisations", json=REGISTRATION, headers=ONCE)).status_code == 201
    assert await organisations() == before + 1


if IS_LONG:

    def test_a_disk_that_is_filled_amid_the_bidding_loses_no_acknowledged_bid() -> None:
        folder = Path(tempfile.mkdtemp(prefix="techmarket-fault-"))
        folder.chmod(0o755)
        (folder / "small").mkdir(mode=0o755)
        apart = ["-m"] if os.geteuid() == 0 else ["-Um", "--map-current-user", "--keep-caps"]
        script = 'mount -t tmpfs -o size=900m,mode=0755 tmpfs "$1" && exec "$2" -m tests.fault.full_disk "$1"'
        try:
            done = subprocess.run(
                ["unshare", *apart, "sh", "-c", script, "sh", str(folder / "small"), sys.executable],
                cwd=ROOT,
                capture_output=True,
                text=True,
                timeout=500,
                check=False,
            )
        finally:
            shutil.rmtree(folder)
        assert done.returncode == 0, done.stderr[-3000:]
        told = json.loads(done.stdout.splitlines()[-1])
        print(json.dumps(told), file=sys.stderr)
        assert told.pop("turned_away") > 0
        assert (told["odd"], told["unfinished"]) == ([], [])
        assert (told["acknowledged_lost"], told["sequence_gaps"], told["rule_violations"]) == (0, 0, 0)
        assert told["winners_per_lot"] == [1, 1]
