"""Who may do what with income. Whether a reader may know of a thing is decided at the door that loads it."""

from __future__ import annotations

from techmarket.identity.actor import Actor, OrgKind, Role, Scope
from techmarket.identity.permissions import Standing, permission

DRAFT_TABLE = permission("revenue.draft_share_table", Standing.OWN, Role.LISTING_OFFICER, Role.FINANCE)
OPEN_SIGNING = permission("revenue.open_share_table_signing", Standing.OWN, Role.LISTING_OFFICER, Role.FINANCE)
SIGN_TABLE = permission("revenue.sign_share_table", Standing.OWN, consequential=True)
ENTER_COST = permission("revenue.enter_cost", Standing.OWN, Role.FINANCE)
WITHDRAW_COST = permission("revenue.withdraw_cost", Standing.OWN, Role.FINANCE)
ENTER_INCOME = permission("revenue.enter_income", Standing.OWN, Role.FINANCE)
WITHDRAW_INCOME = permission("revenue.withdraw_income", Standing.OWN, Role.FINANCE)
REGISTER_SHARES = permission("revenue.register_shares", Standing.OWN, Role.FINANCE, consequential=True)
DISTRIBUTE = permission("revenue.draft_distribution", Standing.OWN, Role.FINANCE)
PUBLISH = permission("revenue.publish_distribution", Standing.OWN, Role.FINANCE, Role.LISTING_OFFICER)
PAY = permission("revenue.pay_distribution", Standing.OWN, Role.FINANCE, consequential=True)
REVERSE = permission("revenue.reverse_distribution", Standing.OWN, Role.FINANCE, consequential=True)
UNWIND = permission("revenue.unwind_contract", Standing.MARKET, Role.OPERATOR, consequential=True)
CONFIRM_PAYROLL = permission("revenue.confirm_payroll", Standing.OWN, Role.FINANCE, consequential=True)
DRAFT_UNIT_RULE = permission(
    "revenue.draft_unit_rule", Standing.OWN, Role.LISTING_OFFICER, Role.FINANCE, in_person=True
)
ADOPT_UNIT_RULE = permission(
    "revenue.adopt_unit_rule",
    Standing.OWN,
    Role.ADMINISTRATOR,
    Role.LISTING_OFFICER,
    Role.FINANCE,
    consequential=True,
    in_person=True,
)
SEE_UNIT_RULES = permission("revenue.list_unit_rules", Standing.SIGNED_IN, scope=Scope.READ)
PROPOSE_HOLD = permission(
    "revenue.propose_share_hold", Standing.OWN, Role.LISTING_OFFICER, Role.FINANCE, in_person=True
)
CONFIRM_HOLD = permission(
    "revenue.confirm_share_hold",
    Standing.MARKET_OR_OWN,
    Role.LISTING_OFFICER,
    Role.FINANCE,
    Role.ADMINISTRATOR,
    Role.OPERATOR,
    in_person=True,
)
DISPUTE_SHARE = permission("revenue.dispute_share", Standing.OWN)
SEE_HOLDS = permission("revenue.list_share_holds", Standing.SIGNED_IN, scope=Scope.READ)
REWORK = permission("revenue.rework_line", Standing.OWN, Role.FINANCE)
SIGN_REWORK = permission("revenue.sign_rework", Standing.OWN, consequential=True)
SEE_CLAIMS = permission("revenue.list_reward_claims", Standing.SIGNED_IN, scope=Scope.READ)
TAKE_REPAYMENT = permission("revenue.take_repayment", Standing.OWN, Role.FINANCE, consequential=True)
GIVE_BACK = permission("revenue.give_reward_back", Standing.OWN, Role.FINANCE, consequential=True)
SEE_TABLES = permission("revenue.list_share_tables", Standing.SIGNED_IN, scope=Scope.READ)
SEE_INCOME = permission("revenue.list_income", Standing.MARKET_OR_OWN, scope=Scope.READ)
SEE_DISTRIBUTIONS = permission("revenue.get_distribution", Standing.MARKET_OR_OWN, scope=Scope.READ)
SEE_TERMS = permission("revenue.list_reward_terms", Standing.MARKET_OR_OWN, scope=Scope.READ)
SEE_STATEMENTS = permission("revenue.list_own_statements", Standing.SIGNED_IN, scope=Scope.READ)
WEIGH_RULES = permission("revenue.weigh_rules", Standing.MARKET_OR_OWN, scope=Scope.READ)
SEE_REPORT = permission("revenue.get_conversion_report", Standing.SIGNED_IN, scope=Scope.READ)
CALCULATE = permission("revenue.calculate", Standing.ANYONE, scope=Scope.READ)

OFFICERS = frozenset({Role.ADMINISTRATOR, Role.LISTING_OFFICER, Role.FINANCE})
MARKET_OFFICERS = frozenset({Role.OPERATOR, Role.FINANCE})


def sees_money_of(actor: Actor, unit: object) -> bool:
    """What people earn is for the unit's officers and the market's operators; everybody else has his own statement."""
    if actor.is_market:
        return bool(actor.roles & MARKET_OFFICERS)
    return actor.org_id is not None and actor.org_id == unit and bool(actor.roles & OFFICERS)


def reads_report_of(actor: Actor, unit: object) -> bool:
    """A unit's yearly report is for its own officers, the market and the authority that it is handed in to."""
    if actor.org_kind is OrgKind.AUTHORITY:
        return Role.REGULATOR in actor.roles
    return sees_money_of(actor, unit)
