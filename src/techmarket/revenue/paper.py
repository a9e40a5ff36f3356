"""The statement as a page (对账单版式): what a contributor reads, with the file that proves it attached."""

from __future__ import annotations

import io
import json
import zlib
from collections.abc import Mapping
from datetime import datetime
from importlib import resources
from typing import Any

from techmarket.kernel.money import Money
from techmarket.kernel.periods import SHANGHAI
from techmarket.kernel.typesetting import Form, typeset
from techmarket.revenue import statement, wording

ATTACHMENT = "statement.json"
LEGEND_MAX = 240
"""Formulas of many parts are cut on paper; the attached file has them whole."""


def draw_statement(file: bytes, form: Form = "pdf") -> Any:
    """The page of a statement's file, and the file itself inside."""
    parts = json.loads(file)
    stated = stated_of(parts["statement"]) | _proof_of(parts) | {"file": file.decode()}
    return typeset((resources.files("techmarket.revenue") / "statement.typ").read_bytes(), stated, form)


def stated_of(said: Mapping[str, Any]) -> dict[str, Any]:
    """What the page says, as text, in both languages."""
    return {
        "number": f"{said['contract']['number']} · {said['distribution_id']}",
        "person": said["person"]["name"],
        "amount": yuan(said["amount_minor"]),
        "unit": said["unit"]["name"],
        "contract": said["contract"]["number"],
        "mode": wording.of(wording.MODES, said["inputs"]["mode"]),
        "rule_date": said["rule_date"],
        "distributed_at": _read(said["distributed_at"]),
        "state": wording.of(wording.STATES, said["state"]),
        "as_of": _read(said["as_of"]),
        "distribution_id": said["distribution_id"],
        "computation_sha256": said["computation_sha256"],
        "table_sha256": said["share_table"]["sha256"],
        "lines": [_line(line) for line in (*said["lines"], *said["reworked"])],
        "steps": [_step(step) for step in said["steps"]],
        "flags": [_flag(flag) for flag in said["flags"]] + _flags_otherwise(said),
        "terms": [_term(term) for term in said["terms"]],
    }


def attached(raw: bytes) -> bytes | None:
    """The statement's file inside a PDF, unchanged; None if it carries none. At most as long as a file of ours."""
    import pikepdf  # loaded when it is first needed: a market that only serves pages never opens a PDF

    try:
        with pikepdf.open(io.BytesIO(raw)) as document:
            if ATTACHMENT not in document.attachments:
                return None
            stream = document.attachments[ATTACHMENT].get_file().obj
            packed = stream.read_raw_bytes()
            if str(stream.get("/Filter", "")) != "/FlateDecode":
                return bytes(packed) if len(packed) <= statement.SIZE_MAX else None
            file = zlib.decompressobj().decompress(packed, statement.SIZE_MAX + 1)
    except Exception:  # what strangers call a PDF breaks readers in more ways than they name
        return None
    return file if len(file) <= statement.SIZE_MAX else None


def yuan(minor: int | None) -> str:
    if minor is None:
        return "—"
    whole, _, cents = Money(minor).amount.partition(".")
    return f"¥ {int(whole):,}.{cents}"


def _line(line: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "n": line["n"],
        "group": wording.of(wording.GROUPS, line["group"]),
        "position": line["position"],
        "amount": yuan(line["minor"]),
        "wage": yuan(line["wage_base_minor"]),
        "state": wording.of(wording.STATES, line["state"]),
    }


def _step(step: Mapping[str, Any]) -> dict[str, Any]:
    says = step["says"]
    return {
        "name": wording.of_step(step["name"]),
        "says": says if len(says) <= LEGEND_MAX else f"{says[:LEGEND_MAX]} …",
        "rule": _rule(step["rule"]),
        "note": wording.of(wording.NOTES, step["note"]),
        "result": yuan(step["minor"]),
    }


def _rule(rule: Mapping[str, Any] | None) -> str:
    return "" if rule is None else f"{rule['source']} ({rule['jurisdiction']}: {rule['value']})"


def _flag(flag: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "tax": wording.of(wording.FLAGS, flag["tax"]),
        "value": wording.of(wording.FLAG_VALUES, flag["value"]),
        "confirm": flag["needs_confirmation"],
        "source": "" if flag["rule"] is None else flag["rule"]["source"],
    }


def _flags_otherwise(said: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What holds of the lines that were paid on another side of the relief alone."""
    found = []
    for one in said.get("paid_otherwise", ()):
        numbers = ", ".join(str(n) for n in one["lines"])
        for flag in (flag for flag in one["flags"] if flag not in said["flags"]):
            read = _flag(flag)
            zh, en = read["tax"]
            found.append(read | {"tax": (f"{zh}（第 {numbers} 行）", f"{en} (line {numbers})")})
    return found


def _term(term: Mapping[str, Any]) -> dict[str, Any]:
    moved_to = term.get("moved_to")
    return {
        "name": wording.of(wording.TERMS, term["name"]),
        "ends_on": term["ends_on"],
        "moved": moved_to is not None and moved_to != term["ends_on"],
        "moved_to": moved_to or "",
        "source": term["rule"]["source"],
    }


def _proof_of(parts: Mapping[str, Any]) -> dict[str, Any]:
    log = parts["log"]
    if "proof" in log:
        at = f"{log['proof']['log_id']} # {log['proof']['position']}"
    else:
        at = f"{log['promise']['log_id']}（已承诺入日志 promised）"
    return {"root": parts["lines"]["root"], "size": parts["lines"]["size"], "log": at}


def _read(moment: str) -> str:
    """A moment as people here read it: in Shanghai, to the second."""
    return datetime.fromisoformat(moment).astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S +08:00")
