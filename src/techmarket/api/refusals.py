"""Every no leaves the house through this door: RFC 9457 problems in Chinese or English, and never a stack trace."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping, Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import quote

import msgspec
import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from sqlalchemy import exc as database
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match

from techmarket.api import errors
from techmarket.api.field_errors import field_errors
from techmarket.api.trouble import chain, trouble
from techmarket.kernel.refusals import Kind, NotFound, Refusal

log = structlog.get_logger("techmarket.edge")
_encode = msgspec.json.Encoder().encode

MEDIA_TYPE = "application/problem+json"
REQUEST_ID_KEY = "techmarket.request_id"
CODE_KEY = "techmarket.refusal_code"
FAULT_CODE = "market.fault"
FAULT_ZH = "系统内部出错，错误已记录；请凭 request_id 联系我们。"
FAULT_EN = "Something broke on our side and is on record; quote the request_id when you ask about it."

# What would work next, by kind: the sentence of the refusal says what is wrong, this says what to do about it.
ADVICE: Mapping[Kind, tuple[str, str]] = {
    Kind.BAD_REQUEST: ("请改正后重新发送。", "Correct the request and send it again."),
    Kind.UNAUTHENTICATED: ("请提供有效的凭证。", "Send valid credentials."),
    Kind.NOT_ALLOWED: ("请由有权限的人或密钥执行。", "Let somebody do it who may."),
    Kind.NOT_FOUND: ("请核对地址。", "Check the address."),
    Kind.WRONG_METHOD: ("见 Allow 头。", "See the Allow header."),
    Kind.TOO_SLOW: ("请重新发送。", "Send it again."),
    Kind.CONFLICT: ("请读取最新状态后再决定。", "Read the present state, then decide."),
    Kind.STALE: ("请重新读取并使用新的 ETag。", "Read it again and use the new ETag."),
    Kind.TOO_LARGE: ("请减小正文。", "Send less."),
    Kind.WRONG_MEDIA_TYPE: ("请改用所列的类型。", "Use one of the types named."),
    Kind.INVALID: ("请改正后重新发送。", "Correct the request and send it again."),
    Kind.PRECONDITION_REQUIRED: ("请加上所要求的请求头。", "Add the header that is asked for."),
    Kind.TOO_MANY: ("请在 Retry-After 所示秒数后重试。", "Retry after the seconds in Retry-After."),
    Kind.HEADERS_TOO_LARGE: ("请减小请求头。", "Send smaller headers."),
    Kind.BUSY: ("请在 Retry-After 所示秒数后重试。", "Retry after the seconds in Retry-After."),
}

PAGE_POLICY = "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'"
"""What a page may load: its icon."""
_OF_PROGRAMS = re.compile(
    r"/(?:v1|oauth|refusals|\.well-known|openapi\.json|healthz|readyz|metrics|deprecations)(?:/|$)"
)
"""Addresses at which a browser, too, gets what a program gets."""

RESERVED = frozenset(
    {"type", "title", "status", "code", "detail", "instance", "request_id", "pointer", "errors", "retry_after"}
)


# --- rendering ------------------------------------------------------------------------------------------------------


def language_of(request: Request) -> str:
    """`zh-CN` or `en`, whichever the reader wants more; Chinese when he does not say."""
    return preferred_language(request.headers.get("accept-language", ""))


@lru_cache(maxsize=512)
def preferred_language(header: str) -> str:
    wanted: dict[str, float] = {}
    for part in header[:1000].split(","):
        name, _, parameters = part.strip().partition(";")
        quality = re.fullmatch(r"\s*q\s*=\s*(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)\s*", parameters) if parameters else None
        if parameters and not quality:
            continue
        weight = float(quality[1]) if quality else 1.0
        base = name.strip().lower().split("-")[0]
        wanted[base] = max(weight, wanted.get(base, 0.0))
    anything = wanted.get("*")
    chinese = wanted.get("zh", anything)
    english = wanted.get("en", anything)
    if chinese is None:
        return "en" if english else "zh-CN"
    if english is None:
        return "zh-CN" if chinese else "en"
    return "en" if english > chinese else "zh-CN"


def problem(
    refusal: Refusal,
    request: Request,
    *,
    errors: Sequence[Mapping[str, str]] | None = None,
    headers: Mapping[str, str] | None = None,
    status: int | None = None,
    more_detail: str = "",
) -> Response:
    """The answer that carries this refusal."""
    document = document_of(refusal, language_of(request), errors=errors, status=status, more_detail=more_detail)
    more = {**getattr(request.state, "retiring", {}), **(headers or {})}
    if refusal.retry_after is not None:
        more["Retry-After"] = str(refusal.retry_after)
    if refusal.kind is Kind.UNAUTHENTICATED:
        more["WWW-Authenticate"] = refusal.challenge
    return answer_with(document, request, headers=more)


def document_of(
    refusal: Refusal,
    language: str,
    *,
    errors: Sequence[Mapping[str, str]] | None = None,
    status: int | None = None,
    more_detail: str = "",
) -> dict[str, Any]:
    """The problem document of a refusal, but for what belongs to the single request."""
    sentence = refusal.detail(language)
    advice = ADVICE.get(refusal.kind, ("", ""))[0 if language == "zh-CN" else 1]
    gap = "" if language == "zh-CN" else " "
    detail = gap.join(part for part in (sentence, more_detail, advice) if part)
    document = _document(refusal.code, status or refusal.kind.value, sentence, detail)
    if refusal.pointer is not None:
        document["pointer"] = refusal.pointer
    if errors:
        document["errors"] = list(errors)
    if refusal.retry_after is not None:
        document["retry_after"] = refusal.retry_after
    for name, value in refusal.members().items():
        document[f"fact_{name}" if name in RESERVED else name] = value
    return document


def fault(request: Request) -> Response:
    """The answer to a bug of ours: an id to ask about, and nothing of the inside."""
    sentence = FAULT_ZH if language_of(request) == "zh-CN" else FAULT_EN
    return answer_with(_document(FAULT_CODE, 500, sentence, sentence), request)


def _document(code: str, status: int, title: str, detail: str) -> dict[str, Any]:
    return {
        "type": f"/refusals/{code}",
        "title": title,
        "status": status,
        "code": code,
        "detail": detail,
        "instance": "",
        "request_id": "",
    }


def answer_with(document: Mapping[str, Any], request: Request, *, headers: Mapping[str, str] | None = None) -> Response:
    """A problem document sent in answer to this request; a page of the same for a browser at an address of a page."""
    show = _page_of(request)
    more = {**(headers or {}), "Content-Language": language_of(request), "Cache-Control": "no-store"}
    if show is None:
        body, media, vary = body_for(document, request.scope), MEDIA_TYPE, "Accept-Language"
    else:
        request.scope[CODE_KEY] = document["code"]
        page = show(document, request)
        body, media, vary = page.encode("utf-8", "replace"), "text/html", "Accept, Accept-Language"
        more["Content-Security-Policy"] = PAGE_POLICY
    return Response(body, status_code=document["status"], media_type=media, headers={**more, "Vary": vary})


def _page_of(request: Request) -> Callable[[Mapping[str, Any], Request], str] | None:
    scope = request.scope
    if scope["type"] != "http" or scope["method"] != "GET" or _OF_PROGRAMS.match(scope["path"]):
        return None
    if "text/html" not in request.headers.get("accept", "") or "app" not in scope:
        return None
    show: Callable[[Mapping[str, Any], Request], str] | None = getattr(scope["app"].state, "refusal_page", None)
    return show


@lru_cache(maxsize=1024)
def _instance(path: str) -> str:
    return quote(path, safe="/-._~:@!$&'()*+,;=", errors="replace")


def body_for(document: Mapping[str, Any], scope: MutableMapping[str, Any]) -> bytes:
    """The bytes of a problem document in answer to this request, which from now on is known by its code."""
    scope[CODE_KEY] = document["code"]
    body = {**document, "instance": _instance(scope.get("path", "")[:512]), "request_id": scope.get(REQUEST_ID_KEY, "")}
    try:
        return _encode(body)
    except UnicodeEncodeError:  # a lone surrogate in a fact must not turn a refusal into a fault
        return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def opening_of(document: Mapping[str, Any]) -> bytes:
    """A problem document as bytes, without its end: for a refusal that many are told in the same words."""
    return _encode(document)[:-1]


def body_after(opening: bytes, code: str, more: Mapping[str, Any], scope: MutableMapping[str, Any]) -> bytes:
    """The whole document of one of them, as `body_for` writes it."""
    scope[CODE_KEY] = code
    rest = {**more, "instance": _instance(scope.get("path", "")[:512]), "request_id": scope.get(REQUEST_ID_KEY, "")}
    return opening + b"," + _encode(rest)[1:]


# --- errors that nobody named --------------------------------------------------------------------------------------


def answer_error(error: BaseException, request: Request) -> Response:
    """The answer to an error that nobody named: busy when time will cure it, else a fault, on record with its trace."""
    for link in chain(error):
        if isinstance(link, Refusal):
            return problem(link, request)
        if isinstance(link, database.StatementError):
            link.hide_parameters = True  # the values of a statement may be secrets and do not belong in a log
    named = trouble(error)
    if isinstance(named, errors.MarketBusy):
        log.warning("database_busy", error=type(error).__name__, sqlstate=getattr(error, "sqlstate", None))
        return problem(named, request)
    if named is not None:
        log.warning("unstorable_value_passed_the_boundary", exc_info=error)
        return problem(named, request)
    log.error("fault", exc_info=error)
    return fault(request)


async def answer_any(error: Exception, request: Request) -> Response:
    """The answer to whatever a route raised, for a route that stands outside of the framework's own handlers."""
    if isinstance(error, Refusal):
        return problem(error, request)
    if isinstance(error, RequestValidationError):
        return await _on_invalid(request, error)
    return answer_error(error, request)


