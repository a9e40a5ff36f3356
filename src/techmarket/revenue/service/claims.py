"""Rewards owed back (追回): what a reversed distribution had paid is set off against later lines, or repaid.

The unit's book tells it: a claim turns what was spent into what is receivable, a later line or a repayment clears it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import clock, journal
from techmarket.db.session import Tx
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.kernel.ids import Ref, new_id, new_ids
from techmarket.kernel.money import Money
from techmarket.kernel.paging import Page, last_id, page_of
from techmarket.kernel.refusals import NotFound
from techmarket.ledger import steps as ledger
from techmarket.notices import steps as notices
from techmarket.revenue import errors, policy
from techmarket.revenue.events import RewardGivenBack, RewardGivenTwice, RewardRepaid
from techmarket.revenue.lifecycle import DISTRIBUTION_LINE, REWARD_CLAIM, ClaimState
from techmarket.revenue.repository import claiming
from techmarket.revenue.repository.sets import move_lines
from techmarket.revenue.tables import Distribution, DistributionLine, RewardClaim, RewardClaimEntry
from techmarket.revenue.views import ClaimView


@dataclass(frozen=True, slots=True)
class UnitBook:
    """The accounts of a unit's own book that rewards move."""

    expense: UUID
    payable: UUID
    receivable: UUID
    bank: UUID


async def unit_book(db: AsyncSession, unit_id: UUID) -> UnitBook:
    """All four, locked in one order, so that no two acts on one unit's rewards can deadlock."""
    book = ledger.book_of_unit(unit_id)
    purposes = (ledger.Purpose.EXPENSE, ledger.Purpose.PAYABLE, ledger.Purpose.RECEIVABLE, ledger.Purpose.BANK)
    found = UnitBook(*[await ledger.account(db, book=book, purpose=purpose) for purpose in purposes])
    await ledger.lock(db, {found.expense, found.payable, found.receivable, found.bank})
    return found


async def set_off(
    db: AsyncSession, row: Distribution, lines: Sequence[DistributionLine], actor: Actor | None
) -> list[DistributionLine]:
    """What somebody owes back from before is kept of his new line; a line that is used up by it is paid.

    Returns those. The oldest claim goes first; a group without named people owes as a group.
    """
    people = {line.person_id for line in lines if line.person_id is not None}
    groups = {line.group for line in lines if line.person_id is None}
    claims = await claiming.lock_open_claims(db, row.unit_id, people, groups)
    if not claims:
        return []
    book, now = await unit_book(db, row.unit_id), await clock.market_now(db)
    taken: list[tuple[RewardClaim, DistributionLine, int]] = []
    for line in lines:
        for claim in claims:
            mine = claim.person_id == line.person_id and (line.person_id is not None or claim.group is line.group)
            minor = min(claim.minor - claim.settled_minor, line.minor - line.offset_minor)
            if mine and minor > 0:
                reduce(claim, minor)
                line.offset_minor += minor
                taken.append((claim, line, minor))
    transfers = await ledger.post_many(
        db,
        [
            ledger.Posting(book.expense, book.receivable, minor, Ref("distribution_line", line.id), "reward.set_off")
            for _, line, minor in taken
        ],
    )
    for (claim, line, minor), transfer in zip(taken, transfers, strict=True):
        db.add(_entry(claim, minor, transfer, actor, now, line_id=line.id))
        journal.record(db, RewardRepaid(claim.id, claim.state is ClaimState.SETTLED), actor=actor)
    used_up = [line for line in lines if line.offset_minor == line.minor]
    for line in used_up:
        line.state = DISTRIBUTION_LINE.move(line.state, "set_off")
    await db.flush()
    return used_up


def reduce(claim: RewardClaim, minor: int) -> None:
    """A claim is settled when nothing of it is left."""
    claim.settled_minor += minor
    claim.state = REWARD_CLAIM.move(claim.state, "settle" if claim.settled_minor == claim.minor else "take")


