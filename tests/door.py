"""The API as those go through it whom the makers of the tests return: as actors, with no key of their own."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from techmarket.db.keys import Keys
from techmarket.db.session import Tx
from techmarket.identity import service as identity
from techmarket.identity.actor import Actor, Scope
from tests.client import Api
from tests.identity.make import Keyed


class Door:
    """Asks for an operation as an actor, who gets a key for it, and expects it to succeed."""

    def __init__(self, api: Api, tx: Tx, keys: Keys) -> None:
        self.api, self.tx, self.keys = api, tx, keys
        self._keys: dict[tuple[UUID, UUID], str] = {}

    async def key_of(self, actor: Actor) -> str:
        who = (actor.person, actor.org)
        if who not in self._keys:
            scopes = tuple(Scope)
            issued = await identity.issue_key(self.tx, self.keys, actor, who[1], who[0], scopes=scopes, expires_at=None)
            self._keys[who] = issued.key
        return self._keys[who]

    async def get(self, by: Actor | Keyed | None, path: str, **query: Any) -> Any:
        return await self.ask("GET", by, path, 200, params=query)

    async def post(self, by: Actor | Keyed, path: str, body: Any = None, *, status: int = 200) -> Any:
        return await self.ask("POST", by, path, status, **({} if body is None else {"json": body}))

    async def put(self, by: Actor | Keyed, path: str, body: Any) -> Any:
        return await self.ask("PUT", by, path, 200, json=body)

    async def ask(self, method: str, by: Actor | Keyed | None, path: str, status: int, **more: Any) -> Any:
        key = None if by is None else by.key if isinstance(by, Keyed) else await self.key_of(by)
        answer = await self.api.call(method, path, key=key, **more)
        assert answer.status_code == status, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if "json" in answer.headers.get("content-type", "") else answer.content


def yuan(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "CNY"}
