"""Open licences (开放许可, 专利法 art. 50-52, 细则 art. 85-88): who may declare one, and what bars it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from techmarket.achievements import errors
from techmarket.achievements.licences import BLOCKING, BurdenKind
from techmarket.achievements.rights import PATENTS, Right, RightKind, is_in_force
from techmarket.achievements.rules import Burden, check_disposable

NEEDS_A_REPORT = frozenset({RightKind.UTILITY_MODEL, RightKind.DESIGN})


@dataclass(frozen=True, slots=True)
class OpenLicenceDraft:
    """What the statement says: of which patent, for what fee, paid in which way, until when."""

    number: str
    fee_minor: int
    way: str
    valid_until: date
    registration_number: str | None = None
    report_sha256: str | None = None


def check_open_licence(
    right: Right | None,
    draft: OpenLicenceDraft,
    *,
    achievement_id: UUID,
    expires_on: date | None,
    burdens: Sequence[Burden],
    missing_consents: int,
    today: date,
) -> None:
    """Only a granted patent whose annual fee is paid is licensed to everybody, free of what bars it.

    A utility model or a design shows an evaluation report; a running exclusive or sole licence, an open licence that
    runs already, a pledge without its holder's consent and a seizure bar it; every co-owner agrees.
    """
    if right is None or right.kind not in PATENTS or not is_in_force(right.status, expires_on, today):
        raise errors.NotAGrantedPatent(number=draft.number, pointer="/body/number")
    if right.kind in NEEDS_A_REPORT and draft.report_sha256 is None:
        raise errors.ReportMissing(right_kind=right.kind, pointer="/body/report_sha256")
    if right.fees_paid_until is None or right.fees_paid_until < today:
        raise errors.AnnualFeeUnpaid(paid_until=right.fees_paid_until, today=today)
    if draft.valid_until < today or (expires_on is not None and draft.valid_until > expires_on):
        raise errors.OutsideTheTerm(today=today, expires_on=expires_on, pointer="/body/valid_until")
    check_disposable(achievement_id, burdens)
    if any(burden.kind in BLOCKING or burden.kind is BurdenKind.OPEN_LICENCE for burden in burdens):
        raise errors.LicenceOverlaps(achievement=achievement_id)
    if missing_consents:
        raise errors.ConsentMissing(achievement=achievement_id, missing=missing_consents)
