"""The rows of an import as their sources send them: JSON Lines, CSV or a spreadsheet, each row read by itself.

What is wrong with one row is that row's problem; what is wrong with a file as such is refused whole.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import IO, Annotated, Any, Literal

from pydantic import Field, ValidationError
from pydantic_core import PydanticCustomError

from techmarket.achievements.rules import AchievementDraft
from techmarket.api.achievements import Industry, IpcCodes, Keywords, RightIn, TechnologyField, Trl
from techmarket.api.field_errors import field_errors
from techmarket.api.limits import strict_json
from techmarket.api.listing_shapes import CommonTerms, DemandTerms, Indicator, OfferTerms, RightTerm, terms_of
from techmarket.api.shapes import (
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
    Wire,
)
from techmarket.api.sheets import Columns, rows_apart, rows_of_csv
from techmarket.db.media import CSV, XLSX
from techmarket.hub import errors
from techmarket.hub.rules import OrganisationDraft, Problem, Row
from techmarket.identity.actor import OrgKind
from techmarket.kernel.canonical import NotCanonical, canonical_json, sha256_hex
from techmarket.kernel.refusals import Refusal
from techmarket.listings.rules import ListingDraft

LINE_BYTES_MAX = 512 * 1024
Kind = Literal["offers", "demands", "organisations"]


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
    organisation: Annotated[
        Code | None, Field(description="The external id of the organisation of a node that the row is of.")
    ] = None
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


class OrganisationRow(Wire):
    external_id: Code
    name: ShortText
    name_en: ShortText | None = None
    kind: Literal[OrgKind.UNIVERSITY, OrgKind.INSTITUTE, OrgKind.ENTERPRISE, OrgKind.AGENCY, OrgKind.BANK]
    uscc: Code | None = None
    region: Region | None = None
    government_established: bool = False
    applies_local_rules: bool = True


AnyRow = OfferRow | DemandRow | OrganisationRow
SHAPES: Mapping[Kind, type[AnyRow]] = {"offers": OfferRow, "demands": DemandRow, "organisations": OrganisationRow}

Found = bytes | dict[str, Any] | Refusal
"""A row as a file holds it: a line of JSON, the cells of a sheet by their fields, or why there is none."""


def rows_in(
    file: IO[bytes], *, media: str, rows_max: int, columns: Columns | None = None
) -> Iterator[tuple[int, Found]]:
    """At most so many rows of a file that are not blank, each with the line it stands in. For a thread."""
    if media == CSV:
        return islice(rows_of_csv(file.read(), columns), rows_max)
    if media == XLSX:
        return rows_apart(file.read(), rows_max, columns)
    return islice(_json_lines(file, columns or {}), rows_max)


def _json_lines(file: IO[bytes], columns: Columns) -> Iterator[tuple[int, Found]]:
    number = 0
    while line := file.readline(LINE_BYTES_MAX + 2):
        number += 1
        if number == 1:
            line = line.removeprefix(codecs.BOM_UTF8)
        if len(line.strip()) > LINE_BYTES_MAX:
            while line and not line.endswith(b"\n"):
                line = file.readline(LINE_BYTES_MAX)
            yield number, errors.LineTooLong(bytes_max=LINE_BYTES_MAX)
        elif stripped := line.strip():
            yield number, _renamed(stripped, columns) if columns else stripped


def _renamed(line: bytes, columns: Columns) -> Found:
    """The members of a row by the names of its fields; those that a mapping leaves out are left out."""
    try:
        found = strict_json(line)
    except Refusal as refusal:
        return refusal
    if not isinstance(found, dict):
        return errors.NotAnObject()
    renamed: dict[str, Any] = {}
    for name, value in found.items():
        wanted = columns.get(name, name)
        if wanted is None:
            continue
        if wanted in renamed:
            return errors.SheetColumnTwice(column=wanted, pointer=f"/{wanted}")
        renamed[wanted] = value
    return renamed


class _SyndicatedOffer(OfferTerms):
    """Terms of another market's offer: ids of its achievements and approvals mean nothing here."""

    rights: Annotated[list[RightTerm], Field(max_length=100)] | None = None


