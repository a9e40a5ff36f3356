"""Who may import."""

from __future__ import annotations

from techmarket.identity.actor import Role, Scope
from techmarket.identity.permissions import Standing, permission

IMPORT = permission("hub.import_rows", Standing.VERIFIED, Role.LISTING_OFFICER, Role.BROKER, Role.ADMINISTRATOR)
SEE = permission("hub.get_import", Standing.MARKET_OR_OWN, scope=Scope.READ)
