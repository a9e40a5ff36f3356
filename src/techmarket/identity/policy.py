"""Who may do what in identity."""

from __future__ import annotations

from techmarket.identity.actor import Role, Scope
from techmarket.identity.permissions import Standing, permission

REGISTER = permission("identity.register_organisation", Standing.ANYONE, scope=Scope.READ)
VERIFY = permission("identity.verify_organisation", Standing.MARKET_OR_NODE, Role.OPERATOR)
SUSPEND = permission("identity.suspend_organisation", Standing.MARKET, Role.OPERATOR)
ADD_PERSON = permission("identity.add_person", Standing.OWN, Role.ADMINISTRATOR, consequential=True)
# Only the person herself: whoever holds her key signs in her name.
ISSUE_KEY = permission("identity.issue_key", Standing.OWN, consequential=True)
ROTATE_KEY = permission("identity.rotate_key", Standing.OWN)
LIST_KEYS = permission("identity.list_keys", Standing.MARKET_OR_OWN, scope=Scope.READ)
REVOKE_OWN_KEY = permission("identity.revoke_own_key", Standing.MARKET_OR_OWN)
REVOKE_KEY = permission("identity.revoke_key", Standing.MARKET_OR_OWN, Role.ADMINISTRATOR)
REGISTER_CLIENT = permission("identity.register_client", Standing.OWN, Role.ADMINISTRATOR, consequential=True)
LIST_CLIENTS = permission("identity.list_clients", Standing.MARKET_OR_OWN, Role.ADMINISTRATOR, scope=Scope.READ)
ROTATE_SECRET = permission("identity.rotate_client_secret", Standing.OWN, Role.ADMINISTRATOR)
REVOKE_CLIENT = permission("identity.revoke_client", Standing.MARKET_OR_OWN, Role.ADMINISTRATOR)
INVITE = permission("identity.invite_person", Standing.OWN, Role.ADMINISTRATOR, consequential=True)
ACCEPT_INVITATION = permission("identity.accept_invitation", Standing.ANYONE, scope=Scope.READ)
WITHDRAW_INVITATION = permission("identity.withdraw_invitation", Standing.OWN, Role.ADMINISTRATOR)
LIST_PEOPLE = permission("identity.list_people", Standing.MARKET_OR_OWN, Role.ADMINISTRATOR, scope=Scope.READ)
SET_CONTACT = permission("identity.set_contact", Standing.OWN, Role.ADMINISTRATOR, consequential=True)
SET_BY_TWO = permission("identity.set_by_two", Standing.OWN, Role.ADMINISTRATOR, consequential=True, in_person=True)
INTEND = permission("identity.intend_act", Standing.OWN, in_person=True)
AGREE = permission("identity.agree_to_act", Standing.OWN, consequential=True, in_person=True)
SEE_INTENDED = permission("identity.list_intended_acts", Standing.OWN, scope=Scope.READ)
APPOINT_OWN_DEPUTY = permission("identity.appoint_own_deputy", Standing.OWN, consequential=True, in_person=True)
APPOINT_DEPUTY = permission(
    "identity.appoint_deputy", Standing.OWN, Role.ADMINISTRATOR, consequential=True, in_person=True
)
REVOKE_OWN_DEPUTY = permission("identity.revoke_own_deputy", Standing.OWN)
REVOKE_DEPUTY = permission("identity.revoke_deputy", Standing.OWN, Role.ADMINISTRATOR)
SEE_DEPUTIES = permission("identity.list_deputies", Standing.OWN, scope=Scope.READ)
TAKE_ELEVATION = permission(
    "identity.take_elevation", Standing.MARKET, Role.OPERATOR, consequential=True, in_person=True
)
END_ELEVATION = permission("identity.end_elevation", Standing.MARKET, Role.OPERATOR)
REVIEW_ELEVATION = permission(
    "identity.review_elevation", Standing.MARKET, Role.OPERATOR, Role.ADMINISTRATOR, consequential=True, in_person=True
)
SEE_ELEVATIONS = permission(
    "identity.list_elevations", Standing.MARKET, Role.OPERATOR, Role.ADMINISTRATOR, scope=Scope.READ
)
SEE_ELEVATIONS_OF = permission(
    "identity.list_elevations_of_organisation", Standing.MARKET_OR_OWN, Role.ADMINISTRATOR, scope=Scope.READ
)
CHANGE_ROLES = permission("identity.change_roles", Standing.OWN, Role.ADMINISTRATOR, consequential=True)
END_MEMBERSHIP = permission("identity.end_membership", Standing.OWN, Role.ADMINISTRATOR)
ASK_SECOND_FACTOR = permission("identity.ask_second_factor", Standing.OWN, Role.ADMINISTRATOR, consequential=True)
SET_LOGIN = permission("identity.set_login", Standing.SIGNED_IN, consequential=True)
SET_SECOND_FACTOR = permission("identity.set_second_factor", Standing.SIGNED_IN)
LINK_IDENTITY = permission("identity.link_outside_identity", Standing.SIGNED_IN, consequential=True)
UNLINK_IDENTITY = permission("identity.unlink_outside_identity", Standing.SIGNED_IN)
SEE_IDENTITIES = permission("identity.list_outside_identities", Standing.SIGNED_IN, scope=Scope.READ)
SEE_SESSIONS = permission("identity.list_sessions", Standing.SIGNED_IN, scope=Scope.READ)
END_SESSION = permission("identity.end_session", Standing.SIGNED_IN)
SEE_SELF = permission("identity.get_self", Standing.SIGNED_IN, scope=Scope.READ)
SEE_PERSONAL_DATA = permission("identity.get_personal_data", Standing.SIGNED_IN, scope=Scope.READ)
CORRECT_PERSONAL_DATA = permission("identity.correct_name", Standing.SIGNED_IN, consequential=True)
ERASE_PERSONAL_DATA = permission("identity.erase_person", Standing.SIGNED_IN, consequential=True)
LIST_ORGANISATIONS = permission("identity.list_organisations", Standing.MARKET_OR_NODE, scope=Scope.READ)
MOVE_CLOCK = permission("sandbox.move_clock", Standing.MARKET, Role.OPERATOR)
QUALIFY = permission("identity.grant_qualification", Standing.MARKET, Role.OPERATOR)
