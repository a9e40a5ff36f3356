"""Who may do what with notices.

Who may read one is told at its birth and decided at the loading door; who may object and who decides, in `kinds.py`.
"""

from __future__ import annotations

from techmarket.identity.actor import Role, Scope
from techmarket.identity.permissions import Standing, permission

READ = permission("notices.read", Standing.ANYONE, scope=Scope.READ)
CONFIRM_POSTING = permission("notices.confirm_posting", Standing.OWN, Role.ADMINISTRATOR, Role.LISTING_OFFICER)
RESTATE_OWN = permission("notices.restate_own", Standing.OWN, Role.ADMINISTRATOR, Role.LISTING_OFFICER)
RESTATE = permission("notices.restate", Standing.MARKET, Role.OPERATOR)
OBJECT = permission("notices.file_objection", Standing.VERIFIED)
UPLOAD_EVIDENCE = permission("notices.upload_evidence", Standing.VERIFIED)
SUSPEND = permission("notices.suspend", Standing.MARKET, Role.OPERATOR)
ALLOW_PRICE = permission("notices.allow_price", Standing.MARKET, Role.OPERATOR)
LIST_OBJECTIONS = permission("notices.list_objections", Standing.SIGNED_IN, scope=Scope.READ)
ADD_EVIDENCE = permission("notices.add_evidence", Standing.OWN)
ACKNOWLEDGE = permission("notices.acknowledge_objection", Standing.MARKET, Role.OPERATOR)
ACKNOWLEDGE_OWN = permission("notices.acknowledge_objection_to_own", Standing.OWN, Role.ADMINISTRATOR)
DECIDE_OWN = permission("notices.decide_objection_to_own", Standing.OWN, Role.ADMINISTRATOR)
DECIDE = permission("notices.decide_objection", Standing.MARKET, Role.OPERATOR)
WITHDRAW_OBJECTION = permission("notices.withdraw_objection", Standing.OWN)
