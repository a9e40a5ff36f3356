"""A proof saved from the API, of a notice, a project's public file or a consent, checked with bytes and keys alone.

It says what stood where from when to when, or who signed what, as far as the log shows it. The file may be spelled in
any way: each text is checked by its hash, each row by its place in the log, and nothing else in it is believed.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from techmarket.kernel.canonical import sha256_hex
from techmarket.kernel.periods import SHANGHAI
from techmarket.kernel.seals import SealKey
from techmarket.transparency import evidence
from techmarket.transparency.evidence import Unproven
from techmarket.transparency.offline import Checkpoint, is_of_a_sandbox

SIZE_MAX = 32 * 1024 * 1024
NOTICE = frozenset({"notice_id", "texts", "entries"})
FILE = frozenset({"trade_id", "texts", "entries"})
CONSENT = frozenset({"consent_id", "texts", "entries"})
NAMES: Mapping[frozenset[str], str] = {NOTICE: "notice", FILE: "trade", CONSENT: "consent"}
WHAT: Mapping[str, str] = {
    "notice": "proof of notice",
    "trade": "proof of the public file of trade",
    "consent": "proof of consent",
}
TIES: Mapping[str, frozenset[str]] = {
    "notice": frozenset({"notice", "award", "contract", "lot", "approval"}),
    "trade": frozenset({"notice", "award", "contract", "lot", "approval"}),
    "consent": frozenset({"signing"}),
}
POSSIBLE = ("form", "entries", "about", "stood")
SENTENCES: Mapping[str, tuple[str, str]] = {
    "form": (
        "文件是公示、项目档案或共有人同意的证明",
        "the file has the form of a proof of a notice, of a project's file or of a consent",
    ),
    "entries": (
        "每条记录都在已签名的检查点之内，或有市场的签名承诺",
        "every entry lies under a checkpoint signed by a trusted key, or the market promised under its seal to log it",
    ),
    "about": (
        "每条记录都关于此公示、此项目或此同意",
        "every entry is about this notice, this project or this consent",
    ),
    "stood": ("每份文本的哈希由某条记录载明", "every text has the hash that an entry names"),
    "signed": (
        "所征求、所签署、所记录的是同一份文本",
        "what was asked, signed and recorded as given is one text, and it is the one in the file",
    ),
    "left_out": (
        "未随附的记录，如何人提出异议",
        "entries that are not in the file: those that would name an objector or a buyer, and any that were left out",
    ),
    "promised": ("仅有承诺的记录是否已入日志", "whether promised entries were logged: no checkpoint covers them yet"),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """A row that the file shows to be in the log, at its position; None where it is only promised."""

    position: int | None
    row: Mapping[str, Any]


@dataclass
class Stood:
    """One notice as the entries tell it: which text stood where since when, and how it ended."""

    notice: str
    kind: str
    subject: str
    length: str
    texts: list[str] = field(default_factory=list)
    postings: list[tuple[str, str, str, str | None]] = field(default_factory=list)
    started_at: str | None = None
    announced_end: str | None = None
    turns: list[str] = field(default_factory=list)
    ended: str | None = None


@dataclass(frozen=True, slots=True)
class Given:
    """A consent as the entries and the signed text tell it; `signed` are (when, organisation, person)."""

    owner: str
    about: str
    asked_at: str
    signed: tuple[tuple[str, str, str], ...]
    given_at: str | None
    withdrawn_at: str | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the file is worth. `fault` names the first check that failed, `where` the part that failed it."""

    what: str
    fault: str | None
    where: str | None
    checked: tuple[str, ...]
    not_checked: tuple[str, ...]
    entries: tuple[Entry, ...] = ()
    notices: tuple[Stood, ...] = ()
    checkpoint_size: int | None = None
    consent: Given | None = None
    is_of_a_sandbox: bool = False

    @property
    def is_valid(self) -> bool:
        return self.fault is None


def is_proof(document: object) -> bool:
    return isinstance(document, dict) and document.keys() in (NOTICE, FILE, CONSENT)


