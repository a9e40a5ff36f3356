"""A notice in better words: who may put them how, what goes on, what starts afresh, and who waits for which text."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from techmarket.db.session import Tx
from techmarket.identity.actor import ANONYMOUS, Actor, Role
from techmarket.identity.tables import Membership
from techmarket.kernel.ids import Ref, new_id
from techmarket.kernel.periods import Length, Unit
from techmarket.kernel.refusals import NotAllowed, NotFound, Refusal
from techmarket.notices import errors, rules, service, steps
from techmarket.notices.kinds import KINDS, Change, NoticeKind
from techmarket.notices.lifecycle import NoticeState, ObjectionState
from tests.identity.make import a_market, a_member, an_organisation
from tests.notices.make import (
    EVIDENCE,
    PRICE_TEXT,
    TEXTS,
    a_notice,
    a_sandbox,
    gate,
    hang,
    move_to,
    put_in_its_place,
    shanghai,
)
from tests.races import in_line

ANNOUNCED = TEXTS[NoticeKind.ANNOUNCEMENT]
FIFTEEN = Length(15, Unit.DAYS)
WHY = "Sample reasons for a better text"


@pytest.mark.parametrize(
    ("kind", "old", "changes", "refusal"),
    [
        (NoticeKind.PRICE, PRICE_TEXT, {"abstract": "Better words"}, None),
        (NoticeKind.PRICE, PRICE_TEXT, {"note_en": "A note where none was"}, None),
        (NoticeKind.PRICE, PRICE_TEXT | {"related_party": False}, {"related_party": True}, None),
        (NoticeKind.PRICE, PRICE_TEXT, {"related_party": False}, errors.KinshipTakenBack),
        (NoticeKind.PRICE, PRICE_TEXT, {"intended_price": "1.00"}, errors.NotRestatable),
        (NoticeKind.PRICE, PRICE_TEXT, {"instead_of": "nothing"}, errors.NotRestatable),
        (NoticeKind.PRICE, PRICE_TEXT, {"abstract": ["Better words"]}, errors.OtherShape),
        (NoticeKind.PRICE, PRICE_TEXT, {"abstract": True}, errors.OtherShape),
        (NoticeKind.PRICE, PRICE_TEXT, {"related_party": "true"}, errors.OtherShape),
        (NoticeKind.PRICE, PRICE_TEXT, {"note_zh": True}, errors.OtherShape),
        (NoticeKind.PRICE, PRICE_TEXT | {"name": ["a", "b"]}, {"name": ["a", "c"]}, None),
        (NoticeKind.PRICE, PRICE_TEXT | {"name": ["a", "b"]}, {"name": ["a"]}, errors.OtherShape),
        (NoticeKind.PRICE, PRICE_TEXT | {"name": {"zh": None, "en": "a"}}, {"name": {"zh": "b", "en": "a"}}, None),
        (NoticeKind.PRICE, PRICE_TEXT | {"name": {"zh": "b"}}, {"name": {"en": "b"}}, errors.OtherShape),
        (NoticeKind.PRICE, PRICE_TEXT, {"abstract": PRICE_TEXT["abstract"]}, errors.NothingChanged),
        (NoticeKind.ANNOUNCEMENT, ANNOUNCED, {"title_en": "Better words"}, None),
        (NoticeKind.ANNOUNCEMENT, ANNOUNCED, {"terms_sha256": "bb" * 32}, errors.NotRestatable),
        (NoticeKind.REWARD_LIST, TEXTS[NoticeKind.REWARD_LIST], {"lines": []}, errors.NotRestatable),
        (NoticeKind.REWARD_LIST, TEXTS[NoticeKind.REWARD_LIST], {"note_zh": "示例说明"}, None),
    ],
)
def test_words_are_put_differently_and_what_is_on_record_elsewhere_is_not(
    kind: NoticeKind, old: dict[str, Any], changes: dict[str, Any], refusal: type[Refusal] | None
) -> None:
    if refusal is None:
        assert rules.restated(kind, old | {"instead_of": {"because": "earlier"}}, changes) == old | changes
    else:
        with pytest.raises(refusal):
            rules.restated(kind, old, changes)


def test_whoever_relies_on_an_end_that_was_announced_is_not_kept_waiting_by_the_owner_alone() -> None:
    by_the_market = {kind for kind, row in KINDS.items() if row.replaced_by == ("OPERATOR",)}
    assert by_the_market == {NoticeKind.ANNOUNCEMENT, NoticeKind.RESULT}


async def correct(tx: Tx, by: Actor, notice: Any, **changes: Any) -> Any:
    read = (await service.get_notice(tx, by, notice)).line.document_sha256
    return await service.correct_notice(tx, by, notice, document_sha256=read, changes=changes, because=WHY)


async def test_the_owner_corrects_the_text_he_has_read_and_the_period_goes_on(tx: Tx) -> None:
    await a_sandbox(tx, shanghai(2026, 3, 2, 9))
    unit, stranger = [(await an_organisation(tx)).actor for _ in range(2)]
    clerk = (await a_member(tx, unit, Role.FINANCE)).actor
    operator = (await a_market(tx))["operator"].actor
    notice = await a_notice(tx, unit, kind=NoticeKind.ANNOUNCEMENT, length=FIFTEEN)
    first = (await service.get_notice(tx, unit, notice)).line.document_sha256
    for nobody in (stranger, clerk):
        with pytest.raises(NotAllowed):
            await correct(tx, nobody, notice, title_en="Better words")
    better = await correct(tx, unit, notice, title_en="Better words")
    assert better.document == ANNOUNCED | {
        "title_en": "Better words",
        "instead_of": {"document_sha256": first, "because": WHY},
    }
    assert (better.line.version, better.line.ends_at) == (2, shanghai(2026, 3, 18))
    with pytest.raises(errors.TextChanged) as stale:
        await service.correct_notice(
            tx, operator, notice, document_sha256=first, changes={"note_en": "Sample"}, because=WHY
        )
    assert stale.value.facts == {"document_sha256": better.line.document_sha256}
    await correct(tx, operator, notice, note_en="Sample")
    assert [one.change for one in await service.list_versions(tx, ANONYMOUS, notice)] == [
        None,
        Change.CORRECTION,
        Change.CORRECTION,
    ]
    price = await a_notice(tx, unit, kind=NoticeKind.PRICE, length=FIFTEEN)
    with pytest.raises(errors.CorrectionNotTaken):
        await correct(tx, unit, price, note_en="Sample")
    for nobody in (unit, stranger):
        with pytest.raises(NotAllowed):
            await put_in_its_place(tx, nobody, notice, title_en="Best words")


async def test_what_waits_for_a_notice_waits_for_the_one_in_its_place(tx: Tx) -> None:
    await a_sandbox(tx, shanghai(2026, 3, 2, 9))
    unit, other = [(await an_organisation(tx)).actor for _ in range(2)]
    operator = (await a_market(tx))["operator"].actor
    old = await a_notice(tx, unit, kind=NoticeKind.PRICE, length=FIFTEEN)
    began = (await hang(tx, unit, old)).line.started_at
    await move_to(tx, shanghai(2026, 3, 10, 9))
    await service.suspend_notice(tx, operator, old, reasons="Sample reasons")
    with pytest.raises(errors.Suspended):  # a text of the owner's does not start the clock that the market stopped
        await put_in_its_place(tx, unit, old, abstract="Better words")
    await service.resume_notice(tx, operator, old)
    new = await put_in_its_place(tx, unit, old, abstract="Better words")
    assert (new.line.replaces_id, new.line.state, new.document["abstract"]) == (
        old,
        NoticeState.PREPARED,
        "Better words",
    )
    with pytest.raises(errors.NotStarted):
        await gate(tx, old)
    await hang(tx, unit, new.line.id)
    newest = await put_in_its_place(tx, operator, new.line.id, note_en="Sample")
    async with tx.read() as db:
        assert await steps.current(db, old) == newest.line.id
        assert (await steps.get_facts(db, old)).id == newest.line.id
        assert await steps.first_started_at(db, old) == began
    await hang(tx, unit, newest.line.id)
    filed = await service.file_objection(tx, other, newest.line.id, grounds="Sample grounds")
    async with tx.begin() as db:
        assert await steps.open_objections(db, old) == 1
        with pytest.raises(errors.Paused):
            await steps.require_unobjected(db, old)
    with pytest.raises(errors.Paused):
        await gate(tx, old)
    await service.withdraw_objection(tx, other, filed.id)
    # From the 10th, the day that does not count, the fifteenth day is the 25th; the old one would have ended with 17.
    await move_to(tx, shanghai(2026, 3, 25, 23, 59))
    with pytest.raises(errors.StillRunning):
        await gate(tx, old)
    async with tx.begin() as db:
        assert await steps.ends_at(db, old) == shanghai(2026, 3, 26)
    await move_to(tx, shanghai(2026, 3, 26))
    await gate(tx, old)
    async with tx.begin() as db:
        assert await steps.is_cleared(db, old, shanghai(2026, 3, 26))
        assert await steps.has_ended(db, old, shanghai(2026, 3, 26))
        assert await steps.withdraw(db, old, None) is False


async def test_nobody_restates_what_favours_him_or_whom_he_belongs_to(tx: Tx) -> None:
    unit, buyer = [(await an_organisation(tx)).actor for _ in range(2)]
    operator = (await a_market(tx))["operator"].actor
    head = (await a_member(tx, unit, Role.ADMINISTRATOR)).actor
    list_ = await a_notice(
        tx, unit, kind=NoticeKind.REWARD_LIST, lines=["a"], unit_evidence=EVIDENCE, favours=[head.person]
    )
    result = await a_notice(tx, unit, reader_orgs=[buyer.org])
    with pytest.raises(NotAllowed):
        await put_in_its_place(tx, head, list_, note_en="Sample")
    with pytest.raises(NotFound):
        await put_in_its_place(tx, buyer, list_, note_en="Sample")
    last = list_
    for n in range(3):
        last = (await put_in_its_place(tx, unit, last, note_en=f"Sample {n}")).line.id
    with pytest.raises(errors.TooManyReplacements):
        await put_in_its_place(tx, unit, last, note_en="Sample")
    await put_in_its_place(tx, operator, last, note_en="Sample")
    other = await a_notice(tx, unit)
    filed = await service.file_objection(tx, (await an_organisation(tx)).actor, other, grounds="Sample grounds")
    async with tx.begin() as db:
        db.add(Membership(person_id=operator.person, org_id=buyer.org, roles=[], ended_at=None))
    assert (await correct(tx, operator, other, note_en="Sample")).line.version == 2
    with pytest.raises(NotAllowed):
        await put_in_its_place(tx, operator, result, note_en="Sample")
    async with tx.begin() as db:
        db.add(Membership(person_id=operator.person, org_id=unit.org, roles=[], ended_at=None))
    for act in (
        correct(tx, operator, other, note_en="Another"),
        service.acknowledge_objection(tx, operator, filed.id),
        service.decide_objection(tx, operator, filed.id, upheld=False, reasons="Sample reasons"),
    ):
        with pytest.raises(NotAllowed):
            await act
    promoted = replace(operator, person_id=(await a_member(tx, operator, Role.OPERATOR)).actor.person_id)
    decided = await service.decide_objection(tx, promoted, filed.id, upheld=False, reasons="Sample reasons")
    assert decided.state is ObjectionState.DISMISSED


async def test_a_line_objected_to_with_success_stays_held_in_the_list_put_in_its_place(tx: Tx) -> None:
    unit = (await an_organisation(tx)).actor
    inventor = (await a_member(tx, unit, Role.INVENTOR)).actor
    operator = (await a_market(tx))["operator"].actor
    old = await a_notice(tx, unit, kind=NoticeKind.REWARD_LIST, lines=["a", "b"], unit_evidence=EVIDENCE)
    filed = await service.file_objection(tx, inventor, old, grounds="Sample grounds", lines=["a"])
    await service.decide_objection(tx, operator, filed.id, upheld=True, reasons="Sample reasons")
    await put_in_its_place(tx, unit, old, note_zh="示例说明")
    async with tx.begin() as db:
        assert (await steps.held_lines(db, old), await steps.upheld_lines(db, old)) == ({"a"}, {"a"})


async def test_of_ten_who_put_another_in_its_place_one_does_and_an_objection_finds_the_one_that_stands(tx: Tx) -> None:
    unit, other = [(await an_organisation(tx)).actor for _ in range(2)]
    deal = steps.Deal((), (other.org,), 60_000_000)
    old = await a_notice(tx, unit, kind=NoticeKind.PRICE, length=FIFTEEN, unit_evidence=EVIDENCE, deal=deal)
    filed = await service.file_objection(tx, other, old, grounds="Sample grounds")
    read = (await service.get_notice(tx, unit, old)).line.document_sha256

    async def restate(n: int) -> Any:
        return await service.replace_notice(
            tx,
            unit,
            old,
            document_sha256=read,
            changes={"abstract": f"Better words {n}"},
            because=WHY,
            evidence_sha256=EVIDENCE,
        )

    outcomes = await asyncio.gather(
        *[restate(n) for n in range(10)],
        service.withdraw_objection(tx, other, filed.id),
        return_exceptions=True,
    )
    refused = [type(one).__name__ for one in outcomes[:10] if isinstance(one, Exception)]
    assert refused == ["NotInThisState"] * 9
    (new,) = [one.line.id for one in outcomes[:10] if not isinstance(one, Exception)]
    shown = await service.get_notice(tx, other, new)
    assert (shown.line.state, shown.line.open_objections) == (NoticeState.RUNNING, 0)
    assert (await service.get_objection(tx, other, filed.id)).state is ObjectionState.WITHDRAWN


async def test_whoever_asks_while_another_takes_its_place_is_told_of_that_one_and_nobody_follows_one_taken_down(
    tx: Tx,
) -> None:
    unit, buyer = [(await an_organisation(tx)).actor for _ in range(2)]
    deal = steps.Deal((Ref("achievement", new_id()),), (buyer.org,), 60_000_000)
    old = await a_notice(tx, unit, kind=NoticeKind.PRICE, length=FIFTEEN, unit_evidence=EVIDENCE, deal=deal)
    held = "SELECT id FROM notice WHERE id = :id FOR UPDATE"
    new, asked = await in_line(
        tx, held, lambda: put_in_its_place(tx, unit, old, note_en="Sample"), lambda: gate(tx, old), id=old
    )
    assert isinstance(asked, errors.NotStarted), asked
    async with tx.begin() as db:
        assert await steps.withdraw(db, old, None) is True
    again = await a_notice(tx, unit, kind=NoticeKind.PRICE, length=FIFTEEN, deal=deal)
    assert (await service.get_notice(tx, unit, again)).line.replaces_id == new.line.id
    async with tx.read() as db:
        assert await steps.current(db, old) == new.line.id
