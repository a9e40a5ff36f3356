"""Who may import."""

from __future__ import annotations

from techmarket.identity.actor import Role, Scope
from techmarket.identity.permissions import Standing, permission

IMPORT = permission("hub.import_rows", Standing.VERIFIED, Role.LISTING_OFFICER, Role.BROKER, Role.ADMINISTRATOR)
IMPORT_FOR_OTHERS = permission("hub.import_for_others", Standing.MARKET_OR_NODE, Role.OPERATOR)
CANCEL_IMPORT = permission(
    "hub.cancel_import", Standing.OWN, Role.LISTING_OFFICER, Role.BROKER, Role.ADMINISTRATOR, Role.OPERATOR
)
READ_CHANGES = permission("hub.list_changes", Standing.ANYONE, scope=Scope.READ)
READ_OPEN_DATA = permission("hub.read_open_data", Standing.ANYONE, scope=Scope.READ)
SEE_FOREIGN = permission("hub.get_foreign_record", Standing.SIGNED_IN, scope=Scope.READ)
SEE = permission("hub.get_import", Standing.MARKET_OR_OWN, scope=Scope.READ)

SEE_WEBHOOKS = permission("hub.see_webhooks", Standing.OWN, Role.ADMINISTRATOR, scope=Scope.READ)
ADD_WEBHOOK = permission("hub.add_webhook", Standing.VERIFIED, Role.ADMINISTRATOR, consequential=True)
CHANGE_WEBHOOK = permission("hub.change_webhook", Standing.OWN, Role.ADMINISTRATOR, consequential=True)

APPOINT_NODE = permission("hub.appoint_node", Standing.MARKET, Role.OPERATOR, consequential=True)
SET_REGIONS = permission("hub.set_node_regions", Standing.MARKET, Role.OPERATOR, consequential=True)
END_NODE = permission("hub.end_node", Standing.MARKET, Role.OPERATOR, consequential=True)
MOVE_ORGANISATION = permission("hub.move_organisation", Standing.MARKET, Role.OPERATOR, consequential=True)
SEE_NODES = permission("hub.list_nodes", Standing.ANYONE, scope=Scope.READ)
SEE_SHARES = permission(
    "hub.get_node_statement",
    Standing.MARKET_OR_OWN,
    Role.OPERATOR,
    Role.FINANCE,
    Role.ADMINISTRATOR,
    scope=Scope.READ,
)
PAY_NODE = permission("hub.pay_node", Standing.MARKET, Role.FINANCE, consequential=True)

SEE_SOURCES = permission("hub.list_sources", Standing.MARKET, Role.OPERATOR, scope=Scope.READ)
ADD_SOURCE = permission("hub.add_source", Standing.MARKET, Role.OPERATOR, consequential=True)
CHANGE_SOURCE = permission("hub.change_source", Standing.MARKET, Role.OPERATOR)

PROPOSE_ADMINISTRATOR = permission(
    "hub.propose_administrator", Standing.MARKET, Role.OPERATOR, consequential=True, in_person=True
)
AGREE_TO_ADMINISTRATOR = permission(
    "hub.agree_to_administrator", Standing.MARKET, Role.OPERATOR, consequential=True, in_person=True
)
TAKE_INVITATION_PART = permission(
    "hub.take_invitation_part", Standing.MARKET, Role.OPERATOR, consequential=True, in_person=True
)
WITHDRAW_ADMINISTRATOR = permission("hub.withdraw_administrator", Standing.MARKET, Role.OPERATOR)
# Also of an organisation that is not verified (any more): it is its own affair who administers it.
OBJECT_TO_ADMINISTRATOR = permission("hub.object_to_administrator", Standing.MARKET_OR_OWN, in_person=True)
SEE_RECOVERIES = permission("hub.list_administrator_recoveries", Standing.MARKET_OR_OWN, scope=Scope.READ)
READ_RECOVERY_EVIDENCE = permission(
    "hub.read_administrator_evidence", Standing.MARKET, Role.OPERATOR, Role.ADMINISTRATOR, scope=Scope.READ
)
INVITE_FIRST = permission(
    "hub.invite_first_administrator", Standing.MARKET_OR_NODE, Role.OPERATOR, consequential=True, in_person=True
)
