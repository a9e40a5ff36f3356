"""Bulk import over HTTP: JSON Lines, CSV or a spreadsheet in, a report per row out."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Iterator
from itertools import islice
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import Field, ValidationError

from techmarket.achievements.rules import AchievementDraft
from techmarket.api.achievements import Industry, IpcCodes, Keywords, RightIn, TechnologyField, Trl
from techmarket.api.deps import MarketRoute, SignedIn, TxDep, means_of
from techmarket.api.limits import BodyRule, strict_json
from techmarket.api.listings import Indicator
from techmarket.api.refusals import field_errors, language_of, refusals
from techmarket.api.shapes import (
    Aware,
    Code,
    Day,
    LongText,
    PositiveInt,
    PositiveMoney,
    RateIn,
    Region,
    SafeText,
    ShortText,
    Title,
    Uuid,
    Wire,
)
from techmarket.api.sheets import CSV, XLSX, rows_apart, rows_of_csv
from techmarket.hub import errors, service
from techmarket.hub.rules import Problem, Row
from techmarket.hub.views import ImportView
from techmarket.kernel.canonical import NotCanonical, canonical_json, sha256_hex
from techmarket.kernel.refusals import NotAllowed, NotFound, Refusal
from techmarket.listings.rules import ListingDraft, ListingKind

router = APIRouter(prefix="/v1", tags=["hub"], route_class=MarketRoute)

BYTES_MAX = 16 * 1024 * 1024
LINE_BYTES_MAX = 512 * 1024
NDJSON = "application/x-ndjson"
BODIES = (BodyRule("/v1/imports", bytes_max=BYTES_MAX, media=(NDJSON, CSV, XLSX), seconds=60),)
YIELD_EVERY = 25

Kind = Literal["offers", "demands"]
SourceName = Annotated[
    str, Query(pattern=r"^[A-Za-z0-9._:-]{1,64}$", description="Where the rows come from; ids are unique within it.")
]


class RowTerms(Wire):
    royalty_rate: RateIn | None = None
    royalty_base: Annotated[str, SafeText(100)] | None = None
    term_years: Annotated[int, Field(strict=True, ge=1, le=100)] | None = None
    trial_days: Annotated[int, Field(strict=True, ge=1, le=1095)] | None = None


class SourceFacts(Wire):
    """What a source says of itself and of the row, kept as attribution."""

    country: ShortText | None = None
    holder: ShortText | None = None
    published_on: Day | None = None
    url: Annotated[str, SafeText(500)] | None = None
    offered_under: Annotated[list[ShortText], Field(max_length=50)] | None = None
    categories: Annotated[list[ShortText], Field(max_length=50)] | None = None
    year: Annotated[int, Field(strict=True, ge=1900, le=2200)] | Annotated[str, SafeText(10)] | None = None
    source: ShortText | None = None
    licence: Annotated[str, SafeText(500)] | None = None
    sample: bool | None = None


ATTRIBUTION = tuple(SourceFacts.model_fields)


class RowIn(SourceFacts):
    external_id: Code
    title_zh: Title | None = None
    title_en: Title | None = None
    keywords: Keywords = Field(default_factory=list)
    technology_field: TechnologyField | None = None
    industry: Industry | None = None
    region: Region | None = None
    source_line: PositiveInt | None = None


class OfferRow(RowIn):
    abstract_zh: LongText | None = None
    abstract_en: LongText | None = None
    ipc: IpcCodes = Field(default_factory=list)
    trl: Trl | None = None
    mode: Literal["transfer", "licence", "open_licence", "equity", "joint_development", "try_before_buy"] | None = None
    licence_kind: Literal["exclusive", "sole", "ordinary"] | None = None
    price_form: Literal["fixed", "floor", "negotiable", "royalty", "mixed"] | None = None
    price: PositiveMoney | None = None
    terms: RowTerms | None = None
    rights: Annotated[list[RightIn], Field(max_length=100)] = Field(default_factory=list)
    expires_on: Day | None = None


class DemandRow(RowIn):
    problem_zh: LongText | None = None
    problem_en: LongText | None = None
    indicators: Annotated[list[Indicator], Field(max_length=50)] = Field(default_factory=list)
    budget: PositiveMoney | None = None
    deadline: Day | None = None


class RowRefusalOut(Wire):
    code: str
    detail: str
    pointer: str | None = Field(description="RFC 6901 pointer into the row")


class RowOut(Wire):
    line: int
    external_id: str | None
    outcome: Literal["accepted", "refused", "unchanged"]
    listing_id: UUID | None
    refusal: RowRefusalOut | None


class ImportOut(Wire):
    id: UUID
    organisation_id: UUID
    kind: ListingKind
    source: str
    created_at: Aware
    total: int
    accepted: int
    refused: int
    unchanged: int
    rows: list[RowOut]


@router.post(
    "/imports",
    status_code=201,
    response_model=ImportOut,
    operation_id="importRows",
    responses=refusals(
        NotAllowed,
        errors.NoRows,
        errors.TooManyRows,
        errors.SheetUnreadable,
        errors.SheetTooLarge,
        errors.SheetTooLong,
        errors.SheetTooSlow,
        errors.SheetHeaderMissing,
        errors.SheetColumnTwice,
    ),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                NDJSON: {"schema": {"type": "string", "description": "One JSON object a line; at most 2000."}},
                CSV: {"schema": {"type": "string", "description": "A header of field names, one row a line."}},
                XLSX: {"schema": {"type": "string", "format": "binary", "description": "The first sheet is read."}},
            },
        }
    },
)
async def import_rows(
    request: Request,
    actor: SignedIn,
    tx: TxDep,
    kind: Kind,
    source: SourceName,
    submit: Annotated[bool, Query(description="Ask for review of what was accepted.")] = False,
) -> ImportView:
    """Import offers or demands as JSON Lines, CSV or xlsx. A bad row is refused alone, with its reason; sending the
    same file again changes nothing. Rows commit in batches of 200, so a broken import is simply sent again."""
    rows = await read_rows(await request.body(), kind, language_of(request), media=_media_of(request))
    listing_kind = ListingKind.OFFER if kind == "offers" else ListingKind.DEMAND
    return await service.import_rows(
        tx, means_of(request).tx, actor, kind=listing_kind, source=source, rows=rows, submit=submit
    )


@router.get("/imports/{import_id}", response_model=ImportOut, operation_id="getImport", responses=refusals(NotFound))
async def get_import(import_id: Uuid, actor: SignedIn, tx: TxDep) -> ImportView:
    """The report of an import."""
    return await service.get_import(tx, actor, import_id)


# --- reading --------------------------------------------------------------------------------------------------------


def _media_of(request: Request) -> str:
    return request.headers.get("content-type", NDJSON).partition(";")[0].strip().lower()


async def read_rows(body: bytes, kind: Kind, language: str, *, media: str = NDJSON) -> list[Row]:
    """Every line that is not blank, read by itself: what is wrong with one line is that line's problem."""
    rows: list[Row] = []
    # A table is taken apart in a thread: other requests of this process go on meanwhile.
    lines = await asyncio.to_thread(lambda: list(islice(_lines(body, media), service.ROWS_MAX + 1)))
    for number, found in lines:
        rows.append(_read_row(number, found, kind, language))
        if len(rows) % YIELD_EVERY == 0:
            await asyncio.sleep(0)
    return rows


