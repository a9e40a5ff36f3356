"""Participants over HTTP: intents, the two views on them, what waits for one, deposits lost."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import Field

from techmarket.api.deps import MarketRoute, Reader, SignedIn, TxDep
from techmarket.api.paging import page_response
from techmarket.api.refusals import refusals
from techmarket.api.shapes import Code, Cursor, Limit, LongText, MoneyOut, PositiveMoney, Sha256, Uuid, Wire
from techmarket.api.trading import LotOut
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.kernel.refusals import NotAllowed, NotFound
from techmarket.notices.errors import EvidenceMissing, Paused, Upheld
from techmarket.signing.errors import SignedAlready, WrongDocument
from techmarket.trading import errors, service
from techmarket.trading.consortium import ConsortiumDraft, MemberDraft
from techmarket.trading.first_refusal import Basis, ClaimState
from techmarket.trading.lifecycle import DepositState, ForfeitCause, ParticipantState, SeatState
from techmarket.trading.qualification import Ground, Kinship, OpinionBy
from techmarket.trading.views import FinalBidView, LotView, ParticipantView

router = APIRouter(prefix="/v1", tags=["trading"], route_class=MarketRoute)


class MemberIn(Wire):
    organisation_id: Uuid
    part: LongText = Field(description="What this member contributes, as the agreement says it.")


class ConsortiumIn(Wire):
    """You represent a consortium: you bid, all members sign the agreement and the contract, and are liable jointly."""

    part: LongText = Field(description="What you contribute, as the agreement says it.")
    members: list[MemberIn] = Field(min_length=1, max_length=9, description="The others.")
    deposit_organisation_id: Uuid | None = Field(
        default=None, description="The member that pays the deposit, where that was announced; left out: you do."
    )
    evidence_sha256: Sha256 | None = Field(default=None, description="An agreement on paper: uploaded evidence.")

    def drafted(self) -> ConsortiumDraft:
        members = tuple(MemberDraft(one.organisation_id, one.part) for one in self.members)
        return ConsortiumDraft(self.part, members, self.deposit_organisation_id, self.evidence_sha256)


class RegisterIntent(Wire):
    related: bool = Field(default=False, description="You declare yourself a related party of the seller.")
    payer_account: Code | None = Field(
        default=None, description="The account your deposit will come from; money from another waits for a person."
    )
    principal_organisation_id: Uuid | None = Field(
        default=None, description="You bid for this organisation: it signs the mandate, pays and buys."
    )
    mandate_evidence_sha256: Sha256 | None = Field(default=None, description="A mandate on paper: uploaded evidence.")
    consortium: ConsortiumIn | None = None
    lots: list[Uuid] = Field(default=[], max_length=100, description="The lots you want to bid on; none named: all.")


class Forfeit(Wire):
    cause: Literal[ForfeitCause.FALSE_PAPERS, ForfeitCause.BREACH_OF_RULES]
    reasons: LongText


class Judge(Wire):
    accepted: bool = True
    grounds: list[Ground] = Field(default=[], max_length=len(Ground), description="Why not; at least one then.")
    words: LongText | None = Field(default=None, description="Told to the participant, the seller and the market.")


class SeatOut(Wire):
    lot_id: UUID
    state: SeatState = Field(description="READY may bid.")
    first_refusal: bool


class DepositOut(Wire):
    id: UUID
    lot_id: UUID | None = Field(description="Null: it backs the whole trade.")
    amount: MoneyOut
    outstanding: MoneyOut
    state: DepositState
    due_id: UUID
    reference: str = Field(description="Write it into the transfer of the deposit.")
    return_by: datetime | None = Field(description="When a released deposit has left the market at the latest.")
    cause: ForfeitCause | None
    reasons: str | None


class OpinionOut(Wire):
    by: OpinionBy
    accepted: bool
    grounds: list[Ground]
    words: str | None
    document_sha256: str = Field(description="The hash of grounds and words as they are kept.")
    by_the_clock: bool = Field(description="The seller was silent, which counts as a confirmation as announced.")
    at: datetime


class ClaimOut(Wire):
    lot_id: UUID
    basis: Basis
    share: Decimal = Field(description="Of the title; the larger comes first.")
    evidence_sha256: str | None
    state: ClaimState


class MandateOut(Wire):
    principal_organisation_id: UUID
    document_sha256: str
    document: dict[str, Any] = Field(description="What the principal signs.")
    signed_at: datetime | None


class MemberOut(Wire):
    organisation_id: UUID
    related_because: list[Kinship]
    signed_at: datetime | None


class ConsortiumOut(Wire):
    members: list[MemberOut] = Field(description="The representative first.")
    deposit_organisation_id: UUID = Field(description="Who pays the deposit.")
    document_sha256: str
    document: dict[str, Any] = Field(description="What every member signs.")
    agreed_at: datetime | None = Field(description="When the last member signed.")


class ParticipantOut(Wire):
    id: UUID
    trade_id: UUID
    organisation_id: UUID
    number: int = Field(description="What the public record calls this bidder.")
    mandate: MandateOut | None = Field(description="For whom it bids, if not for itself.")
    consortium: ConsortiumOut | None = Field(description="With whom it buys, if not alone.")
    related: bool
    related_because: list[Kinship] = Field(description="Why it is a related party, as the notice of an award tells.")
    state: ParticipantState
    waits_for: OpinionBy | None = Field(description="Whose view is asked now.")
    due_at: datetime | None = Field(description="Until when that view is due; a silent seller has confirmed then.")
    opinions: list[OpinionOut]
    payer_account: str | None
    seats: list[SeatOut]
    deposits: list[DepositOut]
    first_refusals: list[ClaimOut]


class ParticipantList(Wire):
    items: list[ParticipantOut]


class ClaimFirstRefusal(Wire):
    basis: Basis
    evidence_sha256: Sha256 | None = Field(default=None, description="Of a promise by contract: uploaded evidence.")


class SignMandate(Wire):
    document_sha256: Sha256


class SignConsortium(Wire):
    document_sha256: Sha256


class AnswerClaim(Wire):
    accepted: bool


class ExerciseFirstRefusal(Wire):
    exercise: bool = Field(description="False waives it. Neither is taken back.")


class PutFinalBid(Wire):
    amount: PositiveMoney


class FinalBidOut(Wire):
    lot_id: UUID
    bidder: int
    amount: MoneyOut
    nonce: str
    commitment: str = Field(description="What the log told when it was named; `docs/trading.md` says of which bytes.")
    at: datetime


class FinalBidList(Wire):
    items: list[FinalBidOut]


class DueOpinionOut(Wire):
    trade_number: str
    title_zh: str
    title_en: str
    participant: ParticipantOut


class DueOpinionPage(Wire):
    items: list[DueOpinionOut]
    next_cursor: str | None


@router.post(
    "/trades/{trade_id}/participants",
    status_code=201,
    response_model=ParticipantOut,
    operation_id="registerIntent",
    responses=refusals(
        errors.OfficerCannotBuy,
        NotAllowed,
        NotFound,
        errors.RegistrationClosed,
        errors.RegisteredAlready,
        errors.SellerCannotBuy,
        errors.LotNotOfTrade,
        errors.PrincipalUnfit,
        errors.StandsAlready,
        errors.ConsortiumNotAnnounced,
        errors.ConsortiumUnfit,
        errors.ConsortiumHasNoAgent,
        errors.DepositPayerUnfit,
        EvidenceMissing,
    ),
)
async def register_intent(trade_id: Uuid, body: RegisterIntent, actor: SignedIn, tx: TxDep) -> ParticipantView:
    """Register one's organisation for a trade while its announcement runs."""
    return await service.register_intent(
        tx,
        actor,
        trade_id,
        related=body.related,
        lot_ids=body.lots,
        payer_account=body.payer_account,
        principal_org=body.principal_organisation_id,
        mandate_evidence_sha256=body.mandate_evidence_sha256,
        consortium=None if body.consortium is None else body.consortium.drafted(),
    )


