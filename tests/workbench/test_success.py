"""A mail address is named, confirmed by the code that came to it, and read back, over HTTP."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest

from techmarket.db.files import Files
from techmarket.db.means import Means
from tests.identity.make import an_organisation
from tests.workbench.smtp import Post, a_post
from tests.workbench.test_mail import send


@pytest.fixture
def post() -> Iterator[Post]:
    with a_post() as opened:
        yield opened


@pytest.fixture
def means(tx, keys, tmp_path, post) -> Means:
    return replace(Means(tx=tx, keys=keys, files=Files.at(tmp_path / "objects")), mailer=post.mailer)


async def test_a_mail_address_counts_once_its_code_came_back(tx, keys, post, door):
    officer = (await an_organisation(tx, keys=keys)).actor
    path = "/v1/me/mail-address"
    named = await door.put(officer, path, {"address": "officer@unit.test", "language": "en"})
    assert named["is_confirmed"] is False
    await send(tx, keys, post)
    code = re.search(r"[0-9]{8}", post.got[-1].get_content())
    assert code is not None
    assert (await door.post(officer, f"{path}/confirmation", {"code": code[0]}))["is_confirmed"] is True
    read = await door.get(officer, path)
    assert (read["address"], read["is_confirmed"]) == ("officer@unit.test", True)
