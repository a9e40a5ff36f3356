"""Checks a certificate file with no network, and says what was checked and what was not."""

from __future__ import annotations

import json
from pathlib import Path

from rich.console import Console

from techmarket.certification.verify import SENTENCES, Answer, Verdict, verify_file
from techmarket.transparency.keyset import trusted_keys

FILE_MAX = 1024 * 1024
EXIT_CODES = {Answer.VALID: 0, Answer.SUSPENDED: 1, Answer.REVOKED: 1, Answer.NOT_OURS: 2}
ANSWERS = {
    Answer.VALID: "[green]✓ valid · 有效[/]",
    Answer.SUSPENDED: "[yellow]suspended · 已中止[/]",
    Answer.REVOKED: "[red]revoked · 已撤销[/]",
    Answer.NOT_OURS: "[red]✗ not ours · 不是本市场签发的原件[/]",
}


def verdict_of(file: Path, trust: Path) -> Verdict:
    """The verdict on a file under the published keys (a JWK set) in another."""
    return verify_file(file.read_bytes(), trusted_keys(json.loads(trust.read_text())))


def verify_path(file: Path, trust: Path | None, console: Console) -> int:
    """Say the verdict; the exit code is 0 for valid, 1 for suspended or revoked, 2 for not ours, 3 for unreadable."""
    is_beside = trust is None
    trust = trust or file.parent / "keys.json"
    try:
        if file.stat().st_size > FILE_MAX:
            console.print(ANSWERS[Answer.NOT_OURS])
            return EXIT_CODES[Answer.NOT_OURS]
        verdict = verdict_of(file, trust)
    except OSError as error:
        console.print(f"{error.filename} cannot be read. Give the market's published keys with --trust.")
        return 3
    except (ValueError, KeyError, TypeError):
        console.print(f"{trust} does not hold the market's published keys.")
        return 3
    console.print(f"{ANSWERS[verdict.answer]}  {verdict.number or ''}")
    if is_beside:
        console.print(
            f"  [yellow]![/] the keys were taken from {trust}, beside the file: "
            "whoever sent you both may have made both. Fetch the market's keys yourself and name them with --trust."
        )
    if verdict.since:
        console.print(f"  in this standing since {verdict.since}, as of {verdict.as_of} {verdict.why or ''}")
    for code in verdict.checked:
        console.print(f"  [green]✓[/] {SENTENCES[code][1]} · {SENTENCES[code][0]}")
    if verdict.fault:
        console.print(f"  [red]✗[/] {SENTENCES[verdict.fault][1]} · {SENTENCES[verdict.fault][0]}")
    for code in verdict.not_checked:
        console.print(f"  [dim]not checked: {SENTENCES[code][1]} · {SENTENCES[code][0]}[/]")
    return EXIT_CODES[verdict.answer]
