"""Extension, suspension and resumption day by day; the hand computation stands beside each date."""

from __future__ import annotations

import asyncio
from datetime import date, datetime
from uuid import UUID

import pytest

from techmarket.db.session import Tx
from techmarket.identity.actor import Actor, OrgKind
from techmarket.kernel.periods import Length, Unit
from techmarket.notices import errors, repository, service, steps
from techmarket.notices.kinds import NoticeKind
from techmarket.notices.lifecycle import NoticeState
from techmarket.notices.steps import Extension
from techmarket.rulebook.errors import NoRuleInForce
from tests.identity.make import a_market, an_organisation
from tests.notices.make import a_notice, a_sandbox, gate, market_now, move_to, shanghai

FIVE, TEN, TWENTY = (Length(n, Unit.WORKING_DAYS) for n in (5, 10, 20))
TWICE = Extension(FIVE, at_most=2)
BEFORE_OR25, AFTER_OR25 = date(2025, 1, 6), date(2025, 3, 3)


async def an_announcement(
    tx: Tx,
    owner: Actor,
    *,
    length: Length = TEN,
    extension: Extension | None = None,
    rule_date: date = date(2026, 3, 2),
) -> UUID:
    kind = NoticeKind.ANNOUNCEMENT
    return await a_notice(tx, owner, kind=kind, length=length, extension=extension, rule_date=rule_date)


async def a_state_company(tx: Tx) -> Actor:
    return (await an_organisation(tx, kind=OrgKind.ENTERPRISE, government_established=True)).actor


async def extend(tx: Tx, notice: UUID, *, now: datetime | None = None) -> datetime:
    now = now or await market_now(tx)
    async with tx.begin() as db:
        return await steps.extend(db, notice, actor=None, now=now)


async def suspend(tx: Tx, notice: UUID) -> datetime | None:
    now = await market_now(tx)
    async with tx.begin() as db:
        return await steps.suspend(db, notice, cause="A share is disputed in court. Sample.", actor=None, now=now)


async def resume(tx: Tx, notice: UUID) -> datetime | None:
    now = await market_now(tx)
    async with tx.begin() as db:
        return await steps.resume(db, notice, actor=None, now=now)


async def stands(tx: Tx, notice: UUID) -> tuple[NoticeState, datetime | None]:
    async with tx.read() as db:
        facts = await steps.get_facts(db, notice)
        return facts.state, facts.ends_at


async def rest(tx: Tx, notice: UUID, reader: Actor) -> int | None:
    return (await service.get_notice(tx, reader, notice)).line.remaining_days


async def test_an_announced_extension_adds_its_step_up_to_the_last_instant_and_as_often_as_announced(tx: Tx) -> None:
    await a_sandbox(tx, shanghai(2026, 3, 2, 9))
    unit = (await an_organisation(tx)).actor
    notice = await an_announcement(tx, unit, extension=TWICE)
    # Monday 2 March not counted: 3-6, 9-13 and 16 March are ten working days.
    assert (await stands(tx, notice))[1] == shanghai(2026, 3, 17)
    await move_to(tx, shanghai(2026, 3, 16, 23, 59, 59))
    assert await rest(tx, notice, unit) == 1
    # 17-20 and 23 March.
    assert await extend(tx, notice) == shanghai(2026, 3, 24)
    assert await rest(tx, notice, unit) == 6
    await move_to(tx, shanghai(2026, 3, 20, 9))
    # 24-27 and 30 March: the second step follows the first, whenever it is asked for.
    assert await extend(tx, notice) == shanghai(2026, 3, 31)
    with pytest.raises(errors.ExtensionsUsedUp) as used:
        await extend(tx, notice)
    assert used.value.facts == {"at_most": 2}
    await move_to(tx, shanghai(2026, 3, 30, 23, 59, 59))
    with pytest.raises(errors.StillRunning):
        await gate(tx, notice)
    await move_to(tx, shanghai(2026, 3, 31))
    await gate(tx, notice)


async def test_an_extension_after_the_end_or_without_announcement_is_refused_and_changes_nothing(tx: Tx) -> None:
    await a_sandbox(tx, shanghai(2026, 3, 2, 9))
    unit = (await an_organisation(tx)).actor
    silent, spoken = await an_announcement(tx, unit), await an_announcement(tx, unit, extension=TWICE)
    with pytest.raises(errors.ExtensionNotAnnounced):
        await extend(tx, silent)
    await move_to(tx, shanghai(2026, 3, 17))
    for _ in range(2):  # before and after the job has run
        with pytest.raises(errors.PeriodOver) as over:
            await extend(tx, spoken)
        assert over.value.facts == {"ended_at": shanghai(2026, 3, 17)}
        await service.clear_due(tx)
    assert await stands(tx, spoken) == (NoticeState.CLEARED, shanghai(2026, 3, 17))


