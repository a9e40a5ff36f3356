"""The page that a court or an auditor reads: what the package holds, in Chinese and English, drawn by typst."""

from __future__ import annotations

import json
from datetime import datetime
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Literal

import typst

from techmarket.dossiers.package import Content
from techmarket.kernel.periods import SHANGHAI
from techmarket.transparency import offline


@cache
def _fonts() -> typst.Fonts:
    folder = Path(str(resources.files("techmarket") / "fonts"))
    return typst.Fonts(include_system_fonts=False, font_paths=[str(folder)])


def draw(content: Content, form: Literal["pdf", "png"] = "pdf") -> bytes:
    """The summary as PDF (or `png`, to look at it): the same content gives the same bytes."""
    source = (resources.files("techmarket.dossiers") / "summary.typ").read_bytes()
    stated = json.dumps(stated_of(content), ensure_ascii=False)
    return typst.compile(source, font_paths=_fonts(), format=form, sys_inputs={"stated": stated})


def stated_of(content: Content) -> dict[str, object]:
    checkpoint = offline.read_checkpoint(content.log["checkpoint"])
    rows = [(one["position"], json.loads(one["row"])) for one in content.log["entries"]]
    return {
        "subject": content.subject,
        "made_at": _read(content.made_at),
        "log_id": content.log["log_id"],
        "size": checkpoint.size,
        "root": checkpoint.root.hex(),
        "cosignatures": len(content.log["cosignatures"]),
        "texts": len(content.texts),
        "notices": [_readable(one) for one in content.notices["notices"]],
        "entries": [{"n": n, "at": _read(row["at"]), "kind": row["kind"]} for n, row in rows],
    }


def _readable(notice: dict[str, Any]) -> dict[str, Any]:
    return {**notice, **{name: _read(notice[name]) for name in ("started_at", "ends_at") if notice.get(name)}}


def _read(moment: str) -> str:
    """A moment as people here read it: in Shanghai, to the second."""
    return datetime.fromisoformat(moment).astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S +08:00")
