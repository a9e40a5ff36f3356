"""Who holds a key is behind one seam: a certificate is the same whether its key lies in memory or in a token.

Where SoftHSM is installed its PKCS#11 module is a real token; elsewhere a token of our own stands at the edge of the
library, and the test says in its output which of the two it was.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pkcs11
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import CertificateBuilder, Name, NameAttribute, random_serial_number
from cryptography.x509.oid import NameOID
from pkcs11 import Attribute, KeyType, Mechanism, ObjectClass

from techmarket.api.errors import MarketBusy
from techmarket.api.trouble import trouble
from techmarket.certification import paper
from techmarket.certification.verify import Answer, verify_file, verify_paper
from techmarket.cli.state import load_keys
from techmarket.db.custody import Custody, KeyUri, NoSuchKey, TokenSilent
from techmarket.db.keys import MissingSecret
from techmarket.kernel.seals import PaperSeal, Seal, WrongSignature
from techmarket.settings import Settings
from tests.certification.test_paper import DEAL, drawn
from tests.certification.test_verify import LOG, RECEIPTS, TRUSTED, Sample

MODULES = [
    f"/usr/lib/{place}/libsofthsm2.so" for place in ("softhsm", "x86_64-linux-gnu/softhsm", "aarch64-linux-gnu/softhsm")
]
PIN = "sample-pin"
ED25519, P256 = b"\x06\x03\x2b\x65\x70", bytes.fromhex("06082a8648ce3d030107")


class OurKey:
    """A key of a token of our own, as the library shows one."""

    def __init__(self, private: Any, kind: ObjectClass, of: OurToken) -> None:
        self.private, self.kind, self.of = private, kind, of

    def __getitem__(self, attribute: Attribute) -> bytes:
        assert (attribute, self.kind) == (Attribute.EC_POINT, ObjectClass.PUBLIC_KEY)
        if isinstance(self.private, Ed25519PrivateKey):
            point = self.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        else:
            point = self.private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return bytes([4, len(point)]) + point

    def sign(self, body: bytes, *, mechanism: Mechanism) -> bytes:
        assert self.kind is ObjectClass.PRIVATE_KEY
        self.of.answer()
        if mechanism is Mechanism.EDDSA:
            return self.private.sign(body)
        assert mechanism is Mechanism.ECDSA
        r, s = decode_dss_signature(self.private.sign(body, ec.ECDSA(Prehashed(SHA256()))))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


class OurToken:
    """A library with one token; it may lose its session, or its answer."""

    def __init__(self) -> None:
        self.private = {"issuer": Ed25519PrivateKey.generate(), "paper": ec.generate_private_key(ec.SECP256R1())}
        self.opened, self.is_lost, self.is_silent = 0, False, False

    def get_token(self, *, token_label: str) -> OurToken:
        if token_label != "market":
            raise pkcs11.exceptions.NoSuchToken
        return self

    def open(self, *, user_pin: str) -> OurToken:
        if user_pin != PIN:
            raise pkcs11.exceptions.PinIncorrect
        self.opened, self.is_lost = self.opened + 1, False
        return self

    def get_objects(self, wanted: dict[Attribute, Any]) -> Iterator[OurKey]:
        self.answer()
        found = self.private.get(wanted[Attribute.LABEL])
        return iter([] if found is None else [OurKey(found, wanted[Attribute.CLASS], self)])

    def answer(self) -> None:
        if self.is_silent:
            raise pkcs11.exceptions.DeviceRemoved
        if self.is_lost:
            raise pkcs11.exceptions.SessionHandleInvalid

    def close(self) -> None:
        self.is_lost = True


@pytest.fixture(scope="module")
def module(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str | None]:
    """SoftHSM's module with a token `market` that holds the keys `issuer` and `paper`; None where there is none."""
    found, tool = next((one for one in MODULES if Path(one).exists()), None), shutil.which("softhsm2-util")
    if found is None or tool is None:
        print("SoftHSM is missing here: a token of our own stands at the edge of the library instead")
        yield None
        return
    folder = tmp_path_factory.mktemp("token")
    (folder / "softhsm2.conf").write_text(
        f"directories.tokendir = {folder}\nobjectstore.backend = file\nlog.level = ERROR\n"
    )
    before = os.environ.get("SOFTHSM2_CONF")
    os.environ["SOFTHSM2_CONF"] = str(folder / "softhsm2.conf")
    init = [tool, "--init-token", "--free", "--label", "market", "--so-pin", "sample-so", "--pin", PIN]
    subprocess.run(init, check=True, capture_output=True, timeout=60)
    with pkcs11.lib(found).get_token(token_label="market").open(rw=True, user_pin=PIN) as session:
        for label, kind, curve, how in (
            ("issuer", KeyType.EC_EDWARDS, ED25519, Mechanism.EC_EDWARDS_KEY_PAIR_GEN),
            ("paper", KeyType.EC, P256, Mechanism.EC_KEY_PAIR_GEN),
        ):
            parameters = session.create_domain_parameters(kind, {Attribute.EC_PARAMS: curve}, local=True)
            parameters.generate_keypair(store=True, label=label, mechanism=how)
    print(f"a real token: {found}")
    yield found
    if before is None:
        del os.environ["SOFTHSM2_CONF"]
    else:
        os.environ["SOFTHSM2_CONF"] = before