@pytest.mark.parametrize(
    "announced, refusal",
    [
        (Extension(Length(5, Unit.DAYS), 1), errors.ExtensionInAnotherUnit),
        (Extension(FIVE, 3), errors.TooManyExtensions),
        (Extension(FIVE, 0), errors.TooManyExtensions),
    ],
)
async def test_what_is_announced_keeps_to_the_rulebook(tx: Tx, announced: Extension, refusal: type[Exception]) -> None:
    unit = (await an_organisation(tx)).actor
    with pytest.raises(refusal):
        await an_announcement(tx, unit, extension=announced)
    assert (await service.list_notices(tx, unit)).items == []


async def test_a_state_company_announces_steps_of_five_working_days_at_least_and_as_many_as_it_likes(tx: Tx) -> None:
    company = await a_state_company(tx)
    with pytest.raises(errors.ExtensionTooShort) as short:
        await an_announcement(tx, company, extension=Extension(Length(4, Unit.WORKING_DAYS), 1), rule_date=BEFORE_OR25)
    assert short.value.facts == {"least": 5, "unit": Unit.WORKING_DAYS}
    await an_announcement(tx, company, length=TWENTY, extension=Extension(FIVE, 7), rule_date=BEFORE_OR25)
    # The day counts of the rules that succeeded OR09 were not seen: nothing is guessed.
    with pytest.raises(NoRuleInForce) as unseen:
        await an_announcement(tx, company, length=TWENTY, extension=Extension(FIVE, 1), rule_date=AFTER_OR25)
    assert unseen.value.facts == {"key": "trading.extension.length", "on": AFTER_OR25}


async def test_only_an_announcement_can_be_extended_and_a_list_of_the_unit_is_not_suspended(tx: Tx) -> None:
    unit = (await an_organisation(tx)).actor
    with pytest.raises(errors.NotExtendable):
        await a_notice(tx, unit, kind=NoticeKind.RESULT, length=FIVE, extension=TWICE)
    rewards = await a_notice(tx, unit, kind=NoticeKind.REWARD_LIST, lines=["a"], unit_evidence="ee" * 32)
    with pytest.raises(errors.NotSuspendable):
        await suspend(tx, rewards)
    assert (await stands(tx, rewards))[0] is NoticeState.RUNNING


async def test_a_suspension_across_a_holiday_leaves_the_working_days_that_had_not_run(tx: Tx) -> None:
    await a_sandbox(tx, shanghai(2026, 9, 21, 9))
    unit = (await an_organisation(tx)).actor
    notice = await an_announcement(tx, unit)
    # 22-24 September; 25-27 Mid-Autumn; 28-30; 1-7 October holiday; 8, 9, 10 (a worked Saturday) and 12 October.
    assert (await stands(tx, notice))[1] == shanghai(2026, 10, 13)
    await move_to(tx, shanghai(2026, 9, 24, 15))
    # One month on is 24 October, a Saturday; the next working day is Monday the 26th.
    assert await suspend(tx, notice) == shanghai(2026, 10, 27)
    assert await stands(tx, notice) == (NoticeState.PAUSED, None)
    with pytest.raises(errors.Suspended):
        await gate(tx, notice)
    with pytest.raises(errors.Suspended):
        await suspend(tx, notice)
    await move_to(tx, shanghai(2026, 10, 9, 10))
    assert await service.clear_due(tx) == 0
    assert await rest(tx, notice, unit) == 8  # the 22nd and the 23rd had run
    # 10, 12-16, 19 and 20 October.
    assert await resume(tx, notice) == shanghai(2026, 10, 21)
    assert await stands(tx, notice) == (NoticeState.RUNNING, shanghai(2026, 10, 21))
    with pytest.raises(errors.NotSuspended):
        await resume(tx, notice)
    await move_to(tx, shanghai(2026, 10, 21))
    assert await service.clear_due(tx) == 1


@pytest.mark.parametrize(
    "length, suspended_on, resumed_on, left, ends_at",
    [
        # 7-10, 13-15 January had run; 13 of 20 are left: 6, 7, 8 (worked), 10-14, 17-21 February.
        (TWENTY, (1, 16), (2, 5), 13, (2, 22)),
        # 7-10, 13-17, 20-24, 26 (worked), 27 January had run; 4 left become 10: 8, 10-14, 17-20 February.
        (TWENTY, (2, 5), (2, 7), 10, (2, 21)),
        # Only the 7th had run; 10 in all become 20, so 19 are left: 10, 13-17, 20-24, 26, 27 January, 5-8, 10, 11 Feb.
        (TEN, (1, 8), (1, 9), 19, (2, 12)),
    ],
)
async def test_a_resumed_disclosure_of_a_state_company_has_ten_days_left_and_twenty_in_all(
    tx: Tx,
    length: Length,
    suspended_on: tuple[int, int],
    resumed_on: tuple[int, int],
    left: int,
    ends_at: tuple[int, int],
) -> None:
    await a_sandbox(tx, shanghai(2025, 1, 6, 9))
    company = await a_state_company(tx)
    notice = await an_announcement(tx, company, length=length, rule_date=BEFORE_OR25)
    await move_to(tx, shanghai(2025, *suspended_on, 10))
    await suspend(tx, notice)
    await move_to(tx, shanghai(2025, *resumed_on, 16))
    assert await resume(tx, notice) == shanghai(2025, *ends_at)
    assert await rest(tx, notice, company) == left


