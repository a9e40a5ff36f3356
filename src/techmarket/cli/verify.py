"""Checks a file of the market with no network, and says what was checked and what was not."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from techmarket.certification import verify as certificates
from techmarket.certification.disclosing import HIDEABLE
from techmarket.certification.verify import NOTHING, Answer, Beside, Verdict, still_told, verify_file
from techmarket.cli.commit import sha256_of
from techmarket.dossiers import package, proofs
from techmarket.kernel.seals import SealKey
from techmarket.revenue import paper, statement
from techmarket.trading.receipts import verify_receipt
from techmarket.transparency import commitments, evidence
from techmarket.transparency.evidence import Unproven
from techmarket.transparency.keyset import key_for, retired_keys, trusted_keys

FILE_MAX = 256 * 1024**2
"""Of whatever is read in one piece; an evidence package is not."""
EXIT_UNTOLD = 4
"""What was asked for beside the file, such as a fresh status, could not be told."""
EXIT_CODES = {Answer.VALID: 0, Answer.SUSPENDED: 1, Answer.REVOKED: 1, Answer.NOT_OURS: 2}
ANSWERS = {
    Answer.VALID: "[green]✓ valid · 有效[/]",
    Answer.SUSPENDED: "[yellow]suspended · 已中止[/]",
    Answer.REVOKED: "[red]revoked · 已撤销[/]",
    Answer.NOT_OURS: "[red]✗ not ours · 不是本市场签发的原件[/]",
}
SENTENCES: Mapping[str, tuple[str, str]] = {
    **certificates.SENTENCES,
    **package.SENTENCES,
    **proofs.SENTENCES,
    **statement.SENTENCES,
    "page": ("页面上的文字", "what the page says: the file attached inside decides"),
    "opening": ("文件哈希与盐值即所登记的摘要", "document hash and salt give the digest that was logged"),
    "document": ("所附文件即该文件", "the document given is that document"),
    "receipt": (
        "回执由受信任的密钥签署，报价在该批次之内",
        "the receipt is sealed by a trusted key, the bid in its batch",
    ),
    "book": ("此报价在公开记录中的位置", "whether the public record holds the same bid (techmarket replay)"),
    "promise": ("市场签名承诺将此记录写入日志", "the market promised under its seal to log this entry"),
    "kept": ("该承诺是否已兑现", "whether the promise was kept: look for the leaf in the log"),
}


@dataclass
class Said:
    """A verdict in the same words for every kind of file."""

    answer: Answer
    what: str
    checked: tuple[str, ...] = ()
    not_checked: tuple[str, ...] = ()
    fault: str | None = None
    lines: list[str] = field(default_factory=list)
    warnings: tuple[str, ...] = ()
    is_of_a_sandbox: bool = False
    words: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Its own kind's sentences: a check of one name says another thing of another kind of file."""

    def sentence(self, code: str) -> str:
        zh, en = self.words.get(code) or SENTENCES[code]
        return f"{en} · {zh}"


def verdict_of(file: Path, trust: Path) -> Verdict:
    """The verdict on a certificate under the published keys (a JWK set) in another file."""
    return verify_file(file.read_bytes(), trusted_keys(json.loads(trust.read_text())))


def examine(raw: bytes, trusted: Mapping[str, SealKey], document: str | None = None, beside: Beside = NOTHING) -> Said:
    """What a file of the market is worth: a certificate, a package, a proof, a commitment, a receipt or a promise."""
    if raw.startswith(b"PK"):
        return _package(package.verify(raw, trusted))
    if raw.startswith(b"%PDF-"):
        inside = paper.attached(raw)
        if inside is not None:
            return _statement(inside, trusted, is_page=True)
        return _certificate(certificates.verify_paper(raw, trusted, beside))
    try:
        read = json.loads(raw)
    except (ValueError, RecursionError):
        read = None
    if isinstance(read, dict) and read.get("form") == commitments.FORM:
        return _commitment(raw, trusted, document)
    if statement.is_statement(read):
        return _statement(raw, trusted)
    if proofs.is_proof(read):
        return _proof(proofs.verify(raw, trusted))
    if isinstance(read, dict) and isinstance(read.get("receipt"), dict):
        read = read["receipt"]
    if isinstance(read, dict) and "batch" in read:
        return _receipt(read, trusted)
    if isinstance(read, dict) and isinstance(read.get("promise"), dict):
        read = read["promise"]
    if isinstance(read, dict) and read.keys() == evidence.PROMISE:
        return _promise(read, trusted)
    return _certificate(verify_file(raw, trusted, beside))


