"""A call on a subscriber's word: the right name in certificate and headers, no redirect, bounded time and answer."""

from __future__ import annotations

import datetime
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from techmarket.db.calling import ANSWER_BYTES_MAX, Caller
from tests.hub.receiver import receiving


async def here(_host: str, _port: int) -> list[str]:
    return ["127.0.0.1"]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of a name that no resolver knows."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "hooks.example.com")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("hooks.example.com")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


async def test_certificate_sni_and_host_are_those_of_the_name_though_the_address_was_looked_up_before(certificate):
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(certificate)
    trusting = ssl.create_default_context(cafile=str(certificate))
    async with receiving(tls=serving) as receiver:
        caller = Caller(may_reach_inside=True, resolve=here, tls=trusting)
        good = await caller.post(f"https://hooks.example.com:{receiver.port}/a?b=c", b"{}", {"webhook-id": "msg_1"})
        assert (good.status, good.error) == (200, None)
        (got,) = receiver.got
        assert (got.name, got.headers["host"]) == ("hooks.example.com", f"hooks.example.com:{receiver.port}")
        assert (got.path, got.body, got.headers["webhook-id"]) == ("/a?b=c", b"{}", "msg_1")
        wrong = await caller.post(f"https://other.example.com:{receiver.port}/", b"{}", {})
        stranger = await Caller(may_reach_inside=True, resolve=here).post(
            f"https://hooks.example.com:{receiver.port}/", b"{}", {}
        )
        assert (wrong.error, stranger.error, len(receiver.got)) == ("tls", "tls", 1)


async def test_a_redirect_is_an_answer_and_nothing_is_followed():
    async with receiving() as inside, receiving(lambda _: f"307 Location: {inside.url}") as receiver:
        receipt = await Caller(may_reach_inside=True).post(receiver.url, b"{}", {})
        assert (receipt.status, receipt.is_accepted, len(inside.got)) == (307, False, 0)


async def test_whoever_hangs_breaks_off_or_talks_without_end_costs_a_bounded_time_and_memory():
    caller = Caller(may_reach_inside=True, patience_seconds=0.4)
    async with receiving(lambda message: message.path.strip("/")) as receiver:
        base = receiver.url.removesuffix("/hooks")
        hung = await caller.post(f"{base}/hang", b"{}", {})
        cut = await caller.post(f"{base}/cut", b"{}", {})
        flood = await caller.post(f"{base}/flood", b"{}", {})
        late = await caller.post(f"{base}/503", b"{}", {})
    assert (hung.status, hung.error) == (None, "timeout")
    assert (cut.status, cut.error) == (None, "connection")
    assert (flood.status, len(flood.answer)) == (200, ANSWER_BYTES_MAX)
    assert (late.status, late.is_accepted) == (503, False)
    gone = await caller.post(f"{base}/200", b"{}", {})
    assert gone.error == "connection"


async def test_only_a_setting_for_development_lets_it_call_inside_or_without_tls():
    async with receiving() as receiver:
        refused = await Caller().post(receiver.url, b"{}", {})
        assert (refused.error, receiver.got) == ("address_not_allowed", [])
        by_name = await Caller(resolve=here).post(f"https://hooks.example.com:{receiver.port}/", b"{}", {})
        assert (by_name.error, receiver.got) == ("address_not_allowed", [])
