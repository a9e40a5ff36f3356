"""A person's rights over what is held about him: a copy, a correction, erasure, and what the clock lets go."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from techmarket.cli import erasures
from techmarket.db.means import Means
from techmarket.db.metadata import load_all_tables
from techmarket.db.personal import tables_about_people
from techmarket.db.session import Tx
from techmarket.identity import errors, passwords, repository
from techmarket.identity import repository_people as people
from techmarket.identity import service as identity
from techmarket.identity.actor import ANONYMOUS, Actor, OrgKind, Role, Scope, Via
from techmarket.identity.permissions import SignInNeeded
from techmarket.identity.service import sessions
from techmarket.identity.service.personal import ERASED, KEPT
from techmarket.identity.tables import Membership
from techmarket.jobs import runner
from techmarket.kernel.ids import new_id
from techmarket.kernel.refusals import NotFound
from tests.api.test_people import PASSWORD, sign_in, with_second_factor
from tests.identity.make import an_organisation

PAGE = (Path(__file__).parents[2] / "docs" / "personal-data.md").read_text()
NAME, LOGIN = "钱示例", "qian.sample"


@pytest.fixture(autouse=True)
def _cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "MEMORY_KIB", 64)


def test_the_page_lists_every_table_with_rows_about_one_person() -> None:
    load_all_tables()
    assert re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE) == list(tables_about_people())


def test_a_copy_holds_nothing_that_opens_a_door_and_nobody_elses_id() -> None:
    load_all_tables()
    given = {f"{table}.{column.name}" for table, columns in tables_about_people().items() for column in columns}
    assert {"person_login.name", "match_profile.statement_zh", "signature.at"} <= given
    doors = {"api_key.secret_hash", "person_login.password_phc", "person_login.totp_secret", "session.token_hash"}
    others = {"invitation.invited_by", "disclosure_grant.granted_by_id", "share_hold.opened_by"}
    assert given & (doors | others | {"opening_officer.share", "score_sheet.hidden", "signature_order.url"}) == set()


async def everywhere(tx: Tx, word: str) -> list[str]:
    """The tables in which a word still stands, in any column."""
    async with tx.read() as db:
        query = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 1"
        tables = (await db.execute(text(query))).scalars().all()
        found = text("SELECT 1 FROM {} t WHERE t::text LIKE :word LIMIT 1").text
        return [
            table
            for table in tables
            if (await db.execute(text(found.format(table)), {"word": f"%{word}%"})).scalar_one_or_none()
        ]


async def a_human(api: Any, tx: Tx, keys: Any) -> tuple[Any, str]:
    """Somebody who came by an invitation, with a login, a profile and a saved search; and his session."""
    org = await an_organisation(tx, keys=keys)
    invite = {"name": NAME, "roles": ["TRADER"]}
    invited = await api.post(f"/v1/organisations/{org.actor.org}/invitations", key=org.key, json=invite)
    joins = {"token": invited.json()["token"], "name": LOGIN, "password": PASSWORD}
    joined = await api.post("/v1/invitations/acceptance", json=joins)
    assert (joined.status_code, joined.json()["name"]) == (201, NAME), joined.text
    session = (await sign_in(api, LOGIN)).json()["token"]
    key = {"person_id": joined.json()["id"], "scopes": ["read"], "name": f"{NAME}的程序", "current": PASSWORD}
    asked = [
        ("POST", f"/v1/organisations/{org.actor.org}/keys", key),
        ("PUT", "/v1/me/profile", {"is_listed": True, "statement_zh": f"{NAME}熟悉锂电池", "keywords": ["锂电池"]}),
        ("POST", "/v1/saved-searches", {"name": f"{NAME}的检索", "query": "锂电池", "delivery": "IMMEDIATE"}),
    ]
    for method, path, body in asked:
        answer = await api.call(method, path, key=session, json=body)
        assert answer.status_code < 300, (path, answer.text)
    return org, session


async def test_a_copy_has_the_persons_rows_and_a_correction_changes_the_name(api: Any, tx: Tx, keys: Any) -> None:
    org, key = await a_human(api, tx, keys)
    copy = (await api.get("/v1/me/personal-data", key=key)).json()
    assert copy["name"] == NAME
    assert copy["held"]["person_login"][0]["name"] == LOGIN
    assert [one["org_id"] for one in copy["held"]["invitation"]] == [str(org.actor.org)]
    assert copy["held"]["match_profile"][0]["statement_zh"] == f"{NAME}熟悉锂电池"
    assert "correct horse" not in str(copy)
    assert (await api.call("PUT", "/v1/me/name", key=key, json={"name": "钱更正"})).status_code == 204
    assert (await api.get("/v1/me", key=key)).json()["name"] == "钱更正"
    assert (await api.get("/v1/me/personal-data")).status_code == 401


async def test_after_erasure_name_and_login_stand_nowhere_and_the_key_opens_nothing(
    api: Any, tx: Tx, keys: Any, means: Means
) -> None:
    _, key = await a_human(api, tx, keys)
    assert set(await everywhere(tx, NAME)) == {"api_key", "match_profile", "person", "saved_search"}
    left = await api.post("/v1/me/erasure", key=key)
    assert left.status_code == 201, left.text
    assert [one["what"] for one in left.json()["kept"]] == [one.what for one in KEPT]
    await runner.settle_down(means)
    assert (await everywhere(tx, NAME), await everywhere(tx, LOGIN)) == ([], [])
    assert await everywhere(tx, ERASED) == ["person"]
    assert (await api.get("/v1/me", key=key)).status_code == 401
    sign_in = await api.post("/v1/sessions", json={"name": LOGIN, "password": PASSWORD})
    assert sign_in.status_code == 401


async def test_whom_a_market_from_a_backup_knows_again_is_erased_again_and_nobody_twice(
    api: Any, tx: Tx, keys: Any, means: Means, tmp_path: Path
) -> None:
    org, key = await a_human(api, tx, keys)
    me = UUID((await api.get("/v1/me", key=key)).json()["person_id"])
    register, only_administrator = erasures.Register(tmp_path), org.actor.person
    assert await register.note(tx) == 0
    # The folder knows of him, of the organisation's only administrator, and of one of the time after this base.
    (tmp_path / erasures.FILE).write_text(f"\n{me}\n{only_administrator}\n{new_id()}\n")
    assert await identity.erase_again(tx, erasures.kept(tmp_path)) == 2
    await runner.settle_down(means)
    assert (await everywhere(tx, NAME), await everywhere(tx, LOGIN)) == ([], [])
    assert [(await api.get("/v1/me", key=one)).status_code for one in (key, org.key)] == [401, 401]
    assert await identity.erase_again(tx, erasures.kept(tmp_path)) == 0
    # What stands there already is not written again; a new folder gets all of them, in the log or not yet.
    assert await register.note(tx) == 0
    third = (await an_organisation(tx, keys=keys)).actor.person
    assert await identity.erase_again(tx, [third]) == 1
    assert [await register.note(tx), await register.note(tx)] == [1, 0]
    assert await erasures.Register(tmp_path / "new").note(tx) == 3
    assert erasures.kept(tmp_path / "new") == {me, only_administrator, third}


async def test_nobody_and_whoever_is_not_there_have_no_data_to_see_correct_or_erase(tx: Tx) -> None:
    gone = Actor(new_id(), new_id(), OrgKind.ENTERPRISE, True, key_id=new_id(), via=Via.SESSION)
    for act in (
        identity.get_personal_data,
        lambda tx, actor: identity.correct_name(tx, actor, name="钱更正"),
        identity.erase_person,
    ):
        with pytest.raises(SignInNeeded):
            await act(tx, replace(ANONYMOUS, scopes=frozenset(Scope)))
        with pytest.raises(NotFound):
            await act(tx, gone)


ONESELF = [("PUT", "/v1/me/name", {"name": "钱更正"}), ("POST", "/v1/me/erasure", None)]


async def test_no_key_erases_or_renames_its_person_nor_does_a_session_whose_second_factor_is_old(
    api: Any, tx: Tx, keys: Any
) -> None:
    org, session = await a_human(api, tx, keys)
    me = (await api.get("/v1/me", key=session)).json()["person_id"]
    path, wanted = f"/v1/organisations/{org.actor.org}/keys", {"person_id": me, "scopes": ["read", "write"]}
    key = (await api.post(path, key=session, json=wanted | {"current": PASSWORD})).json()["key"]
    for method, path, body in ONESELF:
        refused = await api.call(method, path, key=key, json=body)
        assert (refused.status_code, refused.json()["code"]) == (403, "identity.session_only")
    proven, *_ = await with_second_factor(api, LOGIN)
    async with tx.begin() as db:
        await db.execute(text("UPDATE session SET second_factor_at = second_factor_at - interval '11 minutes'"))
    for method, path, body in ONESELF:
        refused = await api.call(method, path, key=proven, json=body)
        assert (refused.status_code, refused.json()["code"]) == (403, "identity.second_factor_needed")
    assert (await api.get("/v1/me", key=proven)).json()["name"] == NAME
    async with tx.begin() as db:
        await db.execute(text("UPDATE session SET second_factor_at = clock_timestamp()"))
    assert [(await api.call(*one[:2], key=proven, json=one[2])).status_code for one in ONESELF] == [204, 201]


async def test_the_only_administrator_of_an_organisation_names_another_first(api: Any, tx: Tx, keys: Any) -> None:
    org = await an_organisation(tx, keys=keys)
    login = {"name": LOGIN, "password": PASSWORD}
    assert (await api.put("/v1/me/login", key=org.key, json=login)).status_code == 204
    session = (await sign_in(api, LOGIN)).json()["token"]
    refused = await api.post("/v1/me/erasure", key=session)
    assert (refused.status_code, refused.json()["code"]) == (409, "identity.last_administrator")
    assert (await api.get("/v1/me", key=org.key)).status_code == 200


async def somebody_waits_for_a_lock(tx: Tx) -> bool:
    waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    async with tx.read() as db:
        return bool((await db.execute(text(waits))).scalar_one())


async def test_whoever_becomes_the_only_administrator_while_he_erases_himself_is_told_and_stays(
    api: Any, tx: Tx, keys: Any
) -> None:
    org, session = await a_human(api, tx, keys)
    async with tx.begin() as db:
        await repository.lock_organisation(db, org.actor.org)
        erasing = asyncio.create_task(api.post("/v1/me/erasure", key=session))
        async with asyncio.timeout(30):  # it has read his roles, and waits for the organisation
            while not await somebody_waits_for_a_lock(tx):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        roles = "CASE person_id WHEN :boss THEN 'TRADER' ELSE 'ADMINISTRATOR' END"
        await db.execute(text(f"UPDATE membership SET roles = ARRAY[{roles}]"), {"boss": org.actor.person})
    refused = await erasing
    assert (refused.status_code, refused.json()["code"]) == (409, "identity.last_administrator")


async def test_the_invitations_of_who_is_erased_are_closed_on_the_record(api: Any, tx: Tx, keys: Any) -> None:
    org = await an_organisation(tx, keys=keys)
    invite = {"name": NAME, "roles": ["TRADER"]}
    invited = await api.post(f"/v1/organisations/{org.actor.org}/invitations", key=org.key, json=invite)
    assert invited.status_code == 201
    assert await identity.erase_again(tx, [org.actor.person]) == 1
    async with tx.read() as db:
        kinds = text("SELECT kind FROM journal_entry WHERE kind = 'identity.invitation_withdrawn'")
        assert len((await db.execute(kinds)).all()) == 1


async def test_whoever_belongs_to_two_organisations_signs_in_for_the_one_that_is_not_suspended(tx: Tx) -> None:
    one, two = [(await an_organisation(tx)).actor for _ in range(2)]
    first, second = sorted((one.org, two.org))
    suspend = text("UPDATE organisation SET state = 'SUSPENDED' WHERE id = :id")
    async with tx.begin() as db:
        db.add(Membership(person_id=one.person, org_id=two.org, roles=[Role.TRADER]))
        await db.execute(suspend, {"id": first})
    async with tx.begin() as db:
        assert await sessions.acting_for(db, one.person, None) == second
        with pytest.raises(errors.OrganisationSuspended):
            await sessions.acting_for(db, one.person, first)
        await db.execute(suspend, {"id": second})
    async with tx.begin() as db:
        with pytest.raises(errors.OrganisationSuspended):
            await sessions.acting_for(db, one.person, None)


async def test_ended_sessions_and_names_in_old_invitations_go_after_their_time(api: Any, tx: Tx, keys: Any) -> None:
    _, key = await a_human(api, tx, keys)
    other = (await sign_in(api, LOGIN)).json()["session"]["id"]
    async with tx.begin() as db:
        long_ago = "UPDATE session SET ended_at = clock_timestamp() - interval '10 days' WHERE id = :id"
        await db.execute(text(long_ago), {"id": other})
    for kept, gone in ((timedelta(days=11), 0), (timedelta(days=9), 1)):
        async with tx.begin() as db:
            assert await people.forget_ended(db, sessions=kept, invitations=kept) == gone
    assert (await api.get("/v1/me", key=key)).status_code == 200