@router.get(
    "/trades/{trade_id}/participants",
    response_model=ParticipantList,
    operation_id="listParticipants",
    responses=refusals(NotFound),
)
async def list_participants(trade_id: Uuid, actor: SignedIn, tx: TxDep) -> object:
    """The participants, for the seller and the market; a participant sees itself."""
    return {"items": await service.list_participants(tx, actor, trade_id)}


@router.post(
    "/participants/{participant_id}/admission",
    response_model=ParticipantOut,
    operation_id="admitParticipant",
    responses=refusals(
        NotAllowed,
        NotFound,
        NotInThisState,
        errors.GroundsNeeded,
        errors.JudgeConflicted,
        errors.MandateNotSigned,
        errors.ConsortiumNotSigned,
        errors.ConsortiumUnfit,
    ),
)
async def admit(participant_id: Uuid, body: Judge, actor: SignedIn, tx: TxDep) -> ParticipantView:
    """Give the market's view on a participant's qualification (operator), with grounds if it is not admitted."""
    return await service.admit(
        tx, actor, participant_id, accepted=body.accepted, grounds=body.grounds, words=body.words
    )


@router.post(
    "/participants/{participant_id}/confirmation",
    response_model=ParticipantOut,
    operation_id="confirmParticipant",
    responses=refusals(NotAllowed, NotFound, NotInThisState, errors.GroundsNeeded, errors.JudgeConflicted),
)
async def confirm(participant_id: Uuid, body: Judge, actor: SignedIn, tx: TxDep) -> ParticipantView:
    """Confirm an admitted participant (seller), or say why not; with the confirmation its deposit becomes due."""
    return await service.confirm(
        tx, actor, participant_id, accepted=body.accepted, grounds=body.grounds, words=body.words
    )


