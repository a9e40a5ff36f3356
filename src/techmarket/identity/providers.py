"""Speaks with an OpenID provider: its metadata and keys, kept for a while, and the change of a code for an ID token.

Everything goes through the guarded caller: one look at the address, no redirect, bounded time and answer. Nothing here
opens a transaction, and none is open while it is called. Of an answer only the ID token is read: access and refresh
tokens are dropped where they come in.
"""

from __future__ import annotations

import asyncio
import base64
import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from techmarket.db.calling import Caller, Receipt
from techmarket.identity.errors import OutsideSilent, OutsideUnclear, OutsideWordNotGood
from techmarket.identity.oidc import (
    ALGORITHMS,
    Jwk,
    Metadata,
    Provider,
    key_name_of,
    knows_key,
    read_metadata,
    usable_keys,
)
from techmarket.kernel.refusals import Refusal

KEPT_SECONDS = 3_600
SILENT_SECONDS = 4 * 3_600
"""So much longer is what a provider published believed while it is silent: a sign-in asks it for more than that."""
AGAIN_SECONDS = 60
"""A key nobody knows is asked for once more, and then not again for so long: forged tokens make no calls."""
PAUSE_SECONDS = 5
"""After a failure nobody asks for so long: whoever waits behind a house that hangs does not hang in turn."""
ANSWER_BYTES_MAX = 128 * 1024
DISCOVERY = "/.well-known/openid-configuration"


NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?")
_FIELDS = frozenset(
    {"name", "title", "issuer", "client_id", "client_secret", "client_secret_file", "algorithms", "second_factor_amr"}
    | {"reaches_inside"}
)


def parse_providers(text: str) -> tuple[Provider, ...]:
    """The providers of a setting: a JSON list of objects. A ValueError says what is wrong and repeats no secret."""
    try:
        listed = json.loads(text)
    except ValueError:
        raise ValueError("this is not JSON") from None
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        raise ValueError("a list of objects is wanted")
    found = tuple(_provider(one, number) for number, one in enumerate(listed, start=1))
    if len({one.name for one in found}) < len(found) or len({one.issuer for one in found}) < len(found):
        raise ValueError("two providers have one name or one issuer")
    return found


def _provider(said: Mapping[str, Any], number: int) -> Provider:
    unknown = sorted(set(said) - _FIELDS)
    if unknown:
        raise ValueError(f"provider {number} has unknown fields: {', '.join(unknown)}")
    for name in ("name", "issuer", "client_id"):
        if not isinstance(said.get(name), str) or not said[name]:
            raise ValueError(f"provider {number} has no {name}")
    if NAME.fullmatch(said["name"]) is None:
        raise ValueError(f"the name of provider {number} is not of small letters, digits and hyphens")
    inside = said.get("reaches_inside", False)
    issuer = urlsplit(said["issuer"])
    if issuer.scheme != "https" and not (inside is True and issuer.scheme == "http"):
        raise ValueError(f"the issuer of provider {number} is no https address")
    if issuer.query or issuer.fragment:
        raise ValueError(f"the issuer of provider {number} has a query or a fragment")
    algorithms = tuple(said.get("algorithms", ALGORITHMS))
    if not algorithms or not set(algorithms) <= set(ALGORITHMS):
        raise ValueError(f"provider {number}: the algorithms are among {', '.join(ALGORITHMS)}")
    return Provider(
        said["name"],
        str(said.get("title") or said["name"]),
        said["issuer"],
        said["client_id"],
        _secret_of(said, number),
        algorithms,
        frozenset(str(one) for one in said.get("second_factor_amr", ())),
        inside is True,
    )


def _secret_of(said: Mapping[str, Any], number: int) -> str | None:
    if "client_secret_file" in said and "client_secret" in said:
        raise ValueError(f"provider {number} has its secret twice")
    secret = said.get("client_secret")
    if "client_secret_file" in said:
        try:
            with open(str(said["client_secret_file"]), encoding="utf-8") as file:
                secret = file.read().strip()
        except OSError as error:
            raise ValueError(f"the secret of provider {number} cannot be read: {error.strerror}") from None
    if secret is not None and (not isinstance(secret, str) or not secret):
        raise ValueError(f"the secret of provider {number} is empty")
    return secret


