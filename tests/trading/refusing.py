"""Asks what is refused, over HTTP and in both languages, and holds each answer against what every refusal owes."""

from __future__ import annotations

import re
import string
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import text

from techmarket.kernel.refusals import Refusal
from techmarket.trading import errors
from tests.client import Api
from tests.identity.make import Keyed
from tests.trading.make import Market

CHINESE = re.compile(r"[\u3400-\u9fff]")
CODES = frozenset(
    one.code for one in vars(errors).values() if isinstance(one, type) and issubclass(one, Refusal) and one.code
)
"""Every no that trading knows."""


def yuan(amount: int | str) -> dict[str, str]:
    return {"amount": f"{amount}.00" if isinstance(amount, int) else amount, "currency": "CNY"}


def named_in(words: str) -> set[str]:
    """The facts that a sentence names."""
    return {name for _, name, _, _ in string.Formatter().parse(words) if name}


def listed(document: Mapping[str, Any], method: str, path: str) -> set[str]:
    """What the operation at this path says it refuses."""
    for template, said in document["paths"].items():
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path.partition("?")[0]) and method.lower() in said:
            responses = said[method.lower()]["responses"].values()
            return {code for response in responses for code in response.get("x-codes", ())}
    raise LookupError(f"no operation at {method} {path}")


@dataclass
class Asking:
    """Collects which codes were heard."""

    market: Market
    api: Api
    document: Mapping[str, Any]
    heard: set[str] = field(default_factory=set)

    async def no(
        self,
        code: str,
        by: Keyed | None,
        method: str,
        path: str,
        body: Any = None,
        /,
        *,
        pointer: str | None = None,
        **facts: Any,
    ) -> None:
        """The operation lists this refusal, gives it with its facts in either language, and changes nothing."""
        refusal = Refusal.registry[f"trading.{code}"]
        assert refusal.code in listed(self.document, method, path), f"{method} {path} does not list {code}"
        before = await self._recorded()
        for language in ("zh-CN", "en"):
            headers = {"Accept-Language": language}
            answer = await self.api.call(method, path, key=by and by.key, json=body, headers=headers)
            said = answer.json()
            assert (answer.status_code, said.get("code")) == (refusal.kind.value, refusal.code), said
            assert answer.headers["content-type"] == "application/problem+json"
            assert (answer.headers["content-language"], said.get("pointer")) == (language, pointer), said
            self._require_sentence(refusal, said, language)
            assert {name: said.get(name) for name in facts} == facts
        assert await self._recorded() == before
        self.heard.add(refusal.code)

    def _require_sentence(self, refusal: type[Refusal], said: Mapping[str, Any], language: str) -> None:
        """Each fact the sentence names stands beside it as a member, and what is added is added when it is known."""
        words = refusal.zh if language == "zh-CN" else refusal.en
        for sentence in (said["title"], said["detail"]):
            assert bool(CHINESE.search(sentence)) is (language == "zh-CN"), sentence
            assert "None" not in sentence
        assert said["title"].startswith(re.split(r"[{]", words)[0])
        known = {fact for fact, _, _ in refusal.also if said.get(fact) is not None}
        for name in (named_in(words) - {"wanted", "wanted_zh"}) | known:
            value = said[name]
            told = value["amount"] if isinstance(value, dict) else value
            told = ", ".join(map(str, told)) if isinstance(told, list) else str(told)
            assert told in said["detail"], (name, said)

    async def _recorded(self) -> int:
        async with self.market.tx.read() as db:
            return int((await db.execute(text("SELECT count(*) FROM journal_entry"))).scalar_one())
