"""Sealed bids from one's own machine: the dealer's, a bidder's, an officer's. No secret leaves it unsealed."""

from __future__ import annotations

import base64
import json
import os
import shutil
import stat
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import httpx
import typer
from rich.console import Console

from techmarket.kernel.canonical import sha256_hex
from techmarket.kernel.money import Money
from techmarket.kernel.refusals import Refusal
from techmarket.kernel.seals import SealKey
from techmarket.trading.sealed import rules
from techmarket.trading.sealed.envelopes import (
    SUITE,
    Binding,
    Letter,
    TooLong,
    cover,
    new_key,
    open_envelope,
    public_half,
    seal,
    write,
)
from techmarket.trading.sealed.receipts import verify_receipt
from techmarket.trading.sealed.shares import BadSplit, Share, require_split, split
from techmarket.transparency.keyset import trusted_keys

sealed = typer.Typer(no_args_is_help=True, help=__doc__)
console = Console()

SHARE_FORM = "techmarket sealed share 1"
LETTER_FORM = "techmarket sealed letter 1"


class Refused(SystemExit):
    """The market said no, by name; nothing was changed."""


LotId = Annotated[UUID, typer.Option("--lot", help="the lot's id")]
Base = Annotated[str, typer.Option("--base", help="the market's address", envvar="TECHMARKET_BASE")]
KeyFile = Annotated[Path, typer.Option("--key-file", help="a file with your API key")]


@sealed.command()
def keys(
    lot: LotId,
    base: Base,
    key_file: KeyFile,
    out: Annotated[Path, typer.Option(help="a new folder for the officers' files")],
    needed: Annotated[int, typer.Option(help="how many officers open the lot together")] = 3,
    officers: Annotated[int, typer.Option(help="how many officers there are; each is named by --officer")] = 5,
    officer: Annotated[
        list[str] | None, typer.Option(help="PERSON_ID:ORGANISATION_ID of an officer, once for each")
    ] = None,
) -> None:
    """Deal a lot's key: make it here, write one file an officer, register the public half, and forget the rest."""
    named = [_officer(one) for one in officer or []]
    if len(named) != officers:
        raise SystemExit(f"Name {officers} officers by --officer PERSON_ID:ORGANISATION_ID; {len(named)} were named.")
    try:
        require_split(needed=needed, officers=officers)
    except BadSplit:
        raise SystemExit("Two officers are the fewest needed, nine the most there are, and one may be lost.") from None
    if out.exists():
        raise SystemExit(f"{out} is there already; shares go into a new folder only.")
    private_key = new_key()
    public_key, shares = public_half(private_key), split(private_key, needed=needed, officers=officers)
    del private_key
    out.mkdir(mode=0o700, parents=True)
    for share in shares:
        _write_private(out / f"officer-{share.index}.json", _share_file(lot, share, public_key))
    registered = {
        "public_key": public_key.hex(),
        "needed": needed,
        "officers": [
            {
                "person_id": str(person_id),
                "organisation_id": str(org_id),
                "share_sha256": share.digest(lot).hex(),
            }
            for (person_id, org_id), share in zip(named, shares, strict=True)
        ],
    }
    try:
        _ask(base, key_file, "POST", f"/v1/lots/{lot}/sealing", registered, once=f"sealing-{public_key.hex()}")
    except Refused:
        shutil.rmtree(out)  # shares of a key that no lot has
        raise
    console.print(f"The key of lot {lot} is registered; its private half is nowhere.")
    console.print(f"Give each officer his own file out of {out}, and keep none.")


