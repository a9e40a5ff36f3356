"""The bank-to-customer statement of ISO 20022, camt.053, in any of its versions: the parts that settlement needs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import cast
from xml.etree import ElementTree

from techmarket.settlement.statements.said import Entry, Said, amount, day, entries_of, reference, unreadable, words

_NAMESPACE = re.compile(r"urn:iso:std:iso:20022:tech:xsd:camt\.053\.001\.\d\d")
_DEPTH_MAX = 24
_ENDINGS = {"OPBD": "opening", "PRCD": "opening", "CLBD": "closing"}


def read_camt(raw: bytes) -> Said:
    """One statement of one account in yuan; several in a file are several uploads."""
    root = _parse(raw)
    statements = list(_all(root, "BkToCstmrStmt/Stmt"))
    if _name(root) != "Document" or len(statements) != 1:
        raise unreadable("Document/BkToCstmrStmt/Stmt", "exactly one statement")
    statement = statements[0]
    balances: dict[str, tuple[int, str | None]] = {}
    for balance in _all(statement, "Bal"):
        which = _ENDINGS.get(_text(balance, "Tp/CdOrPrtry/Cd") or "")
        # PRCD, the previous day's closing, opens a statement that has no OPBD.
        if which is not None and (which not in balances or _text(balance, "Tp/CdOrPrtry/Cd") != "PRCD"):
            where = f"Bal {which}"
            minor = _yuan(balance, where)
            balances[which] = (minor if _is_credit(balance, where) else -minor, _text(balance, "Dt/Dt", "Dt/DtTm"))
    if set(balances) != {"opening", "closing"}:
        raise unreadable("Stmt/Bal", "OPBD and CLBD")
    last = day(_text(statement, "FrToDt/ToDtTm") or balances["closing"][1], "Bal closing")
    first = day(_text(statement, "FrToDt/FrDtTm") or balances["closing"][1], "Bal opening")
    if first > last:
        raise unreadable("Stmt/FrToDt", "day")
    return Said(
        account=words(_text(statement, "Acct/Id/IBAN", "Acct/Id/Othr/Id"), "Stmt/Acct", length=64),
        number=words(_text(statement, "Id"), "Stmt/Id", length=64),
        first_day=first,
        last_day=last,
        opening_minor=balances["opening"][0],
        closing_minor=balances["closing"][0],
        entries=entries_of(_entries(statement), first, last),
    )


def _entries(statement: ElementTree.Element) -> Iterator[Entry]:
    n = 0
    for booking in _all(statement, "Ntry"):
        if (_text(booking, "Sts/Cd", "Sts") or "") != "BOOK":
            continue  # what is pending or for information only has not moved the balance
        whole, where = _yuan(booking, f"Ntry {n + 1}"), f"Ntry {n + 1}"
        is_credit, on = _is_credit(booking, where), day(_text(booking, "BookgDt/Dt", "BookgDt/DtTm"), where)
        parts = list(_all(booking, "NtryDtls/TxDtls")) or [booking]
        total = 0
        for part in parts:
            n += 1
            where = f"entry {n}"
            minor = whole if len(parts) == 1 else _yuan(part, where)
            total += minor
            side = "Dbtr" if is_credit else "Cdtr"
            yield Entry(
                n=n,
                is_credit=is_credit,
                minor=minor,
                booked_on=on,
                reference=reference(
                    _text(part, "Refs/AcctSvcrRef") or (_text(booking, "AcctSvcrRef") if len(parts) == 1 else None),
                    where,
                ),
                account=words(
                    _text(part, f"RltdPties/{side}Acct/Id/IBAN", f"RltdPties/{side}Acct/Id/Othr/Id"),
                    where,
                    length=64,
                    may_be_empty=True,
                ),
                name=words(
                    _text(part, f"RltdPties/{side}/Nm", f"RltdPties/{side}/Pty/Nm"),
                    where,
                    length=200,
                    may_be_empty=True,
                ),
                ours=_ours(part, where, is_credit=is_credit),
            )
        if total != whole:
            raise unreadable(where, "details do not make the entry")


def _ours(part: ElementTree.Element, where: str, *, is_credit: bool) -> str:
    """What the payer wrote; of money that left, the reference we gave with the instruction."""
    end_to_end = _text(part, "Refs/EndToEndId")
    written = " ".join(piece.text or "" for piece in _all(part, "RmtInf/Ustrd")).strip()
    chosen = written or end_to_end if is_credit else end_to_end or written
    return words("" if chosen == "NOTPROVIDED" else chosen, where, length=500, may_be_empty=True)


def _parse(raw: bytes) -> ElementTree.Element:
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise unreadable("file", "UTF-8") from None
    # No bank sends a document type; with none there is no entity that could grow or reach out.
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise unreadable("file", "document type")
    root, depth = None, 0
    reader: ElementTree.XMLPullParser[ElementTree.Element] = ElementTree.XMLPullParser(events=("start", "end"))
    try:
        reader.feed(text)
        reader.close()
        for event, element in cast("Iterator[tuple[str, ElementTree.Element]]", reader.read_events()):
            depth += 1 if event == "start" else -1
            root = element if root is None else root
            if depth > _DEPTH_MAX:
                raise unreadable("file", "depth")
    except ElementTree.ParseError:
        raise unreadable("file", "XML") from None
    if root is None or not _NAMESPACE.fullmatch(root.tag.partition("}")[0].lstrip("{")):
        raise unreadable("file", "camt.053")
    return root


def _name(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]


def _all(element: ElementTree.Element, path: str) -> Iterator[ElementTree.Element]:
    return iter(element.findall("/".join(f"{{*}}{step}" for step in path.split("/"))))


def _text(element: ElementTree.Element, *paths: str) -> str | None:
    for path in paths:
        for found in _all(element, path):
            if found.text and found.text.strip():
                return found.text.strip()
    return None


def _yuan(element: ElementTree.Element, where: str) -> int:
    found = next(_all(element, "Amt"), None)
    if found is None or found.get("Ccy") != "CNY":
        raise unreadable(where, "amount in CNY")
    return amount(found.text, where)


def _is_credit(element: ElementTree.Element, where: str) -> bool:
    side = _text(element, "CdtDbtInd")
    if side not in ("CRDT", "DBIT"):
        raise unreadable(where, "CRDT or DBIT")
    return side == "CRDT"
