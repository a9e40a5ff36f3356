"""The check anyone can run (验证): a certificate file, the market's public keys, and no network.

Three answers: valid; suspended or revoked, since when and why; not ours. The verdict names what was checked and what
was not: a file proves what the market signed and logged, and its standing when the file was made, not what came later.
Every byte of a file is covered: it must be the canonical spelling of its own content, and each part of the content is
signed by the market or hashed into a checkpoint the market signed.
"""

from __future__ import annotations

import binascii
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from techmarket.certification import disclosing, paper, statuslist
from techmarket.certification.credential import CREDENTIAL_HEADER, PLAIN_HEADER, SAMPLE, STATUS_HEADER, jwt_sha256
from techmarket.certification.statuslist import StatusPurpose
from techmarket.kernel.canonical import canonical_json
from techmarket.kernel.seals import SealKey
from techmarket.transparency import evidence, offline
from techmarket.transparency.evidence import Shown, Unproven
from techmarket.transparency.keyset import decode_base64url, had_expired, key_for
from techmarket.transparency.offline import Checkpoint
from techmarket.transparency.rules import verify_consistency

FORM = "techmarket-certificate/1"
ISSUED_KIND = "certification.certificate_issued"
SIZE_MAX = 512 * 1024
PARTS = frozenset({"form", "credential", "status", "log"})


class Answer(StrEnum):
    VALID = "valid"
    SUSPENDED = "suspended"
    REVOKED = "revoked"
    NOT_OURS = "not_ours"


SENTENCES: Mapping[str, tuple[str, str]] = {
    "form": ("文件为规范格式，无任何改动余地", "the file is in its one canonical spelling"),
    "signature": ("凭证由受信任的密钥签发", "the credential is signed by a trusted key"),
    "disclosures": (
        "所示内容均与签发的摘要相符（持有人可隐去部分内容）",
        "what is shown is what was signed; a holder may have left parts out",
    ),
    "status": (
        "状态声明由受信任的密钥签发，且属于此凭证",
        "the status is signed by a trusted key and is this credential's",
    ),
    "checkpoint": ("日志检查点由受信任的密钥签发", "the log's checkpoint is signed by a trusted key"),
    "inclusion": ("凭证的签发记录在此检查点之内", "the issue of this credential is in the log under that checkpoint"),
    "promise": ("市场签名承诺将此签发写入日志", "the market promised under its seal to log this issue"),
    "paper": (
        "PDF 由市场电子签章，覆盖全部字节",
        "the PDF bears the market's seal over every byte",
    ),
    "key_expired": (
        "签发密钥在所称签发时已停用",
        "the key had been retired when it is said to have signed",
    ),
    "status_list": (
        "状态列表由受信任的密钥签发、在有效期内，且列有此凭证",
        "a fresh status list, signed by a trusted key, names this credential",
    ),
    "status_list_stale": ("所附状态列表已过期，请重新获取", "the status list given has run out: fetch a fresh one"),
    "fork": (
        "所附检查点与凭证所在日志不一致：市场出示过不同的日志",
        "the checkpoint given contradicts the file's: the market has shown two logs",
    ),
    "entry_missing": ("市场日志中已无此签发记录", "the market's log no longer holds the issue of this credential"),
    "page": ("页面文字与凭证是否一致", "whether the words on the page are those of the credential"),
    "status_since": ("文件生成之后的中止或撤销", "suspension or revocation after the file was made"),
    "log_consistency": ("此检查点与其他检查点的一致性", "whether this checkpoint agrees with others of the log"),
    "facts": ("所载事实本身的真实性", "whether the facts themselves are true"),
    "keys": ("受信任密钥的来源", "where the trusted keys came from"),
}
"""What each check says, in Chinese and English, for whoever shows a verdict."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the file is worth. `fault` names the first check that failed; `since` and `why` belong to the standing.

    `warnings` names what was asked for beside the file and could not be told; the answer is the file's own then.
    """

    answer: Answer
    number: str | None = None
    since: str | None = None
    why: str | None = None
    as_of: str | None = None
    fault: str | None = None
    checked: tuple[str, ...] = ()
    not_checked: tuple[str, ...] = ()
    credential: Mapping[str, Any] | None = None
    hidden: tuple[str, ...] = ()
    paper_sha256: str | None = None
    warnings: tuple[str, ...] = ()
    entry_id: str | None = None
    leaf_hash: str | None = None
    checkpoint: Checkpoint | None = None

    @property
    def is_valid(self) -> bool:
        return self.answer is Answer.VALID

    @property
    def is_of_a_sandbox(self) -> bool:
        """Whether a sandbox made it: the credential says so, and so does the log it lies in."""
        is_sample = self.credential is not None and SAMPLE in self.credential.get("type", ())
        return is_sample or (self.checkpoint is not None and offline.is_of_a_sandbox(self.checkpoint.origin))


