"""Codes that count once, passwords and waits: the vectors others wrote, and the rules."""

from __future__ import annotations

import asyncio

import pytest

from techmarket.identity import errors, one_time, passwords
from techmarket.identity.rules import login_name_of, password_is_fit, wait_after

RFC_6238_SECRET = b"12345678901234567890"


@pytest.mark.parametrize(
    ("at", "code"),
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_codes_are_those_of_rfc_6238_appendix_b(at, code):
    assert one_time.code_of(RFC_6238_SECRET, at // 30, digits=8) == code


def test_a_code_counts_for_one_step_before_and_after_and_never_twice():
    secret, at = one_time.new_secret(), 1_800_000_000
    now = at // 30
    for step, counts in ((now - 2, False), (now - 1, True), (now, True), (now + 1, True), (now + 2, False)):
        found = one_time.step_of(secret, one_time.code_of(secret, step), at=at, after=0)
        assert found == (step if counts else None)
    assert one_time.step_of(secret, one_time.code_of(secret, now), at=at, after=now) is None
    assert one_time.step_of(secret, one_time.code_of(secret, now - 1), at=at, after=now) is None
    assert one_time.step_of(secret, "", at=at, after=0) is None


def test_a_further_try_waits_twice_as_long_each_time_and_never_longer_than_a_quarter_hour():
    assert [wait_after(failures, free=5) for failures in (0, 4, 5, 6, 10, 15, 10**6)] == [0, 0, 1, 2, 32, 900, 900]


@pytest.mark.parametrize(
    ("password", "fit"),
    [
        ("short", False),
        ("correct horse battery", True),
        ("aaaaaaaaaaaaaaaaaa", False),
        ("my name is Lin.Sample ok", False),
        ("x" * 129, False),
        ("秘密的口令要足够长才行啊好", True),
    ],
)
def test_a_password_is_long_without_the_name_and_not_a_few_signs(password, fit):
    assert password_is_fit(password, login_name_of("lin.sample")) is fit


async def test_a_password_is_kept_as_argon2id_of_19_mebibytes_or_more():
    phc = await passwords.hash_password("correct horse battery")
    assert phc.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert await passwords.password_fits("correct horse battery", phc)
    assert not await passwords.password_fits("correct horse batterx", phc)
    assert not await passwords.password_fits("nobody has this password", None)


async def test_who_comes_when_all_threads_and_places_are_taken_is_told_to_come_again(monkeypatch):
    monkeypatch.setattr(passwords, "WAITING_MAX", 1)
    outcomes = await asyncio.gather(*[passwords.password_fits("x", None) for _ in range(6)], return_exceptions=True)
    assert [type(one) for one in outcomes if isinstance(one, Exception)] == [errors.SignInBusy] * 3
    assert passwords._waiting == 0
