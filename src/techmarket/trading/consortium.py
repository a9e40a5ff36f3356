"""Consortia (联合体): several who bid as one buyer, as it was announced, and answer for the whole jointly.

The pattern is 招标投标法 art. 31 and 实施条例 art. 37: an agreement says who does what, all sign the contract and are
liable together, members do not change, and none takes part a second time. It binds no exchange, so the limits are terms
of the trade. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from techmarket.trading import errors
from techmarket.trading.lifecycle import Method

MEMBERS = (2, 10)
LIABILITY = "joint_and_several"
POINTER = "/body/consortium/members"


class DepositFrom(StrEnum):
    """Who pays a consortium's deposit, as announced: the representative, or whichever member the agreement names."""

    REPRESENTATIVE = "REPRESENTATIVE"
    NAMED_MEMBER = "NAMED_MEMBER"


@dataclass(frozen=True, slots=True)
class MemberDraft:
    """A member beside the representative, and its part of the work."""

    org_id: UUID
    part: str


@dataclass(frozen=True, slots=True)
class ConsortiumDraft:
    """Whom a representative registers with itself; `deposit_org_id` left out: it pays the deposit."""

    part: str
    members: tuple[MemberDraft, ...]
    deposit_org_id: UUID | None = None
    evidence_sha256: str | None = None


def powers_of(method: Method) -> list[str]:
    """What an agent or a representative may do for whom it stands: in talks, bind it by offers and acceptances, too."""
    talks = ["make_offers", "accept_offers"] if method is Method.NEGOTIATION else []
    return ["register", "bid", *talks, "exercise_first_refusal", "leave_as_runner_up"]


def published(members_max: int, deposit_from: DepositFrom) -> dict[str, Any]:
    """What is announced; without it a trade takes no consortium."""
    return {"members_max": members_max, "deposit_from": deposit_from.value, "liability": LIABILITY}


def check(terms: Mapping[str, Any], draft: ConsortiumDraft, *, representative: UUID, seller: UUID) -> None:
    """A consortium is of two members at least and of no more than announced, each named once, the seller not among
    them; its deposit comes from the representative, or where that was announced from the member it names."""
    said = terms.get("consortium")
    if said is None:
        raise errors.ConsortiumNotAnnounced(pointer="/body/consortium")
    orgs = [representative, *(one.org_id for one in draft.members)]
    least, most = MEMBERS[0], int(said["members_max"])
    if not least <= len(orgs) <= most or len(set(orgs)) < len(orgs) or seller in orgs:
        raise errors.ConsortiumUnfit(members_min=least, members_max=most, pointer=POINTER)
    payer = draft.deposit_org_id
    if payer in (None, representative):
        return
    if payer not in orgs or said["deposit_from"] != DepositFrom.NAMED_MEMBER:
        raise errors.DepositPayerUnfit(
            deposit_from=said["deposit_from"], pointer="/body/consortium/deposit_organisation_id"
        )


def document(
    draft: ConsortiumDraft,
    *,
    trade: str,
    terms_sha256: str,
    number: int,
    named: Sequence[Mapping[str, Any]],
    lots: Sequence[int],
    deposit_from: str,
    method: Method,
) -> dict[str, Any]:
    """The agreement each member signs; `named` are the members in order, the representative first."""
    parts = [draft.part, *(one.part for one in draft.members)]
    return {
        "form": "techmarket consortium agreement 1",
        "trade": trade,
        "terms_sha256": terms_sha256,
        "participant": number,
        "members": [
            {**org, "role": "representative" if n == 0 else "member", "part": part}
            for n, (org, part) in enumerate(zip(named, parts, strict=True))
        ],
        "lots": list(lots),
        "powers_of_the_representative": powers_of(method),
        "deposit_from": deposit_from,
        "contract": "every_member_signs_it",
        "liability": LIABILITY,
        "members_change": False,
        "evidence_sha256": draft.evidence_sha256,
    }
