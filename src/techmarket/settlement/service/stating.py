"""The bank's statement against what the market knows: money that came is entered, payouts that left are confirmed."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import clock, journal
from techmarket.db.locks import lock_name
from techmarket.db.session import Tx
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.kernel.ids import Ref, new_id
from techmarket.kernel.money import Money
from techmarket.kernel.paging import Page, decode_cursor, last_id, page_of
from techmarket.kernel.periods import SHANGHAI, shanghai_day
from techmarket.ledger import steps as ledger
from techmarket.settlement import errors, policy, repository, rules, steps
from techmarket.settlement.events import EntryExplained, StatementUploaded
from techmarket.settlement.lifecycle import STATEMENT_ENTRY, EntryState, PayoutState
from techmarket.settlement.repository import guards
from techmarket.settlement.repository import statements as kept
from techmarket.settlement.rules import Act, BankMessage, Finding
from techmarket.settlement.service.acting import ask_second
from techmarket.settlement.service.entering import enter, new_line, tolerance
from techmarket.settlement.statements import Entry, Said, read_statement
from techmarket.settlement.steps.own import require_own
from techmarket.settlement.tables import BankLine, BankStatement, Due, Payout, StatementEntry
from techmarket.settlement.views import EntryView, MoneyActView, StatementView

STATEMENTS = "settlement.statements"
"""Who uploads a statement or closes a day waits for whoever does: both look at the whole line of statements."""


@dataclass(frozen=True, slots=True)
class _Found:
    """What an entry is, found and locked before any money moves."""

    finding: Finding
    line: BankLine | None = None
    payout: Payout | None = None


async def upload_statement(tx: Tx, actor: Actor, raw: bytes, media: str) -> StatementView | MoneyActView:
    """A statement of the market's bank; it follows the one before, and all of it is taken or nothing.

    The same file again gives the first answer and has no second effect. Nobody signs such a file: where it would move
    more than the market's limit, money that no message of the bank has told of, a second person uploads the same bytes.
    """
    require(actor, policy.UPLOAD_STATEMENT)
    said, digest = read_statement(raw, media), hashlib.sha256(raw).digest()
    async with tx.begin() as db:
        await lock_name(db, STATEMENTS)
        known = await kept.find_statement(db, said.number)
        if known is not None:
            if known.sha256 != digest:
                raise errors.StatementDiffers(number=said.number)
            return await statement_view(db, known)
        declared = await guards.find_account(db)
        if declared is None or declared.account != said.account:
            raise errors.AccountUnknown(pointer="/body")
        before = await kept.last_statement(db)
        _require_following(said, before)
        today = shanghai_day(await clock.market_now(db))
        if said.last_day > today:
            raise errors.StatementFromTheFuture(last_day=said.last_day, today=today, pointer="/body")
        stated = await kept.stated_before(db, {entry.reference for entry in said.entries})
        for entry in said.entries:
            if entry.reference in stated:
                raise errors.EntryStatedBefore(n=entry.n, bank_reference=entry.reference, pointer="/body")
        waiting = await _ask_second(db, actor, said, digest)
        if waiting is not None:
            return waiting
        statement = BankStatement(
            id=new_id(),
            number=said.number,
            account=said.account,
            sha256=digest,
            follows=before.id if before else None,
            first_day=said.first_day,
            last_day=said.last_day,
            opening_minor=said.opening_minor,
            closing_minor=said.closing_minor,
            uploaded_by=actor.person,
        )
        db.add(statement)
        await db.flush()
        found, dues, came_back = await _look_up_all(db, said)
        await _enter_all(db, said, found, dues, actor)
        db.add_all(_row(statement.id, entry, found[entry.n], came_back) for entry in said.entries)
        journal.record(db, StatementUploaded(statement.id, len(said.entries)), actor=actor)
        await db.flush()
        return await statement_view(db, statement)


async def _ask_second(db: AsyncSession, actor: Actor, said: Said, digest: bytes) -> MoneyActView | None:
    told = await kept.told_before(db, {entry.reference for entry in said.entries if entry.is_credit})
    ours = {payout_id for entry in said.entries if (payout_id := _as_id(entry.ours)) is not None}
    out = await kept.not_confirmed(db, ours)
    moves = sum(
        entry.minor
        for entry in said.entries
        if (entry.reference not in told if entry.is_credit else _as_id(entry.ours) in out)
    )
    return await ask_second(
        db,
        actor,
        Act.UPLOAD_STATEMENT,
        Ref("statement_file", UUID(bytes=digest[:16])),
        minor=sum(entry.minor for entry in said.entries),
        content={"number": said.number, "sha256": digest.hex()},
        moves_minor=moves,
    )


def _require_following(said: Said, before: BankStatement | None) -> None:
    """The balance goes on where the last statement ended; the first opens with an empty account."""
    if before is None:
        if said.opening_minor != 0:
            raise errors.FirstStatementNotEmpty()
        return
    if said.opening_minor != before.closing_minor or said.first_day <= before.last_day:
        raise errors.StatementGap(last_day=before.last_day, balance=Money(before.closing_minor))


async def _look_up_all(db: AsyncSession, said: Said) -> tuple[dict[int, _Found], dict[str, Due], set[UUID]]:
    """What each entry is, the dues that money of it may pay, and the payouts that came back.

    Everything is locked in the order that all keep: lines before dues, as a message of the bank does; dues before
    payouts, as a refund does; accounts after them.
    """
    told_ids = {payout_id for entry in said.entries if (payout_id := _as_id(entry.ours)) is not None}
    of_payouts = await kept.payouts_named(db, told_ids)
    found: dict[int, _Found] = {}
    for entry in said.entries:
        if entry.is_credit and _as_id(entry.ours) not in of_payouts:
            found[entry.n] = await _look_up_line(db, entry)
    tolerated = await tolerance(db)
    taken = [entry for entry in said.entries if entry.n in found and found[entry.n].finding is Finding.TAKEN]
    dues = await kept.lock_dues_by_reference(db, {rules.reference_in(entry.ours, tolerated) for entry in taken})
    for payout_id in sorted(of_payouts):
        await repository.lock_payout(db, payout_id)
    named: set[UUID] = set()
    came_back: set[UUID] = set()
    # What left before what came back, in whichever order the bank has written them.
    for entry in sorted(said.entries, key=lambda one: one.is_credit):
        if entry.n in found:
            continue
        one = found[entry.n] = await _look_up(db, entry, named, came_back)
        if one.payout is not None:
            (came_back if entry.is_credit else named).add(one.payout.id)
    return found, dues, came_back


async def _look_up_line(db: AsyncSession, entry: Entry) -> _Found:
    line = await new_line(db, _message_of(entry), _digest_of(entry))
    if line is not None:
        return _Found(Finding.TAKEN, line=line)
    known = await repository.line_by_message(db, entry.reference)
    if known.minor != entry.minor:
        raise _contradiction(entry, known.minor)
    return _Found(Finding.KNOWN, line=known)


async def _look_up(db: AsyncSession, entry: Entry, named: Collection[UUID], came_back: Collection[UUID]) -> _Found:
    """What an entry is that names a payout of ours, or money that left."""
    if entry.is_credit:
        return await _came_back(db, entry, named, came_back) or await _look_up_line(db, entry)
    payout = await kept.lock_payout_told(db, _as_id(entry.ours), entry.reference, entry.minor)
    if payout is None:
        return _Found(Finding.UNEXPLAINED)
    if payout.minor != entry.minor:
        raise _contradiction(entry, payout.minor)
    if payout.id in named or await kept.is_stated(db, payout.id):
        return _Found(Finding.UNEXPLAINED)
    return _Found(Finding.RETURNED if payout.state is PayoutState.FAILED else Finding.PAYOUT, payout=payout)


async def _came_back(
    db: AsyncSession, entry: Entry, named: Collection[UUID], came_back: Collection[UUID]
) -> _Found | None:
    """Money that comes in under the id of a payout of ours is that payout come back, once, and only if it had left."""
    payout_id = _as_id(entry.ours)
    payout = await kept.lock_payout_told(db, payout_id, None, entry.minor) if payout_id is not None else None
    if payout is None or payout.id != payout_id or payout.minor != entry.minor or payout.id in came_back:
        return None
    debit = await kept.lock_debit_of(db, payout.id)
    if debit is None:
        return _Found(Finding.RETURNED, payout=payout) if payout.id in named else None
    if debit.state is EntryState.OPEN:
        debit.state = STATEMENT_ENTRY.move(debit.state, "know")
    elif payout.state is not PayoutState.CONFIRMED:  # it has come back before, or the market bore it as a loss
        return None
    return _Found(Finding.RETURNED, payout=payout)


def _contradiction(entry: Entry, known_minor: int) -> errors.StatementContradicts:
    return errors.StatementContradicts(
        n=entry.n, bank_reference=entry.reference, stated=Money(entry.minor), known=Money(known_minor), pointer="/body"
    )


async def _enter_all(
    db: AsyncSession, said: Said, found: Mapping[int, _Found], dues: Mapping[str, Due], actor: Actor
) -> None:
    """Money moves only now, when everything it may touch is locked."""
    taken = [(entry, one.line) for entry in said.entries if (one := found[entry.n]).finding is Finding.TAKEN]
    tolerated = await tolerance(db)
    wanted = {entry.n: rules.reference_in(entry.ours, tolerated) for entry, _ in taken}
    payouts = [one.payout for one in found.values() if one.payout is not None]
    await _lock_accounts(db, list(dues.values()), payouts)
    for entry, line in taken:
        assert line is not None
        await enter(db, line, _message_of(entry), dues.get(wanted[entry.n]), actor, tolerated=tolerated)
    for entry in sorted(said.entries, key=lambda one: one.is_credit):
        one = found[entry.n]
        if one.payout is None:
            continue
        if one.finding is Finding.PAYOUT and one.payout.state is not PayoutState.CONFIRMED:
            await steps.confirm_payout(db, one.payout.id, actor=actor, bank_reference=entry.reference)
        elif entry.is_credit and one.payout.state is PayoutState.CONFIRMED:
            await steps.return_payout(db, one.payout.id, actor=actor)


async def _lock_accounts(db: AsyncSession, dues: Sequence[Due], payouts: Sequence[Payout]) -> None:
    """Every account that others may hold, in the one order, before the first move; what waits apart is ours alone."""
    purposes = (ledger.Purpose.BANK, ledger.Purpose.FEES, ledger.Purpose.EXPENSE)
    accounts = [await ledger.account(db, purpose=purpose) for purpose in purposes]
    accounts += [await steps.escrow_of(db, due.payer_org) for due in dues]
    accounts += [await steps.due_escrow(db, due) for due in dues if due.payee_org is not None]
    accounts += [(await ledger.get_hold(db, payout.hold_id)).source for payout in payouts if payout.hold_id is not None]
    await ledger.lock(db, set(accounts))


def _row(statement_id: UUID, entry: Entry, found: _Found, came_back: Collection[UUID]) -> StatementEntry:
    state = STATEMENT_ENTRY.initial
    # The bank paid what was entered as failed: nobody knows where that money is until it stands here as come back.
    is_out = found.finding is Finding.RETURNED and not entry.is_credit
    if found.finding is not Finding.UNEXPLAINED and not (is_out and found.payout and found.payout.id not in came_back):
        state = STATEMENT_ENTRY.move(state, "know")
    return StatementEntry(
        statement_id=statement_id,
        n=entry.n,
        is_credit=entry.is_credit,
        minor=entry.minor,
        booked_on=entry.booked_on,
        bank_reference=entry.reference,
        finding=found.finding,
        state=state,
        bank_line_id=found.line.id if found.line else None,
        # The debit holds the payout; the credit that brings it back tells by its finding.
        payout_id=found.payout.id if found.payout and not entry.is_credit else None,
    )


def _message_of(entry: Entry) -> BankMessage:
    booked = datetime.combine(entry.booked_on, time(), SHANGHAI).astimezone(UTC)
    return BankMessage(entry.reference, entry.account, entry.name, entry.minor, entry.ours[:100], booked)


def _digest_of(entry: Entry) -> bytes:
    return hashlib.sha256(rules.write_message(_message_of(entry))).digest()


def _as_id(written: str) -> UUID | None:
    try:
        return UUID(written.strip())
    except ValueError:
        return None


async def explain_as_charge(tx: Tx, actor: Actor, statement_id: UUID, n: int) -> EntryView | MoneyActView:
    """Money that left for no payout of ours was a charge of the bank (银行手续费): the market's own expense.

    So is what was paid although its payout had been entered as failed, where it does not come back: the market bears
    its mistake. Above the market's limit two people say so.
    """
    require(actor, policy.EXPLAIN_ENTRY)
    async with tx.begin() as db:
        entry = await kept.lock_entry(db, statement_id, n)
        if entry.state is not EntryState.OPEN or entry.is_void:
            raise errors.NothingToExplain()
        await require_own(db, entry.minor)
        waiting = await ask_second(
            db,
            actor,
            Act.EXPLAIN_CHARGE,
            Ref("bank_statement", statement_id),
            minor=entry.minor,
            content={"n": n, "bank_reference": entry.bank_reference},
        )
        if waiting is not None:
            return waiting
        entry.state = STATEMENT_ENTRY.move(entry.state, "explain")
        expense = await ledger.account(db, purpose=ledger.Purpose.EXPENSE)
        bank = await ledger.account(db, purpose=ledger.Purpose.BANK)
        why = Ref("bank_statement", statement_id)
        await ledger.post(db, debit=expense, credit=bank, minor=entry.minor, why=why, code="bank.charge")
        journal.record(db, EntryExplained(statement_id, n), actor=actor)
        await db.flush()
        return _entry_view(entry)


async def list_statements(tx: Tx, actor: Actor, *, cursor: str | None, limit: int) -> Page[StatementView]:
    """The statements, the newest first."""
    require(actor, policy.SEE_STATEMENTS)
    async with tx.read() as db:
        rows = await kept.list_statements(db, before=last_id(cursor), limit=limit + 1)
        page = page_of(rows, limit, lambda row: (str(row.id),))
        return Page([await statement_view(db, row) for row in page.items], page.next_cursor)


async def list_entries(
    tx: Tx, actor: Actor, statement_id: UUID, *, state: EntryState | None, cursor: str | None, limit: int
) -> Page[EntryView]:
    """The bookings of a statement in its order; the open ones wait for a person."""
    require(actor, policy.SEE_STATEMENTS)
    after = decode_cursor(cursor, int)[0] if cursor is not None else 0
    async with tx.read() as db:
        await kept.get_statement(db, statement_id)
        rows = await kept.list_entries(db, statement_id, state=state, after=after, limit=limit + 1)
        return page_of(rows, limit, lambda row: (row.n,)).map(_entry_view)


def _entry_view(row: StatementEntry) -> EntryView:
    return EntryView(
        row.n,
        "CREDIT" if row.is_credit else "DEBIT",
        Money(row.minor),
        row.booked_on,
        row.bank_reference,
        row.finding,
        row.state,
        row.bank_line_id,
        row.payout_id,
    )


async def statement_view(db: AsyncSession, row: BankStatement) -> StatementView:
    counts = await kept.count_entries(db, row.id)
    found = {finding: sum(n for (one, _), n in counts.items() if one is finding) for finding in Finding}
    return StatementView(
        row.id,
        row.number,
        row.account,
        row.first_day,
        row.last_day,
        Money(row.opening_minor),
        Money(row.closing_minor),
        sum(counts.values()),
        found[Finding.TAKEN],
        found[Finding.KNOWN],
        found[Finding.PAYOUT],
        found[Finding.UNEXPLAINED],
        sum(n for (_, state), n in counts.items() if state is EntryState.OPEN),
        row.at,
        row.voided_at,
    )