@router.post(
    "/participants/{participant_id}/withdrawal",
    response_model=ParticipantOut,
    operation_id="withdrawParticipant",
    responses=refusals(NotAllowed, NotFound, NotInThisState, errors.TooLateToWithdraw),
)
async def withdraw(participant_id: Uuid, actor: SignedIn, tx: TxDep) -> ParticipantView:
    """Withdraw before the opening; who has paid loses the deposit if that was announced."""
    return await service.withdraw(tx, actor, participant_id)


@router.post(
    "/deposits/{deposit_id}/forfeiture",
    response_model=ParticipantOut,
    operation_id="forfeitDeposit",
    responses=refusals(
        Paused, Upheld, NotAllowed, NotFound, NotInThisState, errors.CauseNotAnnounced, errors.JudgeConflicted
    ),
)
async def forfeit(deposit_id: Uuid, body: Forfeit, actor: SignedIn, tx: TxDep) -> ParticipantView:
    """Shut a participant out for an announced cause (operator): its deposit goes to the seller."""
    return await service.forfeit_deposit(tx, actor, deposit_id, cause=body.cause, reasons=body.reasons)


@router.get(
    "/qualifications",
    response_model=DueOpinionPage,
    operation_id="listDueOpinions",
    responses=refusals(NotAllowed),
)
async def list_due_opinions(
    actor: SignedIn, tx: TxDep, response: Response, cursor: Cursor | None = None, limit: Limit = 20
) -> object:
    """Who waits for one's view, the most urgent first: the market's view, or one's own answer as a seller."""
    page = await service.list_due_opinions(tx, actor, cursor=cursor, limit=limit)
    return page_response(page, response, "/v1/qualifications", limit=limit)


@router.post(
    "/participants/{participant_id}/mandate/signature",
    response_model=ParticipantOut,
    operation_id="signMandate",
    responses=refusals(
        errors.OfficerCannotBuy, NotAllowed, NotFound, NotInThisState, errors.StandsAlready, WrongDocument
    ),
)
async def sign_mandate(participant_id: Uuid, body: SignMandate, actor: SignedIn, tx: TxDep) -> ParticipantView:
    """Sign the mandate of who bids for one (principal); after that the market can admit it."""
    return await service.sign_mandate(tx, actor, participant_id, document_sha256=body.document_sha256)


