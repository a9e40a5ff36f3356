"""The evidence package, checked with nothing but bytes, public keys and arithmetic.

The archive has one spelling for one content: whoever unpacks it and packs it again gets the same bytes, so a byte
changed between the files shows, too. The manifest names every file by its hash and stands under the market's seal.
Entries are read chunk by chunk: however many they are, memory stays flat.
"""

from __future__ import annotations

import hashlib
import io
import json
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Any
from uuid import UUID

from techmarket.dossiers import periods
from techmarket.kernel.canonical import NotCanonical, canonical_json
from techmarket.kernel.refusals import Refusal
from techmarket.kernel.seals import SealKey
from techmarket.transparency import evidence
from techmarket.transparency.events import LogOpened
from techmarket.transparency.evidence import Unproven
from techmarket.transparency.keyset import had_expired, key_for
from techmarket.transparency.offline import Checkpoint, is_of_a_sandbox
from techmarket.transparency.rules import verify_consistency

FORM = "techmarket-evidence/2"
SEALED = b"techmarket evidence package 1\n"
SIZE_MAX = 16 * 1024**3
PART_MAX = 64 * 1024**2
FILES_MAX = 200_000
IN_MEMORY = 8 * 1024**2
BLOCK = 1024**2
MANIFEST, SEAL, LOG, NOTICES = "manifest.json", "manifest.sig.json", "log.json", "notices.json"
GROUNDS = "grounds.json"
README, SUMMARY, KEYS = "README.md", "summary.pdf", "keys.json"
ENTRIES, TEXTS, ACCESS_LOG = "entries/", "texts/", "access-log/"
CHECKS = ("archive", "seal", "files", "checkpoint", "growth", "inclusion", "subject", "texts", "grounds", "periods")
NEVER_CHECKED = ("facts", "completeness", "time", "readings", "witnesses", "keys")
STANDS = frozenset({"achievements.approval_in_force", "achievements.co_owner_consented"})

