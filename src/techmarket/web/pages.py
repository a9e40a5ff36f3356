"""The pages: what is on offer, what is traded, what stood in public, what was certified, what was logged."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from importlib import resources
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import HTMLResponse, Response
from jinja2 import Environment, PackageLoader, StrictUndefined

from techmarket.api.deps import EmbeddersDep, MeansDep, Reader, TxDep
from techmarket.api.refusals import PAGE_POLICY, REQUEST_ID_KEY, language_of, preferred_language
from techmarket.api.shapes import Cursor, SafeText, Uuid
from techmarket.certification import service as certification
from techmarket.dossiers import service as dossiers
from techmarket.identity import service as identity
from techmarket.kernel.ids import Ref
from techmarket.kernel.periods import SHANGHAI
from techmarket.kernel.refusals import NotFound, Refusal
from techmarket.listings import service as listings
from techmarket.listings.rules import ListingKind
from techmarket.matching import service as matching
from techmarket.matching.views import Filters
from techmarket.notices import service as notices
from techmarket.trading import service as trading
from techmarket.trading.lifecycle import OVER
from techmarket.transparency import service as transparency
from techmarket.web import reference
from techmarket.web.listing_words import STATES, TIERS, address_of, attribution_of, lines_of, words_for
from techmarket.web.words import certificate_words_of, file_words_of, match_words_of, notice_words_of, told_in, words_of

PAGE = 20
router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)
templates = Environment(
    loader=PackageLoader("techmarket.web"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)
templates.filters["local"] = lambda moment: moment.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")
templates.filters["grouped"] = lambda amount: f"{Decimal(amount):,.2f}"
POLICY = PAGE_POLICY
LIVE_POLICY = "; script-src 'self'; connect-src 'self'"
STYLE = (resources.files("techmarket.web") / "templates" / "style.css").read_text(encoding="utf-8")

VERIFY_SCRIPT = (resources.files("techmarket.web") / "templates" / "verify.js").read_text(encoding="utf-8")
ICON = (resources.files("techmarket.web") / "templates" / "icon.svg").read_text(encoding="utf-8")
SCRIPT = (resources.files("techmarket.web") / "templates" / "live.js").read_text(encoding="utf-8")

Words = Annotated[str, SafeText(200, min_length=0)]


async def _page(request: Request, tx: TxDep, name: str, *, more_policy: str = "", **seen: Any) -> HTMLResponse:
    language = preferred_language(request.headers.get("accept-language", ""))
    now, sandbox = await identity.read_clock(tx)
    html = templates.get_template(f"{name}.html").render(
        zh=language.startswith("zh"), style=STYLE, now=now, sandbox=sandbox, **seen
    )
    headers = {
        "Content-Security-Policy": POLICY + more_policy,
        "Content-Language": language,
        "Vary": "Accept-Language, Authorization, Cookie",
    }
    return HTMLResponse(html, headers=headers)


def _language(request: Request) -> str:
    return preferred_language(request.headers.get("accept-language", ""))


def _words_of_files(request: Request) -> dict[str, str]:
    return file_words_of(_language(request))


@router.get("/")
async def home(
    request: Request,
    actor: Reader,
    tx: TxDep,
    embedders: EmbeddersDep,
    q: Words = "",
    kind: Annotated[ListingKind, Query()] = ListingKind.OFFER,
    cursor: Cursor = None,
) -> HTMLResponse:
    """What is on offer or sought: the newest, or what a search finds."""
    if q:
        found = await matching.search(
            tx, actor, query=q, filters=Filters(kind), cursor=cursor, limit=PAGE, embedders=embedders
        )
        rows = [(hit.listing, hit.terms) for hit in found.items]
        next_cursor, meaning = found.next_cursor, found.meaning
    else:
        page = await listings.list_listings(tx, actor, kind=kind, state=None, mine=False, cursor=cursor, limit=PAGE)
        rows, next_cursor = [(view, ()) for view in page.items], page.next_cursor
        meaning = "NONE"
    sellers = await identity.find_organisations(tx, actor, {listing.organisation_id for listing, _ in rows})
    words = words_for(_language(request), STATES) | match_words_of(_language(request))
    return await _page(
        request,
        tx,
        "home",
        q=q,
        kind=kind,
        rows=rows,
        next_cursor=next_cursor,
        meaning=meaning,
        sellers=sellers,
        words=words,
    )


@router.get("/listings/{listing_id}")
async def listing(request: Request, listing_id: Uuid, actor: Reader, tx: TxDep) -> HTMLResponse:
    """A listing in words: whose it is, what its reader may see of it, and the trades it stands in."""
    view, language = await listings.get_listing(tx, actor, listing_id), _language(request)
    sellers = await identity.find_organisations(tx, actor, {view.organisation_id})
    trades = await trading.list_trades(tx, actor, of_listing=view.id, limit=PAGE)
    return await _page(
        request,
        tx,
        "listing",
        view=view,
        seller=sellers.get(view.organisation_id),
        origin=view.terms.get("origin"),
        address=address_of(view.terms),
        trades=trades.items,
        lines=lines_of(view.terms, language),
        attribution=attribution_of(view.terms, language),
        words=file_words_of(language) | words_for(language, TIERS),
        states=words_for(language, STATES),
    )


@router.get("/listings/{listing_id}/matches")
async def matches(
    request: Request, listing_id: Uuid, actor: Reader, tx: TxDep, embedders: EmbeddersDep, cursor: Cursor = None
) -> HTMLResponse:
    """What fits a listing, each with its reasons."""
    own = await listings.get_listing(tx, actor, listing_id)
    page = await matching.list_matches(tx, actor, listing_id, cursor=cursor, limit=PAGE, embedders=embedders)
    words = match_words_of(preferred_language(request.headers.get("accept-language", "")))
    return await _page(request, tx, "matches", own=own, page=page, words=words)


@router.get("/trades")
async def trades(request: Request, actor: Reader, tx: TxDep, cursor: Cursor = None) -> HTMLResponse:
    page = await trading.list_trades(tx, actor, state=None, mine=False, cursor=cursor, limit=PAGE)
    return await _page(request, tx, "trades", page=page, words=_words_of_files(request))


@router.get("/trades/{trade_id}")
async def trade(
    request: Request,
    trade_id: Uuid,
    actor: Reader,
    tx: TxDep,
    cursor: Cursor = None,
    lot: Annotated[int, Query(ge=1, le=10_000)] = 1,
) -> HTMLResponse:
    """A trade with its lots, as they stand; a script keeps the page up to date while something may happen."""
    view = await trading.get_trade(tx, actor, trade_id)
    chosen = next((one for one in view.lots if one.n == lot), view.lots[0])
    bids = await trading.list_bids(tx, actor, chosen.id, cursor=cursor, limit=100)
    is_live = any(one.state not in OVER for one in view.lots)
    words = words_of(preferred_language(request.headers.get("accept-language", "")))
    more_policy = LIVE_POLICY if is_live else ""
    seen = {"lot": chosen, "bids": bids, "is_live": is_live, "words": words, "states": _words_of_files(request)}
    return await _page(request, tx, "trade", more_policy=more_policy, view=view, **seen)


@router.get("/trades/{trade_id}/file")
async def project_file(request: Request, trade_id: Uuid, actor: Reader, tx: TxDep) -> HTMLResponse:
    """The public file of a project, for people."""
    view = await dossiers.get_file(tx, actor, trade_id)
    language = preferred_language(request.headers.get("accept-language", ""))
    words, told = file_words_of(language), told_in(language)
    lots = [(lot, dict(view.lot_stages)[lot.id]) for lot in view.trade.lots]
    return await _page(request, tx, "file", view=view, words=words, told=told, lots=lots)


@router.get("/favicon.svg")
@router.get("/favicon.ico")
async def icon() -> Response:
    return Response(ICON, media_type="image/svg+xml", headers={"Cache-Control": "public, max-age=86400"})


@router.get("/live.js")
async def live_script() -> Response:
    return Response(SCRIPT, media_type="text/javascript", headers={"Cache-Control": "public, max-age=300"})


@router.get("/verify.js")
async def verify_script() -> Response:
    return Response(VERIFY_SCRIPT, media_type="text/javascript", headers={"Cache-Control": "public, max-age=300"})


@router.get("/docs")
async def api_reference(request: Request, tx: TxDep) -> HTMLResponse:
    """What the API can do, from its own description."""
    return await _page(request, tx, "reference", groups=reference.groups((await request.app.state.document.get()).said))


@router.get("/docs/{operation_id}")
async def api_operation(
    request: Request, tx: TxDep, operation_id: Annotated[str, Path(pattern="^[A-Za-z0-9]{1,64}$")]
) -> HTMLResponse:
    found = reference.operation((await request.app.state.document.get()).said, operation_id)
    if found is None:
        raise NotFound()
    return await _page(request, tx, "operation", one=found)


@router.get("/notices")
async def public_notices(request: Request, actor: Reader, tx: TxDep, cursor: Cursor = None) -> HTMLResponse:
    """What stands in public: of which trade, or what else, and of whom."""
    page = await notices.list_notices(tx, actor, kind=None, state=None, subject=None, cursor=cursor, limit=PAGE)
    subjects = {one.id: Ref.parse(one.subject) for one in page.items}
    awards = {about.id for about in subjects.values() if about.kind == "award"}
    of_awards = await trading.trades_of_awards(tx, awards)
    shown_at = {id: of_awards.get(about.id, about.id) for id, about in subjects.items()}
    lines = await trading.list_trades(tx, actor, among=set(shown_at.values()), limit=PAGE)
    units = await identity.find_organisations(tx, actor, {one.organisation_id for one in page.items})
    return await _page(
        request,
        tx,
        "notices",
        page=page,
        subjects=subjects,
        shown_at=shown_at,
        trades={one.id: one for one in lines.items},
        units=units,
        words=_words_of_files(request) | notice_words_of(_language(request)),
    )


@router.get("/certificates")
async def certificates(
    request: Request, actor: Reader, tx: TxDep, number: Annotated[str, SafeText(40, min_length=0)] = ""
) -> HTMLResponse:
    """The public answer about one number: valid, suspended or revoked, or not known."""
    view, refusal = None, None
    if number:
        try:
            view = await certification.get_certificate(tx, actor, number.strip().upper())
        except Refusal as no:
            refusal = no
    words = certificate_words_of(preferred_language(request.headers.get("accept-language", "")))
    return await _page(
        request, tx, "certificates", more_policy=LIVE_POLICY, number=number, view=view, refusal=refusal, words=words
    )


@router.get("/certificates/{number}")
async def certificate(
    request: Request, number: Annotated[str, Path(max_length=40)], tx: TxDep, actor: Reader
) -> object:
    """The address that a certificate prints."""
    return await certificates(request, actor, tx, number)


@router.get("/log")
async def log(request: Request, actor: Reader, tx: TxDep) -> HTMLResponse:
    try:
        checkpoint = await transparency.get_checkpoint(tx, actor)
    except Refusal:
        checkpoint = None
    return await _page(request, tx, "log", checkpoint=checkpoint)


def refusal_page(document: Mapping[str, Any], request: Request) -> str:
    """A refusal for people. It asks no database: a page of this kind is given when that one does not answer, too."""
    return templates.get_template("refused.html").render(
        zh=language_of(request).startswith("zh"),
        style=STYLE,
        sandbox=False,
        document=document,
        request_id=request.scope.get(REQUEST_ID_KEY, ""),
    )


@router.get("/join")
async def join(request: Request, actor: Reader, tx: TxDep, means: MeansDep) -> HTMLResponse:
    """Where the link of an invitation leads; what stands behind its # stays with the browser."""
    return await _page(request, tx, "join", base=means.public_url)