def _examine_file(file: Path, trusted: Mapping[str, SealKey], document: str | None, beside: Beside) -> Said:
    with file.open("rb") as opened:
        if opened.read(2) == b"PK":
            return _package(package.verify(opened, trusted))
        if file.stat().st_size > FILE_MAX:
            return Said(Answer.NOT_OURS, "file", fault="form")
        opened.seek(0)
        return examine(opened.read(), trusted, document, beside)


def _certificate(verdict: Verdict) -> Said:
    said = Said(verdict.answer, "certificate", verdict.checked, verdict.not_checked, verdict.fault)
    said.words = certificates.SENTENCES
    said.warnings = verdict.warnings
    said.is_of_a_sandbox = verdict.is_of_a_sandbox
    if verdict.number:
        said.what = f"certificate {verdict.number}"
    if verdict.since:
        said.lines.append(f"in this standing since {verdict.since}, as of {verdict.as_of} {verdict.why or ''}".strip())
    elif verdict.as_of:
        said.lines.append(f"as of {verdict.as_of} {verdict.why or ''}".strip())
    if verdict.answer is Answer.REVOKED and verdict.why == "REPLACED":
        said.lines.append("another certificate stands in its place; the market's page of this number names it")
    if verdict.hidden:
        said.lines.append(f"its holder does not show: {', '.join(verdict.hidden)}")
    return said


def _package(verdict: package.Verdict) -> Said:
    answer = Answer.VALID if verdict.is_valid else Answer.NOT_OURS
    said = Said(answer, "evidence package", verdict.checked, verdict.not_checked, verdict.fault)
    said.words = package.SENTENCES
    said.is_of_a_sandbox = verdict.is_of_a_sandbox
    if verdict.subject:
        said.what = f"evidence package of {verdict.subject}, made {verdict.made_at}"
        said.lines.append(f"{verdict.entries} entries of the log")
    said.lines += [
        f"notice {one['notice']} ({one['kind']}): began {one['started_at']}, ends {one['ends_at']},"
        f" {one['objections']} objection(s), {one['upheld']} upheld, {one['gone'] or 'stands'}"
        if "kind" in one
        else f"notice {one['notice']}: its period was not counted ({one['not_counted']})"
        for one in verdict.notices
    ]
    return said


def _proof(verdict: proofs.Verdict) -> Said:
    answer = Answer.VALID if verdict.is_valid else Answer.NOT_OURS
    said = Said(answer, verdict.what, verdict.checked, verdict.not_checked, verdict.fault)
    said.words = proofs.SENTENCES
    said.is_of_a_sandbox = verdict.is_of_a_sandbox
    if verdict.where is not None:
        said.lines.append(f"what is wrong: {verdict.where}")
    if verdict.checkpoint_size is not None:
        said.lines.append(f"{len(verdict.entries)} entries, in a log of {verdict.checkpoint_size} and more")
    if verdict.consent is not None:
        said.lines += _consent(verdict.consent)
    for one in verdict.notices:
        said.lines.append(f"notice {one.notice} ({one.kind}) about {one.subject}, for {one.length}")
        said.lines += [f"  text {sha256}" for sha256 in one.texts]
        said.lines += [
            f"  stood in {place} since {at}" + (f", evidence {evidence_sha256}" if evidence_sha256 else "")
            for place, at, _, evidence_sha256 in one.postings
        ]
        if one.started_at is not None:
            said.lines.append(f"  period from {one.started_at}, announced to end {one.announced_end}")
        said.lines += [f"  {turn}" for turn in one.turns]
        said.lines.append(f"  {one.ended or 'not ended, as far as these entries go'}")
    return said