STANDINGS = {
    "ISSUED": Answer.VALID,
    "SUSPENDED": Answer.SUSPENDED,
    "REVOKED": Answer.REVOKED,
    "REPLACED": Answer.REVOKED,
}
LISTED_WHY = "STATUS_LIST"
"""Why a certificate does not stand when a status list is all that says so."""


@dataclass(frozen=True, slots=True)
class Beside:
    """What a verifier has besides the file and the keys: signed status lists, and another checkpoint of the log, with
    the path that shows the one grew from the other."""

    status_lists: tuple[str, ...] = ()
    checkpoint: str | None = None
    growth: tuple[str, ...] = ()
    now: datetime | None = None


NOTHING = Beside()


def file_bytes(*, credential: str, status: str, log: Mapping[str, Any]) -> bytes:
    """A certificate file: one spelling for one content."""
    return canonical_json({"form": FORM, "credential": credential, "status": status, "log": dict(log)})


def verify_file(raw: bytes, trusted: Mapping[str, SealKey], beside: Beside = NOTHING) -> Verdict:
    """A certificate is ours when every byte of its file is what the market signed and logged; else it is not."""
    checked: list[str] = []
    try:
        parts = _read(raw)
        checked.append("form")
        signed, disclosures = _credential(parts["credential"], trusted)
        number = _member(signed, "credentialSubject", "certificateNumber", check="signature")
        _require_key_in_use(parts["credential"], trusted, signed.get("validFrom"), "signature")
        checked.append("signature")
        credential, hidden = disclosing.reveal(signed, disclosures)
        checked.append("disclosures")
        status = _signed(parts["status"], STATUS_HEADER, trusted, "status")
        digest = jwt_sha256(parts["credential"])
        if (status.get("credential_sha256"), status.get("number")) != (digest, number):
            raise Unproven("status")
        answer = STANDINGS.get(status.get("state", ""))
        if answer is None or not all(_is_instant(status.get(name)) for name in ("since", "as_of")):
            raise Unproven("status")
        _require_key_in_use(parts["status"], trusted, status["as_of"], "status")
        checked.append("status")
        shown = _check_log(parts["log"], trusted, digest=digest, number=number)
        checked += shown.checked
        if _agrees(beside, shown.checkpoint, trusted):
            checked.append("log_consistency")
    except Unproven as failed:
        return Verdict(
            Answer.NOT_OURS, fault=failed.check, checked=tuple(checked), not_checked=_rest(checked, failed.check)
        )
    verdict = Verdict(
        answer,
        number=number,
        since=status["since"],
        why=status.get("why"),
        as_of=status["as_of"],
        checked=tuple(checked),
        not_checked=_rest(checked),
        credential=credential,
        hidden=hidden,
        paper_sha256=status.get("paper_sha256"),
        entry_id=str(shown.row["id"]),
        leaf_hash=shown.leaf_hash,
        checkpoint=shown.checkpoint,
    )
    return _with_lists(verdict, beside, trusted)


