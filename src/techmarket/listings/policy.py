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
REVIEW = permission("listings.review", Standing.MARKET, Role.OPERATOR)
SEE = permission("listings.get", Standing.ANYONE, scope=Scope.READ)
LIST_OWN = permission("listings.list_own", Standing.SIGNED_IN, scope=Scope.READ)
