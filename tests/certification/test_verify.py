"""A certificate file is ours to the last byte, or it is not ours."""

from __future__ import annotations

import dataclasses
import gzip
import hashlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from joserfc import jws
from joserfc.jwk import OKPKey
from jwcrypto.jwk import JWK
from sd_jwt.verifier import SDJWTVerifier

from techmarket.certification import credential, statuslist, verify
from techmarket.certification.statuslist import Place, StatusPurpose
from techmarket.certification.verify import Answer, Beside, verify_file
from techmarket.kernel.canonical import canonical_json
from techmarket.kernel.seals import Seal
from techmarket.transparency import offline, rules
from techmarket.transparency.evidence import Unproven, read_document
from techmarket.transparency.keyset import TrustedKeys, decode_base64url, encode_base64url, key_for, trusted_keys

ISSUER, LOG, RECEIPTS, STRANGER = Seal.generate(), Seal.generate(), Seal.generate(), Seal.generate()
TRUSTED = {seal.kid: seal.public for seal in (ISSUER, LOG, RECEIPTS)}
AT = datetime(2026, 4, 20, 8, 0, tzinfo=UTC)
NUMBER = "ZJ-2026-000001"
URL = "https://market.example"
CERTIFICATE, CONTRACT, MARKET, ENTRY, LOG_ID = (UUID(int=n) for n in range(1, 6))
PRICE = {"entry_fee": {"amount": "600000.00", "currency": "CNY"}, "royalty": None}
FACTS = {
    "contract": {"id": str(CONTRACT), "number": "HT-2026-000001"},
    "parties": [{"name": "示例大学一"}],
    "trade": {"number": "XM-2026-000001", "price": PRICE["entry_fee"]},
    "price": PRICE,
    "payments": {"dues": [{"amount": PRICE["entry_fee"]}], "royalty_reports": []},
    "notices": [],
}
SUBJECT = {"id": "urn:sample", "certificateNumber": NUMBER, "transaction": FACTS}
SALT = bytes(range(16))
ALL_HIDDEN = ("price", "trade.price", "payments", "trade.number", "notices")


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
    place: Place | None = None
    as_of: datetime = AT + timedelta(days=1)
    missing: bool = False
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
            place=self.place,
            public_url=URL,
        )
        return credential.issue(self.issuer, document)

    def status(self, digest: str) -> str:
        said = credential.status_of(
            number=self.number,
            credential_sha256=digest,
            state=self.state,
            since=AT,
            why=self.why,
            as_of=self.as_of,
            paper_sha256=self.paper_sha256,
        )
        return credential.sign(self.issuer, credential.STATUS_HEADER, said)

    def row(self, digest: str) -> bytes:
        facts = {"credential_sha256": self.digest or digest, "number": NUMBER}
        return canonical_json({"facts": facts, "id": str(ENTRY), "kind": self.kind, "salted": True})

    def proof(self, digest: str) -> dict[str, Any]:
        leaf = hashlib.sha256(b"\x00" + SALT + self.row(digest)).digest()
        leaves = [hashlib.sha256(bytes([n])).digest() for n in range(self.size)]
        leaves[self.position] = leaves[0] if self.missing else leaf
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
    assert fault not in {*verdict.checked, *verdict.not_checked}


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
    assert {len(document["credentialSubject"]["transaction"]["_sd"]), document["_sd_alg"]} == {3, "sha-256"}


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
    assert (verdict.answer, verdict.hidden) == (
        Answer.VALID,
        ("price", "trade.price", "payments", "trade.number", "notices"),
    )
    assert verdict.credential is not None
    left = verdict.credential["credentialSubject"]["transaction"]
    assert left == {
        "contract": FACTS["contract"],
        "parties": FACTS["parties"],
        "trade": {},
    }
    assert encode_base64url(b"600000.00")[:8] not in shown.decode()
    assert verify_file(Sample().file(), TRUSTED).hidden == ()


def test_hiding_less_afterwards_brings_nothing_back():
    once = verify.present(Sample().file(), ["payments"], TRUSTED)
    assert verify_file(once, TRUSTED).hidden == ("payments",)
    twice = verify.present(once, ["price"], TRUSTED)
    assert verify_file(twice, TRUSTED).hidden == ("price", "trade.price", "payments", "trade.number", "notices")
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
    assert len({*salts}) == 5
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


# --- keys, log, status: each its own verdict ---


def published(*, until: datetime | None = None, uses: dict[str, str] | None = None) -> TrustedKeys:
    """The keys as the market publishes them, each for its use; `until` retires the issuer's."""
    found = TrustedKeys()
    for seal, use in ((ISSUER, "issuer"), (LOG, "log"), (RECEIPTS, "receipts")):
        found.put(seal.public, use=(uses or {}).get(seal.kid, use), until=until if use == "issuer" else None)
    return found


def test_what_a_key_signed_before_it_was_retired_stays_signed_and_later_it_signs_nothing():
    raw = Sample().file()
    assert verify_file(raw, published()).is_valid
    assert verify_file(raw, published(until=AT + timedelta(days=2))).is_valid
    for until in (AT, AT - timedelta(days=1), AT + timedelta(days=1)):  # the credential's day, and the status's
        verdict = verify_file(raw, published(until=until))
        assert (verdict.answer, verdict.fault) == (Answer.NOT_OURS, "key_expired")


