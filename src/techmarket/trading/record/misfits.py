"""How a replay says that a line does not fit."""

from __future__ import annotations


class Misfit(Exception):
    """A check did not hold on a line: its name, and what was looked at."""

    def __init__(self, check: str, why: str) -> None:
        super().__init__(check, why)
        self.check, self.why = check, why


def require(holds: bool, check: str, why: str) -> None:
    if not holds:
        raise Misfit(check, why)
