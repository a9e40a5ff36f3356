"""When one person's share waits (份额暂缓), and how it is let go: pure.

A table needs every completer's signature. Somebody who left, died, cannot be reached or refuses must not stop the
others for ever, and must not be paid around: his own share waits until he, his heirs or a decision has spoken.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from techmarket.kernel.money import largest_remainder
from techmarket.revenue import errors

HEIRS_FORMAT = "techmarket.revenue.heirs/1"


class HoldReason(StrEnum):
    """LEFT (离职), DIED (去世), UNREACHABLE (失联), REFUSES (拒签), DISPUTES (争议: she says so herself)."""

    LEFT = "LEFT"
    DIED = "DIED"
    UNREACHABLE = "UNREACHABLE"
    REFUSES = "REFUSES"
    DISPUTES = "DISPUTES"


class ReleaseKind(StrEnum):
    """SIGNED: she signed after all. PAPER: her consent on paper. HEIRS: who follows her. DECISION: of a court, an
    arbitrator or the market. TAKEN_BACK: her own dispute."""

    SIGNED = "SIGNED"
    PAPER = "PAPER"
    HEIRS = "HEIRS"
    DECISION = "DECISION"
    TAKEN_BACK = "TAKEN_BACK"


EXCUSING = frozenset({HoldReason.LEFT, HoldReason.DIED, HoldReason.UNREACHABLE, HoldReason.REFUSES})
"""With one of these, confirmed, the table comes into force without her signature; her share waits instead."""

HEARD_FIRST = frozenset({HoldReason.UNREACHABLE, HoldReason.REFUSES})
"""She is told, and has a time to answer, before it is confirmed."""

RELEASES = {
    HoldReason.LEFT: (ReleaseKind.PAPER, ReleaseKind.DECISION),
    HoldReason.DIED: (ReleaseKind.HEIRS, ReleaseKind.DECISION),
    HoldReason.UNREACHABLE: (ReleaseKind.PAPER, ReleaseKind.HEIRS, ReleaseKind.DECISION),
    HoldReason.REFUSES: (ReleaseKind.PAPER, ReleaseKind.DECISION),
    HoldReason.DISPUTES: (ReleaseKind.PAPER, ReleaseKind.DECISION),
}
"""What may be proposed to let a share go; a signature or taking a dispute back needs no proposal."""


@dataclass(frozen=True, slots=True)
class Heir:
    """Who follows one who died, with what part, shown by which file (继承公证书, 判决)."""

    name: str
    weight: Decimal
    evidence_sha256: str


def check_release(reason: HoldReason, kind: ReleaseKind, heirs: Sequence[Heir]) -> None:
    """A share is let go in a way that fits why it waits; only heirs are named, and they have parts."""
    if kind not in RELEASES[reason]:
        raise errors.ReleaseDoesNotFit(reason=reason, allowed=list(RELEASES[reason]), pointer="/body/kind")
    if (kind is ReleaseKind.HEIRS) != bool(heirs):
        raise errors.HeirsMissing(pointer="/body/heirs")
    if any(heir.weight <= 0 for heir in heirs) or len({heir.name for heir in heirs}) != len(heirs):
        raise errors.HeirsMissing(pointer="/body/heirs")


def is_neutral_needed(reason: HoldReason, kind: ReleaseKind | None = None) -> bool:
    """Where her own will stands against the unit's, only the market's operator is the second pair of eyes."""
    if kind is None:
        return reason is HoldReason.REFUSES
    return kind is ReleaseKind.DECISION


def all_consent(required: Collection[Any], signed: Collection[Any], excused: Collection[Any]) -> bool:
    """Everybody who must sign has signed, or a confirmed hold keeps his own share back."""
    return set(required) <= set(signed) | set(excused)


def heirs_in(document: Mapping[str, Any]) -> tuple[Heir, ...]:
    """The heirs that a text of `HEIRS_FORMAT` names."""
    return tuple(Heir(one["name"], Decimal(one["weight"]), one["evidence_sha256"]) for one in document["heirs"])


def parts_of_heirs(minor: int, heirs: Sequence[Heir]) -> list[int]:
    """Heirs share the line by their parts, to the cent."""
    return largest_remainder(minor, [heir.weight for heir in heirs])
