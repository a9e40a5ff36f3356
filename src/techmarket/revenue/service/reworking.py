"""An upheld objection's line is written anew alone: those whose line it is sign it, it stands its own time, it is paid.

The other lines were not objected to; they are paid, or are on their way, and stay as they are.
"""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import clock, journal, texts
from techmarket.db.session import Tx
from techmarket.identity import steps as identity
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.kernel.ids import Ref, new_id
from techmarket.kernel.money import Money
from techmarket.kernel.refusals import NotFound
from techmarket.notices import steps as notices
from techmarket.notices.kinds import NoticeKind
from techmarket.revenue import errors, policy, proving, repository, reworking
from techmarket.revenue.case import Group
from techmarket.revenue.computation import Line
from techmarket.revenue.events import LineReworkDrafted, LineReworkPublished, LineReworkSigned
from techmarket.revenue.lifecycle import (
    DISTRIBUTION_LINE,
    LINE_REWORK,
    DistributionState,
    LineState,
    ReworkState,
)
from techmarket.revenue.repository import NewRow, claiming
from techmarket.revenue.reworking import NewLine
from techmarket.revenue.service.paying import case_of
from techmarket.revenue.service.publishing import reward_list_rule
from techmarket.revenue.service.reversing import end_rework
from techmarket.revenue.service.showing import seen
from techmarket.revenue.service.standing import standing_of_row
from techmarket.revenue.tables import Distribution, DistributionLine, LineRework, LineReworkProof
from techmarket.revenue.views import ReworkView
from techmarket.signing import steps as signing
from techmarket.signing.steps import Signatory

PURPOSE = "line_rework"
STANDS = (DistributionState.PUBLISHED, DistributionState.PAYABLE)


async def draft_rework(
    tx: Tx, actor: Actor, distribution_id: UUID, n: int, *, lines: Sequence[NewLine], reasons: str
) -> ReworkView:
    """The unit writes the line anew, in one line or several; whoever had it or gets it is called to sign that text."""
    async with tx.begin() as db:
        row = seen(actor, await repository.lock_distribution(db, distribution_id))
        require(actor, policy.REWORK, parties=[row.unit_id])
        old, all_lines = await _objected(db, row, n)
        earlier = await claiming.find_live_rework(db, row.id, n)
        if earlier is not None:
            await end_rework(db, earlier, actor)
        table = await repository.get_table(db, row.share_table_id)
        given = [NewLine(one.group, one.key, one.minor) for one in lines]
        await _check(db, row, table.sha256, old, all_lines, given, pointer="/body/lines")
        document = {
            "format": reworking.FORMAT,
            "distribution": str(row.id),
            "share_table_sha256": table.sha256,
            "n": n,
            "was": _as_new(old).document(),
            "lines": [line.document() for line in given],
            "reasons": reasons,
        }
        rework = LineRework(
            id=new_id(),
            distribution_id=row.id,
            n=n,
            sha256=await texts.put(db, document),
            state=LINE_REWORK.initial,
            drafted_by=actor.person,
            created_at=await clock.market_now(db),
        )
        rework.signing_id = await signing.open_signing(
            db,
            document_sha256=rework.sha256,
            purpose=PURPOSE,
            subject=Ref("line_rework", rework.id),
            signatories=await _signatories(db, row, old, given),
            in_order=False,
            actor=actor,
        )
        db.add(rework)
        journal.record(db, LineReworkDrafted(rework.id, row.id, rework.sha256), actor=actor)
        await db.flush()
        return await _view(db, rework)


async def sign_rework(tx: Tx, actor: Actor, rework_id: UUID, *, document_sha256: str) -> ReworkView:
    """Whose line it was, and whose it becomes, signs exactly this text."""
    async with tx.begin() as db:
        row, rework = await _locked(db, rework_id)
        await _require_seen(db, actor, row, rework)
        require(actor, policy.SIGN_REWORK, parties=await _signers(db, rework))
        rework.state = LINE_REWORK.move(rework.state, "sign")
        now = await clock.market_now(db)
        done = await signing.put(db, rework.signing_id, actor, document_sha256=document_sha256, now=now)
        if done.is_complete:
            rework.state = LINE_REWORK.move(rework.state, "complete")
        journal.record(db, LineReworkSigned(rework.id, done.signed, done.required), actor=actor)
        await db.flush()
        return await _view(db, rework)