def verify(raw: bytes, trusted: Mapping[str, SealKey]) -> Verdict:
    """Every row, text and signature of a saved proof, checked with no network."""
    checked: list[str] = []
    what, possible = "proof", list(POSSIBLE)
    consent = None
    try:
        document = _document(raw)
        name = NAMES[frozenset(document)]
        possible += ["signed"] if name == "consent" else []
        what = f"{WHAT[name]} {document[f'{name}_id']}"
        checked.append("form")
        shown = [_entry(n, one, trusted) for n, one in enumerate(document["entries"], start=1)]
        entries = sorted((entry for entry, _ in shown), key=_place)
        checked.append("entries")
        _check_about(f"{name}:{document[f'{name}_id']}", entries, TIES[name])
        checked.append("about")
        _check_texts(document["texts"], [entry.row for entry in entries])
        checked.append("stood")
        if name == "consent":
            consent = _given(document["texts"], [entry.row for entry in entries])
            checked.append("signed")
    except Unproven as failed:
        left = tuple(one for one in possible if one not in checked and one != failed.check)
        where = str(failed.args[1]) if len(failed.args) > 1 else None
        return Verdict(what, failed.check, where, tuple(checked), (*left, "left_out", "facts", "time", "keys"))
    promised = ("promised",) if any(entry.position is None for entry in entries) else ()
    return Verdict(
        what,
        None,
        None,
        tuple(checked),
        (*promised, "left_out", "facts", "time", "keys"),
        tuple(entries),
        tuple(stood(entries)),
        max((one.size for _, one in shown if one is not None), default=None),
        consent,
        any(one is not None and is_of_a_sandbox(one.origin) for _, one in shown),
    )


def stood(entries: Sequence[Entry]) -> list[Stood]:
    """What stood where from when to when, in the words of the log."""
    found: dict[str, Stood] = {}
    for entry in entries:
        row = entry.row
        refs, facts, at = dict(ref.split(":", 1) for ref in row["refs"]), row["facts"], hour(row["at"])
        kind, notice = row["kind"], refs.get("notice")
        if notice is None or not kind.startswith("notices."):
            continue
        if kind == "notices.opened":
            length = f"{facts['length_n']} {facts['length_unit']}"
            found[notice] = Stood(notice, facts["notice_kind"], facts["subject"], length, [facts["document_sha256"]])
        elif notice in found:
            _tell(found[notice], kind.removeprefix("notices."), facts, at)
    return list(found.values())


