"""The people of an organisation over HTTP: invited, given roles, gone; and what their organisation asks of them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import Field

from techmarket.api.deps import KeysDep, MarketRoute, Reader, SignedIn, TxDep, means_of
from techmarket.api.identity import PersonOut
from techmarket.api.paging import page_response
from techmarket.api.refusals import refusals
from techmarket.api.sessions import NewPassword
from techmarket.api.shapes import Cursor, Limit, SafeText, ShortText, Uuid, Wire
from techmarket.identity import errors, service
from techmarket.identity.actor import Role
from techmarket.identity.permissions import SecondFactorNeeded
from techmarket.kernel.paging import BadCursor

router = APIRouter(prefix="/v1", tags=["people"], route_class=MarketRoute)

Roles = Annotated[list[Role], Field(min_length=1, max_length=len(Role))]


class Invite(Wire):
    name: ShortText
    roles: Roles


class Accept(Wire):
    token: Annotated[str, SafeText(100)]
    name: ShortText = Field(description="The name to sign in by.")
    password: NewPassword


class ChangeRoles(Wire):
    roles: Roles


class AskSecondFactor(Wire):
    seconds: Annotated[int, Field(strict=True, ge=60, le=86_400)] | None = Field(
        description="How old a second factor may be at an act with consequences; null asks for none."
    )


class InvitationOut(Wire):
    id: UUID
    organisation_id: UUID
    person_id: UUID | None
    name: str
    roles: list[Role]
    expires_at: datetime
    token: str = Field(description="Shown once; counts once.")
    link: str


class MemberOut(Wire):
    person_id: UUID
    name: str
    roles: list[Role]
    is_machine: bool
    has_login: bool
    has_second_factor: bool
    ended_at: datetime | None
    is_contact: bool = Field(default=False, description="Whom the market asks before anybody new administers it.")


class SetContact(Wire):
    person_id: UUID | None = Field(description="Somebody of your organisation; null for nobody beside administrators.")


class MemberPage(Wire):
    items: list[MemberOut]
    next_cursor: str | None


@router.get(
    "/organisations/{organisation_id}/people",
    response_model=MemberPage,
    operation_id="listPeople",
    responses=refusals(BadCursor),
)
async def list_people(
    organisation_id: Uuid,
    actor: SignedIn,
    tx: TxDep,
    response: Response,
    cursor: Cursor | None = None,
    limit: Limit = 20,
) -> object:
    """The people and programs of an organisation, for its administrators and the market's."""
    page = await service.list_people(tx, actor, organisation_id, cursor=cursor, limit=limit)
    return page_response(page, response, f"/v1/organisations/{organisation_id}/people", limit=limit)


@router.post(
    "/organisations/{organisation_id}/invitations",
    status_code=201,
    response_model=InvitationOut,
    operation_id="invitePerson",
    responses=refusals(errors.RoleNotYours, SecondFactorNeeded),
)
async def invite_person(
    organisation_id: Uuid, body: Invite, request: Request, actor: SignedIn, tx: TxDep, keys: KeysDep
) -> object:
    """Invite somebody to join with roles. The link is shown once, holds for seven days and counts once."""
    return await service.invite_person(
        tx,
        keys,
        actor,
        organisation_id,
        name=body.name,
        roles=body.roles,
        public_url=means_of(request).public_url,
    )


@router.post(
    "/organisations/{organisation_id}/people/{person_id}/invitations",
    status_code=201,
    response_model=InvitationOut,
    operation_id="inviteAgain",
    responses=refusals(SecondFactorNeeded),
)
async def invite_again(
    organisation_id: Uuid, person_id: Uuid, request: Request, actor: SignedIn, tx: TxDep, keys: KeysDep
) -> object:
    """Let a member set a password anew, who has none or lost it or his second factor."""
    return await service.invite_again(
        tx, keys, actor, organisation_id, person_id, public_url=means_of(request).public_url
    )


@router.post(
    "/invitations/{invitation_id}/withdrawal", status_code=204, operation_id="withdrawInvitation", responses=refusals()
)
async def withdraw_invitation(invitation_id: Uuid, actor: SignedIn, tx: TxDep) -> None:
    """Withdraw an invitation that was not used."""
    await service.withdraw_invitation(tx, actor, invitation_id)


@router.post(
    "/invitations/acceptance",
    status_code=201,
    response_model=PersonOut,
    operation_id="acceptInvitation",
    responses=refusals(errors.InvitationOver, errors.PasswordTooWeak, errors.LoginNameTaken, errors.SignInBusy),
)
async def accept_invitation(body: Accept, actor: Reader, tx: TxDep, keys: KeysDep) -> object:
    """Join by the link of an invitation, with a name and a password of your own; then sign in."""
    return await service.accept_invitation(tx, keys, actor, token=body.token, name=body.name, password=body.password)


@router.put(
    "/organisations/{organisation_id}/people/{person_id}/roles",
    response_model=PersonOut,
    operation_id="changeRoles",
    responses=refusals(errors.RoleNotYours, errors.NotForMachines, errors.LastAdministrator, SecondFactorNeeded),
)
async def change_roles(organisation_id: Uuid, person_id: Uuid, body: ChangeRoles, actor: SignedIn, tx: TxDep) -> object:
    """Give and take roles; it holds from the next request on."""
    return await service.change_roles(tx, actor, organisation_id, person_id, roles=body.roles)


@router.post(
    "/organisations/{organisation_id}/people/{person_id}/end",
    status_code=204,
    operation_id="endMembership",
    responses=refusals(errors.LastAdministrator),
)
async def end_membership(organisation_id: Uuid, person_id: Uuid, actor: SignedIn, tx: TxDep) -> None:
    """A person leaves: keys and sessions for this organisation fail from the next request on."""
    await service.end_membership(tx, actor, organisation_id, person_id)


@router.put(
    "/organisations/{organisation_id}/second-factor",
    response_model=AskSecondFactor,
    operation_id="askSecondFactor",
    responses=refusals(errors.SessionOnly, SecondFactorNeeded),
)
async def ask_second_factor(organisation_id: Uuid, body: AskSecondFactor, actor: SignedIn, tx: TxDep) -> object:
    """Ask your people for a second factor at signing, approving, releasing money and giving power, or no longer."""
    return {"seconds": await service.ask_second_factor(tx, actor, organisation_id, seconds=body.seconds)}


@router.put(
    "/organisations/{organisation_id}/contact",
    status_code=204,
    operation_id="setContact",
    responses=refusals(errors.NotForMachines, SecondFactorNeeded),
)
async def set_contact(organisation_id: Uuid, body: SetContact, actor: SignedIn, tx: TxDep) -> None:
    """Name the person who may object beside your administrators when the market is to let somebody new administer
    your organisation (administrator-recoveries)."""
    await service.set_contact(tx, actor, organisation_id, person_id=body.person_id)
