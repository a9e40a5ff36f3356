"""Who may do what in identity."""

from __future__ import annotations

from techmarket.identity.actor import Role, Scope
from techmarket.identity.permissions import Standing, permission

REGISTER = permission("identity.register_organisation", Standing.ANYONE, scope=Scope.READ)
VERIFY = permission("identity.verify_organisation", Standing.MARKET, Role.OPERATOR)
SUSPEND = permission("identity.suspend_organisation", Standing.MARKET, Role.OPERATOR)
ADD_PERSON = permission("identity.add_person", Standing.OWN, Role.ADMINISTRATOR)
# Only the person herself: whoever holds her key signs in her name.
ISSUE_KEY = permission("identity.issue_key", Standing.OWN)
ROTATE_KEY = permission("identity.rotate_key", Standing.OWN)
LIST_KEYS = permission("identity.list_keys", Standing.MARKET_OR_OWN, scope=Scope.READ)
REVOKE_OWN_KEY = permission("identity.revoke_own_key", Standing.MARKET_OR_OWN)
REVOKE_KEY = permission("identity.revoke_key", Standing.MARKET_OR_OWN, Role.ADMINISTRATOR)
REGISTER_CLIENT = permission("identity.register_client", Standing.OWN, Role.ADMINISTRATOR)
LIST_CLIENTS = permission("identity.list_clients", Standing.MARKET_OR_OWN, Role.ADMINISTRATOR, scope=Scope.READ)
ROTATE_SECRET = permission("identity.rotate_client_secret", Standing.OWN, Role.ADMINISTRATOR)
REVOKE_CLIENT = permission("identity.revoke_client", Standing.MARKET_OR_OWN, Role.ADMINISTRATOR)
SEE_SELF = permission("identity.get_self", Standing.SIGNED_IN, scope=Scope.READ)
LIST_ORGANISATIONS = permission("identity.list_organisations", Standing.MARKET, scope=Scope.READ)
MOVE_CLOCK = permission("sandbox.move_clock", Standing.MARKET, Role.OPERATOR)
QUALIFY = permission("identity.grant_qualification", Standing.MARKET, Role.OPERATOR)
