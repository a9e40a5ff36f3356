"""Who may do what with certificates."""

from __future__ import annotations

from techmarket.identity.actor import Role, Scope
from techmarket.identity.permissions import Standing, permission

PREPARE = permission("certification.prepare", Standing.OUTSIDER, Role.CERTIFIER)
APPROVE = permission("certification.approve", Standing.OUTSIDER, Role.CERTIFIER)
REJECT = permission("certification.reject", Standing.OUTSIDER, Role.CERTIFIER)
SUSPEND = permission("certification.suspend", Standing.OUTSIDER, Role.CERTIFIER)
REINSTATE = permission("certification.reinstate", Standing.OUTSIDER, Role.CERTIFIER)
REPLACE = permission("certification.replace", Standing.OUTSIDER, Role.CERTIFIER)
REVOKE = permission("certification.revoke", Standing.OUTSIDER, Role.CERTIFIER)
SEE = permission("certification.get_certificate", Standing.ANYONE, scope=Scope.READ)
SEE_FILE = permission("certification.get_file", Standing.MARKET_OR_OWN, scope=Scope.READ)
LIST = permission("certification.list", Standing.MARKET, scope=Scope.READ)
VERIFY = permission("certification.verify", Standing.ANYONE, scope=Scope.READ)