@sealed.command()
def bid(
    lot: LotId,
    base: Base,
    key_file: KeyFile,
    out: Annotated[Path, typer.Option(help="a new file for what was written and the receipt; keep it to yourself")],
    amount: Annotated[str | None, typer.Option(help="yuan with two decimals, such as 640000.00")] = None,
    content: Annotated[Path | None, typer.Option(help="a JSON file with a proposal, instead of an amount")] = None,
    withdraw: Annotated[bool, typer.Option(help="send an empty envelope: your earlier quote no longer stands")] = False,
    trust: Annotated[Path | None, typer.Option(help="the market's published keys, to check the receipt")] = None,
) -> None:
    """Seal a quote on this machine and put it into your slot; a later one replaces it until the lot's end."""
    if sum((amount is not None, content is not None, withdraw)) != 1:
        raise SystemExit("Say one of --amount, --content and --withdraw.")
    if out.exists():
        raise SystemExit(f"{out} is there already; a letter is written into a new file only.")
    said = None if withdraw else _content(amount, content)
    told = _ask(base, key_file, "GET", f"/v1/lots/{lot}/sealing")
    binding, public_key = _binding(lot, told), bytes.fromhex(told["public_key"])
    letter = None if said is None else write(said, binding)
    try:
        envelope = cover(binding, public_key) if letter is None else seal(letter, binding, public_key)
    except TooLong as error:
        raise SystemExit(f"It does not fit into an envelope: {error}.") from None
    # Written before it is sent: whoever loses the answer still knows what he quoted.
    kept = _letter_file(binding, letter, envelope)
    _write_private(out, kept)
    body = {"envelope": base64.b64encode(envelope).decode()}
    receipt = _ask(base, key_file, "PUT", f"/v1/lots/{lot}/envelope", body)
    if receipt["envelope_sha256"] != sha256_hex(envelope):
        raise SystemExit("The market's receipt is for another envelope than the one sent.")
    if trust is not None and not _is_receipt(receipt, trust):
        raise SystemExit("The receipt is not signed by the market's published key.")
    out.write_text(_text({**kept, "receipt": receipt}))
    console.print(f"Your envelope stands in the slot of bidder {receipt['bidder']} since {receipt['at']}.")


@sealed.command("open-share")
def open_share(file: Path, base: Base, key_file: KeyFile) -> None:
    """Give your share after the lot's end; before it nothing is sent."""
    held = _read(file, SHARE_FORM)
    lot, share = UUID(held["lot"]), Share(held["n"], bytes.fromhex(held["share"]))
    shown = _ask(base, None, "GET", f"/v1/lots/{lot}")
    ends = shown["effective_end"]
    if ends is None or datetime.fromisoformat(shown["now"]) < datetime.fromisoformat(ends):
        raise SystemExit(f"The lot takes quotes until {ends or 'an hour not fixed yet'}; keep your share until then.")
    told = _ask(base, None, "GET", f"/v1/lots/{lot}/sealing")
    digest = next((one["share_sha256"] for one in told["officers"] if one["n"] == share.index), None)
    if told["public_key"] != held["public_key"] or digest != share.digest(lot).hex():
        raise SystemExit(
            "This is not the share registered for the lot: the key was dealt anew, or the file is damaged."
        )
    body = {"n": share.index, "share": share.body.hex()}
    once = f"share-{share.digest(lot).hex()}"
    told = _ask(base, key_file, "POST", f"/v1/lots/{lot}/opening/shares", body, once=once)
    given = sum(one["given_at"] is not None for one in told["officers"])
    console.print(f"{given} of the {told['needed']} shares needed are given.")
    if told["opened_at"]:
        console.print(f"The lot was opened at {told['opened_at']}.")


@sealed.command()
def check(lot: LotId, base: Base) -> None:
    """Open every envelope of an opened lot again with its published key, and compare with what the market says."""
    record = _ask(base, None, "GET", f"/v1/lots/{lot}/opening")
    if record["private_key"] is None:
        raise SystemExit("The proposals of this lot are confidential; its key is not published.")
    findings = _disagreements(lot, record)
    for finding in findings:
        console.print(f"[red]✗[/] {finding}")
    if findings:
        raise SystemExit(1)
    console.print(f"[green]✓[/] {len(record['envelopes'])} envelopes open to what the market says, as drawn")


