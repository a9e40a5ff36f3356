"""What may enter at all: targets, headers and bodies are measured, timed and read strictly before a route sees them."""

from __future__ import annotations

import asyncio
import json
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_to_bytes

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from techmarket.api import errors
from techmarket.api.refusals import problem
from techmarket.kernel.refusals import Refusal

TARGET_BYTES_MAX = 8 * 1024
HEADER_BYTES_MAX = 32 * 1024
BODY_BYTES_MAX = 1024 * 1024
HELD_BYTES_MAX = 128 * 1024 * 1024
HELD_SOURCES_MIN = 4
FREE_BYTES = 64 * 1024
READ_SECONDS = 15.0
DEPTH_MAX = 32
DIGITS_MAX = 19
PARTS_MAX = 20_000  # a mebibyte of empty arrays takes Python far longer than a mebibyte of anything else
JSON = "application/json"
STREAMED_KEY = "techmarket.streamed"
"""In the scope of a request whose body is only counted on its way through: nobody may ask for it in one piece."""

# A second one of these would let a proxy and the market read two different requests.
_SINGLE_HEADERS = frozenset(
    {
        b"host",
        b"content-length",
        b"content-type",
        b"content-encoding",
        b"transfer-encoding",
        b"authorization",
        b"idempotency-key",
        b"if-match",
        b"if-none-match",
        b"x-request-id",
    }
)


@dataclass(frozen=True, slots=True)
class BodyRule:
    """What body an address takes. `path` is a prefix of whole segments; `{}` in it stands for any one segment.

    A streamed body is only counted and timed on its way through, so its rule holds for the whole path alone: what is
    said about an upload, behind its address, is read in one piece. `seconds` is the time for the whole body.
    """

    path: str
    bytes_max: int = BODY_BYTES_MAX
    media: tuple[str, ...] = (JSON,)
    streamed: bool = False
    seconds: float = READ_SECONDS
    pattern: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        segments = self.path.strip("/").split("/") if self.path.strip("/") else []
        parts = ["[^/]+" if segment.startswith("{") else re.escape(segment) for segment in segments]
        end = "/?$" if self.streamed else "(?:/|$)"
        object.__setattr__(self, "pattern", re.compile("".join(f"/{part}" for part in parts) + end))

    def takes(self, media: str) -> bool:
        return media in self.media or "*/*" in self.media


