"""Who may do what in disclosure. Who sees what is decided by tier (`tiers.py`), not here."""

from __future__ import annotations

from techmarket.identity.actor import Role, Scope
from techmarket.identity.permissions import Standing, permission

_OFFICERS = (Role.ADMINISTRATOR, Role.LISTING_OFFICER)

READ = permission("disclosure.read", Standing.ANYONE, scope=Scope.READ)
ADD_DOCUMENT = permission("disclosure.add_document", Standing.OWN, *_OFFICERS, Role.INVENTOR)
ADD_OPEN_DOCUMENT = permission("disclosure.add_open_document", Standing.OWN, *_OFFICERS)
WITHDRAW_DOCUMENT = permission("disclosure.withdraw_document", Standing.OWN, *_OFFICERS)
SET_FOLDER = permission("disclosure.set_folder", Standing.OWN, *_OFFICERS)
SEE_READS = permission("disclosure.list_document_reads", Standing.MARKET_OR_OWN, scope=Scope.READ)
EXPORT_READS = permission("disclosure.export_document_reads", Standing.OWN, *_OFFICERS, scope=Scope.READ)
GRANT = permission("disclosure.grant", Standing.OWN, *_OFFICERS)
SEE_GRANTS = permission("disclosure.list_grants", Standing.MARKET_OR_OWN, scope=Scope.READ)

ASK_ACCESS = permission("disclosure.ask_access", Standing.VERIFIED)
WITHDRAW_REQUEST = permission("disclosure.withdraw_access_request", Standing.OWN)
DECIDE_REQUEST = permission("disclosure.decide_access_request", Standing.OWN, *_OFFICERS)
SEE_REQUESTS = permission("disclosure.list_access_requests", Standing.MARKET_OR_OWN, scope=Scope.READ)

PUBLISH_NDA = permission("disclosure.publish_nda_text", Standing.OWN, *_OFFICERS)
SIGN_NDA = permission("disclosure.sign_nda", Standing.VERIFIED, Role.SIGNATORY, consequential=True)
COUNTERSIGN_NDA = permission("disclosure.counter_sign_nda", Standing.OWN, Role.SIGNATORY, consequential=True)
DECLINE_NDA = permission("disclosure.decline_nda", Standing.OWN, *_OFFICERS, Role.SIGNATORY)
REVOKE_NDA = permission("disclosure.revoke_nda", Standing.OWN, *_OFFICERS)
SEE_NDAS = permission("disclosure.list_ndas", Standing.MARKET_OR_OWN, scope=Scope.READ)

ASK = permission("disclosure.ask", Standing.VERIFIED)
ANSWER = permission("disclosure.answer", Standing.OWN, *_OFFICERS, Role.INVENTOR)
