"""The least that can be called a bid over HTTP: a bare ASGI app over the same bid book with the same signer.

It reads the amount and the key, asks the book, and answers in three fields. No API key is looked up (the bidder says
who he is), nothing is checked that the book does not check, no receipt is shown, nothing is logged or counted.
`python -m bench.bare_bids PORT` serves it; the database and the signing key come from the environment.
"""

from __future__ import annotations

import os
import sys
from typing import Any
from uuid import UUID

import msgspec
import uvicorn

from techmarket.cli.serve import spare_the_collector
from techmarket.db.session import make_engine
from techmarket.kernel.seals import Seal
from techmarket.trading.bidbook import BidBook

_HEADERS = [(b"content-type", b"application/json")]


class _Money(msgspec.Struct):
    amount: str
    currency: str


class _Bid(msgspec.Struct):
    amount: _Money


_read = msgspec.json.Decoder(_Bid).decode


def app_over(book: BidBook) -> Any:
    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await _live(receive, send)
            return
        body = (await receive())["body"]
        headers = dict(scope["headers"])
        if scope["method"] != "POST":
            await _say(send, 200, b"{}")
            return
        minor = int(_read(body).amount.amount.replace(".", ""))
        org, key = UUID(headers[b"x-organisation"].decode()), headers[b"idempotency-key"].decode()
        answer = await book.place(UUID(scope["path"].split("/")[3]), org_id=org, minor=minor, key=key)
        least = answer.least_minor
        said = (
            f'{{"seq":{answer.entry.seq},"verdict":"{answer.entry.verdict}",'
            f'"least":{{"amount":"{least // 100}.{least % 100:02d}"}}}}'
        )
        await _say(send, 201 if answer.is_accepted else 409, said.encode())

    return app


async def _say(send: Any, status: int, body: bytes) -> None:
    headers = [*_HEADERS, (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _live(receive: Any, send: Any) -> None:
    await receive()
    spare_the_collector()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await send({"type": "lifespan.shutdown.complete"})


def main() -> None:
    engine = make_engine(os.environ["TECHMARKET_DATABASE_URL"], pool_size=2, application="bench-bare")
    book = BidBook(engine, Seal.from_pem(os.environ["TECHMARKET_RECEIPTS_KEY"].encode()))
    uvicorn.run(
        app_over(book),
        host="127.0.0.1",
        port=int(sys.argv[1]),
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_level="warning",
    )


if __name__ == "__main__":
    main()
