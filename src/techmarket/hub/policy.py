"""Who may import."""

from __future__ import annotations

from techmarket.identity.actor import Role, Scope
from techmarket.identity.permissions import Standing, permission

IMPORT = permission("hub.import_rows", Standing.VERIFIED, Role.LISTING_OFFICER, Role.BROKER, Role.ADMINISTRATOR)
READ_CHANGES = permission("hub.list_changes", Standing.ANYONE, scope=Scope.READ)
READ_OPEN_DATA = permission("hub.read_open_data", Standing.ANYONE, scope=Scope.READ)
SEE_FOREIGN = permission("hub.get_foreign_record", Standing.SIGNED_IN, scope=Scope.READ)
SEE = permission("hub.get_import", Standing.MARKET_OR_OWN, scope=Scope.READ)

SEE_WEBHOOKS = permission("hub.see_webhooks", Standing.OWN, Role.ADMINISTRATOR, scope=Scope.READ)
ADD_WEBHOOK = permission("hub.add_webhook", Standing.VERIFIED, Role.ADMINISTRATOR, consequential=True)
CHANGE_WEBHOOK = permission("hub.change_webhook", Standing.OWN, Role.ADMINISTRATOR, consequential=True)
