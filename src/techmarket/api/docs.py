"""A page for each refusal, rendered from the classes themselves, so that the pages cannot say anything else."""

from __future__ import annotations

import re
from collections.abc import Iterable
from string import Formatter

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from techmarket.api import retiring
from techmarket.api.observe import NamedRoute
from techmarket.api.refusals import ADVICE, FAULT_CODE, FAULT_EN, FAULT_ZH, problem
from techmarket.api.shapes import SENTENCES
from techmarket.kernel.refusals import NotFound, Refusal


def facts_of(refusal: type[Refusal]) -> list[str]:
    """The facts a refusal carries, as its two sentences name them."""
    texts = [refusal.en, refusal.zh, *(words for _, *both in refusal.also for words in both)]
    named = [name for text in texts for _, name, _, _ in Formatter().parse(text) if name]
    return list(dict.fromkeys(name.split(".")[0] for name in named))


def refusal_page(code: str) -> str | None:
    """One refusal in Markdown, Chinese and English; None when there is no such code."""
    if code == FAULT_CODE:
        return _page(code, 500, FAULT_ZH, FAULT_EN, ("", ""), [])
    known = Refusal.registry.get(code)
    if known is None:
        return None
    zh, en = whole(known)
    return _page(code, known.kind.value, zh, en, ADVICE[known.kind], facts_of(known))


def whole(refusal: type[Refusal]) -> tuple[str, str]:
    """The Chinese and the English sentence with all that may be added to them."""
    zh, en = [one[1] for one in refusal.also], [one[2] for one in refusal.also]
    return "".join([refusal.zh, *zh]), " ".join([refusal.en, *en])


def _page(code: str, status: int, zh: str, en: str, advice: tuple[str, str], facts: list[str]) -> str:
    lines = [f"## {code}", "", f"HTTP {status}", "", f"{zh}{advice[0]}", "", f"{en} {advice[1]}".rstrip(), ""]
    if facts:
        lines += ["Members: " + ", ".join(f"`{fact}`" for fact in facts), ""]
    return "\n".join(lines)


def refusal_pages() -> str:
    """Every refusal of the market in one Markdown document, sorted by code."""
    pages = [page for code in sorted([*Refusal.registry, FAULT_CODE]) if (page := refusal_page(code))]
    fields = [f"| `{code}` | {zh} | {en} |" for code, (zh, en) in sorted(SENTENCES.items())]
    head = [
        "# Refusals 拒绝代码",
        "",
        "Every no is an RFC 9457 `application/problem+json` document. Decide by `code`; the sentences may change.",
        "",
    ]
    table = ["## Codes of single fields 字段错误", "", "| code | 中文 | English |", "| --- | --- | --- |", *fields, ""]
    return "\n".join([*head, *pages, *table])


async def _show(request: Request) -> Response:
    code = request.path_params["code"]
    page = refusal_page(code) if re.fullmatch(r"[a-z0-9_.]{1,100}", code) else None
    if page is None:
        return problem(NotFound(), request)
    headers = {"Cache-Control": "public, max-age=300", "Vary": "Accept"}
    accepted = request.headers.get("accept", "")
    if "text/markdown" in accepted or "text/html" in accepted or "text/plain" in accepted:
        kind = "text/markdown" if "text/markdown" in accepted else "text/plain"
        return Response(page, media_type=kind, headers=headers)
    known = Refusal.registry.get(code)
    body = {
        "code": code,
        "status": known.kind.value if known else 500,
        "zh-CN": whole(known)[0] if known else FAULT_ZH,
        "en": whole(known)[1] if known else FAULT_EN,
        "facts": facts_of(known) if known else [],
    }
    return JSONResponse(body, headers=headers)


def routes(routers: Iterable[APIRouter]) -> list[Route]:
    """GET /refusals/{code}: where the `type` of every problem leads. GET /deprecations: all that is going."""
    going = retiring.listed(routers)

    async def deprecations(request: Request) -> Response:
        return JSONResponse({"items": going}, headers={"Cache-Control": "public, max-age=300"})

    return [NamedRoute("/refusals/{code}", _show), NamedRoute(retiring.PAGE, deprecations)]
