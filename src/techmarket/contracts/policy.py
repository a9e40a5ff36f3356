"""Who may do what with contracts. Whether a reader may know of one is decided where it is loaded."""

from __future__ import annotations

from techmarket.identity.actor import Role, Scope
from techmarket.identity.permissions import Standing, permission

DRAFT = permission("contracts.draft", Standing.MARKET_OR_OWN, Role.LISTING_OFFICER, Role.SIGNATORY, Role.OPERATOR)
OPEN_SIGNING = permission(
    "contracts.open_signing", Standing.MARKET_OR_OWN, Role.LISTING_OFFICER, Role.SIGNATORY, Role.OPERATOR
)
SIGN = permission("contracts.sign", Standing.OWN, Role.SIGNATORY, consequential=True)
CANCEL = permission("contracts.cancel", Standing.OWN, Role.LISTING_OFFICER, Role.SIGNATORY)
DEFAULT = permission(
    "contracts.declare_default", Standing.MARKET_OR_OWN, Role.LISTING_OFFICER, Role.SIGNATORY, Role.OPERATOR
)
PERFORM = permission("contracts.perform", Standing.OWN, Role.LISTING_OFFICER, Role.SIGNATORY)
DISPUTE = permission("contracts.dispute", Standing.OWN, Role.SIGNATORY)
SETTLE = permission("contracts.settle_dispute", Standing.MARKET, Role.OPERATOR)
TERMINATE = permission("contracts.terminate", Standing.MARKET, Role.OPERATOR)
ACCEPT_MILESTONE = permission("contracts.accept_milestone", Standing.OWN, Role.LISTING_OFFICER, Role.SIGNATORY)
REPORT_ROYALTY = permission("contracts.report_royalty", Standing.OWN, Role.FINANCE, Role.TRADER, Role.SIGNATORY)
FILE_REGISTRATION = permission("contracts.file_registration", Standing.OWN, Role.LISTING_OFFICER, Role.SIGNATORY)
DECIDE_REGISTRATION = permission("contracts.decide_registration", Standing.OUTSIDER, Role.REGISTRAR)
LIST = permission("contracts.list", Standing.SIGNED_IN, scope=Scope.READ)
