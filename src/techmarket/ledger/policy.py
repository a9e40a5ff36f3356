"""Who may do what in the ledger. Nothing is posted from outside: other rooms post what their own act moves."""

from __future__ import annotations

from techmarket.identity.actor import Actor, Role, Scope
from techmarket.identity.permissions import Standing, permission

LIST_ACCOUNTS = permission(
    "ledger.list_accounts", Standing.MARKET_OR_OWN, Role.FINANCE, Role.ADMINISTRATOR, scope=Scope.READ
)
LIST_TRANSFERS = permission(
    "ledger.list_transfers", Standing.MARKET_OR_OWN, Role.FINANCE, Role.ADMINISTRATOR, scope=Scope.READ
)
EXPORT_BOOK = permission(
    "ledger.export_book", Standing.MARKET_OR_OWN, Role.FINANCE, Role.ADMINISTRATOR, scope=Scope.READ
)
CHECK_BALANCE = permission("ledger.check_balance", Standing.MARKET, scope=Scope.READ)


def owns(actor: Actor, *, book: str, owner: object) -> bool:
    """An organisation sees the accounts the market keeps for it and the accounts of its own book."""
    return actor.org_id is not None and (owner == actor.org_id or book == f"unit:{actor.org_id}")
