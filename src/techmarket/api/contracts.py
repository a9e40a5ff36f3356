"""Contracts over HTTP: drafted, read and signed."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Response
from pydantic import Field

from techmarket.achievements.errors import (
    ApprovalMissing,
    ApprovalNotInForce,
    ApprovalOfOther,
    ApprovalUnknown,
    ConsentMissing,
    LicenceOverlaps,
    NotRecorded,
    UnderWay,
)
from techmarket.api.contract_shapes import (
    Clauses,
    ContractOut,
    ContractPage,
    CrossingIn,
    DocumentOut,
    DueDays,
    Facts,
    MilestoneIn,
    Months,
    Plan,
    RoyaltyIn,
    ScopeIn,
)
from techmarket.api.deps import KeysDep, MarketRoute, MeansDep, SignedIn, TxDep
from techmarket.api.paging import page_response
from techmarket.api.refusals import refusals
from techmarket.api.shapes import Cursor, Day, Limit, PositiveMoney, QueryInt, SafeText, Sha256, Uuid, Wire
from techmarket.contracts import errors, service
from techmarket.contracts.rules import ContractType, Milestone, Origin, TitleMoves
from techmarket.contracts.service.writing import Draft, licence_plan
from techmarket.contracts.templates import Form
from techmarket.contracts.text import RoyaltyTerms, ScopeTerms
from techmarket.contracts.views import ContractView, DocumentView
from techmarket.identity.errors import OneHandBehindBoth
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.kernel.refusals import NotAllowed, NotFound
from techmarket.listings.rules import LicenceKind
from techmarket.notices.errors import (
    EvidenceMissing,
    NotStarted,
    Paused,
    PriceStandsAlready,
    PriceUpheldBefore,
    StillRunning,
    Suspended,
    Upheld,
)
from techmarket.signing.errors import (
    IdentityNotVouched,
    NoProvider,
    NotASignatory,
    NotYourTurn,
    ProviderSilent,
    ProviderUnclear,
    SignedAlready,
    WrongDocument,
)
from techmarket.trading.errors import SigningDatePassed

router = APIRouter(prefix="/v1", tags=["contracts"], route_class=MarketRoute)

_TERMS = (
    errors.PlanUnfit,
    errors.InstalmentsUnfit,
    errors.FormUnfit,
    errors.FactsMissing,
    errors.FactsUnknown,
    errors.LicenceKindMissing,
    errors.AchievementsUnfit,
    errors.TrialUnfit,
    errors.TechnologyProhibited,
)


class DraftFromAward(Wire):
    award_id: Uuid
    royalty_due_days: DueDays | None = Field(
        default=None, description="Needed where the offer asks a royalty: days from each report to its payment."
    )
    milestones: Annotated[list[MilestoneIn], Field(max_length=50)] = Field(
        default_factory=list,
        description="Of an open challenge, in the order of the work; they sum to the price. Left out: one of all.",
    )
    plan: Plan = Field(default_factory=list, description="The price in parts; they sum to the price of the award.")
    trial_months: Months | None = Field(default=None, description="Needed where the offer is to try before to buy.")
    facts: Facts = Field(default_factory=dict, description="What the text states beside the terms, by name.")
    clauses: Clauses = Field(default_factory=list)


class DraftDirectly(Wire):
    buyer_id: Uuid
    type: ContractType = ContractType.LICENCE
    form: Form | None = Field(
        default=None, description="What precisely: a development names COMMISSIONED or COOPERATIVE."
    )
    achievement_ids: Annotated[list[Uuid], Field(max_length=50)] = Field(default_factory=list)
    licence_kind: LicenceKind | None = None
    scope: ScopeIn = Field(default_factory=ScopeIn)
    entry_fee: PositiveMoney | None = None
    royalty: RoyaltyIn | None = None
    plan: Plan = Field(default_factory=list, description="The whole price, instead of entry_fee and royalty.")
    facts: Facts = Field(
        default_factory=dict, description="What the text states, by name; docs/contracts.md lists them."
    )
    crossing: CrossingIn | None = None
    trial_months: Months | None = Field(default=None, description="先用后转: free use before the licence")
    title_moves: TitleMoves | None = Field(default=None, description="of a transfer; ON_PAYMENT where nothing is said")
    state_asset: bool = Field(default=False, description="whether an enterprise owned by the state sells")
    clauses: Clauses = Field(default_factory=list)
    approval_ids: Annotated[list[Uuid], Field(max_length=5)] = Field(
        default_factory=list, description="Approvals of your unit, each in force and covering all that is sold."
    )


class RecordElsewhere(DraftDirectly):
    """A contract that was signed elsewhere, as it was agreed there."""

    origin: Literal["PAPER", "ELSEWHERE"]
    signed_on: Day
    scan_sha256: Sha256 = Field(description="the scan, uploaded as evidence (POST /v1/evidence)")
    paid_sha256: Sha256 | None = Field(default=None, description="proof that the fixed price was paid there")
    related_party: bool = False


class Attest(Wire):
    document_sha256: Sha256


class OpenSigning(Wire):
    document_sha256: Sha256
    related_party: bool = Field(default=False, description="Whether buyer and completers are related; it is published.")


class SignContract(Wire):
    document_sha256: Sha256
    id_token: Annotated[str, SafeText(16_000)] | None = Field(
        default=None, description="An OpenID Connect token that vouches for you; its nonce is `document_sha256`."
    )


@router.post(
    "/contracts",
    status_code=201,
    response_model=ContractOut,
    operation_id="draftContract",
    responses=refusals(
        errors.AwardHasContract,
        errors.AwardNotOffered,
        errors.ModeNotOpen,
        errors.RoyaltyIncomplete,
        errors.NothingToPay,
        errors.MilestonesDoNotSum,
        errors.MilestonesUnfit,
        *_TERMS,
        LicenceOverlaps,
        NotAllowed,
        NotFound,
    ),
)
async def draft_contract(body: DraftFromAward, actor: SignedIn, tx: TxDep) -> ContractView:
    """Draft the contract of an award: its price and the offer's terms, by the seller or the market."""
    return await service.draft_from_award(
        tx,
        actor,
        body.award_id,
        royalty_due_days=body.royalty_due_days,
        milestones=[Milestone(one.title, one.amount.minor) for one in body.milestones],
        plan=[one.terms() for one in body.plan],
        trial_months=body.trial_months,
        facts=body.facts,
        clauses=[one.clause() for one in body.clauses],
    )