async def undo_set_off(db: AsyncSession, lines: Sequence[DistributionLine]) -> None:
    """Lines that are taken back give back what they had been set off against."""
    entries, claims = await lock_what_was_set_off(db, lines)
    if entries:
        now = await clock.market_now(db)
        for entry in entries:
            claim = claims[entry.reward_claim_id]
            claim.settled_minor -= entry.minor
            claim.state = REWARD_CLAIM.move(claim.state, "give_back")
            entry.undone_at = now
        mirrored = {entry.transfer_id: Ref("distribution_line", _line_of(entry)) for entry in entries}
        await ledger.reverse_many(db, mirrored)
    for line in lines:
        if line.offset_minor:
            line.offset_minor = 0
    await db.flush()


async def lock_what_was_set_off(
    db: AsyncSession, lines: Sequence[DistributionLine]
) -> tuple[Sequence[RewardClaimEntry], dict[UUID, RewardClaim]]:
    """Claims are locked before the unit's book by everybody, so whoever will touch both begins here."""
    entries = await claiming.list_entries_of_lines(db, [line.id for line in lines if line.offset_minor])
    claims = await claiming.lock_claims(db, {entry.reward_claim_id for entry in entries}) if entries else []
    return entries, {claim.id: claim for claim in claims}


def _line_of(entry: RewardClaimEntry) -> UUID:
    assert entry.distribution_line_id is not None
    return entry.distribution_line_id


async def reclaim(db: AsyncSession, row: Distribution, lines: Sequence[DistributionLine], *, cause: str) -> int:
    """What paid lines gave is owed back; the unit's book has it as receivable instead of spent. Returns how many
    claims that made: of a line that was set off whole nothing had been paid."""
    gave = {line.id: line.minor - line.offset_minor for line in lines}
    await move_lines(db, lines, "reclaim")
    await undo_set_off(db, lines)
    owing = [line for line in lines if gave[line.id]]
    if not owing:
        return 0
    book, now = await unit_book(db, row.unit_id), await clock.market_now(db)
    db.add_all(
        RewardClaim(
            id=claim_id,
            unit_id=row.unit_id,
            person_id=line.person_id,
            group=line.group,
            distribution_line_id=line.id,
            minor=gave[line.id],
            settled_minor=0,
            given_twice_minor=0,
            given_back_minor=0,
            cause=cause,
            state=REWARD_CLAIM.initial,
            created_at=now,
        )
        for claim_id, line in zip(new_ids(len(owing)), owing, strict=True)
    )
    postings = [
        ledger.Posting(
            book.receivable, book.expense, gave[line.id], Ref("distribution_line", line.id), "reward.claimed"
        )
        for line in owing
    ]
    await ledger.post_many(db, postings)
    await db.flush()
    return len(owing)


async def spent_by_market(db: AsyncSession, unit_id: UUID, line: DistributionLine, *, back: bool = False) -> None:
    """What the market pays out of the unit's escrow is spent in the unit's book too; what comes back is not."""
    book = await unit_book(db, unit_id)
    giver, taker = (book.bank, book.expense) if back else (book.expense, book.bank)
    code = "reward.came_back" if back else "reward.spent_by_market"
    why = Ref("distribution_line", line.id)
    await ledger.post(db, debit=giver, credit=taker, minor=line.minor - line.offset_minor, why=why, code=code)


async def settle_by_return(db: AsyncSession, unit_id: UUID, line: DistributionLine) -> None:
    """Money that is owed back came back by itself (退汇), and so settles the claim. What of the claim was repaid or set
    off before, its person has given twice: the unit owes it, as its book tells, until it is given back."""
    line.payout_id = None
    claim = await claiming.lock_claim_of_line(db, line.id)
    if claim is None:
        return
    book, why = await unit_book(db, unit_id), Ref("distribution_line", line.id)
    left, twice = claim.minor - claim.settled_minor, claim.settled_minor
    if left:
        code = "reward.claim_came_back"
        transfer = await ledger.post(db, debit=book.bank, credit=book.receivable, minor=left, why=why, code=code)
        reduce(claim, left)
        db.add(_entry(claim, left, transfer, None, await clock.market_now(db), line_id=line.id))
        journal.record(db, RewardRepaid(claim.id, is_settled=True), actor=None)
    if twice:
        await ledger.post(db, debit=book.bank, credit=book.payable, minor=twice, why=why, code="reward.given_twice")
        claim.given_twice_minor = twice
        journal.record(db, RewardGivenTwice(claim.id), actor=None)
    await db.flush()


