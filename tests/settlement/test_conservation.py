"""Whatever happens to money, none is created and none is lost: the books balance, and the bank says the same."""

from __future__ import annotations

import os
from datetime import timedelta

import pytest
from beancount import loader
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from techmarket.ledger import service as ledger
from techmarket.settlement.rules import Purpose
from tests.settlement.life import CHARGE, Life, World, state_and_close

IS_LONG = os.environ.get("TECHMARKET_LONG") == "1"
LIVES, STEPS = (120, 60) if IS_LONG else (12, 24)

HAPPENED = "SELECT DISTINCT kind FROM journal_entry WHERE kind LIKE 'settlement.%'"
HAPPENINGS = {
    f"settlement.{what}"
    for what in (
        "bank_line_assigned",
        "bank_line_returned",
        "day_closed",
        "due_cancelled",
        "due_paid",
        "due_refunded",
        "entry_explained",
        "money_act_done",
        "payout_confirmed",
        "payout_failed",
        "release_held",
        "released",
    )
}
"""What has to have happened, or the lives were too quiet to show anything."""


@pytest.mark.slow
def test_no_amount_is_created_or_lost_in_any_life_and_an_outside_checker_agrees(database_url: str, tmp_path):
    world = World(database_url)
    life = type("Life", (Life,), {"world": world})
    try:
        run_state_machine_as_test(
            life,
            settings=settings(
                max_examples=LIVES,
                stateful_step_count=STEPS,
                deadline=None,
                # The database goes on from one life to the next, so a failure is told and not made smaller.
                phases=[Phase.generate],
                derandomize=not IS_LONG,
                suppress_health_check=list(HealthCheck),
            ),
        )
        world.day += timedelta(days=1)
        last = life()  # the market earns what it pays the bank
        last.owe(0, 60_000_000, Purpose.PRICE)
        last.pay(-1, 0, "", 1)
        last.release(-1)
        world.bank.debit(CHARGE, "")
        state_and_close(world)
        assert -world.figures()["BANK"] == world.bank.balance > 0
        assert set(world.ids(HAPPENED)) >= HAPPENINGS
        file = tmp_path / "book.beancount"
        with world.run(ledger.export_book(world.tx, world.first, "market")) as aside:
            file.write_bytes(aside.read())
        _, wrong, _ = loader.load_file(str(file))
        assert wrong == []
    finally:
        world.close()