def _with_lists(verdict: Verdict, beside: Beside, trusted: Mapping[str, SealKey]) -> Verdict:
    """The verdict as status lists given beside the file change it: what they say is newer than the file's own."""
    now, found, warnings = beside.now or datetime.now(UTC), list[statuslist.Listed](), list[str]()
    for token in beside.status_lists:
        try:
            document = _signed(token.strip(), statuslist.HEADER, trusted, "status_list")
            _require_key_in_use(token.strip(), trusted, document.get("validFrom"), "status_list")
            found.append(statuslist.look_up(document, verdict.credential or {}, now=now))
        except Unproven as failed:
            warnings.append(failed.check if failed.check == "status_list_stale" else "status_list")
    if warnings or not found:
        return replace(verdict, warnings=tuple(dict.fromkeys(warnings)))
    set_bits = {one.purpose for one in found if one.is_set}
    checked = (*verdict.checked, "status_list")
    verdict = replace(verdict, checked=checked, as_of=max(one.as_of for one in found))
    if {one.purpose for one in found} == set(StatusPurpose):
        verdict = replace(verdict, not_checked=tuple(one for one in verdict.not_checked if one != "status_since"))
    if StatusPurpose.REVOCATION in set_bits and verdict.answer is not Answer.REVOKED:
        return replace(verdict, answer=Answer.REVOKED, since=None, why=LISTED_WHY)
    if StatusPurpose.SUSPENSION in set_bits and verdict.answer is Answer.VALID:
        return replace(verdict, answer=Answer.SUSPENDED, since=None, why=LISTED_WHY)
    if verdict.answer is Answer.SUSPENDED and not set_bits and {one.purpose for one in found} == set(StatusPurpose):
        return replace(verdict, answer=Answer.VALID, since=None, why=None)  # the suspension was lifted since
    return verdict


def _require_key_in_use(token: str, trusted: Mapping[str, SealKey], at: object, check: str) -> None:
    """A key signs nothing after it was retired; whoever stole it later cannot use it."""
    if not isinstance(at, str) or not _is_instant(at):
        raise Unproven(check)
    kid = json.loads(decode_base64url(token.split(".")[0]))["kid"]
    if had_expired(trusted, kid, datetime.fromisoformat(at)):
        raise Unproven("key_expired")


def _agrees(beside: Beside, mine: Checkpoint | None, trusted: Mapping[str, SealKey]) -> bool:
    """Whether another checkpoint, from a witness or from the market, is of the same log as the file's own.

    Two signed roots of one size are a fork: the market has shown two logs. Of two sizes, a growth that does not prove
    fails, and without one nothing is said.
    """
    if beside.checkpoint is None or mine is None:
        return False
    theirs = None
    for kid in trusted:
        key = key_for(trusted, kid, "log")
        try:
            theirs = offline.open_checkpoint(beside.checkpoint, key) if key is not None else theirs
        except offline.NotACheckpoint:
            continue
    if theirs is None or theirs.origin != mine.origin:
        return False
    small, large = sorted((mine, theirs), key=lambda one: one.size)
    if small.size == large.size:
        if small.root != large.root:
            raise Unproven("fork")
        return True
    if not beside.growth:
        return False
    try:
        path = [bytes.fromhex(step) for step in beside.growth]
    except ValueError:
        return False
    if not verify_consistency(small.size, large.size, path, small.root, large.root):
        raise Unproven("log_consistency")
    return True


def verify_paper(raw: bytes, trusted: Mapping[str, SealKey], beside: Beside = NOTHING) -> Verdict:
    """A sealed PDF is worth what the file in it is, if the seal covers every byte and is the one that file names."""
    try:
        opened = paper.open_paper(raw)
    except paper.NotAPaper as failed:
        return Verdict(Answer.NOT_OURS, fault=str(failed.args[0]), not_checked=_rest([], str(failed.args[0])))
    return judge_opened(opened, trusted, beside)


def judge_opened(opened: paper.Opened, trusted: Mapping[str, SealKey], beside: Beside = NOTHING) -> Verdict:
    """What a PDF is worth whose seal was found to cover every byte."""
    verdict = verify_file(opened.file, trusted, beside)
    if verdict.answer is Answer.NOT_OURS:
        return verdict
    if verdict.paper_sha256 != opened.certificate_sha256:
        return Verdict(Answer.NOT_OURS, fault="paper", checked=verdict.checked, not_checked=verdict.not_checked)
    return replace(verdict, checked=("paper", *verdict.checked), not_checked=(*verdict.not_checked, "page"))


