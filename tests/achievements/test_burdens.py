"""What binds an achievement from outside the market, what bars an open licence, and what others found."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from sqlalchemy import text

from techmarket.achievements import errors, evaluations, licences, open_licences, service, steps
from techmarket.achievements.evaluations import EvaluationDraft, Finding, Value
from techmarket.achievements.licences import BurdenKind, Scope
from techmarket.achievements.lifecycle import AttestationState
from techmarket.achievements.open_licences import OpenLicenceDraft
from techmarket.achievements.rights import Right, RightKind, RightStatus
from techmarket.achievements.rules import Burden
from techmarket.achievements.service import BurdenDraft
from techmarket.identity.actor import OrgKind, Role
from techmarket.kernel.ids import Ref
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.kernel.refusals import NotAllowed, NotFound
from techmarket.notices.errors import EvidenceMissing
from tests.achievements.make import an_achievement
from tests.identity.make import a_member, an_organisation
from tests.notices.make import an_evidence

PROOF = "a" * 64
SINCE = Scope("WORLD", "ANY", date(2024, 1, 1))
ID = uuid4()


async def a_unit(tx):
    unit = (await an_organisation(tx, kind=OrgKind.UNIVERSITY)).actor
    await an_evidence(tx, unit, PROOF)
    return unit


async def an_operator(tx):
    return (await an_organisation(tx, kind=OrgKind.MARKET, roles=(Role.OPERATOR,))).actor


async def confirm_all(tx):
    """The market's operator has seen every file that waits."""
    operator = await an_operator(tx)
    for one in (await service.list_attestations(tx, operator, state=AttestationState.PENDING)).items:
        await service.confirm_attestation(tx, operator, one.id)


async def record(tx, unit, view, kind, scope=SINCE):
    draft = BurdenDraft(kind, scope, "Sample bank", "Y2024-1", PROOF)
    return await service.record_burden(tx, unit, view.id, draft)


async def sellable(tx, unit, view, mode="LICENCE", **sale):
    async with tx.read() as db:
        await steps.require_sellable(db, [view.id], mode=mode, seller=unit.org, **sale)


async def enter(tx, unit, achievement_id, kind="ORDINARY"):
    async with tx.begin() as db:
        return await steps.enter_licence(
            db,
            [achievement_id],
            kind=kind,
            valid_from=date(2026, 3, 1),
            valid_until=None,
            by=Ref("contract", uuid4()),
            actor=unit,
        )


async def test_a_pledge_bars_sale_and_licence_until_its_holder_agrees_or_it_is_released(tx):
    unit = await a_unit(tx)
    view = await record(tx, unit, await an_achievement(tx, unit), BurdenKind.PLEDGE)
    (pledge,) = view.encumbrances
    assert (pledge.holder, pledge.registration_number, pledge.holder_consents) == ("Sample bank", "Y2024-1", False)
    for mode in ("LICENCE", "TRANSFER", "EQUITY", "TRY_BEFORE_BUY"):
        with pytest.raises(errors.Pledged):
            await sellable(tx, unit, view, mode)
    with pytest.raises(errors.Pledged):
        await enter(tx, unit, view.id)
    await sellable(tx, unit, view, "JOINT_DEVELOPMENT")
    with pytest.raises(EvidenceMissing):
        await service.record_pledgee_consent(tx, unit, pledge.id, evidence_sha256="b" * 64)
    for _ in range(2):
        view = await service.record_pledgee_consent(tx, unit, pledge.id, evidence_sha256=PROOF)
    assert (view.encumbrances[0].holder_consents, view.encumbrances[0].awaiting) == (False, ("CONSENT",))
    with pytest.raises(errors.Pledged):  # the unit's own word is not enough
        await sellable(tx, unit, view, "TRANSFER")
    await confirm_all(tx)
    view = await service.record_pledgee_consent(tx, unit, pledge.id, evidence_sha256=PROOF)
    assert (view.encumbrances[0].holder_consents, view.encumbrances[0].awaiting) == (True, ())
    await sellable(tx, unit, view, "TRANSFER")
    await enter(tx, unit, view.id)
    async with tx.read() as db:
        count = "SELECT count(*) FROM journal_entry WHERE kind = 'achievements.pledgee_consented'"
        assert (await db.execute(text(count))).scalar_one() == 1


