"""Signing in by another house (OpenID Connect): what a provider is, what we ask of it, and when its word counts. Pure.

OpenID Connect Core 1.0 section 3.1 (authorization code), RFC 7636 (PKCE, S256), RFC 9207 (`iss` of the answer),
RFC 9700 (what attackers try). The time is an argument, in seconds since 1970; keys come in as they were published.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

from joserfc import jwt
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import ECKey, OKPKey, RSAKey

from techmarket.identity.errors import OutsideWordNotGood

ALGORITHMS = ("RS256", "PS256", "ES256", "Ed25519", "EdDSA")
"""None of them has a key that both sides hold, and `none` is not one of them."""
KEY_TYPES: Mapping[str, type[RSAKey] | type[ECKey] | type[OKPKey]] = {"RSA": RSAKey, "EC": ECKey, "OKP": OKPKey}
_KTY_OF = {"RS256": "RSA", "PS256": "RSA", "ES256": "EC", "Ed25519": "OKP", "EdDSA": "OKP"}
RSA_BYTES_MIN = 256
SKEW_SECONDS = 60
AGE_SECONDS_MAX = 600
"""An ID token older than this was not made for the sign-in that just came back."""
TOKEN_BYTES_MAX = 16_384
FORM = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
Jwk = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Provider:
    """An OpenID provider as the settings name it.

    `second_factor_amr`: the values of `amr` (RFC 8176) by which this provider's word counts as a second factor; none by
    default. `reaches_inside` allows an address of the market's own network, and plain http there.
    """

    name: str
    title: str
    issuer: str
    client_id: str
    client_secret: str | None = field(default=None, repr=False)
    algorithms: tuple[str, ...] = ALGORITHMS
    second_factor_amr: frozenset[str] = frozenset()
    reaches_inside: bool = False


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a provider publishes about itself (OpenID Connect Discovery 1.0)."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    says_who_answers: bool
    """Its answers carry `iss` (RFC 9207): one without is not its answer."""
    takes_basic: bool


@dataclass(frozen=True, slots=True)
class Word:
    """What a good ID token says: who, and whether by a second factor that the settings trust, at which second."""

    subject: str
    second_factor_at: int | None


def read_metadata(provider: Provider, said: Any) -> Metadata | None:
    """What discovery said, or None where it is not about this issuer or names no endpoints."""
    if not isinstance(said, dict) or said.get("issuer") != provider.issuer:
        return None
    schemes = ("https", "http") if provider.reaches_inside else ("https",)

    def endpoint(name: str) -> str | None:
        value = said.get(name)
        return value if isinstance(value, str) and len(value) <= 500 and urlsplit(value).scheme in schemes else None

    authorization, token, keys = endpoint("authorization_endpoint"), endpoint("token_endpoint"), endpoint("jwks_uri")
    if authorization is None or token is None or keys is None:
        return None
    methods = said.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
    return Metadata(
        authorization,
        token,
        keys,
        says_who_answers=said.get("authorization_response_iss_parameter_supported") is True,
        takes_basic=not isinstance(methods, list) or "client_secret_basic" in methods,
    )


def usable_keys(provider: Provider, said: Any) -> tuple[Jwk, ...] | None:
    """The keys of a JWK set that may sign for this provider; None where it is no set.

    Secrets, keys for encryption, and RSA keys under 2048 bits are left out.
    """
    keys = said.get("keys") if isinstance(said, dict) else None
    if not isinstance(keys, list) or len(keys) > 100:
        return None
    kinds = {_KTY_OF[one] for one in provider.algorithms}
    return tuple(key for key in keys if isinstance(key, dict) and key.get("kty") in kinds and _may_sign(key))


def _may_sign(key: Jwk) -> bool:
    if key.get("use", "sig") != "sig" or "d" in key or "k" in key:
        return False
    if key["kty"] != "RSA":
        return True
    number = key.get("n")
    return isinstance(number, str) and len(number) * 3 // 4 >= RSA_BYTES_MIN


def challenge_of(verifier: str) -> str:
    """RFC 7636 section 4.2, S256."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


def address_to_ask(
    provider: Provider, metadata: Metadata, *, redirect_uri: str, state: str, nonce: str, verifier: str
) -> str:
    """Where the browser is sent: one code, for us alone, bound to this state, nonce and verifier."""
    asked = {
        "response_type": "code",
        "client_id": provider.client_id,
        "redirect_uri": redirect_uri,
        "scope": "openid",
        "state": state,
        "nonce": nonce,
        "code_challenge": challenge_of(verifier),
        "code_challenge_method": "S256",
    }
    joint = "&" if urlsplit(metadata.authorization_endpoint).query else "?"
    return f"{metadata.authorization_endpoint}{joint}{urlencode(asked)}"


