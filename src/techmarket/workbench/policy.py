"""Who may see work and notifications: everybody his own."""

from __future__ import annotations

from techmarket.identity.actor import Scope
from techmarket.identity.permissions import Standing, permission

SEE_WORK = permission("workbench.list_work", Standing.SIGNED_IN, scope=Scope.READ)
SEE_NOTIFICATIONS = permission("workbench.list_notifications", Standing.SIGNED_IN, scope=Scope.READ)
MARK_NOTIFICATIONS = permission("workbench.mark_notifications", Standing.SIGNED_IN)
SET_PREFERENCES = permission("workbench.set_preferences", Standing.SIGNED_IN)