async def test_a_seizure_bars_everything_until_it_is_released_with_proof(tx):
    unit = await a_unit(tx)
    view = await record(tx, unit, await an_achievement(tx, unit), BurdenKind.SEIZURE)
    (seizure,) = view.encumbrances
    for mode in ("LICENCE", "TRANSFER"):
        with pytest.raises(errors.Seized):
            await sellable(tx, unit, view, mode)
    with pytest.raises(errors.NotAPledge):
        await service.record_pledgee_consent(tx, unit, seizure.id, evidence_sha256=PROOF)
    with pytest.raises(errors.DayInTheFuture):
        await service.release_burden(tx, unit, seizure.id, released_on=date(2200, 1, 1), evidence_sha256=PROOF)
    with pytest.raises(EvidenceMissing):
        await service.release_burden(tx, unit, seizure.id, released_on=date(2024, 2, 1), evidence_sha256="b" * 64)
    view = await service.release_burden(tx, unit, seizure.id, released_on=date(2024, 2, 1), evidence_sha256=PROOF)
    assert view.encumbrances[0].awaiting == ("RELEASE",)
    with pytest.raises(errors.Seized):
        await sellable(tx, unit, view, "TRANSFER")
    await confirm_all(tx)
    assert (await service.get_achievement(tx, unit, view.id)).encumbrances == ()
    await sellable(tx, unit, view, "TRANSFER")
    with pytest.raises(NotInThisState):
        await service.release_burden(tx, unit, seizure.id, released_on=date(2024, 2, 1), evidence_sha256=PROOF)


async def test_a_licence_from_before_the_market_binds_and_one_that_it_excludes_is_not_recorded(tx):
    unit = await a_unit(tx)
    zhejiang = Scope("CN-33", "ANY", date(2024, 1, 1))
    view = await record(tx, unit, await an_achievement(tx, unit), BurdenKind.LICENCE_EXCLUSIVE, zhejiang)
    with pytest.raises(errors.LicenceOverlaps):
        await record(tx, unit, view, BurdenKind.LICENCE_ORDINARY)
    with pytest.raises(errors.LicenceOverlaps):
        await sellable(tx, unit, view, territory="CN-3301")
    await sellable(tx, unit, view, territory="CN-31")
    with pytest.raises(errors.EndsBeforeItBegins):
        await record(tx, unit, view, BurdenKind.PLEDGE, Scope("CN", "ANY", date(2024, 2, 1), date(2024, 1, 1)))
    assert [b.kind for b in (await service.get_achievement(tx, unit, view.id)).encumbrances] == ["LICENCE_EXCLUSIVE"]


async def test_only_the_office_of_the_unit_records_and_what_a_contract_brought_ends_with_the_contract(tx):
    unit, stranger = await a_unit(tx), await a_unit(tx)
    inventor = (await a_member(tx, unit, Role.INVENTOR)).actor
    view = await an_achievement(tx, unit)
    (entered,) = await enter(tx, unit, view.id)
    for who, refusal in ((inventor, NotAllowed), (stranger, NotFound)):
        with pytest.raises(refusal):
            await record(tx, who, view, BurdenKind.PLEDGE)
        with pytest.raises(refusal):
            await service.release_burden(tx, who, entered, released_on=date(2026, 3, 2), evidence_sha256=PROOF)
    with pytest.raises(errors.RecordedByContract):
        await service.release_burden(tx, unit, entered, released_on=date(2026, 3, 2), evidence_sha256=PROOF)
    assert len((await service.get_achievement(tx, unit, view.id)).encumbrances) == 1


