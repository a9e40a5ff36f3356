"""Conditional reads (RFC 9110 section 13): a reader who already has what he would get is told just that, with 304.

It is done once, for every read: after the route has answered, so that nobody is told "unchanged" of what he would not
be shown, and from the tag of the answer he would get, so that an edit he may not see does not show either. An answer
whose route gives no tag is tagged by its bytes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from fastapi import Request, Response
from starlette.responses import StreamingResponse

from techmarket.kernel.canonical import sha256_hex

TAG_LENGTH = 32
HEADER = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "description": "The ETag you last got here: what has not changed for you since is answered 304, without a body.",
    "schema": {"type": "string", "maxLength": 2000},
}
UNCHANGED = {"description": "What you would get is what the tag you sent belongs to."}
# What describes the reading, and not the bytes that are left out.
_KEPT = ("etag", "link", "vary", "cache-control", "content-location", "expires")
_TAG = re.compile(r'(?:W/)?"([\x21\x23-\x7e\x80-\xff]*)"')


def names(field: str, tag: str) -> bool:
    """Whether the header holds the tag, compared weakly, or the star that every tag fits."""
    return field.strip() == "*" or tag in _TAG.findall(field)


async def unless_known(request: Request, response: Response) -> Response:
    """The answer, with its tag; or 304 without its body to the reader who has it."""
    if response.status_code != 200:
        return response
    if "etag" not in response.headers and not isinstance(response, StreamingResponse):
        response.headers["ETag"] = f'"{sha256_hex(bytes(response.body))[:TAG_LENGTH]}"'
    tagged = _TAG.fullmatch(response.headers.get("etag", ""))
    known = request.headers.get("if-none-match")
    if known is None or tagged is None or not names(known, tagged[1]):
        return response
    if isinstance(response, StreamingResponse):
        await _close(response)
    return Response(status_code=304, headers=_kept(response.headers))


def _kept(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: headers[name] for name in _KEPT if name in headers}


async def _close(response: StreamingResponse) -> None:
    """Nobody will read it to its end, and what it holds open is let go."""
    close = getattr(response.body_iterator, "aclose", None)
    if close is not None:
        await close()