# --- handlers -------------------------------------------------------------------------------------------------------


async def _on_refusal(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)
    return problem(error, request)


async def _on_invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    found = error.errors()
    if any(one.get("type") == "json_invalid" for one in found):
        return problem(errors.MalformedJson(pointer="/body"), request)
    listed = field_errors(found, error.body, language_of(request))
    first = listed[0] if listed else {"pointer": "", "detail": ""}
    return problem(
        errors.RequestInvalid(pointer=first["pointer"], count=len(found)),
        request,
        errors=listed,
        more_detail=f"{first['pointer']}: {first['detail']}",
    )


async def _on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    for link in chain(error):
        if isinstance(link, Refusal):  # a body that was refused while the framework was reading it
            return problem(link, request)
    if error.status_code == 404:
        return problem(NotFound(), request)
    if error.status_code == 405:
        allowed = _allowed_methods(request)
        return problem(errors.WrongMethod(allowed=allowed), request, headers={"Allow": ", ".join(allowed)})
    if error.status_code == 413:
        return problem(errors.TooLarge(bytes_max="?"), request)
    if error.status_code == 415:
        return problem(errors.WrongMediaType(accepted=["application/json"]), request)
    if error.status_code == 400:
        return problem(errors.MalformedRequest(), request)
    if error.status_code < 500:
        return problem(errors.RequestRefused(), request, status=error.status_code, headers=error.headers)
    return answer_error(error, request)


