"""A witness's own process: looks at a log by itself, or answers a log that comes to it; no data of the market."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import uvicorn
from rich.console import Console
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from techmarket.kernel.seals import SealKey
from techmarket.transparency import offline
from techmarket.transparency.keyset import trusted_keys
from techmarket.transparency.witness import REQUEST_MAX, Answer, Witness, request_of

Fetch = Callable[[str], httpx.Response]


def log_keys(trust: Path) -> list[SealKey]:
    """The keys of a published set that sign checkpoints."""
    published = json.loads(trust.read_text(encoding="utf-8"))
    return list(trusted_keys({"keys": [key for key in published["keys"] if key["use_here"] == "log"]}).values())


def look(witness: Witness, fetch: Fetch) -> Answer:
    """One look at a log: its checkpoint, the proof from what was seen last, and the witness's judgement."""
    note = fetch("/tlog/checkpoint").text.split("\n\n", 1)
    plain = note[0] + "\n\n" + note[-1].splitlines(keepends=True)[0]
    checkpoint = offline.read_checkpoint(plain)
    last = witness.seen().get(checkpoint.origin)
    old = last.size if last is not None else 0
    path: list[bytes] = []
    if 0 < old < checkpoint.size:
        answer = fetch(f"/v1/log/consistency?from={old}&to={checkpoint.size}")
        path = [bytes.fromhex(step) for step in answer.json()["path"]]
    return witness.add_checkpoint(request_of(old, path, plain))


def watch(witness: Witness, url: str, *, every: float | None, console: Console) -> int:
    """Look once, or again and again; a log that does not follow from what was seen ends the watch with an alarm."""
    with httpx.Client(base_url=url, timeout=10.0) as client:

        def fetch(path: str) -> httpx.Response:
            return client.get(path).raise_for_status()

        while True:
            try:
                answer = look(witness, fetch)
            except (httpx.HTTPError, ValueError, KeyError, IndexError) as error:
                console.print(f"[yellow]![/] the log could not be read: {type(error).__name__}")
                answer = None
            if answer is not None and not answer.is_signed:
                console.print(f"[red]✗ refused ({answer.status})[/] {answer.body.strip()}")
                return 1
            if answer is not None:
                for origin, seen in witness.seen().items():
                    console.print(f"[green]✓[/] {origin}: {seen.size} entries, root {seen.root.hex()}")
            if every is None:
                return 0 if answer is not None else 3
            time.sleep(every)


def app_of(witness: Witness) -> Starlette:
    """The witness over HTTP, as C2SP tlog-witness says."""

    async def add_checkpoint(request: Request) -> Response:
        body = b""
        async for chunk in request.stream():
            body += chunk
            if len(body) > REQUEST_MAX:
                return Response("the request is too long\n", status_code=413)
        try:
            said = body.decode("utf-8")
        except UnicodeDecodeError:
            return Response("the request is not text\n", status_code=400)
        answer = await run_in_threadpool(witness.add_checkpoint, said)
        return Response(answer.body, status_code=answer.status, headers={"content-type": answer.media_type})

    return Starlette(routes=[Route("/add-checkpoint", add_checkpoint, methods=["POST"])])


def serve(witness: Witness, *, host: str, port: int) -> None:
    uvicorn.run(app_of(witness), host=host, port=port, access_log=False, server_header=False)
