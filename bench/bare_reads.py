"""The least that can be called a public read over HTTP: a bare ASGI app that runs the market's own statements.

It reads the id or the size of the page, asks the database, leaves out what is not public, and answers in JSON. It has
no limits, no tags, no languages, no log and no metrics. `python -m bench.bare_reads PORT` serves it; the database comes
from the environment.
"""

from __future__ import annotations

import os
import sys
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import uvicorn

from techmarket.cli.serve import spare_the_collector
from techmarket.disclosure.tiers import Tier
from techmarket.listings.lifecycle import FINDABLE
from techmarket.listings.repository import SHOWN, SHOWN_PAGE, Shown
from techmarket.listings.tiers import DEFAULTS

POOL = 16
_PUBLIC = {kind: {name for name, tier in of.items() if tier is Tier.PUBLIC} for kind, of in DEFAULTS.items()}
_STATES = list(FINDABLE)
_read, _write = msgspec.json.Decoder().decode, msgspec.json.Encoder().encode


def said(row: Shown) -> dict[str, Any]:
    public = _PUBLIC[row.kind]
    return {
        "id": row.id,
        "kind": row.kind,
        "state": row.state,
        "organisation_id": row.org_id,
        "published_at": row.published_at,
        "expires_on": row.expires_on,
        "terms": {name: value for name, value in _read(row.body)["fields"].items() if name in public},
        "achievement_ids": row.achievement_ids,
    }


class App:
    def __init__(self, url: str) -> None:
        self._url = url

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        last = scope["path"].rpartition("/")[2]
        if last == "listings":
            limit = int(scope["query_string"].rpartition(b"=")[2] or 20)
            rows = await self._pool.fetch(SHOWN_PAGE, _STATES, None, None, limit)
            body = _write({"items": [said(Shown(*row)) for row in rows]})
        elif last == "readyz":
            body = b"{}"
        else:
            rows = await self._pool.fetch(SHOWN, [UUID(last)])
            body = _write(said(Shown(*rows[0])))
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _live(self, receive: Any, send: Any) -> None:
        await receive()
        self._pool = await asyncpg.create_pool(self._url, min_size=POOL, max_size=POOL)
        spare_the_collector()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._pool.close()
        await send({"type": "lifespan.shutdown.complete"})


def main() -> None:
    uvicorn.run(
        App(os.environ["TECHMARKET_DATABASE_URL"].replace("+asyncpg", "")),
        host="127.0.0.1",
        port=int(sys.argv[1]),
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_level="warning",
    )


if __name__ == "__main__":
    main()