@pytest.mark.parametrize(("seal", "fault"), [(ISSUER, "signature"), (LOG, "checkpoint")])
def test_a_key_of_another_use_signs_nothing_here(seal: Seal, fault: str):
    verdict = verify_file(Sample().file(), published(uses={seal.kid: "receipts"}))
    assert (verdict.answer, verdict.fault) == (Answer.NOT_OURS, fault)
    assert verify_file(Sample().file(proven=False), published(uses={RECEIPTS.kid: "log"})).fault == "promise"


def test_an_entry_that_is_not_in_the_log_shows():
    verdict = verify_file(Sample(missing=True).file(), TRUSTED)
    assert (verdict.answer, verdict.fault, verdict.checked[-1]) == (Answer.NOT_OURS, "inclusion", "status")


def a_checkpoint(size: int, *, other: bool = False, seal: Seal = LOG) -> tuple[str, list[bytes]]:
    """A note over the sample's log as it grew, or over one that is another from its second entry on."""
    leaves = [hashlib.sha256(bytes([n])).digest() for n in range(size)]
    if other:
        leaves[1] = leaves[0]
    root = rules.root_of(leaves)
    return offline.sign_checkpoint(offline.Checkpoint(offline.origin_of(str(LOG_ID)), size, root), seal), leaves


def grown(sample: Sample, size: int) -> tuple[bytes, str, tuple[str, ...]]:
    """A file, a later checkpoint of the same log, and the proof that the one grew from the other."""
    raw = sample.file()
    parts = json.loads(raw)
    row, salt = parts["log"]["proof"]["row"], SALT
    leaves = [hashlib.sha256(bytes([n])).digest() for n in range(size)]
    leaves[sample.position] = hashlib.sha256(b"\x00" + salt + row.encode()).digest()
    note = offline.sign_checkpoint(offline.Checkpoint(offline.origin_of(str(LOG_ID)), size, rules.root_of(leaves)), LOG)
    path = tuple(step.hex() for step in rules.consistency_proof(sample.size, leaves))
    return raw, note, path


def test_a_later_checkpoint_that_grew_from_the_files_own_is_checked_and_one_without_proof_is_not():
    raw, note, path = grown(Sample(), 20)
    verdict = verify_file(raw, TRUSTED, Beside(checkpoint=note, growth=path))
    assert (verdict.answer, verdict.checked[-1]) == (Answer.VALID, "log_consistency")
    assert "log_consistency" not in verdict.not_checked
    silent = verify_file(raw, TRUSTED, Beside(checkpoint=note))
    assert (silent.answer, "log_consistency" in silent.not_checked) == (Answer.VALID, True)
    wrong = verify_file(raw, TRUSTED, Beside(checkpoint=note, growth=(*path[:-1], "00" * 32)))
    assert (wrong.answer, wrong.fault) == (Answer.NOT_OURS, "log_consistency")


def test_two_signed_roots_of_one_size_are_a_fork():
    note, _ = a_checkpoint(7, other=True)
    verdict = verify_file(Sample().file(), TRUSTED, Beside(checkpoint=note))
    assert (verdict.answer, verdict.fault) == (Answer.NOT_OURS, "fork")
    same = json.loads(Sample().file())["log"]["proof"]["checkpoint"]
    strangers, _ = a_checkpoint(7, other=True, seal=STRANGER)
    assert verify_file(Sample().file(), TRUSTED, Beside(checkpoint=strangers)).is_valid  # nobody's word
    assert isinstance(same, str)


PLACE = Place(0, 70_007)


def a_list(
    purpose: StatusPurpose, *set_bits: int, at: datetime = AT + timedelta(days=2), seal: Seal = ISSUER, n: int = 0
) -> str:
    document = statuslist.compose(
        issuer_id=MARKET,
        issuer_name="Sample market",
        url=statuslist.url_of(URL, purpose, n),
        purpose=purpose,
        set_bits=set_bits,
        now=at,
        fresh_for=timedelta(hours=24),
    )
    return credential.sign(seal, statuslist.HEADER, document)


def beside(*lists: str, now: datetime = AT + timedelta(days=2, hours=1)) -> Beside:
    return Beside(status_lists=lists, now=now)


REVOKED, HELD = StatusPurpose.REVOCATION, StatusPurpose.SUSPENSION


def test_fresh_status_lists_say_how_a_certificate_stands_after_its_file_was_made():
    raw = Sample(place=PLACE).file()
    clean = verify_file(raw, TRUSTED, beside(a_list(REVOKED, 5), a_list(HELD, 6)))
    assert (clean.answer, clean.warnings, clean.as_of) == (Answer.VALID, (), "2026-04-22T08:00:00.000000Z")
    assert "status_list" in clean.checked
    assert "status_since" not in clean.not_checked
    gone = verify_file(raw, TRUSTED, beside(a_list(REVOKED, PLACE.index), a_list(HELD)))
    assert (gone.answer, gone.why, gone.since) == (Answer.REVOKED, verify.LISTED_WHY, None)
    held = verify_file(raw, TRUSTED, beside(a_list(REVOKED), a_list(HELD, PLACE.index)))
    assert (held.answer, held.why) == (Answer.SUSPENDED, verify.LISTED_WHY)
    half = verify_file(raw, TRUSTED, beside(a_list(REVOKED)))
    assert (half.answer, "status_since" in half.not_checked) == (Answer.VALID, True)


