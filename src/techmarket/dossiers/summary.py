"""The page that a court or an auditor reads: what the package holds, in Chinese and English, drawn by typst."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib import resources
from typing import Any, Literal

from techmarket.kernel.periods import SHANGHAI
from techmarket.kernel.typesetting import typeset
from techmarket.transparency import offline

LINES_MAX = 1_500
"""Entries told line by line; of more, how many there are."""


@dataclass(frozen=True, slots=True)
class Stated:
    """What the summary says. `lines` are the first entries; `readings` how often a document was read, and refused."""

    subject: str
    made_at: str
    log: Mapping[str, Any]
    notices: Sequence[Mapping[str, Any]]
    grounds: Mapping[str, Sequence[Mapping[str, Any]]]
    lines: Sequence[Mapping[str, Any]]
    entries: int
    texts: int
    readings: tuple[int, int]


def draw(stated: Stated, form: Literal["pdf", "png"] = "pdf") -> bytes:
    """The summary as PDF (or `png`, to look at it): the same content gives the same bytes."""
    source = (resources.files("techmarket.dossiers") / "summary.typ").read_bytes()
    page: bytes = typeset(source, _said(stated), form)
    return page


def _said(stated: Stated) -> dict[str, object]:
    checkpoint = offline.read_checkpoint(stated.log["checkpoint"])
    return {
        "subject": stated.subject,
        "made_at": _read(stated.made_at),
        "log_id": stated.log["log_id"],
        "size": checkpoint.size,
        "root": checkpoint.root.hex(),
        "cosignatures": len(stated.log["cosignatures"]),
        "earlier": [offline.read_checkpoint(one["checkpoint"]).size for one in stated.log["grew_from"]],
        "texts": stated.texts,
        "read": stated.readings[0],
        "refused": stated.readings[1],
        "notices": [_readable(one) for one in stated.notices],
        "approvals": list(stated.grounds["approvals"]),
        "consents": [{**one, "given_at": _read(one["given_at"])} for one in stated.grounds["consents"]],
        "count": stated.entries,
        "entries": [{"n": one["n"], "at": _read(one["at"]), "kind": one["kind"]} for one in stated.lines],
    }


def _readable(notice: Mapping[str, Any]) -> dict[str, Any]:
    return {**notice, **{name: _read(notice[name]) for name in ("started_at", "ends_at") if notice.get(name)}}


def _read(moment: str) -> str:
    """A moment as people here read it: in Shanghai, to the second."""
    return datetime.fromisoformat(moment).astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S +08:00")