@router.post(
    "/participants/{participant_id}/consortium/signature",
    response_model=ParticipantOut,
    operation_id="signConsortium",
    responses=refusals(
        errors.OfficerCannotBuy,
        NotAllowed,
        NotFound,
        NotInThisState,
        errors.StandsAlready,
        WrongDocument,
        SignedAlready,
    ),
)
async def sign_consortium(participant_id: Uuid, body: SignConsortium, actor: SignedIn, tx: TxDep) -> ParticipantView:
    """Sign the agreement of the consortium one belongs to; with the last signature the market can admit it."""
    return await service.sign_consortium(tx, actor, participant_id, document_sha256=body.document_sha256)


@router.post(
    "/participants/{participant_id}/first-refusal",
    status_code=201,
    response_model=ParticipantOut,
    operation_id="claimFirstRefusal",
    responses=refusals(
        NotAllowed,
        NotFound,
        NotInThisState,
        errors.NoFirstRefusalHere,
        errors.TooLateToClaim,
        errors.FirstRefusalClaimed,
        errors.ClaimUnfounded,
        EvidenceMissing,
    ),
)
async def claim_first_refusal(
    participant_id: Uuid, body: ClaimFirstRefusal, actor: SignedIn, tx: TxDep
) -> ParticipantView:
    """Claim a first refusal before the opening; what is on record holds at once, a promise once it is answered."""
    return await service.claim_first_refusal(
        tx, actor, participant_id, basis=body.basis, evidence_sha256=body.evidence_sha256
    )


@router.post(
    "/participants/{participant_id}/first-refusal/answer",
    response_model=ParticipantOut,
    operation_id="answerFirstRefusalClaim",
    responses=refusals(NotAllowed, NotFound, NotInThisState, errors.TooLateToClaim),
)
async def answer_claim(participant_id: Uuid, body: AnswerClaim, actor: SignedIn, tx: TxDep) -> ParticipantView:
    """Say whether a first refusal claimed by contract stands (seller)."""
    return await service.answer_claim(tx, actor, participant_id, accepted=body.accepted)


@router.post(
    "/lots/{lot_id}/first-refusal",
    response_model=LotOut,
    operation_id="exerciseFirstRefusal",
    responses=refusals(NotAllowed, NotFound, NotInThisState, errors.NoFirstRefusalAwaited),
)
async def exercise_first_refusal(lot_id: Uuid, body: ExerciseFirstRefusal, actor: SignedIn, tx: TxDep) -> LotView:
    """Take the lot at the winner's price, or waive; silence until the end of the step waives."""
    return await service.exercise_first_refusal(tx, actor, lot_id, exercise=body.exercise)


@router.post(
    "/lots/{lot_id}/final-bids",
    status_code=201,
    response_model=FinalBidOut,
    operation_id="putFinalBid",
    responses=refusals(
        NotAllowed,
        NotFound,
        errors.NotAParticipant,
        errors.NoFinalBidAwaited,
        errors.NotALeader,
        errors.FinalBidGiven,
        errors.FinalBidTooLow,
    ),
)
async def put_final_bid(lot_id: Uuid, body: PutFinalBid, actor: SignedIn, tx: TxDep) -> FinalBidView:
    """Name one last price above one's own last bid; others read it when the step has ended."""
    return await service.put_final_bid(tx, actor, lot_id, minor=body.amount.minor)


@router.get(
    "/lots/{lot_id}/final-bids",
    response_model=FinalBidList,
    operation_id="listFinalBids",
    responses=refusals(NotFound),
)
async def list_final_bids(lot_id: Uuid, actor: Reader, tx: TxDep) -> object:
    """The final bids: one's own while the step lasts, then all of them."""
    return {"items": await service.list_final_bids(tx, actor, lot_id)}
