"""Who may do what in the rulebook."""

from __future__ import annotations

from techmarket.identity.actor import Actor, Role, Scope
from techmarket.identity.permissions import Standing, permission

READ_RULES = permission("rulebook.read_rules", Standing.ANYONE, scope=Scope.READ)
ADD_RULE = permission("rulebook.add_rule", Standing.MARKET, Role.OPERATOR, consequential=True)
SEE_PROPOSALS = permission("rulebook.see_proposals", Standing.MARKET, Role.OPERATOR, scope=Scope.READ)
ENTER_WORK_DAYS = permission("rulebook.enter_work_days", Standing.MARKET, Role.OPERATOR)


def may_see(actor: Actor, unit_id: object) -> bool:
    """A unit's own rules are for its own people and for the market; all other rows are public."""
    return unit_id is None or actor.is_market or actor.org_id == unit_id
