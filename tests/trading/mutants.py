"""Take one guard of trading after the other out of the code and see that its tests notice: part of `make mutants`.

Each mutant is a copy of the sources with one line weakened. A mutant that lives is a guard that nothing watches.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.pg import TestRun, TestServer

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "src"
TESTS = ROOT / "tests"
ENDS_WITHIN_SECONDS = 600
AFTER, MANDATE, JOINT, QUALIFY, ANNOUNCE, DEPOSIT, RELIST, SERVICE = (
    f"test_{name}.py"
    for name in (
        "afterwards", "mandates", "consortia", "qualifying", "announcement", "deposits", "relisting", "service"
    )
)  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """`path` under the room's sources; `guard` stands there once; `tests` are the files, or single tests, beside the
    room's own."""

    path: str
    guard: str
    weakened: str
    tests: tuple[str, ...]
    room: str = "trading"

    @property
    def file(self) -> Path:
        return Path("techmarket", self.room, self.path)


def mutants(path: str, tests: tuple[str, ...], *pairs: tuple[str, str]) -> list[Mutant]:
    return [Mutant(path, guard, weakened, tests) for guard, weakened in pairs]


MUTANTS = [
    *mutants(
        "service/finishing.py",
        (AFTER,),
        ("seat is None or seat.state is not SeatState.READY:", "seat is None:"),
        ("lot.step_due_at is None or now >= lot.step_due_at:", "lot.step_due_at is None:"),
        ("own = next((one for one in leaders if one.number == seat.number), None)", "own = leaders[-1]"),
        ("if seat.number in given:", "if False:"),
        ("if minor <= own.price_minor:", "if minor < own.price_minor:"),
        ("if _is_read(lot):", "if True:"),
        ("seat is not None and row.number == seat.number]", "seat is not None]"),
        ("if {one.number for one in leaders} <= {*given, seat.number}:", "if True:"),
    ),
    *mutants("final_bids.py", (AFTER,), ("return leaders if len(leaders) > 1 else []", "return leaders")),
    *mutants(
        "service/mandating.py",
        (MANDATE,),
        ("if actor.org_id not in seen.sides and not actor.is_market:", "if False:"),
        ("participant.state is not ParticipantState.REGISTERED or trade.state", "trade.state"),
        ("or trade.state is not TradeState.ANNOUNCED:", ":"),
        ("require_stands_once(actor.org, others)", "pass"),
        ("if principal_org in (actor.org, trade.seller_org_id):", "if False:"),
        ("if found is None or not found.is_verified:", "if found is None:"),
        ("for one in known if one.state not in OUT)", "for one in known)"),
        ("return bound if one.mandated_at is None else bound |", "return bound |"),
        ("await notices.require_evidence(db, participant.org_id, [evidence_sha256], pointer=pointer)", "pass"),
    ),
    *mutants(
        "service/consorting.py",
        (JOINT,),
        ("if actor.org_id not in orgs and not actor.is_market:", "if False:"),
        ("participant.state is not ParticipantState.REGISTERED or trade.state", "trade.state"),
        ("require_stands_once(actor.org, others)", "pass"),
        ("if unsigned:", "if False:"),
        ("org not in found or not found[org].is_verified for", "org not in found for"),
        ("await _require_verified(db, [one.org_id for one in participant.members], await", "await"),
        ("await notices.require_evidence(db, participant.org_id, [draft.evidence_sha256], pointer=pointer)", "pass"),
    ),
    *mutants(
        "consortium.py",
        (JOINT,),
        ("or len(set(orgs)) < len(orgs)", ""),
        (" or seller in orgs:", ":"),
        ("not least <= len(orgs) <= most", "not least <= len(orgs)"),
        ('or said["deposit_from"] != DepositFrom.NAMED_MEMBER', ""),
        ("if payer not in orgs or", "if"),
    ),
    *mutants(
        "service/participating.py",
        (SERVICE, QUALIFY, "test_lots.py", JOINT),
        ("if actor.org_id == trade.seller_org_id:", "if False:"),
        (" or await notices.is_cleared(db, trade.notice_id, now):", ":"),
        ("if any(participant.org_id == actor.org_id for participant in known):", "if False:"),
        ("mandating.require_stands_once(actor.org, known)", "pass"),
        ("if not wanted <= {lot.id for lot in lots}:", "if False:"),
        ("if await identity.share_people(db, trade.seller_org_id, org_id):", "if False:"),
    ),
    *mutants(
        "service/qualifying.py",
        (QUALIFY, MANDATE, JOINT),
        ("if not qualification.is_apart(person.org_ids, participant.sides):", "if False:"),
        ("if not actor.is_market and actor.org_id not in {trade.seller_org_id, *participant.sides}:", "if False:"),
        ("    if trade.state is not TradeState.ANNOUNCED:", "    if False:"),
        ("if not accepted and not grounds:", "if False:"),
        (" or trade.suspended_at is not None:", ":"),
        ("!= qualification.COUNTS_AS_CONFIRMATION", '== "never"'),
        (" or await market_now(db) < participant.due_at or", " or"),
        ("participant.principal_org_id is not None and participant.mandated_at is None:", "False:"),
        ("if accepted and participant.members:", "if False:"),
    ),
    *mutants(
        "service/announcing.py",
        (ANNOUNCE, SERVICE, RELIST),
        ("require_published(offer)\n        require_same_version", "require_same_version"),
        ("require_published(offer)\n        require_same_version(trade, offer)", "require_published(offer)"),
        ("actor=actor)\n        require_same_version(trade, offer)", "actor=actor)"),
        ("await require_follows(db, trade)", "pass"),
        ("if trade.bidding_opens_at < ends_at:", "if False:"),
    ),
    *mutants(
        "service/prolonging.py",
        (ANNOUNCE,),
        ("if not lacks_participants((await", "if False and not lacks_participants((await"),
        ("    if trade.suspended_at is not None:\n        raise", "    if False:\n        raise"),
        ("if trade.suspended_at is None:\n            raise", "if False:\n            raise"),
        (" or now < trade.extension_look_at:", ":"),
        (" or not await notices.extensions_left(db, _notice_of(trade)):", ":"),
        ("not is_running or not lacks or", "not is_running or"),
        (" or now < trade.resume_by:", ":"),
    ),
    *mutants(
        "service/terminating.py",
        (ANNOUNCE,),
        ("if AwardState.CONCLUDED in standing:", "if False:"),
        ("if cause is TerminationCause.SELLERS_MOTION and not", "if False and not"),
        ("if await repository.is_motion_open(db, trade_id):", "if False:"),
        (
            "if not await repository.is_motion_open(db, trade_id):\n            raise errors.NoMotion()",
            "if False:\n            raise errors.NoMotion()",
        ),
    ),
    *mutants(
        "service/leaving.py",
        (DEPOSIT, QUALIFY),
        ("if actor.org_id != seen.org_id:", "if False:"),
        ("if trade.state is not TradeState.ANNOUNCED:", "if False:"),
        ("if cause not in announced:", "if False:"),
        ("await require_apart(db, actor, participant)", "pass"),
        (
            "            await deposits.hold_what_came(db, trade, participant, deposit)\n            await",
            "            await",
        ),
    ),
    *mutants(
        "deposits.py",
        (DEPOSIT, "test_record_afterwards.py"),
        ("seat.shut_out_at = await market_now(db)", "pass"),
        ("journal.record(db, BidderShutOut(lot.id, trade.id, seat.number), actor=actor)", "pass"),
        (
            "deposit.state is not DepositState.HELD or cause not in await announced_causes(db, trade):",
            "deposit.state is not DepositState.HELD:",
        ),
    ),
]


