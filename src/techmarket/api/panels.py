"""Panels of scored trades over HTTP: who sits, what they read, their sheets, and the opened marks."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field

from techmarket.api.deps import KeysDep, MarketRoute, Reader, SignedIn, TxDep
from techmarket.api.refusals import refusals
from techmarket.api.shapes import SafeText, Sha256, Uuid, Wire
from techmarket.identity.errors import NotAMember
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.kernel.refusals import NotAllowed, NotFound
from techmarket.signing.errors import WrongDocument
from techmarket.trading import errors, service
from techmarket.trading.lifecycle import PanelSeatState
from techmarket.trading.panel.sheets import Mark
from techmarket.trading.views import PanelView, ScoresView

router = APIRouter(prefix="/v1", tags=["trading"], route_class=MarketRoute)

Points = Annotated[
    str,
    Field(
        strict=True,
        pattern=r"^(100(\.00?)?|[1-9]?[0-9](\.[0-9]{1,2})?)$",
        description="0 to 100, two decimals at most",
    ),
]


class AppointExpert(Wire):
    person_id: Uuid
    organisation_id: Uuid


class Declare(Wire):
    """Sign the declaration by its hash, or say that you have an interest and leave the panel."""

    conflicted: bool = False
    document_sha256: Sha256 | None = None


class MarkIn(Wire):
    number: Annotated[int, Field(strict=True, ge=1, le=2**31)]
    criterion: Annotated[str, SafeText(60)]
    points: Points
    reason: Annotated[str, SafeText(1000, multiline=True)] | None = None


class SheetIn(Wire):
    """One mark for each proposal and each criterion of the panel; it does not change once it is in."""

    marks: Annotated[list[MarkIn], Field(min_length=1, max_length=2000)]


class PanelSeatOut(Wire):
    n: int
    state: PanelSeatState
    person_id: UUID | None = Field(description="For the market, and of yourself.")
    organisation_id: UUID | None
    sheet_given: bool


class PanelOut(Wire):
    lot_id: UUID
    needed: int
    criteria: list[str]
    seats: list[PanelSeatOut]
    declaration: dict[str, Any] | None = Field(description="What you sign as an expert before you read a proposal.")
    declaration_sha256: str | None


class ProposalOut(Wire):
    number: int
    terms: dict[str, Any]
    documents: list[str] = Field(description="SHA-256 of the documents that belong to the proposal.")
    data_room: str = Field(description="Where its bidder uploads them: kind and id of the data room.")


class ProposalList(Wire):
    items: list[ProposalOut]


class ScoreOut(Wire):
    number: int
    points: dict[str, str]
    score: str
    out_by: str | None = Field(description="The criterion whose least the proposal does not reach.")


class ScoresOut(Wire):
    lot_id: UUID
    document_sha256: str
    document: dict[str, Any] = Field(description="Every sheet as it was given, and the points they come to.")
    scores: list[ScoreOut]


@router.post(
    "/lots/{lot_id}/panel",
    status_code=201,
    response_model=PanelOut,
    operation_id="appointExpert",
    responses=refusals(
        errors.JudgeConflicted,
        errors.PanelFull,
        NotAllowed,
        NotFound,
        NotAMember,
        errors.NoPanelHere,
        errors.PanelClosed,
        errors.NotAnExpert,
        errors.ExpertAlready,
        errors.ExpertConflicted,
    ),
)
async def appoint_expert(lot_id: Uuid, body: AppointExpert, actor: SignedIn, tx: TxDep) -> PanelView:
    """As an operator, put a qualified expert on the panel of a lot."""
    return await service.appoint_expert(
        tx, actor, lot_id, person_id=body.person_id, organisation_id=body.organisation_id
    )


@router.get(
    "/lots/{lot_id}/panel",
    response_model=PanelOut,
    operation_id="getPanel",
    responses=refusals(NotAllowed, NotFound, errors.NoPanelHere),
)
async def get_panel(lot_id: Uuid, actor: SignedIn, tx: TxDep) -> PanelView:
    """The panel of a lot, for the market, the lister and its experts; experts by number."""
    return await service.get_panel(tx, actor, lot_id)


@router.post(
    "/lots/{lot_id}/panel/declaration",
    response_model=PanelOut,
    operation_id="declareInterest",
    responses=refusals(
        NotAllowed,
        NotFound,
        NotInThisState,
        errors.NoPanelHere,
        errors.PanelClosed,
        errors.ExpertConflicted,
        WrongDocument,
    ),
)
async def declare(lot_id: Uuid, body: Declare, actor: SignedIn, tx: TxDep) -> PanelView:
    """As an expert, sign that you are free of interest and keep secret, or leave the panel."""
    return await service.declare(tx, actor, lot_id, conflicted=body.conflicted, document_sha256=body.document_sha256)


@router.post(
    "/lots/{lot_id}/panel/{n}/recusal",
    response_model=PanelOut,
    operation_id="recuseExpert",
    responses=refusals(
        errors.JudgeConflicted, NotAllowed, NotFound, NotInThisState, errors.NoPanelHere, errors.PanelClosed
    ),
)
async def recuse_expert(
    lot_id: Uuid, n: Annotated[int, Field(ge=1, le=1000)], actor: SignedIn, tx: TxDep, keys: KeysDep
) -> PanelView:
    """As an operator, take an expert off the panel; what he gave does not count."""
    return await service.recuse_expert(tx, keys, actor, lot_id, n)


@router.get(
    "/lots/{lot_id}/proposals",
    response_model=ProposalList,
    operation_id="listProposals",
    responses=refusals(NotAllowed, NotFound, errors.NothingToMark, errors.DeclarationMissing),
)
async def list_proposals(lot_id: Uuid, actor: SignedIn, tx: TxDep) -> object:
    """The opened proposals by number, for the market, the lister and the experts who have declared themselves free."""
    return {"items": await service.list_proposals(tx, actor, lot_id)}


@router.post(
    "/lots/{lot_id}/score-sheets",
    status_code=201,
    response_model=PanelOut,
    operation_id="giveScoreSheet",
    responses=refusals(
        NotAllowed,
        NotFound,
        errors.DeclarationMissing,
        errors.NothingToMark,
        errors.SheetGiven,
        errors.SheetIncomplete,
        errors.ExpertConflicted,
    ),
)
async def give_sheet(lot_id: Uuid, body: SheetIn, actor: SignedIn, tx: TxDep, keys: KeysDep) -> PanelView:
    """As an expert, give your sheet of marks. Nobody reads a mark before all sheets are in."""
    marks = [Mark(one.number, one.criterion, Decimal(one.points), one.reason) for one in body.marks]
    return await service.give_sheet(tx, keys, actor, lot_id, marks)


@router.get(
    "/lots/{lot_id}/scores",
    response_model=ScoresOut,
    operation_id="getScores",
    responses=refusals(NotFound, errors.NoPanelHere, errors.ScoresSealed),
)
async def get_scores(lot_id: Uuid, actor: Reader, tx: TxDep) -> ScoresView:
    """All sheets and what the formula makes of them, by number, once every sheet is in."""
    return await service.get_scores(tx, actor, lot_id)