async def publish_rework(tx: Tx, actor: Actor, rework_id: UUID, *, posted_sha256: str | None = None) -> ReworkView:
    """Signed by those concerned, the new lines take the old one's place and stand their own time in the unit.

    Another line may have been reworked since this one was written: what is left of the unit's part counts today.
    """
    async with tx.begin() as db:
        row, rework = await _locked(db, rework_id)
        seen(actor, row)
        require(actor, policy.PUBLISH, parties=[row.unit_id])
        state = LINE_REWORK.move(rework.state, "publish")
        old, all_lines = await _objected(db, row, rework.n)
        document = await texts.get(db, rework.sha256)
        given = [
            NewLine(Group(line["group"]), line["person"], Money.parse(line["amount"]).minor)
            for line in document["lines"]
        ]
        await _check(db, row, document["share_table_sha256"], old, all_lines, given)
        old.state = DISTRIBUTION_LINE.move(old.state, "rework")
        fresh = await _write_lines(db, row, rework, old, document)
        rework.notice_id = await notices.open_notice(
            db,
            kind=NoticeKind.REWARD_LIST,
            subject=Ref("line_rework", rework.id),
            owner_org=row.unit_id,
            document={
                "format": reworking.FORMAT,
                "contract_number": (await standing_of_row(db, row)).title,
                "columns": ["line", "group", "person", "amount"],
                "lines": [
                    [str(line.n), line.group.value, _name(line.person_id), Money(line.minor).amount] for line in fresh
                ],
                "reworks_line": str(rework.n),
                "rework_sha256": rework.sha256,
            },
            rule_date=row.rule_date,
            length=(await reward_list_rule(db, row)).length,
            actor=actor,
            now=await clock.market_now(db),
            lines=[str(line.n) for line in fresh],
            favours={UUID(str(line.person_id)) for line in fresh if line.person_id is not None},
            unit_evidence_sha256=posted_sha256,
            unit_evidence_pointer="/body/posted_sha256",
        )
        rework.state = state
        _log(db, actor, row, rework, fresh)
        await db.flush()
        return await _view(db, rework)


def _log(db: AsyncSession, actor: Actor, row: Distribution, rework: LineRework, fresh: Sequence[NewRow]) -> None:
    """The journal names the root over the new lines, as it did over those of the distribution."""
    assert rework.notice_id is not None
    secret = secrets.token_bytes(proving.SECRET_SIZE)
    lines = [Line(one.group, one.position, _name(one.person_id), one.minor, None) for one in fresh]
    leaves = proving.leaves_of(row.id, lines, secret, fresh[0].n)
    event = LineReworkPublished(rework.id, row.id, rework.notice_id, len(leaves), proving.root(leaves))
    entry_id = journal.record(db, event, actor=actor)
    db.add(
        LineReworkProof(
            line_rework_id=rework.id,
            entry_id=entry_id,
            first=fresh[0].n,
            secret=secret,
            leaves=proving.joined(leaves),
        )
    )


async def get_rework(tx: Tx, actor: Actor, rework_id: UUID) -> ReworkView:
    """A rework with its text: for who must sign it, the unit's officers and the market."""
    require(actor, policy.SEE_TABLES)
    async with tx.read() as db:
        rework = await claiming.get_rework(db, rework_id)
        row = await repository.get_distribution(db, rework.distribution_id)
        await _require_seen(db, actor, row, rework)
        return await _view(db, rework)


async def _check(
    db: AsyncSession,
    row: Distribution,
    table_sha256: str,
    old: DistributionLine,
    lines: Sequence[DistributionLine],
    given: Sequence[NewLine],
    *,
    pointer: str | None = None,
) -> None:
    """Against the locked distribution as it is now."""
    by_group: dict[Group, int] = defaultdict(int)
    for line in lines:
        if line.state is not LineState.CANCELLED:
            by_group[line.group] += line.minor
    reworking.check_rework(
        await case_of(db, row.computation_sha256, table_sha256),
        old=_as_new(old),
        new=given,
        unit_minor=row.unit_minor,
        base_minor=row.net_minor,
        by_group=by_group,
        pointer=pointer,
    )


