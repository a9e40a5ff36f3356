"""The evidence package as one archive, written and checked with nothing but bytes, public keys and arithmetic.

The archive has one spelling for one content: whoever unpacks it and packs it again gets the same bytes, so a byte
changed between the files shows, too. The manifest names every file by its hash and stands under the market's seal.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from techmarket.dossiers import periods
from techmarket.kernel.canonical import NotCanonical, canonical_json, sha256_hex
from techmarket.kernel.refusals import Refusal
from techmarket.kernel.seals import Seal, SealKey
from techmarket.transparency import evidence
from techmarket.transparency.evidence import Unproven

FORM = "techmarket-evidence/1"
SEALED = b"techmarket evidence package 1\n"
SIZE_MAX = 256 * 1024 * 1024
MANIFEST, SEAL, LOG, NOTICES = "manifest.json", "manifest.sig.json", "log.json", "notices.json"
_EPOCH = (1980, 1, 1, 0, 0, 0)

SENTENCES: Mapping[str, tuple[str, str]] = {
    "archive": ("归档文件为唯一写法，没有多余或改动的字节", "the archive is in its one spelling, byte for byte"),
    "seal": ("清单由受信任的密钥签署", "the manifest is under the seal of a trusted key"),
    "files": ("每个文件的哈希与清单一致", "every file has the hash that the manifest names"),
    "checkpoint": ("日志检查点由受信任的密钥签发", "the log's checkpoint is signed by a trusted key"),
    "inclusion": ("每条记录都在此检查点之内", "every entry is in the log under that checkpoint"),
    "texts": ("每份文本的哈希由某条记录载明", "every text has a hash that an entry names"),
    "periods": ("各公示期由记录重新计算，结果一致", "every period was counted again from the entries and is as stated"),
    "facts": ("所载事实本身的真实性", "whether the facts themselves are true"),
    "completeness": ("是否遗漏了其他记录", "whether entries were left out of the package"),
    "time": ("记录的时间由市场所述", "the times of the entries, which are the market's word"),
    "waiting": ("尚未进入检查点的记录", "entries that no checkpoint covers yet"),
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

    @property
    def is_valid(self) -> bool:
        return self.fault is None


@dataclass
class Content:
    """What goes into a package before it is sealed."""

    subject: str
    reader: str
    made_at: str
    log: Mapping[str, Any]
    texts: Mapping[str, bytes]
    notices: Mapping[str, Any]
    more: Mapping[str, bytes] = field(default_factory=dict)

    def files(self) -> dict[str, bytes]:
        return {
            LOG: canonical_json(dict(self.log)),
            NOTICES: canonical_json(dict(self.notices)),
            **{f"texts/{sha256}.json": body for sha256, body in self.texts.items()},
            **self.more,
        }


def write(content: Content, seal: Seal) -> bytes:
    """The archive under the market's seal: the same content under the same key gives the same bytes."""
    files = content.files()
    manifest = canonical_json(
        {
            "form": FORM,
            "subject": content.subject,
            "reader": content.reader,
            "made_at": content.made_at,
            "files": {name: {"sha256": sha256_hex(body), "size": len(body)} for name, body in files.items()},
        }
    )
    signature = {"kid": seal.kid, "signature": seal.sign(SEALED + manifest).hex()}
    return archive_of({**files, MANIFEST: manifest, SEAL: canonical_json(signature)})


