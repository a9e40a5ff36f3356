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
RECORD_CLEARANCE = permission(
    "contracts.record_clearance", Standing.MARKET_OR_OWN, Role.LISTING_OFFICER, Role.SIGNATORY, Role.OPERATOR
)
DECIDE_TRIAL = permission("contracts.decide_trial", Standing.OWN, Role.SIGNATORY)
HAND_OVER_TITLE = permission("contracts.hand_over_title", Standing.OWN, Role.LISTING_OFFICER, Role.SIGNATORY)
RESTORE_TITLE = permission(
    "contracts.restore_title", Standing.MARKET_OR_OWN, Role.LISTING_OFFICER, Role.SIGNATORY, Role.OPERATOR
)
REPORT_ROYALTY = permission("contracts.report_royalty", Standing.OWN, Role.FINANCE, Role.TRADER, Role.SIGNATORY)
FILE_REGISTRATION = permission("contracts.file_registration", Standing.OWN, Role.LISTING_OFFICER, Role.SIGNATORY)
DECIDE_REGISTRATION = permission("contracts.decide_registration", Standing.OUTSIDER, Role.REGISTRAR)
CHANGE = permission("contracts.change", Standing.OWN, Role.SIGNATORY, consequential=True)
DEMAND_CURE = permission("contracts.demand_cure", Standing.OWN, Role.SIGNATORY)
FILE_LICENCE = permission("contracts.file_licence", Standing.OWN, Role.LISTING_OFFICER, Role.SIGNATORY)
LIST_DEADLINES = permission("contracts.list_deadlines", Standing.SIGNED_IN, scope=Scope.READ)
RECORD_AUTHORITY = permission("contracts.record_authority", Standing.OWN, Role.ADMINISTRATOR, Role.SIGNATORY)
DECIDE_AUTHORITY = permission("contracts.decide_authority", Standing.MARKET, Role.OPERATOR)
LIST_AUTHORITIES = permission("contracts.list_authorities", Standing.SIGNED_IN, scope=Scope.READ)
CONFIRM = permission("contracts.confirm", Standing.OWN, Role.SIGNATORY, consequential=True)
ATTEST = permission("contracts.attest", Standing.MARKET, Role.OPERATOR, Role.CERTIFIER)
LIST = permission("contracts.list", Standing.SIGNED_IN, scope=Scope.READ)