async def _on_error(request: Request, error: Exception) -> Response:
    return answer_error(error, request)


def _allowed_methods(request: Request) -> list[str]:
    # The framework names only the methods of the first route at this address; there may be several routes.
    routes = request.app.router.routes
    methods = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
    scope = {name: value for name, value in request.scope.items() if name not in ("fastapi", "route", "path_params")}
    taken = {m for m in methods if any(route.matches({**scope, "method": m})[0] == Match.FULL for route in routes)}
    return [m for m in methods if m in taken or (m == "HEAD" and "GET" in taken)]


Handler = Callable[[Request, Exception], Awaitable[Response]]


def install(app: FastAPI) -> None:
    """Every error of this app leaves as a problem, and its OpenAPI document says so."""
    handlers: dict[type[Exception], Handler] = {
        Refusal: _on_refusal,
        RequestValidationError: _on_invalid,
        HTTPException: _on_http,
        database.SQLAlchemyError: _on_error,
        OSError: _on_error,
        Exception: _on_error,
    }
    for kind, handler in handlers.items():
        app.add_exception_handler(kind, handler)
    render = app.openapi

    def openapi() -> dict[str, Any]:
        return _with_problems(render())

    app.openapi = openapi  # type: ignore[method-assign]


# --- OpenAPI --------------------------------------------------------------------------------------------------------

