"""Who may do what with listings."""

from __future__ import annotations

from techmarket.identity.actor import Role, Scope
from techmarket.identity.permissions import Standing, permission

_OFFICE = (Role.LISTING_OFFICER, Role.TRADER, Role.BROKER, Role.ADMINISTRATOR)

CREATE = permission("listings.create", Standing.VERIFIED, *_OFFICE)
AMEND = permission("listings.amend", Standing.OWN, *_OFFICE)
SUBMIT = permission("listings.submit", Standing.OWN, *_OFFICE)
WITHDRAW = permission("listings.withdraw", Standing.OWN, *_OFFICE)
RENEW = permission("listings.renew", Standing.OWN, *_OFFICE)
PUBLISH = permission("listings.publish", Standing.OWN, *_OFFICE)
ASK_CONSENTS = permission("listings.ask_consents", Standing.OWN, *_OFFICE)
REVIEW = permission("listings.review", Standing.MARKET_OR_NODE, Role.OPERATOR)
SEE = permission("listings.get", Standing.ANYONE, scope=Scope.READ)
LIST_OWN = permission("listings.list_own", Standing.SIGNED_IN, scope=Scope.READ)
SEE_QUEUE = permission("listings.list_queue", Standing.MARKET_OR_NODE, Role.OPERATOR, scope=Scope.READ)
SEE_REVIEWS = permission("listings.list_reviews", Standing.MARKET_OR_OWN, scope=Scope.READ)
MAKE_LIST = permission("listings.create_scenario_list", Standing.VERIFIED, *_OFFICE)
MAKE_LIST_CHANGES = permission("listings.amend_scenario_list", Standing.OWN, *_OFFICE)
CLOSE_LIST = permission("listings.close_scenario_list", Standing.MARKET_OR_OWN, Role.OPERATOR, *_OFFICE)
