"""Who may do what in signing. Who may call for signatures is decided in the room that calls for them."""

from __future__ import annotations

from techmarket.identity.actor import Scope
from techmarket.identity.permissions import Standing, permission

SIGN = permission("signing.put_signature", Standing.OWN, consequential=True)
SEE = permission("signing.get_signing", Standing.MARKET_OR_OWN, scope=Scope.READ)
