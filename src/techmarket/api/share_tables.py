"""Share tables over HTTP: drafted, signed by all, read by those they name."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Protocol
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import Field

from techmarket.api.deps import MarketRoute, SignedIn, TxDep
from techmarket.api.paging import page_response
from techmarket.api.refusals import refusals
from techmarket.api.shapes import (
    Code,
    Cursor,
    Limit,
    RateIn,
    Sha256,
    Uuid,
    Wire,
)
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.revenue import errors, service
from techmarket.revenue.case import Basis, Group, GroupShare, Share, Table
from techmarket.revenue.leaders import Post
from techmarket.revenue.lifecycle import TableState
from techmarket.revenue.service.tabling import TableTerms
from techmarket.revenue.views import ShareTableView
from techmarket.signing import errors as signing

router = APIRouter(prefix="/v1", tags=["revenue"], route_class=MarketRoute)
Weight = Annotated[
    str,
    Field(strict=True, pattern=r"^(?:0|[1-9][0-9]{0,8})(?:\.[0-9]{1,6})?$", examples=["50"]),
]
PEOPLE_MAX = 5_000


class PersonWeight(Wire):
    person_id: Uuid
    weight: Weight

    @property
    def key(self) -> str:
        return str(self.person_id)


class GroupIn(Wire):
    group: Group
    weight: Weight
    people: Annotated[list[PersonWeight], Field(max_length=PEOPLE_MAX)] = Field(default_factory=list)


class Shared(Protocol):
    """A person with a weight, whatever he is called by."""

    @property
    def key(self) -> str: ...
    @property
    def weight(self) -> str: ...


class GroupOfShares(Protocol):
    @property
    def group(self) -> Group: ...
    @property
    def weight(self) -> str: ...
    @property
    def people(self) -> Sequence[Shared]: ...


class TableTerm(Wire):
    """What a table says beside who is in it."""

    basis: Basis = Basis.REWARD
    rate: RateIn | None = Field(default=None, description="The agreed part; left out, the rule that fills the gap")
    title_share: RateIn | None = Field(default=None, description="The completers' part of the ownership, for TITLE")

    def of(self, groups: Sequence[GroupOfShares]) -> Table:
        shares = [
            GroupShare(
                one.group,
                Decimal(one.weight),
                tuple(Share(person.key, Decimal(person.weight)) for person in one.people),
            )
            for one in groups
        ]
        return Table(tuple(shares), self.basis, self.rate, self.title_share)


class TableIn(TableTerm):
    groups: Annotated[list[GroupIn], Field(min_length=1, max_length=len(Group))]

    def value(self) -> Table:
        return self.of(self.groups)


class LeaderIn(Wire):
    person_id: Uuid
    post: Post


class DraftTable(Wire):
    contract_id: Uuid | None = None
    achievement_id: Uuid | None = None
    table: TableIn
    by_unit_rule: bool = Field(default=False, description="Rate and group weights are those of the unit's own rule")
    elects_reward: bool = Field(default=False, description="After a grant: the completers elect the reward instead")
    leaders: Annotated[list[LeaderIn], Field(max_length=50)] = Field(default_factory=list)
    confirms: Annotated[list[Code], Field(max_length=20)] = Field(
        default_factory=list, description="Codes of the cautions about leaders that the unit has seen"
    )

    def terms(self) -> TableTerms:
        posts = {str(one.person_id): one.post for one in self.leaders}
        return TableTerms(self.by_unit_rule, self.elects_reward, posts, tuple(self.confirms))


class SignTable(Wire):
    document_sha256: Sha256


class ShareTableCardOut(Wire):
    id: UUID
    contract_id: UUID | None
    achievement_id: UUID | None
    unit_id: UUID
    n: int
    state: TableState
    document_sha256: str
    created_at: datetime


class ShareTableOut(ShareTableCardOut):
    signing_id: UUID | None
    signed: int
    required: int
    document: dict[str, Any]


class ShareTablePage(Wire):
    items: list[ShareTableCardOut]
    next_cursor: str | None


TABLE_REFUSALS = (errors.TableMalformed, errors.BelowFloor, errors.RateNeeded)


@router.post(
    "/share-tables",
    status_code=201,
    response_model=ShareTableOut,
    operation_id="draftShareTable",
    responses=refusals(
        *TABLE_REFUSALS,
        errors.PersonUnknown,
        errors.PersonNotInTable,
        errors.NobodyToSign,
        errors.NotTheTitle,
        errors.GrantOrReward,
        errors.NoUnitRule,
        errors.NotTheUnitRule,
        errors.CautionsUnconfirmed,
    ),
)
async def draft_share_table(body: DraftTable, actor: SignedIn, tx: TxDep) -> ShareTableView:
    """Draft who shares how, for a contract or an achievement. It is held to the floors before anybody signs."""
    return await service.draft_share_table(
        tx,
        actor,
        contract_id=body.contract_id,
        achievement_id=body.achievement_id,
        table=body.table.value(),
        terms=body.terms(),
    )


@router.get("/share-tables", response_model=ShareTablePage, operation_id="listShareTables", responses=refusals())
async def list_share_tables(
    actor: SignedIn,
    tx: TxDep,
    response: Response,
    contract_id: Uuid | None = None,
    achievement_id: Uuid | None = None,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> object:
    """The share tables that name you, and those of your unit if you are one of its officers; newest first."""
    page = await service.list_share_tables(
        tx, actor, contract_id=contract_id, achievement_id=achievement_id, cursor=cursor, limit=limit
    )
    return page_response(
        page, response, "/v1/share-tables", limit=limit, contract_id=contract_id, achievement_id=achievement_id
    )


@router.get(
    "/share-tables/{share_table_id}",
    response_model=ShareTableOut,
    operation_id="getShareTable",
    responses=refusals(),
)
async def get_share_table(share_table_id: Uuid, actor: SignedIn, tx: TxDep) -> ShareTableView:
    """A share table with its text, for those named in it."""
    return await service.get_share_table(tx, actor, share_table_id)


@router.post(
    "/share-tables/{share_table_id}/signing",
    response_model=ShareTableOut,
    operation_id="openShareTableSigning",
    responses=refusals(NotInThisState),
)
async def open_signing(share_table_id: Uuid, actor: SignedIn, tx: TxDep) -> ShareTableView:
    """Call on every completer to sign exactly this table."""
    return await service.open_signing(tx, actor, share_table_id)


@router.post(
    "/share-tables/{share_table_id}/signatures",
    status_code=201,
    response_model=ShareTableOut,
    operation_id="signShareTable",
    responses=refusals(NotInThisState, errors.SignatoryDied, signing.WrongDocument, signing.SignedAlready),
)
async def sign_share_table(share_table_id: Uuid, body: SignTable, actor: SignedIn, tx: TxDep) -> ShareTableView:
    """Sign the table with this hash; the last signature puts it in force."""
    return await service.sign_share_table(tx, actor, share_table_id, document_sha256=body.document_sha256)
