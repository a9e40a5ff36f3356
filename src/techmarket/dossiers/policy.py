"""Who may take an evidence package away: whose subject it is, the market, and those who supervise it."""

from __future__ import annotations

from techmarket.identity.actor import Role, Scope
from techmarket.identity.permissions import Standing, permission

TAKE = permission("dossiers.take_evidence", Standing.MARKET_OR_OWN, scope=Scope.READ)
SUPERVISE = permission("dossiers.supervise_evidence", Standing.OUTSIDER, Role.REGULATOR, scope=Scope.READ)