def _consent(told: proofs.Given) -> list[str]:
    lines = [f"consent of {told.owner}, to {told.about}", f"  asked {told.asked_at}"]
    lines += [
        f"  signed {at} by person {person} for organisation {organisation}" for at, organisation, person in told.signed
    ]
    if told.given_at is None and told.withdrawn_at is None:
        lines.append("  not signed, as far as these entries go")
    if told.withdrawn_at is not None:
        lines.append(f"  {'taken back' if told.given_at else 'not given, ended'} {told.withdrawn_at}")
    elif told.given_at is not None:
        lines.append("  not taken back, as far as these entries go")
    return lines


def _commitment(raw: bytes, trusted: Mapping[str, SealKey], document: str | None) -> Said:
    try:
        seen = commitments.check_file(raw, trusted)
    except Unproven as failed:
        return Said(Answer.NOT_OURS, "commitment", fault=failed.check)
    said = Said(Answer.VALID, f"commitment {seen.digest}", seen.checked, ("time", "facts", "keys"))
    said.lines.append(f"logged {seen.at} by person {seen.person} of organisation {seen.organisation}")
    if seen.document_sha256 is None:
        said.not_checked = ("opening", *said.not_checked)
    elif document is None:
        said.lines.append(f"it is about the document with SHA-256 {seen.document_sha256}")
        said.not_checked = ("document", *said.not_checked)
    elif document == seen.document_sha256:
        said.checked = (*said.checked, "document")
    else:
        return Said(Answer.NOT_OURS, said.what, said.checked, said.not_checked, "document", said.lines)
    return said


def _statement(raw: bytes, trusted: Mapping[str, SealKey], *, is_page: bool = False) -> Said:
    page = ("page",) if is_page else ()
    try:
        seen = statement.check_file(raw, trusted)
    except Unproven as failed:
        return Said(Answer.NOT_OURS, "statement", fault=failed.check, words=statement.SENTENCES)
    said, told = seen.statement, Said(Answer.VALID, "statement", seen.checked, words=statement.SENTENCES)
    told.what = f"statement of {said['person']['name']}: {paper.yuan(said['amount_minor'])}"
    rework = ("reworked",) if said["reworked"] and "rework" not in seen.checked else ()
    told.not_checked = (*page, *rework, "entered", "paid", *(("kept",) if "promise" in seen.checked else ()), "keys")
    told.lines.append(f"distribution {said['distribution_id']} of contract {said['contract']['number']}")
    told.lines.append(f"logged {seen.logged_at}; rules of {said['rule_date']}")
    told.lines += [f"line {line['n']}: {line['group']}, {paper.yuan(line['minor'])}" for line in said["lines"]]
    told.lines += [f"line {line['n']}, written anew: {paper.yuan(line['minor'])}" for line in said["reworked"]]
    return told


def _receipt(shown: Mapping[str, Any], trusted: Mapping[str, SealKey]) -> Said:
    key = key_for(trusted, shown.get("kid"), "receipts")
    if key is None or not verify_receipt(shown, key):
        return Said(Answer.NOT_OURS, "receipt of a bid", fault="receipt", not_checked=("book", "keys"))
    said = Said(Answer.VALID, f"receipt of bid {shown['seq']}", ("receipt",), ("book", "time", "keys"))
    said.lines.append(f"lot {shown['lot']}, bidder {shown['bidder']}: {shown['verdict']} at {shown['at']}")
    return said


def _promise(shown: dict[str, Any], trusted: Mapping[str, SealKey]) -> Said:
    try:
        seen = evidence.check_log({"promise": shown}, trusted)
    except Unproven as failed:
        return Said(Answer.NOT_OURS, "promise", fault=failed.check)
    said = Said(Answer.VALID, f"promise of {seen.row['kind']}", seen.checked, ("kept", "time", "keys"))
    said.lines.append(f"leaf {shown['leaf_hash']} in log {shown['log_id']}")
    return said


def _plain(text: str) -> str:
    """What comes out of a file is shown as it is: it cannot colour, move or end the line it stands in."""
    return escape("".join(char if char.isprintable() else "�" for char in text))


