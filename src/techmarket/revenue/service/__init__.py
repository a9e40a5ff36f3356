"""What people do with income: agree on tables, keep the books, distribute, read. One function, one transaction."""

from techmarket.revenue.service.books import (
    add_cost,
    enter_income,
    get_books,
    take_released,
    withdraw_cost,
    withdraw_income,
)
from techmarket.revenue.service.calculating import calculate
from techmarket.revenue.service.claims import give_back, list_claims, take_repayment
from techmarket.revenue.service.distributing import draft_distribution
from techmarket.revenue.service.holding import (
    decide_hold,
    decide_release,
    dispute_share,
    list_holds,
    propose_hold,
    propose_release,
    take_back_dispute,
)
from techmarket.revenue.service.paying import (
    clear_distribution,
    confirm_payroll,
    follow_notice,
    pay_distribution,
    register_shares,
    settle_line,
)
from techmarket.revenue.service.publishing import publish_distribution
from techmarket.revenue.service.reporting import get_report, get_report_paper, get_report_sheet
from techmarket.revenue.service.reversing import reverse_distribution
from techmarket.revenue.service.reworking import draft_rework, get_rework, publish_rework, sign_rework
from techmarket.revenue.service.ruling import adopt_unit_rule, draft_unit_rule, list_unit_rules
from techmarket.revenue.service.showing import get_distribution, list_distributions
from techmarket.revenue.service.stating import get_statement, get_statement_file, get_statement_paper, list_statements
from techmarket.revenue.service.tabling import (
    draft_share_table,
    get_share_table,
    list_share_tables,
    open_signing,
    sign_share_table,
)
from techmarket.revenue.service.terming import list_terms, watch_terms
from techmarket.revenue.service.unwinding import revise_flags, take_refund, unwind_contract
from techmarket.revenue.service.weighing import effects_of, list_effects, rows_of_pack

__all__ = [
    "add_cost",
    "adopt_unit_rule",
    "calculate",
    "clear_distribution",
    "confirm_payroll",
    "decide_hold",
    "decide_release",
    "dispute_share",
    "draft_distribution",
    "draft_rework",
    "draft_share_table",
    "draft_unit_rule",
    "effects_of",
    "enter_income",
    "follow_notice",
    "get_books",
    "get_distribution",
    "get_report",
    "get_report_paper",
    "get_report_sheet",
    "get_rework",
    "get_share_table",
    "get_statement",
    "get_statement_file",
    "get_statement_paper",
    "give_back",
    "list_claims",
    "list_distributions",
    "list_effects",
    "list_holds",
    "list_share_tables",
    "list_statements",
    "list_terms",
    "list_unit_rules",
    "open_signing",
    "pay_distribution",
    "propose_hold",
    "propose_release",
    "publish_distribution",
    "publish_rework",
    "register_shares",
    "reverse_distribution",
    "revise_flags",
    "rows_of_pack",
    "settle_line",
    "sign_rework",
    "sign_share_table",
    "take_back_dispute",
    "take_refund",
    "take_released",
    "take_repayment",
    "unwind_contract",
    "watch_terms",
    "withdraw_cost",
    "withdraw_income",
]
