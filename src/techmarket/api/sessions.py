"""People sign in: name and password, second factor, sessions as bearer token or as cookie of the portal.

A session started twice is two sessions, so `POST /sessions` takes no idempotency key: its answer holds a secret that is
kept nowhere.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request, Response
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
from techmarket.api.shapes import SafeText, ShortText, Uuid, Wire
from techmarket.identity import errors, service
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import SecondFactorNeeded
from techmarket.identity.rules import PASSWORD_MAX, PASSWORD_MIN, SessionLimits
from techmarket.identity.views import SessionView, SignedInView
from techmarket.kernel.paging import Page

door = APIRouter(prefix="/v1", tags=["sessions"])
router = APIRouter(prefix="/v1", tags=["sessions"], route_class=MarketRoute)

Password = Annotated[str, SafeText(PASSWORD_MAX)]
NewPassword = Annotated[
    str, SafeText(PASSWORD_MAX), Field(description=f"At least {PASSWORD_MIN} characters, without the name in it.")
]
OneTimeCode = Annotated[str, SafeText(32)]


class SignIn(Wire):
    name: ShortText
    password: Password
    code: OneTimeCode | None = Field(default=None, description="Of the authenticator app, or a recovery code.")
    organisation_id: UUID | None = Field(default=None, description="For whom, if you act for several.")
    as_cookie: bool = Field(default=False, description="For the portal: the token comes as a cookie and not here.")


class SetLogin(Wire):
    name: ShortText
    password: NewPassword
    current: Password | None = Field(default=None, description="The password you have now, if you have one.")


class BeginSecondFactor(Wire):
    current: Password | None = Field(
        default=None, description="The password you have now; asked for unless a fresh second factor proves you."
    )


class GiveCode(Wire):
    code: OneTimeCode


class SessionOut(Wire):
    id: UUID
    organisation_id: UUID
    started_at: datetime
    ends_at: datetime
    idle_seconds: int
    second_factor_at: datetime | None
    last_used_at: datetime | None
    is_current: bool


class SignedInOut(Wire):
    session: SessionOut
    token: str | None = Field(description="Shown once; send it as `Authorization: Bearer`. None if it is a cookie.")


class SessionsOut(Wire):
    items: list[SessionOut]


class SecondFactorOut(Wire):
    secret: str
    address: str = Field(description="An `otpauth` address, to be shown as a QR code.")


class RecoveryCodesOut(Wire):
    recovery_codes: list[str] = Field(description="Shown once; each counts once.")


@door.post(
    "/sessions",
    status_code=201,
    response_model=SignedInOut,
    operation_id="signIn",
    responses=refusals(
        errors.SignInFailed,
        errors.SecondFactorMissing,
        errors.SignInTooOften,
        errors.SignInBusy,
        errors.OrganisationSuspended,
    ),
)
async def sign_in(body: SignIn, request: Request, response: Response) -> object:
    """Sign in by name and password, and by a code where you have a second factor."""
    await spend_openly(request)
    means = means_of(request)
    limits: SessionLimits = request.app.state.session_limits
    signed = await service.sign_in(
        means.tx,
        means.keys,
        name=body.name,
        password=body.password,
        code=body.code,
        source=source_of(request),
        org_id=body.organisation_id,
        replaces=cookie_of(request),
        limits=limits,
    )
    return shown(signed, response, as_cookie=body.as_cookie)


@router.put(
    "/me/session/second-factor",
    response_model=SignedInOut,
    operation_id="confirmSession",
    responses=refusals(errors.SignInFailed, errors.SecondFactorNotBegun, errors.SessionOnly, errors.SignInTooOften),
)
async def confirm_session(
    body: GiveCode, request: Request, response: Response, actor: SignedIn, tx: TxDep, keys: KeysDep
) -> object:
    """Give the second factor once more, for acts with consequences. Your session goes on under a new token."""
    signed = await service.confirm_session(tx, keys, actor, code=body.code, source=source_of(request))
    return shown(signed, response, as_cookie=cookie_of(request) is not None)


@router.get("/me/sessions", response_model=SessionsOut, operation_id="listSessions", responses=refusals())
async def list_sessions(actor: SignedIn, tx: TxDep) -> Page[SessionView]:
    """Your sessions that have not ended, newest first."""
    return Page(await service.list_sessions(tx, actor))


@router.post("/sessions/{session_id}/end", status_code=204, operation_id="endSession", responses=refusals())
async def end_session(session_id: Uuid, actor: SignedIn, tx: TxDep, response: Response) -> None:
    """Sign out: end a session of yours, this one or another."""
    await service.end_session(tx, actor, session_id)
    if actor.key_id == session_id:
        response.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="strict")


@router.put(
    "/me/login",
    status_code=204,
    operation_id="setLogin",
    responses=refusals(
        errors.PasswordTooWeak,
        errors.LoginNameTaken,
        errors.SignInFailed,
        errors.SignInTooOften,
        errors.SignInBusy,
        errors.SessionOnly,
        SecondFactorNeeded,
    ),
)
async def set_login(body: SetLogin, request: Request, actor: SignedIn, tx: TxDep, keys: KeysDep) -> None:
    """Set your name and password; your other sessions end."""
    await service.set_login(
        tx, keys, actor, name=body.name, password=body.password, current=body.current, source=source_of(request)
    )


@router.post(
    "/me/second-factor",
    status_code=201,
    response_model=SecondFactorOut,
    operation_id="beginSecondFactor",
    responses=refusals(
        errors.SessionOnly, errors.SignInFailed, errors.SignInTooOften, errors.SignInBusy, SecondFactorNeeded
    ),
)
async def begin_second_factor(
    request: Request, actor: SignedIn, tx: TxDep, keys: KeysDep, body: BeginSecondFactor | None = None
) -> object:
    """A secret for your authenticator app, for your password or a code of the one you have. It counts once you have
    given a code of it."""
    proven = await proven_for(request, actor, body.current if body is not None else None)
    return await service.begin_second_factor(tx, keys, actor, market=request.app.title, proven=proven)


@router.post(
    "/me/second-factor/confirmation",
    status_code=201,
    response_model=RecoveryCodesOut,
    operation_id="setSecondFactor",
    responses=refusals(errors.SecondFactorNotBegun, errors.SignInFailed, errors.SessionOnly, SecondFactorNeeded),
)
async def set_second_factor(body: GiveCode, actor: SignedIn, tx: TxDep, keys: KeysDep) -> object:
    """Your app shows the right code: from now on it is asked for. The recovery codes are shown once."""
    return {"recovery_codes": list(await service.set_second_factor(tx, keys, actor, code=body.code))}


async def proven_for(request: Request, actor: Actor, current: str | None) -> str | None:
    """What proves the actor beyond his session, in transactions of its own: those of the act's key begin behind it."""
    means = means_of(request)
    return await service.prove(means.tx, means.keys, actor, current=current, source=source_of(request))


def shown(signed: SignedInView, response: Response, *, as_cookie: bool) -> dict[str, object]:
    """A session as it is shown once: its token in the answer, or in a cookie that no script reads."""
    response.headers["Cache-Control"] = "no-store"
    if not as_cookie:
        return {"session": signed.session, "token": signed.token}
    # The name's prefix makes browsers insist on Secure, on this host alone and on the whole path.
    response.set_cookie(COOKIE, signed.token, path="/", secure=True, httponly=True, samesite="strict")
    return {"session": signed.session, "token": None}
