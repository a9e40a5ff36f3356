"""What people and the bank do in settlement: money arrives, is matched or looked at, released, paid out."""

from techmarket.settlement.service.closing import close_day, list_days
from techmarket.settlement.service.owing import announce_overdue, get_due, list_dues, release_due
from techmarket.settlement.service.paying import list_payouts, renew_payout, send_payout, settle_payout
from techmarket.settlement.service.receiving import assign_line, list_lines, receive_bank_message, return_line
from techmarket.settlement.service.stating import explain_as_charge, list_entries, list_statements, upload_statement

__all__ = [
    "announce_overdue",
    "assign_line",
    "close_day",
    "explain_as_charge",
    "get_due",
    "list_days",
    "list_dues",
    "list_entries",
    "list_lines",
    "list_payouts",
    "list_statements",
    "receive_bank_message",
    "release_due",
    "renew_payout",
    "return_line",
    "send_payout",
    "settle_payout",
    "upload_statement",
]
