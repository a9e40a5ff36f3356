"""The rules of imports: a bad row is refused alone, and the same row twice has one effect."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from uuid import UUID

from techmarket.achievements.rules import AchievementDraft, check_recordable, checked_draft
from techmarket.hub import errors
from techmarket.kernel.refusals import Refusal
from techmarket.listings.rules import ListingDraft, ListingKind, check_complete, check_draft, check_expiry

DETAIL_MAX = 80
POINTER_MAX = 64


class Outcome(StrEnum):
    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a row was refused; `pointer` leads into the row."""

    code: str
    detail: str
    pointer: str | None = None

    @classmethod
    def of(cls, refusal: Refusal) -> Problem:
        pointer = (refusal.pointer or "").removeprefix("/body").removeprefix("/terms") or None
        return cls(refusal.code, refusal.detail("zh-CN"), pointer)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of an import as the edge read it: drafts and a fingerprint, or the problem it already has."""

    line: int
    external_id: str | None
    fingerprint: str = ""
    listing: ListingDraft | None = None
    achievement: AchievementDraft | None = None
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class RowOutcome:
    line: int
    external_id: str | None
    outcome: Outcome
    listing_id: UUID | None = None
    refusal: Problem | None = None


def refused(row: Row, problem: Problem) -> RowOutcome:
    """The outcome of a bad row, bounded so that a report of many stays small."""
    cut = Problem(problem.code, problem.detail[:DETAIL_MAX], (problem.pointer or "")[:POINTER_MAX] or None)
    return RowOutcome(row.line, row.external_id, Outcome.REFUSED, None, cut)


def judged(row: Row, *, kind: ListingKind, org_id: UUID, submit: bool, today: date) -> Row:
    """A row is judged by the same rules as a listing made by hand; what they refuse, is this row's problem alone."""
    if row.problem is not None:
        return row
    assert row.listing is not None
    try:
        if row.external_id is None:
            raise errors.ExternalIdMissing(pointer="/external_id")
        if row.achievement is not None:
            checked_draft(row.achievement, own_org=org_id, pointer="")
        check_draft(kind, row.listing, pointer="")
        if submit:
            # The achievement is created with the listing; whether there is one is not in question here.
            check_complete(ListingKind.DEMAND, row.listing.fields, ())
            check_expiry(row.listing.expires_on, today)
        if row.achievement is not None:  # an import puts it on record
            check_recordable(row.achievement.abstract_zh, row.achievement.abstract_en, pointer="/abstract_zh")
    except Refusal as refusal:
        return replace(row, problem=Problem.of(refusal))
    return row


def first_of_each(rows: Sequence[Row]) -> list[Row]:
    """An id that stands twice in one import with different content is refused the second time."""
    seen: dict[str, str] = {}
    out: list[Row] = []
    for row in rows:
        if row.problem is None and row.external_id is not None:
            known = seen.setdefault(row.external_id, row.fingerprint)
            if known != row.fingerprint:
                row = replace(row, problem=Problem.of(errors.ExternalIdTwice(pointer="/external_id")))
        out.append(row)
    return out
