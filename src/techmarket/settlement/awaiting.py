"""What waits for a person in settlement: money to pay, to place, to release and to send; acts for a second one."""

from __future__ import annotations

from techmarket.identity.actor import Role
from techmarket.identity.permissions import Permission
from techmarket.identity.work import due_work
from techmarket.settlement import policy
from techmarket.settlement.rules import Act

END_OF_DAY = "(({day} + 1)::timestamp AT TIME ZONE 'Asia/Shanghai')"


def _unasked(act: Act, thing: str, id: str) -> str:
    """SQL: nobody asked for it yet. Once somebody did, it waits for a second person, under a kind of its own."""
    return (
        f" AND NOT EXISTS (SELECT 1 FROM money_act asked WHERE asked.state = 'WAITING' AND asked.act = '{act.value}'"
        f" AND asked.subject = '{thing}:' || {id})"
    )


due_work(
    "settlement.pay_due",
    policy.SEE_DUES,
    "getDue",
    "GET /v1/dues/{id}",
    thing="due",
    rows="due x WHERE x.state = 'OPEN'",
    org="x.payer_org",
    # Everyone of the payer may see what it owes; whoever pays for it is told.
    roles=frozenset({Role.FINANCE, Role.ADMINISTRATOR}),
    since="x.raised_at",
    due=END_OF_DAY.format(day="x.due_on"),
    covers="due OPEN",
    zh="按付款参考号向结算专户付款",
    en="Pay by bank transfer, with the reference of the due",
)
due_work(
    "settlement.assign_bank_line",
    policy.ASSIGN_LINE,
    "assignBankLine",
    "POST /v1/bank/lines/{id}/assignment",
    thing="bank_line",
    rows="bank_line x WHERE x.state = 'UNMATCHED'" + _unasked(Act.ASSIGN_LINE, "bank_line", "x.id"),
    since="x.received_at",
    covers="bank_line UNMATCHED",
    zh="认领未匹配的银行来款",
    en="Assign or return money that matched no due",
)
due_work(
    "settlement.release_due",
    policy.RELEASE,
    "releaseDue",
    "POST /v1/dues/{id}/release",
    thing="due",
    rows="due x WHERE x.state = 'PAID' AND x.payee_org IS NOT NULL AND x.released_at IS NULL"
    " AND (x.purpose = 'REFUND' OR NOT EXISTS (SELECT 1 FROM release_hold h WHERE h.subject = x.subject"
    " AND h.lifted_at IS NULL))" + _unasked(Act.RELEASE_DUE, "due", "x.id"),
    since="x.paid_at",
    covers="due PAID",
    zh="放款：已到账的款项划付收款方",
    en="Release paid money to its payee",
)
due_work(
    "settlement.send_payout",
    policy.SETTLE_PAYOUT,
    "sendPayout",
    "POST /v1/payouts/{id}/sending",
    thing="payout",
    rows="payout x WHERE x.state = 'INSTRUCTED' AND x.channel = 'ESCROW'"
    + _unasked(Act.SETTLE_PAYOUT, "payout", "x.id"),
    since="x.instructed_at",
    covers="payout INSTRUCTED",
    zh="向银行发出付款指令",
    en="Give the bank the instruction to pay",
)
due_work(
    "settlement.settle_payout",
    policy.SETTLE_PAYOUT,
    "settlePayout",
    "POST /v1/payouts/{id}/confirmation",
    thing="payout",
    rows="payout x WHERE x.state = 'SENT' AND x.channel = 'ESCROW'" + _unasked(Act.SETTLE_PAYOUT, "payout", "x.id"),
    since="x.instructed_at",
    covers="payout SENT",
    zh="登记银行的付款结果",
    en="Enter what the bank said of a payment",
)
due_work(
    "settlement.renew_payout",
    policy.SETTLE_PAYOUT,
    "renewPayout",
    "POST /v1/payouts/{id}/renewal",
    thing="payout",
    rows="payout x JOIN due d ON x.why = 'due:' || d.id AND d.state = 'PAID' AND d.released_at IS NOT NULL"
    " WHERE x.state = 'FAILED' AND x.channel = 'ESCROW' AND x.org_id IS NOT NULL AND NOT EXISTS ("
    "SELECT 1 FROM payout other WHERE other.why = x.why AND other.org_id = x.org_id AND other.channel = x.channel"
    " AND other.state <> 'FAILED')",
    since="coalesce(x.settled_at, x.instructed_at)",
    covers="payout FAILED",
    zh="重新发起银行未能付出的款项",
    en="Instruct anew what the bank could not pay",
)
due_work(
    "settlement.explain_entry",
    policy.EXPLAIN_ENTRY,
    "explainBankCharge",
    "POST /v1/bank/statements/{id}/entries/{n}/charge",
    thing="bank_statement",
    rows="statement_entry x JOIN bank_statement b ON b.id = x.statement_id"
    " WHERE x.state = 'OPEN' AND NOT x.is_void AND NOT x.is_credit"
    + _unasked(Act.EXPLAIN_CHARGE, "bank_statement", "x.statement_id"),
    id="x.statement_id",
    n="x.n",
    since="b.at",
    covers="statement_entry OPEN",
    zh="解释对账单中未识别的支出",
    en="Explain a booking of the bank statement that nothing accounts for",
)
due_work(
    "settlement.close_day",
    policy.CLOSE_DAY,
    "closeBankDay",
    "POST /v1/bank/days/{n}/closing",
    thing="bank_statement",
    rows="bank_statement x WHERE x.voided_at IS NULL"
    " AND NOT EXISTS (SELECT 1 FROM bank_day d WHERE d.day >= x.last_day)"
    " AND NOT EXISTS (SELECT 1 FROM statement_entry e JOIN bank_statement s ON s.id = e.statement_id"
    " WHERE e.state = 'OPEN' AND NOT e.is_void AND s.last_day <= x.last_day)",
    n="x.last_day",
    since="x.at",
    zh="日终结账",
    en="Close a day against the bank's statement",
)
due_work(
    "settlement.issue_invoice",
    policy.ISSUE_INVOICE,
    "issueInvoice",
    "POST /v1/invoices/{id}/issue",
    thing="invoice",
    rows="invoice x WHERE x.number IS NULL",
    org="x.seller_org",
    since="x.drawn_up_at",
    zh="开具发票并登记号码",
    en="Issue an invoice and enter its number",
)