GENERAL: tuple[type[Refusal], ...] = (
    errors.BadTarget,
    errors.BadHeader,
    errors.RequestInvalid,
    errors.HeadersTooLarge,
    errors.MarketBusy,
)
GENERAL_BODY: tuple[type[Refusal], ...] = (
    errors.SameMoment,
    errors.MalformedJson,
    errors.DuplicateKey,
    errors.NotANumber,
    errors.NumberTooLong,
    errors.TooDeep,
    errors.TooManyParts,
    errors.BadText,
    errors.TooSlow,
    errors.TooLarge,
    errors.WrongMediaType,
    errors.Unstorable,
)
PROBLEM_SCHEMA: dict[str, Any] = {
    "title": "Problem",
    "type": "object",
    "description": "RFC 9457. Facts of the refusal stand beside these members.",
    "properties": {
        "type": {"type": "string", "description": "/refusals/<code>, a page that explains it"},
        "title": {"type": "string", "description": "the sentence, in the language of Accept-Language"},
        "status": {"type": "integer"},
        "code": {"type": "string", "description": "stable; decide by this"},
        "detail": {"type": "string", "description": "the sentence and what would work"},
        "instance": {"type": "string"},
        "request_id": {"type": "string"},
        "pointer": {"type": "string", "description": "RFC 6901 pointer to the field at fault"},
        "retry_after": {"type": "integer"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {name: {"type": "string"} for name in ("code", "pointer", "detail")},
                "required": ["code", "pointer", "detail"],
            },
        },
    },
    "required": ["type", "title", "status", "code", "detail", "instance", "request_id"],
}


def refusals(*classes: type[Refusal]) -> dict[int | str, dict[str, Any]]:
    """A route's `responses=`: its own refusals and those any route may give, grouped by status."""
    grouped: dict[int, list[type[Refusal]]] = {}
    for refusal in dict.fromkeys((*classes, *GENERAL)):
        grouped.setdefault(refusal.kind.value, []).append(refusal)
    out: dict[int | str, dict[str, Any]] = {status: _response(listed) for status, listed in sorted(grouped.items())}
    out[500] = _said([(FAULT_CODE, FAULT_ZH, FAULT_EN)])
    return out


def _response(listed: Iterable[type[Refusal]]) -> dict[str, Any]:
    return _said([(refusal.code, refusal.zh, refusal.en) for refusal in listed])


def _said(lines: Sequence[tuple[str, str, str]]) -> dict[str, Any]:
    return {
        "description": "\n\n".join(f"`{code}` {zh} / {en}" for code, zh, en in lines),
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        "x-codes": [code for code, _, _ in lines],
    }


def _with_problems(document: dict[str, Any]) -> dict[str, Any]:
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    if "Problem" in schemas:
        return document
    schemas["Problem"] = PROBLEM_SCHEMA
    for path in document.get("paths", {}).values():
        for operation in path.values():
            if isinstance(operation, dict) and "responses" in operation:
                _name_general_refusals(operation)
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    return document


def _name_general_refusals(operation: dict[str, Any]) -> None:
    for status, response in list(operation["responses"].items()):
        if "HTTPValidationError" in json.dumps(response.get("content", {})):
            del operation["responses"][status]
    name_refusals(operation, *GENERAL, *(GENERAL_BODY if "requestBody" in operation else ()))
    operation["responses"].setdefault("500", _said([(FAULT_CODE, FAULT_ZH, FAULT_EN)]))
    operation["responses"] = dict(sorted(operation["responses"].items()))


def name_refusals(operation: dict[str, Any], *classes: type[Refusal]) -> None:
    """Add refusals to those an operation of the document names already; naming one twice changes nothing."""
    responses = operation["responses"]
    for status in {str(refusal.kind.value): None for refusal in classes}:
        codes: list[str] = list(responses.get(status, {}).get("x-codes", ()))
        codes += [refusal.code for refusal in classes if str(refusal.kind.value) == status]
        responses[status] = _response([Refusal.registry[code] for code in dict.fromkeys(codes)])
    operation["responses"] = dict(sorted(responses.items()))
