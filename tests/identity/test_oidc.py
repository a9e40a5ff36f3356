"""ID tokens of another house: whatever is not its own, for us, for this sign-in and of now, signs nobody in."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest
from joserfc import jws
from joserfc.errors import SecurityWarning
from joserfc.jwk import ECKey, OKPKey, RSAKey

from techmarket.identity import oidc
from techmarket.identity.errors import OutsideWordNotGood
from techmarket.identity.oidc import Provider, read_id_token, usable_keys
from techmarket.identity.providers import parse_providers
from tests.identity.house import rsa

ISSUER, CLIENT, NONCE, NOW = "https://campus.example", "market", "n" * 43, 1_800_000_000
HOUSE = Provider("campus", "Campus", ISSUER, CLIENT, "sample secret", second_factor_amr=frozenset({"mfa", "otp"}))
KEY, OTHER = rsa("first"), rsa("second")
FORGERS = rsa("forger")
CURVE = ECKey.generate_key("P-256", {"kid": "curve"})
PUBLISHED = usable_keys(HOUSE, {"keys": [one.as_dict(private=False) for one in (KEY, OTHER, CURVE)]})
CLAIMS: dict[str, Any] = {
    "iss": ISSUER,
    "aud": CLIENT,
    "sub": "s-1",
    "nonce": NONCE,
    "iat": NOW - 5,
    "exp": NOW + 300,
}
HEADER = {"alg": "RS256", "kid": "first"}


def b64(value: object) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def signed(key: Any = KEY, header: dict[str, Any] | None = None, **changes: Any) -> str:
    """A token by this key; a claim of None is left out."""
    claims = {name: value for name, value in {**CLAIMS, **changes}.items() if value is not None}
    shown = HEADER if header is None else header
    return jws.serialize_compact(shown, json.dumps(claims).encode(), key, algorithms=[shown["alg"]])


def by_shared_secret(secret: bytes, algorithm: str = "HS256") -> str:
    body = f"{b64({**HEADER, 'alg': algorithm})}.{b64(CLAIMS)}"
    digest = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}[algorithm]
    return f"{body}.{b64(hmac.new(secret, body.encode(), digest).digest())}"


def test_a_good_token_says_who_and_a_second_factor_only_where_the_settings_trust_it():
    word = read_id_token(HOUSE, PUBLISHED, signed(), nonce=NONCE, now=NOW)
    assert (word.subject, word.second_factor_at) == ("s-1", None)
    twice = signed(amr=["pwd", "mfa"], auth_time=NOW - 90)
    assert read_id_token(HOUSE, PUBLISHED, twice, nonce=NONCE, now=NOW).second_factor_at == NOW - 90
    ahead = signed(amr=["otp"], auth_time=NOW + 9_000)
    assert read_id_token(HOUSE, PUBLISHED, ahead, nonce=NONCE, now=NOW).second_factor_at == NOW
    plain = Provider("campus", "Campus", ISSUER, CLIENT)
    assert read_id_token(plain, PUBLISHED, twice, nonce=NONCE, now=NOW).second_factor_at is None
    curve = signed(CURVE, {"alg": "ES256", "kid": "curve"})
    assert read_id_token(HOUSE, PUBLISHED, curve, nonce=NONCE, now=NOW).subject == "s-1"


@pytest.mark.parametrize("skew", [59, -59])
def test_a_clock_a_minute_off_is_borne(skew: int):
    raw = signed(iat=NOW + skew, nbf=NOW + skew, exp=NOW - 59)
    assert read_id_token(HOUSE, PUBLISHED, raw, nonce=NONCE, now=NOW).subject == "s-1"


PEM = KEY.as_pem(private=False)
FORGED = {
    "no algorithm": ("alg", f"{b64({**HEADER, 'alg': 'none'})}.{b64(CLAIMS)}.AA"),
    "no algorithm in capitals": ("alg", f"{b64({**HEADER, 'alg': 'NONE'})}.{b64(CLAIMS)}.AA"),
    "no signature": ("form", f"{b64({**HEADER, 'alg': 'none'})}.{b64(CLAIMS)}."),
    "an algorithm that is no text": ("alg", f"{b64({**HEADER, 'alg': 1})}.{b64(CLAIMS)}.AA"),
    "keyed with the published key": ("alg", by_shared_secret(PEM)),
    "keyed with it by SHA-384": ("alg", by_shared_secret(PEM, "HS384")),
    "keyed with it by SHA-512": ("alg", by_shared_secret(PEM, "HS512")),
    "keyed with our own client secret": ("alg", by_shared_secret(b"sample secret")),
    "keyed with nothing": ("alg", by_shared_secret(b"")),
    "SHA-512 where it is not listed": ("alg", signed(header={**HEADER, "alg": "RS512"})),
    "a curve's algorithm with the name of an RSA key": ("kid", signed(CURVE, {"alg": "ES256", "kid": "first"})),
    "an RSA algorithm with the name of a curve": ("kid", signed(header={**HEADER, "kid": "curve"})),
    "the forger's key under a published name": ("signature", signed(FORGERS)),
    "a published key under another's name": ("signature", signed(header={**HEADER, "kid": "second"})),
    "a name nobody published": ("kid", signed(FORGERS, {**HEADER, "kid": "forger"})),
    "no name where there are several": ("kid", signed(header={"alg": "RS256"})),
    "a name that is a number": ("kid", f"{b64({**HEADER, 'kid': 1})}.{b64(CLAIMS)}.AA"),
    "the forger's key in the header": (
        "signature",
        signed(FORGERS, {**HEADER, "jwk": FORGERS.as_dict(private=False)}),
    ),
    "an address of keys in the header": ("signature", signed(FORGERS, {**HEADER, "jku": "https://forger.example"})),
    "what nobody understands is critical": ("signature", f"{b64({**HEADER, 'crit': ['x']})}.{b64(CLAIMS)}.AA"),
    "an access token": ("typ", signed(header={**HEADER, "typ": "at+jwt"})),
    "a logout token": ("typ", signed(header={**HEADER, "typ": "logout+jwt"})),
    "another issuer": ("iss", signed(iss="https://other.example")),
    "the issuer with a stroke behind": ("iss", signed(iss=ISSUER + "/")),
    "no issuer": ("iss", signed(iss=None)),
    "another audience": ("aud", signed(aud="other")),
    "no audience": ("aud", signed(aud=None)),
    "a list without us": ("aud", signed(aud=["other", "another"])),
    "a list with others and no party": ("azp", signed(aud=[CLIENT, "other"])),
    "given to another party": ("azp", signed(aud=[CLIENT, "other"], azp="other")),
    "for us, given to another": ("azp", signed(azp="other")),
    "another nonce": ("nonce", signed(nonce="m" * 43)),
    "no nonce": ("nonce", signed(nonce=None)),
    "a nonce that is a list": ("nonce", signed(nonce=[NONCE])),
    "ended": ("time", signed(exp=NOW - 60)),
    "no end": ("time", signed(exp=None)),
    "an end that is a text": ("time", signed(exp=str(NOW + 300))),
    "an end that is true": ("time", signed(exp=True)),
    "made tomorrow": ("time", signed(iat=NOW + 61)),
    "made long ago": ("time", signed(iat=NOW - 661)),
    "not made at all": ("time", signed(iat=None)),
    "not yet in force": ("time", signed(nbf=NOW + 61)),
    "no subject": ("sub", signed(sub=None)),
    "an empty subject": ("sub", signed(sub="")),
    "a subject that is a number": ("sub", signed(sub=7)),
    "a subject without end": ("sub", signed(sub="s" * 256)),
    "a subject with a NUL": ("sub", signed(sub="s\x00")),
    "a changed claim": ("signature", ".".join([b64(HEADER), b64({**CLAIMS, "sub": "s-2"}), signed().split(".")[2]])),
    "a changed signature": ("signature", signed()[:-6] + "AAAAAA"),
    "claims that are a list": (
        "signature",
        jws.serialize_compact(HEADER, b"[1]", KEY, algorithms=["RS256"]),
    ),
    "a header that is a list": ("form", f"{b64([1])}.{b64(CLAIMS)}.AA"),
    "brackets without end": ("form", f"{b64(b'[' * 3000)}.{b64(CLAIMS)}.AA"),
    "a long one": ("form", f"{b64(HEADER)}.{'A' * 20_000}.AA"),
    "not a token": ("form", "hello"),
}


@pytest.mark.parametrize(("check", "raw"), FORGED.values(), ids=FORGED.keys())
def test_a_forged_word_is_refused_by_the_check_it_fails(check: str, raw: str):
    with pytest.raises(OutsideWordNotGood) as refused:
        read_id_token(HOUSE, PUBLISHED, raw, nonce=NONCE, now=NOW)
    assert refused.value.facts == {"check": check}


def test_secrets_keys_for_encryption_and_short_keys_are_not_taken_from_a_set():
    short = {"kty": "RSA", "kid": "short", "e": "AQAB", "n": "A" * 171}
    secret = {"kty": "oct", "kid": "secret", "k": "c2VjcmV0"}
    for_encryption = {**KEY.as_dict(private=False), "use": "enc"}
    private = KEY.as_dict(private=True)
    assert usable_keys(
        HOUSE, {"keys": [short, secret, for_encryption, private, "x", OTHER.as_dict(private=False)]}
    ) == (OTHER.as_dict(private=False),)
    assert usable_keys(HOUSE, {"keys": "none"}) is None
    assert usable_keys(HOUSE, {"keys": [{}] * 101}) is None


def test_a_single_key_needs_no_name_and_one_that_names_its_algorithm_signs_by_no_other():
    plain = RSAKey.import_key(KEY.as_dict(private=True) | {"alg": "PS256"})
    lone = usable_keys(HOUSE, {"keys": [plain.as_dict(private=False)]})
    good = signed(plain, {"alg": "PS256"})
    assert read_id_token(HOUSE, lone, good, nonce=NONCE, now=NOW).subject == "s-1"
    with pytest.raises(OutsideWordNotGood):
        read_id_token(HOUSE, lone, signed(header={"alg": "RS256"}), nonce=NONCE, now=NOW)


def test_an_ed25519_key_is_one_that_may_sign():
    edwards = OKPKey.generate_key("Ed25519", {"kid": "ed"})
    published = usable_keys(HOUSE, {"keys": [edwards.as_dict(private=False)]})
    raw = signed(edwards, {"alg": "Ed25519", "kid": "ed"})
    assert read_id_token(HOUSE, published, raw, nonce=NONCE, now=NOW).subject == "s-1"
    with pytest.warns(SecurityWarning, match="EdDSA"):
        raw = signed(edwards, {"alg": "EdDSA", "kid": "ed"})
    assert read_id_token(HOUSE, published, raw, nonce=NONCE, now=NOW).subject == "s-1"


def test_the_challenge_is_that_of_rfc_7636_appendix_b():
    assert oidc.challenge_of("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk") == (
        "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "not JSON"),
        ("{}", "a list of objects"),
        ('[{"name": "a"}]', "no issuer"),
        ('[{"name": "A!", "issuer": "https://a.example", "client_id": "c"}]', "small letters"),
        ('[{"name": "a", "issuer": "http://a.example", "client_id": "c"}]', "no https"),
        ('[{"name": "a", "issuer": "https://a.example?x", "client_id": "c"}]', "query"),
        ('[{"name": "a", "issuer": "https://a.example", "client_id": "c", "algorithms": ["HS256"]}]', "algorithms"),
        (
            '[{"name": "a", "issuer": "https://a.example", "client_id": "c", "secret": "hush"}]',
            "unknown fields: secret",
        ),
        ('[{"name": "a", "issuer": "https://a.example", "client_id": "c", "client_secret": ""}]', "empty"),
        (
            '[{"name": "a", "issuer": "https://a.example", "client_id": "c", "client_secret_file": "/nowhere"}]',
            "cannot be read",
        ),
    ],
)
def test_a_setting_that_names_no_provider_says_why_and_shows_no_secret(text: str, says: str):
    with pytest.raises(ValueError, match=says) as refused:
        parse_providers(text)
    assert "hush" not in str(refused.value)


def test_a_provider_reads_its_secret_from_a_file_and_shows_it_nowhere(tmp_path):
    (tmp_path / "secret").write_text("hush hush\n")
    said = {
        "name": "a",
        "issuer": "https://a.example",
        "client_id": "c",
        "client_secret_file": str(tmp_path / "secret"),
    }
    (provider,) = parse_providers(json.dumps([said]))
    assert provider.client_secret == "hush hush"
    assert "hush" not in repr(provider)
