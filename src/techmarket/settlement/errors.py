"""How settlement says no."""

from __future__ import annotations

from techmarket.kernel.refusals import Kind, Refusal

BANK_CHALLENGE = 'X-Bank-Signature realm="techmarket"'


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
    zh = "仍有应付款未结清：{references}。"
    en = "There are dues that are not paid: {references}."


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
