"""Access tokens of programs (访问令牌): JWTs of RFC 9068 under the market's own key, short-lived, for it alone.

A token says which client it was given to and with which scopes; what the client may do today is asked of the database
each time, so a revoked client's tokens are worth nothing from then on.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from techmarket.identity.actor import Scope
from techmarket.kernel.ids import new_id
from techmarket.kernel.seals import Seal

ALGORITHM = "Ed25519"
TYPE = "at+jwt"
FORM = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
LENGTH_MAX = 2048


@dataclass(frozen=True, slots=True)
class Granted:
    """What a good token says: to whom it was given, with which scopes, and when it ends (seconds since 1970)."""

    client_id: UUID
    scopes: frozenset[Scope]
    ends_at: int


def looks_like_a_token(raw: str) -> bool:
    return len(raw) <= LENGTH_MAX and FORM.fullmatch(raw) is not None


def give_token(
    seal: Seal, *, issuer: str, client_id: UUID, org_id: UUID, scopes: frozenset[Scope], now: int, seconds: int
) -> str:
    """A token for one client, from `now` (seconds since 1970) on."""
    claims = {
        "iss": issuer,
        "aud": issuer,
        "sub": str(client_id),
        "client_id": str(client_id),
        "organisation": str(org_id),
        "scope": " ".join(sorted(scopes)),
        "iat": now,
        "exp": now + seconds,
        "jti": str(new_id()),
    }
    return jwt.encode(_header(seal), claims, _key(seal), algorithms=[ALGORITHM])


def read_token(seal: Seal, raw: str, *, issuer: str, now: int) -> Granted | None:
    """What a token grants; None for whatever is not one of ours, for us and in force."""
    if not looks_like_a_token(raw):
        return None
    try:
        token = jwt.decode(raw, _key(seal), algorithms=[ALGORITHM])
        # The header names nothing but our own key and algorithm: no other key is looked up, whatever it says.
        if token.header != _header(seal):
            return None
        _claims(issuer, now).validate(token.claims)
        scopes = frozenset(Scope(scope) for scope in token.claims["scope"].split())
        return Granted(UUID(token.claims["client_id"]), scopes, int(token.claims["exp"]))
    except (JoseError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def _claims(issuer: str, now: int) -> jwt.JWTClaimsRegistry:
    wanted: dict[str, Any] = {
        "iss": {"essential": True, "value": issuer},
        "aud": {"essential": True, "value": issuer},
        "exp": {"essential": True},
        "iat": {"essential": True},
        "sub": {"essential": True},
        "client_id": {"essential": True},
        "scope": {"essential": True},
    }
    return jwt.JWTClaimsRegistry(now=now, leeway=0, **wanted)


def _header(seal: Seal) -> dict[str, str]:
    return {"alg": ALGORITHM, "typ": TYPE, "kid": seal.public.kid}


def _key(seal: Seal) -> OKPKey:
    return OKPKey.import_key(seal.to_pem())
