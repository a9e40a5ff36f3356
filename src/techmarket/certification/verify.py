"""The check anyone can run (验证): a certificate file, the market's public keys, and no network.

Three answers: valid; suspended or revoked, since when and why; not ours. The verdict names what was checked and what
was not: a file proves what the market signed and logged, and its standing when the file was made, not what came later.
Every byte of a file is covered: it must be the canonical spelling of its own content, and each part of the content is
signed by the market or hashed into a checkpoint the market signed.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from techmarket.certification.credential import CREDENTIAL_HEADER, STATUS_HEADER, jwt_sha256
from techmarket.kernel.canonical import NotCanonical, canonical_json
from techmarket.kernel.seals import SealKey
from techmarket.transparency import offline
from techmarket.transparency.rules import verify_inclusion

FORM = "techmarket-certificate/1"
ISSUED_KIND = "certification.certificate_issued"
SIZE_MAX = 512 * 1024
PATH_MAX = 64
PARTS = frozenset({"form", "credential", "status", "log"})
PROOF = frozenset({"log_id", "entry_id", "position", "row", "salt", "path", "checkpoint", "kid"})
PROMISE = frozenset({"log_id", "entry_id", "leaf_hash", "row", "salt", "kid", "signature"})
_HEX = re.compile(r"(?:[0-9a-f]{2})+")


class Answer(StrEnum):
    VALID = "valid"
    SUSPENDED = "suspended"
    REVOKED = "revoked"
    NOT_OURS = "not_ours"


SENTENCES: Mapping[str, tuple[str, str]] = {
    "form": ("文件为规范格式，无任何改动余地", "the file is in its one canonical spelling"),
    "signature": ("凭证由受信任的密钥签发", "the credential is signed by a trusted key"),
    "status": (
        "状态声明由受信任的密钥签发，且属于此凭证",
        "the status is signed by a trusted key and is this credential's",
    ),
    "checkpoint": ("日志检查点由受信任的密钥签发", "the log's checkpoint is signed by a trusted key"),
    "inclusion": ("凭证的签发记录在此检查点之内", "the issue of this credential is in the log under that checkpoint"),
    "promise": ("市场签名承诺将此签发写入日志", "the market promised under its seal to log this issue"),
    "status_since": ("文件生成之后的中止或撤销", "suspension or revocation after the file was made"),
    "log_consistency": ("此检查点与其他检查点的一致性", "whether this checkpoint agrees with others of the log"),
    "facts": ("所载事实本身的真实性", "whether the facts themselves are true"),
    "keys": ("受信任密钥的来源", "where the trusted keys came from"),
}
"""What each check says, in Chinese and English, for whoever shows a verdict."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the file is worth. `fault` names the first check that failed; `since` and `why` belong to the standing."""

    answer: Answer
    number: str | None = None
    since: str | None = None
    why: str | None = None
    as_of: str | None = None
    fault: str | None = None
    checked: tuple[str, ...] = ()
    not_checked: tuple[str, ...] = ()
    credential: Mapping[str, Any] | None = None

    @property
    def is_valid(self) -> bool:
        return self.answer is Answer.VALID


class _Failed(Exception):
    """A check did not hold; its name is the first argument."""


STANDINGS = {"ISSUED": Answer.VALID, "SUSPENDED": Answer.SUSPENDED, "REVOKED": Answer.REVOKED}


def file_bytes(*, credential: str, status: str, log: Mapping[str, Any]) -> bytes:
    """A certificate file: one spelling for one content."""
    return canonical_json({"form": FORM, "credential": credential, "status": status, "log": dict(log)})


