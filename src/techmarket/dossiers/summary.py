"""The page that a court or an auditor reads: what the package holds, in Chinese and English, drawn by typst."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib import resources
from typing import Any, Literal

from techmarket.dossiers.words import both, told
from techmarket.kernel.periods import SHANGHAI
from techmarket.kernel.typesetting import typeset
from techmarket.transparency import offline

LINES_MAX = 1_500
"""Entries told line by line; of more, how many there are."""


@dataclass(frozen=True, slots=True)
class Named:
    """What people call the subject: its number, its titles, and the organisation it belongs to."""

    number: str | None
    titles: Sequence[str]
    owner: str


@dataclass(frozen=True, slots=True)
class Stated:
    """What the summary says. `happened` is told by notice, `lines` are the first entries.

    `readings` are how often a document was read, and how often that was refused.
    """

    subject: str
    named: Named
    made_at: str
    log: Mapping[str, Any]
    notices: Sequence[Mapping[str, Any]]
    happened: Mapping[str, Sequence[Mapping[str, Any]]]
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
        "subject_kind": both(stated.subject.partition(":")[0]),
        "number": stated.named.number,
        "titles": list(stated.named.titles),
        "owner": stated.named.owner,
        "made_at": _read(stated.made_at),
        "log_id": stated.log["log_id"],
        "size": checkpoint.size,
        "root": checkpoint.root.hex(),
        "cosignatures": len(stated.log["cosignatures"]),
        "earlier": [offline.read_checkpoint(one["checkpoint"]).size for one in stated.log["grew_from"]],
        "texts": stated.texts,
        "read": stated.readings[0],
        "refused": stated.readings[1],
        "notices": [_notice(one, stated.happened.get(one["notice"], ())) for one in stated.notices],
        "approvals": [
            {
                "kind": both(one["kind"]),
                "state": both(one["state"]),
                "decided_on": one["decided_on"],
                "document_sha256": one["document_sha256"],
                "evidence": [[both(label), sha256] for label, sha256 in one["evidence"]],
            }
            for one in stated.grounds["approvals"]
        ],
        "consents": [
            {
                "organisation_id": one["organisation_id"],
                "state": both(one["state"]),
                "given_at": _read(one["given_at"]),
                "document_sha256": one["document_sha256"],
            }
            for one in stated.grounds["consents"]
        ],
        "count": stated.entries,
        "entries": [
            {"n": one["n"], "at": _read(one["at"]), "kind": one["kind"], "told": " ".join(told(one["kind"]))}
            for one in stated.lines
        ],
    }


def _notice(notice: Mapping[str, Any], happened: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """A notice in words: where it stood since when, each turn of its period, and how it ended."""
    if "not_counted" in notice:
        return {**notice, "kind": ""}
    cleared = "CLEARED" if notice["cleared_at"] is not None else "RUNNING"
    return {
        "kind": both(notice["kind"]),
        "document_sha256": notice["document_sha256"],
        "length": f"{notice['length']['n']} {both(notice['length']['unit'])}",
        "started_at": _read(notice["started_at"]) if notice["started_at"] else None,
        "ends_at": _end(notice["ends_at"]) if notice["ends_at"] else None,
        "stops": [[_read(began), _read(ended) if ended else None] for began, ended in notice["stops"]],
        "objections": notice["objections"],
        "upheld": notice["upheld"],
        "outcome": both(notice["gone"] or cleared),
        "postings": [
            [both(one["place"]), _read(one["at"]), one.get("evidence_sha256")]
            for one in happened
            if one["kind"] == "notices.posted"
        ],
        "turns": [
            [_read(one["at"]), _turn(one)]
            for one in happened
            if one["kind"] not in ("notices.posted", "notices.opened")
        ],
    }


def _turn(one: Mapping[str, Any]) -> str:
    """What happened in both languages; of a decision, which way it went."""
    if one["kind"] == "notices.objection_decided":
        return "异议成立 objection upheld" if one.get("upheld") else "异议不成立 objection dismissed"
    return " ".join(told(one["kind"])).strip() or str(one["kind"])


def _end(moment: str) -> str:
    """The end of a period as people say it: a period ends at 24:00 of its last day, not at 00:00 of the next."""
    at = datetime.fromisoformat(moment).astimezone(SHANGHAI)
    if (at.hour, at.minute, at.second, at.microsecond) != (0, 0, 0, 0):
        return _read(moment)
    return f"{at.date() - timedelta(days=1)} 24:00:00 +08:00"


def _read(moment: str) -> str:
    """A moment as people here read it: in Shanghai, to the second."""
    return datetime.fromisoformat(moment).astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S +08:00")