def _as_new(line: DistributionLine) -> NewLine:
    return NewLine(line.group, _name(line.person_id), line.minor)


async def _objected(db: AsyncSession, row: Distribution, n: int) -> tuple[DistributionLine, Sequence[DistributionLine]]:
    """The line that an upheld objection names, not yet paid; and all lines of the distribution."""
    lines = await repository.list_lines(db, row.id)
    old = next((line for line in lines if line.n == n), None)
    if row.state not in STANDS or row.notice_id is None or old is None:
        raise errors.NotReworkable(n=n)
    upheld = await notices.upheld_lines(db, row.notice_id)
    for rework in await claiming.list_reworks(db, row.id):
        if rework.notice_id is not None:
            upheld |= await notices.upheld_lines(db, rework.notice_id)
    if str(n) not in upheld or old.state not in (LineState.OPEN, LineState.HELD):
        raise errors.NotReworkable(n=n)
    if old.state is LineState.OPEN:
        old.state = DISTRIBUTION_LINE.move(old.state, "hold")
    return old, lines


async def _write_lines(
    db: AsyncSession, row: Distribution, rework: LineRework, old: DistributionLine, document: dict[str, Any]
) -> list[NewRow]:
    n = await claiming.last_line(db, row.id)
    fresh = [
        NewRow(
            new_id(),
            n + place,
            Group(line["group"]),
            old.position,
            None if line["person"] is None else UUID(line["person"]),
            Money.parse(line["amount"]).minor,
            None,
            rework.id,
        )
        for place, line in enumerate(document["lines"], start=1)
    ]
    more = sum(Money.parse(line["amount"]).minor for line in document["lines"]) - old.minor
    row.reward_minor, row.unit_minor = row.reward_minor + more, row.unit_minor - more
    await db.flush()
    await repository.insert_lines(db, row.id, fresh, in_shares=row.in_shares)
    return fresh


async def _signatories(
    db: AsyncSession, row: Distribution, old: DistributionLine, given: Sequence[NewLine]
) -> list[Signatory]:
    named = [old.person_id, *(UUID(line.key) for line in given if line.key is not None)]
    people = list(dict.fromkeys(person for person in named if person is not None))
    if not people:
        raise errors.NobodyToSign(pointer="/body/lines")
    known = await identity.get_people(db, people)
    signatories = []
    for person in people:
        if person not in known:
            raise errors.PersonUnknown(person=person, pointer="/body/lines")
        orgs = known[person].org_ids
        org = row.unit_id if row.unit_id in orgs or not orgs else orgs[0]
        signatories.append(Signatory(org, person, role="CONTRIBUTOR"))
    return signatories


async def _locked(db: AsyncSession, rework_id: UUID) -> tuple[Distribution, LineRework]:
    known = await claiming.get_rework(db, rework_id)
    row = await repository.lock_distribution(db, known.distribution_id)
    return row, await claiming.get_rework(db, rework_id)


async def _signers(db: AsyncSession, rework: LineRework) -> list[UUID]:
    document = await texts.get(db, rework.sha256)
    named = [document["was"]["person"], *(line["person"] for line in document["lines"])]
    return [UUID(person) for person in named if person is not None]


async def _require_seen(db: AsyncSession, actor: Actor, row: Distribution, rework: LineRework) -> None:
    if policy.sees_money_of(actor, row.unit_id):
        return
    if actor.person_id is None or actor.person_id not in await _signers(db, rework):
        raise NotFound()


def _name(person: UUID | str | None) -> str | None:
    return None if person is None else str(person)


async def _view(db: AsyncSession, rework: LineRework) -> ReworkView:
    progress = await signing.state_of(db, rework.signing_id)
    return ReworkView(
        rework.id,
        rework.distribution_id,
        rework.n,
        rework.state,
        rework.sha256,
        progress.signed,
        progress.required,
        rework.notice_id,
        rework.created_at,
        await texts.get(db, rework.sha256),
    )


__all__ = ["ReworkState", "draft_rework", "get_rework", "publish_rework", "sign_rework"]
