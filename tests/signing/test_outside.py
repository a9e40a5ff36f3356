"""The adapters of a signature service and of an OpenID provider, against small servers that keep the contract."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from techmarket.kernel.refusals import Kind
from techmarket.signing import errors
from techmarket.signing.outside import HttpSignProvider, OidcVoucher, Order, OrderState, sign_request

SECRET = b"a secret both sides hold"
ORDER = Order(UUID(int=7), "HT-2026-000001", "示例公司", None, "示例人员", "Party2", "ab" * 32, b"%PDF-1.7 sample")


class FakeService:
    """A signature service on a loopback of its own: one envelope a key, answered as it is told to."""

    def __init__(self) -> None:
        self.envelopes: dict[str, dict[str, Any]] = {}
        self.answers: list[Response] = []
        self.asked = 0
        self.app = Starlette(
            routes=[
                Route("/envelopes", self.begin, methods=["POST"]),
                Route("/envelopes/{reference}", self.look, methods=["GET"]),
            ]
        )

    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://service.test")

    async def begin(self, request: Request) -> Response:
        self.asked += 1
        body = await request.body()
        self.require_signed(request, body)
        if self.answers:
            return self.answers.pop(0)
        key = request.headers["idempotency-key"]
        envelope = self.envelopes.setdefault(key, {"reference": f"env-{len(self.envelopes)}", **json.loads(body)})
        return JSONResponse({"reference": envelope["reference"], "url": "https://service.test/sign"}, 201)

    async def look(self, request: Request) -> Response:
        self.require_signed(request, b"")
        return self.answers.pop(0)

    def require_signed(self, request: Request, body: bytes) -> None:
        wanted = sign_request(SECRET, request.method, request.url.path, body, request.headers["x-timestamp"])
        assert request.headers["x-signature"] == wanted


async def test_an_order_carries_file_and_field_under_a_shared_secret_and_twice_is_one_envelope():
    service = FakeService()
    provider = HttpSignProvider("http://service.test", SECRET, client=service.client)
    one, two = await provider.begin(ORDER), await provider.begin(ORDER)
    assert (one, one.reference, one.url) == (two, "env-0", "https://service.test/sign")
    [envelope] = service.envelopes.values()
    assert base64.b64decode(envelope["paper"]) == ORDER.paper
    assert (envelope["field"], envelope["document_sha256"]) == ("Party2", "ab" * 32)


async def test_what_the_service_says_is_read_and_what_it_should_not_say_is_refused():
    service = FakeService()
    provider = HttpSignProvider("http://service.test", SECRET, client=service.client)
    good = {"state": "SIGNED", "paper": base64.b64encode(b"%PDF-signed").decode(), "identity": {"name": "示例"}}
    service.answers = [JSONResponse({"state": "WAITING"}), JSONResponse({"state": "DECLINED"}), JSONResponse(good)]
    assert [(await provider.look("env-0")).state for _ in range(2)] == [OrderState.WAITING, OrderState.DECLINED]
    signed = await provider.look("env-0")
    assert (signed.paper, signed.identity) == (b"%PDF-signed", {"name": "示例"})
    unclear = [
        Response("no json"),
        JSONResponse([]),
        JSONResponse({"state": "PERHAPS"}),
        JSONResponse({"state": "SIGNED"}),
        JSONResponse({"state": "SIGNED", "paper": "not base64!"}),
        JSONResponse({}, 404),
    ]
    for answer in unclear:
        service.answers = [answer]
        with pytest.raises(errors.ProviderUnclear):
            await provider.look("env-0")
    for answer in (Response("", 503), Response("", 429)):
        service.answers = [answer]
        with pytest.raises(errors.ProviderSilent) as refused:
            await provider.look("env-0")
        assert refused.value.kind is Kind.BUSY
    service.answers = [JSONResponse({"reference": "../else", "url": "x"}, 201)]
    with pytest.raises(errors.ProviderUnclear):
        await provider.begin(ORDER)


async def test_a_service_that_cannot_be_reached_is_silent_and_not_an_error_of_ours():
    def nobody() -> httpx.AsyncClient:
        def refuse(request: httpx.Request) -> httpx.Response:
            raise httpx.ConnectError("nobody there", request=request)

        return httpx.AsyncClient(transport=httpx.MockTransport(refuse))

    with pytest.raises(errors.ProviderSilent):
        await HttpSignProvider("http://service.test", SECRET, client=nobody).begin(ORDER)
    with pytest.raises(errors.ProviderSilent):
        await OidcVoucher("http://op.test", "techmarket", client=nobody).vouch("a.b.c", nonce="n")


class FakeIssuer:
    """An OpenID provider: its discovery document, its keys, its tokens."""

    def __init__(self) -> None:
        self.key = ECKey.generate_key("P-256", {"kid": "one"})
        self.fetched = 0
        self.app = Starlette(
            routes=[Route("/.well-known/openid-configuration", self.discovery), Route("/keys", self.keys)]
        )

    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.ASGITransport(self.app))

    async def discovery(self, request: Request) -> Response:
        return JSONResponse({"issuer": "http://op.test", "jwks_uri": "http://op.test/keys"})

    async def keys(self, request: Request) -> Response:
        self.fetched += 1
        return JSONResponse({"keys": [self.key.as_dict(private=False)]})

    def token(self, **changes: Any) -> str:
        now = int(datetime.now(UTC).timestamp())
        claims = {
            "iss": "http://op.test",
            "aud": "techmarket",
            "sub": "person-1",
            "iat": now,
            "exp": now + 300,
            "nonce": "ab" * 32,
        }
        return jwt.encode({"alg": "ES256", "kid": self.key.kid}, claims | changes, self.key)


async def test_a_token_vouches_for_one_person_and_one_text_and_nothing_else():
    issuer = FakeIssuer()
    voucher = OidcVoucher("http://op.test/", "techmarket", client=issuer.client)
    vouched = await voucher.vouch(issuer.token(), nonce="ab" * 32)
    assert (vouched["issuer"], vouched["subject"]) == ("http://op.test", "person-1")
    await voucher.vouch(issuer.token(aud=["other", "techmarket"]), nonce="ab" * 32)
    assert issuer.fetched == 1
    now = int(datetime.now(UTC).timestamp())
    bad = [
        ("nonce", issuer.token(nonce="cd" * 32)),
        ("audience", issuer.token(aud="somebody else")),
        ("issuer", issuer.token(iss="http://evil.test")),
        ("time", issuer.token(exp=now - 1)),
        ("time", issuer.token(iat=now + 3_600)),
        ("time", issuer.token(exp="tomorrow")),
        ("subject", issuer.token(sub="")),
        ("signature", issuer.token()[:-6] + "AAAAAA"),
        ("signature", "not a token"),
        ("form", "x" * 20_000),
    ]
    for check, token in bad:
        with pytest.raises(errors.IdentityNotVouched) as refused:
            await voucher.vouch(token, nonce="ab" * 32)
        assert refused.value.facts == {"check": check}, token[:20]


async def test_an_issuer_that_turned_its_keys_is_asked_once_more_and_a_token_without_signature_never_holds():
    issuer = FakeIssuer()
    voucher = OidcVoucher("http://op.test", "techmarket", client=issuer.client)
    await voucher.vouch(issuer.token(), nonce="ab" * 32)
    issuer.key = ECKey.generate_key("P-256", {"kid": "two"})
    await voucher.vouch(issuer.token(), nonce="ab" * 32)
    assert issuer.fetched == 2
    head, body, _ = issuer.token().split(".")
    none = base64.urlsafe_b64encode(json.dumps({"alg": "none"}).encode()).decode().rstrip("=")
    for token in (f"{none}.{body}.", f"{head}.{body}."):
        with pytest.raises(errors.IdentityNotVouched):
            await voucher.vouch(token, nonce="ab" * 32)
