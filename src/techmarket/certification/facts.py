"""The facts a certificate states (鉴证事项), as one document: the same deal gives the same bytes until it changes.

Nothing here depends on when it is composed: the approver composes it again, and any difference is a change of the deal.
Money paid, a report filed, a registration decided are such changes. What a job only tidies later, such as a notice's
stored state or a marked plan line, is not: dues and ends of periods are read where they are decided.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from techmarket.achievements.steps import AchievementFacts
from techmarket.contracts.lifecycle import RegistrationState
from techmarket.contracts.rules import Origin
from techmarket.contracts.steps import ContractFacts, RegistrationFacts
from techmarket.identity.steps import OrganisationFacts
from techmarket.kernel.money import Money
from techmarket.settlement.steps import DueFacts

FORM = "techmarket-transaction/1"


@dataclass(frozen=True, slots=True)
class NoticeText:
    kind: str
    document_sha256: str
    started_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class TradeText:
    number: str
    method: str
    price_minor: int


def compose(
    *,
    contract: ContractFacts,
    trade: TradeText | None,
    orgs: Mapping[UUID, OrganisationFacts],
    achievements: Mapping[UUID, AchievementFacts],
    notices: Sequence[NoticeText],
    dues: Sequence[DueFacts],
    registration: RegistrationFacts | None,
) -> dict[str, Any]:
    """What the market saw: contract, parties, objects, price, how it was reached, notices, payments, registration."""
    return {
        "form": FORM,
        "contract": {
            "id": str(contract.id),
            "number": contract.number,
            "type": contract.type.value,
            "document_sha256": contract.document_sha256,
            "in_force_at": _instant(contract.in_force_at),
            # Said only where it is so: of a contract made here nothing is added.
            **({} if contract.origin is Origin.MARKET else {"made": contract.origin.value}),
        },
        "trade": None
        if trade is None
        else {"number": trade.number, "method": trade.method, "price": _money(trade.price_minor)},
        "parties": [
            _party("PAYEE", orgs[contract.payee_org]),
            _party("PAYER", orgs[contract.payer_org]),
            *(_party(role.value, orgs[org]) for role, org in contract.joint_orgs),
        ],
        "objects": [_object(achievements[one]) for one in contract.achievement_ids],
        "licence": {
            "kind": contract.licence_kind,
            **contract.scope,
            "from": contract.term_from.isoformat() if contract.term_from else None,
            "until": contract.term_until.isoformat() if contract.term_until else None,
        },
        "price": {
            "entry_fee": None if contract.price_minor is None else _money(contract.price_minor),
            "royalty": next(
                ({"rate": f"{line.rate:f}", "base": line.base} for line in contract.lines if line.rate is not None),
                None,
            ),
        },
        "payments": {
            "dues": [
                {
                    "purpose": due.purpose.value,
                    "amount": _money(due.minor),
                    "due_on": due.due_on.isoformat(),
                    "state": due.state.value,
                }
                for due in dues
            ],
            "royalty_reports": [
                {
                    "from": report.period_from.isoformat(),
                    "to": report.period_to.isoformat(),
                    "royalty": _money(report.royalty_minor),
                }
                for report in contract.reports
            ],
        },
        "notices": [
            {
                "kind": notice.kind,
                "document_sha256": notice.document_sha256,
                "started_at": _instant(notice.started_at),
                "ended_at": _instant(notice.ended_at),
            }
            for notice in notices
        ],
        "registration": None
        if registration is None or registration.state is not RegistrationState.REGISTERED
        else {"number": registration.number, "class": registration.contract_class.value},
    }


def _party(role: str, org: OrganisationFacts) -> dict[str, Any]:
    return {"role": role, "organisation": str(org.id), "name": org.name, "uscc": org.uscc}


def _object(one: AchievementFacts) -> dict[str, Any]:
    return {
        "achievement": str(one.id),
        "name_zh": one.title_zh,
        "name_en": one.title_en,
        "rights": [{"kind": right.kind.value, "number": right.number} for right in one.rights],
    }


def _instant(at: datetime | None) -> str | None:
    return at.isoformat().replace("+00:00", "Z") if at else None


def _money(minor: int) -> dict[str, str]:
    money = Money(minor)
    return {"amount": money.amount, "currency": money.currency}
