"""Notices day by day: places, pauses, the gate, the job, and who may know of what."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from techmarket.db import clock
from techmarket.identity.actor import ANONYMOUS, Role
from techmarket.identity.permissions import NotVerified, SignInNeeded
from techmarket.kernel.ids import Ref, new_id
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.kernel.periods import Length, Unit
from techmarket.kernel.refusals import NotAllowed, NotFound
from techmarket.notices import errors, jobs, service, steps
from techmarket.notices.kinds import NoticeKind, Objector, Place
from techmarket.notices.lifecycle import NoticeState, ObjectionState
from tests.identity.make import a_market, a_member, an_organisation
from tests.notices.make import (
    EVIDENCE,
    PRICE_TEXT,
    TEXTS,
    a_notice,
    a_sandbox,
    an_evidence,
    gate,
    hang,
    market_now,
    move_to,
    shanghai,
)

FIFTEEN_DAYS = Length(15, Unit.DAYS)


async def kinds(tx) -> list[str]:
    async with tx.read() as db:
        rows = await db.execute(text("SELECT kind FROM journal_entry WHERE kind LIKE 'notices.%' ORDER BY seq"))
        return [kind.removeprefix("notices.") for kind in rows.scalars()]


async def ends_at(tx, notice_id):
    async with tx.read() as db:
        return await steps.ends_at(db, notice_id)


async def state(tx, notice_id) -> NoticeState:
    async with tx.read() as db:
        return (await steps.get_facts(db, notice_id)).state


async def a_price_notice(tx, owner):
    return await a_notice(tx, owner, kind=NoticeKind.PRICE, length=FIFTEEN_DAYS)


async def test_an_objection_on_day_14_takes_its_days_out_and_signing_waits_until_the_24th(tx):
    await a_sandbox(tx, shanghai(2026, 3, 2, 9))
    unit, other = await an_organisation(tx), await an_organisation(tx)
    market = await a_market(tx)
    notice = await a_price_notice(tx, unit.actor)
    with pytest.raises(errors.NotStarted) as waiting:
        await gate(tx, notice)
    assert waiting.value.facts == {"missing_places": [Place.UNIT]}
    await move_to(tx, shanghai(2026, 3, 2, 10))
    await hang(tx, unit.actor, notice)
    assert await ends_at(tx, notice) == shanghai(2026, 3, 18)  # day 15 is 17 March, a Tuesday

    await move_to(tx, shanghai(2026, 3, 16, 11))
    view = await service.get_notice(tx, ANONYMOUS, notice)
    assert (view.line.state, view.line.remaining_days) == (NoticeState.RUNNING, 2)
    objection = await service.file_objection(tx, other.actor, notice, grounds="Sample grounds")
    assert (await ends_at(tx, notice), await state(tx, notice)) == (None, NoticeState.PAUSED)
    with pytest.raises(errors.Paused) as paused:
        await gate(tx, notice)
    assert paused.value.facts == {"open_objections": 1}

    await move_to(tx, shanghai(2026, 3, 19))
    with pytest.raises(errors.Paused):
        await gate(tx, notice)
    assert await service.clear_due(tx) == 0

    await move_to(tx, shanghai(2026, 3, 20, 15))
    operator = market["operator"].actor
    decided = await service.decide_objection(tx, operator, objection.id, upheld=False, reasons="Sample reasons")
    assert decided.state is ObjectionState.DISMISSED
    assert await ends_at(tx, notice) == shanghai(2026, 3, 24)  # the 22nd is a Sunday
    assert (await service.get_notice(tx, ANONYMOUS, notice)).line.remaining_days == 2

    await move_to(tx, shanghai(2026, 3, 23, 23, 59))
    with pytest.raises(errors.StillRunning) as running:
        await gate(tx, notice)
    assert running.value.facts == {"ends_at": shanghai(2026, 3, 24)}
    assert await service.clear_due(tx) == 0

    await move_to(tx, shanghai(2026, 3, 24))
    await gate(tx, notice)
    assert await state(tx, notice) is NoticeState.RUNNING  # the job has not run, the gate did not wait for it
    assert (await service.get_notice(tx, ANONYMOUS, notice)).line.state is NoticeState.CLEARED
    assert await service.clear_due(tx) == 1
    assert await service.clear_due(tx) == 0
    assert await state(tx, notice) is NoticeState.CLEARED
    await gate(tx, notice)
    assert await kinds(tx) == [
        "opened",
        "posted",
        "posted",
        "started",
        "objection_filed",
        "objection_acknowledged",
        "objection_decided",
        "cleared",
    ]


async def test_an_objection_in_the_last_minute_pauses_and_one_after_it_is_refused(tx):
    await a_sandbox(tx, shanghai(2026, 3, 2, 9))
    unit, other, late = await an_organisation(tx), await an_organisation(tx), await an_organisation(tx)
    first, second = await a_notice(tx, unit.actor), await a_notice(tx, unit.actor)
    assert await ends_at(tx, first) == shanghai(2026, 3, 10)  # 7 March is a Saturday
    await move_to(tx, shanghai(2026, 3, 9, 23, 59))
    await service.file_objection(tx, other.actor, first, grounds="Sample grounds")
    await move_to(tx, shanghai(2026, 3, 10))
    with pytest.raises(errors.Paused):
        await gate(tx, first)
    for _ in range(2):  # before and after the job has run
        with pytest.raises(errors.Ended) as refused:
            await service.file_objection(tx, late.actor, second, grounds="Sample grounds")
        assert refused.value.facts == {"ended_at": shanghai(2026, 3, 10)}
        await service.clear_due(tx)
    assert (await kinds(tx)).count("objection_filed") == 1
    assert (await service.get_notice(tx, ANONYMOUS, second)).objections == ()


async def test_two_objections_resume_only_when_both_are_decided(tx, door):
    await a_sandbox(tx, shanghai(2026, 3, 2, 9))
    unit, one, two = await an_organisation(tx), await an_organisation(tx), await an_organisation(tx)
    operator = (await a_market(tx))["operator"].actor
    notice = await a_notice(tx, unit.actor)
    await move_to(tx, shanghai(2026, 3, 4, 9))
    first = await service.file_objection(tx, one.actor, notice, grounds="Sample grounds")
    with pytest.raises(errors.ObjectionOpen):
        await service.file_objection(tx, one.actor, notice, grounds="Once more")
    await move_to(tx, shanghai(2026, 3, 5, 9))
    second = await service.file_objection(tx, two.actor, notice, grounds="Sample grounds")
    await service.decide_objection(tx, operator, first.id, upheld=False, reasons="Sample reasons")
    assert await state(tx, notice) is NoticeState.PAUSED
    await move_to(tx, shanghai(2026, 3, 6, 9))
    with pytest.raises(NotFound):
        await service.withdraw_objection(tx, one.actor, second.id)
    proof = {"evidence_sha256": await an_evidence(tx, two.actor)}
    assert (await door.post(two.actor, f"/v1/objections/{second.id}/evidence", proof, status=201))["state"] == "FILED"
    assert (await door.post(two.actor, f"/v1/objections/{second.id}/withdrawal"))["state"] == "WITHDRAWN"
    # one day had run (the 3rd); the 4th and 5th the first one stopped; four remain: 6, 7, 8 and 9 March
    assert (await state(tx, notice), await ends_at(tx, notice)) == (NoticeState.RUNNING, shanghai(2026, 3, 10))
    with pytest.raises(NotInThisState):
        await service.decide_objection(tx, operator, second.id, upheld=True, reasons="Too late")


async def test_an_upheld_objection_ends_the_notice_for_good(tx):
    await a_sandbox(tx, shanghai(2026, 3, 2, 9))
    unit, other = await an_organisation(tx), await an_organisation(tx)
    operator = (await a_market(tx))["operator"].actor
    notice = await a_notice(tx, unit.actor)
    objection = await service.file_objection(tx, other.actor, notice, grounds="Sample grounds")
    await service.decide_objection(tx, operator, objection.id, upheld=True, reasons="Sample reasons")
    await move_to(tx, shanghai(2026, 6, 1))
    assert await service.clear_due(tx) == 0
    with pytest.raises(errors.Upheld):
        await gate(tx, notice)
    with pytest.raises(errors.NoLongerStands):
        await service.file_objection(tx, other.actor, notice, grounds="Again")
    assert (await kinds(tx))[-3:] == ["objection_acknowledged", "objection_decided", "objection_upheld"]


async def test_an_objection_to_a_reward_list_holds_its_line_and_the_rest_runs_on(tx):
    await a_sandbox(tx, shanghai(2026, 3, 2, 9))
    unit = await an_organisation(tx)
    inventor = await a_member(tx, unit.actor, Role.INVENTOR)
    operator = (await a_market(tx))["operator"].actor
    notice = await a_notice(tx, unit.actor, kind=NoticeKind.REWARD_LIST, lines=["a", "b", "c"], unit_evidence=EVIDENCE)
    end = await ends_at(tx, notice)
    for lines, refusal in ((None, errors.LinesNeeded), (["z"], errors.UnknownLines)):
        with pytest.raises(refusal):
            await service.file_objection(tx, inventor.actor, notice, grounds="Mine is wrong", lines=lines)
    objection = await service.file_objection(tx, inventor.actor, notice, grounds="Mine is wrong", lines=["c"])

    async def held() -> set[str]:
        async with tx.begin() as db:
            return await steps.held_lines(db, notice)

    assert (await held(), await ends_at(tx, notice)) == ({"c"}, end)
    await move_to(tx, end)
    await gate(tx, notice)
    assert await held() == {"c"}
    await service.decide_objection(tx, operator, objection.id, upheld=False, reasons="Sample reasons")
    assert await held() == set()
    assert await service.clear_due(tx) == 1


async def test_an_upheld_line_stays_held_and_its_notice_is_not_upheld_as_a_whole(tx):
    unit = await an_organisation(tx)
    operator = (await a_market(tx))["operator"].actor
    notice = await a_notice(tx, unit.actor, kind=NoticeKind.REWARD_LIST, lines=["a", "c"], unit_evidence=EVIDENCE)
    inventor = await a_member(tx, unit.actor, Role.INVENTOR)
    objection = await service.file_objection(tx, inventor.actor, notice, grounds="Sample grounds", lines=["c"])
    await service.decide_objection(tx, operator, objection.id, upheld=True, reasons="Sample reasons")
    async with tx.begin() as db:
        assert await steps.held_lines(db, notice) == {"c"}
    assert await state(tx, notice) is NoticeState.RUNNING


async def test_a_subject_has_one_standing_notice_of_a_kind_and_a_new_text_starts_afresh(tx):
    await a_sandbox(tx, shanghai(2026, 3, 2, 9))
    unit = await an_organisation(tx)
    subject = Ref("trade", new_id())
    old = await a_notice(tx, unit.actor, kind=NoticeKind.ANNOUNCEMENT, subject=subject)
    with pytest.raises(errors.AlreadyStands):
        await a_notice(tx, unit.actor, kind=NoticeKind.ANNOUNCEMENT, subject=subject)
    await move_to(tx, shanghai(2026, 3, 4, 9))
    async with tx.begin() as db:
        new = await steps.replace(
            db,
            old,
            TEXTS[NoticeKind.ANNOUNCEMENT] | {"title_en": "changed"},
            actor=unit.actor,
            now=await clock.market_now(db),
        )
    assert (await service.get_notice(tx, unit.actor, old)).line.ends_at is None
    assert await ends_at(tx, old) == await ends_at(tx, new) == shanghai(2026, 3, 10)
    await move_to(tx, shanghai(2026, 3, 10))
    for asked in (old, new):  # what waited for the one waits for the other
        await gate(tx, asked)
    async with tx.read() as db:
        latest = await steps.notice_of(db, subject, NoticeKind.ANNOUNCEMENT)
        assert latest is not None
        assert latest.id == new
        assert await steps.notice_of(db, subject, NoticeKind.RESULT) is None


async def test_what_has_cleared_or_was_upheld_is_neither_withdrawn_nor_replaced(tx):
    await a_sandbox(tx, shanghai(2026, 3, 2, 9))
    unit, other = await an_organisation(tx), await an_organisation(tx)
    operator = (await a_market(tx))["operator"].actor
    standing, cleared, upheld = [await a_notice(tx, unit.actor) for _ in range(3)]
    objection = await service.file_objection(tx, other.actor, upheld, grounds="Sample grounds")
    await service.decide_objection(tx, operator, objection.id, upheld=True, reasons="Sample reasons")

    async def withdraw(notice) -> bool:
        async with tx.begin() as db:
            return await steps.withdraw(db, notice, unit.actor)

    assert (await withdraw(standing), await state(tx, standing)) == (True, NoticeState.WITHDRAWN)
    assert await withdraw(standing) is False
    await move_to(tx, shanghai(2026, 3, 10))
    for notice, kept in ((cleared, NoticeState.RUNNING), (upheld, NoticeState.UPHELD)):
        assert (await withdraw(notice), await state(tx, notice)) == (False, kept)
        with pytest.raises(NotInThisState):
            async with tx.begin() as db:
                await steps.replace(
                    db, notice, TEXTS[NoticeKind.RESULT], actor=unit.actor, now=await clock.market_now(db)
                )
    await gate(tx, cleared)
    with pytest.raises(errors.NoLongerStands):
        await gate(tx, standing)


async def test_a_price_notice_without_its_fields_is_not_opened(tx):
    unit = await an_organisation(tx)
    with pytest.raises(errors.FieldsMissing):
        await a_notice(tx, unit.actor, kind=NoticeKind.PRICE, document=PRICE_TEXT | {"abstract": None})
    assert await kinds(tx) == []


async def test_the_unit_confirms_its_own_posting_once(tx):
    unit, other = await an_organisation(tx), await an_organisation(tx)
    clerk = await a_member(tx, unit.actor, Role.FINANCE)
    notice = await a_price_notice(tx, unit.actor)
    await an_evidence(tx, unit.actor)
    for actor in (other.actor, clerk.actor):
        with pytest.raises(NotAllowed):
            await service.confirm_posting(tx, actor, notice, evidence_sha256=EVIDENCE)
    outcomes = await asyncio.gather(
        *[service.confirm_posting(tx, unit.actor, notice, evidence_sha256=EVIDENCE) for _ in range(8)],
        return_exceptions=True,
    )
    assert [type(o).__name__ for o in outcomes if isinstance(o, Exception)] == ["PostedAlready"] * 7
    assert (await kinds(tx)).count("started") == 1
    result = await a_notice(tx, unit.actor)
    with pytest.raises(errors.NotAPlaceOfThisNotice):
        await service.confirm_posting(tx, unit.actor, result, evidence_sha256=EVIDENCE)


async def test_who_may_not_know_of_a_notice_does_not_find_it_anywhere(tx):
    unit, stranger, partner = await an_organisation(tx), await an_organisation(tx), await an_organisation(tx)
    operator = (await a_market(tx))["operator"].actor
    public = await a_notice(tx, unit.actor)
    rewards = await a_notice(
        tx,
        unit.actor,
        kind=NoticeKind.REWARD_LIST,
        lines=["a"],
        unit_evidence=EVIDENCE,
        reader_orgs=[partner.actor.org],
    )
    draft = await a_notice(tx, unit.actor, post_market=False)
    for reader, wanted in (
        (ANONYMOUS, {public}),
        (stranger.actor, {public}),
        (partner.actor, {public, rewards}),
        (unit.actor, {public, rewards, draft}),
        (operator, {public, rewards, draft}),
    ):
        page = await service.list_notices(tx, reader, limit=10)
        assert {line.id for line in page.items} == wanted
        for hidden in {public, rewards, draft} - wanted:
            with pytest.raises(NotFound):
                await service.get_notice(tx, reader, hidden)
    with pytest.raises(NotFound):
        await service.file_objection(tx, stranger.actor, rewards, grounds="Sample grounds", lines=["a"])
    with pytest.raises(SignInNeeded):
        await service.file_objection(tx, ANONYMOUS, public, grounds="Sample grounds")


async def test_only_those_concerned_read_who_objected_and_why(tx):
    unit, other, stranger = await an_organisation(tx), await an_organisation(tx), await an_organisation(tx)
    operator = (await a_market(tx))["operator"].actor
    notice = await a_notice(tx, unit.actor)
    paper = await an_evidence(tx, other.actor)
    filed = await service.file_objection(tx, other.actor, notice, grounds="Sample grounds", evidence_sha256=[paper])
    for reader in (unit.actor, other.actor, operator):
        seen = (await service.get_notice(tx, reader, notice)).objections[0]
        assert (seen.grounds, seen.by_organisation_id) == ("Sample grounds", other.actor.org)
    for reader in (ANONYMOUS, stranger.actor):
        seen = (await service.get_notice(tx, reader, notice)).objections[0]
        assert (seen.id, seen.state) == (filed.id, ObjectionState.FILED)
        assert (seen.grounds, seen.by_organisation_id, seen.evidence, seen.reasons) == (None,) * 4
    with pytest.raises(NotFound):
        await service.decide_objection(tx, stranger.actor, filed.id, upheld=True, reasons="Sample reasons")
    with pytest.raises(NotAllowed):
        await service.decide_objection(tx, unit.actor, filed.id, upheld=False, reasons="Sample reasons")
    assert await state(tx, notice) is NoticeState.PAUSED


async def test_neither_the_unverified_nor_the_owner_nor_the_market_objects_to_a_result(tx):
    unit, fresh = await an_organisation(tx), await an_organisation(tx, verified=False)
    operator = (await a_market(tx))["operator"].actor
    notice = await a_notice(tx, unit.actor)
    with pytest.raises(NotVerified):
        await service.file_objection(tx, fresh.actor, notice, grounds="Sample grounds")
    member = await a_member(tx, unit.actor, Role.INVENTOR)
    for owner in (unit.actor, member.actor):
        with pytest.raises(errors.OwnNotice):
            await service.file_objection(tx, owner, notice, grounds="Sample grounds")
    with pytest.raises(errors.NoStanding) as standing:
        await service.file_objection(tx, operator, notice, grounds="Sample grounds")
    assert standing.value.facts == {"objectors": [Objector.ANYONE]}
    assert await kinds(tx) == ["opened", "posted", "started"]
    assert await state(tx, notice) is NoticeState.RUNNING


async def test_two_decisions_of_one_objection_at_once_give_one(tx):
    unit, other = await an_organisation(tx), await an_organisation(tx)
    operator = (await a_market(tx))["operator"].actor
    for _ in range(5):
        notice = await a_notice(tx, unit.actor)
        objection = await service.file_objection(tx, other.actor, notice, grounds="Sample grounds")
        outcomes = await asyncio.gather(
            *[
                service.decide_objection(tx, operator, objection.id, upheld=upheld, reasons="Sample reasons")
                for upheld in (True, False, True, False)
            ],
            return_exceptions=True,
        )
        decided = [o for o in outcomes if not isinstance(o, Exception)]
        assert (len(decided), [type(o) for o in outcomes].count(NotInThisState)) == (1, 3)
        wanted = {ObjectionState.UPHELD: NoticeState.UPHELD, ObjectionState.DISMISSED: NoticeState.RUNNING}
        assert await state(tx, notice) is wanted[decided[0].state]
    assert (await kinds(tx)).count("objection_decided") == 5


async def race_at_the_end(tx, unit, other, offset: float) -> NoticeState:
    """One objection, one job and one gate around the last instant of a notice: all must tell the same story."""
    notice = await a_notice(tx, unit, length=Length(2, Unit.SECONDS))
    wait = (await ends_at(tx, notice) - await market_now(tx)).total_seconds()
    await asyncio.sleep(wait + offset)
    filed, _, passed = await asyncio.gather(
        service.file_objection(tx, other, notice, grounds="Sample grounds"),
        service.clear_due(tx),
        gate(tx, notice),
        return_exceptions=True,
    )
    await asyncio.sleep(0.5)
    await service.clear_due(tx)
    after = await state(tx, notice)
    if isinstance(filed, errors.Ended):
        assert after is NoticeState.CLEARED
    else:
        assert filed.state is ObjectionState.FILED
        assert after is NoticeState.PAUSED
        assert isinstance(passed, errors.Paused | errors.StillRunning)
    return after


async def test_an_objection_against_the_end_of_the_period_gives_one_answer_everywhere(tx):
    unit, other = await an_organisation(tx), await an_organisation(tx)
    offsets = [-0.4, *[n / 200 for n in range(-4, 4)], 0.2]
    outcomes = await asyncio.gather(*[race_at_the_end(tx, unit.actor, other.actor, offset) for offset in offsets])
    assert (outcomes[0], outcomes[-1]) == (NoticeState.PAUSED, NoticeState.CLEARED)


async def test_the_gate_sees_an_objection_that_was_filed_in_time_but_commits_later(tx):
    await a_sandbox(tx, shanghai(2026, 3, 2, 9))
    unit = await an_organisation(tx)
    notice = await a_notice(tx, unit.actor)
    end = await ends_at(tx, notice)
    async with tx.begin() as filing:  # an objection in the middle of its transaction when the period ends
        await filing.execute(text("UPDATE notice SET state = 'PAUSED', look_at = NULL"))
        await move_to(tx, end + timedelta(seconds=1))
        asked = asyncio.create_task(gate(tx, notice))
        await asyncio.sleep(0.2)
        assert not asked.done()
        assert await service.clear_due(tx) == 0
    with pytest.raises(errors.Suspended):  # paused, and this shortened filing left no objection to count
        await asked


async def test_two_jobs_at_once_clear_each_notice_once(tx):
    await a_sandbox(tx, shanghai(2026, 3, 2, 9))
    unit = await an_organisation(tx)
    for _ in range(6):
        await a_notice(tx, unit.actor)
    await move_to(tx, shanghai(2026, 3, 10))
    cleared = await asyncio.gather(*[service.clear_due(tx, limit=100) for _ in range(4)])
    assert sum(cleared) == 6
    assert (await kinds(tx)).count("cleared") == 6


async def test_a_day_the_operator_enters_moves_the_end_and_the_job_follows(tx, means):
    await a_sandbox(tx, shanghai(2026, 3, 2, 9))
    unit = await an_organisation(tx)
    notice = await a_notice(tx, unit.actor, length=Length(2, Unit.WORKING_DAYS))
    assert await ends_at(tx, notice) == shanghai(2026, 3, 5)
    async with tx.begin() as db:
        await db.execute(text("INSERT INTO work_day (day, is_working, source) VALUES ('2026-03-04', false, 'sample')"))
    await move_to(tx, shanghai(2026, 3, 5))
    assert (await service.clear_due(tx), await ends_at(tx, notice)) == (0, shanghai(2026, 3, 6))
    with pytest.raises(errors.StillRunning):
        await gate(tx, notice)
    async with tx.begin() as db:
        await db.execute(text("UPDATE work_day SET is_working = true"))
    await gate(tx, notice)
    assert await service.clear_due(tx) == 0  # told to look on the 6th
    await jobs.recount(means, None)
    assert await service.clear_due(tx) == 1


async def test_a_posting_is_never_changed(tx):
    unit = await an_organisation(tx)
    await a_notice(tx, unit.actor)
    with pytest.raises(DBAPIError, match="never changed"):
        async with tx.begin() as db:
            await db.execute(text("UPDATE notice_posting SET at = at - interval '1 day'"))
