"""The text of a contract: facts and clauses as one canonical document; whoever signs, signs its hash.

The licence text states what 民法典 art. 845 asks for a patent: name, applicant and owner, filing date, application
number, patent number, expiry. What the record of the achievement does not hold is stated as null, not left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from techmarket.contracts.rules import ContractType, Milestone
from techmarket.kernel.money import Money

FORM = "techmarket-contract/1"


@dataclass(frozen=True, slots=True)
class PartyText:
    org_id: UUID
    role: str
    name: str
    uscc: str | None
    represented_by: str | None = None
    consortium: str | None = None


@dataclass(frozen=True, slots=True)
class RightText:
    """A right as the contract names it: a patent with its numbers, or software, layout, know-how by its kind."""

    kind: str
    number: str | None
    valid_until: date | None
    filed_on: date | None = None
    application_number: str | None = None


@dataclass(frozen=True, slots=True)
class ObjectText:
    """One achievement under the contract with the rights in it and whose they are."""

    achievement_id: UUID
    title_zh: str | None
    title_en: str | None
    owners: tuple[str, ...]
    rights: tuple[RightText, ...]


@dataclass(frozen=True, slots=True)
class ScopeTerms:
    """Where, for what, how and how long the licensee may use it."""

    territory: str
    field: str
    manner: str
    term_years: int | None


@dataclass(frozen=True, slots=True)
class RoyaltyTerms:
    rate: Decimal
    base: str
    due_days: int


@dataclass(frozen=True, slots=True)
class PriceTerms:
    """What is paid: an entry fee within the period of payment, less the deposit taken for it, and a royalty."""

    entry_fee_minor: int | None
    entry_fee_length: dict[str, Any] | None
    royalty: RoyaltyTerms | None
    milestones: tuple[Milestone, ...] = ()
    payment_length: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Clause:
    title: str
    text: str


def compose(
    *,
    number: str,
    contract_type: ContractType,
    award_id: UUID | None,
    trade_number: str | None,
    licence_kind: str | None,
    parties: Sequence[PartyText],
    objects: Sequence[ObjectText],
    scope: ScopeTerms,
    price: PriceTerms,
    clauses: Sequence[Clause],
    form: str | None = None,
    plan: Sequence[dict[str, Any]] = (),
    facts: Sequence[dict[str, str]] = (),
    more: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """One contract as a document: the same facts give the same bytes.

    `plan` is what is paid, line by line; `price` its summary. `more` holds what only some contracts state: the task of
    a development, a trial, a crossing of the border, when the title moves, the paper it was made on.
    """
    licence = {
        "kind": licence_kind,
        "territory": scope.territory,
        "field": scope.field,
        "manner": scope.manner,
        "term_years": scope.term_years,
    }
    return {
        "form": FORM,
        "number": number,
        "type": contract_type.value,
        "form_of": form,
        "award": str(award_id) if award_id else None,
        "trade_number": trade_number,
        "parties": [_party(party) for party in parties],
        "objects": [_object(thing) for thing in objects],
        **({"licence": licence} if licence_kind is not None else {"term_years": scope.term_years}),
        "price": _price(price),
        "plan": list(plan),
        "facts": list(facts),
        "clauses": [{"title": clause.title, "text": clause.text} for clause in clauses],
        **(more or {}),
    }


def _party(party: PartyText) -> dict[str, Any]:
    said = {"organisation": str(party.org_id), "role": party.role, "name": party.name, "uscc": party.uscc}
    # Said only where it is so: a text without a representative stays the text it was.
    if party.represented_by is not None:
        said["represented_by"] = party.represented_by
    if party.consortium is not None:
        said |= {"consortium": party.consortium, "liability": "joint_and_several"}
    return said


def _object(thing: ObjectText) -> dict[str, Any]:
    return {
        "achievement": str(thing.achievement_id),
        "name_zh": thing.title_zh,
        "name_en": thing.title_en,
        "applicant_and_owner": list(thing.owners),
        "rights": [
            {
                "kind": right.kind,
                "number": right.number,
                "application_number": right.application_number,
                "filed_on": right.filed_on.isoformat() if right.filed_on else None,
                "expires_on": right.valid_until.isoformat() if right.valid_until else None,
            }
            for right in thing.rights
        ],
    }


def names_same_objects(document: Mapping[str, Any], things: Sequence[ObjectText]) -> bool:
    """Whether a text names these things as they are recorded: by name, owners and rights; a date that was left blank
    when it was written and is known since changes nothing of what is sold."""

    def named(one: Mapping[str, Any]) -> tuple[Any, ...]:
        rights = [(right["kind"], right["number"]) for right in one["rights"]]
        return one["achievement"], one["name_zh"], one["name_en"], one["applicant_and_owner"], rights

    return [named(one) for one in document.get("objects", [])] == [named(_object(one)) for one in things]


def _price(price: PriceTerms) -> dict[str, Any]:
    fee = None
    if price.entry_fee_minor:
        fee = {"amount": _money(price.entry_fee_minor), "within": price.entry_fee_length, "from": "effect"}
    royalty = None
    if price.royalty is not None:
        royalty = {
            "rate": f"{price.royalty.rate:f}",
            "base": price.royalty.base,
            "due_days": price.royalty.due_days,
            "rounding": "half_up",
        }
    if not price.milestones:
        return {"entry_fee": fee, "royalty": royalty}
    milestones = [
        {"n": n, "title": one.title, "amount": _money(one.minor), "within": price.payment_length, "from": "acceptance"}
        for n, one in enumerate(price.milestones, start=1)
    ]
    total = {"total": _money(sum(one.minor for one in price.milestones)), "milestones": milestones}
    return total if fee is None and royalty is None else {"entry_fee": fee, "royalty": royalty, **total}


def _money(minor: int) -> dict[str, str]:
    money = Money(minor)
    return {"amount": money.amount, "currency": money.currency}