@dataclass(frozen=True, slots=True)
class _Kept:
    metadata: Metadata
    keys: tuple[Jwk, ...]
    at: float


@dataclass
class House:
    """One provider with what it published lately."""

    provider: Provider
    caller: Caller = field(default_factory=Caller)
    clock: Callable[[], float] = time.monotonic
    _kept: _Kept | None = None
    _failed: tuple[float, Refusal] | None = None
    _asking: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)

    @classmethod
    def of(cls, provider: Provider) -> House:
        return cls(provider, Caller(may_reach_inside=provider.reaches_inside, answer_bytes_max=ANSWER_BYTES_MAX))

    @property
    def name(self) -> str:
        return self.provider.name

    async def metadata(self) -> Metadata:
        return (await self._published(KEPT_SECONDS, silent_seconds=SILENT_SECONDS)).metadata

    async def keys_for(self, raw: str) -> tuple[Jwk, ...]:
        """The provider's keys; asked for anew where the token names one that is not known, as after a rotation."""
        kid = key_name_of(raw)
        kept = await self._published(KEPT_SECONDS, silent_seconds=SILENT_SECONDS)
        if not knows_key(kept.keys, kid):
            kept = await self._published(AGAIN_SECONDS)
        return kept.keys

    async def id_token(self, code: str, *, verifier: str, redirect_uri: str) -> str:
        """The ID token for a code, which only we can change: by our secret, and by the verifier of our challenge."""
        metadata = await self.metadata()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
        }
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        client, secret = self.provider.client_id, self.provider.client_secret
        if secret is None:
            form["client_id"] = client
        elif metadata.takes_basic:
            pair = f"{quote(client, safe='')}:{quote(secret, safe='')}"
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        else:
            form |= {"client_id": client, "client_secret": secret}
        receipt = await self.caller.post(metadata.token_endpoint, urlencode(form).encode(), headers)
        if receipt.status is not None and 400 <= receipt.status < 500:
            raise OutsideWordNotGood(check="code")
        token = self._json_of(receipt).get("id_token")
        if not isinstance(token, str):
            raise OutsideUnclear(provider=self.name)
        return token

    async def _published(self, seconds: float, *, silent_seconds: float = 0.0) -> _Kept:
        """Metadata and keys, at most so old. Who comes while they are asked for waits for that answer. Where the
        provider is silent, they may be older by `silent_seconds`."""
        async with self._asking:
            kept, now = self._kept, self.clock()
            if kept is not None and now - kept.at < seconds:
                return kept
            is_old = kept is None or now - kept.at >= seconds + silent_seconds
            if self._failed is not None and now - self._failed[0] < PAUSE_SECONDS:
                if kept is None or is_old or not isinstance(self._failed[1], OutsideSilent):
                    raise self._failed[1]
                return kept
            try:
                self._kept = await self._ask(now)
            except (OutsideSilent, OutsideUnclear) as failed:
                self._failed = (self.clock(), failed)
                if kept is None or is_old or not isinstance(failed, OutsideSilent):
                    raise
                return kept
            return self._kept

    async def _ask(self, now: float) -> _Kept:
        said = self._json_of(await self.caller.get(self.provider.issuer.rstrip("/") + DISCOVERY))
        metadata = read_metadata(self.provider, said)
        if metadata is None:
            raise OutsideUnclear(provider=self.name)
        keys = usable_keys(self.provider, self._json_of(await self.caller.get(metadata.jwks_uri)))
        if keys is None:
            raise OutsideUnclear(provider=self.name)
        return _Kept(metadata, keys, now)

    def _json_of(self, receipt: Receipt) -> dict[str, Any]:
        if receipt.status is None or receipt.status >= 500 or receipt.status == 429:
            raise OutsideSilent(provider=self.name, retry_after=30)
        if receipt.status != 200 or len(receipt.answer) >= ANSWER_BYTES_MAX:
            raise OutsideUnclear(provider=self.name)
        try:
            said = json.loads(receipt.answer)
        except (ValueError, RecursionError):
            raise OutsideUnclear(provider=self.name) from None
        if not isinstance(said, dict):
            raise OutsideUnclear(provider=self.name)
        return said