SENTENCES: Mapping[str, tuple[str, str]] = {
    "archive": ("归档文件为唯一写法，没有多余或改动的字节", "the archive is in its one spelling, byte for byte"),
    "seal": ("清单由受信任的密钥签署", "the manifest is under the seal of a trusted key"),
    "files": ("每个文件的哈希与清单一致", "every file has the hash that the manifest names"),
    "checkpoint": ("日志检查点由受信任的密钥签发", "the log's checkpoint is signed by a trusted key"),
    "growth": (
        "日志自先前检查点以来只增不改",
        "the log only grew since the earlier checkpoints that are given along",
    ),
    "inclusion": ("每条记录都在此检查点之内", "every entry is in the log under that checkpoint"),
    "texts": ("每份文本的哈希由某条记录载明", "every text has a hash that an entry names"),
    "grounds": (
        "所列单位决策与共有人同意均由某条记录以其文本哈希载明",
        "every approval and consent that is listed stands in an entry with the hash of its text",
    ),
    "periods": ("各公示期由记录重新计算，结果一致", "every period was counted again from the entries and is as stated"),
    "facts": ("所载事实本身的真实性", "whether the facts themselves are true"),
    "completeness": ("是否遗漏了其他记录", "whether entries were left out of the package"),
    "time": ("记录的时间由市场所述", "the times of the entries, which are the market's word"),
    "waiting": ("尚未进入检查点的记录", "entries that no checkpoint covers yet"),
    "subject": ("归档所称的标的由其中的记录载明", "entries in the package are about the subject that it names"),
    "uncounted": ("缺少工作日历、无法计算的公示期", "periods that no calendar reaches"),
    "readings": ("查阅记录是否完整、真实", "whether the access log is whole and true"),
    "witnesses": ("见证方对检查点的签名", "the signatures of witnesses under the checkpoints"),
    "keys": ("受信任密钥的来源", "where the trusted keys came from"),
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a package is worth. `fault` names the first check that failed."""

    fault: str | None
    checked: tuple[str, ...]
    not_checked: tuple[str, ...]
    subject: str | None = None
    made_at: str | None = None
    notices: tuple[Mapping[str, Any], ...] = ()
    entries: int = 0
    is_of_a_sandbox: bool = False

    @property
    def is_valid(self) -> bool:
        return self.fault is None


def verify(file: bytes | IO[bytes], trusted: Mapping[str, SealKey]) -> Verdict:
    """Every hash, signature, proof and period of a package, checked with no network."""
    checked: list[str] = []
    try:
        with _opened(io.BytesIO(file) if isinstance(file, bytes) else file) as archive:
            checked.append("archive")
            manifest = _manifest(archive, trusted)
            checked.append("seal")
            _check_files(archive, manifest)
            checked.append("files")
            log = _json(archive, LOG, "checkpoint")
            checkpoint = evidence.check_checkpoint(
                log.get("checkpoint"), key_for(trusted, log.get("kid"), "log"), log.get("log_id")
            )
            checked.append("checkpoint")
            _check_growth(log, checkpoint, trusted)
            checked.append("growth")
            found = _Found({name for name in archive.namelist() if name.startswith(TEXTS)}, manifest.get("subject"))
            for row in _rows(archive, checkpoint):
                found.take(row)
            checked.append("inclusion")
            if not found.is_about:
                raise Unproven("subject")
            checked.append("subject")
            if found.unnamed:
                raise Unproven("texts")
            checked.append("texts")
            _check_grounds(archive, found)
            checked.append("grounds")
            notices = _check_periods(archive, found.about_notices)
            checked.append("periods")
    except Unproven as failed:
        left = tuple(name for name in CHECKS if name not in checked)
        return Verdict(failed.check, tuple(checked), (*left, *NEVER_CHECKED))
    beside = {"waiting": bool(log.get("waiting")), "uncounted": any("not_counted" in one for one in notices)}
    return Verdict(
        None,
        tuple(checked),
        (*(name for name, is_so in beside.items() if is_so), *NEVER_CHECKED),
        manifest["subject"],
        manifest["made_at"],
        tuple(notices),
        found.entries,
        is_of_a_sandbox(checkpoint.origin),
    )


class _Found:
    """What is kept of the entries while they pass by."""

    def __init__(self, texts: set[str], subject: object) -> None:
        self.unnamed, self.entries = texts, 0
        self.about_notices: list[Mapping[str, Any]] = []
        self.grounds: set[tuple[str, str]] = set()
        self.subject, self.is_about = subject, False

    def take(self, row: Mapping[str, Any]) -> None:
        self.entries += 1
        self.is_about = self.is_about or self.subject in row["refs"]
        self.unnamed -= {f"{TEXTS}{value}.json" for value in row["facts"].values() if isinstance(value, str)}
        if row["kind"].startswith("notices."):
            self.about_notices.append(row)
        if row["kind"] in STANDS:
            self.grounds |= {(ref, str(row["facts"].get("document_sha256"))) for ref in row["refs"]}


def _opened(file: IO[bytes]) -> zipfile.ZipFile:
    """The archive, if packing what it holds once more gives the same bytes."""
    size = file.seek(0, io.SEEK_END)
    if size > SIZE_MAX:
        raise Unproven("archive")
    try:
        archive = zipfile.ZipFile(file)
        infos = archive.infolist()
        # Stored files cannot be larger than the archive, so a bomb has no room in it.
        if len(infos) > FILES_MAX or any(
            info.compress_type != zipfile.ZIP_STORED or info.file_size > min(size, PART_MAX) for info in infos
        ):
            raise Unproven("archive")
        with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY) as again:
            with zipfile.ZipFile(again, "w", zipfile.ZIP_STORED) as packed:
                for info in infos:
                    put(packed, info.filename, archive.read(info))
            if not _same(file, again, size):
                raise Unproven("archive")
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError, EOFError) as error:
        raise Unproven("archive") from error
    return archive


def put(archive: zipfile.ZipFile, name: str, body: bytes) -> None:
    """Stored as it is, without a time or a trace of the machine."""
    info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    info.create_system, info.external_attr = 3, 0o100644 << 16
    archive.writestr(info, body)


def _same(one: IO[bytes], other: IO[bytes], size: int) -> bool:
    if other.seek(0, io.SEEK_END) != size:
        return False
    one.seek(0)
    other.seek(0)
    while block := one.read(BLOCK):
        if block != other.read(BLOCK):
            return False
    return True


def _manifest(archive: zipfile.ZipFile, trusted: Mapping[str, SealKey]) -> dict[str, Any]:
    seal = _json(archive, SEAL, "seal")
    key = key_for(trusted, seal.get("kid"), "receipts")
    if seal.keys() != {"kid", "signature"} or key is None:
        raise Unproven("seal")
    manifest = _json(archive, MANIFEST, "seal")
    if not key.verify(evidence.unhex(seal["signature"], "seal"), SEALED + archive.read(MANIFEST)):
        raise Unproven("seal")
    if manifest.get("form") != FORM or not isinstance(manifest.get("files"), list):
        raise Unproven("seal")
    try:
        made_at = datetime.fromisoformat(manifest["made_at"])
        is_late = had_expired(trusted, seal["kid"], made_at)
    except (KeyError, TypeError, ValueError) as error:
        raise Unproven("seal") from error
    if is_late:
        raise Unproven("seal")
    return manifest


def _check_files(archive: zipfile.ZipFile, manifest: Mapping[str, Any]) -> None:
    """All that is named and nothing else, in the order of the manifest; a text has its own hash for a name."""
    if archive.namelist() != [*(one["name"] for one in manifest["files"]), MANIFEST, SEAL]:
        raise Unproven("files")
    for said in manifest["files"]:
        name, body = said["name"], archive.read(said["name"])
        digest = hashlib.sha256(body).hexdigest()
        if said != {"name": name, "sha256": digest, "size": len(body)}:
            raise Unproven("files")
        if name.startswith(TEXTS) and name != f"{TEXTS}{digest}.json":
            raise Unproven("texts")


def _check_growth(log: Mapping[str, Any], now: Checkpoint, trusted: Mapping[str, SealKey]) -> None:
    """Each earlier checkpoint is signed, and the log under the package's own holds all that it held.

    One of a former log counts up to where the present one went on from it, which an entry of the log itself says.
    """
    earlier = log.get("grew_from")
    if not isinstance(earlier, list):
        raise Unproven("growth")
    left = _left_of_logs(log, now)
    for one in earlier:
        if not isinstance(one, dict) or not isinstance(one.get("path"), list):
            raise Unproven("growth")
        log_id = one.get("log_id", log["log_id"])
        try:
            before = evidence.check_checkpoint(one.get("checkpoint"), key_for(trusted, one.get("kid"), "log"), log_id)
        except Unproven as failed:
            raise Unproven("growth") from failed
        path = [evidence.unhex(step, "growth") for step in one["path"]]
        is_held = before.size <= left.get(log_id, -1)
        if not is_held or not verify_consistency(before.size, now.size, path, before.root, now.root):
            raise Unproven("growth")


def _left_of_logs(log: Mapping[str, Any], now: Checkpoint) -> dict[str, int]:
    """How much of each log the present one holds: all of itself, and of those before it what was left."""
    said = log.get("opened", [])
    if not isinstance(said, list):
        raise Unproven("growth")
    before: dict[str, tuple[str, int]] = {}
    for one in said:
        try:
            row = evidence.check_included(_entry(one), now)
            named = dict(ref.split(":", 1) for ref in row["refs"]) if row["kind"] == LogOpened.kind else {}
            before[named["log"]] = (named["previous_log"], row["facts"]["previous_size"])
        except (Unproven, KeyError) as failed:
            raise Unproven("growth") from failed
    left, log_id, size = {log["log_id"]: now.size}, log["log_id"], now.size
    while log_id in before:
        log_id, kept = before.pop(log_id)
        left[log_id] = size = min(size, kept)
    return left


def _rows(archive: zipfile.ZipFile, checkpoint: Checkpoint) -> Iterator[Mapping[str, Any]]:
    """The rows of all entries, each shown to lie under the one checkpoint, in the order of the log."""
    last = -1
    for name in archive.namelist():
        if name.startswith(ENTRIES):
            entries = _json(archive, name, "inclusion").get("entries")
            if not isinstance(entries, list):
                raise Unproven("inclusion")
            for entry in entries:
                row = evidence.check_included(_entry(entry), checkpoint)
                _check_actor(entry.get("actor"), row)
                if entry["position"] <= last:
                    raise Unproven("inclusion")
                last = entry["position"]
                yield row


def _entry(entry: object) -> dict[str, Any]:
    if not isinstance(entry, dict) or entry.keys() - {"actor"} != {"entry_id", "position", "row", "salt", "path"}:
        raise Unproven("inclusion")
    return entry


def _check_actor(actor: object, row: Mapping[str, Any]) -> None:
    """Who is said to have acted is whom the code in the row stands for."""
    if actor is None:
        return
    if not isinstance(actor, dict) or actor.keys() != {"person", "salt"}:
        raise Unproven("inclusion")
    try:
        person = UUID(actor["person"])
    except (ValueError, TypeError, AttributeError) as error:
        raise Unproven("inclusion") from error
    if hashlib.sha256(evidence.unhex(actor["salt"], "inclusion") + person.bytes).hexdigest() != row.get("actor"):
        raise Unproven("inclusion")


def _check_grounds(archive: zipfile.ZipFile, found: _Found) -> None:
    """What is listed as a ground has an entry of its own, which names its text. The first packages list none."""
    if GROUNDS not in archive.namelist():
        return
    said = _json(archive, GROUNDS, "grounds")
    try:
        listed = {
            (f"{kind}:{one['id']}", one["document_sha256"])
            for kind, many in (("approval", said["approvals"]), ("consent", said["consents"]))
            for one in many
        }
    except (KeyError, TypeError) as error:
        raise Unproven("grounds") from error
    if not listed <= found.grounds:
        raise Unproven("grounds")


def _check_periods(archive: zipfile.ZipFile, rows: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    said = _json(archive, NOTICES, "periods")
    try:
        counted = periods.stated(rows, periods.calendar_of(said["calendar"]))
    except (KeyError, TypeError, ValueError, AttributeError, Refusal) as error:
        raise Unproven("periods") from error
    if counted != said.get("notices"):
        raise Unproven("periods")
    return counted


def _json(archive: zipfile.ZipFile, name: str, check: str) -> dict[str, Any]:
    try:
        body = archive.read(name)
        document = json.loads(body)
        spelled = canonical_json(document)
    except (KeyError, ValueError, RecursionError, NotCanonical) as error:
        raise Unproven(check) from error
    if not isinstance(document, dict) or spelled != body:
        raise Unproven(check)
    return document