def _second(act: Act, permission: Permission, operation: str, call: str, thing: str, *, n: str = "NULL") -> None:
    """What one person of finance asked for waits for another to do the same."""
    due_work(
        f"settlement.second.{act.value.lower()}",
        permission,
        operation,
        call,
        thing=thing,
        rows=f"money_act x WHERE x.state = 'WAITING' AND x.act = '{act.value}'",
        id="split_part(x.subject, ':', 2)::uuid",
        n=n,
        second_to="x.asked_by",
        since="x.asked_at",
        covers="money_act WAITING",
        zh="复核另一人提出的资金操作",
        en="Do, as the second one, what a colleague asked for with money",
    )


_second(Act.ASSIGN_LINE, policy.ASSIGN_LINE, "assignBankLine", "POST /v1/bank/lines/{id}/assignment", "bank_line")
_second(Act.RELEASE_DUE, policy.RELEASE, "releaseDue", "POST /v1/dues/{id}/release", "due")
_second(Act.REFUND_DUE, policy.REFUND, "refundDue", "POST /v1/dues/{id}/refund", "due")
_second(Act.SETTLE_PAYOUT, policy.SETTLE_PAYOUT, "settlePayout", "POST /v1/payouts/{id}/confirmation", "payout")
_second(
    Act.DECLARE_ACCOUNT, policy.DECLARE_ACCOUNT, "declareSettlementAccount", "POST /v1/bank/account", "account_asked"
)
_second(
    Act.VOID_STATEMENT,
    policy.VOID_STATEMENT,
    "voidBankStatement",
    "POST /v1/bank/statements/{id}/voiding",
    "bank_statement",
)
_second(
    Act.EXPLAIN_CHARGE,
    policy.EXPLAIN_ENTRY,
    "explainBankCharge",
    "POST /v1/bank/statements/{id}/entries/{n}/charge",
    "bank_statement",
    n="x.content->>'n'",
)
_second(
    Act.UPLOAD_STATEMENT, policy.UPLOAD_STATEMENT, "uploadBankStatement", "POST /v1/bank/statements", "statement_file"
)