class Limits:
    """Pure ASGI. The first rule that fits the path holds, else one mebibyte of JSON in fifteen seconds."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        rules: Sequence[BodyRule] = (),
        read_seconds: float = READ_SECONDS,
        idle_seconds: float = READ_SECONDS,
    ) -> None:
        self.app = app
        self.rules = tuple(rules)
        self.otherwise = BodyRule("/", seconds=read_seconds)
        self.idle_seconds = idle_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        try:
            check_target(scope)
            headers = check_headers(scope)
            has_body = scope["type"] == "http" and (
                headers.get(b"content-length", b"0") != b"0" or b"transfer-encoding" in headers
            )
            rule = self._rule_of(scope["path"]) if has_body else None
            if rule is not None:
                check_body_headers(headers, rule)
        except Refusal as refusal:
            await refuse(refusal, scope, receive, send)
            return
        if rule is None:
            await self.app(scope, receive, send)
        elif rule.streamed:
            await self._stream(rule, scope, receive, send)
        else:
            with HELD.body(scope) as grown:
                await self._buffer(rule, headers, scope, receive, send, grown)

    def _rule_of(self, path: str) -> BodyRule:
        return next((rule for rule in self.rules if rule.pattern.match(path)), self.otherwise)

    async def _buffer(
        self,
        rule: BodyRule,
        headers: dict[bytes, bytes],
        scope: Scope,
        receive: Receive,
        send: Send,
        grown: Callable[[int], None],
    ) -> None:
        try:
            whole = await read_whole(rule, receive, idle_seconds=self.idle_seconds, grown=grown)
            if whole and _media_of(headers) == JSON:
                strict_json(whole)
        except Gone:
            return
        except Refusal as refusal:
            await refuse(refusal, scope, receive, send)
            return
        replayed = False

        async def replay() -> Message:
            nonlocal replayed
            if replayed:
                return await receive()
            replayed = True
            return {"type": "http.request", "body": whole, "more_body": False}

        await self.app(scope, replay, send)

    async def _stream(self, rule: BodyRule, scope: Scope, receive: Receive, send: Send) -> None:
        body = _Body(rule, self.idle_seconds, receive)
        scope[STREAMED_KEY] = True

        async def close_unread(message: Message) -> None:
            # An answer before the end of the body: the rest is not read, so the connection cannot be used again.
            if message["type"] == "http.response.start" and not body.ended:
                message = {**message, "headers": [*message.get("headers", ()), (b"connection", b"close")]}
            await send(message)

        await self.app(scope, body.receive, close_unread)


class _Body:
    """A body on its way in, counted and timed; what is too much or too late is raised where it is read."""

    def __init__(self, rule: BodyRule, idle_seconds: float, receive: Receive) -> None:
        self._rule = rule
        self._idle_seconds = idle_seconds
        self._receive = receive
        self._deadline = asyncio.get_running_loop().time() + rule.seconds
        self.count = 0
        self.ended = False

    async def receive(self) -> Message:
        if self.ended:
            return await self._receive()
        now = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout_at(min(self._deadline, now + self._idle_seconds)):
                message = await self._receive()
        except TimeoutError:
            raise errors.TooSlow() from None
        if message["type"] == "http.request":
            self.count += len(message.get("body", b""))
            if self.count > self._rule.bytes_max:
                raise errors.TooLarge(bytes_max=self._rule.bytes_max)
            self.ended = not message.get("more_body", False)
        return message


class Held:
    """How many bytes of bodies a process keeps until they are whole and answered, in all and from one address.

    They come before anybody knows who sends them. The first bytes of each are free: what people write is short, and is
    taken however many long ones are under way.
    """

    def __init__(self) -> None:
        self._all = 0
        self._of: Counter[str] = Counter()

    @property
    def total(self) -> int:
        return self._all

    @property
    def addresses(self) -> int:
        return len(self._of)

    @contextmanager
    def body(self, scope: Scope) -> Iterator[Callable[[int], None]]:
        """Takes the length of a body so far, as it grows; whoever would be one too many is told to come again."""
        client = scope.get("client")
        source, counted = client[0] if client else "", 0

        def grown(length: int) -> None:
            nonlocal counted
            more = max(0, length - FREE_BYTES) - counted
            if self._all + more > HELD_BYTES_MAX or self._of[source] + more > HELD_BYTES_MAX // HELD_SOURCES_MIN:
                raise errors.MarketBusy(retry_after=random.randint(1, 5))  # noqa: S311
            counted += more
            self._all += more
            self._of[source] += more

        try:
            yield grown
        finally:
            self._all -= counted
            self._of[source] -= counted
            if not self._of[source]:
                self._of.pop(source)


HELD = Held()


class Gone(Exception):
    """The client left before the end of its body."""


async def read_whole(
    rule: BodyRule,
    receive: Receive,
    *,
    idle_seconds: float = READ_SECONDS,
    grown: Callable[[int], None] = lambda _length: None,
) -> bytes:
    """A body in one piece, counted and timed."""
    body = _Body(rule, idle_seconds, receive)
    chunks: list[bytes] = []
    while not body.ended:
        message = await body.receive()
        if message["type"] == "http.disconnect":
            raise Gone
        grown(body.count)
        chunks.append(message.get("body", b""))
    return b"".join(chunks)


async def refuse(refusal: Refusal, scope: Scope, receive: Receive, send: Send) -> None:
    """Say no before a route is asked."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
        return
    # Nobody will read the rest of this request, so nothing may follow it on the same connection.
    response = problem(refusal, Request(scope), headers={"Connection": "close"})
    await response(scope, receive, send)


# --- the request line and the headers -------------------------------------------------------------------------------

_CONTROL_TEXT = re.compile("[\x00-\x1f\x7f-\x9f]")
_CONTROL_BYTES = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_PLAIN_TARGET = re.compile(rb"[!-$&-~]*")


def check_target(scope: Scope) -> None:
    """An address is percent-encoded UTF-8 without control characters."""
    path = scope.get("raw_path") or scope["path"].encode("utf-8", "surrogatepass")
    target = path + b"?" + scope.get("query_string", b"")
    if len(target) > TARGET_BYTES_MAX:
        raise errors.BadTarget(bytes_max=TARGET_BYTES_MAX)
    if _PLAIN_TARGET.fullmatch(target):
        return
    try:
        text = unquote_to_bytes(target).decode("utf-8")
    except UnicodeDecodeError:
        raise errors.BadTarget(bytes_max=TARGET_BYTES_MAX) from None
    if _CONTROL_TEXT.search(text):
        raise errors.BadTarget(bytes_max=TARGET_BYTES_MAX)


def check_headers(scope: Scope) -> dict[bytes, bytes]:
    total = 0
    seen: dict[bytes, bytes] = {}
    # One look at all values; which of them it was is asked only if there is one.
    is_clean = _CONTROL_BYTES.search(b"\t".join([value for _, value in scope["headers"]])) is None
    for name, value in scope["headers"]:
        total += len(name) + len(value) + 4
        if (name in seen and name in _SINGLE_HEADERS) or not (is_clean or _CONTROL_BYTES.search(value) is None):
            raise errors.BadHeader(header=name.decode("ascii", "replace")[:64])
        seen[name] = value
    if total > HEADER_BYTES_MAX:
        raise errors.HeadersTooLarge(bytes_max=HEADER_BYTES_MAX)
    return seen


def _media_of(headers: dict[bytes, bytes]) -> str:
    return media_of(headers.get(b"content-type", b"").decode("latin-1"))


