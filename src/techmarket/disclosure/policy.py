"""Who may do what in disclosure. Who sees what is decided by tier (`tiers.py`), not here."""

from __future__ import annotations

from techmarket.identity.actor import Role, Scope
from techmarket.identity.permissions import Standing, permission

READ = permission("disclosure.read", Standing.ANYONE, scope=Scope.READ)
ADD_DOCUMENT = permission(
    "disclosure.add_document", Standing.OWN, Role.ADMINISTRATOR, Role.LISTING_OFFICER, Role.INVENTOR
)
SEE_READS = permission("disclosure.list_document_reads", Standing.MARKET_OR_OWN, scope=Scope.READ)
GRANT = permission("disclosure.grant", Standing.OWN, Role.ADMINISTRATOR, Role.LISTING_OFFICER)
SEE_GRANTS = permission("disclosure.list_grants", Standing.MARKET_OR_OWN, scope=Scope.READ)
ASK = permission("disclosure.ask", Standing.VERIFIED)
ANSWER = permission("disclosure.answer", Standing.OWN, Role.ADMINISTRATOR, Role.LISTING_OFFICER, Role.INVENTOR)
