"""Mail over a real SMTP server: to confirmed addresses, in their language, again when it failed, and nothing secret."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import ssl
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import text

from techmarket.db import personal
from techmarket.identity import service as identity
from techmarket.identity.actor import Role
from techmarket.identity.permissions import NotVerified
from techmarket.kernel.ids import new_id
from techmarket.workbench import errors, mails, service
from techmarket.workbench.mailing import Mailer, MailFailed, Security
from techmarket.workbench.mails import Line
from techmarket.workbench.service.inbox import CODES_A_DAY
from techmarket.workbench.service.keeping import forget_person
from techmarket.workbench.service.mailing import send_due, write_mails
from techmarket.workbench.telling import Delivery
from tests.client import Api
from tests.identity.make import a_market, a_member, an_organisation
from tests.listings.make import a_demand
from tests.workbench.make import tell
from tests.workbench.smtp import Post, a_post

URL = "https://market.test"


async def confirmed(tx, keys, post: Post, reader, *, language: str = "en", address: str = "officer@unit.test") -> None:
    """An address whose code has come back."""
    await service.put_address(tx, keys, reader, address=address, language=language, has_mail=True)
    await send(tx, keys, post)
    code = re.search(r"[0-9]{8}", post.got[-1].get_content())
    assert code is not None
    view = await service.confirm_address(tx, keys, reader, code=code[0])
    assert view.is_confirmed
    post.got.clear()


async def send(tx, keys, post: Post, now: datetime | None = None) -> int:
    assert post.mailer is not None
    await write_mails(tx, public_url=URL)
    return await send_due(tx, keys, post.mailer, public_url=URL, now=now)


async def rows_held(tx, person_id):
    async with tx.read() as db:
        return await personal.rows_about(db, person_id)


@pytest.fixture
async def people(tx, keys):
    operator = (await a_market(tx, keys))["operator"].actor
    unit = await an_organisation(tx, keys=keys)
    await service.put_preferences(tx, unit.actor, {"listings": Delivery.MAIL})
    return operator, unit


async def test_mail_goes_to_a_confirmed_address_alone_and_says_nothing_but_kinds(tx, keys, people):
    operator, unit = people
    with a_post() as post:
        await service.put_address(tx, keys, unit.actor, address="officer@unit.test", language="zh-CN", has_mail=True)
        wrong = await service.confirm_address(tx, keys, unit.actor, code="00000000")
        assert not wrong.is_confirmed
        secret = await a_demand(tx, unit.actor, operator, title_en="Sample secret alloy")
        await tell(tx)
        assert await send(tx, keys, post) == 1  # the code, and nothing of the listing
        assert "确认" in post.got[0]["Subject"]
        await confirmed(tx, keys, post, unit.actor, language="zh-CN")
        again = await a_demand(tx, unit.actor, operator, title_en="Sample secret alloy")
        await tell(tx)
        assert await send(tx, keys, post) == 1
    (mail,) = post.got
    assert mail["Subject"].endswith("您有 1 条新通知")
    assert mail["To"] == "officer@unit.test"
    assert "供需信息已通过审核" in mail.get_content()
    assert "text/plain" in mail["Content-Type"]
    for hidden in ("alloy", str(again.id), str(secret.id), str(unit.actor.org), "token", "Sample organisation"):
        assert hidden not in mail.get_content() + mail["Subject"]


async def test_a_mailbox_gets_so_many_codes_a_day_whoever_asks_and_none_for_whom_nobody_verified(tx, keys, people):
    _, unit = people

    async def ask(actor, address):
        await service.put_address(tx, keys, actor, address=address, language="en", has_mail=True)

    with pytest.raises(NotVerified):
        await ask(replace(unit.actor, org_verified=False), "officer@unit.test")
    colleagues = [(await a_member(tx, unit.actor, keys=keys)).actor for _ in range(CODES_A_DAY + 1)]
    for n, one in enumerate(colleagues[:-1]):
        await ask(one, f"Officer+{n}@unit.test")
    with pytest.raises(errors.TooManyCodes):
        await ask(colleagues[-1], "officer@UNIT.test")
    await ask(colleagues[-1], "another@unit.test")


async def test_a_mail_that_fails_for_the_time_being_goes_again_under_one_id_and_a_refused_address_is_left_alone(
    tx, keys, people
):
    operator, unit = people
    with a_post() as post:
        await confirmed(tx, keys, post, unit.actor)
    with a_post(data=lambda n: "451 later" if n <= 2 else None) as post:
        await a_demand(tx, unit.actor, operator)
        await tell(tx)
        start = datetime.now(UTC)
        assert await send(tx, keys, post) == 1
        assert await send(tx, keys, post) == 0  # not yet
        assert await send(tx, keys, post, start + timedelta(minutes=2)) == 1
        assert await send(tx, keys, post, start + timedelta(minutes=3)) == 0
        assert await send(tx, keys, post, start + timedelta(minutes=10)) == 1
        assert await send(tx, keys, post, start + timedelta(days=9)) == 0
    assert len(post.got) == 3
    assert len({one["Message-ID"] for one in post.got}) == 1
    assert len({one.as_bytes() for one in post.got}) == 1
    with a_post(to=lambda _: "550 no such user") as post:
        await a_demand(tx, unit.actor, operator)
        await tell(tx)
        assert await send(tx, keys, post) == 1
        assert (await service.get_address(tx, unit.actor)).is_refused
        await a_demand(tx, unit.actor, operator)
        await tell(tx)
        assert await send(tx, keys, post) == 0
        async with tx.read() as db:
            states = (await db.execute(text("SELECT state, error FROM mail ORDER BY id DESC LIMIT 1"))).one()
        assert tuple(states) == ("GIVEN_UP", "recipient 550")
    assert (await service.list_notifications(tx, unit.actor)).unread == 3  # the inbox has all of it


class Slow:
    """A server that takes its time over each mail, while another worker looks for what is due."""

    sender, domain = "market@market.test", "market.test"

    def __init__(self, meanwhile) -> None:
        self.meanwhile, self.sent = meanwhile, list[str]()

    async def send(self, to: str, message: bytes) -> None:
        await self.meanwhile()
        self.sent.append(re.search(rb"Message-ID: (\S+)", message)[1].decode())


async def test_a_slow_server_gets_no_mail_twice_and_who_is_erased_meanwhile_breaks_nothing_off(tx, keys, people):
    _, unit = people

    async def half_a_lease() -> None:
        async with tx.begin() as db:  # as the time that a slow server takes would do
            await db.execute(text("UPDATE mail SET next_at = next_at - interval '50 seconds' WHERE attempts > 0"))
        await send_due(tx, keys, other, public_url=URL)

    async def nothing() -> None:
        pass

    async def erased() -> None:
        await forget_person(tx, unit.actor.person)

    async def written(count: int) -> None:
        async with tx.begin() as db:
            for _ in range(count):
                values = {"id": new_id(), "person": unit.actor.person, "org": unit.actor.org}
                sql = (
                    "INSERT INTO mail (id, person_id, org_id, address, language, subject, body, state, next_at) VALUES"
                )
                sql += " (:id, :person, :org, 'a@unit.test', 'en', 'Sample', 'Sample', 'PENDING', clock_timestamp())"
                await db.execute(text(sql), values)

    other, slow = Slow(nothing), Slow(half_a_lease)
    await written(5)
    await send_due(tx, keys, slow, public_url=URL)
    assert len(slow.sent + other.sent) == len(set(slow.sent + other.sent)) == 5
    await written(2)
    assert await send_due(tx, keys, Slow(erased), public_url=URL) == 1
    assert await rows_held(tx, unit.actor.person) is not None


async def test_a_server_that_draws_a_mail_out_is_given_up_in_time_and_one_that_lingers_over_goodbye_has_it(people):
    said = {
        b"EHLO": b"250 sample",
        b"MAIL": b"250 ok",
        b"RCPT": b"250 ok",
        b"DATA": b"354 go",
        b".\r\n": b"250 taken",
    }

    hangs: list[bytes | None] = [None]

    async def talk(reader, writer) -> None:
        writer.write(b"220 sample\r\n")
        with contextlib.suppress(ConnectionError, TimeoutError):
            async with asyncio.timeout(5):
                while line := await reader.readline():
                    word = next((one for one in said if line.upper().startswith(one)), None)
                    if word is not None and word == hangs[0]:
                        for byte in b"250-" * 100:  # each in good time, and no end of them
                            writer.write(bytes([byte]))
                            await asyncio.sleep(0.02)
                    elif word is not None:
                        writer.write(said[word] + b"\r\n")
                    elif line.upper().startswith(b"QUIT"):
                        await reader.read()
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    mailer = Mailer("127.0.0.1", port, Security.PLAIN, "m@market.test", patience_seconds=5, whole_seconds=0.3)
    for hangs[0] in (b"RCPT", b".\r\n"):
        with pytest.raises(MailFailed, match="too slow") as failed:
            await mailer.send("a@unit.test", b"Subject: sample\r\n\r\nsample")
        assert not failed.value.is_final
    hangs[0] = None
    await mailer.send("a@unit.test", b"Subject: sample\r\n\r\nsample")
    server.close()


async def test_a_digest_gathers_the_day_and_goes_out_in_the_morning(tx, keys, people):
    operator, unit = people
    await service.put_preferences(tx, unit.actor, {"*": Delivery.DIGEST})
    with a_post() as post:
        await confirmed(tx, keys, post, unit.actor)
        for _ in range(3):
            await a_demand(tx, unit.actor, operator)
        await tell(tx)
        assert await send(tx, keys, post) == 0
        async with tx.begin() as db:  # as the morning would
            await db.execute(text("UPDATE notification SET mail_due_at = market_now() WHERE mail = 'DIGEST'"))
        assert await send(tx, keys, post) == 1
    (mail,) = post.got
    assert mail["Subject"].endswith("3 new notifications")
    assert "- A listing was accepted × 3" in mail.get_content()


async def test_who_has_left_an_organisation_gets_no_more_mail_of_its_doings(tx, keys, people):
    operator, unit = people
    leaver = await a_member(tx, unit.actor, Role.LISTING_OFFICER)
    await service.put_preferences(tx, leaver.actor, {"*": Delivery.DIGEST})
    with a_post() as post:
        await confirmed(tx, keys, post, leaver.actor, address="leaver@unit.test")
        await a_demand(tx, unit.actor, operator)
        await tell(tx)
        async with tx.begin() as db:
            await db.execute(text("UPDATE notification SET mail_due_at = market_now() WHERE mail = 'DIGEST'"))
        await identity.end_membership(tx, unit.actor, unit.actor.org, leaver.actor.person)
        assert await send(tx, keys, post) == 0
    assert post.got == []


async def test_one_press_ends_mail_and_the_link_can_nothing_else(tx, keys, people, api: Api, caplog):
    operator, unit = people
    with a_post() as post:
        await confirmed(tx, keys, post, unit.actor)
        await a_demand(tx, unit.actor, operator)
        await tell(tx)
        await send(tx, keys, post)
        (mail,) = post.got
        assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        link = mail["List-Unsubscribe"].replace("\r\n", "").replace(" ", "").strip("<>")
        path = link.removeprefix(URL)
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        with caplog.at_level(logging.DEBUG):
            looked = await api.http.get(path)  # a scanner that follows links ends nothing
            assert looked.status_code == 405
            forged = await api.http.post(path[:-4] + "0000", content="List-Unsubscribe=One-Click", headers=form)
            assert (forged.status_code, forged.json()["code"]) == (404, "not_found")
            await a_demand(tx, unit.actor, operator)
            await tell(tx)
            assert await send(tx, keys, post) == 1
            done = await api.http.post(path, content="List-Unsubscribe=One-Click", headers=form)
            assert done.status_code == 204
        told = [one.getMessage() for one in caplog.records if one.name != "httpx"]  # that is the caller's own
        assert path.partition("token=")[2] not in "\n".join(told)
        await a_demand(tx, unit.actor, operator)
        await tell(tx)
        assert await send(tx, keys, post) == 0
    assert (await service.list_notifications(tx, unit.actor)).unread == 3
    assert set((await service.get_preferences(tx, unit.actor)).said.values()) == {Delivery.INBOX}


async def test_a_code_is_counted_and_ten_wrong_ones_end_it(tx, keys, people):
    _, unit = people
    with a_post() as post:
        await service.put_address(tx, keys, unit.actor, address="a@unit.test", language="en", has_mail=True)
        await send(tx, keys, post)
        found = re.search(r"[0-9]{8}", post.got[0].get_content())
        assert found is not None
        for _ in range(mails.CODE_TRIES_MAX):
            await service.confirm_address(tx, keys, unit.actor, code="00000000")
        assert not (await service.confirm_address(tx, keys, unit.actor, code=found[0])).is_confirmed


async def test_a_code_is_read_in_the_mailbox_alone_not_in_the_copy_of_ones_own_data(tx, keys, people, api: Api):
    _, unit = people
    with a_post() as post:
        await service.put_address(tx, keys, unit.actor, address="other@unit.test", language="en", has_mail=True)
        before = await api.get("/v1/me/personal-data", key=unit.key)
        await send(tx, keys, post)
        code = re.search(r"Your code: ([0-9]{8})", post.got[0].get_content())
        assert code is not None
        after = await api.get("/v1/me/personal-data", key=unit.key)
        async with tx.read() as db:
            kept = (await db.execute(text("SELECT m::text || a::text FROM mail m, mail_address a"))).scalar_one()
        for copy in (before.text, after.text, kept):
            assert "other@unit.test" in copy
            assert code[1] not in copy
        assert (await service.confirm_address(tx, keys, unit.actor, code=code[1])).is_confirmed


async def test_whoever_is_erased_leaves_no_address_and_nothing_he_was_told(tx, keys, people):
    operator, unit = people
    with a_post() as post:
        await confirmed(tx, keys, post, unit.actor)
        await a_demand(tx, unit.actor, operator)
        await tell(tx)
        await send(tx, keys, post)
    held = await rows_held(tx, unit.actor.person)
    assert {"mail", "mail_address", "notification", "notification_preference"} <= set(held)
    await forget_person(tx, unit.actor.person)
    left = await rows_held(tx, unit.actor.person)
    assert set(left) & {"mail", "mail_address", "notification", "notification_preference", "alert_cursor"} == set()


async def test_without_a_mail_server_no_address_is_taken(api: Api, people):
    _, unit = people
    body = {"address": "a@unit.test", "language": "en"}
    refused = await api.put("/v1/me/mail-address", key=unit.key, json=body)
    assert (refused.status_code, refused.json()["code"]) == (409, "workbench.no_mail")
    wrong = await api.put("/v1/me/mail-address", key=unit.key, json={**body, "address": "a@b\r\nBcc: c@d.test"})
    assert wrong.status_code == 422


def certificate(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's context for 127.0.0.1, and that of a client who trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "smtp.pem"
    pem.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + made.public_bytes(serialization.Encoding.PEM)
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pem)
    return server, ssl.create_default_context(cadata=made.public_bytes(serialization.Encoding.PEM).decode())


async def test_mail_is_sent_over_checked_tls_and_never_over_less_than_was_set(tmp_path):
    server, trusted = certificate(tmp_path)
    with a_post(tls=server, trusted=trusted, security=Security.STARTTLS) as post:
        assert post.mailer is not None
        await post.mailer.send("a@unit.test", b"Subject: sample\r\n\r\nsample")
        assert len(post.got) == 1
        port = post.mailer.port
        for mailer in (
            Mailer("127.0.0.1", port, Security.STARTTLS, "m@market.test", patience_seconds=5),  # trusts no such server
            Mailer("127.0.0.1", port, Security.PLAIN, "m@market.test", patience_seconds=5),
        ):
            with pytest.raises(MailFailed) as failed:
                await mailer.send("a@unit.test", b"Subject: sample\r\n\r\nsample")
            assert not failed.value.is_address
    with a_post(security=Security.STARTTLS, trusted=trusted) as post:  # a server that offers none
        assert post.mailer is not None
        with pytest.raises(MailFailed, match="no tls"):
            await post.mailer.send("a@unit.test", b"Subject: sample\r\n\r\nsample")
        assert post.got == []


def test_a_reminder_says_by_when_in_either_language():
    line = Line(
        "deadline.near", "按付款参考号向结算专户付款", "Pay by bank transfer", datetime(2026, 3, 4, 16, tzinfo=UTC)
    )
    english = mails.body_of([line], "en", URL)
    assert "- Something you have to do is due soon: Pay by bank transfer (by 2026-03-05 00:00, Beijing time)" in english
    assert "按付款参考号向结算专户付款（截止 2026-03-05 00:00，北京时间）" in mails.body_of([line], "zh-CN", URL)
    assert mails.subject_of([line], "en", "Sample market") == "[Sample market] 1 new notification"


def test_the_schedule_ends_after_the_eighth_failure():
    start = datetime(2026, 3, 4, tzinfo=UTC)
    waits = [mails.after_failure(n, start) for n in range(1, 9)]
    assert [None if one is None else int((one - start).total_seconds() // 60) for one in waits] == [
        *(1, 5, 30, 120, 360, 720, 1440),
        None,
    ]