def _lines(body: bytes, media: str) -> Iterator[tuple[int, bytes | dict[str, Any] | Refusal]]:
    if media == CSV:
        return rows_of_csv(body)
    if media == XLSX:
        return iter(rows_apart(body, service.ROWS_MAX + 1))
    return ((n, line.strip()) for n, line in enumerate(io.BytesIO(body), start=1) if line.strip())


def _read_row(number: int, line: bytes | dict[str, Any] | Refusal, kind: Kind, language: str) -> Row:
    found: Any = None
    try:
        if isinstance(line, Refusal):
            raise line
        if isinstance(line, bytes):
            if len(line) > LINE_BYTES_MAX:
                raise errors.LineTooLong(bytes_max=LINE_BYTES_MAX)
            line = strict_json(line)
        found = line
        if not isinstance(found, dict):
            raise errors.NotAnObject()
        if found.get("unreadable") is not None:
            raise errors.RowUnreadable(pointer="/unreadable")
        return _sound(number, (OfferRow if kind == "offers" else DemandRow).model_validate(found))
    except Refusal as refusal:
        return Row(number, _id_of(found), problem=Problem.of(refusal))
    except ValidationError as error:
        located = [{**one, "loc": ("body", *one["loc"])} for one in error.errors(include_url=False)]
        first = field_errors(located, found, language)[0]
        pointer = first["pointer"].removeprefix("/body") or None
        return Row(number, _id_of(found), problem=Problem(first["code"], first["detail"], pointer))
    except NotCanonical:
        return Row(number, _id_of(found), problem=Problem.of(errors.RowInvalid()))


def _id_of(found: Any) -> str | None:
    """The id of a bad row, where it has one that can be repeated safely."""
    named = found.get("external_id") if isinstance(found, dict) else None
    fits = isinstance(named, str) and 0 < len(named) <= 64 and named.isascii() and named.isprintable()
    return named if fits else None


def _sound(number: int, row: OfferRow | DemandRow) -> Row:
    said = row.model_dump(mode="json", exclude_none=True, exclude={"source_line"})
    fingerprint = sha256_hex(canonical_json(said))
    attribution = {name: said[name] for name in ATTRIBUTION if name in said}
    names = ("title_zh", "title_en", "keywords", "technology_field", "industry", "region")
    fields: dict[str, Any] = {name: said[name] for name in names if name in said}
    if attribution:
        fields["attribution"] = attribution
    if isinstance(row, DemandRow):
        own = ("problem_zh", "problem_en", "indicators", "budget", "deadline")
        fields |= {name: said[name] for name in own if name in said}
        return Row(number, row.external_id, fingerprint, ListingDraft(fields))
    fields |= _offer_fields(row, said)
    draft = ListingDraft(fields, {}, (), row.expires_on)
    return Row(number, row.external_id, fingerprint, draft, _achievement(row, attribution))


def _offer_fields(row: OfferRow, said: dict[str, Any]) -> dict[str, Any]:
    fields: dict[str, Any] = {name: said[name] for name in ("ipc", "trl", "price") if name in said}
    summaries = {"summary_zh": row.abstract_zh, "summary_en": row.abstract_en}
    fields |= {name: text for name, text in summaries.items() if text is not None}
    for name in ("mode", "licence_kind", "price_form"):
        if name in said:
            fields[name] = said[name].upper()
    terms = said.get("terms", {})
    fields |= {name: terms[name] for name in ("royalty_rate", "royalty_base", "trial_days") if name in terms}
    if "term_years" in terms:
        fields["scope"] = {"term_years": terms["term_years"]}
    return fields


def _achievement(row: OfferRow, attribution: dict[str, Any]) -> AchievementDraft:
    return AchievementDraft(
        title_zh=row.title_zh,
        title_en=row.title_en,
        abstract_zh=row.abstract_zh,
        abstract_en=row.abstract_en,
        keywords=tuple(row.keywords),
        technology_field=row.technology_field,
        industry=row.industry,
        ipc=tuple(row.ipc),
        trl=row.trl,
        external=attribution,
        rights=tuple(r.right() for r in row.rights),
    )
