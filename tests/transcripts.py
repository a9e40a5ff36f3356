"""Keeps what the tests send and hear, so that the document's examples are real ones: `make examples`.

A plugin of pytest, asked for by `-p tests.transcripts`. It listens to every request that goes into an application in
process and keeps it in the folder that `TECHMARKET_TRANSCRIPTS` names, one JSON object a line and one file a process;
`techmarket.cli.examples` chooses from there.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import httpx
from httpx import ASGITransport

BYTES_MAX = 12_000
STREAMED = ("text/event-stream", "application/zip")


def pytest_configure() -> None:
    path = os.environ.get("TECHMARKET_TRANSCRIPTS")
    if path is not None:
        folder = Path(path)
        folder.mkdir(parents=True, exist_ok=True)
        _listen(folder / f"{os.getpid()}.jsonl")


def _listen(path: Path) -> None:
    inner = ASGITransport.handle_async_request

    async def heard(self: ASGITransport, request: httpx.Request) -> httpx.Response:
        response = await inner(self, request)
        media = response.headers.get("content-type", "").partition(";")[0]
        if media in STREAMED:
            return response
        sent, got = _bytes_of(request), await response.aread()
        if len(sent) + len(got) <= BYTES_MAX and _said(sent) is not ... and _said(got) is not ...:
            line = {
                "method": request.method,
                "path": request.url.path,
                "query": dict(request.url.params.multi_items()),
                "asked_as": request.headers.get("content-type", "").partition(";")[0],
                "sent": _said(sent),
                "status": response.status_code,
                "media": media,
                "got": _said(got),
            }
            with path.open("a") as file:
                file.write(json.dumps(line, ensure_ascii=False) + "\n")
        return response

    ASGITransport.handle_async_request = heard  # type: ignore[method-assign]


def _bytes_of(request: httpx.Request) -> bytes:
    try:
        return request.content
    except httpx.RequestNotRead:
        return b""


def _said(raw: bytes) -> Any:
    """As JSON, or as a text; `...` for what is neither."""
    if not raw:
        return None
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        pass
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return ...
