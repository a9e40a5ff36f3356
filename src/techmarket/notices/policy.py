"""Who may do what with notices. Who may read one is told at its birth and decided at the loading door."""

from __future__ import annotations

from techmarket.identity.actor import Role, Scope
from techmarket.identity.permissions import Standing, permission

READ = permission("notices.read", Standing.ANYONE, scope=Scope.READ)
CONFIRM_POSTING = permission("notices.confirm_posting", Standing.OWN, Role.ADMINISTRATOR, Role.LISTING_OFFICER)
OBJECT = permission("notices.file_objection", Standing.VERIFIED)
DECIDE = permission("notices.decide_objection", Standing.MARKET, Role.OPERATOR)
WITHDRAW_OBJECTION = permission("notices.withdraw_objection", Standing.OWN)
