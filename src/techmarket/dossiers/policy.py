"""Who may take an evidence package away: whose subject it is, the market, and those who supervise it.

The package holds what people earn, so the same officers take it who may see that: no inventor reads of his colleagues.
The public file is for anyone; what of it is shown, every room says for its own part.
"""

from __future__ import annotations

from techmarket.identity.actor import Role, Scope
from techmarket.identity.permissions import Standing, permission

TAKE = permission(
    "dossiers.take_evidence",
    Standing.OWN,
    Role.ADMINISTRATOR,
    Role.LISTING_OFFICER,
    Role.FINANCE,
    scope=Scope.READ,
)
TAKE_AS_MARKET = permission(
    "dossiers.take_evidence_as_market", Standing.MARKET, Role.OPERATOR, Role.FINANCE, scope=Scope.READ
)
SUPERVISE = permission("dossiers.supervise_evidence", Standing.OUTSIDER, Role.REGULATOR, scope=Scope.READ)
READ_FILE = permission("dossiers.read_file", Standing.ANYONE, scope=Scope.READ)