def require_answer_from(provider: Provider, metadata: Metadata, iss: str | None) -> None:
    """The answer names the house that was asked (RFC 9207), so that no other house's code is taken for its own."""
    if iss is None:
        if metadata.says_who_answers:
            raise OutsideWordNotGood(check="iss")
    elif iss != provider.issuer:
        raise OutsideWordNotGood(check="iss")


def key_name_of(raw: str) -> str | None:
    """The `kid` a token names, before anything of it is believed."""
    header = _header(raw)
    kid = header.get("kid")
    if kid is not None and not isinstance(kid, str):
        raise OutsideWordNotGood(check="header")
    return kid


def knows_key(keys: Sequence[Jwk], kid: str | None) -> bool:
    return any(key.get("kid") == kid for key in keys) if kid is not None else len(keys) == 1


def read_id_token(provider: Provider, keys: Sequence[Jwk], raw: str, *, nonce: str, now: int) -> Word:
    """What an ID token says; refused unless it is this provider's, for us, for this sign-in, and of now."""
    header = _header(raw)
    algorithm = header.get("alg")
    if algorithm not in provider.algorithms:
        raise OutsideWordNotGood(check="alg")
    if header.get("typ", "JWT") != "JWT":
        raise OutsideWordNotGood(check="typ")
    try:
        with warnings.catch_warnings():
            # The name EdDSA is retired by RFC 9864, and houses that sign by Ed25519 still say it.
            warnings.simplefilter("ignore", SecurityWarning)
            claims = jwt.decode(raw, _key(keys, header.get("kid"), algorithm), algorithms=[algorithm]).claims
    except (JoseError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise OutsideWordNotGood(check="signature") from None
    _require_ours(provider, claims, nonce)
    issued = _require_of_now(claims, now)
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= 255 or not subject.isprintable():
        raise OutsideWordNotGood(check="sub")
    return Word(subject, _second_factor_at(provider, claims, issued, now))


def _header(raw: str) -> dict[str, Any]:
    if len(raw) > TOKEN_BYTES_MAX or FORM.fullmatch(raw) is None:
        raise OutsideWordNotGood(check="form")
    part = raw.partition(".")[0]
    try:
        header = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (ValueError, RecursionError):
        raise OutsideWordNotGood(check="form") from None
    if not isinstance(header, dict):
        raise OutsideWordNotGood(check="form")
    return header


def _key(keys: Sequence[Jwk], kid: Any, algorithm: str) -> RSAKey | ECKey | OKPKey:
    """The one key the token names; without a name the only one there is. A key for another algorithm is no key."""
    named = [key for key in keys if key.get("kid") == kid] if kid is not None else list(keys)
    if len(named) != 1:
        raise OutsideWordNotGood(check="kid")
    (key,) = named
    if key.get("kty") != _KTY_OF[algorithm] or key.get("alg", algorithm) != algorithm:
        raise OutsideWordNotGood(check="kid")
    return KEY_TYPES[key["kty"]].import_key(dict(key))


def _require_ours(provider: Provider, claims: Mapping[str, Any], nonce: str) -> None:
    if claims.get("iss") != provider.issuer:
        raise OutsideWordNotGood(check="iss")
    audience = claims.get("aud")
    listed = audience if isinstance(audience, list) else [audience]
    if provider.client_id not in listed:
        raise OutsideWordNotGood(check="aud")
    party = claims.get("azp")
    if (party is not None and party != provider.client_id) or (len(listed) > 1 and party is None):
        raise OutsideWordNotGood(check="azp")
    said = claims.get("nonce")
    if not isinstance(said, str) or not hmac.compare_digest(said.encode(), nonce.encode()):
        raise OutsideWordNotGood(check="nonce")


def _require_of_now(claims: Mapping[str, Any], now: int) -> int:
    """Returns when it was made."""
    ends, made = _second(claims.get("exp")), _second(claims.get("iat"))
    begins = _second(claims.get("nbf", 1))
    if ends is None or made is None or begins is None:
        raise OutsideWordNotGood(check="time")
    if ends + SKEW_SECONDS <= now or made - SKEW_SECONDS > now or begins - SKEW_SECONDS > now:
        raise OutsideWordNotGood(check="time")
    if now - made > AGE_SECONDS_MAX + SKEW_SECONDS:
        raise OutsideWordNotGood(check="time")
    return made


def _second_factor_at(provider: Provider, claims: Mapping[str, Any], made: int, now: int) -> int | None:
    means = claims.get("amr")
    if not isinstance(means, list) or not provider.second_factor_amr & {str(one) for one in means}:
        return None
    at = _second(claims.get("auth_time", made))
    return None if at is None else min(at, now)


def _second(value: Any) -> int | None:
    """Seconds since 1970 of a moment in our century; anything else is no time."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 4_102_444_800:
        return None
    return int(value)
