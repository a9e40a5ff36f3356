"""A contract without a trade waits for its unit's own approval as an award does, where a rule asks for it."""

from __future__ import annotations

import pytest

from techmarket.achievements import errors as achievements
from techmarket.achievements import service as approving
from techmarket.achievements.approvals import ApprovalKind
from techmarket.contracts import service
from techmarket.contracts.lifecycle import ContractState
from techmarket.contracts.plans import PlanTerms
from techmarket.contracts.rules import LineKind
from techmarket.db.keys import Keys
from techmarket.db.session import Tx
from techmarket.identity.actor import OrgKind
from techmarket.kernel.ids import new_id
from techmarket.notices import steps as notices
from techmarket.notices.kinds import NoticeKind
from tests.achievements.make import an_achievement_id, an_approval
from tests.contracts.make import Deal, a_draft
from tests.identity.make import Keyed, a_market, an_organisation
from tests.trading.test_approval_gate import asked_for_from_today

FEE = 60_000_000


@pytest.fixture
async def unit(tx: Tx, keys: Keys) -> Keyed:
    await asked_for_from_today(tx, (await a_market(tx, keys))["operator"].actor)
    return await an_organisation(tx, kind=OrgKind.UNIVERSITY, keys=keys)


async def call_to_sign(tx: Tx, deal: Deal):
    return await service.open_signing(tx, deal.seller.actor, deal.id, document_sha256=deal.sha256)


async def test_without_the_units_own_approval_nobody_is_called_to_sign_and_no_price_is_published(tx, keys, unit):
    sold = await an_achievement_id(tx, unit.actor)
    delegated = await an_approval(tx, unit.actor, [sold], kind=ApprovalKind.DELEGATED_DECISION)
    for named in ((), (delegated.id,)):
        deal = await a_draft(tx, keys, seller=unit, achievement_id=sold, approval_ids=named)
        with pytest.raises(achievements.ApprovalMissing):
            await call_to_sign(tx, deal)
        after = await service.get_contract(tx, unit.actor, deal.id)
        assert (after.state, after.notice_id, after.signing_id) == (ContractState.DRAFT, None, None)


async def test_an_approval_lets_sign_from_its_floor_on_and_what_was_called_to_sign_stands(tx, keys, unit):
    sold = await an_achievement_id(tx, unit.actor)
    approval = await an_approval(tx, unit.actor, [sold], floor_minor=FEE)
    with pytest.raises(achievements.ApprovalOfOther) as refused:
        await a_draft(tx, keys, seller=unit, achievement_id=sold, approval_ids=[approval.id], entry_fee_minor=FEE - 1)
    assert refused.value.facts == {"what": "price"}
    # The floor is held against all that the plan states, and royalties alone do not reach it.
    milestone = [PlanTerms(LineKind.MILESTONE, minor=1, title="Handed over")]
    for plan in ({"plan": milestone, "entry_fee_minor": None, "royalty": None}, {"entry_fee_minor": None}):
        with pytest.raises(achievements.ApprovalOfOther) as refused:
            await a_draft(tx, keys, seller=unit, achievement_id=sold, approval_ids=[approval.id], **plan)
        assert refused.value.facts == {"what": "price"}
    deal = await a_draft(tx, keys, seller=unit, achievement_id=sold, approval_ids=[approval.id], entry_fee_minor=FEE)
    late = await a_draft(tx, keys, seller=unit, achievement_id=sold, approval_ids=[approval.id], entry_fee_minor=FEE)
    called = await call_to_sign(tx, deal)
    assert (called.state, called.approval_ids) == (ContractState.SIGNING, (approval.id,))
    async with tx.read() as db:
        assert (await notices.get_facts(db, called.notice_id)).kind is NoticeKind.PRICE
    await approving.revoke_approval(tx, unit.actor, approval.id)
    assert (await service.get_contract(tx, unit.actor, deal.id)).state is ContractState.SIGNING
    with pytest.raises(achievements.ApprovalNotInForce):
        await call_to_sign(tx, late)
    assert (await service.get_contract(tx, unit.actor, late.id)).state is ContractState.DRAFT


async def test_a_contract_points_only_to_approvals_of_its_seller_that_cover_it(tx, keys, unit):
    sold = await an_achievement_id(tx, unit.actor)
    other = await an_achievement_id(tx, unit.actor)
    stranger = (await an_organisation(tx, kind=OrgKind.UNIVERSITY, keys=keys)).actor
    wrong = [
        (new_id(), achievements.ApprovalUnknown),
        ((await an_approval(tx, stranger, [await an_achievement_id(tx, stranger)])).id, achievements.ApprovalUnknown),
        ((await an_approval(tx, unit.actor, [other])).id, achievements.ApprovalOfOther),
        ((await an_approval(tx, unit.actor, [sold], mode="TRANSFER")).id, achievements.ApprovalOfOther),
        ((await an_approval(tx, unit.actor, [sold], signed=False)).id, achievements.ApprovalNotInForce),
    ]
    for approval_id, refusal in wrong:
        with pytest.raises(refusal):
            await a_draft(tx, keys, seller=unit, achievement_id=sold, approval_ids=[approval_id])
    # An enterprise sells without one: the rule is for units set up by the government.
    assert (await a_draft(tx, keys)).contract.state is ContractState.DRAFT
