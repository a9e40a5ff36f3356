"""A person's own data over HTTP: a copy, a correction, erasure. Nobody asks for another."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field

from techmarket.api.deps import MarketRoute, SignedIn, TxDep
from techmarket.api.refusals import refusals
from techmarket.api.shapes import ShortText, Wire
from techmarket.identity import errors, service
from techmarket.identity.permissions import SecondFactorNeeded

router = APIRouter(prefix="/v1", tags=["people"], route_class=MarketRoute)


class PersonalDataOut(Wire):
    person_id: UUID
    name: str
    created_at: datetime
    held: dict[str, list[dict[str, Any]]] = Field(description="Rows about you by table; no secrets, no others' data.")


class CorrectName(Wire):
    name: ShortText


class KeptOut(Wire):
    what: str
    zh: str
    en: str


class ErasedOut(Wire):
    kept: list[KeptOut] = Field(description="What stays, and why.")


@router.get("/me/personal-data", response_model=PersonalDataOut, operation_id="getPersonalData", responses=refusals())
async def get_personal_data(actor: SignedIn, tx: TxDep) -> object:
    """A copy of what the market holds about you (个人信息查阅、复制)."""
    return await service.get_personal_data(tx, actor)


@router.put(
    "/me/name", status_code=204, operation_id="correctName", responses=refusals(errors.SessionOnly, SecondFactorNeeded)
)
async def correct_name(body: CorrectName, actor: SignedIn, tx: TxDep) -> None:
    """Correct your name (个人信息更正). What you signed before keeps the name it was signed with."""
    await service.correct_name(tx, actor, name=body.name)


@router.post(
    "/me/erasure",
    status_code=201,
    response_model=ErasedOut,
    operation_id="erasePerson",
    responses=refusals(errors.SessionOnly, errors.LastAdministrator, SecondFactorNeeded),
)
async def erase_person(actor: SignedIn, tx: TxDep) -> object:
    """Leave the market (个人信息删除): your name, login, keys and profile go; what stays is told with its reason."""
    return {"kept": await service.erase_person(tx, actor)}
