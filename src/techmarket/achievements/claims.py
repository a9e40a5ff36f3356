"""What is under way (在途交易): a trade or a contract that counts on an achievement staying free. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from techmarket.achievements.licences import TITLE_MODES, BurdenKind, Scope, blocking_licence, licence_of


@dataclass(frozen=True, slots=True)
class Claim:
    """Whose it is, and what it wants: the title (no `licence`), or a licence in a scope."""

    by: str
    licence: BurdenKind | None
    scope: Scope


def claim_of(by: str, mode: str | None, licence_kind: str | None, scope: Scope) -> Claim | None:
    """What a way of conversion claims; what neither moves the title nor grants a licence claims nothing."""
    licence = licence_of(mode, licence_kind)
    if licence is None and mode not in TITLE_MODES:
        return None
    return Claim(by, licence, scope)


def blocking_claim(wanted: Claim, standing: Iterable[Claim], *, under: str | None = None) -> Claim | None:
    """While the title is on its way nothing else is sold or licensed; while an exclusive or sole licence is, nothing
    in its scope. Ordinary licences pass each other. What one trade has claimed does not stand in its own way."""
    for held in standing:
        if held.by in (wanted.by, under):
            continue
        if wanted.licence is None or held.licence is None:
            return held
        if blocking_licence(wanted.licence, wanted.scope, [(held.licence, held.scope)]) is not None:
            return held
    return None
