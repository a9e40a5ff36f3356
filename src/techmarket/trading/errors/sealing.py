"""Why a lot is not sealed, quoted for under seal, or opened."""

from __future__ import annotations

from techmarket.kernel.refusals import Kind, Refusal


class NoEnvelopesHere(Refusal):
    code, kind = "trading.no_envelopes_here", Kind.CONFLICT
    zh = "该项目的交易方式是 {method}，不采用密封报价；请按项目规则参与。"
    en = "This trade goes by {method} and takes no envelopes; its `rules` say how to take part."


class SealingFixed(Refusal):
    code, kind = "trading.sealing_fixed", Kind.CONFLICT
    zh = "密封公钥须在公告之后、报价开始之前登记；此后不得更换。"
    en = "A lot's key is registered after the announcement and before quotes open, and stays from then on."


class SealingNotAnnounced(Refusal):
    code, kind = "trading.sealing_not_as_announced", Kind.INVALID
    zh = "开标须按公告：{officers} 名开标人中 {needed} 名。"
    en = "The announced terms say {needed} of {officers} officers; register just these."


class KeyUnfit(Refusal):
    code, kind = "trading.sealing_key_unfit", Kind.CONFLICT
    zh = "此公钥无效，或已用于其他标的；请为该标的另行生成。"
    en = "This is no key of the suite, or another lot has it; make a key for this lot alone."


class OfficersUnfit(Refusal):
    code, kind = "trading.officers_unfit", Kind.CONFLICT
    zh = "开标人须各不相同，分别属于市场、主管部门或公证等机构，且不属于出让方或意向方。"
    en = (
        "Officers are different people of the market, an authority or an agency such as a notary, and of none of the"
        " trade's parties."
    )


class OfficersOfOneHand(Refusal):
    code, kind = "trading.officers_of_one_hand", Kind.CONFLICT
    zh = "同一机构至多可有 {most} 名开标人，否则该机构可独自提前开标。"
    en = "One organisation may have at most {most} of the officers: with more it could open the lot by itself."


class EnvelopeMalformed(Refusal):
    code, kind = "trading.envelope_malformed", Kind.INVALID
    zh = "密封报价函应为 {bytes} 字节的 base64（格式见 docs/sealed-bids.md）。"
    en = "An envelope is {bytes} bytes in base64; docs/sealed-bids.md tells the format."


class SharesTooEarly(Refusal):
    code, kind = "trading.shares_too_early", Kind.CONFLICT
    zh = "报价截止之前不收密钥份额；请妥善保管，截止后再提交。"
    en = "Shares are not taken before quotes have closed; keep yours until then."
    also = (
        ("opens_at", "报价开始时间：{opens_at}。", "Quotes open at {opens_at}."),
        ("effective_end", "报价截止时间：{effective_end}。", "Quotes close at {effective_end}."),
    )


class WrongShare(Refusal):
    code, kind = "trading.wrong_share", Kind.INVALID
    zh = "这不是登记在第 {n} 号开标人名下的密钥份额。"
    en = "This is not the share that was registered for officer {n}."


class NotOpenedYet(Refusal):
    code, kind = "trading.not_opened_yet", Kind.CONFLICT
    zh = "尚未开标：需 {needed} 份密钥份额，已有 {given} 份。"
    en = "The lot has not been opened: it takes {needed} shares, {given} have been given."
    also = (("due_at", "最迟于 {due_at} 开标，否则不成交。", "It is opened by {due_at}, or ends unsold."),)
