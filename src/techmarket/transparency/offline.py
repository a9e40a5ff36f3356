"""What a stranger checks without us: a checkpoint's signature, and that an entry is under it. No database, no network.

A checkpoint is a C2SP signed note (tlog-checkpoint): origin, size and root, and an Ed25519 signature line.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from techmarket.kernel.seals import Seal, SealKey
from techmarket.transparency import rules

ED25519 = b"\x01"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    origin: str
    size: int
    root: bytes


class NotACheckpoint(ValueError):
    """The note is malformed or not signed by the given key."""


def origin_of(log_id: str) -> str:
    return f"techmarket/log/{log_id}"


def sign_checkpoint(checkpoint: Checkpoint, seal: Seal) -> str:
    """The signed note of a checkpoint."""
    body = _body(checkpoint)
    signature = _key_hash(checkpoint.origin, seal.public) + seal.sign(body.encode())
    return f"{body}\n— {checkpoint.origin} {base64.b64encode(signature).decode()}\n"


def open_checkpoint(note: str, key: SealKey) -> Checkpoint:
    """The checkpoint inside a note, if `key` signed exactly these bytes."""
    body, separator, signatures = note.partition("\n\n")
    lines = body.split("\n")
    if not separator or len(lines) != 3 or not lines[1].isascii() or not lines[1].isdigit():
        raise NotACheckpoint("the note does not have the form of a checkpoint")
    if len(lines[1]) > 18 or (lines[1] != "0" and lines[1].startswith("0")):
        raise NotACheckpoint("the size does not have the form of a number")
    checkpoint = Checkpoint(lines[0], int(lines[1]), _decoded(lines[2]))
    if _body(checkpoint) != body + "\n":
        raise NotACheckpoint("the note is not in its one spelling")
    expected = _key_hash(checkpoint.origin, key)
    for line in signatures.splitlines():
        mark, _, rest = line.partition(" ")
        name, _, encoded = rest.rpartition(" ")
        if mark != "—" or name != checkpoint.origin:
            continue
        signature = _decoded(encoded)
        if signature[:4] == expected and key.verify(signature[4:], (body + "\n").encode()):
            return checkpoint
    raise NotACheckpoint("the note is not signed by this key")


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


def _body(checkpoint: Checkpoint) -> str:
    return f"{checkpoint.origin}\n{checkpoint.size}\n{base64.b64encode(checkpoint.root).decode()}\n"


def _key_hash(origin: str, key: SealKey) -> bytes:
    return hashlib.sha256(origin.encode() + b"\n" + ED25519 + key.raw).digest()[:4]


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise NotACheckpoint("not base64") from error