async def test_a_seizure_and_a_licence_at_once_leave_no_licence_after_the_seizure(tx):
    unit = await a_unit(tx)
    view = await an_achievement(tx, unit)
    outcomes = await asyncio.gather(
        record(tx, unit, view, BurdenKind.SEIZURE),
        *[enter(tx, unit, view.id) for _ in range(6)],
        return_exceptions=True,
    )
    refused = sum(isinstance(one, errors.Seized) for one in outcomes)
    entered = sum(isinstance(one, list) for one in outcomes)
    assert refused + entered == 6
    async with tx.read() as db:
        kinds = await db.execute(text("SELECT kind FROM encumbrance ORDER BY id"))
        assert sorted(kinds.scalars()) == ["LICENCE_ORDINARY"] * entered + ["SEIZURE"]
        order = await db.execute(
            text("SELECT kind FROM journal_entry WHERE kind LIKE 'achievements.%entered' OR kind LIKE '%e_recorded'")
        )
        assert len(order.scalars().all()) == entered + 1


async def test_a_retired_achievement_takes_no_licence_and_is_not_offered_to_everybody(tx):
    unit = await a_unit(tx)
    view = await an_achievement(tx, unit)
    await service.retire_achievement(tx, unit, view.id)
    with pytest.raises(errors.NotRecorded):
        await enter(tx, unit, view.id)
    draft = OpenLicenceDraft("202310123456.6", 1_000_00, "a year", date(2043, 2, 28))
    with pytest.raises(errors.NotRecorded):
        await service.declare_open_licence(tx, unit, view.id, draft)
    assert (await service.get_achievement(tx, unit, view.id)).encumbrances == ()


TODAY = date(2026, 3, 1)
INVENTION = Right(RightKind.INVENTION_PATENT, "202310123456.6", None, RightStatus.GRANTED, fees_paid_until=TODAY)
SOFTWARE = Right(RightKind.SOFTWARE_COPYRIGHT, "2023SR01", None, RightStatus.REGISTERED)
DESIGN = Right(RightKind.DESIGN, "202130000001.5", None, RightStatus.GRANTED, fees_paid_until=TODAY)


def declare(right=INVENTION, *, report=None, until=TODAY, **facts):
    given = {"expires_on": date(2043, 1, 1), "burdens": (), "missing_consents": 0, "today": TODAY} | facts
    draft = OpenLicenceDraft("202310123456.6", 1_000_00, "a year", until, report_sha256=report)
    open_licences.check_open_licence(right, draft, achievement_id=ID, **given)


def burdens(kind, **facts):
    return (Burden(kind, SINCE, **facts),)


@pytest.mark.parametrize(
    "facts, refusal",
    [
        ({"right": None}, errors.NotAGrantedPatent),
        ({"right": SOFTWARE}, errors.NotAGrantedPatent),
        ({"right": Right(RightKind.INVENTION_PATENT, "1", None, RightStatus.APPLIED)}, errors.NotAGrantedPatent),
        ({"expires_on": TODAY - timedelta(days=1)}, errors.NotAGrantedPatent),
        ({"right": DESIGN}, errors.ReportMissing),
        ({"today": TODAY + timedelta(days=1), "until": date(2030, 1, 1)}, errors.AnnualFeeUnpaid),
        ({"right": Right(RightKind.INVENTION_PATENT, "1", None, RightStatus.GRANTED)}, errors.AnnualFeeUnpaid),
        ({"until": TODAY - timedelta(days=1)}, errors.OutsideTheTerm),
        ({"until": date(2043, 1, 2)}, errors.OutsideTheTerm),
        ({"burdens": burdens(BurdenKind.PLEDGE)}, errors.Pledged),
        ({"burdens": burdens(BurdenKind.SEIZURE)}, errors.Seized),
        ({"burdens": burdens(BurdenKind.LICENCE_EXCLUSIVE)}, errors.LicenceOverlaps),
        ({"burdens": burdens(BurdenKind.LICENCE_SOLE)}, errors.LicenceOverlaps),
        ({"burdens": burdens(BurdenKind.OPEN_LICENCE)}, errors.LicenceOverlaps),
        ({"missing_consents": 1}, errors.ConsentMissing),
    ],
)
def test_each_bar_to_an_open_licence_refuses_it(facts, refusal):
    with pytest.raises(refusal):
        declare(**facts)


