"""What a split is computed from (分配依据), as plain values with one JSON form to recompute from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any


class Mode(StrEnum):
    """The way of conversion (转化方式); OTHER is development, consulting and service: no statutory floor."""

    TRANSFER = "transfer"
    LICENCE = "licence"
    EQUITY = "equity"
    SELF_IMPLEMENTATION = "self_implementation"
    JOINT_IMPLEMENTATION = "joint_implementation"
    OTHER = "other"


class Group(StrEnum):
    """Main contributors (主要贡献人员), technology-transfer staff and managers (技术转移人员), other helpers."""

    MAIN = "MAIN"
    STAFF = "STAFF"
    OTHERS = "OTHERS"


class Basis(StrEnum):
    """A reward out of the unit's income, or the completers' own part by title after a grant (赋权); never both."""

    REWARD = "REWARD"
    TITLE = "TITLE"


MONEY_OF_SHARES = frozenset({"DIVIDEND", "SHARE_DISPOSAL"})
PROFIT_MODES = frozenset({Mode.SELF_IMPLEMENTATION, Mode.JOINT_IMPLEMENTATION})
SALE_MODES = frozenset({Mode.TRANSFER, Mode.LICENCE})


@dataclass(frozen=True, slots=True)
class Norm:
    """A row of the rulebook as it was used, so that a statement names its source years later."""

    key: str
    value: str
    unit: str
    jurisdiction: str
    scope: str
    binding: str
    source: str
    evidence: str
    effective_from: str
    mode: str | None = None
    applies_to: str = "any"
    base: str | None = None
    rule_id: str | None = None

    @property
    def rate(self) -> Decimal:
        return Decimal(self.value)

    @property
    def is_mandatory(self) -> bool:
        """Only a text that was read may reject; a recalled number never does."""
        return self.binding == "mandatory" and self.evidence in ("verified", "verified_secondary")

    def document(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


@dataclass(frozen=True, slots=True)
class Receipt:
    """Money that was received; in the profit modes the year's operating profit, in equity the valued contribution."""

    ref: str
    minor: int
    received_on: date
    purpose: str = "PRICE"

    def document(self) -> dict[str, Any]:
        day = self.received_on.isoformat()
        return {"ref": self.ref, "minor": self.minor, "received_on": day, "purpose": self.purpose}


@dataclass(frozen=True, slots=True)
class Cost:
    ref: str
    kind: str
    minor: int
    evidence: str | None

    def document(self) -> dict[str, Any]:
        return {"ref": self.ref, "kind": self.kind, "minor": self.minor, "evidence": self.evidence}


@dataclass(frozen=True, slots=True)
class Share:
    """One contributor's weight inside the group; `key` names him to the caller and is nothing to the rules."""

    key: str
    weight: Decimal

    def document(self) -> dict[str, Any]:
        return {"key": self.key, "weight": plain(self.weight)}


@dataclass(frozen=True, slots=True)
class GroupShare:
    """A group's weight in the reward; without named people the group is one line, which the unit shares out."""

    group: Group
    weight: Decimal
    people: tuple[Share, ...] = ()

    def document(self) -> dict[str, Any]:
        return {
            "group": self.group.value,
            "weight": plain(self.weight),
            "people": [person.document() for person in self.people],
        }


@dataclass(frozen=True, slots=True)
class Table:
    """A share table. `rate` is the agreed part of the base, None leaves it to the rule that fills the gap;
    `title_share` is the completers' part of the ownership where the basis is TITLE."""

    groups: tuple[GroupShare, ...]
    basis: Basis = Basis.REWARD
    rate: Decimal | None = None
    title_share: Decimal | None = None

    def document(self) -> dict[str, Any]:
        return {
            "basis": self.basis.value,
            "rate": None if self.rate is None else plain(self.rate),
            "title_share": None if self.title_share is None else plain(self.title_share),
            "groups": [group.document() for group in self.groups],
        }

    def people(self) -> list[str]:
        """Everyone named, in the table's order, once."""
        return list(dict.fromkeys(person.key for group in self.groups for person in group.people))


@dataclass(frozen=True, slots=True)
class Earlier:
    """What earlier events under the same table and rules came to in all: net income, reward, each line by place."""

    base_minor: int
    reward_minor: int
    lines: Mapping[Group, tuple[int, ...]]
    parts: Mapping[str, int] = field(default_factory=dict)

    def of(self, group: Group) -> int:
        return sum(self.lines.get(group, ()))

    def document(self) -> dict[str, Any]:
        return {
            "base_minor": self.base_minor,
            "reward_minor": self.reward_minor,
            "lines": {group.value: list(minors) for group, minors in self.lines.items()},
            "parts": dict(self.parts),
        }


