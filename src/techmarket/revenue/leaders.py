"""Leaders among those who share (领导人员奖励): what the unit is reminded of, and confirms. Pure; it never refuses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from techmarket.revenue import errors
from techmarket.rulebook.rules import Rule

TOP_EQUITY, PUBLICITY = "leader.equity.top_post", "leader.reward.publicity"


class Post(StrEnum):
    """TOP: the head of a unit with legal personality (正职). OTHER: another leader (其他领导班子成员)."""

    TOP = "TOP"
    OTHER = "OTHER"


@dataclass(frozen=True, slots=True)
class Caution:
    """What the unit is told, about whom, and on which ground."""

    code: str
    person: str
    source: str
    evidence: str

    def document(self) -> dict[str, str]:
        return {"code": self.code, "person": self.person, "source": self.source, "evidence": self.evidence}


def cautions_of(posts: Mapping[str, Post], rows: Sequence[Rule], *, may_be_shares: bool) -> tuple[Caution, ...]:
    """The head of a unit gets cash, shares only by exception (GF16, from memory: a reminder). Where a rule that was
    read wants it, a leader's reward is published as one."""
    found = []
    for person, post in posts.items():
        for row in rows:
            top = row.key == TOP_EQUITY and row.value == "0" and post is Post.TOP and may_be_shares
            if top or (row.key == PUBLICITY and row.is_set):
                found.append(Caution(row.key, person, row.source, row.evidence.value))
    return tuple(found)


def require_confirmed(cautions: Sequence[Caution], confirmed: Sequence[str]) -> None:
    """The unit says of each caution that it has seen it; that stands in the text that all sign."""
    missing = [one for one in cautions if one.code not in confirmed]
    if missing:
        raise errors.CautionsUnconfirmed(
            codes=sorted({one.code for one in missing}),
            source="; ".join(sorted({one.source for one in missing})),
            pointer="/body/confirms",
        )