def _given(texts: Sequence[Mapping[str, Any]], rows: Sequence[Mapping[str, Any]]) -> Given:
    """Of one text it is told that it was asked, signed by whom it names, and given; what is missing did not happen."""
    try:
        (text,) = texts
        said = json.loads(text["text"], object_pairs_hook=_once)
        owner, about = said["owner"], said["consents_to"]
        (asked,) = _of(rows, "achievements.consent_asked")
        signed, given = _of(rows, "signing.signature_put"), _of(rows, "achievements.co_owner_consented")
        ended = _of(rows, "achievements.consent_withdrawn")
        if any(row["facts"]["document_sha256"] != text["sha256"] for row in (asked, *signed, *given)):
            raise Unproven("signed", "another text")
        people = [dict(ref.split(":", 1) for ref in row["refs"]) for row in signed]
        kind = "organisation" if "organisation" in owner else "person"
        if any(who[kind] != owner[kind] for who in people):
            raise Unproven("signed", "another signatory")
        if len(given) > 1 or len(ended) > 1 or (given and not signed):
            raise Unproven("signed", "given without a signature")
        return Given(
            f"{kind} {owner[kind]}, who owns {owner['share']}",
            f"version {about['terms_sha256']} of listing {about['listing']}"
            if "listing" in about
            else f"every sale within {json.dumps(about['scope'], sort_keys=True)}",
            hour(asked["at"]),
            tuple(
                (hour(row["at"]), who["organisation"], who["person"]) for row, who in zip(signed, people, strict=True)
            ),
            hour(given[0]["at"]) if given else None,
            hour(ended[0]["at"]) if ended else None,
        )
    except (KeyError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise Unproven("signed", "the entries are not those of one consent") from error


def _of(rows: Sequence[Mapping[str, Any]], kind: str) -> list[Mapping[str, Any]]:
    return [row for row in rows if row["kind"] == kind]


def hour(moment: str) -> str:
    """A moment as people here read it: in Shanghai, to the second."""
    return datetime.fromisoformat(moment).astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S +08:00")


def _tell(told: Stood, what: str, facts: Mapping[str, Any], at: str) -> None:
    match what:
        case "posted":
            told.postings.append((facts["place"], at, facts["document_sha256"], facts.get("evidence_sha256")))
        case "started":
            told.started_at, told.announced_end = hour(facts["started_at"]), hour(facts["ends_at"])
        case "corrected":
            told.texts.append(facts["document_sha256"])
            told.turns.append(f"{at} corrected")
        case "extended" | "resumed":
            told.turns.append(f"{at} {what}, ends {hour(facts['ends_at']) if facts.get('ends_at') else 'later'}")
        case "objection_decided":
            told.turns.append(f"{at} objection {'upheld' if facts['upheld'] else 'dismissed'}")
        case "cleared":
            told.ended = f"cleared, on record since {at}"
        case "no_longer_stands":
            told.ended = f"{facts['state']} at {at}"
        case _:
            told.turns.append(f"{at} {what.replace('_', ' ')}")


def _place(entry: Entry) -> tuple[bool, int]:
    """In the order of the log; what is only promised comes last, as it stands in the file."""
    return entry.position is None, entry.position or 0


def _document(raw: bytes) -> dict[str, Any]:
    if len(raw) > SIZE_MAX:
        raise Unproven("form")
    try:
        document = json.loads(raw, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise Unproven("form") from error
    if not is_proof(document):
        raise Unproven("form")
    if not isinstance(document["texts"], list) or not isinstance(document["entries"], list) or not document["entries"]:
        raise Unproven("form")
    return dict(document)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A name said twice would be read in two ways."""
    if len({name for name, _ in pairs}) != len(pairs):
        raise ValueError("a name stands twice in an object")
    return dict(pairs)


def _entry(n: int, entry: object, trusted: Mapping[str, SealKey]) -> tuple[Entry, Checkpoint | None]:
    where = f"entry {n}"
    if not isinstance(entry, dict) or entry.keys() != {"entry_id", "kind", "proof", "promise"}:
        raise Unproven("form", where)
    log = {name: entry[name] for name in ("proof", "promise") if entry[name] is not None}
    try:
        shown = evidence.check_log(log, trusted)
    except Unproven as failed:
        raise Unproven("entries", f"{where} ({entry['kind']}): {failed.check}") from failed
    if shown.row["kind"] != entry["kind"] or shown.row["id"] != entry["entry_id"]:
        raise Unproven("entries", f"{where} ({entry['kind']}): it is another entry")
    return Entry(shown.position, shown.row), shown.checkpoint


def _check_about(subject: str, entries: Sequence[Entry], ties: Collection[str]) -> None:
    """Each row names the notice, the trade or the consent, or a thing that another row of the file ties to it."""
    named = [{*entry.row["refs"], entry.row["facts"].get("subject")} - {None} for entry in entries]
    known, size = {subject}, 0
    while len(known) > size:
        size = len(known)
        for refs in named:
            if known & refs:
                known |= {ref for ref in refs if ref.partition(":")[0] in ties}
    for n, (entry, refs) in enumerate(zip(entries, named, strict=True), start=1):
        if not known & refs:
            raise Unproven("about", f"entry {n} ({entry.row['kind']})")


def _check_texts(texts: Sequence[object], rows: Sequence[Mapping[str, Any]]) -> None:
    named = {value for row in rows for value in row["facts"].values() if isinstance(value, str)}
    for n, one in enumerate(texts, start=1):
        if not isinstance(one, dict) or not isinstance(one.get("text"), str):
            raise Unproven("form", f"text {n}")
        digest = sha256_hex(one["text"].encode("utf-8", "surrogatepass"))
        if digest != one.get("sha256") or digest not in named:
            raise Unproven("stood", f"text {n}")
