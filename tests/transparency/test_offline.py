"""Signed notes and cosignatures, as C2SP writes them."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from uuid import UUID

import pytest

from techmarket.kernel.seals import Seal
from techmarket.transparency import offline, rules
from techmarket.transparency.offline import COSIGNATURE, ED25519, Checkpoint, NotACheckpoint, Verifier

LOG, WITNESS = Seal.generate(), Seal.generate()
CHECKPOINT = Checkpoint("techmarket/log/sample", 20_852_163, bytes(range(32)))
NOTE = offline.sign_checkpoint(CHECKPOINT, LOG)
AT = datetime(2026, 3, 2, 2, 0, 0, tzinfo=UTC)
BY = Verifier("witness.example/w1", WITNESS.public)


def test_a_published_verifier_key_is_read_and_written_as_it_stands() -> None:
    known = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    verifier = Verifier.parse(known)
    assert (verifier.name, verifier.algorithm, str(verifier)) == ("PeterNeumann", ED25519, known)
    assert Verifier.parse(str(BY)) == BY
    assert BY.algorithm == COSIGNATURE


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "PeterNeumann",
        "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeuman+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a3+AhpcSQ==",
        "Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a3+not base64",
    ],
)
def test_a_verifier_key_whose_parts_do_not_fit_is_refused(wrong: str) -> None:
    with pytest.raises(NotACheckpoint):
        Verifier.parse(wrong)


def test_a_note_is_three_lines_and_a_signature_over_exactly_them() -> None:
    body, signature = NOTE.split("\n\n")
    assert body == f"techmarket/log/sample\n20852163\n{base64.b64encode(bytes(range(32))).decode()}"
    mark, name, encoded = signature.split(" ")
    raw = base64.b64decode(encoded)
    assert (mark, name, len(raw)) == ("—", "techmarket/log/sample", 68)
    assert LOG.public.verify(raw[4:], (body + "\n").encode())
    assert offline.open_checkpoint(NOTE, LOG.public) == CHECKPOINT
    with pytest.raises(NotACheckpoint, match="not signed by this key"):
        offline.open_checkpoint(NOTE, WITNESS.public)


def test_a_cosignature_signs_its_time_and_the_whole_body_and_leaves_the_note_valid() -> None:
    line = offline.cosign(CHECKPOINT, BY.name, WITNESS, AT)
    cosigned = NOTE + line
    raw = base64.b64decode(line.split(" ")[2])
    assert (len(raw), int.from_bytes(raw[4:12], "big")) == (76, int(AT.timestamp()))
    said = f"cosignature/v1\ntime {int(AT.timestamp())}\n{CHECKPOINT.body}".encode()
    assert WITNESS.public.verify(raw[12:], said)
    assert offline.open_checkpoint(cosigned, LOG.public) == CHECKPOINT
    assert offline.cosigned_at(cosigned, BY) == AT
    assert offline.cosigned_at(NOTE, BY) is None
    assert offline.cosigned_at(cosigned, Verifier(BY.name, LOG.public)) is None
    assert offline.cosigned_at(cosigned, Verifier("witness.example/w2", WITNESS.public)) is None


def test_a_cosignature_for_another_body_or_with_another_time_is_none() -> None:
    line = offline.cosign(CHECKPOINT, BY.name, WITNESS, AT)
    other = Checkpoint(CHECKPOINT.origin, CHECKPOINT.size + 1, CHECKPOINT.root)
    assert offline.cosigned_at(offline.sign_checkpoint(other, LOG) + line, BY) is None
    raw = bytearray(base64.b64decode(line.split(" ")[2]))
    raw[11] ^= 1
    bent = f"— {BY.name} {base64.b64encode(bytes(raw)).decode()}\n"
    assert offline.cosigned_at(NOTE + bent, BY) is None
    raw[4:12] = b"\xff" * 8
    assert offline.cosigned_at(NOTE + f"— {BY.name} {base64.b64encode(bytes(raw)).decode()}\n", BY) is None


@pytest.mark.parametrize(
    "bent",
    [
        NOTE.replace("20852163", "020852163"),
        NOTE.replace("20852163", "-1"),
        NOTE.replace("20852163", "٣"),
        NOTE.replace("20852163", "9" * 19),
        NOTE.replace("\n\n", "\nmore\n\n"),
        NOTE.replace("\n\n", "\n"),
        NOTE.replace("techmarket", "", 1).replace("/log/sample", "", 1),
        NOTE + "— x not-base64!\n",
        NOTE + "- x QUFBQQ==\n",
        NOTE + "— QUFBQQ==\n",
        NOTE + "— a QUFBQQ==\n" * 65,
        "",
    ],
)
def test_a_malformed_note_is_no_checkpoint(bent: str) -> None:
    with pytest.raises(NotACheckpoint):
        offline.open_checkpoint(bent, LOG.public)


def test_the_origin_of_a_log_tells_its_id_and_whether_it_is_a_sandbox() -> None:
    log = UUID("0190c0de-0000-7000-8000-000000000001")
    for sandbox in (False, True):
        origin = offline.origin_of(str(log), sandbox=sandbox)
        assert (offline.is_of_a_sandbox(origin), offline.log_id_of(origin)) == (sandbox, log)


ROW, PROOF_SALT = '{"kind":"sample"}', b"s" * 16
LEAVES = [rules.leaf_hash(b"other"), rules.leaf_hash(PROOF_SALT + ROW.encode()), rules.leaf_hash(b"third")]
UNDER = Checkpoint("techmarket/log/sample", 3, rules.root_of(LEAVES))
PROOF: dict[str, object] = {
    "checkpoint": offline.sign_checkpoint(UNDER, LOG),
    "row": ROW,
    "salt": PROOF_SALT.hex(),
    "position": 1,
    "path": [one.hex() for one in rules.inclusion_proof(1, LEAVES)],
}


def test_a_proof_holds_for_its_own_row_and_place_under_the_key_that_signed() -> None:
    assert offline.proof_holds(PROOF, LOG.public)
    assert not offline.proof_holds(PROOF, WITNESS.public)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("row", ROW + " "),
        ("salt", b"t".hex() * 16),
        ("salt", "no hex"),
        ("salt", None),
        ("position", 0),
        ("position", "1"),
        ("position", 1.0),
        ("path", []),
        ("path", ["zz"]),
        ("path", 7),
        ("checkpoint", NOTE),
        ("checkpoint", ""),
    ],
)
def test_a_proof_with_anything_changed_malformed_or_left_out_does_not_hold(field: str, value: object) -> None:
    assert not offline.proof_holds(PROOF | {field: value}, LOG.public)
    assert not offline.proof_holds({name: said for name, said in PROOF.items() if name != field}, LOG.public)