def verify_file(raw: bytes, trusted: Mapping[str, SealKey]) -> Verdict:
    """A certificate is ours when every byte of its file is what the market signed and logged; else it is not."""
    checked: list[str] = []
    try:
        parts = _read(raw)
        checked.append("form")
        credential = _signed(parts["credential"], CREDENTIAL_HEADER, trusted, "signature")
        number = _member(credential, "credentialSubject", "certificateNumber", check="signature")
        checked.append("signature")
        status = _signed(parts["status"], STATUS_HEADER, trusted, "status")
        digest = jwt_sha256(parts["credential"])
        if (status.get("credential_sha256"), status.get("number")) != (digest, number):
            raise _Failed("status")
        answer = STANDINGS.get(status.get("state", ""))
        if answer is None or not all(_is_instant(status.get(name)) for name in ("since", "as_of")):
            raise _Failed("status")
        checked.append("status")
        checked += _check_log(parts["log"], trusted, digest=digest, number=number)
    except _Failed as failed:
        return Verdict(Answer.NOT_OURS, fault=str(failed.args[0]), checked=tuple(checked), not_checked=_rest(checked))
    return Verdict(
        answer,
        number=number,
        since=status["since"],
        why=status.get("why"),
        as_of=status["as_of"],
        checked=tuple(checked),
        not_checked=_rest(checked),
        credential=credential,
    )


def trusted_keys(key_set: Mapping[str, Any]) -> dict[str, SealKey]:
    """The keys of a published key set (JWK set), by the name their own bytes give them."""
    found = (SealKey.from_raw(decode_base64url(key["x"])) for key in key_set["keys"])
    return {key.kid: key for key in found}


def key_set(keys: Mapping[str, SealKey]) -> dict[str, Any]:
    """The market's public keys as a JWK set; `use_here` says what each one signs."""
    return {
        "keys": [
            {
                "kty": "OKP",
                "crv": "Ed25519",
                "alg": "Ed25519",
                "use": "sig",
                "kid": key.kid,
                "x": encode_base64url(key.raw),
                "use_here": name,
            }
            for name, key in sorted(keys.items())
        ]
    }


def encode_base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decode_base64url(text: str) -> bytes:
    """Strict: a text that is not the one spelling of its bytes is refused."""
    raw = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
    if encode_base64url(raw) != text:
        raise ValueError("not the canonical spelling")
    return raw


def _rest(checked: list[str]) -> tuple[str, ...]:
    possible = ("form", "signature", "status", "checkpoint", "inclusion")
    left = [name for name in possible if name not in checked]
    return (*left, "status_since", "log_consistency", "facts", "keys")


def _read(raw: bytes) -> dict[str, Any]:
    if len(raw) > SIZE_MAX:
        raise _Failed("form")
    try:
        document = json.loads(raw.decode("utf-8"))
        spelled = canonical_json(document)
    except (ValueError, RecursionError, NotCanonical) as error:
        raise _Failed("form") from error
    if spelled != raw or not isinstance(document, dict) or document.keys() != PARTS or document["form"] != FORM:
        raise _Failed("form")
    if not isinstance(document["credential"], str) or not isinstance(document["status"], str):
        raise _Failed("form")
    if not isinstance(document["log"], dict):
        raise _Failed("form")
    return document


def _signed(token: str, header: Mapping[str, str], trusted: Mapping[str, SealKey], check: str) -> dict[str, Any]:
    """The payload of a compact JWS by a trusted key under exactly the header this statement has."""
    try:
        head, payload, signature = token.encode("ascii").split(b".")
        named = json.loads(decode_base64url(head.decode()))
        claims = json.loads(decode_base64url(payload.decode()))
        proof = decode_base64url(signature.decode())
    except (ValueError, binascii.Error, RecursionError) as error:
        raise _Failed(check) from error
    if not isinstance(named, dict) or not isinstance(claims, dict) or not isinstance(named.get("kid"), str):
        raise _Failed(check)
    key = trusted.get(named["kid"])
    if key is None or named != {**header, "kid": key.kid} or not key.verify(proof, head + b"." + payload):
        raise _Failed(check)
    return claims


def _member(document: Mapping[str, Any], *path: str, check: str) -> str:
    here: Any = document
    for name in path:
        here = here.get(name) if isinstance(here, Mapping) else None
    if not isinstance(here, str):
        raise _Failed(check)
    return here