def still_told(verdict: Verdict) -> list[str]:
    """By what somebody who does not see the price may still find it on the market's public pages."""
    facts = (verdict.credential or {}).get("credentialSubject", {}).get("transaction", {})
    trade = facts.get("trade")
    told = ["parties and objects: whoever knows them may look for the trade"] if trade else []
    if isinstance(trade, Mapping) and "number" in trade:  # certificates from before it could be hidden
        told.append(f"the number of the trade, {trade['number']}: its public page names the price")
    if facts.get("notices"):
        told.append("its notices: the public notice of the result names the price")
    return told


def present(raw: bytes, names: Collection[str], trusted: Mapping[str, SealKey]) -> bytes:
    """The file its holder shows when some of it is nobody's business: it verifies as the whole one does."""
    parts = _read(raw)
    signed, _ = _credential(parts["credential"], trusted)
    shown = disclosing.without(parts["credential"], signed, names)
    return file_bytes(credential=shown, status=parts["status"], log=parts["log"])


def _credential(credential: str, trusted: Mapping[str, SealKey]) -> tuple[dict[str, Any], list[str]]:
    """The signed part by a trusted key, and the disclosures beside it."""
    token, disclosures = disclosing.split(credential)
    header = CREDENTIAL_HEADER if "~" in credential else PLAIN_HEADER
    return _signed(token, header, trusted, "signature"), disclosures


def _rest(checked: list[str], fault: str | None = None) -> tuple[str, ...]:
    """What was not looked at: neither passed, nor the check that failed."""
    possible = ("form", "signature", "disclosures", "status", "checkpoint", "inclusion")
    seen = {*checked, fault}
    left = [name for name in possible if name not in seen]
    rest = [name for name in ("status_since", "log_consistency", "facts", "keys") if name not in seen]
    return (*left, *rest)


def _read(raw: bytes) -> dict[str, Any]:
    document = evidence.read_document(raw, form=FORM, parts=PARTS, size_max=SIZE_MAX)
    if not isinstance(document["credential"], str) or not isinstance(document["status"], str):
        raise Unproven("form")
    if not isinstance(document["log"], dict):
        raise Unproven("form")
    return document


def _signed(token: str, header: Mapping[str, str], trusted: Mapping[str, SealKey], check: str) -> dict[str, Any]:
    """The payload of a compact JWS by a trusted key under exactly the header this statement has."""
    try:
        head, payload, signature = token.encode("ascii").split(b".")
        named = json.loads(decode_base64url(head.decode()))
        claims = json.loads(decode_base64url(payload.decode()))
        proof = decode_base64url(signature.decode())
    except (ValueError, binascii.Error, RecursionError) as error:
        raise Unproven(check) from error
    if not isinstance(named, dict) or not isinstance(claims, dict) or not isinstance(named.get("kid"), str):
        raise Unproven(check)
    key = key_for(trusted, named["kid"], "issuer")
    if key is None or named != {**header, "kid": key.kid} or not key.verify(proof, head + b"." + payload):
        raise Unproven(check)
    return claims


def _member(document: Mapping[str, Any], *path: str, check: str) -> str:
    here: Any = document
    for name in path:
        here = here.get(name) if isinstance(here, Mapping) else None
    if not isinstance(here, str):
        raise Unproven(check)
    return here


def _check_log(log: Mapping[str, Any], trusted: Mapping[str, SealKey], *, digest: str, number: str) -> Shown:
    """The issue of this very credential is in the log, or promised to it while no checkpoint covers it."""
    shown = evidence.check_log(log, trusted)
    facts = shown.row["facts"]
    said = (shown.row["kind"], facts.get("credential_sha256"), facts.get("number"))
    if said != (ISSUED_KIND, digest, number):
        raise Unproven(shown.checked[-1])
    return shown


def _is_instant(value: object) -> bool:
    try:
        return isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False