async def take_repayment(tx: Tx, actor: Actor, claim_id: UUID, *, minor: int, evidence_sha256: str) -> ClaimView:
    """Somebody has paid back a reward, or part of it, and the unit shows the receipt."""
    async with tx.begin() as db:
        claim = await claiming.lock_claim(db, claim_id)
        if not policy.sees_money_of(actor, claim.unit_id):
            raise NotFound()
        require(actor, policy.TAKE_REPAYMENT, parties=[claim.unit_id])
        REWARD_CLAIM.move(claim.state, "take")
        left = claim.minor - claim.settled_minor
        if minor > left:
            raise errors.NothingToRepay(given=Money(minor), left=Money(left), pointer="/body/amount")
        await notices.require_kept(db, claim.unit_id, [evidence_sha256], pointer="/body/evidence_sha256")
        book = await unit_book(db, claim.unit_id)
        why = Ref("reward_claim", claim.id)
        transfer = await ledger.post(
            db, debit=book.bank, credit=book.receivable, minor=minor, why=why, code="reward.repaid"
        )
        reduce(claim, minor)
        db.add(_entry(claim, minor, transfer, actor, await clock.market_now(db), evidence_sha256=evidence_sha256))
        journal.record(db, RewardRepaid(claim.id, claim.state is ClaimState.SETTLED), actor=actor)
        await db.flush()
        return claim_view(claim)


async def give_back(tx: Tx, actor: Actor, claim_id: UUID, *, minor: int, evidence_sha256: str) -> ClaimView:
    """What somebody has given twice, because the money came back by itself too, the unit has paid out to him again."""
    async with tx.begin() as db:
        claim = await claiming.lock_claim(db, claim_id)
        if not policy.sees_money_of(actor, claim.unit_id):
            raise NotFound()
        require(actor, policy.GIVE_BACK, parties=[claim.unit_id])
        left = claim.given_twice_minor - claim.given_back_minor
        if minor > left:
            raise errors.NothingToGiveBack(given=Money(minor), left=Money(left), pointer="/body/amount")
        await notices.require_kept(db, claim.unit_id, [evidence_sha256], pointer="/body/evidence_sha256")
        book, why = await unit_book(db, claim.unit_id), Ref("reward_claim", claim.id)
        await ledger.post(db, debit=book.payable, credit=book.bank, minor=minor, why=why, code="reward.given_back")
        claim.given_back_minor += minor
        journal.record(db, RewardGivenBack(claim.id, evidence_sha256, is_whole=minor == left), actor=actor)
        await db.flush()
        return claim_view(claim)


async def list_claims(tx: Tx, actor: Actor, *, cursor: str | None, limit: int) -> Page[ClaimView]:
    """What is owed back to my unit, for its officers; to the market all of it; to everybody else his own."""
    require(actor, policy.SEE_CLAIMS)
    before = last_id(cursor)
    sees_all = actor.is_market and policy.sees_money_of(actor, None)
    sees_unit = policy.sees_money_of(actor, actor.org_id)
    async with tx.read() as db:
        rows = await claiming.list_claims(
            db,
            unit_id=actor.org_id if sees_unit and not sees_all else None,
            person_id=None if sees_all or sees_unit else actor.person,
            before=before,
            limit=limit + 1,
        )
        return page_of(rows, limit, lambda row: (str(row.id),)).map(claim_view)


def claim_view(claim: RewardClaim) -> ClaimView:
    return ClaimView(
        claim.id,
        claim.unit_id,
        claim.person_id,
        claim.group,
        claim.distribution_line_id,
        Money(claim.minor),
        Money(claim.settled_minor),
        claim.state,
        claim.cause,
        claim.created_at,
        Money(claim.given_twice_minor),
        Money(claim.given_back_minor),
    )


def _entry(
    claim: RewardClaim,
    minor: int,
    transfer: UUID,
    actor: Actor | None,
    now: datetime,
    *,
    line_id: UUID | None = None,
    evidence_sha256: str | None = None,
) -> RewardClaimEntry:
    return RewardClaimEntry(
        id=new_id(),
        reward_claim_id=claim.id,
        minor=minor,
        distribution_line_id=line_id,
        evidence_sha256=evidence_sha256,
        transfer_id=transfer,
        by_person_id=actor.person_id if actor else None,
        at=now,
    )