def _disagreements(lot: UUID, record: dict[str, Any]) -> list[str]:
    key = bytes.fromhex(record["private_key"])
    found = [] if public_half(key).hex() == record["public_key"] else ["the private key is not the public key's"]
    slots = [rules.Slot(one["bidder"], base64.b64decode(one["envelope"])) for one in record["envelopes"]]
    digest = rules.slots_digest(lot, slots)
    if digest.hex() != record["slots_sha256"]:
        found.append("the envelopes are not those that were logged at the deadline")
    drawn = rules.draw(key, digest, [slot.number for slot in slots])
    if [one["bidder"] for one in sorted(record["envelopes"], key=lambda one: one["drawn"])] != drawn:
        found.append("the order is not the one drawn")
    for one, slot in zip(record["envelopes"], slots, strict=True):
        if one["verdict"] not in (rules.Verdict.COUNTED, rules.Verdict.OUT_OF_BOUNDS):
            continue
        letter = open_envelope(slot.envelope, Binding(lot, slot.number, record["terms_sha256"]), key)
        if letter is None or (dict(letter.content), letter.commitment.hex()) != (one["content"], one["commitment"]):
            found.append(f"the envelope of bidder {slot.number} says something else")
    return found


def _officer(text: str) -> tuple[UUID, UUID]:
    person, _, org = text.partition(":")
    try:
        return UUID(person), UUID(org)
    except ValueError:
        raise SystemExit(f"An officer is PERSON_ID:ORGANISATION_ID, not {text}.") from None


def _content(amount: str | None, file: Path | None) -> dict[str, Any]:
    if file is not None:
        read = json.loads(file.read_text(encoding="utf-8"))
        if not isinstance(read, dict):
            raise SystemExit("A proposal is a JSON object.")
        return read
    try:
        return {"amount": {"amount": Money.parse(amount or "").amount, "currency": "CNY"}}
    except Refusal as refusal:
        raise SystemExit(str(refusal)) from None


def _binding(lot: UUID, told: dict[str, Any]) -> Binding:
    if told["suite"] != SUITE:
        raise SystemExit(f"This lot is sealed by {told['suite']}, which this program does not know.")
    if told["bidder"] is None:
        raise SystemExit("Your organisation is no participant for this lot.")
    return Binding(lot, told["bidder"], told["terms_sha256"])


def _is_receipt(receipt: dict[str, Any], trust: Path) -> bool:
    known: dict[str, SealKey] = trusted_keys(json.loads(trust.read_text(encoding="utf-8")))
    key = known.get(receipt["kid"])
    return key is not None and verify_receipt(receipt, key)


def _share_file(lot: UUID, share: Share, public_key: bytes) -> dict[str, Any]:
    return {
        "form": SHARE_FORM,
        "lot": str(lot),
        "n": share.index,
        "public_key": public_key.hex(),
        "share": share.body.hex(),
    }


def _letter_file(binding: Binding, letter: Letter | None, envelope: bytes) -> dict[str, Any]:
    return {
        "form": LETTER_FORM,
        **binding.said(),
        "content": None if letter is None else dict(letter.content),
        "nonce": None if letter is None else letter.nonce.hex(),
        "commitment": None if letter is None else letter.commitment.hex(),
        "envelope_sha256": sha256_hex(envelope),
    }


def _text(value: dict[str, Any]) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _write_private(path: Path, value: dict[str, Any]) -> None:
    """A new file that only its owner may read."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, stat.S_IRUSR | stat.S_IWUSR)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(_text(value))


def _read(path: Path, form: str) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        value = None
    if not isinstance(value, dict) or value.get("form") != form:
        raise SystemExit(f"{path} is not a file of the form “{form}”.")
    return value


def _ask(
    base: str, key_file: Path | None, method: str, path: str, body: dict[str, Any] | None = None, *, once: str = ""
) -> dict[str, Any]:
    headers = {"Accept-Language": "en"}
    if key_file is not None:
        headers["Authorization"] = f"Bearer {key_file.read_text(encoding='utf-8').strip()}"
    if once:
        headers["Idempotency-Key"] = once
    try:
        with httpx.Client(base_url=base, timeout=20.0) as http:
            answer = http.request(method, path, json=body, headers=headers)
    except httpx.TransportError as error:
        raise SystemExit(f"The market does not answer ({type(error).__name__}).") from None
    said = answer.json()
    if answer.status_code >= 400:
        raise Refused(f"{said.get('title')} ({said.get('code')})")
    return dict(said)
