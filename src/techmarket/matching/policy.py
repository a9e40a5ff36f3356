"""Who may search."""

from __future__ import annotations

from techmarket.identity.actor import Scope
from techmarket.identity.permissions import Standing, permission

SEARCH = permission("matching.search", Standing.ANYONE, scope=Scope.READ)
MATCH = permission("matching.list_matches", Standing.ANYONE, scope=Scope.READ)
