"""A certificate file is ours to the last byte, or it is not ours."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from joserfc import jws
from joserfc.jwk import OKPKey
from jwcrypto.jwk import JWK
from sd_jwt.verifier import SDJWTVerifier

from techmarket.certification import credential, verify
from techmarket.certification.verify import Answer, verify_file
from techmarket.kernel.canonical import canonical_json
from techmarket.kernel.seals import Seal
from techmarket.transparency import offline, rules
from techmarket.transparency.keyset import decode_base64url, encode_base64url

ISSUER, LOG, RECEIPTS, STRANGER = Seal.generate(), Seal.generate(), Seal.generate(), Seal.generate()
TRUSTED = {seal.kid: seal.public for seal in (ISSUER, LOG, RECEIPTS)}
AT = datetime(2026, 4, 20, 8, 0, tzinfo=UTC)
NUMBER = "ZJ-2026-000001"
CERTIFICATE, CONTRACT, MARKET, ENTRY, LOG_ID = (UUID(int=n) for n in range(1, 6))
PRICE = {"entry_fee": {"amount": "600000.00", "currency": "CNY"}, "royalty": None}
FACTS = {
    "contract": {"id": str(CONTRACT), "number": "HT-2026-000001"},
    "parties": [{"name": "示例大学一"}],
    "trade": {"number": "XM-2026-000001", "price": PRICE["entry_fee"]},
    "price": PRICE,
    "payments": {"dues": [{"amount": PRICE["entry_fee"]}], "royalty_reports": []},
}
SUBJECT = {"id": "urn:sample", "certificateNumber": NUMBER, "transaction": FACTS}
SALT = bytes(range(16))


@dataclasses.dataclass
class Sample:
    """The parts of a file, each of which a test may bend before the file is made."""

    issuer: Seal = ISSUER
    log_seal: Seal = LOG
    state: str = "ISSUED"
    number: str = NUMBER
    why: str | None = None
    entry_id: UUID = ENTRY
    kind: str = verify.ISSUED_KIND
    digest: str | None = None
    facts: dict[str, Any] | None = None
    paper_sha256: str | None = None
    size: int = 7
    position: int = 4

    def token(self) -> str:
        document = credential.compose(
            certificate_id=CERTIFICATE,
            number=NUMBER,
            issuer_id=MARKET,
            issuer_name="Sample market",
            issued_at=AT,
            facts=self.facts or FACTS,
        )
        return credential.issue(self.issuer, document)

    def status(self, digest: str) -> str:
        said = credential.status_of(
            number=self.number,
            credential_sha256=digest,
            state=self.state,
            since=AT,
            why=self.why,
            as_of=AT + timedelta(days=1),
            paper_sha256=self.paper_sha256,
        )
        return credential.sign(self.issuer, credential.STATUS_HEADER, said)

    def row(self, digest: str) -> bytes:
        facts = {"credential_sha256": self.digest or digest, "number": NUMBER}
        return canonical_json({"facts": facts, "id": str(ENTRY), "kind": self.kind, "salted": True})

    def proof(self, digest: str) -> dict[str, Any]:
        leaf = hashlib.sha256(b"\x00" + SALT + self.row(digest)).digest()
        leaves = [hashlib.sha256(bytes([n])).digest() for n in range(self.size)]
        leaves[self.position] = leaf
        path = rules.inclusion_proof(self.position, leaves)
        checkpoint = offline.Checkpoint(offline.origin_of(str(LOG_ID)), self.size, rules.root_of(leaves))
        return {
            "log_id": str(LOG_ID),
            "entry_id": str(self.entry_id),
            "position": self.position,
            "row": self.row(digest).decode(),
            "salt": SALT.hex(),
            "path": [step.hex() for step in path],
            "checkpoint": offline.sign_checkpoint(checkpoint, self.log_seal),
            "kid": self.log_seal.kid,
        }

    def promise(self, digest: str) -> dict[str, Any]:
        leaf = hashlib.sha256(b"\x00" + SALT + self.row(digest)).hexdigest()
        body = {"entry_id": str(ENTRY), "leaf_hash": leaf, "log_id": str(LOG_ID)}
        signature = RECEIPTS.sign(canonical_json(body)).hex()
        return {
            **body,
            "row": self.row(digest).decode(),
            "salt": SALT.hex(),
            "kid": RECEIPTS.kid,
            "signature": signature,
        }

    def file(self, *, proven: bool = True) -> bytes:
        token = self.token()
        digest = credential.jwt_sha256(token)
        log = {"proof": self.proof(digest)} if proven else {"promise": self.promise(digest)}
        return verify.file_bytes(credential=token, status=self.status(digest), log=log)


def test_a_file_in_the_log_is_valid_and_says_what_was_checked_and_what_was_not():
    verdict = verify_file(Sample().file(), TRUSTED)
    assert (verdict.answer, verdict.number, verdict.fault) == (Answer.VALID, NUMBER, None)
    assert verdict.checked == ("form", "signature", "disclosures", "status", "checkpoint", "inclusion")
    assert verdict.not_checked == ("status_since", "log_consistency", "facts", "keys")
    assert verdict.as_of == "2026-04-21T08:00:00.000000Z"
    assert verdict.credential is not None
    assert verdict.credential["credentialSubject"]["transaction"] == FACTS
    assert set(verdict.checked) | set(verdict.not_checked) <= set(verify.SENTENCES)


def test_a_file_before_its_checkpoint_is_valid_by_the_signed_promise_and_says_so():
    verdict = verify_file(Sample().file(proven=False), TRUSTED)
    assert verdict.answer is Answer.VALID
    assert verdict.checked == ("form", "signature", "disclosures", "status", "promise")
    assert verdict.not_checked[:2] == ("checkpoint", "inclusion")


@pytest.mark.parametrize("proven", [True, False])
def test_one_byte_changed_anywhere_makes_a_file_not_ours(proven: bool):
    raw = Sample().file(proven=proven)
    assert verify_file(raw, TRUSTED).is_valid
    for place in range(len(raw)):
        for flip in (0x01, 0x20, 0x80):
            bent = raw[:place] + bytes([raw[place] ^ flip]) + raw[place + 1 :]
            verdict = verify_file(bent, TRUSTED)
            assert verdict.answer is Answer.NOT_OURS, (place, flip, bent[max(0, place - 20) : place + 20])
            assert verdict.fault is not None


def test_bytes_added_or_cut_off_make_a_file_not_ours():
    raw = Sample().file()
    for bent in (raw + b"\n", b" " + raw, raw[:-1], raw[1:], b"", b"{}", b"[]", b"null", b"\xff", b"[" * 100_000):
        assert verify_file(bent, TRUSTED).answer is Answer.NOT_OURS
        assert verify_file(bent, TRUSTED).fault == "form"


@pytest.mark.parametrize(
    "state, answer", [("SUSPENDED", Answer.SUSPENDED), ("REVOKED", Answer.REVOKED), ("ISSUED", Answer.VALID)]
)
def test_a_suspended_or_revoked_file_says_since_when_and_why(state: str, answer: Answer):
    verdict = verify_file(Sample(state=state, why="FACTS_WRONG").file(), TRUSTED)
    assert (verdict.answer, verdict.since, verdict.why) == (answer, "2026-04-20T08:00:00.000000Z", "FACTS_WRONG")


@pytest.mark.parametrize(
    "sample, fault",
    [
        (Sample(issuer=STRANGER), "signature"),
        (Sample(log_seal=STRANGER), "checkpoint"),
        (Sample(number="ZJ-2026-000002"), "status"),
        (Sample(state="PREPARED"), "status"),
        (Sample(kind="certification.certificate_revoked"), "inclusion"),
        (Sample(digest="0" * 64), "inclusion"),
        (Sample(entry_id=CONTRACT), "inclusion"),
    ],
)
def test_a_file_that_another_key_signed_or_whose_parts_do_not_belong_together_is_not_ours(sample: Sample, fault: str):
    verdict = verify_file(sample.file(), TRUSTED)
    assert (verdict.answer, verdict.fault, verdict.credential) == (Answer.NOT_OURS, fault, None)


def test_without_trusted_keys_nothing_is_ours():
    assert verify_file(Sample().file(), {}).fault == "signature"


def test_a_status_of_another_certificate_is_not_taken():
    mine, other = json.loads(Sample().file()), Sample(issuer=ISSUER)
    swapped = {**mine, "status": other.status("0" * 64)}
    assert verify_file(canonical_json(swapped), TRUSTED).fault == "status"


def test_a_status_cannot_stand_where_the_credential_belongs():
    mine = json.loads(Sample().file())
    swapped = {**mine, "credential": mine["status"]}
    assert verify_file(canonical_json(swapped), TRUSTED).fault == "signature"


def public_jwk() -> dict[str, str]:
    return {"kty": "OKP", "crv": "Ed25519", "x": encode_base64url(ISSUER.public.raw)}


def test_a_common_library_reads_the_signed_part_as_an_ed25519_jws_that_tells_no_price():
    token = Sample().token()
    opened = jws.deserialize_compact(token.partition("~")[0], OKPKey.import_key(public_jwk()), algorithms=["Ed25519"])
    assert opened.headers() == {"alg": "Ed25519", "cty": "vc", "kid": ISSUER.kid, "typ": "vc+sd-jwt"}
    document = json.loads(opened.payload or b"")
    assert document["type"] == ["VerifiableCredential", "TransactionCertificate"]
    assert document["validFrom"] == "2026-04-20T08:00:00.000000Z"
    assert b"600000.00" not in (opened.payload or b"")
    assert {len(document["credentialSubject"]["transaction"]["_sd"]), document["_sd_alg"]} == {2, "sha-256"}


@pytest.mark.parametrize("hide", [[], ["payments"], ["price"]])
def test_the_reference_implementation_of_sd_jwt_reads_what_is_shown_and_nothing_else(hide: list[str]):
    shown = verify.present(Sample().file(), hide, TRUSTED)
    read = SDJWTVerifier(
        json.loads(shown)["credential"], lambda issuer, header: JWK(**public_jwk()), None, None
    ).get_verified_payload()
    assert read == verify_file(shown, TRUSTED).credential


def test_a_holder_hides_the_price_and_the_file_still_verifies():
    shown = verify.present(Sample().file(), ["price"], TRUSTED)
    verdict = verify_file(shown, TRUSTED)
    assert (verdict.answer, verdict.hidden) == (Answer.VALID, ("price", "trade.price", "payments"))
    assert verdict.credential is not None
    left = verdict.credential["credentialSubject"]["transaction"]
    assert left == {
        "contract": FACTS["contract"],
        "parties": FACTS["parties"],
        "trade": {"number": "XM-2026-000001"},
    }
    assert encode_base64url(b"600000.00")[:8] not in shown.decode()
    assert verify_file(Sample().file(), TRUSTED).hidden == ()


def test_hiding_less_afterwards_brings_nothing_back():
    once = verify.present(Sample().file(), ["payments"], TRUSTED)
    assert verify_file(once, TRUSTED).hidden == ("payments",)
    twice = verify.present(once, ["price"], TRUSTED)
    assert verify_file(twice, TRUSTED).hidden == ("price", "trade.price", "payments")
    assert verify.present(twice, ["payments"], TRUSTED) == twice


def bent(change: Any) -> bytes:
    parts = json.loads(Sample().file())
    token, *disclosures, _ = parts["credential"].split("~")
    return canonical_json({**parts, "credential": change(token, disclosures)})


def a_disclosure(name: str, value: Any, salt: str = "c2FsdHNhbHRzYWx0") -> str:
    return encode_base64url(canonical_json([salt, name, value]))


@pytest.mark.parametrize(
    "change",
    [
        lambda token, given: "~".join([token, *given, given[0], ""]),
        lambda token, given: "~".join([token, a_disclosure("price", {}), *given[1:], ""]),
        lambda token, given: "~".join([token, *given, a_disclosure("winner", "me"), ""]),
        lambda token, given: "~".join([token, *given, "", ""]),
        lambda token, given: "~".join([token, *given, "!!", ""]),
        lambda token, given: "~".join([token, *given, "a.key.binding"]),
        lambda token, given: "~".join([token, *(["W10"] * 100), ""]),
        lambda token, given: "~".join([token, encode_base64url(b"[" * 5_000), ""]),
    ],
)
def test_a_disclosure_that_was_not_signed_makes_a_file_not_ours(change: Any):
    verdict = verify_file(bent(change), TRUSTED)
    assert (verdict.answer, verdict.fault) == (Answer.NOT_OURS, "disclosures")


def test_a_price_cannot_be_guessed_from_its_digest():
    tokens = [Sample().token().partition("~")[0] for _ in range(2)]
    digests = [set(claims(token)["credentialSubject"]["transaction"]["_sd"]) for token in tokens]
    assert digests[0].isdisjoint(digests[1])
    salts = [json.loads(decode_base64url(one))[0] for one in Sample().token().split("~")[1:-1]]
    assert len({*salts}) == 3
    assert min(len(decode_base64url(salt)) for salt in salts) >= 16


def claims(token: str) -> dict[str, Any]:
    return json.loads(decode_base64url(token.split(".")[1]))


def test_a_certificate_from_before_prices_could_be_hidden_still_verifies():
    document = claims(Sample().token())
    plain = credential.sign(ISSUER, credential.PLAIN_HEADER, {**document, "credentialSubject": SUBJECT})
    sample = Sample()
    digest = credential.jwt_sha256(plain)
    log = {"proof": sample.proof(digest)}
    verdict = verify_file(verify.file_bytes(credential=plain, status=sample.status(digest), log=log), TRUSTED)
    assert (verdict.answer, verdict.hidden) == (Answer.VALID, ())
    opened = verify.file_bytes(credential=plain + "~", status=sample.status(digest), log=log)
    assert verify_file(opened, TRUSTED).fault == "signature"
