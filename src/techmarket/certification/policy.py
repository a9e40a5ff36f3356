"""Who may do what with certificates."""

from __future__ import annotations

from techmarket.identity.actor import Role, Scope
from techmarket.identity.permissions import Standing, permission

PREPARE = permission("certification.prepare", Standing.OUTSIDER, Role.CERTIFIER)
APPROVE = permission("certification.approve", Standing.OUTSIDER, Role.CERTIFIER, consequential=True)
REJECT = permission("certification.reject", Standing.OUTSIDER, Role.CERTIFIER)
SUSPEND = permission("certification.suspend", Standing.OUTSIDER, Role.CERTIFIER)
REINSTATE = permission("certification.reinstate", Standing.OUTSIDER, Role.CERTIFIER, consequential=True)
REPLACE = permission("certification.replace", Standing.OUTSIDER, Role.CERTIFIER, consequential=True)
REVOKE = permission("certification.revoke", Standing.OUTSIDER, Role.CERTIFIER, consequential=True)
SEE = permission("certification.get_certificate", Standing.ANYONE, scope=Scope.READ)
SEE_FILE = permission("certification.get_file", Standing.MARKET_OR_OWN, scope=Scope.READ)
LIST = permission("certification.list", Standing.MARKET, scope=Scope.READ)
VERIFY = permission("certification.verify", Standing.ANYONE, scope=Scope.READ)
