"""Canaries: numbers of people and secrets, sent or in an error's message, are found in no log, metric or answer.

The numbers belong to nobody: they are of the right form and were made for this test.
"""

from __future__ import annotations

import contextlib
import json
import logging
from collections.abc import Iterator

import pytest
import structlog
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient

from techmarket.api import observe
from techmarket.api.redaction import redacted
from techmarket.app import create_app
from techmarket.db.means import Means

PHONE, IDENTITY, ACCOUNT = "13800001234", "33010620000101123X", "6222021200012345678"
KEY = "tmk_abcdefghijkl_" + "s" * 43
SESSION = "tms_" + "t" * 43
MAIL = "somebody@example.org"
DSN = "postgresql://market:geheimes-wort@db.example:5432/market"
CANARIES = (PHONE, IDENTITY, ACCOUNT, KEY[17:], SESSION[4:], MAIL, "geheimes-wort")


@pytest.mark.parametrize(
    "line, left",
    [
        (f"call {PHONE} now", "call [phone] now"),
        ("+86 138-0000-1234", "[phone]"),
        (f'"{IDENTITY}"', '"[identity number]"'),
        ("330106200001011234", "[identity number]"),
        (f"account {ACCOUNT}.", "account [account]."),
        (f"Authorization: Bearer {KEY}", "Authorization: Bearer [masked]"),
        (KEY, "tmk_abcdefghijkl_[masked]"),
        (SESSION, "tms_[masked]"),
        ("eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl", "[token]"),
        (DSN, "postgresql://market:[masked]@db.example:5432/market"),
        (f"to {MAIL}", "to [address]"),
        ("-----BEGIN PRIVATE KEY-----\nMIGH\n-----END PRIVATE KEY-----", "[key]"),
    ],
)
def test_what_has_the_form_of_a_persons_number_or_a_secret_is_masked(line: str, left: str) -> None:
    assert redacted(line) == left


@pytest.mark.parametrize(
    "line",
    [
        "0198c2a0-0000-7000-8000-138000012345",
        '{"ms":12.4,"at":"2026-03-02T09:00:00.123456Z","seq":1380000}',
        "ZJ-2026-000123",
        "f" * 64,
        "0.13800001234",
        "600000.00 CNY",
        "91330106MA27XYZ123",  # a unit's number is public
        "http://127.0.0.1:8000/v1/listings",
    ],
)
def test_ids_times_sums_and_numbers_of_units_stay(line: str) -> None:
    assert redacted(line) == line


@contextlib.contextmanager
def logged_json() -> Iterator[None]:
    kept = logging.getLogger().handlers[:], logging.getLogger().level
    before = structlog.get_config()
    observe.configure_logging(json=True)
    try:
        yield
    finally:
        structlog.configure(**before)
        logging.getLogger().handlers[:], level = kept
        logging.getLogger().setLevel(level)


def breaking(app: FastAPI) -> None:
    """A route with a bug whose message quotes everything, as a library's may."""

    async def broken() -> None:
        raise ValueError(" ".join((PHONE, IDENTITY, ACCOUNT, KEY, SESSION, MAIL, DSN)))

    app.add_api_route("/v1/broken", broken)


async def test_no_canary_that_was_sent_or_stands_in_a_bug_is_in_log_metrics_or_answer(
    means: Means, capsys: pytest.CaptureFixture[str]
) -> None:
    app = create_app(means)
    breaking(app)
    transport = ASGITransport(app, raise_app_exceptions=False)
    answers = []
    with logged_json():
        async with (
            app.router.lifespan_context(app),
            AsyncClient(transport=transport, base_url="http://market.test") as http,
        ):
            auth = {"Authorization": f"Bearer {KEY}"}
            once = {"Idempotency-Key": f"canary-of-the-redaction-{PHONE}"}
            bodies: list[object] = [{"kind": PHONE, "name": IDENTITY}, {"unknown": ACCOUNT}, [MAIL]]
            answers += [await http.post("/v1/organisations", json=body, headers=once) for body in bodies]
            answers.append(await http.get("/v1/listings", params={"cursor": ACCOUNT, "q": PHONE, "limit": IDENTITY}))
            answers.append(await http.get("/v1/organisations", headers=auth))
            answers.append(await http.get("/v1/clock", headers={"Cookie": f"__Host-techmarket={SESSION}"}))
            answers.append(await http.post("/v1/sessions", json={"name": MAIL, "password": KEY}, headers=once))
            answers.append(await http.get("/v1/broken"))
            metrics = (await http.get("/metrics")).text
    assert [answer.status_code for answer in answers if answer.status_code < 400] == []
    assert answers[-1].status_code == 500
    log = capsys.readouterr().err
    assert "Logging error" not in log, log[:3000]
    assert any(json.loads(line)["event"] == "fault" for line in log.splitlines())
    told = {"log": log, "metrics": metrics, "answers": " ".join(answer.text for answer in answers)}
    assert [(place, canary) for place, text in told.items() for canary in CANARIES if canary in text] == []