def media_of(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


def check_body_headers(headers: dict[bytes, bytes], rule: BodyRule) -> None:
    encoding, content_type = headers.get(b"content-encoding", b"identity"), headers.get(b"content-type", b"")
    if not (encoding == b"identity" and content_type == b"application/json" and JSON in rule.media):
        _check_media(encoding, content_type, rule)
    length = headers.get(b"content-length", b"0")
    if not re.fullmatch(rb"[0-9]{1,18}", length):
        raise errors.BadHeader(header="content-length")
    if int(length) > rule.bytes_max:
        raise errors.TooLarge(bytes_max=rule.bytes_max)


def _check_media(encoding: bytes, content_type: bytes, rule: BodyRule) -> None:
    wrong = errors.WrongMediaType(accepted=list(rule.media))
    if encoding.strip().lower() != b"identity":
        raise wrong
    media, _, parameters = content_type.decode("latin-1").lower().partition(";")
    if not rule.takes(media.strip()):
        raise wrong
    charset = re.search(r"charset\s*=\s*\"?([^\s;\"]*)", parameters)
    if charset and not rule.streamed and charset[1] not in ("utf-8", "utf8"):
        raise wrong


# --- JSON -----------------------------------------------------------------------------------------------------------

# Run on text from which escaped backslashes were taken out, so that every \u in it is an escape.
_BAD_ESCAPE = re.compile(
    rb"\\u0000"
    rb"|\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F][0-9a-fA-F]{2})"
    rb"|(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F][0-9a-fA-F]{2}"
)
_LONG_DIGITS = re.compile(rb"[0-9]{%d}" % (DIGITS_MAX + 1))
_MAYBE_INFINITE = re.compile(rb"[0-9][eE]|[0-9]{300}")
_STRINGS = re.compile(rb'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
_BRACKETS = bytes.maketrans(b"{}", b"[]")
_NOT_BRACKETS = bytes(byte for byte in range(256) if byte not in b"[]{}")


def _decoder(**more: Any) -> Callable[[str], Any]:
    return json.JSONDecoder(object_pairs_hook=_unique_keys, parse_constant=_no_constant, **more).decode


def strict_json(body: bytes) -> Any:
    """JSON that every reader reads alike: UTF-8, no key twice, no NaN, no endless digits, no NUL, not too deep."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise errors.MalformedJson() from None
    if b"\\u" in body and _BAD_ESCAPE.search(body.replace(b"\\\\", b"__")):
        raise errors.BadText()
    parts = body.count(b"[") + body.count(b"{")
    read_int = _bounded_int if _LONG_DIGITS.search(body) else None
    read_float = _finite_float if _MAYBE_INFINITE.search(body) else None
    if parts > PARTS_MAX:
        raise errors.TooManyParts(parts_max=PARTS_MAX)
    try:
        if read_int is None and read_float is None:
            value = _decode(text)
        else:
            value = _decoder(parse_float=read_float, parse_int=read_int)(text)
    except _KeyTwice:
        raise errors.DuplicateKey(pointer=_place_of_duplicate(text)) from None
    except RecursionError:
        raise errors.TooDeep(depth_max=DEPTH_MAX) from None
    except ValueError:
        raise errors.MalformedJson() from None
    if parts > DEPTH_MAX and _deeper_than(body, DEPTH_MAX):
        raise errors.TooDeep(depth_max=DEPTH_MAX)
    return value


class _KeyTwice(Exception):
    pass


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    thing = dict(pairs)
    if len(thing) != len(pairs):
        raise _KeyTwice
    return thing


def _no_constant(name: str) -> Any:
    raise errors.NotANumber()


def _finite_float(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise errors.NotANumber()
    return number


def _bounded_int(text: str) -> int:
    if len(text.lstrip("-")) > DIGITS_MAX:
        raise errors.NumberTooLong(digits_max=DIGITS_MAX)
    return int(text)


_decode = _decoder()


def _deeper_than(body: bytes, depth: int) -> bool:
    # The body is valid JSON by now: without its strings, taking away every innermost pair lowers it by one level.
    brackets = _STRINGS.sub(b"", body).translate(_BRACKETS, _NOT_BRACKETS)
    for _ in range(depth):
        brackets = brackets.replace(b"[]", b"")
    return bool(brackets)


class _Pairs(list[tuple[str, Any]]):
    """An object with its keys as written, the repeated ones too."""


def _place_of_duplicate(text: str) -> str:
    # A second reading, only for the answer that says where.
    root = json.loads(text, object_pairs_hook=_Pairs, parse_int=str, parse_float=str, parse_constant=str)
    waiting: list[tuple[str, Any]] = [("/body", root)]
    while waiting:
        place, node = waiting.pop()
        if isinstance(node, _Pairs):
            seen: set[str] = set()
            for key, inner in node:
                here = f"{place}/{key[:64].replace('~', '~0').replace('/', '~1')}"
                if key in seen:
                    return here
                seen.add(key)
                waiting.append((here, inner))
        elif isinstance(node, list):
            waiting += [(f"{place}/{position}", inner) for position, inner in enumerate(node)]
    return "/body"