def _check_log(log: Mapping[str, Any], trusted: Mapping[str, SealKey], *, digest: str, number: str) -> list[str]:
    """The issue of this very credential is in the log, or promised to it while no checkpoint covers it."""
    if log.keys() == {"proof"} and isinstance(log["proof"], dict):
        return _check_proof(log["proof"], trusted, digest=digest, number=number)
    if log.keys() == {"promise"} and isinstance(log["promise"], dict):
        return _check_promise(log["promise"], trusted, digest=digest, number=number)
    raise _Failed("inclusion")


def _check_proof(proof: Mapping[str, Any], trusted: Mapping[str, SealKey], *, digest: str, number: str) -> list[str]:
    if proof.keys() != PROOF or not all(isinstance(proof[name], str) for name in PROOF - {"position", "path"}):
        raise _Failed("checkpoint")
    checkpoint = _checkpoint(proof["checkpoint"], trusted.get(proof["kid"]))
    if checkpoint.origin != offline.origin_of(proof["log_id"]):
        raise _Failed("checkpoint")
    leaf = _leaf_of_issue(proof, digest=digest, number=number)
    position, path = proof["position"], proof["path"]
    if type(position) is not int or not isinstance(path, list) or len(path) > PATH_MAX:
        raise _Failed("inclusion")
    steps = [_unhex(step, "inclusion") for step in path]
    if not verify_inclusion(leaf, position, checkpoint.size, steps, checkpoint.root):
        raise _Failed("inclusion")
    return ["checkpoint", "inclusion"]


def _check_promise(
    promise: Mapping[str, Any], trusted: Mapping[str, SealKey], *, digest: str, number: str
) -> list[str]:
    if promise.keys() != PROMISE or not all(isinstance(value, str) for value in promise.values()):
        raise _Failed("promise")
    leaf = _leaf_of_issue(promise, digest=digest, number=number, check="promise")
    key = trusted.get(promise["kid"])
    body = canonical_json({name: promise[name] for name in ("entry_id", "leaf_hash", "log_id")})
    if (
        leaf.hex() != promise["leaf_hash"]
        or key is None
        or not key.verify(_unhex(promise["signature"], "promise"), body)
    ):
        raise _Failed("promise")
    return ["promise"]


def _checkpoint(note: str, key: SealKey | None) -> offline.Checkpoint:
    """The checkpoint in a note with the market's one signature line and nothing else."""
    if key is None:
        raise _Failed("checkpoint")
    try:
        checkpoint = offline.open_checkpoint(note, key)
        body, _, signature = note.partition("\n\n")
        encoded = signature.removeprefix(f"— {checkpoint.origin} ").removesuffix("\n")
        spelled = base64.b64encode(base64.b64decode(encoded, validate=True)).decode()
    except ValueError as error:
        raise _Failed("checkpoint") from error
    # Base64 has unused bits and a note may carry more lines; a file has one spelling.
    if note != f"{body}\n\n— {checkpoint.origin} {spelled}\n":
        raise _Failed("checkpoint")
    return checkpoint


def _leaf_of_issue(entry: Mapping[str, Any], *, digest: str, number: str, check: str = "inclusion") -> bytes:
    """The leaf of a log entry that says: this credential was issued under this number."""
    try:
        row = json.loads(entry["row"])
        facts = row["facts"]
        said = (row["kind"], row["id"], facts["credential_sha256"], facts["number"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _Failed(check) from error
    if said != (ISSUED_KIND, entry["entry_id"], digest, number):
        raise _Failed(check)
    return hashlib.sha256(b"\x00" + _unhex(entry["salt"], check) + entry["row"].encode()).digest()


def _unhex(text: object, check: str) -> bytes:
    if not isinstance(text, str) or not _HEX.fullmatch(text):
        raise _Failed(check)
    return bytes.fromhex(text)


def _is_instant(value: object) -> bool:
    try:
        return isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False