NOTHING_EARLIER = Earlier(0, 0, {})


@dataclass(frozen=True, slots=True)
class Case:
    """Everything a split depends on. `pay_on` is the day of payment, real or assumed."""

    mode: Mode
    is_government: bool
    receipts: tuple[Receipt, ...]
    costs: tuple[Cost, ...]
    table: Table
    norms: tuple[Norm, ...]
    pay_on: date
    is_registered: bool = False
    term_years: int | None = None
    capital_minor: int | None = None
    earlier: Earlier | None = None

    @property
    def before(self) -> Earlier:
        return self.earlier or NOTHING_EARLIER

    @property
    def is_money_of_shares(self) -> bool:
        """Dividends, and the sale of shares that the unit holds for all: money, of equity."""
        return any(receipt.purpose in MONEY_OF_SHARES for receipt in self.receipts)

    def norms_of(self, key: str) -> tuple[Norm, ...]:
        return tuple(norm for norm in self.norms if norm.key == key)

    def norm(self, key: str) -> Norm | None:
        return next((norm for norm in self.norms if norm.key == key), None)

    def cut_to(self, *keys: str) -> Case:
        """The case as one contributor may recompute it: the weights inside her own groups, by position and without
        names, the other groups as one line each. It computes to the same amounts for her."""
        groups = []
        for share in self.table.groups:
            is_hers = any(person.key in keys for person in share.people)
            people = (
                tuple(
                    Share(person.key if person.key in keys else str(position), person.weight)
                    for position, person in enumerate(share.people, start=1)
                )
                if is_hers
                else ()
            )
            groups.append(replace(share, people=people))
        cut = replace(self, table=replace(self.table, groups=tuple(groups)))
        if self.earlier is None:
            return cut
        named = {share.group for share in groups if share.people}
        lines = {g: had if g in named else (sum(had),) for g, had in self.earlier.lines.items()}
        return replace(cut, earlier=replace(self.earlier, lines=lines))

    def document(self, table: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """As JSON; `table` may stand in the place of the table itself."""
        # A first event has no earlier one; its document is what it always was.
        earlier = {} if self.earlier is None else {"earlier": self.earlier.document()}
        return {
            **earlier,
            "mode": self.mode.value,
            "is_government": self.is_government,
            "receipts": [receipt.document() for receipt in self.receipts],
            "costs": [cost.document() for cost in self.costs],
            "table": self.table.document() if table is None else dict(table),
            "norms": [norm.document() for norm in self.norms],
            "pay_on": self.pay_on.isoformat(),
            "is_registered": self.is_registered,
            "term_years": self.term_years,
            "capital_minor": self.capital_minor,
        }


def plain(number: Decimal) -> str:
    """A decimal has one spelling, so that equal tables have equal bytes: `50`, not `50.0` or `5E+1`."""
    return f"{number.normalize():f}"


def table_from(document: Mapping[str, Any]) -> Table:
    return Table(
        groups=tuple(
            GroupShare(
                Group(group["group"]),
                Decimal(group["weight"]),
                tuple(Share(person["key"], Decimal(person["weight"])) for person in group["people"]),
            )
            for group in document["groups"]
        ),
        basis=Basis(document["basis"]),
        rate=None if document["rate"] is None else Decimal(document["rate"]),
        title_share=None if document["title_share"] is None else Decimal(document["title_share"]),
    )


def case_from(document: Mapping[str, Any]) -> Case:
    """The case out of its JSON form: the way back that makes a statement something one can recompute."""
    return Case(
        mode=Mode(document["mode"]),
        is_government=document["is_government"],
        receipts=tuple(
            Receipt(r["ref"], r["minor"], date.fromisoformat(r["received_on"]), r["purpose"])
            for r in document["receipts"]
        ),
        costs=tuple(Cost(c["ref"], c["kind"], c["minor"], c["evidence"]) for c in document["costs"]),
        table=table_from(document["table"]),
        norms=tuple(Norm(**norm) for norm in document["norms"]),
        pay_on=date.fromisoformat(document["pay_on"]),
        is_registered=document["is_registered"],
        term_years=document["term_years"],
        capital_minor=document["capital_minor"],
        earlier=_earlier_from(document.get("earlier")),
    )


def _earlier_from(document: Mapping[str, Any] | None) -> Earlier | None:
    if document is None:
        return None
    lines = {Group(group): tuple(minors) for group, minors in document["lines"].items()}
    return Earlier(document["base_minor"], document["reward_minor"], lines, dict(document["parts"]))