def weakened(mutant: Mutant) -> str:
    """The text of its file without the guard."""
    text = (SOURCES / mutant.file).read_text()
    count = text.count(mutant.guard)
    if count != 1:
        raise ValueError(f"{mutant.path}: the guard stands there {count} times: {mutant.guard}")
    return text.replace(mutant.guard, mutant.weakened)


def lives(mutant: Mutant) -> bool:
    """Whether its tests pass although the guard is gone."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "src"
        shutil.copytree(SOURCES, copy, ignore=shutil.ignore_patterns("__pycache__"))
        (copy / mutant.file).write_text(weakened(mutant))
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-n", "0", "-o", f"pythonpath={copy} ."]
        try:
            ended = subprocess.run(
                [*command, *(str(TESTS / mutant.room / one) for one in mutant.tests)],
                cwd=ROOT,
                env={**os.environ, "PYTHONPATH": str(copy)},  # by it the processes that the tests start find the copy
                capture_output=True,
                text=True,
                timeout=ENDS_WITHIN_SECONDS,
            )
        except subprocess.TimeoutExpired:
            return False  # tests that never end are noticed, too
    if ended.returncode not in (0, 1):
        print(ended.stdout[-2000:], flush=True)
    return ended.returncode == 0


def main(mutants: list[Mutant], wanted: list[str]) -> int:
    """All of them, or those in files whose path has one of these parts."""
    alive = []
    chosen = [one for one in mutants if not wanted or any(part in one.path for part in wanted)]
    run = TestRun()  # one server for all of them
    server = TestServer()
    try:
        server.migrated_template()
        for mutant in chosen:
            is_alive = lives(mutant)
            alive += [mutant] * is_alive
            print(f"{'LIVES ' if is_alive else 'caught'}  {mutant.path}: {mutant.guard}", flush=True)
    finally:
        server.stop()
        run.end()
    print(f"{len(chosen) - len(alive)} of {len(chosen)} guards are watched")
    return 1 if alive else 0


if __name__ == "__main__":
    sys.exit(main(MUTANTS, sys.argv[1:]))