@router.post(
    "/direct-contracts",
    status_code=201,
    response_model=ContractOut,
    operation_id="draftDirectContract",
    responses=refusals(
        errors.SameParty,
        errors.NothingToPay,
        ApprovalUnknown,
        ApprovalNotInForce,
        ApprovalOfOther,
        *_TERMS,
        errors.AchievementsMissing,
        LicenceOverlaps,
        NotRecorded,
        NotAllowed,
        NotFound,
    ),
)
async def draft_direct_contract(body: DraftDirectly, actor: SignedIn, tx: TxDep) -> ContractView:
    """Draft a contract negotiated with a named buyer. A unit set up by the government publishes the price first."""
    return await service.draft_directly(
        tx,
        actor,
        buyer_org=body.buyer_id,
        type=body.type,
        form=body.form,
        achievement_ids=body.achievement_ids,
        licence_kind=body.licence_kind.value if body.licence_kind else None,
        scope=ScopeTerms(body.scope.territory, body.scope.field, body.scope.manner, body.scope.term_years),
        entry_fee_minor=body.entry_fee.minor if body.entry_fee else None,
        royalty=RoyaltyTerms(body.royalty.rate, body.royalty.base.value, body.royalty.due_days)
        if body.royalty
        else None,
        plan=[one.terms() for one in body.plan],
        facts=body.facts,
        crossing=body.crossing.crossing() if body.crossing else None,
        trial_months=body.trial_months,
        title_moves=body.title_moves,
        state_asset=body.state_asset,
        clauses=[one.clause() for one in body.clauses],
        approval_ids=tuple(dict.fromkeys(body.approval_ids)),
    )


