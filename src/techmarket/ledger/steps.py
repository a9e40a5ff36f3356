"""What later rooms may do in the ledger inside their own transaction. Lock your own row first, then call."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.kernel.ids import Ref
from techmarket.kernel.money import Money
from techmarket.ledger import errors, repository, rules
from techmarket.ledger.lifecycle import HOLD, HoldState
from techmarket.ledger.rules import MARKET_BOOK, Holding, Posting, Purpose, book_of_unit
from techmarket.ledger.views import AccountView, BookCheck

__all__ = [
    "MARKET_BOOK",
    "HoldFacts",
    "HoldState",
    "Holding",
    "Posting",
    "Purpose",
    "account",
    "available",
    "balance",
    "balance_sheet",
    "book_of_unit",
    "check_books",
    "credited",
    "get_hold",
    "hold",
    "hold_many",
    "is_balanced",
    "lock",
    "post",
    "post_hold",
    "post_many",
    "reverse",
    "reverse_many",
    "void_hold",
    "void_holds",
]


@dataclass(frozen=True, slots=True)
class HoldFacts:
    id: UUID
    source: UUID
    target: UUID
    minor: int
    state: HoldState


async def account(
    db: AsyncSession,
    *,
    purpose: Purpose,
    book: str = MARKET_BOOK,
    owner: UUID | None = None,
    subject: Ref | None = None,
) -> UUID:
    """The account of this name, opened when it is first asked for."""
    name = str(subject) if subject else None
    found = await repository.find_account(db, book=book, owner=owner, purpose=purpose, subject=name)
    if found is None:
        await repository.open_account(db, book=book, owner=owner, purpose=purpose, subject=name)
        found = await repository.find_account(db, book=book, owner=owner, purpose=purpose, subject=name)
    assert found is not None
    return found


async def lock(db: AsyncSession, account_ids: Collection[UUID]) -> None:
    """Lock all accounts that a use case will touch, in one order for everybody; only then can no two acts deadlock.

    One `post` or `hold` locks by itself. Call this first when an act posts more than once.
    """
    await repository.lock_accounts(db, account_ids)


async def post(db: AsyncSession, *, debit: UUID, credit: UUID, minor: int, why: Ref, code: str) -> UUID:
    """Move money from the debited to the credited account; refuses `ledger.insufficient`."""
    return (await post_many(db, [Posting(debit, credit, minor, why, code)]))[0]


async def post_many(db: AsyncSession, postings: Sequence[Posting]) -> list[UUID]:
    """Several transfers as one: all accounts locked first, all or none made."""
    if not postings:
        return []
    standings = await repository.lock_accounts(db, {id for p in postings for id in (p.debit, p.credit)})
    rules.judge(standings, postings)
    return await repository.add_transfers(db, standings, postings)


async def hold(db: AsyncSession, *, source: UUID, target: UUID, minor: int, why: Ref) -> UUID:
    """Set money of the source aside for the target: it stays in its balance and is no longer available."""
    return (await hold_many(db, [Holding(source, target, minor, why)]))[0]


async def hold_many(db: AsyncSession, holdings: Sequence[Holding]) -> list[UUID]:
    if not holdings:
        return []
    targets = {h.target for h in holdings} - {h.source for h in holdings}
    standings = await repository.lock_accounts(db, {h.source for h in holdings})
    standings |= {target: await repository.get_standing(db, target) for target in sorted(targets)}
    rules.judge_holds(standings, holdings)
    return await repository.add_holds(db, standings, holdings)


async def post_hold(
    db: AsyncSession, hold_id: UUID, *, minor: int | None = None, credit: UUID | None = None, code: str = "hold.posted"
) -> UUID:
    """Pay out of a hold: all of it to its target, or less, or to another account of the book. The rest is freed."""
    held = await repository.lock_hold(db, hold_id)
    state = HOLD.move(held.state, "post")
    amount = held.minor if minor is None else minor
    rules.require_amount(amount)
    if amount > held.minor:
        raise errors.HoldTooSmall(held=Money(held.minor), wanted=Money(amount))
    posting = Posting(held.source_account, credit or held.target_account, amount, Ref.parse(held.why), code)
    # Both accounts in their order first: ending the hold touches the source alone. Read again after it is freed.
    await repository.lock_accounts(db, {posting.debit, posting.credit})
    await repository.set_hold_state(db, hold_id, state)
    standings = await repository.lock_accounts(db, {posting.debit, posting.credit})
    rules.judge(standings, [posting])
    return (await repository.add_transfers(db, standings, [posting], hold_id=hold_id))[0]


async def void_hold(db: AsyncSession, hold_id: UUID) -> None:
    """Free what was held; it is available again."""
    await void_holds(db, [hold_id])


async def void_holds(db: AsyncSession, hold_ids: Collection[UUID]) -> None:
    """Several holds freed as one: all or none."""
    if not hold_ids:
        return
    held = await repository.lock_holds(db, hold_ids)
    (state,) = {HOLD.move(one.state, "void") for one in held}
    await repository.lock_accounts(db, {one.source_account for one in held})
    await repository.set_hold_states(db, hold_ids, state)


async def get_hold(db: AsyncSession, hold_id: UUID) -> HoldFacts:
    row = await repository.get_hold(db, hold_id)
    return HoldFacts(row.id, row.source_account, row.target_account, row.minor, row.state)


async def balance(db: AsyncSession, account_id: UUID) -> int:
    """Credits minus debits."""
    return (await repository.get_standing(db, account_id)).balance_minor


async def available(db: AsyncSession, account_id: UUID) -> int:
    """The balance less what is held."""
    return (await repository.get_standing(db, account_id)).available_minor


async def credited(db: AsyncSession, *, why: Ref, code: str) -> dict[UUID, int]:
    """What each account was credited with for one reason under one code."""
    return await repository.credited(db, str(why), code)


async def reverse(db: AsyncSession, transfer_id: UUID, why: Ref) -> UUID:
    """Undo a transfer by its mirror; both stay. It is reversed once, and only while the money is still there."""
    return (await reverse_many(db, {transfer_id: why}))[0]


async def reverse_many(db: AsyncSession, transfers: Mapping[UUID, Ref]) -> list[UUID]:
    """Several transfers undone as one, each for its own reason."""
    if not transfers:
        return []
    made = await repository.lock_transfers(db, transfers)
    if await repository.are_reversed(db, transfers):
        raise errors.ReversedAlready()
    postings = [Posting(one.credit_account, one.debit_account, one.minor, transfers[one.id], one.code) for one in made]
    standings = await repository.lock_accounts(db, {id for p in postings for id in (p.debit, p.credit)})
    rules.judge(standings, postings)
    return await repository.add_transfers(db, standings, postings, reverses=[one.id for one in made])


async def balance_sheet(
    db: AsyncSession, book: str = MARKET_BOOK, *, purpose: Purpose | None = None
) -> list[AccountView]:
    """Every account of a book, or those of one purpose, with what it holds."""
    rows = await repository.list_accounts(db, book=book, purpose=purpose, org_id=None, after=None, limit=None)
    return [
        AccountView(
            row.id,
            row.book,
            row.owner,
            row.purpose,
            row.subject,
            Money(row.balance_minor),
            Money(row.pending_minor),
            Money(row.balance_minor - row.pending_minor),
        )
        for row in rows
    ]


async def check_books(db: AsyncSession, book: str | None = None) -> list[BookCheck]:
    """Whether each book sums to nought and each account agrees with its transfers and holds."""
    rows = await repository.check_books(db, book)
    return [BookCheck(row.book, row.accounts, Money(int(row.total)), tuple(row.wrong)) for row in rows]


async def is_balanced(db: AsyncSession, book: str = MARKET_BOOK) -> bool:
    """A book without accounts balances."""
    return all(check.is_balanced for check in await check_books(db, book))
