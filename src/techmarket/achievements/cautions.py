"""What is taken but looks odd (提示): said beside the achievement, never a reason to refuse it. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from techmarket.achievements import numbers
from techmarket.achievements.rights import PATENTS, STANDING, Right, RightKind
from techmarket.achievements.rules import AchievementDraft


@dataclass(frozen=True, slots=True)
class Caution:
    """A stable code and the field it is about."""

    code: str
    pointer: str


@dataclass(frozen=True, slots=True)
class CodeLists:
    industries: Collection[str]
    patent_subclasses: Collection[str]
    maturity_standards: Mapping[str, tuple[int, ...]]


def cautions_of(stated: AchievementDraft, *, lists: CodeLists, terms: Mapping[int, date]) -> tuple[Caution, ...]:
    """Unusual numbers, dates that do not fit, codes that no list knows. `terms` hold the last day of a right by law."""
    return (*_of_codes(stated, lists), *_of_maturity(stated, lists), *_of_rights(stated, terms))


def _of_codes(stated: AchievementDraft, lists: CodeLists) -> Iterator[Caution]:
    if stated.industry is not None and stated.industry not in lists.industries:
        yield Caution("achievements.industry_unknown", "/industry")
    for n, symbol in enumerate(stated.ipc):
        if symbol[:4] not in lists.patent_subclasses:
            yield Caution("achievements.ipc_unknown", f"/ipc/{n}")


def _of_maturity(stated: AchievementDraft, lists: CodeLists) -> Iterator[Caution]:
    if stated.trl_standard is None:
        if stated.trl is not None:
            yield Caution("achievements.maturity_standard_missing", "/trl_standard")
        return
    editions = lists.maturity_standards.get(stated.trl_standard)
    if editions is None:
        yield Caution("achievements.maturity_standard_unknown", "/trl_standard")
    elif stated.trl_year not in editions:
        yield Caution("achievements.maturity_edition_unknown", "/trl_year")
    if stated.trl is None:
        yield Caution("achievements.maturity_level_missing", "/trl")


def _of_rights(stated: AchievementDraft, terms: Mapping[int, date]) -> Iterator[Caution]:
    for n, right in enumerate(stated.rights):
        if right.number is None:
            if right.status in STANDING and right.kind is not RightKind.TECHNICAL_SECRET:
                yield Caution("achievements.number_missing", f"/rights/{n}/number")
        elif right.kind in PATENTS:
            yield from _of_patent(n, right, right.number)
        elif not numbers.is_usual(right.kind, right.number):
            yield Caution("achievements.number_unusual", f"/rights/{n}/number")
        # A term may have been lengthened for delays of the office, so that a later last day can be true.
        if right.valid_until is not None and n in terms and right.valid_until > terms[n]:
            yield Caution("achievements.right_outlives_its_term", f"/rights/{n}/valid_until")


def _of_patent(n: int, right: Right, number: str) -> Iterator[Caution]:
    if numbers.lacks_check_digit(number):
        yield Caution("achievements.number_without_check_digit", f"/rights/{n}/number")
    # By way of the PCT the day of filing lies before the year in which the number was given.
    came_by_pct = numbers.kind_digit(number) in "89"
    if right.filed_on is not None and not came_by_pct and right.filed_on.year != numbers.year_of(number):
        yield Caution("achievements.filing_year_differs", f"/rights/{n}/filed_on")
