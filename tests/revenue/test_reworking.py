"""A line under an upheld objection is written anew alone: signed by those concerned, published, paid."""

from __future__ import annotations

import pytest

from techmarket.kernel.lifecycle import NotInThisState
from techmarket.kernel.money import Money
from techmarket.kernel.refusals import NotFound
from techmarket.notices import errors as notice_errors
from techmarket.notices import service as notices
from techmarket.revenue import errors, reworking, service, statement
from techmarket.revenue.case import Group
from techmarket.revenue.lifecycle import DistributionState, LineState, ReworkState
from techmarket.revenue.reworking import NewLine
from tests.notices.make import move_to, shanghai
from tests.revenue.make import a_case
from tests.revenue.make_licence import POSTED, a_licence, a_published_distribution, a_signed_table, trusted

GROUPS = {Group.MAIN: 663_522_06, Group.STAFF: 39_030_71, Group.OTHERS: 78_061_42}
WORKED = {"unit_minor": 334_548_93, "base_minor": 1_115_163_12, "by_group": GROUPS}


def check(old, *new):
    return reworking.check_rework(a_case(), old=old, new=new, **WORKED)


def test_what_a_reworked_line_gets_more_is_the_units_and_the_floors_of_the_reward_stay():
    carla = NewLine(Group.MAIN, "C", 132_704_41)
    assert check(carla, NewLine(Group.MAIN, "C", 132_704_41)) == 0
    assert check(carla, NewLine(Group.MAIN, "C", 132_704_41), NewLine(Group.MAIN, "D", 1)) == 1
    assert check(carla, NewLine(Group.MAIN, "C", 132_704_41 + 334_548_93)) == 334_548_93
    with pytest.raises(errors.ReworkTooLarge):
        check(carla, NewLine(Group.MAIN, "C", 132_704_41 + 334_548_94))


@pytest.mark.parametrize(
    ("old", "new", "part"),
    [
        # One cent less, and the whole reward is below 70 % of net income.
        (NewLine(Group.MAIN, "C", 132_704_41), NewLine(Group.MAIN, "C", 132_704_40), "reward"),
        # Transfer staff stand exactly at their 5 % of the reward.
        (NewLine(Group.STAFF, None, 39_030_71), NewLine(Group.OTHERS, None, 39_030_71), "STAFF"),
        # 70 % of the reward is 546,429.94 for the main contributors: 663,522.06 - 132,704.41 is less.
        (NewLine(Group.MAIN, "C", 132_704_41), NewLine(Group.OTHERS, "C", 132_704_41), "MAIN"),
    ],
)
def test_a_rework_that_takes_a_part_below_its_floor_is_refused_and_says_which(old, new, part):
    with pytest.raises(errors.ReworkBelowFloor) as refused:
        check(old, new)
    assert refused.value.facts["part"] == part


def test_nobody_is_named_twice_in_a_rework():
    with pytest.raises(errors.TableMalformed):
        check(NewLine(Group.MAIN, "C", 132_704_41), *[NewLine(Group.MAIN, "C", 66_352_21)] * 2)


async def an_upheld_objection(licence, published, line="3"):
    objection = await notices.file_objection(
        licence.tx, licence.inventors[2].actor, published.notice_id, grounds="My part is too small.", lines=[line]
    )
    operator = licence.market["operator"].actor
    await notices.decide_objection(licence.tx, operator, objection.id, upheld=True, reasons="It is.")


