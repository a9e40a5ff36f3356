"""Who left, died, cannot be reached, refuses or disputes: just that share waits, seen by two, and is let go in time."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest
from sqlalchemy import text

from techmarket.identity.actor import Role
from techmarket.identity.permissions import NotAllowed
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.kernel.refusals import NotFound
from techmarket.revenue import errors, holds, service
from techmarket.revenue.holds import Heir, HoldReason, ReleaseKind
from techmarket.revenue.lifecycle import HoldState, LineState, TableState
from tests.identity.make import a_member
from tests.notices.make import an_evidence, move_to, shanghai
from tests.revenue.make_licence import (
    POSTED,
    a_licence,
    a_published_distribution,
    a_signed_table,
    a_table,
    receive_royalty,
    sign,
)

SHOWN = "ab" * 32
HELD = [LineState.INSTRUCTED] * 2 + [LineState.HELD] + [LineState.INSTRUCTED] * 2


def test_a_share_is_let_go_only_in_a_way_that_fits_why_it_waits():
    for reason in HoldReason:
        for kind in ReleaseKind:
            heirs = [Heir("示例继承人", Decimal(1), SHOWN)] if kind is ReleaseKind.HEIRS else []
            if kind in holds.RELEASES[reason]:
                holds.check_release(reason, kind, heirs)
            else:
                with pytest.raises(errors.ReleaseDoesNotFit):
                    holds.check_release(reason, kind, heirs)
    for heirs in ([], [Heir("甲", Decimal(0), SHOWN)], [Heir("甲", Decimal(1), SHOWN)] * 2):
        with pytest.raises(errors.HeirsMissing):
            holds.check_release(HoldReason.DIED, ReleaseKind.HEIRS, heirs)


def test_a_table_is_in_force_when_each_has_signed_or_his_own_share_is_kept_back():
    assert holds.all_consent({1, 2, 3}, {1, 2}, {3})
    assert not holds.all_consent({1, 2, 3}, {1}, {3})
    assert holds.all_consent({1, 2}, {1, 2}, set())


async def state_of(licence, table):
    return (await service.get_share_table(licence.tx, licence.unit.actor, table.id)).state


async def propose(licence, table, reason, who=2, by=None):
    await an_evidence(licence.tx, licence.unit.actor, SHOWN)
    return await service.propose_hold(
        licence.tx,
        (by or licence.unit).actor,
        table.id,
        person_id=licence.inventors[who].actor.person,
        reason=reason,
        grounds="Sample grounds / 示例事由",
        evidence_sha256=SHOWN,
    )


async def a_colleague(licence):
    return (await a_member(licence.tx, licence.unit.actor, Role.LISTING_OFFICER)).actor


def states(view):
    return [line.state for line in view.lines]


async def test_one_who_refuses_is_heard_and_then_only_her_own_share_waits_until_she_signs(tx, keys):
    licence = await a_licence(tx, keys)
    table = await sign(licence, await a_table(licence), 0, 1)
    hold = await propose(licence, table, HoldReason.REFUSES)
    operator, unit = licence.market["operator"].actor, licence.unit.actor
    with pytest.raises(errors.AnswerPeriodRunning):
        await service.decide_hold(tx, operator, hold.id, confirmed=True)
    published = await a_published_distribution(licence)
    await move_to(tx, shanghai(2026, 4, 8))
    with pytest.raises(errors.TableNotSigned):
        await service.pay_distribution(tx, unit, published.id)
    with pytest.raises(errors.SecondEyeNeeded):
        await service.decide_hold(tx, await a_colleague(licence), hold.id, confirmed=True)
    assert (await service.decide_hold(tx, operator, hold.id, confirmed=True)).state is HoldState.HOLDING
    assert await state_of(licence, table) is TableState.SIGNED
    assert states(await service.pay_distribution(tx, unit, published.id)) == HELD
    with pytest.raises(errors.NothingPayable):
        await service.pay_distribution(tx, unit, published.id)
    await sign(licence, table, 2)
    (released,) = await service.list_holds(tx, unit, table.id)
    assert (released.state, released.release) == (HoldState.RELEASED, ReleaseKind.SIGNED)
    assert set(states(await service.pay_distribution(tx, unit, published.id))) == {LineState.INSTRUCTED}


async def test_heirs_stand_in_the_place_of_one_who_died_and_share_her_line_to_the_cent(tx, keys):
    licence = await a_licence(tx, keys)
    table = await sign(licence, await a_table(licence), 0)
    hold = await propose(licence, table, HoldReason.DIED)
    # What one officer alone has said dispenses with nobody's signature.
    assert (await sign(licence, table, 1)).state is TableState.SIGNING
    unit, colleague = licence.unit.actor, await a_colleague(licence)
    with pytest.raises(errors.SecondEyeNeeded):
        await service.decide_hold(tx, unit, hold.id, confirmed=True)
    assert await state_of(licence, table) is TableState.SIGNING
    await service.decide_hold(tx, colleague, hold.id, confirmed=True)
    assert await state_of(licence, table) is TableState.SIGNED
    with pytest.raises(errors.SignatoryDied):
        await sign(licence, table, 2)
    published = await a_published_distribution(licence)
    await move_to(tx, shanghai(2026, 4, 8))
    assert states(await service.pay_distribution(tx, unit, published.id)) == HELD
    heirs = [Heir("示例继承人甲", Decimal(2), SHOWN), Heir("示例继承人乙", Decimal(1), SHOWN)]
    shown = {"kind": ReleaseKind.HEIRS, "evidence_sha256": SHOWN, "heirs": heirs}
    await service.propose_release(tx, unit, hold.id, **shown)
    with pytest.raises(errors.SecondEyeNeeded):
        await service.decide_release(tx, unit, hold.id, confirmed=True)
    with pytest.raises(errors.NothingPayable):
        await service.pay_distribution(tx, unit, published.id)
    back = await service.decide_release(tx, colleague, hold.id, confirmed=False)
    assert (back.state, back.release, back.heirs) == (HoldState.HOLDING, None, ())
    await service.propose_release(tx, unit, hold.id, **shown)
    await service.decide_release(tx, colleague, hold.id, confirmed=True)
    paid = await service.pay_distribution(tx, unit, published.id)
    line = paid.lines[2]
    assert (line.state, line.amount.minor) == (LineState.INSTRUCTED, 70_329_00)
    assert [(heir.name, heir.amount.minor) for heir in line.heirs] == [
        ("示例继承人甲", 46_886_00),
        ("示例继承人乙", 23_443_00),
    ]


async def test_one_who_left_consents_on_paper_and_two_people_see_it(tx, keys):
    licence = await a_licence(tx, keys)
    with pytest.raises(errors.StillHere):
        await propose(licence, await sign(licence, await a_table(licence), 0, 1), HoldReason.LEFT)
    async with tx.begin() as db:
        gone = {"id": licence.inventors[2].actor.person}
        await db.execute(text("UPDATE membership SET ended_at = now() WHERE person_id = :id"), gone)
    table = await sign(licence, await a_table(licence), 0, 1)
    hold = await propose(licence, table, HoldReason.LEFT)
    unit, colleague = licence.unit.actor, await a_colleague(licence)
    await service.decide_hold(tx, colleague, hold.id, confirmed=True)
    published = await a_published_distribution(licence)
    await move_to(tx, shanghai(2026, 4, 8))
    assert states(await service.pay_distribution(tx, unit, published.id)) == HELD
    await service.propose_release(tx, unit, hold.id, kind=ReleaseKind.PAPER, evidence_sha256=SHOWN)
    await service.decide_release(tx, colleague, hold.id, confirmed=True)
    assert set(states(await service.pay_distribution(tx, unit, published.id))) == {LineState.INSTRUCTED}


async def test_whoever_disputes_holds_her_own_share_at_once_and_only_the_market_decides_against_her(tx, keys):
    licence = await a_licence(tx, keys)
    table = await a_signed_table(licence)
    published = await a_published_distribution(licence)
    carla, unit = licence.inventors[2].actor, licence.unit.actor
    hold = await service.dispute_share(tx, carla, table.id, grounds="My part is too small.", evidence_sha256=None)
    with pytest.raises(errors.HoldExists):
        await service.dispute_share(tx, carla, table.id, grounds="Again.", evidence_sha256=None)
    await move_to(tx, shanghai(2026, 4, 8))
    assert states(await service.pay_distribution(tx, unit, published.id)) == HELD
    await an_evidence(tx, unit, SHOWN)
    await service.propose_release(tx, unit, hold.id, kind=ReleaseKind.DECISION, evidence_sha256=SHOWN)
    with pytest.raises(errors.SecondEyeNeeded):
        await service.decide_release(tx, await a_colleague(licence), hold.id, confirmed=True)
    await service.decide_release(tx, licence.market["operator"].actor, hold.id, confirmed=True)
    assert states(await service.pay_distribution(tx, unit, published.id))[2] is LineState.INSTRUCTED
    again = await service.dispute_share(tx, carla, table.id, grounds="Later income.", evidence_sha256=None)
    back = await service.take_back_dispute(tx, carla, again.id)
    assert (back.state, back.release) == (HoldState.RELEASED, ReleaseKind.TAKEN_BACK)
    with pytest.raises(NotFound):
        await service.take_back_dispute(tx, licence.inventors[0].actor, again.id)


async def test_a_hold_is_told_to_the_officers_and_to_the_one_it_is_about_and_to_nobody_else_in_the_table(tx, keys):
    licence = await a_licence(tx, keys)
    table = await sign(licence, await a_table(licence), 0, 1)
    hold = await propose(licence, table, HoldReason.REFUSES)
    seen_by = {
        who: [one.id for one in await service.list_holds(tx, actor, table.id)]
        for who, actor in {
            "unit": licence.unit.actor,
            "operator": licence.market["operator"].actor,
            "anna": licence.inventors[0].actor,
            "carla": licence.inventors[2].actor,
        }.items()
    }
    assert seen_by == {"unit": [hold.id], "operator": [hold.id], "anna": [], "carla": [hold.id]}
    for stranger in (licence.inventors[0].actor, licence.buyer.actor):
        with pytest.raises(NotFound):
            await service.decide_hold(tx, stranger, hold.id, confirmed=True)
    with pytest.raises(NotFound):
        await service.list_holds(tx, licence.buyer.actor, table.id)
    with pytest.raises(NotAllowed):
        await propose(licence, table, HoldReason.DIED, by=licence.inventors[0])


async def test_who_has_signed_does_not_refuse_and_a_changed_table_knows_of_no_hold(tx, keys):
    licence = await a_licence(tx, keys)
    table = await sign(licence, await a_table(licence), 0, 1)
    with pytest.raises(errors.SignedByHer):
        await propose(licence, table, HoldReason.REFUSES, who=0)
    hold = await propose(licence, table, HoldReason.DIED)
    await service.decide_hold(tx, await a_colleague(licence), hold.id, confirmed=True)
    second = await sign(licence, await a_table(licence), 0, 1)
    assert await state_of(licence, second) is TableState.SIGNING
    assert await service.list_holds(tx, licence.unit.actor, second.id) == []
    assert (await sign(licence, second, 2)).state is TableState.SIGNED
    assert await state_of(licence, table) is TableState.REPLACED


async def test_a_hold_and_a_payment_at_once_never_pay_the_share_that_waits(tx, keys):
    licence = await a_licence(tx, keys)
    table = await a_signed_table(licence)
    published = await a_published_distribution(licence)
    await move_to(tx, shanghai(2026, 4, 8))
    carla = licence.inventors[2].actor
    hold, paid = await asyncio.gather(
        service.dispute_share(tx, carla, table.id, grounds="Too small.", evidence_sha256=None),
        service.pay_distribution(tx, licence.unit.actor, published.id),
    )
    after = await service.get_distribution(tx, licence.unit.actor, published.id)
    waits = after.lines[2].state is LineState.HELD
    assert states(after) == (HELD if waits else [LineState.INSTRUCTED] * 5)
    assert (after.lines[2].hold_id == hold.id) is waits
    assert states(paid) == states(after)


async def test_the_last_signature_and_the_confirmed_hold_at_once_put_the_table_in_force_once(tx, keys):
    licence = await a_licence(tx, keys)
    table = await sign(licence, await a_table(licence), 0)
    hold = await propose(licence, table, HoldReason.DIED)
    colleague = await a_colleague(licence)
    await asyncio.gather(sign(licence, table, 1), service.decide_hold(tx, colleague, hold.id, confirmed=True))
    assert await state_of(licence, table) is TableState.SIGNED
    with pytest.raises(NotInThisState):
        await service.decide_hold(tx, colleague, hold.id, confirmed=True)


async def test_several_receipts_give_each_what_one_receipt_would_have_given(tx, keys):
    """Two events of 591,000.00 and 545,398.11 net give the same as one of both: rounding is done once."""
    licence = await a_licence(tx, keys)
    await a_signed_table(licence)
    first = await a_published_distribution(licence)
    await receive_royalty(licence)
    second = await service.draft_distribution(tx, licence.unit.actor, licence.id)
    # Together 1,136,398.11; 70 % is 795,478.677, up to .68; in 85/5/10 and 50/30/20, staff not below 5 %.
    assert first.reward.minor + second.reward.minor == 795_478_68
    whole = [one.amount.minor + other.amount.minor for one, other in zip(first.lines, second.lines, strict=True)]
    assert whole == [338_078_44, 202_847_06, 135_231_37, 39_773_94, 79_547_87]
    await service.publish_distribution(tx, licence.unit.actor, second.id, posted_sha256=POSTED)