@router.post(
    "/contracts-made-elsewhere",
    status_code=201,
    response_model=ContractOut,
    operation_id="recordContractMadeElsewhere",
    responses=refusals(
        errors.SameParty,
        errors.NothingToPay,
        errors.OriginUnfit,
        errors.NotYetIssued,
        EvidenceMissing,
        PriceStandsAlready,
        PriceUpheldBefore,
        *_TERMS,
        errors.AchievementsMissing,
        LicenceOverlaps,
        NotRecorded,
        NotAllowed,
        NotFound,
    ),
)
async def record_elsewhere(body: RecordElsewhere, actor: SignedIn, tx: TxDep) -> ContractView:
    """Record a contract signed elsewhere, with its scan (seller). Two people of the market then attest it."""
    royalty = body.royalty
    draft = Draft(
        seller_org=actor.org,
        buyer_org=body.buyer_id,
        plan=tuple(one.terms() for one in body.plan)
        or licence_plan(
            body.entry_fee.minor if body.entry_fee else None,
            RoyaltyTerms(royalty.rate, royalty.base.value, royalty.due_days) if royalty else None,
        ),
        type=body.type,
        form=body.form,
        achievement_ids=tuple(dict.fromkeys(body.achievement_ids)),
        licence_kind=body.licence_kind.value if body.licence_kind else None,
        scope=ScopeTerms(body.scope.territory, body.scope.field, body.scope.manner, body.scope.term_years),
        facts=body.facts,
        clauses=tuple(one.clause() for one in body.clauses),
        crossing=body.crossing.crossing() if body.crossing else None,
        trial_months=body.trial_months,
        title_moves=body.title_moves,
        state_asset=body.state_asset,
        origin=Origin(body.origin),
        approval_ids=tuple(dict.fromkeys(body.approval_ids)),
    )
    return await service.record_elsewhere(
        tx,
        actor,
        draft,
        signed_on=body.signed_on,
        scan_sha256=body.scan_sha256,
        paid_sha256=body.paid_sha256,
        related_party=body.related_party,
    )


@router.post(
    "/contracts/{contract_id}/attestations",
    status_code=201,
    response_model=ContractOut,
    operation_id="attestContract",
    responses=refusals(
        errors.OriginUnfit,
        errors.WrongText,
        errors.AttestedAlready,
        OneHandBehindBoth,
        errors.AttesterBelongsToParty,
        errors.PartyNotConfirmed,
        errors.PatentFactsMissing,
        errors.PatentOver,
        errors.ClearanceMissing,
        NotStarted,
        StillRunning,
        Paused,
        Suspended,
        Upheld,
        LicenceOverlaps,
        ConsentMissing,
        UnderWay,
        NotInThisState,
        NotAllowed,
        NotFound,
    ),
)
async def attest(contract_id: Uuid, body: Attest, actor: SignedIn, tx: TxDep) -> ContractView:
    """Attest that the record is what was signed elsewhere (two people of the market); the second gives it effect."""
    return await service.attest(tx, actor, contract_id, document_sha256=body.document_sha256)


@router.post(
    "/contracts/{contract_id}/confirmations",
    status_code=201,
    response_model=ContractOut,
    operation_id="confirmContract",
    responses=refusals(
        errors.OriginUnfit,
        errors.WrongText,
        errors.ConfirmedAlready,
        errors.AuthorityMissing,
        NotInThisState,
        NotAllowed,
        NotFound,
    ),
)
async def confirm(contract_id: Uuid, body: Attest, actor: SignedIn, tx: TxDep) -> ContractView:
    """Confirm that the record and its scan are what your side signed elsewhere (each party but the one recording)."""
    return await service.confirm(tx, actor, contract_id, document_sha256=body.document_sha256)


