"""The rules of imports: a bad row is refused alone, and the same row twice has one effect."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from uuid import UUID

from techmarket.achievements.rules import AchievementDraft, check_recordable, checked_draft
from techmarket.hub import errors
from techmarket.identity.actor import OrgKind
from techmarket.identity.errors import UsccMalformed
from techmarket.identity.rules import uscc_form_is_right
from techmarket.kernel.refusals import Refusal
from techmarket.listings.rules import ListingDraft, ListingKind, check_complete, check_draft, check_expiry

DETAIL_MAX = 80
POINTER_MAX = 64


class ImportKind(StrEnum):
    """What the rows of an import are."""

    OFFERS = "offers"
    DEMANDS = "demands"
    ORGANISATIONS = "organisations"

    @property
    def listing_kind(self) -> ListingKind:
        return ListingKind.OFFER if self is ImportKind.OFFERS else ListingKind.DEMAND


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
class OrganisationDraft:
    """An organisation as a node states it."""

    kind: OrgKind
    name: str
    name_en: str | None
    uscc: str | None
    region: str | None
    government_established: bool
    applies_local_rules: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One line of an import as the edge read it: drafts and a fingerprint, or the problem it already has.

    `of` is the external id of the organisation whose listing it is; None for the importer's own.
    """

    line: int
    external_id: str | None
    fingerprint: str = ""
    listing: ListingDraft | None = None
    achievement: AchievementDraft | None = None
    problem: Problem | None = None
    organisation: OrganisationDraft | None = None
    of: str | None = None


@dataclass(frozen=True, slots=True)
class RowOutcome:
    line: int
    external_id: str | None
    outcome: Outcome
    listing_id: UUID | None = None
    refusal: Problem | None = None
    organisation_id: UUID | None = None


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


def judged_organisation(row: Row) -> Row:
    """What an organisation's row states has the form that registration asks for."""
    if row.problem is not None or row.organisation is None:
        return row
    uscc = row.organisation.uscc
    if uscc is not None and not uscc_form_is_right(uscc):
        return replace(row, problem=Problem.of(UsccMalformed(pointer="/uscc")))
    return row


def percent(done: int, total: int) -> int:
    """How far an import is, in whole percent; 100 only when everything is done."""
    return 100 if done >= total > 0 else done * 100 // total if total else 0


def first_of_each(rows: Sequence[Row], seen: dict[str, str] | None = None) -> list[Row]:
    """An id that stands twice in one import with different content is refused the second time; `seen` holds what went
    before, and is added to."""
    seen = {} if seen is None else seen
    out: list[Row] = []
    for row in rows:
        if row.problem is None and row.external_id is not None:
            known = seen.setdefault(row.external_id, row.fingerprint)
            if known != row.fingerprint:
                row = replace(row, problem=Problem.of(errors.ExternalIdTwice(pointer="/external_id")))
        out.append(row)
    return out
