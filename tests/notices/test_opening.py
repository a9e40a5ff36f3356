"""How long a notice stands by rule, in which places with which evidence, and which text: corrected or replaced."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from techmarket.db import clock
from techmarket.db.session import Tx
from techmarket.identity.actor import ANONYMOUS, Actor, OrgKind, Role
from techmarket.kernel.ids import Ref, new_id
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.kernel.periods import Length, Unit
from techmarket.notices import errors, service, steps
from techmarket.notices.kinds import KINDS, Change, NoticeKind, Place
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

TEN = Length(10, Unit.WORKING_DAYS)
ANNOUNCED = TEXTS[NoticeKind.ANNOUNCEMENT]


async def replace(tx: Tx, notice: UUID, document: dict[str, Any], **more: Any) -> UUID:
    async with tx.begin() as db:
        return await steps.replace(db, notice, document, actor=None, now=await clock.market_now(db), **more)


async def facts(tx: Tx, notice: UUID) -> steps.NoticeFacts:
    async with tx.read() as db:
        return await steps.get_facts(db, notice)


async def test_without_a_length_the_rulebook_says_how_long_by_kind_owner_and_date(tx: Tx) -> None:
    university = await an_organisation(tx, kind=OrgKind.UNIVERSITY)
    company = await an_organisation(tx)
    of_state = await an_organisation(tx, government_established=True)
    wanted = [
        (NoticeKind.PRICE, university, "15 days · ZJR art. 17"),
        (NoticeKind.PRICE, company, "15 days · design choice after ZJR art. 17"),
        (NoticeKind.REWARD_LIST, university, "15 days · ZJR art. 39"),
        (NoticeKind.GRANT, university, "15 days · practice of the pilot units under 国科发区〔2020〕128号"),
        (NoticeKind.RESULT, of_state, "5 working_days · O32 art. 29"),
        (NoticeKind.RESULT, company, "5 working_days · design choice after O32 art. 29"),
        (NoticeKind.ANNOUNCEMENT, company, "10 working_days · design choice: open listing"),
    ]
    async with tx.read() as db:
        for kind, owner, said in wanted:
            rule = await steps.length_rule(db, kind, owner_org=owner.actor.org, rule_date=date(2026, 3, 2))
            assert f"{rule.value} {rule.unit} · {rule.source}" == said
        rule = await steps.length_rule(
            db,
            NoticeKind.ANNOUNCEMENT,
            owner_org=of_state.actor.org,
            rule_date=date(2026, 3, 2),
            base="floor_price_high",
        )
        assert rule.length == Length(20, Unit.WORKING_DAYS)
    async with tx.begin() as db:
        notice = await steps.open_notice(
            db,
            kind=NoticeKind.PRICE,
            subject=Ref("award", new_id()),
            owner_org=university.actor.org,
            document=PRICE_TEXT,
            rule_date=date(2026, 3, 2),
            actor=university.actor,
            now=await clock.market_now(db),
        )
    line = (await service.get_notice(tx, ANONYMOUS, notice)).line
    assert (line.length_n, line.length_unit) == (15, Unit.DAYS)


async def test_a_notice_shorter_than_the_law_says_is_not_opened_and_a_default_rejects_nothing(tx: Tx) -> None:
    university = await an_organisation(tx, kind=OrgKind.UNIVERSITY)
    company = await an_organisation(tx)
    fourteen = Length(14, Unit.DAYS)
    with pytest.raises(errors.PeriodTooShort) as short:
        await a_notice(tx, university.actor, kind=NoticeKind.PRICE, length=fourteen)
    assert short.value.facts == {"least": 15, "unit": "days", "source": "ZJR art. 17"}
    with pytest.raises(errors.RuleInAnotherUnit):
        await a_notice(tx, university.actor, kind=NoticeKind.PRICE, length=Length(20, Unit.WORKING_DAYS))
    assert (await service.list_notices(tx, university.actor)).items == []
    await a_notice(tx, company.actor, kind=NoticeKind.PRICE, length=fourteen)


async def test_a_correction_goes_on_with_the_same_period_and_keeps_every_text(tx: Tx) -> None:
    await a_sandbox(tx, shanghai(2026, 3, 2, 9))
    unit, other = await an_organisation(tx), await an_organisation(tx)
    notice = await a_notice(tx, unit.actor, kind=NoticeKind.ANNOUNCEMENT, length=TEN)
    await move_to(tx, shanghai(2026, 3, 4, 9))
    better = ANNOUNCED | {"title_en": "Sample, spelled right"}
    assert await replace(tx, notice, better, change=Change.CORRECTION) == notice
    seen = await service.get_notice(tx, ANONYMOUS, notice)
    assert (seen.line.version, seen.line.ends_at, seen.document) == (2, shanghai(2026, 3, 17), better)
    assert [(p.place, p.version) for p in seen.postings] == [(Place.MARKET, 1), (Place.MARKET, 2)]
    versions = await service.list_versions(tx, ANONYMOUS, notice)
    assert [(v.n, v.change, v.document["title_en"]) for v in versions] == [
        (1, None, "Sample"),
        (2, Change.CORRECTION, "Sample, spelled right"),
    ]
    await service.file_objection(tx, other.actor, notice, grounds="Sample grounds")
    await replace(tx, notice, ANNOUNCED, change=Change.CORRECTION)
    assert (await facts(tx, notice)).state is NoticeState.PAUSED
    with pytest.raises(DBAPIError, match="never changed"):
        async with tx.begin() as db:
            await db.execute(text("UPDATE notice_version SET n = 9"))


async def test_a_change_that_is_no_correction_is_refused_as_one(tx: Tx) -> None:
    await a_sandbox(tx, shanghai(2026, 3, 2, 9))
    unit = await an_organisation(tx)
    notice = await a_notice(tx, unit.actor, kind=NoticeKind.ANNOUNCEMENT, length=TEN)
    price = await a_notice(tx, unit.actor, kind=NoticeKind.PRICE, length=Length(15, Unit.DAYS))
    for document, refusal in (
        (ANNOUNCED, errors.NothingChanged),
        (ANNOUNCED | {"terms_sha256": "bb" * 32}, errors.NotACorrection),
        ({"title_en": "Sample"}, errors.FieldsMissing),
    ):
        with pytest.raises(refusal):
            await replace(tx, notice, document, change=Change.CORRECTION)
    with pytest.raises(errors.CorrectionNotTaken):
        await replace(tx, price, PRICE_TEXT | {"note": "Sample"}, change=Change.CORRECTION)
    await move_to(tx, shanghai(2026, 3, 17))
    with pytest.raises(NotInThisState):  # it has ended, before anybody wrote it down
        await replace(tx, notice, ANNOUNCED | {"title_en": "late"}, change=Change.CORRECTION)
    assert [v.n for v in await service.list_versions(tx, ANONYMOUS, notice)] == [1]


async def test_a_changed_disclosure_starts_afresh_and_its_open_objection_goes_with_it(tx: Tx) -> None:
    await a_sandbox(tx, shanghai(2026, 3, 2, 9))
    unit, other = await an_organisation(tx), await an_organisation(tx)
    operator = (await a_market(tx))["operator"].actor
    old = await a_notice(tx, unit.actor, kind=NoticeKind.ANNOUNCEMENT, length=TEN)
    await move_to(tx, shanghai(2026, 3, 5, 9))
    objection = await service.file_objection(tx, other.actor, old, grounds="Sample grounds")
    await move_to(tx, shanghai(2026, 3, 6, 9))
    new = await replace(tx, old, ANNOUNCED | {"terms_sha256": "bb" * 32})
    shown = [(await service.get_notice(tx, ANONYMOUS, one)).line.state for one in (old, new)]
    assert shown == [NoticeState.REPLACED, NoticeState.PAUSED]
    for notice in (old, new):
        (carried,) = (await service.get_notice(tx, ANONYMOUS, notice)).objections
        assert (carried.id, carried.notice_id, carried.carried_from_id) == (objection.id, new, old)
    with pytest.raises(errors.Paused):
        await gate(tx, new)
    await move_to(tx, shanghai(2026, 3, 10, 9))
    await service.decide_objection(tx, operator, objection.id, upheld=False, reasons="Sample reasons")
    # Ten working days after the 10th, whose day did not count: 11-13, 16-20, 23 and 24 March.
    assert (await facts(tx, new)).ends_at == shanghai(2026, 3, 25)
    assert (await service.get_notice(tx, ANONYMOUS, old)).line.ends_at is None
    assert [v.notice_id for v in await service.list_versions(tx, ANONYMOUS, new)] == [old, new]
    assert (await service.get_notice(tx, ANONYMOUS, old)).replaced_by_id == new


async def test_an_objection_carried_to_a_notice_that_still_waits_for_the_unit_pauses_it_from_its_start(tx: Tx) -> None:
    await a_sandbox(tx, shanghai(2026, 3, 2, 9))
    unit, other = await an_organisation(tx), await an_organisation(tx)
    operator = (await a_market(tx))["operator"].actor
    old = await a_notice(tx, unit.actor, kind=NoticeKind.PRICE, length=Length(15, Unit.DAYS))
    await hang(tx, unit.actor, old)
    objection = await service.file_objection(tx, other.actor, old, grounds="Sample grounds")
    new = await replace(tx, old, PRICE_TEXT | {"related_party": False})
    assert (await facts(tx, new)).state is NoticeState.PREPARED
    await move_to(tx, shanghai(2026, 3, 3, 9))
    await hang(tx, unit.actor, new)
    assert (await facts(tx, new)).state is NoticeState.PAUSED
    await move_to(tx, shanghai(2026, 3, 4, 9))
    await service.decide_objection(tx, operator, objection.id, upheld=False, reasons="Sample reasons")
    # Day 1 is the 5th: the 3rd is the start, the 4th the day of the decision. Day 15 is 19 March, a Thursday.
    assert (await facts(tx, new)).ends_at == shanghai(2026, 3, 20)


async def test_objections_to_what_stands_no_more_lapse_on_record(tx: Tx) -> None:
    unit = await an_organisation(tx)
    one, two = await a_member(tx, unit.actor, Role.INVENTOR), await a_member(tx, unit.actor, Role.INVENTOR)
    rewards = await a_notice(tx, unit.actor, kind=NoticeKind.REWARD_LIST, lines=["a", "b"], unit_evidence=EVIDENCE)
    first = await service.file_objection(tx, one.actor, rewards, grounds="Sample grounds", lines=["a"])
    second = await service.file_objection(tx, two.actor, rewards, grounds="Sample grounds", lines=["b"])

    async def states() -> list[tuple[ObjectionState, UUID]]:
        shown = [await service.get_objection(tx, unit.actor, one.id) for one in (first, second)]
        return [(one.state, one.notice_id) for one in shown]

    new = await replace(tx, rewards, TEXTS[NoticeKind.REWARD_LIST] | {"lines": ["b"]}, lines=["b"])
    assert await states() == [(ObjectionState.LAPSED, rewards), (ObjectionState.FILED, new)]
    async with tx.begin() as db:
        assert await steps.held_lines(db, new) == {"b"}
        assert await steps.withdraw(db, new, None) is True
    assert await states() == [(ObjectionState.LAPSED, rewards), (ObjectionState.LAPSED, new)]
    assert (await service.list_objections(tx, unit.actor, state=ObjectionState.FILED)).items == []


async def test_a_posting_names_evidence_that_its_own_organisation_uploaded(tx: Tx) -> None:
    unit, other = await an_organisation(tx), await an_organisation(tx)
    notice = await a_notice(tx, unit.actor, kind=NoticeKind.PRICE, length=Length(15, Unit.DAYS))
    await an_evidence(tx, other.actor)
    with pytest.raises(errors.EvidenceMissing) as missing:
        await service.confirm_posting(tx, unit.actor, notice, evidence_sha256=EVIDENCE)
    assert (missing.value.facts, missing.value.pointer) == ({"missing": [EVIDENCE]}, "/body/evidence_sha256")
    assert (await facts(tx, notice)).state is NoticeState.PREPARED
    with pytest.raises(errors.EvidenceMissing):
        async with tx.begin() as db:
            await steps.open_notice(
                db,
                kind=NoticeKind.REWARD_LIST,
                subject=Ref("distribution", new_id()),
                owner_org=unit.actor.org,
                document=TEXTS[NoticeKind.REWARD_LIST],
                rule_date=date(2026, 3, 2),
                actor=unit.actor,
                now=await clock.market_now(db),
                unit_evidence_sha256=EVIDENCE,
            )
    await an_evidence(tx, unit.actor)
    view = await service.confirm_posting(
        tx, unit.actor, notice, evidence_sha256=EVIDENCE, url="https://www.example.org/notices/1"
    )
    assert [(p.place, p.url, p.evidence_sha256) for p in view.postings] == [
        (Place.MARKET, None, None),
        (Place.UNIT, "https://www.example.org/notices/1", EVIDENCE),
    ]


async def test_a_posting_elsewhere_is_kept_beside_the_required_ones_and_starts_nothing(tx: Tx) -> None:
    unit = await an_organisation(tx)
    notice = await a_notice(tx, unit.actor, kind=NoticeKind.PRICE, length=Length(15, Unit.DAYS))
    await an_evidence(tx, unit.actor)

    async def post(place: Place) -> NoticeState:
        view = await service.confirm_posting(tx, unit.actor, notice, evidence_sha256=EVIDENCE, place=place)
        return view.line.state

    for _ in range(20):
        assert await post(Place.ELSEWHERE) is NoticeState.PREPARED
    with pytest.raises(errors.TooManyPostings):
        await post(Place.ELSEWHERE)
    with pytest.raises(errors.NotAPlaceOfThisNotice):
        await post(Place.MARKET)
    assert await post(Place.UNIT) is NoticeState.RUNNING
    with pytest.raises(errors.PostedAlready):
        await post(Place.UNIT)


def test_every_kind_that_can_be_extended_can_be_suspended_and_names_the_rulebooks_key_of_its_length() -> None:
    for kind, row in KINDS.items():
        assert row.length == f"notice.{kind.value.lower()}.length"
        assert row.can_be_suspended or not row.can_be_extended
        assert row.fields
        assert row.deciders


async def test_a_cleared_notice_keeps_its_end_whatever_the_calendar_says_later(tx: Tx) -> None:
    await a_sandbox(tx, shanghai(2026, 3, 2, 9))
    owner: Actor = (await an_organisation(tx)).actor
    notice = await a_notice(tx, owner, length=Length(2, Unit.WORKING_DAYS))
    await move_to(tx, shanghai(2026, 3, 5))
    assert await service.clear_due(tx) == 1
    async with tx.begin() as db:
        await db.execute(text("INSERT INTO work_day (day, is_working, source) VALUES ('2026-03-04', false, 'sample')"))
    assert (await facts(tx, notice)).ends_at == shanghai(2026, 3, 5)
    await gate(tx, notice)
    assert await market_now(tx) < shanghai(2026, 3, 6)


async def test_an_objection_upheld_while_its_notice_still_waits_for_the_unit_ends_it_for_good(tx: Tx) -> None:
    unit, other = await an_organisation(tx), await an_organisation(tx)
    operator = (await a_market(tx))["operator"].actor
    notice = await a_notice(tx, unit.actor, kind=NoticeKind.PRICE, length=Length(15, Unit.DAYS), unit_evidence=EVIDENCE)
    filed = await service.file_objection(tx, other.actor, notice, grounds="Sample grounds")
    other_price = TEXTS[NoticeKind.PRICE] | {"intended_price": {"amount": "650000.00", "currency": "CNY"}}
    new = await replace(tx, notice, other_price)
    assert (await facts(tx, new)).state is NoticeState.PREPARED
    await service.decide_objection(tx, operator, filed.id, upheld=True, reasons="Sample reasons")
    assert (await facts(tx, new)).state is NoticeState.UPHELD
    with pytest.raises(errors.NoLongerStands):
        await service.confirm_posting(tx, unit.actor, new, evidence_sha256=EVIDENCE)
