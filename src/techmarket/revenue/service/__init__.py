"""What people do with income: agree on tables, keep the books, distribute, read. One function, one transaction."""

from techmarket.revenue.service.books import add_cost, get_books, take_released, withdraw_cost
from techmarket.revenue.service.calculating import calculate
from techmarket.revenue.service.distributing import (
    draft_distribution,
    get_distribution,
    list_distributions,
    publish_distribution,
    reverse_distribution,
)
from techmarket.revenue.service.paying import clear_distribution, confirm_payroll, pay_distribution, settle_line
from techmarket.revenue.service.stating import get_statement, list_statements
from techmarket.revenue.service.tabling import (
    draft_share_table,
    get_share_table,
    list_share_tables,
    open_signing,
    sign_share_table,
)

__all__ = [
    "add_cost",
    "calculate",
    "clear_distribution",
    "confirm_payroll",
    "draft_distribution",
    "draft_share_table",
    "get_books",
    "get_distribution",
    "get_share_table",
    "get_statement",
    "list_distributions",
    "list_share_tables",
    "list_statements",
    "open_signing",
    "pay_distribution",
    "publish_distribution",
    "reverse_distribution",
    "settle_line",
    "sign_share_table",
    "take_released",
    "withdraw_cost",
]
