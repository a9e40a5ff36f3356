"""What people and the bank do in settlement: money arrives, is matched or looked at, released, paid out."""

from techmarket.settlement.service.acting import list_acts, refuse_act
from techmarket.settlement.service.closing import close_day, list_days
from techmarket.settlement.service.declaring import declare_account, get_account
from techmarket.settlement.service.invoicing import correct_invoice, issue_invoice, list_invoices
from techmarket.settlement.service.owing import announce_overdue, get_due, list_dues, refund_due, release_due
from techmarket.settlement.service.paying import list_payouts, renew_payout, send_payout, settle_payout
from techmarket.settlement.service.receiving import assign_line, list_lines, receive_bank_message, return_line
from techmarket.settlement.service.stating import explain_as_charge, list_entries, list_statements, upload_statement
from techmarket.settlement.service.voiding import void_statement

__all__ = [
    "announce_overdue",
    "assign_line",
    "close_day",
    "correct_invoice",
    "declare_account",
    "explain_as_charge",
    "get_account",
    "get_due",
    "issue_invoice",
    "list_acts",
    "list_days",
    "list_dues",
    "list_entries",
    "list_invoices",
    "list_lines",
    "list_payouts",
    "list_statements",
    "receive_bank_message",
    "refund_due",
    "refuse_act",
    "release_due",
    "renew_payout",
    "return_line",
    "send_payout",
    "settle_payout",
    "upload_statement",
    "void_statement",
]
