"""Who may do what in settlement. The bank itself has no key: its door is its signature."""

from __future__ import annotations

from techmarket.identity.actor import Role, Scope
from techmarket.identity.permissions import Standing, permission

SEE_DUES = permission("settlement.see_dues", Standing.MARKET_OR_OWN, scope=Scope.READ)
RELEASE = permission("settlement.release_due", Standing.MARKET, Role.FINANCE, consequential=True)
SEE_BANK_LINES = permission("settlement.see_bank_lines", Standing.MARKET, Role.FINANCE, scope=Scope.READ)
ASSIGN_LINE = permission("settlement.assign_bank_line", Standing.MARKET, Role.FINANCE, consequential=True)
RETURN_LINE = permission("settlement.return_bank_line", Standing.MARKET, Role.FINANCE, consequential=True)
SEE_PAYOUTS = permission("settlement.see_payouts", Standing.MARKET_OR_OWN, scope=Scope.READ)
SETTLE_PAYOUT = permission("settlement.settle_payout", Standing.MARKET, Role.FINANCE, consequential=True)
UPLOAD_STATEMENT = permission("settlement.upload_statement", Standing.MARKET, Role.FINANCE)
SEE_STATEMENTS = permission("settlement.see_statements", Standing.MARKET, Role.FINANCE, scope=Scope.READ)
EXPLAIN_ENTRY = permission("settlement.explain_entry", Standing.MARKET, Role.FINANCE)
CLOSE_DAY = permission("settlement.close_day", Standing.MARKET, Role.FINANCE)
REFUND = permission("settlement.refund_due", Standing.MARKET, Role.FINANCE, consequential=True)
SEE_ACTS = permission("settlement.see_money_acts", Standing.MARKET, Role.FINANCE, scope=Scope.READ)
REFUSE_ACT = permission("settlement.refuse_money_act", Standing.MARKET, Role.FINANCE)
DECLARE_ACCOUNT = permission("settlement.declare_account", Standing.MARKET, Role.FINANCE, consequential=True)
SEE_ACCOUNT = permission("settlement.see_account", Standing.SIGNED_IN, scope=Scope.READ)
VOID_STATEMENT = permission("settlement.void_statement", Standing.MARKET, Role.FINANCE)
SEE_INVOICES = permission("settlement.see_invoices", Standing.MARKET_OR_OWN, scope=Scope.READ)
ISSUE_INVOICE = permission("settlement.issue_invoice", Standing.OWN, Role.FINANCE, Role.ADMINISTRATOR)
CORRECT_INVOICE = permission("settlement.correct_invoice", Standing.OWN, Role.FINANCE, Role.ADMINISTRATOR)
