"""The OpenAPI document as a text, made without a database: the routes alone decide it."""

from __future__ import annotations

import json
import tempfile
from typing import Any

from techmarket.app import create_app
from techmarket.db import keys as market_keys
from techmarket.db.files import Files
from techmarket.db.means import Means
from techmarket.db.session import Tx, make_engine


def document() -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        tx = Tx(make_engine("postgresql+asyncpg://nobody@127.0.0.1:1/none"))
        return create_app(Means(tx, market_keys.for_tests(), Files.at(folder))).openapi()


def document_text() -> str:
    """Stable bytes: sorted keys, two spaces, one newline at the end."""
    return json.dumps(document(), indent=2, ensure_ascii=False, sort_keys=True) + "\n"