@pytest.fixture
def custody(module: str | None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Custody]:
    if module is None:
        ours = OurToken()
        monkeypatch.setattr(pkcs11, "lib", lambda name: ours)
    opened = Custody(module or "ours.so", PIN)
    yield opened
    for token in opened._tokens.values():
        token._forget()


@pytest.fixture
def ours(monkeypatch: pytest.MonkeyPatch) -> OurToken:
    token = OurToken()
    monkeypatch.setattr(pkcs11, "lib", lambda name: token)
    return token


def a_certificate_of(public: ec.EllipticCurvePublicKey) -> bytes:
    """As an authority gives it out: it knows the public half alone."""
    authority, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = Name([NameAttribute(NameOID.COMMON_NAME, "Sample market")])
    made = CertificateBuilder().subject_name(name).issuer_name(name).public_key(public)
    made = made.serial_number(random_serial_number()).not_valid_before(now).not_valid_after(now + timedelta(days=1))
    return made.sign(authority, SHA256()).public_bytes(Encoding.PEM)


def public_of(custody: Custody) -> ec.EllipticCurvePublicKey:
    key, token = custody._key("pkcs11:token=market;object=paper")
    return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), custody._point(token, key, 65))


def in_memory(custody: Custody) -> tuple[Seal, PaperSeal]:
    return Seal.generate(), PaperSeal.generate("Sample market")


def in_a_token(custody: Custody) -> tuple[Seal, PaperSeal]:
    certificate = a_certificate_of(public_of(custody))
    return custody.seal("pkcs11:token=market;object=issuer"), custody.paper_seal(
        "pkcs11:token=market;object=paper", certificate
    )


@pytest.mark.parametrize("held", [in_memory, in_a_token])
def test_a_certificate_and_its_paper_verify_whoever_holds_the_keys(
    custody: Custody, held: Callable[[Custody], tuple[Seal, PaperSeal]]
):
    issuer, by = held(custody)
    trusted = {seal.kid: seal.public for seal in (issuer, LOG, RECEIPTS)}
    file = Sample(issuer=issuer, facts=DEAL, paper_sha256=paper.fingerprint(by)).file()
    assert verify_file(file, trusted).answer is Answer.VALID
    assert verify_file(file, TRUSTED).fault == "signature"
    assert verify_paper(paper.seal(drawn(file, trusted), by), trusted).answer is Answer.VALID
    assert issuer.public.verify(issuer.sign(b"text"), b"text")
    assert repr(issuer) == f"Seal(kid={issuer.kid!r})"


def test_a_key_in_a_token_never_leaves_it(custody: Custody):
    issuer, by = in_a_token(custody)
    with pytest.raises(TypeError, match="does not leave"):
        issuer.to_pem()
    with pytest.raises(TypeError, match="does not leave"):
        _ = by.key_pem
    assert PIN not in repr(custody) + repr(next(iter(custody._tokens.values())))


