"""Access tokens: whatever is not the market's own, for itself, in force and unwidened, is worth nothing."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any
from uuid import uuid4

import pytest
from joserfc import jws
from joserfc.jwk import OKPKey, RSAKey

from techmarket.db import keys as market_keys
from techmarket.identity.actor import Scope
from techmarket.identity.tokens import give_token, read_token
from techmarket.kernel.seals import Seal

ISSUER, CLIENT, ORG = "https://market.example", uuid4(), uuid4()
NOW = 1_800_000_000
SEAL = market_keys.for_tests().tokens
HEADER = {"alg": "Ed25519", "typ": "at+jwt", "kid": SEAL.public.kid}
CLAIMS = {
    "iss": ISSUER,
    "aud": ISSUER,
    "sub": str(CLIENT),
    "client_id": str(CLIENT),
    "scope": "read",
    "iat": NOW,
    "exp": NOW + 900,
}


def b64(value: object) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def signed(seal: Seal = SEAL, *, header: dict | None = None, **changes: object) -> str:
    """A token signed by this seal, with another header or other claims; a claim of None is left out."""
    claims = {name: value for name, value in {**CLAIMS, **changes}.items() if value is not None}
    key = OKPKey.import_key(seal.to_pem())
    protected = HEADER if header is None else header
    return jws.serialize_compact(protected, json.dumps(claims).encode(), key, algorithms=["Ed25519"])


def by_shared_secret(name: str, digest: Any, key: bytes) -> str:
    """Keyed with what everybody knows, as a verifier that trusts the header would check it."""
    body = f"{b64({**HEADER, 'alg': name})}.{b64(CLAIMS)}"
    return f"{body}.{b64(hmac.new(key, body.encode(), digest).digest())}"


def by_rsa() -> str:
    key = RSAKey.generate_key(2048)
    return jws.serialize_compact({**HEADER, "alg": "RS256"}, json.dumps(CLAIMS).encode(), key, algorithms=["RS256"])


def test_a_token_says_to_whom_it_was_given_and_with_which_scopes():
    raw = give_token(
        SEAL,
        issuer=ISSUER,
        client_id=CLIENT,
        org_id=ORG,
        scopes=frozenset({Scope.READ, Scope.BID}),
        now=NOW,
        seconds=60,
    )
    granted = read_token(SEAL, raw, issuer=ISSUER, now=NOW + 59)
    assert granted is not None
    assert (granted.client_id, granted.scopes, granted.ends_at) == (CLIENT, {Scope.READ, Scope.BID}, NOW + 60)
    assert read_token(SEAL, raw, issuer=ISSUER, now=NOW + 60) is None
    assert read_token(SEAL, signed(), issuer=ISSUER, now=NOW) is not None


FORGED = {
    "no algorithm and a signature": f"{b64({**HEADER, 'alg': 'none'})}.{b64(CLAIMS)}.AA",
    "an RSA key of the forger": by_rsa(),
    "another key under our name": signed(Seal.generate()),
    "another key's name": signed(header={**HEADER, "kid": "0" * 16}),
    "the forger's key in the header": signed(
        (other := Seal.generate()), header={**HEADER, "jwk": OKPKey.import_key(other.to_pem()).as_dict(private=False)}
    ),
    "an address of keys in the header": signed(header={**HEADER, "jku": "https://forger.example/keys"}),
    "not an access token": signed(header={**HEADER, "typ": "JWT"}),
    "another issuer": signed(iss="https://other.example"),
    "another audience": signed(aud="https://other.example"),
    "no issuer": signed(iss=None),
    "no audience": signed(aud=None),
    "no end": signed(exp=None),
    "an end that is a text": signed(exp=str(NOW + 900)),
    "ended": signed(exp=NOW),
    "of the future": signed(iat=NOW + 60),
    "a scope nobody has": signed(scope="read admin"),
    "a scope that is a list": signed(scope=["read"]),
    "a client that is no id": signed(client_id="everyone"),
    "a changed signature": signed()[:-4] + "AAAA",
    "a changed claim": ".".join([signed().split(".")[0], b64({**CLAIMS, "scope": "bid read"}), signed().split(".")[2]]),
    "brackets without end": f"{b64(HEADER)}.{b64(b'[' * 1000)}.AA",
    "a long one": f"{b64(HEADER)}.{'A' * 3000}.AA",
}


PUBLIC = OKPKey.import_key(SEAL.to_pem())
CONFUSED = {
    f"{name} keyed with {what}": by_shared_secret(name, digest, key)
    for name, digest in (("HS256", hashlib.sha256), ("HS384", hashlib.sha384), ("HS512", hashlib.sha512))
    for what, key in {
        "the public key as PEM": PUBLIC.as_pem(private=False),
        "the public key as DER": PUBLIC.as_der(private=False),
        "the public key's bytes": SEAL.public.raw,
        "the name of the key": SEAL.public.kid.encode(),
        "nothing": b"",
    }.items()
}
STRIPPED = {
    f"{name!r} and {what}": f"{b64({**HEADER, 'alg': name})}.{b64(CLAIMS)}.{tail}"
    for name in ("none", "None", "NONE", "nOnE", "", None, "HS256", "EdDSA", "ES256", "RS256", "PS256", "Ed448")
    for what, tail in {"no signature": "", "our signature of it": signed().split(".")[2]}.items()
}
FORGED |= CONFUSED | STRIPPED


def test_more_than_sixty_tokens_are_forged_here_and_each_in_another_way():
    assert len(set(FORGED.values())) == len(FORGED) >= 60


@pytest.mark.parametrize("raw", FORGED.values(), ids=FORGED.keys())
def test_a_forged_token_grants_nothing(raw: str):
    assert read_token(SEAL, raw, issuer=ISSUER, now=NOW) is None


def test_tokens_are_signed_by_a_key_of_their_own_that_the_secrets_key_alone_decides():
    keys = market_keys.for_tests()
    same = market_keys.Keys(keys.log, keys.issuer, keys.receipts, keys.pepper, keys.bank_secret, keys.paper)
    assert same.tokens.public.kid == keys.tokens.public.kid
    others = {seal.public.kid for seal in (keys.log, keys.issuer, keys.receipts, market_keys.for_tests().tokens)}
    assert keys.tokens.public.kid not in others
