"""What a stranger checks without us: a checkpoint's signature, and that an entry is under it. No database, no network.

A checkpoint is a C2SP signed note (tlog-checkpoint): origin, size and root, then signature lines: the log's own, and
those of witnesses (tlog-cosignature) who saw it and found it consistent with all they saw before.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from techmarket.kernel.seals import Seal, SealKey
from techmarket.transparency import rules

ORIGIN = "techmarket/log/"
SANDBOX_ORIGIN = "techmarket/sandbox/log/"
ED25519 = b"\x01"
COSIGNATURE = b"\x04"
SIGNATURES_MAX = 64
NOTE_MAX = 32_768


@dataclass(frozen=True, slots=True)
class Checkpoint:
    origin: str
    size: int
    root: bytes

    @property
    def body(self) -> str:
        """The note's text: what every signature is about."""
        return f"{self.origin}\n{self.size}\n{encoded(self.root)}\n"


@dataclass(frozen=True, slots=True)
class Verifier:
    """A name and the key that signs under it, as a C2SP verifier key writes them: `name+id+key`."""

    name: str
    key: SealKey
    algorithm: bytes = COSIGNATURE

    @property
    def key_id(self) -> bytes:
        return hashlib.sha256(self.name.encode() + b"\n" + self.algorithm + self.key.raw).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{encoded(self.algorithm + self.key.raw)}"

    @classmethod
    def parse(cls, text: str) -> Verifier:
        name, _, rest = text.partition("+")
        key_id, _, material = rest.partition("+")
        raw = decoded(material)
        if not _is_name(name) or raw[:1] not in (ED25519, COSIGNATURE) or len(raw) != 33:
            raise NotACheckpoint("a verifier key is name+id+key, for Ed25519")
        verifier = cls(name, SealKey.from_raw(raw[1:]), raw[:1])
        if verifier.key_id.hex() != key_id:
            raise NotACheckpoint("the id of the verifier key is not that of its key")
        return verifier


class NotACheckpoint(ValueError):
    """The note is malformed or not signed by the given key."""


def origin_of(log_id: str, *, sandbox: bool = False) -> str:
    """The first line of a log's checkpoints: it says of a sandbox that it is one."""
    return f"{SANDBOX_ORIGIN if sandbox else ORIGIN}{log_id}"


def is_of_a_sandbox(origin: str) -> bool:
    return origin.startswith(SANDBOX_ORIGIN)


def log_id_of(origin: str) -> UUID:
    return UUID(origin.removeprefix(SANDBOX_ORIGIN).removeprefix(ORIGIN))


def sign_checkpoint(checkpoint: Checkpoint, seal: Seal) -> str:
    """The signed note of a checkpoint."""
    signer = Verifier(checkpoint.origin, seal.public, ED25519)
    return f"{checkpoint.body}\n{_line(signer, seal.sign(checkpoint.body.encode()))}"


def read_checkpoint(note: str) -> Checkpoint:
    """The checkpoint that a note states, whoever signed it or did not: for finding the key, never for trusting it."""
    body, separator, _ = note.partition("\n\n")
    lines = body.split("\n")
    if not separator or len(note) > NOTE_MAX or len(lines) != 3 or not lines[0]:
        raise NotACheckpoint("the note does not have the form of a checkpoint")
    if not lines[1].isascii() or not lines[1].isdigit() or len(lines[1]) > 18:
        raise NotACheckpoint("the size does not have the form of a number")
    checkpoint = Checkpoint(lines[0], int(lines[1]), decoded(lines[2]))
    if checkpoint.body != body + "\n":
        raise NotACheckpoint("the note is not in its one spelling")
    return checkpoint


def open_checkpoint(note: str, key: SealKey) -> Checkpoint:
    """The checkpoint inside a note, if `key` signed exactly these bytes. Lines of unknown keys are passed over."""
    checkpoint = read_checkpoint(note)
    signature = _signature_by(note, Verifier(checkpoint.origin, key, ED25519))
    if signature is None or not key.verify(signature, checkpoint.body.encode()):
        raise NotACheckpoint("the note is not signed by this key")
    return checkpoint


def cosign(checkpoint: Checkpoint, name: str, seal: Seal, at: datetime) -> str:
    """A witness's line: as of `at`, this is the largest consistent tree of this log that he has seen."""
    seconds = int(at.timestamp())
    signature = seal.sign(_cosigned(checkpoint, seconds))
    return _line(Verifier(name, seal.public), struct.pack(">Q", seconds) + signature)


def cosigned_at(note: str, witness: Verifier) -> datetime | None:
    """When this witness cosigned the checkpoint of the note; None if he did not."""
    found = _signature_by(note, witness)
    if found is None or len(found) != 72:
        return None
    (seconds,) = struct.unpack(">Q", found[:8])
    if not witness.key.verify(found[8:], _cosigned(read_checkpoint(note), seconds)):
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def proof_holds(proof: Mapping[str, Any], key: SealKey) -> bool:
    """Whether a proof made by `steps.proof_for` shows that its entry is under a checkpoint that `key` signed.

    `row` is the entry's canonical bytes as text and `salt` its salt in hex: together they give the leaf.
    """
    try:
        checkpoint = open_checkpoint(str(proof["checkpoint"]), key)
        leaf = hashlib.sha256(b"\x00" + bytes.fromhex(proof["salt"]) + str(proof["row"]).encode()).digest()
        path = [bytes.fromhex(step) for step in proof["path"]]
        position = proof["position"]
        return isinstance(position, int) and rules.verify_inclusion(
            leaf, position, checkpoint.size, path, checkpoint.root
        )
    except (KeyError, TypeError, ValueError):
        return False


def _cosigned(checkpoint: Checkpoint, seconds: int) -> bytes:
    return f"cosignature/v1\ntime {seconds}\n{checkpoint.body}".encode()


def _line(signer: Verifier, signature: bytes) -> str:
    return f"— {signer.name} {encoded(signer.key_id + signature)}\n"


def _signature_by(note: str, signer: Verifier) -> bytes | None:
    """The signature of this key; where it signs twice, the first. Its line is one by name and id together."""
    for name, signature in _signatures(note):
        if name == signer.name and signature[:4] == signer.key_id:
            return signature[4:]
    return None


def _signatures(note: str) -> list[tuple[str, bytes]]:
    """Every signature line by name; one malformed line spoils the note."""
    lines = note.partition("\n\n")[2].splitlines()
    if len(lines) > SIGNATURES_MAX:
        raise NotACheckpoint("the note carries too many signatures")
    found = []
    for line in lines:
        mark, _, rest = line.partition(" ")
        name, _, signature = rest.rpartition(" ")
        if mark != "—" or not name:
            raise NotACheckpoint("a line below the note is no signature")
        found.append((name, decoded(signature)))
    return found


def _is_name(name: str) -> bool:
    return bool(name) and name.isprintable() and not any(char.isspace() or char == "+" for char in name)


def encoded(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise NotACheckpoint("not base64") from error
