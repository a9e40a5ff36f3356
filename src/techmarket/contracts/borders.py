"""Technology that crosses the border (技术进出口), and technology the state paid for. Pure.

技术进出口管理条例: prohibited technology does not cross; a contract about restricted technology takes effect when
its licence is issued; free technology is registered, its contract holds at once. 科学技术进步法 art. 34: what came of a
project paid by the state is licensed exclusively or transferred abroad with the project body's approval only.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from techmarket.contracts import errors
from techmarket.contracts.rules import ContractType


class Direction(StrEnum):
    IMPORT = "IMPORT"
    EXPORT = "EXPORT"


class Category(StrEnum):
    FREE = "FREE"
    RESTRICTED = "RESTRICTED"
    PROHIBITED = "PROHIBITED"


class ClearanceKind(StrEnum):
    """What an office gives: the licence for restricted technology, the registration of free technology, the approval
    of the body that ran a project paid by the state."""

    LICENCE = "LICENCE"
    REGISTRATION = "REGISTRATION"
    PROJECT_APPROVAL = "PROJECT_APPROVAL"


@dataclass(frozen=True, slots=True)
class Crossing:
    """How the technology crosses; `fiscal_project` names the project that was paid by the state, if one was."""

    direction: Direction
    category: Category
    fiscal_project: str | None = None


def require_may_cross(crossing: Crossing | None) -> None:
    """Prohibited technology does not cross the border."""
    if crossing is not None and crossing.category is Category.PROHIBITED:
        raise errors.TechnologyProhibited(pointer="/body/crossing/category")


def needed(
    crossing: Crossing | None, contract_type: ContractType, licence_kind: str | None
) -> frozenset[ClearanceKind]:
    """What an office must give for this contract."""
    if crossing is None:
        return frozenset()
    restricted = crossing.category is Category.RESTRICTED
    wanted = {ClearanceKind.LICENCE if restricted else ClearanceKind.REGISTRATION}
    leaves = contract_type is ContractType.TRANSFER or licence_kind == "EXCLUSIVE"
    if crossing.direction is Direction.EXPORT and crossing.fiscal_project is not None and leaves:
        wanted.add(ClearanceKind.PROJECT_APPROVAL)
    return frozenset(wanted)


def before_signing(wanted: frozenset[ClearanceKind]) -> frozenset[ClearanceKind]:
    """The project body agrees before anybody signs."""
    return wanted & {ClearanceKind.PROJECT_APPROVAL}


def before_effect(wanted: frozenset[ClearanceKind]) -> frozenset[ClearanceKind]:
    """A contract about restricted technology takes effect only when its licence is issued."""
    return wanted & {ClearanceKind.LICENCE, ClearanceKind.PROJECT_APPROVAL}
