"""Every query of the ledger."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, any_, case, func, literal, or_, select, text, tuple_, update
from sqlalchemy import insert as plain_insert
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.kernel.ids import new_id
from techmarket.kernel.refusals import NotFound
from techmarket.ledger.lifecycle import HoldState
from techmarket.ledger.rules import Holding, Posting, Purpose, Standing
from techmarket.ledger.tables import Account, Hold, Transfer

_IDS = ARRAY(Uuid())
_STANDING = (Account.id, Account.book, Account.purpose, Account.balance_minor, Account.pending_minor)


async def find_account(
    db: AsyncSession, *, book: str, owner: UUID | None, purpose: Purpose, subject: str | None
) -> UUID | None:
    query = select(Account.id).where(
        Account.book == book,
        Account.purpose == purpose,
        Account.owner.is_not_distinct_from(owner),
        Account.subject.is_not_distinct_from(subject),
    )
    return (await db.execute(query)).scalar_one_or_none()


async def open_account(
    db: AsyncSession, *, book: str, owner: UUID | None, purpose: Purpose, subject: str | None
) -> None:
    await db.execute(
        insert(Account)
        .values(id=new_id(), book=book, owner=owner, purpose=purpose, subject=subject)
        .on_conflict_do_nothing(constraint="uq_account_name")
    )


async def lock_accounts(db: AsyncSession, ids: Collection[UUID]) -> dict[UUID, Standing]:
    """Locked in the order of their ids, so that two writers never wait for each other.

    Not the key: a row that only names the account, such as a hold's target, need not wait.
    """
    query = select(*_STANDING).where(Account.id.in_(set(ids))).order_by(Account.id).with_for_update(key_share=True)
    found = {row.id: Standing(*row) for row in await db.execute(query)}
    if len(found) != len(set(ids)):
        raise NotFound()
    return found


async def get_standing(db: AsyncSession, account_id: UUID) -> Standing:
    row = (await db.execute(select(*_STANDING).where(Account.id == account_id))).one_or_none()
    if row is None:
        raise NotFound()
    return Standing(*row)


async def get_account(db: AsyncSession, account_id: UUID) -> Account:
    row = (await db.execute(select(Account).where(Account.id == account_id))).scalar_one_or_none()
    if row is None:
        raise NotFound()
    return row


async def add_transfers(
    db: AsyncSession,
    standings: Mapping[UUID, Standing],
    postings: Sequence[Posting],
    *,
    hold_id: UUID | None = None,
    reverses: Sequence[UUID] | None = None,
) -> list[UUID]:
    """The ids of the new transfers; with `reverses`, each is the mirror of the one in its place."""
    ids = [new_id() for _ in postings]
    mirrors: Sequence[UUID | None] = reverses or [None] * len(ids)
    rows = [
        {
            "id": id,
            "book": standings[posting.debit].book,
            "debit_account": posting.debit,
            "credit_account": posting.credit,
            "minor": posting.minor,
            "why": str(posting.why),
            "code": posting.code,
            "hold_id": hold_id,
            "reverses": mirrored,
        }
        for id, posting, mirrored in zip(ids, postings, mirrors, strict=True)
    ]
    await db.execute(plain_insert(Transfer), rows)
    return ids


async def add_holds(db: AsyncSession, standings: Mapping[UUID, Standing], holdings: Sequence[Holding]) -> list[UUID]:
    ids = [new_id() for _ in holdings]
    rows = [
        {
            "id": id,
            "book": standings[holding.source].book,
            "source_account": holding.source,
            "target_account": holding.target,
            "minor": holding.minor,
            "state": HoldState.PENDING,
            "why": str(holding.why),
        }
        for id, holding in zip(ids, holdings, strict=True)
    ]
    await db.execute(plain_insert(Hold), rows)
    return ids


async def lock_hold(db: AsyncSession, hold_id: UUID) -> Any:
    return (await lock_holds(db, [hold_id]))[0]


async def lock_holds(db: AsyncSession, hold_ids: Collection[UUID]) -> Sequence[Any]:
    """Locked in the order of their ids."""
    query = (
        select(Hold.id, Hold.book, Hold.source_account, Hold.target_account, Hold.minor, Hold.state, Hold.why)
        .where(Hold.id == any_(literal(list(hold_ids), _IDS)))
        .order_by(Hold.id)
        .with_for_update()
    )
    return _all_of((await db.execute(query)).all(), hold_ids)


async def get_hold(db: AsyncSession, hold_id: UUID) -> Any:
    query = select(Hold.id, Hold.source_account, Hold.target_account, Hold.minor, Hold.state).where(Hold.id == hold_id)
    row = (await db.execute(query)).one_or_none()
    if row is None:
        raise NotFound()
    return row


async def set_hold_state(db: AsyncSession, hold_id: UUID, state: HoldState) -> None:
    await set_hold_states(db, [hold_id], state)


async def set_hold_states(db: AsyncSession, hold_ids: Collection[UUID], state: HoldState) -> None:
    change = update(Hold).where(Hold.id == any_(literal(list(hold_ids), _IDS))).values(state=state)
    await db.execute(change.execution_options(synchronize_session=False))


async def lock_transfers(db: AsyncSession, transfer_ids: Collection[UUID]) -> Sequence[Any]:
    """Locked in the order of their ids."""
    query = (
        select(Transfer.id, Transfer.debit_account, Transfer.credit_account, Transfer.minor, Transfer.code)
        .where(Transfer.id == any_(literal(list(transfer_ids), _IDS)))
        .order_by(Transfer.id)
        .with_for_update()
    )
    return _all_of((await db.execute(query)).all(), transfer_ids)


async def are_reversed(db: AsyncSession, transfer_ids: Collection[UUID]) -> bool:
    """Whether any of them is."""
    query = select(Transfer.id).where(Transfer.reverses == any_(literal(list(transfer_ids), _IDS))).limit(1)
    return (await db.execute(query)).first() is not None


def _all_of(rows: Sequence[Any], wanted: Collection[UUID]) -> Sequence[Any]:
    if len(rows) != len(wanted):
        raise NotFound()
    return rows


async def list_accounts(
    db: AsyncSession,
    *,
    book: str | None,
    purpose: Purpose | None,
    org_id: UUID | None,
    after: UUID | None,
    limit: int | None,
) -> Sequence[Account]:
    query = select(Account).order_by(Account.id).execution_options(populate_existing=True)
    if limit is not None:
        query = query.limit(limit)
    if org_id is not None:
        query = query.where(or_(Account.owner == org_id, Account.book == f"unit:{org_id}"))
    if book is not None:
        query = query.where(Account.book == book)
    if purpose is not None:
        query = query.where(Account.purpose == purpose)
    if after is not None:
        query = query.where(Account.id > after)
    return (await db.execute(query)).scalars().all()


async def list_transfers(db: AsyncSession, account_id: UUID, *, before: int | None, limit: int) -> Sequence[Transfer]:
    query = (
        select(Transfer)
        .where(or_(Transfer.debit_account == account_id, Transfer.credit_account == account_id))
        .order_by(Transfer.seq.desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(Transfer.seq < before)
    return (await db.execute(query)).scalars().all()


def _signed(accounts: Collection[UUID]) -> Any:
    return case((Transfer.credit_account.in_(accounts), Transfer.minor), else_=-Transfer.minor)


def _either(accounts: Collection[UUID]) -> Any:
    """Said as well, so that the indexes of both sides serve."""
    return or_(Transfer.debit_account.in_(accounts), Transfer.credit_account.in_(accounts))


def _touches(accounts: Collection[UUID]) -> Any:
    """What moves between two of these accounts is no movement of all of them together."""
    return Transfer.debit_account.in_(accounts) != Transfer.credit_account.in_(accounts)


async def accounts_of(db: AsyncSession, book: str, owner: UUID) -> list[UUID]:
    """The accounts that a book keeps for an organisation."""
    query = select(Account.id).where(Account.book == book, Account.owner == owner).order_by(Account.id)
    return list((await db.execute(query)).scalars())


async def sums_of_period(
    db: AsyncSession, accounts: Collection[UUID], begin: datetime, end: datetime
) -> tuple[int, int, int]:
    """(held before, came in, went out) of accounts between two instants, the second not included, in fen."""
    minor, within = _signed(accounts), Transfer.at >= begin
    query = select(
        func.coalesce(func.sum(minor).filter(Transfer.at < begin), 0),
        func.coalesce(func.sum(minor).filter(within, minor > 0), 0),
        func.coalesce(func.sum(-minor).filter(within, minor < 0), 0),
    ).where(_either(accounts), _touches(accounts), Transfer.at < end)
    before, came, went = (await db.execute(query)).one()
    return int(before), int(came), int(went)


async def lines_of_period(
    db: AsyncSession,
    accounts: Collection[UUID],
    begin: datetime,
    end: datetime,
    *,
    after: tuple[datetime, int] | None,
    limit: int,
) -> Sequence[Any]:
    """The movements of a period in the order of their time, each with the sum of the period up to it."""
    order = (Transfer.at, Transfer.seq)
    moved = (
        select(
            Transfer.seq,
            Transfer.at,
            Transfer.why,
            Transfer.code,
            _signed(accounts).label("minor"),
            func.sum(_signed(accounts)).over(order_by=order).label("so_far"),
        )
        .where(_either(accounts), _touches(accounts), Transfer.at >= begin, Transfer.at < end)
        .subquery()
    )
    query = select(moved).order_by(moved.c.at, moved.c.seq).limit(limit)
    if after is not None:
        query = query.where(tuple_(moved.c.at, moved.c.seq) > after)
    return (await db.execute(query)).all()


async def list_book(db: AsyncSession, book: str, *, after: int, limit: int) -> Sequence[Any]:
    """The transfers of a book from its beginning on, a page at a time."""
    columns = (
        Transfer.seq,
        Transfer.id,
        Transfer.at,
        Transfer.debit_account,
        Transfer.credit_account,
        Transfer.minor,
        Transfer.why,
        Transfer.code,
    )
    query = select(*columns).where(Transfer.book == book, Transfer.seq > after).order_by(Transfer.seq).limit(limit)
    return (await db.execute(query)).all()


async def days_of_book(db: AsyncSession, book: str) -> tuple[datetime, datetime] | None:
    """When the first and the last transfer of a book were made."""
    query = select(func.min(Transfer.at), func.max(Transfer.at)).where(Transfer.book == book)
    first, last = (await db.execute(query)).one()
    return None if first is None else (first, last)


async def check_books(db: AsyncSession, book: str | None) -> Sequence[Any]:
    """Each book's accounts, their sum, and the accounts whose kept figures disagree with transfers and holds."""
    return (
        await db.execute(
            text(
                "WITH moved AS (SELECT id, sum(minor) AS minor FROM ("
                "   SELECT credit_account AS id, minor FROM transfer"
                "   UNION ALL SELECT debit_account, -minor FROM transfer) AS legs GROUP BY id),"
                " held AS (SELECT source_account AS id, sum(minor) AS minor FROM hold"
                "   WHERE state = 'PENDING' GROUP BY 1)"
                " SELECT a.book, count(*) AS accounts, sum(a.balance_minor) AS total,"
                "   coalesce(array_agg(a.id ORDER BY a.id) FILTER (WHERE a.balance_minor <> coalesce(m.minor, 0)"
                "     OR a.pending_minor <> coalesce(h.minor, 0)), '{}') AS wrong"
                " FROM account a LEFT JOIN moved m USING (id) LEFT JOIN held h USING (id)"
                " WHERE cast(:book as text) IS NULL OR a.book = :book GROUP BY a.book ORDER BY a.book"
            ),
            {"book": book},
        )
    ).all()


async def credited(db: AsyncSession, why: str, code: str) -> dict[UUID, int]:
    query = (
        select(Transfer.credit_account, func.sum(Transfer.minor))
        .where(Transfer.why == why, Transfer.code == code)
        .group_by(Transfer.credit_account)
    )
    return {row[0]: int(row[1]) for row in (await db.execute(query)).all()}