async def test_an_upheld_line_is_reworked_alone_while_the_others_are_paid(tx, keys):
    licence = await a_licence(tx, keys)
    await a_signed_table(licence)
    published = await a_published_distribution(licence)
    await an_upheld_objection(licence, published)
    await move_to(tx, shanghai(2026, 4, 8))
    unit = licence.unit.actor
    paid = await service.pay_distribution(tx, unit, published.id)
    for line in paid.lines:
        if line.state is LineState.INSTRUCTED:
            await service.confirm_payroll(tx, unit, line.id)
    bert, carla = (licence.inventors[n].actor for n in (1, 2))
    with pytest.raises(errors.NotReworkable):
        await service.draft_rework(
            tx, unit, paid.id, 2, lines=[NewLine(Group.MAIN, str(bert.person), 1)], reasons="Not objected to."
        )
    rework = await service.draft_rework(
        tx,
        unit,
        paid.id,
        3,
        lines=[NewLine(Group.MAIN, str(carla.person), 80_000_00), NewLine(Group.MAIN, str(bert.person), 329_00)],
        reasons="Sample reasons / 示例理由",
    )
    assert (rework.state, rework.required) == (ReworkState.SIGNING, 2)
    with pytest.raises(NotFound):
        await service.get_rework(tx, licence.inventors[0].actor, rework.id)
    for who in (bert, carla):
        rework = await service.sign_rework(tx, who, rework.id, document_sha256=rework.document_sha256)
    assert rework.state is ReworkState.SIGNED
    rework = await service.publish_rework(tx, unit, rework.id, posted_sha256=POSTED)
    with pytest.raises(errors.NothingPayable):
        await service.pay_distribution(tx, unit, paid.id)
    for who in (bert, carla):
        file = await service.get_statement_file(tx, keys, who, paid.id, who.person)
        assert statement.check_file(file.body, trusted(keys)).checked == ("form", "promise", "line", "rework", "cents")
    after = await service.get_distribution(tx, unit, paid.id)
    assert (after.reward.minor, after.unit_part.minor) == (413_700_00 + 10_000_00, 177_300_00 - 10_000_00)
    assert [(line.n, line.amount.minor, line.state) for line in after.lines if line.state is not LineState.PAID] == [
        (3, 70_329_00, LineState.CANCELLED),
        (6, 80_000_00, LineState.OPEN),
        (7, 329_00, LineState.OPEN),
    ]
    await move_to(tx, shanghai(2026, 4, 24))
    paid = await service.pay_distribution(tx, unit, paid.id)
    for line in paid.lines[-2:]:
        assert (line.state, line.wage_base) == (LineState.INSTRUCTED, line.amount)
        await service.confirm_payroll(tx, unit, line.id)
    assert (await service.get_distribution(tx, unit, paid.id)).state is DistributionState.PAID
    file = await service.get_statement_file(tx, keys, carla, paid.id, carla.person)
    assert statement.check_file(file.body, trusted(keys)).statement["amount_minor"] == 80_000_00
    listed = (await service.list_statements(tx, carla, cursor=None, limit=5)).items
    assert [card.amount.minor for card in listed] == [80_000_00]


async def test_a_rework_is_published_only_signed_and_an_objection_to_it_holds_its_own_line(tx, keys):
    licence = await a_licence(tx, keys)
    await a_signed_table(licence)
    published = await a_published_distribution(licence)
    await an_upheld_objection(licence, published)
    unit, carla = licence.unit.actor, licence.inventors[2].actor
    lines = [NewLine(Group.MAIN, str(carla.person), 80_000_00)]
    rework = await service.draft_rework(tx, unit, published.id, 3, lines=lines, reasons="Sample reasons")
    with pytest.raises(NotInThisState):
        await service.publish_rework(tx, unit, rework.id, posted_sha256=POSTED)
    await service.sign_rework(tx, carla, rework.id, document_sha256=rework.document_sha256)
    rework = await service.publish_rework(tx, unit, rework.id, posted_sha256=POSTED)
    with pytest.raises(notice_errors.UnknownLines):
        await notices.file_objection(tx, carla, rework.notice_id, grounds="Still.", lines=["3"])
    await notices.file_objection(tx, carla, rework.notice_id, grounds="Still too small.", lines=["6"])
    await move_to(tx, shanghai(2026, 4, 8))
    paid = await service.pay_distribution(tx, unit, published.id)
    assert {line.n: line.state for line in paid.lines} == {
        1: LineState.INSTRUCTED,
        2: LineState.INSTRUCTED,
        3: LineState.CANCELLED,
        4: LineState.INSTRUCTED,
        5: LineState.INSTRUCTED,
        6: LineState.HELD,
    }
    back = await service.reverse_distribution(tx, unit, published.id, claw_back=True)
    assert {line.state for line in back.lines} == {LineState.CANCELLED}
    assert (await service.get_rework(tx, unit, rework.id)).state is ReworkState.WITHDRAWN


async def test_two_reworks_do_not_spend_the_unit_s_part_twice(tx, keys):
    licence = await a_licence(tx, keys)
    await a_signed_table(licence)
    published = await a_published_distribution(licence)
    unit, reworks = licence.unit.actor, {}
    for n in (2, 3):
        await an_upheld_objection(licence, published, line=str(n))
        who = licence.inventors[n - 1].actor
        # The unit's part is 177,300.00: enough for either, not for both.
        minor = published.lines[n - 1].amount.minor + 100_000_00
        lines = [NewLine(Group.MAIN, str(who.person), minor)]
        rework = await service.draft_rework(tx, unit, published.id, n, lines=lines, reasons="Sample reasons")
        reworks[n] = await service.sign_rework(tx, who, rework.id, document_sha256=rework.document_sha256)
    await service.publish_rework(tx, unit, reworks[2].id, posted_sha256=POSTED)
    with pytest.raises(errors.ReworkTooLarge) as refused:
        await service.publish_rework(tx, unit, reworks[3].id, posted_sha256=POSTED)
    assert refused.value.facts["left"] == Money(77_300_00)
    assert (await service.get_distribution(tx, unit, published.id)).unit_part.minor == 77_300_00