def test_nothing_else_bars_an_open_licence():
    declare()
    declare(DESIGN, report=PROOF)
    declare(burdens=burdens(BurdenKind.PLEDGE, holder_consents=True))
    declare(burdens=burdens(BurdenKind.LICENCE_ORDINARY))


async def test_while_an_open_licence_runs_only_ordinary_licences_are_granted_and_withdrawal_hurts_none(tx):
    unit = await a_unit(tx)
    right = Right(RightKind.INVENTION_PATENT, "ZL202310123456.6", filed_on=date(2023, 3, 1))
    right = Right(**{name: getattr(right, name) for name in Right.__slots__} | {"fees_paid_until": date(2199, 1, 1)})
    view = await an_achievement(tx, unit, rights=(right,))
    draft = OpenLicenceDraft("202310123456.6", 1_000_00, "a year", date(2043, 2, 28))
    view = await service.declare_open_licence(tx, unit, view.id, draft)
    (statement,) = view.encumbrances
    fee = {"amount": "1000.00", "currency": "CNY"}
    assert statement.terms == {"number": "202310123456.6", "fee": fee, "way": "a year"}
    await enter(tx, unit, view.id)
    for kind in ("EXCLUSIVE", "SOLE"):
        with pytest.raises(errors.LicenceOverlaps):
            await sellable(tx, unit, view, licence_kind=kind)
    today = statement.valid_from
    view = await service.release_burden(tx, unit, statement.id, released_on=today, evidence_sha256=PROOF)
    assert [b.kind for b in view.encumbrances] == [BurdenKind.LICENCE_ORDINARY]


@pytest.mark.parametrize(
    "findings, refusal",
    [
        ([Finding(Value.SOCIAL, statement="x"), Finding(Value.SOCIAL, statement="y")], errors.ValueTwice),
        ([Finding(Value.SOCIAL)], errors.FindingEmpty),
        ([Finding(Value.SOCIAL, Decimal(8))], errors.FindingEmpty),
        ([Finding(Value.SOCIAL, None, Decimal(8), "x")], errors.FindingEmpty),
        ([Finding(Value.SOCIAL, Decimal("8.1"), Decimal(8))], errors.ScoreAboveMost),
    ],
)
def test_a_finding_speaks_of_one_value_and_says_something(findings, refusal):
    with pytest.raises(refusal):
        evaluations.check_findings(findings)
    evaluations.check_findings([Finding(value, Decimal(8), Decimal(8)) for value in Value])


async def test_an_evaluation_is_kept_by_value_and_a_wrong_record_stays_readable_as_withdrawn(tx):
    unit, stranger = await a_unit(tx), await a_unit(tx)
    view = await an_achievement(tx, unit)
    findings = (Finding(Value.TECHNICAL, Decimal("87.5"), Decimal(100)), Finding(Value.CULTURAL, statement="none"))
    draft = EvaluationDraft("Sample institute", "panel", date(2026, 1, 5), PROOF, findings)
    made = await service.record_evaluation(tx, unit, view.id, draft)
    assert made.findings[0] == {"value": "TECHNICAL", "score": "87.5", "most": "100", "statement": None}
    late = EvaluationDraft("Sample institute", "panel", date(2200, 1, 5), PROOF, findings)
    with pytest.raises(errors.DayInTheFuture):
        await service.record_evaluation(tx, unit, view.id, late)
    with pytest.raises(NotFound):
        await service.withdraw_evaluation(tx, stranger, made.id)
    await service.withdraw_evaluation(tx, unit, made.id)
    with pytest.raises(NotInThisState):
        await service.withdraw_evaluation(tx, unit, made.id)
    listed = await service.list_evaluations(tx, unit, view.id, cursor=None, limit=10)
    assert [(one.id, one.state) for one in listed.items] == [(made.id, "WITHDRAWN")]
    with pytest.raises(NotFound):
        await service.list_evaluations(tx, stranger, view.id, cursor=None, limit=10)


def test_a_burden_of_another_kind_is_no_licence():
    assert BurdenKind.OPEN_LICENCE in licences.LICENCES
    assert not licences.LICENCES & {BurdenKind.PLEDGE, BurdenKind.SEIZURE}
