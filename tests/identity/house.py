"""A small OpenID provider over real sockets: it publishes, asks nobody anything, and lies as it is told."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

from techmarket.identity.oidc import Provider

CLIENT, SECRET = "market at the house", "sample secret: not/for+use"


@cache
def rsa(kid: str) -> RSAKey:
    """A key of 2048 bits takes a while: one for each name."""
    return RSAKey.generate_key(2048, {"kid": kid, "use": "sig"})


@dataclass
class SmallHouse:
    """`claims`, `header` and `metadata` are laid over what is right; `keys` are those it publishes, `signs_by` one."""

    issuer: str = ""
    redirect_uri: str = ""
    claims: dict[str, Any] = field(default_factory=dict)
    header: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    keys: list[RSAKey] = field(default_factory=lambda: [rsa("first")])
    signs_by: RSAKey = field(default_factory=lambda: rsa("first"))
    is_down: bool = False
    is_mute: bool = False
    """It says nothing of itself any more, and goes on signing people in."""
    asked: list[str] = field(default_factory=list)
    given: list[dict[str, Any]] = field(default_factory=list)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)

    def provider(self, name: str = "campus", **more: Any) -> Provider:
        return Provider(name, name.title(), self.issuer, CLIENT, SECRET, reaches_inside=True, **more)

    def visit(self, address: str, *, subject: str = "sample subject", **more: str) -> dict[str, str]:
        """What a browser brings back from the authorization endpoint, where somebody has signed in as `subject`."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert address.startswith(f"{self.issuer}/authorize?")
        assert (asked["response_type"], asked["scope"], asked["client_id"]) == ("code", "openid", CLIENT)
        assert asked["code_challenge_method"] == "S256"
        assert len(asked["code_challenge"]) == 43
        code = secrets.token_urlsafe(16)
        self.redirect_uri = asked["redirect_uri"]
        self.codes[code] = asked | {"subject": subject}
        return {"code": code, "state": asked["state"], "iss": self.issuer} | more

    def id_token(self, asked: dict[str, str]) -> str:
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": CLIENT,
            "sub": asked["subject"],
            "nonce": asked["nonce"],
            "iat": now,
            "exp": now + 300,
            **self.claims,
        }
        header = {"alg": "RS256", "kid": self.signs_by.kid, **self.header}
        return jwt.encode(header, claims, self.signs_by, algorithms=["RS256"])

    def _answer(self, path: str, head: str, body: bytes) -> tuple[int, dict[str, Any]]:
        self.asked.append(path)
        if self.is_down or (self.is_mute and path != "/token"):
            return 503, {}
        if path == "/.well-known/openid-configuration":
            return 200, {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/keys",
                "authorization_response_iss_parameter_supported": True,
                **self.metadata,
            }
        if path == "/keys":
            return 200, {"keys": [key.as_dict(private=False) for key in self.keys]}
        return self._token(head, body) if path == "/token" else (404, {})

    def _token(self, head: str, body: bytes) -> tuple[int, dict[str, Any]]:
        form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        (basic,) = [line for line in head.split("\r\n") if line.lower().startswith("authorization: basic ")]
        client, _, secret = base64.b64decode(basic.split(" ")[2]).decode().partition(":")
        asked = self.codes.pop(form["code"], None)
        verifier = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).decode()
        if (
            asked is None
            or (unquote(client), unquote(secret)) != (CLIENT, SECRET)
            or form["redirect_uri"] != asked["redirect_uri"]
            or verifier.rstrip("=") != asked["code_challenge"]
        ):
            return 400, {"error": "invalid_grant"}
        said = {
            "token_type": "Bearer",
            "access_token": secrets.token_urlsafe(24),
            "refresh_token": secrets.token_urlsafe(24),
            "id_token": self.id_token(asked),
        }
        self.given.append(said)
        return 200, said

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            lengths = [line.split(":")[1] for line in head.split("\r\n") if line.lower().startswith("content-length:")]
            body = await reader.readexactly(int(lengths[0]) if lengths else 0)
            status, said = self._answer(head.split(" ")[1], head, body)
            raw = json.dumps(said).encode()
            writer.write(
                f"HTTP/1.1 {status} Said\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(raw)}\r\nConnection: close\r\n\r\n".encode()
                + raw
            )
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def a_house() -> AsyncIterator[SmallHouse]:
    house = SmallHouse()
    server = await asyncio.start_server(house.take, "127.0.0.1", 0)
    house.issuer = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield house
    finally:
        server.close()


def query(brought: dict[str, str]) -> str:
    return urlencode(brought)