def test_a_session_that_was_lost_is_opened_once_more(custody: Custody):
    issuer = custody.seal("pkcs11:token=market;object=issuer")
    before = issuer.sign(b"text")
    next(iter(custody._tokens.values()))._session.close()
    assert issuer.sign(b"text") == before


def test_a_token_that_is_gone_signs_nothing_and_whoever_asks_may_come_back(ours: OurToken):
    issuer = Custody("ours.so", PIN).seal("pkcs11:token=market;object=issuer")
    ours.is_silent = True
    with pytest.raises(TokenSilent) as failed:
        issuer.sign(b"text")
    assert isinstance(trouble(failed.value), MarketBusy)
    ours.is_silent = False
    assert issuer.public.verify(issuer.sign(b"text"), b"text")


def test_a_token_that_signs_with_another_key_or_by_halves_gives_nothing_out(ours: OurToken):
    custody = Custody("ours.so", PIN)
    issuer, by = in_a_token(custody)
    ours.private = {"issuer": Ed25519PrivateKey.generate(), "paper": ec.generate_private_key(ec.SECP256R1())}
    ours.close()
    for seal in (issuer, by):
        with pytest.raises(WrongSignature):
            seal.sign(b"text")
    halves = Seal.held(SimpleNamespace(sign=lambda body: b"\x00" * 64), issuer.public.raw)
    with pytest.raises(WrongSignature):
        halves.sign(b"text")


@pytest.mark.parametrize(
    "uri",
    [
        "pkcs11:",
        "pkcs11:token=market",
        "pkcs11:object=issuer;object=paper",
        "pkcs11:object=issuer?pin-value=1234",
        "pkcs11:object=issuer;module-path=/tmp/x.so",
        "issuer",
    ],
)
def test_a_uri_that_names_no_key_or_carries_more_is_refused(uri: str):
    with pytest.raises(NoSuchKey):
        KeyUri.parse(uri)


def test_a_uri_names_token_and_key_as_the_standard_spells_them():
    assert KeyUri.parse("pkcs11:token=the%20market;object=issuer;id=%01%ff").named == {
        "token": "the market",
        "object": "issuer",
        "id": "\x01\xff",
    }


@pytest.mark.parametrize(
    ("uri", "module", "pin"),
    [
        ("pkcs11:token=market;object=nobody", "ours.so", PIN),
        ("pkcs11:token=another;object=issuer", "ours.so", PIN),
        ("pkcs11:token=market;object=paper", "ours.so", PIN),
        ("pkcs11:token=market;object=issuer", "ours.so", "wrong"),
        ("pkcs11:token=market;object=issuer", None, PIN),
        ("pkcs11:token=market;object=issuer", "ours.so", None),
    ],
)
def test_a_market_whose_key_is_not_in_its_token_does_not_start(
    ours: OurToken, uri: str, module: str | None, pin: str | None
):
    other, by = Seal.generate().to_pem().decode(), PaperSeal.generate()
    given = {
        "database_url": "postgresql://sample",
        "log_key": other,
        "issuer_key": uri,
        "receipts_key": other,
        "pepper": "7f3c1e9a5b8d2460c9e1f7a3b5d80246",
        "bank_secret": "Vq9zRt2LxK8mWc4NpB7dHs1YfGj5uEa0",
        "paper_key": by.key_pem.decode(),
        "paper_certificate": by.certificate_pem.decode(),
        "pkcs11_module": module,
        "pkcs11_pin": pin,
    }
    with pytest.raises(MissingSecret):
        load_keys(Settings(**given))
    good = {**given, "issuer_key": "pkcs11:token=market;object=issuer", "pkcs11_module": "ours.so", "pkcs11_pin": PIN}
    keys = load_keys(Settings(**good))
    assert keys.issuer.public.verify(keys.issuer.sign(b"text"), b"text")
    assert keys.log.to_pem().decode() == other
