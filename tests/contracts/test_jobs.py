"""What follows by itself: a payment marks its line, a lapsed award ends its draft; also when told twice."""

from __future__ import annotations

from uuid import uuid4

import pytest

from techmarket.contracts import service
from techmarket.contracts.lifecycle import ContractState, LineState
from techmarket.db import jobs as declared
from techmarket.db import journal
from techmarket.db.means import Means
from techmarket.identity.actor import OrgKind
from techmarket.jobs import runner
from techmarket.notices.errors import StillRunning
from techmarket.settlement.events import DuePaid
from techmarket.settlement.rules import Purpose
from techmarket.trading.events import AwardLapsed
from tests.contracts.make import a_signing, in_force, send_money
from tests.notices.make import a_sandbox, hang, move_to, put_in_its_place, shanghai


async def test_the_runner_brings_the_banks_word_to_the_plan_line(means: Means, keys):
    deal = await in_force(means.tx, keys)
    assert await send_money(means.tx, keys, deal.id) == 1
    before = await service.get_contract(means.tx, deal.buyer.actor, deal.id)
    await runner.settle_down(means)
    after = await service.get_contract(means.tx, deal.buyer.actor, deal.id)
    assert (before.plan[0].state, after.plan[0].state) == (LineState.DUE, LineState.PAID)
    due_id = after.plan[0].due_id
    assert due_id is not None
    told = DuePaid(due_id, f"contract:{deal.id}", Purpose.ENTRY_FEE)
    await declared.REACTIONS["contracts.mark_paid"].handle(means, told)
    async with means.tx.begin() as db:
        await journal.sequence(db)
    async with means.tx.read() as db:
        assert len(await journal.read(db, kinds=["contracts.plan_line_paid"])) == 1


async def test_a_contract_waits_for_the_notice_put_in_the_place_of_its_price_notice(means: Means, keys):
    tx = means.tx
    await a_sandbox(tx, shanghai(2026, 3, 2, 9))
    deal = await a_signing(tx, keys, seller_kind=OrgKind.UNIVERSITY)
    await hang(tx, deal.seller.actor, deal.contract.notice_id)
    new = (await put_in_its_place(tx, deal.seller.actor, deal.contract.notice_id, note_en="A sample note")).line.id
    await hang(tx, deal.seller.actor, new)
    await runner.settle_down(means)
    assert (await service.get_contract(tx, deal.buyer.actor, deal.id)).notice_id == new
    with pytest.raises(StillRunning):
        await service.sign(tx, deal.seller.actor, deal.id, document_sha256=deal.sha256)
    await move_to(tx, shanghai(2026, 3, 18))
    signed = await service.sign(tx, deal.seller.actor, deal.id, document_sha256=deal.sha256)
    assert signed.state is ContractState.SIGNING


async def test_events_about_things_that_have_no_contract_change_nothing(means: Means):
    await declared.REACTIONS["contracts.mark_paid"].handle(means, DuePaid(uuid4(), "trade:x", Purpose.DEPOSIT))
    await declared.REACTIONS["contracts.cancel_lapsed"].handle(means, AwardLapsed(uuid4(), uuid4()))
    async with means.tx.begin() as db:
        assert await journal.sequence(db) == 0
