"""Who may take an evidence package away: whose subject it is, the market, and those who supervise it.

The public file is for anyone; what of it is shown, every room says for its own part.
"""

from __future__ import annotations

from techmarket.identity.actor import Role, Scope
from techmarket.identity.permissions import Standing, permission

TAKE = permission("dossiers.take_evidence", Standing.MARKET_OR_OWN, scope=Scope.READ)
SUPERVISE = permission("dossiers.supervise_evidence", Standing.OUTSIDER, Role.REGULATOR, scope=Scope.READ)
READ_FILE = permission("dossiers.read_file", Standing.ANYONE, scope=Scope.READ)