async def test_without_the_rows_of_the_new_rules_a_state_company_is_suspended_but_not_resumed(tx: Tx) -> None:
    await a_sandbox(tx, shanghai(2025, 3, 3, 9))
    company = await a_state_company(tx)
    notice = await an_announcement(tx, company, length=TWENTY, rule_date=AFTER_OR25)
    assert await suspend(tx, notice) is None
    with pytest.raises(NoRuleInForce) as unseen:
        await resume(tx, notice)
    assert unseen.value.facts == {"key": "trading.suspension.total_min", "on": AFTER_OR25}
    assert await stands(tx, notice) == (NoticeState.PAUSED, None)


async def test_suspension_and_objection_overlap_and_the_clock_runs_when_both_have_ended(tx: Tx) -> None:
    await a_sandbox(tx, shanghai(2026, 3, 2, 9))
    unit, other = (await an_organisation(tx)).actor, (await an_organisation(tx)).actor
    operator = (await a_market(tx))["operator"].actor
    notice = await an_announcement(tx, unit, extension=TWICE)
    await move_to(tx, shanghai(2026, 3, 5, 9))
    await suspend(tx, notice)
    await move_to(tx, shanghai(2026, 3, 6, 9))
    objection = await service.file_objection(tx, other, notice, grounds="Sample grounds")
    with pytest.raises(errors.Paused):
        await extend(tx, notice)
    await move_to(tx, shanghai(2026, 3, 9, 9))
    assert await resume(tx, notice) is None
    assert await stands(tx, notice) == (NoticeState.PAUSED, None)
    await move_to(tx, shanghai(2026, 3, 11, 9))
    await service.decide_objection(tx, operator, objection.id, upheld=False, reasons="Sample reasons")
    # The 3rd and the 4th had run, the 5th to the 11th are out: 12, 13, 16-20 and 23 March are the eight left.
    assert await stands(tx, notice) == (NoticeState.RUNNING, shanghai(2026, 3, 24))


async def test_an_extension_asked_for_in_time_that_waits_behind_the_end_is_refused(tx: Tx) -> None:
    await a_sandbox(tx, shanghai(2026, 3, 2, 9))
    unit = (await an_organisation(tx)).actor
    notice = await an_announcement(tx, unit, extension=TWICE)
    in_time = shanghai(2026, 3, 16, 23, 59, 59)
    async with tx.begin() as db:
        await repository.lock_notice(db, notice)
        asked = asyncio.create_task(extend(tx, notice, now=in_time))
        await asyncio.sleep(0.1)
        assert not asked.done()
        await move_to(tx, shanghai(2026, 3, 17))
    with pytest.raises(errors.PeriodOver):
        await asked
    await gate(tx, notice)


async def test_of_many_that_extend_at_once_as_many_succeed_as_were_announced(tx: Tx) -> None:
    await a_sandbox(tx, shanghai(2026, 3, 2, 9))
    notice = await an_announcement(tx, (await an_organisation(tx)).actor, extension=TWICE)
    done = await asyncio.gather(*[extend(tx, notice) for _ in range(6)], return_exceptions=True)
    assert sorted(type(one).__name__ for one in done) == ["ExtensionsUsedUp"] * 4 + ["datetime"] * 2
    assert (await stands(tx, notice))[1] == shanghai(2026, 3, 31)


async def test_a_suspension_and_an_objection_at_once_both_stop_the_clock(tx: Tx) -> None:
    await a_sandbox(tx, shanghai(2026, 3, 2, 9))
    unit, other = (await an_organisation(tx)).actor, (await an_organisation(tx)).actor
    notice = await an_announcement(tx, unit)
    await asyncio.gather(suspend(tx, notice), service.file_objection(tx, other, notice, grounds="Sample grounds"))
    async with tx.read() as db:
        pauses = (await repository.list_pauses(db, [notice]))[notice]
    assert sorted(pause.cause for pause in pauses) == ["OBJECTION", "SUSPENSION"]
    assert await stands(tx, notice) == (NoticeState.PAUSED, None)
    await resume(tx, notice)
    assert await stands(tx, notice) == (NoticeState.PAUSED, None)
