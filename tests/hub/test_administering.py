"""Who administers an organisation that was imported, or has lost its administrators: by two hands, told, contested."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import Any

import pytest
from sqlalchemy import text

from techmarket.hub import errors, service
from techmarket.hub.lifecycle import RecoveryState
from techmarket.hub.service.administering import forget_person
from techmarket.identity import errors as identity_errors
from techmarket.identity import passwords
from techmarket.identity import service as identity
from techmarket.identity import steps as identity_steps
from techmarket.identity.actor import Actor, OrgKind, Role
from techmarket.identity.permissions import SecondFactorNeeded
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.kernel.refusals import NotAllowed, NotFound
from tests.api.test_evidence import PDF
from tests.api.test_people import PASSWORD, sign_in
from tests.hub.make import types
from tests.identity.make import Keyed, a_market, a_member, an_organisation, vouch
from tests.notices.make import an_evidence
from tests.workbench.make import kinds, tell
from tests.workbench.test_queue import kinds as work_of

URL = "https://market.test"
NAME = "赵示例"


@pytest.fixture(autouse=True)
def _cheap_hashes(monkeypatch):
    monkeypatch.setattr(passwords, "MEMORY_KIB", 64)


@dataclass
class Desk:
    """A market with two operators of two hands, and an organisation whose administrator is lost."""

    first: Keyed
    second: Keyed
    org: Actor
    trader: Actor
    evidence: str


@pytest.fixture
async def desk(tx, keys) -> Desk:
    first = (await a_market(tx, keys))["operator"]
    second = await a_member(tx, first.actor, Role.OPERATOR, keys=keys)
    org = (await an_organisation(tx, keys=keys)).actor
    trader = (await a_member(tx, org, Role.TRADER, keys=keys)).actor
    return Desk(first, second, org, trader, await an_evidence(tx, first.actor))


async def propose(tx, desk: Desk) -> Any:
    return await service.propose_administrator(
        tx, desk.first.actor, desk.org.org, name=NAME, reasons="Sample: it has left", evidence_sha256=desk.evidence
    )


async def agreed(tx, desk: Desk) -> Any:
    row = await propose(tx, desk)
    return await service.agree_to_administrator(tx, desk.second.actor, row.id)


async def let_time_pass(tx) -> None:
    async with tx.begin() as db:
        await db.execute(text("UPDATE administrator_recovery SET objection_until = market_now()"))


async def people_of(tx, org: Actor) -> list[tuple[str, tuple[Role, ...]]]:
    page = await identity.list_people(tx, org, org.org, cursor=None, limit=50)
    return [(one.name, one.roles) for one in page.items]


async def test_two_operators_and_the_time_to_object_bring_one_invitation_in_two_parts_and_the_record_shows_it(
    tx, keys, api, desk
):
    row = await propose(tx, desk)
    assert (row.state, row.objection_until, row.name) == (RecoveryState.PROPOSED, None, NAME)
    with pytest.raises(identity_errors.OneHandBehindBoth):
        await service.agree_to_administrator(tx, desk.first.actor, row.id)
    with pytest.raises(NotInThisState):
        await service.take_invitation_part(tx, keys, desk.first.actor, row.id)
    row = await service.agree_to_administrator(tx, desk.second.actor, row.id)
    assert 10 <= (row.objection_until - row.agreed_at).days <= 30  # ten days, and to the next working day's end
    with pytest.raises(errors.RecoveryStillWaits):
        await service.take_invitation_part(tx, keys, desk.second.actor, row.id)
    await let_time_pass(tx)
    third = (await a_member(tx, desk.first.actor, Role.OPERATOR)).actor
    with pytest.raises(errors.RecoveryNotYours):
        await service.take_invitation_part(tx, keys, third, row.id)

    parts = [await service.take_invitation_part(tx, keys, one.actor, row.id) for one in (desk.first, desk.second)]
    assert [one.part for one in parts] == [1, 2]
    for one in (desk.first, desk.second):
        with pytest.raises(errors.RecoveryNotYours):
            await service.take_invitation_part(tx, keys, one.actor, row.id)
    joins = {"name": "zhao.sample", "password": PASSWORD}
    for half in parts:
        answer = await api.post("/v1/invitations/acceptance", json={"token": half.token_part, **joins})
        assert (answer.status_code, answer.json()["code"]) == (403, "identity.invitation_over")
    token = parts[0].token_part + parts[1].token_part
    answers = [await api.post("/v1/invitations/acceptance", json={"token": token, **joins}) for _ in range(2)]
    assert [one.status_code for one in answers] == [201, 403]
    session = (await sign_in(api, "zhao.sample")).json()["token"]
    assert (await api.get("/v1/me", key=session)).json()["roles"] == ["ADMINISTRATOR"]
    told = [one for one in await types(tx, desk.org, row.id) if one.startswith("hub.administrator_")]
    assert [one.rpartition("_")[2] for one in told] == ["proposed", "agreed", "invited", "taken", "taken"]
    await forget_person(tx, (await identity_of(tx, session, keys)).person)
    assert (await service.get_recovery(tx, desk.first.actor, row.id)).name == ""


async def test_the_whole_way_is_gone_over_http(tx, keys, api, desk):
    org = await an_organisation(tx, keys=keys)
    first, second = desk.first.key, desk.second.key
    contact = f"/v1/organisations/{org.actor.org}/contact"
    assert (await api.put(contact, json={"person_id": str(org.actor.person)}, key=org.key)).status_code == 204
    kept = await api.post("/v1/evidence", content=PDF, headers={"Content-Type": "application/pdf"}, key=first)
    wanted = {"name": NAME, "reasons": "Sample: it has left", "evidence_sha256": kept.json()["sha256"]}
    proposing = f"/v1/organisations/{org.actor.org}/administrator-recoveries"

    async def step(by, row, what, **body):
        answer = await api.post(f"/v1/administrator-recoveries/{row}/{what}", key=by, **body)
        return answer.status_code, answer.json()

    async def proposed():
        answer = await api.post(proposing, json=wanted, key=first)
        assert (answer.status_code, answer.json()["state"]) == (201, "PROPOSED")
        return answer.json()["id"]

    row = await proposed()
    code, said = await step(first, row, "withdrawal")
    assert (code, said["state"]) == (200, "WITHDRAWN")
    row = await proposed()
    code, said = await step(org.key, row, "objection", json={"reasons": "Sample: she is here"})
    assert (code, said["state"], said["objection"]) == (200, "OBJECTED", "Sample: she is here")
    row = await proposed()
    read = await api.get(f"/v1/administrator-recoveries/{row}/evidence", key=second)
    assert (read.status_code, read.content) == (200, PDF)
    code, said = await step(second, row, "agreement")
    assert (code, said["state"]) == (200, "WAITING")
    code, said = await step(first, row, "invitation")
    assert (code, said["code"]) == (409, "hub.recovery_still_waits")
    await let_time_pass(tx)
    for number, by in enumerate((first, second), start=1):
        code, said = await step(by, row, "invitation")
        assert (code, said["part"]) == (201, number)
    read = await api.get(f"/v1/administrator-recoveries/{row}", key=org.key)
    assert (read.status_code, read.json()["name"]) == (200, NAME)
    listed = (await api.get(proposing, key=org.key)).json()["items"]
    assert [one["state"] for one in listed] == [read.json()["state"], "OBJECTED", "WITHDRAWN"]

    new = await imported(tx, desk.first.actor)
    invited = await api.post(f"/v1/organisations/{new.org}/first-administrator", json={"name": NAME}, key=first)
    assert (invited.status_code, invited.json()["organisation_id"]) == (201, str(new.org))


async def identity_of(tx, session: str, keys) -> Actor:
    return await identity.authenticate(tx, keys, session)


async def test_the_organisations_people_are_told_at_once_and_what_waits_stands_in_the_queues(tx, desk):
    row = await propose(tx, desk)
    await tell(tx)
    for one in (desk.org, desk.trader):
        assert (await kinds(tx, one))[-1] == "hub.administrator_proposed"
    assert "hub.administrator_proposed" in await kinds(tx, desk.second.actor)
    assert await work_of(tx, desk.second.actor) == ["hub.agree_to_administrator"]
    assert await work_of(tx, desk.first.actor) == []
    assert "hub.object_to_administrator" in await work_of(tx, desk.org)
    assert "hub.object_to_administrator" not in await work_of(tx, desk.trader)
    await service.agree_to_administrator(tx, desk.second.actor, row.id)
    await let_time_pass(tx)
    for one in (desk.first, desk.second):
        assert await work_of(tx, one.actor) == ["hub.take_invitation_part"]


async def test_a_living_administrator_or_the_contact_objects_and_where_there_is_neither_anybody_of_it(tx, keys, desk):
    row = await agreed(tx, desk)
    stranger = (await an_organisation(tx, keys=keys)).actor
    with pytest.raises(NotFound):
        await service.object_to_administrator(tx, stranger, row.id, reasons="Sample")
    for nobody in (desk.trader, desk.first.actor):
        with pytest.raises(errors.NoVoiceInRecovery):
            await service.object_to_administrator(tx, nobody, row.id, reasons="Sample")
    await identity.set_contact(tx, desk.org, desk.org.org, person_id=desk.trader.person)
    ended = await service.object_to_administrator(tx, desk.trader, row.id, reasons="Sample: she is here")
    assert (ended.state, ended.objected_by, ended.objection) == (
        RecoveryState.OBJECTED,
        desk.trader.person,
        "Sample: she is here",
    )
    await let_time_pass(tx)
    with pytest.raises(NotInThisState):
        await service.take_invitation_part(tx, keys, desk.first.actor, row.id)
    row = await agreed(tx, desk)
    await service.object_to_administrator(tx, desk.org, row.id, reasons="Sample")
    await identity.set_contact(tx, desk.org, desk.org.org, person_id=None)
    async with tx.begin() as db:
        await db.execute(
            text("UPDATE membership SET ended_at = clock_timestamp() WHERE person_id = :id"), {"id": desk.org.person}
        )
    row = await propose(tx, desk)
    assert (await service.object_to_administrator(tx, desk.trader, row.id, reasons="Sample")).state == "OBJECTED"


async def test_an_objection_and_an_execution_at_once_end_in_one_of_both(tx, keys, desk):
    row = await agreed(tx, desk)
    await let_time_pass(tx)
    done = await asyncio.gather(
        service.object_to_administrator(tx, desk.org, row.id, reasons="Sample"),
        service.take_invitation_part(tx, keys, desk.first.actor, row.id),
        service.take_invitation_part(tx, keys, desk.second.actor, row.id),
        return_exceptions=True,
    )
    async with tx.read() as db:
        invitations = "SELECT count(*) FROM invitation WHERE ground = 'RECOVERY'"
        found = await db.execute(text(f"SELECT state, ({invitations}) FROM administrator_recovery"))
        ended = tuple(found.one())
    if isinstance(done[0], NotInThisState):
        assert ended == ("INVITED", 1)
        assert [type(one).__name__ for one in done[1:]] == ["InvitationPartView"] * 2
    else:
        assert ended == ("OBJECTED", 0)
        assert all(isinstance(one, NotInThisState) for one in done[1:])


async def test_operators_at_once_make_one_proposal_one_agreement_and_each_part_is_shown_once(tx, keys, desk):
    made = await asyncio.gather(*[propose(tx, desk) for _ in range(3)], return_exceptions=True)
    assert sorted(type(one).__name__ for one in made) == ["RecoveryOpen", "RecoveryOpen", "RecoveryView"]
    row = next(one for one in made if not isinstance(one, BaseException))
    others = [desk.second.actor, (await a_member(tx, desk.first.actor, Role.OPERATOR)).actor]
    said = await asyncio.gather(
        *[service.agree_to_administrator(tx, one, row.id) for one in others], return_exceptions=True
    )
    assert sorted(type(one).__name__ for one in said) == ["NotInThisState", "RecoveryView"]
    await let_time_pass(tx)
    second = others[0] if not isinstance(said[0], BaseException) else others[1]
    taken = await asyncio.gather(
        *[service.take_invitation_part(tx, keys, one, row.id) for one in (desk.first.actor, second) for _ in range(2)],
        return_exceptions=True,
    )
    shown = [one for one in taken if not isinstance(one, BaseException)]
    assert sorted(one.part for one in shown) == [1, 2]
    assert len({one.invitation_id for one in shown}) == 1


async def test_who_is_of_one_hand_with_the_proposer_or_gave_an_old_second_factor_does_not_agree(tx, desk):
    row = await propose(tx, desk)
    puppet = (await a_member(tx, desk.first.actor, Role.OPERATOR)).actor
    await vouch(tx, puppet, by=desk.first.actor)
    with pytest.raises(identity_errors.OneHandBehindBoth):
        await service.agree_to_administrator(tx, puppet, row.id)
    with pytest.raises(SecondFactorNeeded):
        await service.agree_to_administrator(tx, replace(desk.second.actor, lacks_second_factor=True), row.id)
    with pytest.raises(NotAllowed):
        await service.agree_to_administrator(tx, desk.org, row.id)
    with pytest.raises(errors.NotForMarket):
        await service.propose_administrator(
            tx, desk.first.actor, desk.first.actor.org, name=NAME, reasons="Sample", evidence_sha256=desk.evidence
        )
    assert (await service.withdraw_administrator(tx, desk.second.actor, row.id)).state == "WITHDRAWN"


async def test_an_invitation_of_an_operator_who_lost_his_office_meanwhile_is_worth_nothing(tx, keys, api, desk):
    row = await agreed(tx, desk)
    await let_time_pass(tx)
    parts = [await service.take_invitation_part(tx, keys, one.actor, row.id) for one in (desk.first, desk.second)]
    async with tx.begin() as db:
        await db.execute(
            text("UPDATE membership SET roles = '{FINANCE}' WHERE person_id = :id"), {"id": desk.first.actor.person}
        )
    body = {"token": "".join(one.token_part for one in parts), "name": "zhao", "password": PASSWORD}
    assert (await api.post("/v1/invitations/acceptance", json=body)).status_code == 403
    assert len(await people_of(tx, desk.org)) == 2


# --- the first one ----------------------------------------------------------------------------------------------------


async def imported(tx, by: Actor) -> Actor:
    """An organisation that this operator registered for others."""
    said = identity_steps.Registered(OrgKind.ENTERPRISE, "Sample imported firm", None, None, None, False, False)
    async with tx.begin() as db:
        org_id = await identity_steps.register(db, said, actor=by)
    return replace(by, org_id=org_id, org_kind=OrgKind.ENTERPRISE)


async def invite(tx, keys, by: Actor, org: Actor) -> Any:
    return await service.invite_first_administrator(tx, keys, by, org.org, name=NAME, public_url=URL)


async def test_the_first_administrator_of_an_imported_organisation_confirms_and_another_operator_verifies_it(
    tx, keys, api, desk
):
    org = await imported(tx, desk.first.actor)
    old, new = await invite(tx, keys, desk.first.actor, org), await invite(tx, keys, desk.first.actor, org)
    assert new.link == f"{URL}/join#{new.token}"
    joins = {"name": "zhao.sample", "password": PASSWORD}
    answers = await asyncio.gather(
        *[
            api.post("/v1/invitations/acceptance", json={"token": token, **joins})
            for token in (old.token, new.token, new.token)
        ]
    )
    assert sorted(one.status_code for one in answers) == [201, 403, 403]
    assert answers[0].status_code == 403
    session = (await sign_in(api, "zhao.sample")).json()["token"]
    me = (await api.get("/v1/me", key=session)).json()
    assert (me["roles"], me["organisation"]["state"]) == (["ADMINISTRATOR"], "REGISTERED")
    with pytest.raises(identity_errors.HasPeople):
        await invite(tx, keys, desk.second.actor, org)
    with pytest.raises(identity_errors.OneHandBehindBoth):
        await identity.verify_organisation(tx, desk.first.actor, org.org)
    assert (await identity.verify_organisation(tx, desk.second.actor, org.org)).state == "VERIFIED"


async def test_who_verified_an_organisation_does_not_invite_its_first_administrator(tx, keys, desk):
    org = await imported(tx, desk.first.actor)
    await identity.verify_organisation(tx, desk.second.actor, org.org)
    with pytest.raises(identity_errors.OneHandBehindBoth):
        await invite(tx, keys, desk.second.actor, org)
    await invite(tx, keys, desk.first.actor, org)


async def test_an_operator_of_a_node_invites_for_his_own_node_alone(tx, keys, desk):
    home = (await an_organisation(tx, keys=keys, kind=OrgKind.AGENCY)).actor
    await service.appoint_node(tx, desk.first.actor, home.org, code="CN-3302", regions=[])
    keyed = await a_member(tx, replace(home, is_of_node=True), Role.OPERATOR, keys=keys)
    operator = await identity.authenticate(tx, keys, keyed.key)
    org = await imported(tx, desk.first.actor)
    with pytest.raises(NotFound):
        await invite(tx, keys, operator, org)
    await service.move_organisation(tx, desk.first.actor, home.org, org.org)
    await invite(tx, keys, operator, org)
    with pytest.raises(identity_errors.OneHandBehindBoth):
        await identity.verify_organisation(tx, operator, org.org)
