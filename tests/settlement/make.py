"""Makers of dues and of the bank's messages."""

from __future__ import annotations

import itertools
import time
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

from techmarket.db.keys import Keys
from techmarket.db.session import Tx
from techmarket.identity import steps as identity
from techmarket.identity.actor import Actor, Role
from techmarket.kernel.ids import Ref, new_id
from techmarket.ledger import steps as ledger
from techmarket.settlement import rules, service, steps
from techmarket.settlement.rules import BankMessage, Purpose
from techmarket.settlement.steps import DueFacts
from techmarket.settlement.views import BankLineView
from tests.identity.make import a_member

_numbers = itertools.count(1)


async def a_due(
    tx: Tx,
    *,
    payer: UUID,
    payee: UUID | None = None,
    minor: int = 15_000_000,
    purpose: Purpose | None = None,
    subject: Ref | None = None,
    due_on: date = date(2100, 1, 1),
) -> DueFacts:
    """A deposit, or with a payee a price."""
    async with tx.begin() as db:
        return await steps.raise_due(
            db,
            payer=payer,
            payee=payee,
            minor=minor,
            due_on=due_on,
            subject=subject or Ref("sample", new_id()),
            purpose=purpose or (Purpose.PRICE if payee else Purpose.DEPOSIT),
            actor=None,
        )


async def a_message(tx: Tx, due: DueFacts, **changes: object) -> BankMessage:
    """The message the bank sends when the due is paid exactly as asked."""
    async with tx.read() as db:
        payer = await identity.get_organisation(db, due.payer_org)
    facts = {
        "message_id": f"SAMPLE-{next(_numbers)}",
        "payer_account": "6222000000000000",
        "payer_name": payer.name,
        "minor": due.minor,
        "reference": due.reference,
        "booked_at": datetime(2026, 3, 2, 9, tzinfo=UTC),
    }
    return BankMessage(**(facts | changes))


async def from_the_bank(tx: Tx, keys: Keys, message: BankMessage) -> BankLineView:
    """The bank sends a message, signed now."""
    raw, timestamp = rules.write_message(message), str(int(time.time()))
    signature = rules.sign_message(keys.bank_secret, timestamp, raw)
    return await service.receive_bank_message(tx, keys, raw, signature, timestamp)


async def a_paid_due(tx: Tx, keys: Keys, **wanted: object) -> DueFacts:
    due = await a_due(tx, **wanted)
    await from_the_bank(tx, keys, await a_message(tx, due))
    async with tx.read() as db:
        return await steps.get_due(db, due.id)


async def sheet(tx: Tx, book: str = "market") -> dict[str, int]:
    """What the accounts of each purpose hold together, without the empty ones; the book always balances."""
    async with tx.read() as db:
        assert await ledger.is_balanced(db, book)
        found: dict[str, int] = {}
        for account in await ledger.balance_sheet(db, book):
            found[account.purpose.value] = found.get(account.purpose.value, 0) + account.balance.minor
    return {purpose: minor for purpose, minor in found.items() if minor}


async def escrow(tx: Tx, org_id: UUID) -> tuple[int, int]:
    """(balance, available) of an organisation's own escrow."""
    async with tx.begin() as db:
        account = await ledger.account(db, purpose=ledger.Purpose.ESCROW, owner=org_id)
        return await ledger.balance(db, account), await ledger.available(db, account)


ACCOUNT = "330016000000000000"


async def declared(tx: Tx, first: Actor, account: str = ACCOUNT) -> Actor:
    """The market's settlement account is declared by this person of finance and a colleague, who is returned."""
    second = (await a_member(tx, first, Role.FINANCE)).actor
    for actor in (first, second):
        await service.declare_account(
            tx, actor, account=account, bank_name="Sample bank", holder_name="Sample market escrow"
        )
    return second


Row = tuple[str, str, str, str, str, str]
"""(CREDIT or DEBIT, the bank's reference, amount, account, name, reference) of one booking."""


def _closing(rows: Sequence[Row], opening: str) -> str:
    return str(Decimal(opening) + sum((Decimal(row[2]) if row[0] == "CREDIT" else -Decimal(row[2])) for row in rows))


def a_csv(
    rows: Sequence[Row],
    *,
    number: str = "ST-1",
    day: str = "2026-03-02",
    opening: str = "0.00",
    closing: str | None = None,
    account: str = ACCOUNT,
) -> bytes:
    """A bank statement as a plain table; it adds up unless another closing balance is given."""
    lines = [
        "kind,bank_reference,booked_on,amount,account,name,reference",
        f"OPENING,{number},{day},{opening},{account},,",
        *(f"{kind},{ref},{day},{amount},{payer},{name},{ours}" for kind, ref, amount, payer, name, ours in rows),
        f"CLOSING,{number},{day},{closing or _closing(rows, opening)},{account},,",
    ]
    return ("\r\n".join(lines) + "\r\n").encode()


def a_camt(
    rows: Sequence[Row],
    *,
    number: str = "ST-1",
    day: str = "2026-03-02",
    opening: str = "0.00",
    closing: str | None = None,
    account: str = ACCOUNT,
    version: str = "08",
) -> bytes:
    """The same as a message of ISO 20022."""
    ends = [("OPBD", opening), ("CLBD", closing or _closing(rows, opening))]
    balances = "".join(
        f'<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy="CNY">{amount}</Amt>'
        f"<CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>{day}</Dt></Dt></Bal>"
        for code, amount in ends
    )
    entries = ""
    for kind, ref, amount, payer, name, ours in rows:
        side = "Dbtr" if kind == "CREDIT" else "Cdtr"
        party = f"<{side}><Pty><Nm>{name}</Nm></Pty></{side}>" if name else ""
        payer_account = f"<{side}Acct><Id><Othr><Id>{payer}</Id></Othr></Id></{side}Acct>" if payer else ""
        entries += (
            f'<Ntry><Amt Ccy="CNY">{amount}</Amt><CdtDbtInd>{"CRDT" if kind == "CREDIT" else "DBIT"}</CdtDbtInd>'
            f"<Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>{day}</Dt></BookgDt><NtryDtls><TxDtls>"
            f"<Refs><AcctSvcrRef>{ref}</AcctSvcrRef><EndToEndId>{ours or 'NOTPROVIDED'}</EndToEndId></Refs>"
            f"<RltdPties>{party}{payer_account}</RltdPties></TxDtls></NtryDtls></Ntry>"
        )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.{version}">'
        f"<BkToCstmrStmt><GrpHdr><MsgId>M-1</MsgId></GrpHdr><Stmt><Id>{number}</Id>"
        f"<Acct><Id><Othr><Id>{account}</Id></Othr></Id></Acct>{balances}{entries}</Stmt></BkToCstmrStmt></Document>"
    ).encode()
