"""Who may do what with the log. Hashes, checkpoints and proofs of hashes are for anyone; rows for those concerned."""

from __future__ import annotations

from techmarket.identity.actor import Role, Scope
from techmarket.identity.permissions import Standing, permission

READ_LOG = permission("transparency.read_log", Standing.ANYONE, scope=Scope.READ)
SEARCH_AUDIT_OF = permission(
    "transparency.search_audit_of_organisation", Standing.MARKET_OR_OWN, Role.ADMINISTRATOR, scope=Scope.READ
)
SEARCH_AUDIT = permission(
    "transparency.search_audit", Standing.MARKET, Role.OPERATOR, Role.ADMINISTRATOR, scope=Scope.READ
)
READ_ENTRY = permission("transparency.read_entry", Standing.MARKET_OR_OWN, scope=Scope.READ)
COMMIT = permission("transparency.commit", Standing.VERIFIED)
REVEAL_COMMITMENT = permission("transparency.reveal_commitment", Standing.OWN)
LIST_COMMITMENTS = permission("transparency.list_commitments", Standing.SIGNED_IN, scope=Scope.READ)
READ_COMMITMENT = permission("transparency.read_commitment", Standing.ANYONE, scope=Scope.READ)