@router.get("/contracts", response_model=ContractPage, operation_id="listContracts", responses=refusals())
async def list_contracts(
    actor: SignedIn, tx: TxDep, response: Response, cursor: Cursor | None = None, limit: Limit = 20
) -> object:
    """My organisation's contracts, the newest first; staff and registrars see all."""
    page = await service.list_contracts(tx, actor, cursor=cursor, limit=limit)
    return page_response(page, response, "/v1/contracts", limit=limit)


@router.get(
    "/contracts/{contract_id}", response_model=ContractOut, operation_id="getContract", responses=refusals(NotFound)
)
async def get_contract(contract_id: Uuid, actor: SignedIn, tx: TxDep) -> ContractView:
    """A contract with its plan, reports and registration, for its parties, the market and registrars."""
    return await service.get_contract(tx, actor, contract_id)


@router.get(
    "/contracts/{contract_id}/document",
    response_model=DocumentOut,
    operation_id="getContractDocument",
    responses=refusals(NotFound),
)
async def get_document(
    contract_id: Uuid, actor: SignedIn, tx: TxDep, version: Annotated[QueryInt, Field(ge=1)] | None = None
) -> DocumentView:
    """The text that is signed; its SHA-256 is that of the document's canonical JSON (RFC 8785). The newest version, or
    the one named."""
    return await service.get_document(tx, actor, contract_id, n=version)


@router.post(
    "/contracts/{contract_id}/signing",
    response_model=ContractOut,
    operation_id="openContractSigning",
    responses=refusals(
        errors.WrongText,
        PriceStandsAlready,
        PriceUpheldBefore,
        ApprovalMissing,
        ApprovalUnknown,
        ApprovalNotInForce,
        ApprovalOfOther,
        errors.MadeElsewhere,
        errors.ObjectsChanged,
        errors.PatentFactsMissing,
        errors.PatentOver,
        errors.ClearanceMissing,
        UnderWay,
        LicenceOverlaps,
        ConsentMissing,
        NotRecorded,
        NotInThisState,
        NotAllowed,
        NotFound,
    ),
)
async def open_signing(contract_id: Uuid, body: OpenSigning, actor: SignedIn, tx: TxDep) -> ContractView:
    """Call the parties to sign exactly this text: seller first, then buyer."""
    return await service.open_signing(
        tx, actor, contract_id, document_sha256=body.document_sha256, related_party=body.related_party
    )


@router.post(
    "/contracts/{contract_id}/signatures",
    status_code=201,
    response_model=ContractOut,
    operation_id="signContract",
    responses=refusals(
        NotStarted,
        StillRunning,
        Paused,
        Suspended,
        Upheld,
        WrongDocument,
        NotYourTurn,
        NotASignatory,
        SignedAlready,
        errors.KinshipUnpublished,
        errors.AuthorityMissing,
        IdentityNotVouched,
        NoProvider,
        ProviderSilent,
        ProviderUnclear,
        LicenceOverlaps,
        ConsentMissing,
        UnderWay,
        SigningDatePassed,
        NotInThisState,
        NotAllowed,
        NotFound,
    ),
)
async def sign(
    contract_id: Uuid, body: SignContract, actor: SignedIn, tx: TxDep, keys: KeysDep, means: MeansDep
) -> ContractView:
    """Sign. The last signature concludes the award, enters the licence and makes the fixed price due, in one commit.

    The answer holds the market's signed promise that its log will tell of the signature.
    """
    if body.id_token is not None:
        return await service.sign_vouched(
            tx,
            means.voucher,
            actor,
            contract_id,
            document_sha256=body.document_sha256,
            id_token=body.id_token,
            keys=keys,
        )
    return await service.sign(tx, actor, contract_id, document_sha256=body.document_sha256, keys=keys)


@router.post(
    "/contracts/{contract_id}/cancellation",
    response_model=ContractOut,
    operation_id="cancelContract",
    responses=refusals(errors.BoundByAward, NotInThisState, NotAllowed, NotFound),
)
async def cancel(contract_id: Uuid, actor: SignedIn, tx: TxDep) -> ContractView:
    """Take back a directly negotiated contract that is not in force yet."""
    return await service.cancel(tx, actor, contract_id)
