"""The OpenAPI document as a text, made without a database: the routes alone decide it."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from techmarket.app import create_app
from techmarket.cli.breaking import breaking_changes, skeleton, version_due
from techmarket.cli.examples import refresh
from techmarket.db import keys as market_keys
from techmarket.db.files import Files
from techmarket.db.means import Means
from techmarket.db.session import Tx, make_engine


def document() -> dict[str, Any]:
    """A document of the caller's own: making it takes seconds, reading it again does not."""
    found: dict[str, Any] = json.loads(_text())
    return found


@cache
def _text() -> str:
    with tempfile.TemporaryDirectory() as folder:
        tx = Tx(make_engine("postgresql+asyncpg://nobody@127.0.0.1:1/none"))
        return json.dumps(create_app(Means(tx, market_keys.for_tests(), Files.at(folder))).openapi())


def whole_document() -> tuple[dict[str, Any], list[str]]:
    """The document, and the operations whose recorded example fits no longer and was dropped for it."""
    made = document()
    dropped = refresh(made)
    if dropped:
        _text.cache_clear()
    return (document() if dropped else made), dropped


def document_text() -> str:
    return spelled(document())


def spelled(document: Mapping[str, Any]) -> str:
    """Stable bytes: sorted keys, two spaces, one newline at the end."""
    return json.dumps(document, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def released_text() -> str:
    """The document as it is kept at a release: without the texts that bind nobody, one path a line."""
    kept = skeleton(document())
    parts = []
    for name, value in sorted(kept.items()):
        if isinstance(value, dict):
            lines = [f"  {json.dumps(key)}: {_spelled(inner)}" for key, inner in sorted(value.items())]
            parts.append(f"{json.dumps(name)}: {{\n" + ",\n".join(lines) + "\n}")
        else:
            parts.append(f"{json.dumps(name)}: {_spelled(value)}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _spelled(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


class NotADocument(Exception):
    """The file that was named is no OpenAPI document."""


def _released(file: Path) -> Any:
    try:
        kept = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise NotADocument(f"{file} cannot be read: {error.strerror}") from error
    except ValueError:
        kept = None
    if not isinstance(kept, dict) or not isinstance(kept.get("paths"), dict):
        raise NotADocument(f"{file} is not an OpenAPI document")
    return kept


def due_version(released: Path) -> str | None:
    """The released version that the present one must be above, when what it promises has changed."""
    return version_due(_released(released), document(), today=datetime.now(UTC).date())


def check_against(released: Path) -> list[str]:
    """What breaks callers of the released document, one line each, but for what was reviewed and stands beside it.

    `released.json` has its reviewed breaks in `released.accepted.txt`, one a line.
    """
    kept = _released(released)
    beside = released.with_suffix(".accepted.txt")
    accepted = set(beside.read_text().splitlines()) if beside.exists() else set()
    found = breaking_changes(kept, document(), today=datetime.now(UTC).date())
    return [str(one) for one in found if str(one) not in accepted]
