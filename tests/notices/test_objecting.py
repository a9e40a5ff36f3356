"""Who objects on which grounds, who decides until when, and what of it everyone reads."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import select

from techmarket.db.journal import JournalEntry
from techmarket.db.session import Tx
from techmarket.dossiers.periods import courses_of
from techmarket.identity.actor import ANONYMOUS, Role
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.kernel.periods import Length, Unit
from techmarket.kernel.refusals import NotAllowed, NotFound
from techmarket.kernel.workdays import CalendarYearMissing, WorkCalendar
from techmarket.notices import errors, jobs, repository, service, steps
from techmarket.notices.kinds import NoticeKind
from techmarket.notices.lifecycle import NoticeState, ObjectionState
from techmarket.rulebook import service as rulebook
from tests.identity.make import a_market, a_member, an_organisation
from tests.notices.make import EVIDENCE, a_notice, a_sandbox, an_evidence, hang, move_to, shanghai

NEW_EVIDENCE = "ef" * 32


async def test_an_objection_has_deadlines_in_working_days_and_is_overdue_after_them(tx: Tx) -> None:
    await a_sandbox(tx, shanghai(2026, 9, 23, 9))
    unit, other, stranger = [(await an_organisation(tx)).actor for _ in range(3)]
    operator = (await a_market(tx))["operator"].actor
    notice = await a_notice(tx, unit, length=Length(10, Unit.WORKING_DAYS))
    filed = await service.file_objection(tx, other, notice, grounds="Sample grounds")
    # From Wednesday 23 September: 24, (25-27 Mid-Autumn), 28, 29 are three working days.
    assert filed.acknowledge_by == shanghai(2026, 9, 30)
    # 24, 28-30, (1-7 October), 8, 9, 10 (worked), 12-16, 19, 20 and 21 October are fifteen.
    assert filed.decide_by == shanghai(2026, 10, 22)

    async def overdue(actor=operator) -> list[bool]:
        return [one.is_overdue for one in (await service.list_objections(tx, actor, overdue=True)).items]

    await move_to(tx, shanghai(2026, 9, 29, 23, 59))
    assert await overdue() == []
    await move_to(tx, shanghai(2026, 9, 30))
    assert (await overdue(), await overdue(unit), await overdue(stranger)) == ([True], [True], [])
    acknowledged = await service.acknowledge_objection(tx, operator, filed.id)
    assert (acknowledged.is_overdue, acknowledged.state) == (False, ObjectionState.FILED)
    assert await overdue() == []
    with pytest.raises(errors.AcknowledgedAlready):
        await service.acknowledge_objection(tx, operator, filed.id)
    await move_to(tx, shanghai(2026, 10, 22))
    assert await overdue() == [True]
    await service.decide_objection(tx, operator, filed.id, upheld=False, reasons="Sample reasons")
    assert await overdue() == []
    with pytest.raises(NotInThisState):
        await service.acknowledge_objection(tx, operator, filed.id)


async def test_without_the_calendar_of_the_next_year_an_objection_is_taken_and_its_deadline_comes_with_it(
    tx: Tx, means
) -> None:
    await a_sandbox(tx, shanghai(2026, 12, 23, 9))
    unit, other = [(await an_organisation(tx)).actor for _ in range(2)]
    operator = (await a_market(tx))["operator"].actor
    notice = await a_notice(tx, unit, length=Length(3, Unit.WORKING_DAYS))
    filed = await service.file_objection(tx, other, notice, grounds="Sample grounds")
    assert (filed.acknowledge_by, filed.decide_by) == (shanghai(2026, 12, 29), None)
    await rulebook.enter_work_days(
        tx, operator, days=[(date(2027, 1, 1), False)], source="sample calendar", declares_year=2027
    )
    await jobs.recount(means, None)
    # 24, 25, 28-31 December are six; 4-8, 11-14 January are the other nine.
    assert (await service.get_objection(tx, other, filed.id)).decide_by == shanghai(2027, 1, 15)


async def test_the_same_grounds_once_decided_need_new_evidence(tx: Tx) -> None:
    unit, other, third = [(await an_organisation(tx)).actor for _ in range(3)]
    colleague = await a_member(tx, other, Role.TRADER)
    operator = (await a_market(tx))["operator"].actor
    notice = await a_notice(tx, unit)
    await an_evidence(tx, other)
    await an_evidence(tx, other, NEW_EVIDENCE)

    async def objects(grounds: str, *evidence: str, by=other) -> None:
        filed = await service.file_objection(tx, by, notice, grounds=grounds, evidence_sha256=evidence)
        await service.decide_objection(tx, operator, filed.id, upheld=False, reasons="Sample reasons")

    await objects("The price is too low.", EVIDENCE)
    for by in (other, colleague.actor):  # an organisation is one party
        for evidence in ([], [EVIDENCE]):
            with pytest.raises(errors.SameGroundsAgain):
                await objects("  the price is TOO LOW!", *evidence, by=by)
    assert len((await service.get_notice(tx, ANONYMOUS, notice)).objections) == 1
    await objects("The price is too low.", by=third)
    await objects("The buyer is related.")
    await objects("The price is too low.", EVIDENCE, NEW_EVIDENCE)
    with pytest.raises(errors.SameGroundsAgain):
        await objects("The price is too low.", NEW_EVIDENCE)
    again = await service.file_objection(tx, other, notice, grounds="Sample")
    await service.withdraw_objection(tx, other, again.id)
    with pytest.raises(errors.SameGroundsAgain):  # to take it back and file it again would stop the clock for ever
        await service.file_objection(tx, other, notice, grounds="Sample")


async def test_objections_filed_and_taken_back_each_morning_hold_nothing_up_and_are_bounded(tx: Tx) -> None:
    await a_sandbox(tx, shanghai(2026, 3, 2, 9))
    unit, rival = [(await an_organisation(tx)).actor for _ in range(2)]
    notice = await a_notice(tx, unit, length=Length(15, Unit.DAYS))
    for n in range(1, 6):
        await move_to(tx, shanghai(2026, 3, 2 + n, 9))
        filed = await service.file_objection(tx, rival, notice, grounds=f"Reason number {n}")
        await service.withdraw_objection(tx, rival, filed.id)
        shown = (await service.get_notice(tx, ANONYMOUS, notice)).line
        assert (shown.state, shown.ends_at, shown.remaining_days) == ("RUNNING", shanghai(2026, 3, 18), 16 - n)
    with pytest.raises(errors.TooManyObjections) as refused:
        await service.file_objection(tx, rival, notice, grounds="Reason number 6")
    assert refused.value.facts == {"at_most": 5}
    assert len((await service.get_notice(tx, ANONYMOUS, notice)).objections) == 5


async def test_of_an_objection_taken_back_late_the_log_tells_how_long_it_stopped_the_notice(tx: Tx) -> None:
    await a_sandbox(tx, shanghai(2026, 3, 2, 9))
    unit, rival = [(await an_organisation(tx)).actor for _ in range(2)]
    notice = await a_notice(tx, unit, length=Length(15, Unit.DAYS))
    await move_to(tx, shanghai(2026, 3, 16, 9))
    filed = await service.file_objection(tx, rival, notice, grounds="Sample grounds")
    await move_to(tx, shanghai(2026, 3, 20, 9))
    await service.withdraw_objection(tx, rival, filed.id)
    # Day 15 was the 17th: others still have the 21st, a Saturday, and the Sunday and the Monday it moves on to.
    assert (await service.get_notice(tx, ANONYMOUS, notice)).line.ends_at == shanghai(2026, 3, 24)
    async with tx.read() as db:
        entries = (await db.execute(select(JournalEntry).order_by(JournalEntry.seq))).scalars()
        rows = [{"kind": e.kind, "refs": e.refs, "facts": e.facts, "at": e.at.isoformat()} for e in entries]
    assert courses_of(rows)[str(notice)].end(WorkCalendar()) == shanghai(2026, 3, 24)


async def test_an_organisation_has_one_open_objection_and_each_member_of_the_unit_his_own(tx: Tx) -> None:
    unit, other = [(await an_organisation(tx)).actor for _ in range(2)]
    colleague = await a_member(tx, other, Role.TRADER)
    inventors = [await a_member(tx, unit, Role.INVENTOR) for _ in range(2)]
    price = await a_notice(tx, unit, kind=NoticeKind.PRICE, length=Length(15, Unit.DAYS))
    await hang(tx, unit, price)
    await service.file_objection(tx, other, price, grounds="Sample grounds")
    with pytest.raises(errors.ObjectionOpen):
        await service.file_objection(tx, colleague.actor, price, grounds="Other grounds")
    for inventor in inventors:
        await service.file_objection(tx, inventor.actor, price, grounds="Sample grounds")
    with pytest.raises(errors.OwnNotice):
        await service.file_objection(tx, unit, price, grounds="Sample grounds")
    assert (await service.get_notice(tx, ANONYMOUS, price)).line.open_objections == 3


async def test_a_list_of_the_unit_is_for_its_people_and_parties_and_the_unit_may_decide(tx: Tx) -> None:
    unit, party, stranger = [(await an_organisation(tx)).actor for _ in range(3)]
    inventor = (await a_member(tx, unit, Role.INVENTOR)).actor
    head = (await a_member(tx, unit, Role.ADMINISTRATOR)).actor
    operator = (await a_market(tx))["operator"].actor
    rewards = await a_notice(
        tx, unit, kind=NoticeKind.REWARD_LIST, lines=["a"], unit_evidence=EVIDENCE, reader_orgs=[party.org]
    )
    with pytest.raises(errors.NoStanding):
        await service.file_objection(tx, operator, rewards, grounds="Sample grounds", lines=["a"])
    with pytest.raises(NotFound):
        await service.file_objection(tx, stranger, rewards, grounds="Sample grounds", lines=["a"])
    for_party = await service.file_objection(tx, party, rewards, grounds="Sample grounds", lines=["a"])
    filed = await service.file_objection(tx, inventor, rewards, grounds="Sample grounds", lines=["a"])
    promoted = replace(inventor, roles=frozenset({Role.ADMINISTRATOR}))
    for nobody in (promoted, unit, inventor, party):  # the objector, who published it, a role too low, a party
        with pytest.raises(NotAllowed):
            await service.decide_objection(tx, nobody, filed.id, upheld=False, reasons="Sample reasons")
    decided = await service.decide_objection(tx, head, filed.id, upheld=False, reasons="Sample reasons")
    assert decided.state is ObjectionState.DISMISSED
    assert (await service.get_objection(tx, party, for_party.id)).state is ObjectionState.FILED


async def test_the_unit_does_not_decide_about_its_own_price(tx: Tx) -> None:
    unit, other = [(await an_organisation(tx)).actor for _ in range(2)]
    head = (await a_member(tx, unit, Role.ADMINISTRATOR)).actor
    price = await a_notice(tx, unit, kind=NoticeKind.PRICE, length=Length(15, Unit.DAYS))
    await hang(tx, unit, price)
    filed = await service.file_objection(tx, other, price, grounds="Sample grounds")
    for act in (service.acknowledge_objection(tx, head, filed.id), decide(tx, head, filed.id)):
        with pytest.raises(NotAllowed):
            await act
    assert (await service.get_notice(tx, ANONYMOUS, price)).line.state is NoticeState.PAUSED


async def decide(tx: Tx, actor, objection, *, upheld: bool = False):
    return await service.decide_objection(tx, actor, objection, upheld=upheld, reasons="Sample reasons")


async def test_everyone_reads_the_result_and_only_the_parties_who_and_why(tx: Tx) -> None:
    unit, other, stranger = [(await an_organisation(tx)).actor for _ in range(3)]
    buyer = (await an_organisation(tx)).actor
    operator = (await a_market(tx))["operator"].actor
    notice = await a_notice(tx, unit, reader_orgs=[buyer.org])
    paper = await an_evidence(tx, other)
    filed = await service.file_objection(tx, other, notice, grounds="Sample grounds", evidence_sha256=[paper])
    await an_evidence(tx, other, NEW_EVIDENCE)
    with pytest.raises(NotFound):
        await service.add_evidence(tx, stranger, filed.id, sha256=NEW_EVIDENCE)
    with pytest.raises(errors.EvidenceMissing):
        await service.add_evidence(tx, other, filed.id, sha256="00" * 32)
    for _ in range(2):
        added = await service.add_evidence(tx, other, filed.id, sha256=NEW_EVIDENCE)
        assert added.evidence == (EVIDENCE, NEW_EVIDENCE)
    await service.decide_objection(
        tx, operator, filed.id, upheld=False, reasons="Named and in full", published_reasons="In short"
    )
    with pytest.raises(NotInThisState):
        await service.add_evidence(tx, other, filed.id, sha256=NEW_EVIDENCE)
    for reader in (ANONYMOUS, stranger):
        (seen,) = (await service.get_notice(tx, reader, notice)).objections
        assert (seen.state, seen.published_reasons) == (ObjectionState.DISMISSED, "In short")
        assert (seen.by_organisation, seen.by_organisation_id, seen.grounds, seen.reasons) == (None,) * 4
        assert (seen.evidence, seen.lines) == (None, None)
    for reader in (unit, other, buyer, operator):
        (seen,) = (await service.get_notice(tx, reader, notice)).objections
        assert (seen.by_organisation_id, seen.grounds, seen.reasons) == (
            other.org,
            "Sample grounds",
            "Named and in full",
        )
        assert seen.by_organisation is not None
    with pytest.raises(NotFound):
        await service.get_objection(tx, stranger, filed.id)


async def test_one_upheld_objection_ends_the_notice_and_the_others_lapse(tx: Tx) -> None:
    unit, one, two = [(await an_organisation(tx)).actor for _ in range(3)]
    operator = (await a_market(tx))["operator"].actor
    notice = await a_notice(tx, unit)
    first = await service.file_objection(tx, one, notice, grounds="Sample grounds")
    second = await service.file_objection(tx, two, notice, grounds="Sample grounds")
    await decide(tx, operator, first.id, upheld=True)
    states = [one.state for one in (await service.get_notice(tx, ANONYMOUS, notice)).objections]
    assert states == [ObjectionState.UPHELD, ObjectionState.LAPSED]
    with pytest.raises(NotInThisState):
        await decide(tx, operator, second.id)
    line = (await service.get_notice(tx, ANONYMOUS, notice)).line
    assert (line.state, line.ends_at, line.open_objections) == (NoticeState.UPHELD, None, 0)
    assert line.ended_at is not None


async def test_two_that_decide_two_objections_of_one_notice_at_once_leave_it_in_one_state(tx: Tx) -> None:
    unit = (await an_organisation(tx)).actor
    objectors = [(await an_organisation(tx)).actor for _ in range(2)]
    operator = (await a_market(tx))["operator"].actor
    for upheld in (True, False):
        notice = await a_notice(tx, unit)
        filed = [await service.file_objection(tx, by, notice, grounds="Sample grounds") for by in objectors]
        done = await asyncio.gather(
            decide(tx, operator, filed[0].id, upheld=upheld),
            decide(tx, operator, filed[1].id),
            return_exceptions=True,
        )
        states = sorted(one.state for one in (await service.get_notice(tx, ANONYMOUS, notice)).objections)
        state = (await service.get_notice(tx, ANONYMOUS, notice)).line.state
        if upheld:  # whichever came first: the notice has fallen, and no objection is left open
            assert state is NoticeState.UPHELD
            assert states in (["DISMISSED", "UPHELD"], ["LAPSED", "UPHELD"])
            assert {type(one) for one in done if isinstance(one, Exception)} <= {NotInThisState}
        else:
            assert (state, states) == (NoticeState.RUNNING, ["DISMISSED", "DISMISSED"])


async def test_an_objection_that_waits_behind_the_end_is_refused_and_one_before_it_keeps_the_notice(tx: Tx) -> None:
    await a_sandbox(tx, shanghai(2026, 3, 2, 9))
    unit, other = [(await an_organisation(tx)).actor for _ in range(2)]
    late, kept = await a_notice(tx, unit), await a_notice(tx, unit)
    await move_to(tx, shanghai(2026, 3, 9, 23, 59, 59))
    await service.file_objection(tx, other, kept, grounds="Sample grounds")
    async with tx.begin() as db:
        await repository.lock_notice(db, late)
        asked = asyncio.create_task(service.file_objection(tx, other, late, grounds="Sample grounds"))
        await asyncio.sleep(0.1)
        assert not asked.done()
        await move_to(tx, shanghai(2026, 3, 10))
    with pytest.raises(errors.Ended):
        await asked
    assert await service.clear_due(tx) == 1
    assert (await service.get_notice(tx, ANONYMOUS, late)).line.state is NoticeState.CLEARED
    assert (await service.get_notice(tx, ANONYMOUS, kept)).line.state is NoticeState.PAUSED


async def test_a_clock_that_runs_into_a_year_without_a_calendar_has_no_end_and_clears_nothing_until_there_is_one(
    tx: Tx,
) -> None:
    await a_sandbox(tx, shanghai(2026, 12, 14, 9))
    unit, other = [(await an_organisation(tx)).actor for _ in range(2)]
    operator = (await a_market(tx))["operator"].actor
    notice = await a_notice(tx, unit, length=Length(10, Unit.WORKING_DAYS))  # 15-18, 21-25 and 28 December
    filed = await service.file_objection(tx, other, notice, grounds="Sample grounds")
    await move_to(tx, shanghai(2026, 12, 22, 9))  # ten from the 23rd: 23-25, 28-31 December and three of January
    await decide(tx, operator, filed.id)
    with pytest.raises(CalendarYearMissing):
        await a_notice(tx, unit, length=Length(15, Unit.DAYS))
    seen = await service.get_notice(tx, ANONYMOUS, notice)
    assert (seen.line.state, seen.line.ends_at) == (NoticeState.RUNNING, None)
    async with tx.begin() as db:
        with pytest.raises(CalendarYearMissing):
            await steps.require_cleared(db, notice, shanghai(2027, 2, 1))
    for state in (None, NoticeState.RUNNING):
        assert [one.id for one in (await service.list_notices(tx, ANONYMOUS, state=state)).items] == [notice]
    await rulebook.enter_work_days(
        tx, operator, days=[(date(2027, 1, 1), False)], source="sample calendar", declares_year=2027
    )
    # 4, 5 and 6 January.
    assert (await service.get_notice(tx, ANONYMOUS, notice)).line.ends_at == shanghai(2027, 1, 7)
