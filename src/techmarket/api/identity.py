"""Organisations, people and keys over HTTP."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from techmarket.api.deps import KeysDep, MarketRoute, Reader, SignedIn, TxDep, neighbourhood_of
from techmarket.api.keys import IssuedKeyOut
from techmarket.api.paging import page_response
from techmarket.api.refusals import refusals
from techmarket.api.shapes import Code, Cursor, Day, Limit, Region, ShortText, Uuid, Wire
from techmarket.identity import errors, service
from techmarket.identity.actor import OrgKind, Role, Scope
from techmarket.identity.lifecycle import OrgState
from techmarket.identity.views import OrganisationView, RegistrationView, SelfView
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.kernel.refusals import NotAllowed, NotFound

router = APIRouter(prefix="/v1", tags=["identity"], route_class=MarketRoute)


class Register(Wire):
    kind: OrgKind
    name: ShortText
    name_en: ShortText | None = None
    uscc: Code | None = Field(default=None, description="统一社会信用代码, 18 characters (GB 32100-2015)")
    region: Region | None = Field(default=None, description="GB/T 2260 division code, 6 digits")
    government_established: bool = False
    applies_local_rules: bool = True
    administrator: ShortText


class AddPerson(Wire):
    name: ShortText
    roles: Annotated[list[Role], Field(min_length=1, max_length=len(Role))]


class OrganisationOut(Wire):
    id: UUID
    kind: OrgKind
    name: str
    name_en: str | None
    uscc: str | None
    region: str | None
    state: OrgState
    government_established: bool
    applies_local_rules: bool
    warnings: list[str]
    node_id: UUID | None = Field(description="The node of the hub that it belongs to.")


class PersonOut(Wire):
    id: UUID
    name: str
    organisation_id: UUID
    roles: list[Role]


class RegistrationOut(Wire):
    organisation: OrganisationOut
    administrator: PersonOut
    key: IssuedKeyOut


class PersonAddedOut(Wire):
    person: PersonOut
    key: IssuedKeyOut


class SelfOut(Wire):
    person_id: UUID
    name: str
    organisation: OrganisationOut
    roles: list[Role]
    scopes: list[Scope]


class OrganisationPage(Wire):
    items: list[OrganisationOut]
    next_cursor: str | None


@router.post(
    "/organisations",
    status_code=201,
    response_model=RegistrationOut,
    operation_id="registerOrganisation",
    responses=refusals(errors.KindNotOpen, errors.TooManyFounded, errors.UsccMalformed, errors.UsccTaken),
)
async def register_organisation(
    body: Register, request: Request, actor: Reader, tx: TxDep, keys: KeysDep
) -> RegistrationView:
    """Register an organisation and its first administrator. Open to anyone; it can trade once verified.

    Its 统一社会信用代码 is a claim until then: several may claim one, and one alone is verified with it.
    """
    return await service.register_organisation(
        tx,
        keys,
        actor,
        kind=body.kind,
        name=body.name,
        name_en=body.name_en,
        uscc=body.uscc,
        region=body.region,
        government_established=body.government_established,
        applies_local_rules=body.applies_local_rules,
        administrator=body.administrator,
        founding=service.Founding(neighbourhood_of(request), request.app.state.organisations_per_day),
    )


@router.get("/organisations", response_model=OrganisationPage, operation_id="listOrganisations", responses=refusals())
async def list_organisations(
    actor: SignedIn,
    tx: TxDep,
    response: Response,
    node: Annotated[Uuid | None, Query(description="Only those of this node of the hub.")] = None,
    cursor: Cursor | None = None,
    limit: Limit = 20,
) -> object:
    """All organisations, oldest first: the operator's desk. An operator of a node sees those of his node."""
    page = await service.list_organisations(tx, actor, node=node, cursor=cursor, limit=limit)
    return page_response(page, response, "/v1/organisations", limit=limit, node=node)


@router.get(
    "/organisations/{organisation_id}",
    response_model=OrganisationOut,
    operation_id="getOrganisation",
    responses=refusals(),
)
async def get_organisation(organisation_id: Uuid, actor: Reader, tx: TxDep) -> OrganisationView:
    """The public card of a verified organisation; its own people and the market see it in every state."""
    return await service.get_organisation(tx, actor, organisation_id)


@router.post(
    "/organisations/{organisation_id}/verification",
    response_model=OrganisationOut,
    operation_id="verifyOrganisation",
    responses=refusals(NotInThisState, errors.UsccOfAnother),
)
async def verify_organisation(organisation_id: Uuid, actor: SignedIn, tx: TxDep) -> OrganisationView:
    """An operator has checked the organisation's papers. Its code is its own from then on.

    `warnings` holds `identity.uscc_shared` where another organisation claims the same code.
    """
    return await service.verify_organisation(tx, actor, organisation_id)


@router.post(
    "/organisations/{organisation_id}/suspension",
    response_model=OrganisationOut,
    operation_id="suspendOrganisation",
    responses=refusals(NotInThisState, errors.MarketStays),
)
async def suspend_organisation(organisation_id: Uuid, actor: SignedIn, tx: TxDep) -> OrganisationView:
    """An operator stops an organisation from acting."""
    return await service.suspend_organisation(tx, actor, organisation_id)


@router.post(
    "/organisations/{organisation_id}/people",
    status_code=201,
    response_model=PersonAddedOut,
    operation_id="addPerson",
    responses=refusals(errors.RoleNotYours),
)
async def add_person(organisation_id: Uuid, body: AddPerson, actor: SignedIn, tx: TxDep, keys: KeysDep) -> object:
    """Add a person with roles; the person's first key is shown once."""
    person, key = await service.add_person(tx, keys, actor, organisation_id, name=body.name, roles=body.roles)
    return {"person": person, "key": key}


@router.get("/me", response_model=SelfOut, operation_id="getSelf", responses=refusals())
async def get_self(actor: SignedIn, tx: TxDep) -> SelfView:
    """Whom this key acts for."""
    return await service.get_self(tx, actor)


class Qualify(Wire):
    """`kind` is `EXPERT` (专家) for members of panels, `TECHNOLOGY_MANAGER` (技术经理人) for brokers, `OPENING_OFFICER`
    (开标人员) for those whom the market asks to hold a share of a sealed lot's key."""

    kind: Literal["EXPERT", "TECHNOLOGY_MANAGER", "OPENING_OFFICER"]
    level: Code = "GENERAL"
    valid_until: Day | None = None


class QualificationOut(Wire):
    id: UUID
    person_id: UUID
    kind: str
    level: str
    valid_until: Day | None


@router.post(
    "/people/{person_id}/qualifications",
    status_code=201,
    response_model=QualificationOut,
    operation_id="grantQualification",
    responses=refusals(NotAllowed, NotFound),
)
async def grant_qualification(person_id: Uuid, body: Qualify, actor: SignedIn, tx: TxDep) -> object:
    """As an operator, enter that a person is qualified, and until when."""
    return await service.grant_qualification(
        tx, actor, person_id, kind=body.kind, level=body.level, valid_until=body.valid_until
    )