def verify_path(
    file: Path,
    trust: Path | None,
    console: Console,
    document: Path | None = None,
    *,
    status_lists: Sequence[Path] = (),
    checkpoint: Path | None = None,
    consistency: Path | None = None,
) -> int:
    """Say the verdict; the exit code is 0 for valid, 1 for suspended or revoked, 2 for not ours, 3 for unreadable, 4 if
    what was given beside the file could not be used."""
    is_beside = trust is None
    trust = trust or file.parent / "keys.json"
    try:
        published = json.loads(trust.read_text())
        trusted, retired = trusted_keys(published), retired_keys(published)
        beside = _beside(status_lists, checkpoint, consistency)
        said = _examine_file(file, trusted, sha256_of(document) if document is not None else None, beside)
    except OSError as error:
        console.print(f"{error.filename} cannot be read. Give the market's published keys with --trust.")
        return 3
    except (ValueError, KeyError, TypeError):
        console.print(f"{trust} does not hold the market's published keys.")
        return 3
    console.print(f"{ANSWERS[said.answer]}  {_plain(said.what)}", soft_wrap=True)
    if said.is_of_a_sandbox:
        console.print("  [red]![/] a sandbox made this: a sample, worth nothing · 沙箱样本，无任何效力", soft_wrap=True)
    if is_beside:
        console.print(
            f"  [yellow]![/] the keys were taken from {trust}, beside the file: "
            "whoever sent you both may have made both. Fetch the market's keys yourself and name them with --trust."
        )
    if retired:
        console.print(f"  [dim]keys that were retired and are still trusted: {', '.join(sorted(retired))}[/]")
    for line in said.lines:
        console.print(f"  {_plain(line)}", soft_wrap=True)
    for code in said.checked:
        console.print(f"  [green]✓[/] {said.sentence(code)}")
    if said.fault:
        console.print(f"  [red]✗[/] {said.sentence(said.fault)}")
    for code in said.not_checked:
        console.print(f"  [dim]not checked: {said.sentence(code)}[/]")
    for code in said.warnings:
        console.print(f"  [yellow]![/] could not be told: {said.sentence(code)}")
    if said.warnings and said.answer is Answer.VALID:
        return EXIT_UNTOLD
    return EXIT_CODES[said.answer]


def _beside(status_lists: Sequence[Path], checkpoint: Path | None, consistency: Path | None) -> Beside:
    """What was fetched besides the file; a proof of growth is the answer of `/v1/log/consistency`."""
    growth = json.loads(consistency.read_text())["path"] if consistency is not None else ()
    return Beside(
        status_lists=tuple(path.read_text() for path in status_lists),
        checkpoint=checkpoint.read_text() if checkpoint is not None else None,
        growth=tuple(str(step) for step in growth),
    )


def present_path(file: Path, out: Path, hide: Sequence[str], trust: Path | None, console: Console) -> int:
    """Write the file less what its holder hides; 2 if the file is no certificate of the market, 3 if unreadable."""
    unknown = sorted(set(hide) - set(HIDEABLE))
    if unknown:
        console.print(f"{', '.join(unknown)} cannot be hidden; what can: {', '.join(HIDEABLE)}.")
        return 3
    try:
        trusted = trusted_keys(json.loads((trust or file.parent / "keys.json").read_text()))
        shown = certificates.present(file.read_bytes(), hide, trusted)
        out.write_bytes(shown)
    except OSError as error:
        console.print(f"{error.filename}: {error.strerror}.")
        return 3
    except (Unproven, ValueError, KeyError, TypeError):
        console.print(ANSWERS[Answer.NOT_OURS])
        return EXIT_CODES[Answer.NOT_OURS]
    verdict = verify_file(shown, trusted)
    console.print(f"wrote {out}; it does not show: {', '.join(verdict.hidden)}", soft_wrap=True)
    for told in still_told(verdict) if "price" in hide else ():
        console.print(f"  [yellow]![/] it still shows {_plain(told)}", soft_wrap=True)
    return 0