def archive_of(files: Mapping[str, bytes]) -> bytes:
    """Files in the order of their names, stored as they are, without a time or a trace of the machine."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            info = zipfile.ZipInfo(name, _EPOCH)
            info.create_system, info.external_attr = 3, 0o100644 << 16
            archive.writestr(info, files[name])
    return packed.getvalue()


def verify(raw: bytes, trusted: Mapping[str, SealKey]) -> Verdict:
    """Every hash, signature, proof and period of a package, checked with no network."""
    checked: list[str] = []
    possible = ("archive", "seal", "files", "checkpoint", "inclusion", "texts", "periods")
    try:
        files = _unpacked(raw)
        checked.append("archive")
        manifest = _manifest(files, trusted)
        checked.append("seal")
        _check_files(files, manifest)
        checked.append("files")
        log = _json(files, LOG, "checkpoint")
        rows = _rows(log, trusted)
        checked += ["checkpoint", "inclusion"]
        _check_texts(files, rows)
        checked.append("texts")
        notices = _check_periods(files, rows)
        checked.append("periods")
    except Unproven as failed:
        left = tuple(name for name in possible if name not in checked)
        return Verdict(failed.check, tuple(checked), (*left, "facts", "completeness", "time", "keys"))
    waiting = ("waiting",) if log.get("waiting") else ()
    return Verdict(
        None,
        tuple(checked),
        (*waiting, "facts", "completeness", "time", "keys"),
        manifest["subject"],
        manifest["made_at"],
        tuple(notices),
        len(rows),
    )


def _unpacked(raw: bytes) -> dict[str, bytes]:
    if len(raw) > SIZE_MAX:
        raise Unproven("archive")
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            infos = archive.infolist()
            # Stored files cannot be larger than the archive, so a bomb has no room in it.
            if any(info.compress_type != zipfile.ZIP_STORED or info.file_size > len(raw) for info in infos):
                raise Unproven("archive")
            files = {info.filename: archive.read(info) for info in infos}
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError, EOFError) as error:
        raise Unproven("archive") from error
    if archive_of(files) != raw:
        raise Unproven("archive")
    return files


def _manifest(files: Mapping[str, bytes], trusted: Mapping[str, SealKey]) -> dict[str, Any]:
    seal = _json(files, SEAL, "seal")
    body = files.get(MANIFEST, b"")
    key = trusted.get(str(seal.get("kid")))
    if seal.keys() != {"kid", "signature"} or key is None:
        raise Unproven("seal")
    if not key.verify(evidence.unhex(seal["signature"], "seal"), SEALED + body):
        raise Unproven("seal")
    manifest = _json(files, MANIFEST, "seal")
    if manifest.get("form") != FORM or not isinstance(manifest.get("files"), dict):
        raise Unproven("seal")
    return manifest


def _check_files(files: Mapping[str, bytes], manifest: Mapping[str, Any]) -> None:
    named = manifest["files"]
    if files.keys() != {*named, MANIFEST, SEAL}:
        raise Unproven("files")
    for name, said in named.items():
        if said != {"sha256": sha256_hex(files[name]), "size": len(files[name])}:
            raise Unproven("files")


def _rows(log: Mapping[str, Any], trusted: Mapping[str, SealKey]) -> list[Mapping[str, Any]]:
    """The rows of all entries, each shown to lie under the one checkpoint."""
    if not isinstance(log.get("entries"), list):
        raise Unproven("checkpoint")
    checkpoint = evidence.check_checkpoint(log.get("checkpoint"), trusted.get(str(log.get("kid"))), log.get("log_id"))
    return [evidence.check_included(entry, checkpoint) for entry in log["entries"] if _is_entry(entry)]


def _is_entry(entry: object) -> bool:
    if not isinstance(entry, dict) or entry.keys() != {"entry_id", "position", "row", "salt", "path"}:
        raise Unproven("inclusion")
    return True


def _check_texts(files: Mapping[str, bytes], rows: list[Mapping[str, Any]]) -> None:
    named = {value for row in rows for value in row["facts"].values() if isinstance(value, str)}
    for name, body in files.items():
        if name.startswith("texts/"):
            sha256 = name.removeprefix("texts/").removesuffix(".json")
            if sha256_hex(body) != sha256 or sha256 not in named:
                raise Unproven("texts")


def _check_periods(files: Mapping[str, bytes], rows: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    said = _json(files, NOTICES, "periods")
    try:
        counted = periods.stated(rows, periods.calendar_of(said["calendar"]))
    except (KeyError, TypeError, ValueError, AttributeError, Refusal) as error:
        raise Unproven("periods") from error
    if counted != said.get("notices"):
        raise Unproven("periods")
    return counted


def _json(files: Mapping[str, bytes], name: str, check: str) -> dict[str, Any]:
    try:
        document = json.loads(files[name])
        spelled = canonical_json(document)
    except (KeyError, ValueError, RecursionError, NotCanonical) as error:
        raise Unproven(check) from error
    if not isinstance(document, dict) or spelled != files[name]:
        raise Unproven(check)
    return document
