"""What every file that verifies without us has in common: one spelling, and an entry shown to be in the log.

A file is the canonical JSON of its own content, so that no byte of it can change unnoticed. Its `log` part is either a
proof under a signed checkpoint or, while no checkpoint covers the entry, the market's signed promise. Each check has a
name; the first that fails ends the reading. Pure: bytes and public keys in, facts out.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from techmarket.kernel.canonical import NotCanonical, canonical_json
from techmarket.kernel.seals import SealKey
from techmarket.transparency import offline
from techmarket.transparency.keyset import key_for
from techmarket.transparency.rules import verify_inclusion

PATH_MAX = 64
PROOF = frozenset({"log_id", "entry_id", "position", "row", "salt", "path", "checkpoint", "kid"})
PROMISE = frozenset({"log_id", "entry_id", "leaf_hash", "row", "salt", "kid", "signature"})
_HEX = re.compile(r"(?:[0-9a-f]{2})+")


class Unproven(Exception):
    """A check did not hold; its name is the first argument."""

    @property
    def check(self) -> str:
        return str(self.args[0])


@dataclass(frozen=True, slots=True)
class Shown:
    """An entry as the file shows it to be in the log, and which checks showed it."""

    row: Mapping[str, Any]
    checked: tuple[str, ...]
    position: int | None = None
    checkpoint: offline.Checkpoint | None = None
    leaf_hash: str | None = None


def read_document(raw: bytes, *, form: str, parts: Collection[str], size_max: int) -> dict[str, Any]:
    """The content of a file in its one canonical spelling, with exactly these parts."""
    if len(raw) > size_max:
        raise Unproven("form")
    try:
        document = json.loads(raw.decode("utf-8"))
        spelled = canonical_json(document)
    except (ValueError, RecursionError, NotCanonical) as error:
        raise Unproven("form") from error
    if spelled != raw or not isinstance(document, dict) or document.keys() != set(parts) or document["form"] != form:
        raise Unproven("form")
    return document


def check_log(log: object, trusted: Mapping[str, SealKey]) -> Shown:
    """The entry that a file's log part proves to be in the log, or to have been promised to it."""
    if isinstance(log, dict) and log.keys() == {"proof"} and isinstance(log["proof"], dict):
        return _proven(log["proof"], trusted)
    if isinstance(log, dict) and log.keys() == {"promise"} and isinstance(log["promise"], dict):
        return _promised(log["promise"], trusted)
    raise Unproven("inclusion")


def check_checkpoint(note: object, key: SealKey | None, log_id: object) -> offline.Checkpoint:
    """The checkpoint in a note that has the market's one signature line and nothing else."""
    if key is None or not isinstance(note, str) or not isinstance(log_id, str):
        raise Unproven("checkpoint")
    try:
        checkpoint = offline.open_checkpoint(note, key)
        body, _, signature = note.partition("\n\n")
        encoded = signature.removeprefix(f"— {checkpoint.origin} ").removesuffix("\n")
        spelled = base64.b64encode(base64.b64decode(encoded, validate=True)).decode()
    except ValueError as error:
        raise Unproven("checkpoint") from error
    # Base64 has unused bits and a note may carry more lines; a file has one spelling.
    own = {offline.origin_of(log_id, sandbox=sandbox) for sandbox in (False, True)}
    if note != f"{body}\n\n— {checkpoint.origin} {spelled}\n" or checkpoint.origin not in own:
        raise Unproven("checkpoint")
    return checkpoint


def check_included(entry: Mapping[str, Any], checkpoint: offline.Checkpoint) -> Mapping[str, Any]:
    """The row of an entry (`entry_id`, `position`, `row`, `salt`, `path`) that lies under this checkpoint."""
    row = read_row(entry, "inclusion")
    position, path = entry.get("position"), entry.get("path")
    if type(position) is not int or not isinstance(path, list) or len(path) > PATH_MAX:
        raise Unproven("inclusion")
    steps = [unhex(step, "inclusion") for step in path]
    if not verify_inclusion(leaf_of(entry, "inclusion"), position, checkpoint.size, steps, checkpoint.root):
        raise Unproven("inclusion")
    return row


def read_row(entry: Mapping[str, Any], check: str) -> Mapping[str, Any]:
    """The entry's own words. They are worth something only once its leaf is shown to be in the log."""
    try:
        row = json.loads(entry["row"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Unproven(check) from error
    if not isinstance(row, dict) or not isinstance(row.get("kind"), str) or not isinstance(row.get("facts"), dict):
        raise Unproven(check)
    if row.get("id") != entry.get("entry_id"):
        raise Unproven(check)
    return row


def leaf_of(entry: Mapping[str, Any], check: str) -> bytes:
    return hashlib.sha256(b"\x00" + unhex(entry.get("salt"), check) + str(entry["row"]).encode()).digest()


def unhex(text: object, check: str) -> bytes:
    if not isinstance(text, str) or not _HEX.fullmatch(text):
        raise Unproven(check)
    return bytes.fromhex(text)


def _proven(proof: Mapping[str, Any], trusted: Mapping[str, SealKey]) -> Shown:
    if proof.keys() != PROOF or not all(isinstance(proof[name], str) for name in PROOF - {"position", "path"}):
        raise Unproven("checkpoint")
    checkpoint = check_checkpoint(proof["checkpoint"], key_for(trusted, proof["kid"], "log"), proof["log_id"])
    row = check_included(proof, checkpoint)
    leaf = leaf_of(proof, "inclusion").hex()
    return Shown(row, ("checkpoint", "inclusion"), proof["position"], checkpoint, leaf)


def _promised(promise: Mapping[str, Any], trusted: Mapping[str, SealKey]) -> Shown:
    if promise.keys() != PROMISE or not all(isinstance(value, str) for value in promise.values()):
        raise Unproven("promise")
    row = read_row(promise, "promise")
    leaf = leaf_of(promise, "promise")
    key = key_for(trusted, promise["kid"], "receipts")
    body = canonical_json({name: promise[name] for name in ("entry_id", "leaf_hash", "log_id")})
    if leaf.hex() != promise["leaf_hash"] or key is None:
        raise Unproven("promise")
    if not key.verify(unhex(promise["signature"], "promise"), body):
        raise Unproven("promise")
    return Shown(row, ("promise",), leaf_hash=leaf.hex())