_SYNDICATED: Mapping[str, type[CommonTerms]] = {"OFFER": _SyndicatedOffer, "DEMAND": DemandTerms}
_OF_THE_ORIGIN = frozenset({"attribution", "approval_ids", "price_parts", "origin"})


class FileReader:
    """Reads an uploaded file row by row, for the job that imports it. What it does runs long: call it in a thread."""

    def terms(self, kind: str, said: Any) -> dict[str, Any] | None:
        """The terms of another market's listing, held to the shapes of our own; None where they do not fit them."""
        if not isinstance(said, dict) or kind not in _SYNDICATED:
            return None
        try:
            terms = {name: value for name, value in said.items() if name not in _OF_THE_ORIGIN}
            return terms_of(_SYNDICATED[kind].model_validate(terms))
        except ValidationError:
            return None

    def text(self, said: str, length_max: int) -> str | None:
        """One line of a stranger as we keep it, cut to its length; None where it holds signs that nobody sees."""
        try:
            return SafeText(length_max).clean(said[:length_max])
        except PydanticCustomError:
            return None

    def count(self, file: IO[bytes], *, media: str, columns: Columns, rows_max: int) -> int:
        """How many rows there are, at most one more than may be; refuses a file that cannot be read as such."""
        file.seek(0)
        return sum(1 for _ in rows_in(file, media=media, rows_max=rows_max + 1, columns=columns))

    def rows(
        self, file: IO[bytes], *, media: str, kind: Kind, language: str, columns: Columns, behind: int, rows_max: int
    ) -> Iterator[Row]:
        """The rows behind so many, which are passed over without a look into them."""
        file.seek(0)
        for number, found in islice(rows_in(file, media=media, rows_max=rows_max, columns=columns), behind, None):
            yield read_row(number, found, kind, language)


def read_row(number: int, line: Found, kind: Kind, language: str) -> Row:
    found: Any = None
    try:
        if isinstance(line, Refusal):
            raise line
        if isinstance(line, bytes):
            line = strict_json(line)
        found = line
        if not isinstance(found, dict):
            raise errors.NotAnObject()
        if found.get("unreadable") is not None:
            raise errors.RowUnreadable(pointer="/unreadable")
        return _sound(number, SHAPES[kind].model_validate(found))
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


def _sound(number: int, row: AnyRow) -> Row:
    said = row.model_dump(mode="json", exclude_none=True, exclude={"source_line"})
    fingerprint = sha256_hex(canonical_json(said))
    if isinstance(row, OrganisationRow):
        return Row(number, row.external_id, fingerprint, organisation=_organisation(row))
    attribution = {name: said[name] for name in ATTRIBUTION if name in said}
    names = ("title_zh", "title_en", "keywords", "technology_field", "industry", "region")
    fields: dict[str, Any] = {name: said[name] for name in names if name in said}
    if attribution:
        fields["attribution"] = attribution
    if isinstance(row, DemandRow):
        own = ("problem_zh", "problem_en", "indicators", "budget", "deadline")
        fields |= {name: said[name] for name in own if name in said}
        return Row(number, row.external_id, fingerprint, ListingDraft(fields), of=row.organisation)
    fields |= _offer_fields(row, said)
    draft = ListingDraft(fields, {}, (), row.expires_on)
    achievement = _achievement(row, attribution)
    return Row(number, row.external_id, fingerprint, draft, achievement, of=row.organisation)


def _organisation(row: OrganisationRow) -> OrganisationDraft:
    return OrganisationDraft(
        row.kind, row.name, row.name_en, row.uscc, row.region, row.government_established, row.applies_local_rules
    )


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
