"""Notices over HTTP: read, posted with evidence, suspended, proven."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response
from fastapi.responses import StreamingResponse
from pydantic import Field

from techmarket.api.deps import FilesDep, KeysDep, MarketRoute, Reader, SignedIn, TxDep
from techmarket.api.evidence import BYTES, Sha256InPath, download
from techmarket.api.objections import ObjectionOut, PromiseOut
from techmarket.api.paging import page_response
from techmarket.api.refusals import refusals
from techmarket.api.shapes import Cursor, Limit, LongText, MoneyOut, NonNegativeMoney, Sha256, Uuid, Wire
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.kernel.paging import BadCursor
from techmarket.kernel.periods import Unit
from techmarket.kernel.refusals import NotAllowed
from techmarket.notices import errors, service
from techmarket.notices.kinds import Change, Effect, NoticeKind, Place
from techmarket.notices.lifecycle import LengtheningCause, NoticeState, PauseCause
from techmarket.notices.views import NoticeView
from techmarket.rulebook.errors import NoRuleInForce

router = APIRouter(prefix="/v1", tags=["notices"], route_class=MarketRoute)

Subject = Annotated[
    str,
    Query(
        max_length=100, pattern=r"^[a-z_]{1,40}:[0-9a-f-]{36}$", examples=["trade:0198c2a0-0000-7000-8000-000000000001"]
    ),
]
WebAddress = Annotated[str, Field(strict=True, max_length=500, pattern=r"^https?://[\x21-\x7e]{3,490}$")]


class ConfirmPosting(Wire):
    evidence_sha256: Sha256 = Field(description="evidence that your organisation has uploaded, such as a photograph")
    place: Literal["UNIT", "ELSEWHERE"] = "UNIT"
    url: WebAddress | None = Field(default=None, description="where it stands on the web, if it does")


class SuspendNotice(Wire):
    reasons: LongText = Field(description="told to everyone who reads the notice")


class InLanguages(Wire):
    zh: LongText | None
    en: LongText | None


Words = LongText | Annotated[list[LongText | None], Field(max_length=200)] | InLanguages


class NoticeWords(Wire):
    """What stands there instead, in the form it has now: a text for a text, as many for several. What is left out
    stays."""

    name: Words | None = None
    abstract: Words | None = None
    title_zh: LongText | None = None
    title_en: LongText | None = None
    related_party: Literal[True] | None = Field(default=None, description="once published it is not taken back")
    note_zh: LongText | None = None
    note_en: LongText | None = None

    def said(self) -> dict[str, Any]:
        return self.model_dump(exclude_none=True) | {
            part: dict(words) for part in ("name", "abstract") if isinstance(words := getattr(self, part), InLanguages)
        }


READ = "the text that you have read (`document_sha256`): if another stands by now, nothing is changed"


class CorrectNotice(Wire):
    document_sha256: Sha256 = Field(description=READ)
    changes: NoticeWords
    because: LongText = Field(description="told to everyone who reads the notice")


class ReplaceNotice(CorrectNotice):
    evidence_sha256: Sha256 | None = Field(
        default=None, description="evidence that the new text hangs in the unit already, where its kind asks for that"
    )


class AllowPrice(Wire):
    price: NonNegativeMoney = Field(description="from which fixed price on it may be published again; 0 is any")
    reasons: LongText = Field(description="told to everyone who reads the notice")


class AllowanceOut(Wire):
    price: MoneyOut
    reasons: str
    at: datetime


class PostingOut(Wire):
    place: Place
    version: int
    at: datetime
    url: str | None
    evidence_sha256: str | None
    shows_others: int = Field(description="for how many other notices of this organisation the same file is evidence")


class PauseOut(Wire):
    cause: PauseCause
    reasons: str | None
    began_at: datetime
    resume_by: datetime | None
    ended_at: datetime | None


class LengtheningOut(Wire):
    cause: LengtheningCause
    n: int
    at: datetime


class NoticeLineOut(Wire):
    id: UUID
    kind: NoticeKind
    subject: str
    organisation_id: UUID
    version: int
    document_sha256: str
    places: list[Place]
    effect: Effect
    state: NoticeState
    rule_date: date
    length_n: int
    length_unit: Unit
    extension_n: int | None = Field(description="one announced extension, in the unit of the length")
    extensions_at_most: int | None
    extensions_used: int
    created_at: datetime
    started_at: datetime | None
    ends_at: datetime | None = Field(description="null before the start, while the clock is stopped, and once it fell")
    ended_at: datetime | None
    remaining_days: int | None
    open_objections: int
    is_suspended: bool
    replaces_id: UUID | None


class NoticeOut(NoticeLineOut):
    document: dict[str, Any]
    replaced_by_id: UUID | None
    postings: list[PostingOut]
    pauses: list[PauseOut]
    lengthenings: list[LengtheningOut]
    objections: list[ObjectionOut]
    allowance: AllowanceOut | None = Field(description="the operator's word on a price that was objected to")


class PostedNoticeOut(NoticeOut):
    receipt: PromiseOut


class NoticePage(Wire):
    items: list[NoticeLineOut]
    next_cursor: str | None


class VersionOut(Wire):
    notice_id: UUID
    n: int
    document_sha256: str
    change: Change | None
    at: datetime
    document: dict[str, Any]


class Versions(Wire):
    items: list[VersionOut]


class TextOut(Wire):
    n: int
    sha256: str
    text: str = Field(description="canonical JSON; its UTF-8 bytes hash to `sha256`")


class EntryProofOut(Wire):
    entry_id: UUID
    kind: str
    proof: dict[str, Any] | None
    promise: PromiseOut | None


class NoticeProofOut(Wire):
    notice_id: UUID
    texts: list[TextOut]
    entries: list[EntryProofOut]


@router.get("/notices", response_model=NoticePage, operation_id="listNotices", responses=refusals(BadCursor))
async def list_notices(
    actor: Reader,
    tx: TxDep,
    response: Response,
    kind: NoticeKind | None = None,
    state: NoticeState | None = None,
    subject: Subject | None = None,
    organisation_id: Uuid | None = None,
    cursor: Cursor | None = None,
    limit: Limit = 20,
) -> object:
    """What stands in public, newest first; beside it what is only for your own organisation."""
    wanted = {"kind": kind, "state": state, "subject": subject, "organisation_id": organisation_id}
    page = await service.list_notices(
        tx,
        actor,
        kind=kind,
        state=state,
        subject=subject,
        organisation_id=organisation_id,
        cursor=cursor,
        limit=limit,
    )
    return page_response(page, response, "/v1/notices", **wanted, limit=limit)


@router.get("/notices/{notice_id}", response_model=NoticeOut, operation_id="getNotice", responses=refusals())
async def get_notice(notice_id: Uuid, actor: Reader, tx: TxDep) -> object:
    """A notice: its text, where it stands since when, when it ends, and what became of the objections to it."""
    return notice_shown(await service.get_notice(tx, actor, notice_id))


@router.get(
    "/notices/{notice_id}/versions", response_model=Versions, operation_id="listNoticeVersions", responses=refusals()
)
async def list_versions(notice_id: Uuid, actor: Reader, tx: TxDep) -> object:
    """Every text that stood, of this notice and of those it replaced, with its hash; the first one first."""
    return {"items": await service.list_versions(tx, actor, notice_id)}


@router.get(
    "/notices/{notice_id}/proof", response_model=NoticeProofOut, operation_id="getNoticeProof", responses=refusals()
)
async def get_proof(notice_id: Uuid, actor: Reader, tx: TxDep, keys: KeysDep) -> object:
    """What anyone checks offline: the texts byte for byte, and the log's entries that name their hashes and times.

    An entry has its proof once a checkpoint covers it, and the market's signed promise before.
    """
    view = await service.get_proof(tx, keys, actor, notice_id)
    texts = [{"n": n, "sha256": sha256, "text": text} for n, sha256, text in view.texts]
    return {"notice_id": view.notice_id, "texts": texts, "entries": view.entries}


@router.post(
    "/notices/{notice_id}/postings",
    status_code=201,
    response_model=PostedNoticeOut,
    operation_id="confirmPosting",
    responses=refusals(
        errors.EvidenceMissing,
        errors.PostedAlready,
        errors.NotAPlaceOfThisNotice,
        errors.NoLongerStands,
        errors.TooManyPostings,
    ),
)
async def confirm_posting(notice_id: Uuid, body: ConfirmPosting, actor: SignedIn, tx: TxDep, keys: KeysDep) -> object:
    """The unit confirms, with evidence, that the notice hangs in its own place, or elsewhere, from now on."""
    view = await service.confirm_posting(
        tx,
        actor,
        notice_id,
        evidence_sha256=body.evidence_sha256,
        place=Place(body.place),
        url=body.url,
        keys=keys,
    )
    return {**notice_shown(view), "receipt": view.receipt}


RESTATING = (
    NotAllowed,
    NotInThisState,
    errors.TextChanged,
    errors.NotRestatable,
    errors.OtherShape,
    errors.KinshipTakenBack,
    errors.NothingChanged,
)


@router.post(
    "/notices/{notice_id}/corrections",
    response_model=NoticeOut,
    operation_id="correctNotice",
    responses=refusals(*RESTATING, errors.CorrectionNotTaken, errors.NotACorrection),
)
async def correct_notice(notice_id: Uuid, body: CorrectNotice, actor: SignedIn, tx: TxDep) -> object:
    """As its owner or an operator, write the same disclosure better; the period goes on, where the kind lets it.

    What other records say (prices, parties, lots) stands in the notice as they say it.
    """
    view = await service.correct_notice(
        tx, actor, notice_id, document_sha256=body.document_sha256, changes=body.changes.said(), because=body.because
    )
    return notice_shown(view)


@router.post(
    "/notices/{notice_id}/replacement",
    status_code=201,
    response_model=NoticeOut,
    operation_id="replaceNotice",
    responses=refusals(
        *RESTATING, errors.FieldsMissing, errors.EvidenceMissing, errors.Suspended, errors.TooManyReplacements
    ),
)
async def replace_notice(notice_id: Uuid, body: ReplaceNotice, actor: SignedIn, tx: TxDep) -> object:
    """Put another notice in its place, in other words; its period starts afresh and open objections go with it.

    An announcement and a result are replaced by an operator, the other kinds by their owner, too.
    """
    view = await service.replace_notice(
        tx,
        actor,
        notice_id,
        document_sha256=body.document_sha256,
        changes=body.changes.said(),
        because=body.because,
        evidence_sha256=body.evidence_sha256,
    )
    return notice_shown(view)


@router.get(
    "/notices/{notice_id}/evidence/{sha256}",
    operation_id="readPostingEvidence",
    response_class=StreamingResponse,
    responses={**BYTES, **refusals()},
)
async def read_evidence(
    notice_id: Uuid, sha256: Sha256InPath, actor: Reader, tx: TxDep, files: FilesDep
) -> StreamingResponse:
    """The proof of a posting, for everyone who reads the notice."""
    return download(*await service.read_posting_evidence(tx, files, actor, notice_id, sha256))


@router.post(
    "/notices/{notice_id}/suspension",
    response_model=NoticeOut,
    operation_id="suspendNotice",
    responses=refusals(
        errors.NotSuspendable, errors.Suspended, errors.NotStarted, errors.PeriodOver, errors.NoLongerStands
    ),
)
async def suspend_notice(notice_id: Uuid, body: SuspendNotice, actor: SignedIn, tx: TxDep) -> object:
    """The operator stops the clock of a procedure, and says why to everyone."""
    return notice_shown(await service.suspend_notice(tx, actor, notice_id, reasons=body.reasons))


@router.post(
    "/notices/{notice_id}/resumption",
    response_model=NoticeOut,
    operation_id="resumeNotice",
    responses=refusals(errors.NotSuspended, errors.RuleInAnotherUnit, NoRuleInForce),
)
async def resume_notice(notice_id: Uuid, actor: SignedIn, tx: TxDep) -> object:
    """The operator lets the rest of the period run on; where a rule says so, with days added."""
    return notice_shown(await service.resume_notice(tx, actor, notice_id))


@router.post(
    "/notices/{notice_id}/allowance",
    response_model=NoticeOut,
    operation_id="allowPrice",
    responses=refusals(errors.NothingUpheld),
)
async def allow_price(notice_id: Uuid, body: AllowPrice, actor: SignedIn, tx: TxDep) -> object:
    """The operator lets a price be published again to which an objection was upheld, and says why to everyone."""
    view = await service.allow_price(tx, actor, notice_id, price_minor=body.price.minor, reasons=body.reasons)
    return notice_shown(view)


def notice_shown(view: NoticeView) -> dict[str, Any]:
    line = {name: getattr(view.line, name) for name in NoticeLineOut.model_fields}
    own = ("document", "replaced_by_id", "postings", "pauses", "lengthenings", "allowance")
    objections = [{name: getattr(one, name) for name in ObjectionOut.model_fields} for one in view.objections]
    return {**line, **{name: getattr(view, name) for name in own}, "objections": objections}
