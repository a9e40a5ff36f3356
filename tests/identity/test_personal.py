"""A person's rights over what is held about him: a copy, a correction, erasure, and what the clock lets go."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from techmarket.db.means import Means
from techmarket.db.metadata import load_all_tables
from techmarket.db.personal import tables_about_people
from techmarket.db.session import Tx
from techmarket.identity import passwords
from techmarket.identity import repository_people as people
from techmarket.identity.actor import Role
from techmarket.identity.service.personal import ERASED, KEPT
from techmarket.jobs import runner
from tests.identity.make import a_member, an_organisation

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
    """A member of an organisation with a login, a profile and a saved search; and his key."""
    org = await an_organisation(tx, keys=keys)
    member = await a_member(tx, org.actor, Role.TRADER, keys=keys, name=NAME)
    asked = [
        ("PUT", "/v1/me/login", {"name": LOGIN, "password": "correct horse battery"}),
        ("PUT", "/v1/me/profile", {"is_listed": True, "statement_zh": f"{NAME}熟悉锂电池", "keywords": ["锂电池"]}),
        ("POST", "/v1/saved-searches", {"name": f"{NAME}的检索", "query": "锂电池", "delivery": "IMMEDIATE"}),
    ]
    for method, path, body in asked:
        answer = await api.call(method, path, key=member.key, json=body)
        assert answer.status_code < 300, (path, answer.text)
    return org, member.key


async def test_a_copy_has_the_persons_rows_and_a_correction_changes_the_name(api: Any, tx: Tx, keys: Any) -> None:
    _, key = await a_human(api, tx, keys)
    copy = (await api.get("/v1/me/personal-data", key=key)).json()
    assert copy["name"] == NAME
    assert copy["held"]["person_login"][0]["name"] == LOGIN
    assert copy["held"]["match_profile"][0]["statement_zh"] == f"{NAME}熟悉锂电池"
    assert "correct horse" not in str(copy)
    assert (await api.call("PUT", "/v1/me/name", key=key, json={"name": "钱更正"})).status_code == 204
    assert (await api.get("/v1/me", key=key)).json()["name"] == "钱更正"
    assert (await api.get("/v1/me/personal-data")).status_code == 401


async def test_after_erasure_name_and_login_stand_nowhere_and_the_key_opens_nothing(
    api: Any, tx: Tx, keys: Any, means: Means
) -> None:
    _, key = await a_human(api, tx, keys)
    assert set(await everywhere(tx, NAME)) == {"match_profile", "person", "saved_search"}
    left = await api.post("/v1/me/erasure", key=key)
    assert left.status_code == 201, left.text
    assert [one["what"] for one in left.json()["kept"]] == [one.what for one in KEPT]
    await runner.settle_down(means)
    assert (await everywhere(tx, NAME), await everywhere(tx, LOGIN)) == ([], [])
    assert await everywhere(tx, ERASED) == ["person"]
    assert (await api.get("/v1/me", key=key)).status_code == 401
    sign_in = await api.post("/v1/sessions", json={"name": LOGIN, "password": "correct horse battery"})
    assert sign_in.status_code == 401


async def test_the_only_administrator_of_an_organisation_names_another_first(api: Any, tx: Tx, keys: Any) -> None:
    org = await an_organisation(tx, keys=keys)
    refused = await api.post("/v1/me/erasure", key=org.key)
    assert (refused.status_code, refused.json()["code"]) == (409, "identity.last_administrator")
    assert (await api.get("/v1/me", key=org.key)).status_code == 200


async def test_ended_sessions_and_names_in_old_invitations_go_after_their_time(api: Any, tx: Tx, keys: Any) -> None:
    _, key = await a_human(api, tx, keys)
    assert (
        await api.post("/v1/sessions", json={"name": LOGIN, "password": "correct horse battery"})
    ).status_code == 201
    async with tx.begin() as db:
        await db.execute(text("UPDATE session SET ended_at = clock_timestamp() - interval '10 days'"))
    for kept, gone in ((timedelta(days=11), 0), (timedelta(days=9), 1)):
        async with tx.begin() as db:
            assert await people.forget_ended(db, sessions=kept, invitations=kept) == gone
    assert (await api.get("/v1/me", key=key)).status_code == 200
