"""People sign in by an account of another house over HTTP: sent out, come back, linked, unlinked.

The browser is sent away by the answer of a POST and comes back by a GET of its own, into the same browser: a cookie
that only these operations read says which. None of the POSTs takes an idempotency key: each answer holds a cookie that
is kept nowhere, and a sign-in begun twice is two of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Path, Request, Response
from pydantic import Field

from techmarket.api.deps import (
    COOKIE,
    KeysDep,
    MarketRoute,
    SignedIn,
    TxDep,
    cookie_of,
    means_of,
    source_of,
    spend_openly,
)
from techmarket.api.refusals import refusals
from techmarket.api.sessions import OneTimeCode, Password, SignedInOut, shown
from techmarket.api.shapes import SafeText, Uuid, Wire
from techmarket.identity import errors, service
from techmarket.identity.permissions import SecondFactorNeeded
from techmarket.identity.providers import House
from techmarket.identity.rules import SessionLimits
from techmarket.identity.views import BegunView, Came, OutsideIdentityView
from techmarket.kernel.paging import Page

BROWSER_COOKIE = "__Host-techmarket-signin"
BROWSER_SECONDS = 600

door = APIRouter(prefix="/v1", tags=["sessions"])
router = APIRouter(prefix="/v1", tags=["sessions"], route_class=MarketRoute)

ProviderName = Annotated[str, Path(pattern=r"^[a-z0-9-]{1,32}$")]
LocalPath = Annotated[str, Field(pattern=r"^/(?:[A-Za-z0-9_.~-][A-Za-z0-9/_.~-]*)?$", max_length=200)]
_OF_PROVIDER = (errors.OutsideNotHere, errors.OutsideSilent, errors.OutsideUnclear)


class ProviderOut(Wire):
    name: str
    title: str


class ProvidersOut(Wire):
    items: list[ProviderOut]


class BeginSignIn(Wire):
    organisation_id: UUID | None = Field(default=None, description="For whom, if you act for several.")
    return_to: LocalPath = Field(default="/", description="The page of the portal to go on with.")


class BeginLinking(Wire):
    current: Password | None = Field(
        default=None, description="The password you have now; asked for unless a fresh second factor proves you."
    )
    return_to: LocalPath = Field(default="/", description="The page of the portal to go on with.")


class BegunOut(Wire):
    address: str = Field(description="Send the browser there; it comes back to the market by itself.")
    expires_at: datetime


class GiveCode(Wire):
    code: OneTimeCode


class OutsideIdentityOut(Wire):
    id: UUID
    provider: str
    issuer: str
    linked_at: datetime


class OutsideIdentitiesOut(Wire):
    items: list[OutsideIdentityOut]


@router.get("/sign-in/providers", response_model=ProvidersOut, operation_id="listSignInProviders", responses=refusals())
async def list_providers(request: Request) -> object:
    """The other houses by whose accounts people can sign in here."""
    await spend_openly(request)
    return Page([{"name": one.name, "title": one.provider.title} for one in houses_of(request).values()])


@door.post(
    "/sign-in/{provider}",
    status_code=201,
    response_model=BegunOut,
    operation_id="beginSignIn",
    responses=refusals(*_OF_PROVIDER),
)
async def begin_sign_in(provider: ProviderName, body: BeginSignIn, request: Request, response: Response) -> object:
    """Begin to sign in by an account of another house: send the browser to the address of the answer."""
    await spend_openly(request)
    means = means_of(request)
    begun = await service.begin_sign_in(
        means.tx,
        means.keys,
        house_of(request, provider),
        public_url=means.public_url,
        return_to=body.return_to,
        org_id=body.organisation_id,
        replaces=cookie_of(request),
    )
    return _sent(begun, response)


@door.get(
    "/sign-in/{provider}/return",
    status_code=303,
    response_class=Response,
    operation_id="returnFromSignIn",
    responses=refusals(
        *_OF_PROVIDER,
        errors.OutsideSignInOver,
        errors.OutsideDeclined,
        errors.OutsideWordNotGood,
        errors.OutsideIdentityUnknown,
        errors.OutsideIdentityTaken,
        errors.SignInFailed,
        errors.OrganisationSuspended,
    ),
)
async def return_from(
    provider: ProviderName,
    request: Request,
    state: Annotated[str, SafeText(200)],
    code: Annotated[str, SafeText(2_000)] | None = None,
    iss: Annotated[str, SafeText(500)] | None = None,
    error: Annotated[str, SafeText(200)] | None = None,
) -> Response:
    """Where the other house sends the browser back to. It leads on to the portal, with a session as a cookie; with
    `sign_in=code` behind the address where a code is still owed, with `linked` where an account was linked."""
    await spend_openly(request)
    means = means_of(request)
    limits: SessionLimits = request.app.state.session_limits
    came = await service.return_from(
        means.tx,
        means.keys,
        house_of(request, provider),
        browser_secret=request.cookies.get(BROWSER_COOKIE, ""),
        state=state,
        code=code,
        iss=iss,
        error=error,
        public_url=means.public_url,
        limits=limits,
    )
    more = {Came.SIGNED_IN: {}, Came.CODE_NEEDED: {"sign_in": "code"}, Came.LINKED: {"linked": provider}}[came.came]
    response = Response(status_code=303, headers=_LEAVING)
    response.headers["Location"] = came.return_to + (f"?{urlencode(more)}" if more else "")
    if came.signed_in is not None:
        response.set_cookie(COOKIE, came.signed_in.token, path="/", secure=True, httponly=True, samesite="strict")
    if came.came is not Came.CODE_NEEDED:
        _forget_browser(response)
    return response


@door.post(
    "/sign-in/{provider}/code",
    status_code=201,
    response_model=SignedInOut,
    operation_id="giveSignInCode",
    responses=refusals(
        errors.OutsideNotHere,
        errors.OutsideSignInOver,
        errors.SignInFailed,
        errors.SignInTooOften,
        errors.OrganisationSuspended,
    ),
)
async def give_code(provider: ProviderName, body: GiveCode, request: Request, response: Response) -> object:
    """The code of your authenticator, or a recovery code, where you have a second factor here; then you are in."""
    await spend_openly(request)
    house_of(request, provider)
    means = means_of(request)
    limits: SessionLimits = request.app.state.session_limits
    signed = await service.give_code(
        means.tx,
        means.keys,
        browser_secret=request.cookies.get(BROWSER_COOKIE, ""),
        code=body.code,
        source=source_of(request),
        limits=limits,
    )
    _forget_browser(response)
    return shown(signed, response, as_cookie=True)


@door.post(
    "/me/outside-identities/{provider}",
    status_code=201,
    response_model=BegunOut,
    operation_id="linkOutsideIdentity",
    responses=refusals(
        *_OF_PROVIDER,
        errors.SessionOnly,
        errors.SignInFailed,
        errors.SignInTooOften,
        errors.SignInBusy,
        SecondFactorNeeded,
    ),
)
async def begin_linking(
    provider: ProviderName,
    body: BeginLinking,
    request: Request,
    response: Response,
    actor: SignedIn,
    tx: TxDep,
    keys: KeysDep,
) -> object:
    """Begin to link an account of yours at another house, in a session of yours and by your password or a fresh second
    factor: send the browser to the address."""
    begun = await service.begin_linking(
        tx,
        keys,
        actor,
        house_of(request, provider),
        public_url=means_of(request).public_url,
        return_to=body.return_to,
        current=body.current,
        source=source_of(request),
    )
    return _sent(begun, response)


@router.get(
    "/me/outside-identities",
    response_model=OutsideIdentitiesOut,
    operation_id="listOutsideIdentities",
    responses=refusals(),
)
async def list_identities(actor: SignedIn, tx: TxDep) -> Page[OutsideIdentityView]:
    """The accounts at other houses that you have linked."""
    return Page(await service.list_identities(tx, actor))


@router.post(
    "/me/outside-identities/{identity_id}/end",
    status_code=204,
    operation_id="unlinkOutsideIdentity",
    responses=refusals(),
)
async def unlink_identity(identity_id: Uuid, actor: SignedIn, tx: TxDep) -> None:
    """Unlink an account: it signs you in no longer, and the sessions it began end."""
    await service.unlink_identity(tx, actor, identity_id)


def houses_of(request: Request) -> Mapping[str, House]:
    houses: Mapping[str, House] = request.app.state.houses
    return houses


def house_of(request: Request, name: str) -> House:
    house = houses_of(request).get(name)
    if house is None:
        raise errors.OutsideNotHere()
    return house


_LEAVING = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}


def _sent(begun: BegunView, response: Response) -> dict[str, object]:
    response.headers["Cache-Control"] = "no-store"
    # Lax: the browser comes back from another site, by a navigation of the whole page.
    response.set_cookie(
        BROWSER_COOKIE,
        begun.browser_secret,
        max_age=BROWSER_SECONDS,
        path="/",
        secure=True,
        httponly=True,
        samesite="lax",
    )
    return {"address": begun.address, "expires_at": begun.expires_at}


def _forget_browser(response: Response) -> None:
    response.delete_cookie(BROWSER_COOKIE, path="/", secure=True, httponly=True, samesite="lax")
