"""How settlement says no."""

from __future__ import annotations

from techmarket.kernel.refusals import Kind, Refusal

BANK_CHALLENGE = 'X-Bank-Signature realm="techmarket"'


class SecondPersonNeeded(Refusal):
    code, kind = "settlement.second_person_needed", Kind.NOT_ALLOWED
    zh = "此笔资金操作须由另一名财务人员复核；发起人不能复核自己的操作。"
    en = "A second person has to do this; whoever asked for it cannot confirm it."


class ActDiffers(Refusal):
    code, kind = "settlement.act_differs", Kind.CONFLICT
    zh = "同事就同一事项提出的操作内容不同；请先退回该操作（{act_id}）。"
    en = "A colleague asked for something else about the same thing; refuse that act ({act_id}) first."


class ReleaseOnHold(Refusal):
    code, kind = "settlement.release_on_hold", Kind.CONFLICT
    zh = "此款项被暂缓划付（{causes}）；原因解除后方可放款。"
    en = "This money is held back ({causes}); it can be released once that is over."


class NothingToRefund(Refusal):
    code, kind = "settlement.nothing_to_refund", Kind.CONFLICT
    zh = "应付款 {reference} 不能退款：只有有收款方的已付价款可以退回。"
    en = "The due {reference} cannot be refunded: only a paid price that has a payee can."


class AccountUnknown(Refusal):
    code, kind = "settlement.account_unknown", Kind.CONFLICT
    zh = "对账单的账户不是已登记的结算账户；请先由两名财务人员登记结算账户。"
    en = "The statement is not of the declared settlement account; two people of finance declare it first."


class AccountInUse(Refusal):
    code, kind = "settlement.account_in_use", Kind.CONFLICT
    zh = "结算账户已登记，不能更换。"
    en = "A settlement account has been declared; it is not exchanged."


class StatementUsed(Refusal):
    code, kind = "settlement.statement_used", Kind.CONFLICT
    zh = "对账单不能作废：第 {entries} 笔已产生后果（已支付应付款、确认或退回付款）。请按笔处理。"
    en = (
        "The statement cannot be voided: its entries {entries} have had effects (a due paid, a payout confirmed or "
        "returned). Deal with them one by one."
    )


class NotTheLastStatement(Refusal):
    code, kind = "settlement.not_the_last_statement", Kind.CONFLICT
    zh = "只能作废最后一份、且未结账的对账单。"
    en = "Only the last statement can be voided, and only before a day was closed by it."


class InvoiceNotIssued(Refusal):
    code, kind = "settlement.invoice_not_issued", Kind.CONFLICT
    zh = "此发票尚未开具或已有更正；只有已开具且未更正的发票可以红冲重开。"
    en = "This invoice has not been issued, or was corrected already; what is issued and stands can be corrected once."


class InvoiceIssuedAlready(Refusal):
    code, kind = "settlement.invoice_issued_already", Kind.CONFLICT
    zh = "此发票已登记开具，号码为 {number}。"
    en = "This invoice was issued already, under the number {number}."


class InvoiceNumberTaken(Refusal):
    code, kind = "settlement.invoice_number_taken", Kind.CONFLICT
    zh = "发票号码 {number} 已用于另一张发票。"
    en = "The number {number} is that of another invoice."


class BadSignature(Refusal):
    code, kind = "settlement.bad_signature", Kind.UNAUTHENTICATED
    challenge = BANK_CHALLENGE
    zh = "银行消息签名无效：X-Bank-Signature 应为对“时间戳.正文”的 HMAC-SHA256（十六进制）。"
    en = "The bank message is not signed by the bank: X-Bank-Signature is the hex HMAC-SHA256 of `timestamp.body`."


class MessageStale(Refusal):
    code, kind = "settlement.message_stale", Kind.UNAUTHENTICATED
    challenge = BANK_CHALLENGE
    zh = "银行消息的时间戳与当前时间相差超过 {seconds} 秒；请用新的时间戳重新签名。"
    en = "The time of the bank message is more than {seconds} seconds from now; sign it again with the present time."


class MessageMalformed(Refusal):
    code, kind = "settlement.message_malformed", Kind.INVALID
    zh = "银行消息格式不正确。"
    en = "The bank message does not have the right form."


class MessageDiffers(Refusal):
    code, kind = "settlement.message_differs", Kind.CONFLICT
    zh = "消息编号 {message_id} 已收到过，但正文不同。"
    en = "The message {message_id} was received before with another body."


class DuesOpen(Refusal):
    code, kind = "settlement.dues_open", Kind.CONFLICT
    zh = "仍有应付款未结清或已退款：{references}。"
    en = "There are dues that are not paid, or whose money went back: {references}."


class NotPaidYet(Refusal):
    code, kind = "settlement.not_paid_yet", Kind.CONFLICT
    zh = "应付款 {reference} 尚未付清，不能放款。"
    en = "The due {reference} is not paid, so it cannot be released."


class ReleasedAlready(Refusal):
    code, kind = "settlement.released_already", Kind.CONFLICT
    zh = "应付款 {reference} 已经放款。"
    en = "The due {reference} has been released already."


class NothingToRelease(Refusal):
    code, kind = "settlement.nothing_to_release", Kind.CONFLICT
    zh = "应付款 {reference} 没有收款方（保证金仍属付款方），不能放款。"
    en = "The due {reference} has no payee (a deposit stays the payer's), so there is nothing to release."