def test_a_suspension_that_was_lifted_is_over_by_the_lists_and_a_revocation_never():
    lists = (a_list(REVOKED), a_list(HELD))
    lifted = verify_file(Sample(place=PLACE, state="SUSPENDED", why="DISPUTE").file(), TRUSTED, beside(*lists))
    assert (lifted.answer, lifted.why) == (Answer.VALID, None)
    gone = verify_file(Sample(place=PLACE, state="REVOKED", why="OTHER").file(), TRUSTED, beside(*lists))
    assert (gone.answer, gone.why) == (Answer.REVOKED, "OTHER")


@pytest.mark.parametrize(
    ("given", "warning"),
    [
        (a_list(REVOKED, at=AT - timedelta(days=30)), "status_list_stale"),
        (a_list(REVOKED, at=AT + timedelta(days=30)), "status_list_stale"),
        (a_list(REVOKED, seal=STRANGER), "status_list"),
        (a_list(REVOKED, n=1), "status_list"),
        ("nonsense", "status_list"),
        ("", "status_list"),
    ],
)
def test_a_list_that_is_stale_or_not_ours_says_nothing_and_is_named(given: str, warning: str):
    verdict = verify_file(Sample(place=PLACE).file(), TRUSTED, beside(given))
    assert (verdict.answer, verdict.warnings) == (Answer.VALID, (warning,))
    assert "status_since" in verdict.not_checked
    assert warning in verify.SENTENCES


def test_a_certificate_without_a_place_is_in_no_list():
    assert verify_file(Sample().file(), TRUSTED, beside(a_list(REVOKED))).warnings == ("status_list",)


def test_the_bits_of_a_list_are_those_of_the_standard():
    bits = statuslist.decode(statuslist.encode({0, 7, 8, 131_071}))
    assert (len(bits), bits[0], bits[1], bits[-1]) == (16_384, 0b1000_0001, 0b1000_0000, 1)
    assert [n for n in range(statuslist.BITS) if statuslist.is_set(bits, n)] == [0, 7, 8, 131_071]
    # The list of the standard's own example: 16 KB of nought.
    example = "uH4sIAAAAAAAAA-3BMQEAAADCoPVPbQwfoAAAAAAAAAAAAAAAAAAAAIC3AYbSVKsAQAAA"
    assert statuslist.decode(example) == bytes(16_384)


@pytest.mark.parametrize("encoded", ["", "u", "z" + "A" * 40, "uAAAA", "u" + "A" * 70_000])
def test_what_is_no_list_of_bits_or_unpacks_to_more_is_refused(encoded: str):
    with pytest.raises(Unproven):
        statuslist.decode(encoded)
    bomb = "u" + encode_base64url(gzip.compress(bytes(10_000_000)))
    with pytest.raises(Unproven):
        statuslist.decode(bomb)


# --- what others made: RFC 8032 traps and RFC 8785 spellings through our own way ---

VECTORS = Path(__file__).parents[1] / "kernel"


def test_every_ed25519_trap_of_wycheproof_is_judged_as_it_should_be_by_the_keys_a_verifier_holds():
    suite = json.loads((VECTORS / "ed25519" / "wycheproof_ed25519.json").read_text())
    judged = 0
    for group in suite["testGroups"]:
        raw = bytes.fromhex(group["publicKey"]["pk"])
        jwk = {"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "x", "x": encode_base64url(raw), "use_here": "issuer"}]}
        [(kid, key)] = trusted_keys(jwk).items()
        assert key_for(trusted_keys(jwk), kid, "log") is None
        for test in group["tests"]:
            good = key.verify(bytes.fromhex(test["sig"]), bytes.fromhex(test["msg"]))
            assert good is (test["result"] == "valid"), test["tcId"]
            judged += 1
    assert judged == suite["numberOfTests"] > 100


@pytest.mark.parametrize("name", ["arrays", "french", "structures", "unicode", "values", "weird"])
def test_only_the_canonical_spelling_of_others_vectors_is_read_as_a_file(name: str):
    loose = (VECTORS / "jcs" / "input" / f"{name}.json").read_bytes()
    exact = bytes.fromhex((VECTORS / "jcs" / "outhex" / f"{name}.txt").read_text())
    for raw, is_exact in ((exact, True), (loose, False)):
        whole = b'{"form":"sample","value":' + raw.strip() + b"}"
        if is_exact:
            assert read_document(whole, form="sample", parts={"form", "value"}, size_max=10_000)
        elif whole != b'{"form":"sample","value":' + exact + b"}":
            with pytest.raises(Unproven):
                read_document(whole, form="sample", parts={"form", "value"}, size_max=10_000)
