"""The public file of a project over HTTP."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field

from techmarket.achievements.approvals import ApprovalKind
from techmarket.achievements.lifecycle import ApprovalState, ConsentState
from techmarket.api.announcements import ActOut
from techmarket.api.deps import KeysDep, MarketRoute, Reader, TxDep
from techmarket.api.listing_shapes import ListingOut
from techmarket.api.listing_shapes import shown as listing_shown
from techmarket.api.notices import EntryProofOut, NoticeOut, VersionOut, notice_shown
from techmarket.api.refusals import refusals
from techmarket.api.shapes import Uuid, Wire
from techmarket.api.trading import TradeOut
from techmarket.certification.lifecycle import CertificateState
from techmarket.certification.lifecycle import Why as WhyNot
from techmarket.contracts.lifecycle import ContractState, RegistrationState
from techmarket.contracts.rules import ContractType
from techmarket.dossiers import service
from techmarket.dossiers.stage import Paid, Stage
from techmarket.kernel.refusals import NotFound
from techmarket.trading.lifecycle import AwardState

router = APIRouter(prefix="/v1", tags=["dossiers"], route_class=MarketRoute)


class FiledNoticeOut(Wire):
    notice: NoticeOut
    versions: list[VersionOut]
    proof: str = Field(description="where the proof of this notice is fetched")


class FiledCertificateOut(Wire):
    number: str
    state: CertificateState
    since: datetime
    why: WhyNot | None
    issued_at: datetime


class FiledContractOut(Wire):
    number: str
    type: ContractType
    state: ContractState
    in_force_at: datetime | None
    paid: Paid = Field(description="of the amounts that the contract names; royalties to come are not waited for")
    registration: RegistrationState | None
    registration_number: str | None
    certificate: FiledCertificateOut | None


class FiledAwardOut(Wire):
    id: UUID
    lot_id: UUID
    rank: int
    state: AwardState
    notice_id: UUID = Field(description="the notice that says to whom and at what price")
    offered_at: datetime | None
    decided_at: datetime | None
    contract: FiledContractOut | None = Field(description="once it binds")


class LabelledHashOut(Wire):
    label: str
    sha256: str


class FiledApprovalOut(Wire):
    id: UUID
    kind: ApprovalKind
    state: ApprovalState
    decided_on: date
    evidence: list[LabelledHashOut]
    document_sha256: str = Field(description="of the decision that was signed; the text is the unit's own")
    in_force_at: datetime | None
    revoked_at: datetime | None
    position: int | None = Field(description="where the log says that it came into force")


class FiledConsentOut(Wire):
    id: UUID
    achievement_id: UUID
    organisation_id: UUID | None = Field(description="null where a person owns a share: people are not named")
    organisation: str | None
    is_standing: bool = Field(description="given for sales of a kind, not for this version of the offer alone")
    state: ConsentState
    document_sha256: str | None
    given_at: datetime
    position: int | None = Field(description="where the log says that it was given")


class FiledEntryOut(Wire):
    at: datetime
    kind: str
    position: int | None = Field(description="its place in the log; null for the moment until it has one")
    entry_id: UUID | None = Field(description="null where the row would name somebody; else it is in the proof")


class LotStageOut(Wire):
    lot_id: UUID
    stage: Stage


class ProjectFileOut(Wire):
    stage: Stage = Field(description="for people; no rule reads it")
    trade: TradeOut
    listing: ListingOut | None
    lots: list[LotStageOut]
    acts: list[ActOut]
    notices: list[FiledNoticeOut]
    awards: list[FiledAwardOut]
    approvals: list[FiledApprovalOut] = Field(description="of the unit itself, as on record at the announcement")
    consents: list[FiledConsentOut] = Field(description="of co-owners, as on record at the announcement")
    entries: list[FiledEntryOut]
    log_size: int | None = Field(description="how many entries the newest checkpoint covers")
    proof: str = Field(description="where the proof of this file is fetched")


class FileTextOut(Wire):
    sha256: str
    text: str = Field(description="canonical JSON; its UTF-8 bytes hash to `sha256`")


class ProjectProofOut(Wire):
    trade_id: UUID
    texts: list[FileTextOut]
    entries: list[EntryProofOut]


@router.get(
    "/trades/{trade_id}/file",
    response_model=ProjectFileOut,
    response_model_exclude_unset=True,
    operation_id="getProjectFile",
    responses=refusals(NotFound),
)
async def get_file(trade_id: Uuid, actor: Reader, tx: TxDep) -> object:
    """The public file of a project: its stage, what stood where and when, what was objected, how it was decided."""
    view = await service.get_file(tx, actor, trade_id)
    return {
        "stage": view.stage,
        "trade": view.trade,
        "listing": None if view.listing is None else listing_shown(view.listing),
        "lots": [{"lot_id": lot_id, "stage": stage} for lot_id, stage in view.lot_stages],
        "acts": view.acts,
        "notices": [
            {
                "notice": notice_shown(one.notice),
                "versions": one.versions,
                "proof": f"/v1/notices/{one.notice.line.id}/proof",
            }
            for one in view.notices
        ],
        "awards": _plain(view.awards),
        "approvals": _plain(view.approvals),
        "consents": _plain(view.consents),
        "entries": _plain(view.entries),
        "log_size": view.log_size,
        "proof": f"/v1/trades/{trade_id}/file/proof",
    }


@router.get(
    "/trades/{trade_id}/file/proof",
    response_model=ProjectProofOut,
    operation_id="getProjectFileProof",
    responses=refusals(NotFound),
)
async def get_file_proof(trade_id: Uuid, actor: Reader, tx: TxDep, keys: KeysDep) -> object:
    """What `techmarket verify` checks offline: the texts of the file, and the log's entries that name them."""
    view = await service.get_file_proof(tx, keys, actor, trade_id)
    texts = [{"sha256": sha256, "text": text} for sha256, text in view.texts]
    return {"trade_id": view.trade_id, "texts": texts, "entries": view.entries}


def _plain(views: Any) -> list[dict[str, Any]]:
    return [asdict(one) for one in views]