class MoreThanDue(Refusal):
    code, kind = "settlement.more_than_due", Kind.CONFLICT
    zh = "应付款 {reference} 只差 {outstanding}。"
    en = "Only {outstanding} of the due {reference} is outstanding."


class FeePayerUnknown(Refusal):
    code, kind = "settlement.fee_payer_unknown", Kind.CONFLICT
    zh = "费率规则指定的承担方为“{payer}”；放款时只能向收款方（payee）收取。"
    en = "The tariff lets “{payer}” bear the fee; a release can take it from the payee only."


class PaidByTheUnit(Refusal):
    code, kind = "settlement.paid_by_the_unit", Kind.CONFLICT
    zh = "此笔由单位工资发放，应由单位确认。"
    en = "The unit pays this through its payroll and confirms it itself."


class NothingToRenew(Refusal):
    code, kind = "settlement.nothing_to_renew", Kind.CONFLICT
    zh = "只有失败且尚未重新发出的付款指令可以重新发出；退回的到账请重新处理该笔到账。"
    en = "Only a payout that failed and was not renewed can be renewed; returned money is dealt with at its bank line."


class ReasonGone(Refusal):
    code, kind = "settlement.reason_gone", Kind.CONFLICT
    zh = "此付款的事由已不存在（已退款、由其他流程重新发起，或款项已离开银行尚未退回）；不再付款。"
    en = (
        "What this payout was for does not stand any more: it was refunded, is instructed anew where it came from, or "
        "the bank has paid it and not sent it back. It is not paid again."
    )


class StatementUnreadable(Refusal):
    code, kind = "settlement.statement_unreadable", Kind.INVALID
    zh = "对账单无法读取：{where} 处应为 {what}。可上传 camt.053（一份对账单，币种 CNY）或按文档格式的 CSV。"
    en = (
        "The statement cannot be read: at {where}, {what} is what fits. Upload one camt.053 statement in CNY, or a CSV "
        "of the documented form."
    )


class StatementDoesNotAdd(Refusal):
    code, kind = "settlement.statement_does_not_add", Kind.INVALID
    zh = "对账单不平：期初余额加各笔发生额不等于期末余额。"
    en = "The statement does not add up: opening balance and entries do not make the closing balance."


class StatementDiffers(Refusal):
    code, kind = "settlement.statement_differs", Kind.CONFLICT
    zh = "编号 {number} 的对账单已上传过，但内容不同。"
    en = "A statement with the number {number} was uploaded before with other contents."


class StatementGap(Refusal):
    code, kind = "settlement.statement_gap", Kind.CONFLICT
    zh = "对账单不连续：上一份截至 {last_day}，期末余额须等于本份期初余额；请先上传中间的对账单。"
    en = (
        "The statement does not follow the one before, which ends on {last_day}: its closing balance opens the next. "
        "Upload what lies between first."
    )


class FirstStatementNotEmpty(Refusal):
    code, kind = "settlement.first_statement_not_empty", Kind.CONFLICT
    zh = "第一份对账单的期初余额须为 0.00：结算专户自开户起对账。"
    en = "The first statement opens with 0.00: a settlement account is followed from its beginning."


class NothingToExplain(Refusal):
    code, kind = "settlement.nothing_to_explain", Kind.CONFLICT
    zh = "只有尚无对应记录的支出可以登记为银行费用。"
    en = "Only money that left for no known reason can be explained as a charge of the bank."


class ChargeNotCovered(Refusal):
    code, kind = "settlement.charge_not_covered", Kind.CONFLICT
    zh = "市场自有资金为 {own}，不足以承担 {charge} 的银行费用；客户资金不能用于支付。"
    en = "The market's own money is {own}; it does not cover a charge of {charge}, and other people's money never does."


class StatementFromTheFuture(Refusal):
    code, kind = "settlement.statement_from_the_future", Kind.INVALID
    zh = "对账单截至 {last_day}，晚于今天（{today}）。"
    en = "The statement ends on {last_day}, which is after today ({today})."


class NoStatementOfDay(Refusal):
    code, kind = "settlement.no_statement_of_day", Kind.CONFLICT
    zh = "{day} 没有截至当日的对账单，不能日终结账。"
    en = "No statement ends on {day}; upload it, then close the day."


class DayClosedAlready(Refusal):
    code, kind = "settlement.day_closed_already", Kind.CONFLICT
    zh = "{day} 或其后的日期已经结账。"
    en = "{day}, or a day after it, is closed already."


class DayDoesNotClose(Refusal):
    code, kind = "settlement.day_does_not_close", Kind.CONFLICT
    zh = "{day} 不能结账：{reasons}。请先处理这些项目。"
    en = "{day} cannot be closed: {reasons}. Deal with these first."


class StatementContradicts(Refusal):
    code, kind = "settlement.statement_contradicts", Kind.CONFLICT
    zh = "对账单第 {n} 笔（{bank_reference}）与已记录的不符：对账单为 {stated}，记录为 {known}。请银行更正后再上传。"
    en = (
        "Entry {n} of the statement ({bank_reference}) contradicts what is recorded: {stated} there, {known} here. "
        "Ask the bank to put it right, then upload again."
    )


class EntryStatedBefore(Refusal):
    code, kind = "settlement.entry_stated_before", Kind.CONFLICT
    zh = "对账单第 {n} 笔（{bank_reference}）已在此前的对账单中出现过。"
    en = "Entry {n} of the statement ({bank_reference}) stood on a statement before."
