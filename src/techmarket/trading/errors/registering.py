"""Why somebody may not take part, alone, by mandate or in a consortium, or not be judged or shut out."""

from __future__ import annotations

from techmarket.kernel.refusals import Kind, Refusal


class LotNotOfTrade(Refusal):
    code, kind = "trading.lot_not_of_trade", Kind.INVALID
    zh = "所列标的不属于该项目。"
    en = "A lot named here does not belong to this trade."


class RegistrationClosed(Refusal):
    code, kind = "trading.registration_closed", Kind.CONFLICT
    zh = "该项目的意向登记已截止或尚未开始。"
    en = "Registration for this trade is closed or has not begun."
    also = (("ended_at", "登记截止时间：{ended_at}。", "It ends at {ended_at}."),)


class RegisteredAlready(Refusal):
    code, kind = "trading.registered_already", Kind.CONFLICT
    zh = "贵组织已登记为该项目的意向方。"
    en = "Your organisation is registered for this trade already."


class SellerCannotBuy(Refusal):
    code, kind = "trading.seller_cannot_buy", Kind.CONFLICT
    zh = "转让方不能成为自己项目的意向方。"
    en = "The seller cannot take part in its own trade."


class GroundsNeeded(Refusal):
    code, kind = "trading.grounds_needed", Kind.INVALID
    zh = "不予受理或不予确认须至少列明一项理由（grounds）；可选：{known}。"
    en = "Who does not accept a participant names at least one ground: {known}."


class PrincipalUnfit(Refusal):
    code, kind = "trading.principal_unfit", Kind.INVALID
    zh = "委托人须为经市场核验的其他单位，且不是转让方或受托人本身。"
    en = "A principal is another organisation that the market has verified, neither the seller nor the agent itself."


class StandsAlready(Refusal):
    code, kind = "trading.stands_already", Kind.CONFLICT
    zh = "该单位已在本项目中自行登记、委托他人或加入联合体参与；同一单位只能以一种方式参与。"
    en = (
        "This organisation takes part in this trade already, itself, by a mandate or in a consortium; it does so in "
        "one way only."
    )


class MandateNotSigned(Refusal):
    code, kind = "trading.mandate_not_signed", Kind.CONFLICT
    zh = "委托人尚未签署委托书；签署后方可受理。"
    en = "The principal has not signed the mandate; after that the participant can be admitted."


class ConsortiumNotAnnounced(Refusal):
    code, kind = "trading.consortium_not_announced", Kind.CONFLICT
    zh = "本项目公告未接受联合体；请以本单位名义单独登记。"
    en = "This trade was announced without consortia; register by yourself, without members."


class ConsortiumUnfit(Refusal):
    code, kind = "trading.consortium_unfit", Kind.INVALID
    zh = "联合体由{members_min}至{members_max}家经市场核验的不同单位组成（含代表方），不得包括转让方。"
    en = (
        "A consortium has {members_min} to {members_max} members with its representative, each another organisation "
        "that the market has verified, and not the seller."
    )


class DepositPayerUnfit(Refusal):
    code, kind = "trading.deposit_payer_unfit", Kind.INVALID
    zh = "保证金由公告所定的一方缴纳：{deposit_from}。REPRESENTATIVE 指代表方，NAMED_MEMBER 指协议列明的一名成员。"
    en = (
        "A consortium's deposit comes from whom the announcement says: {deposit_from}. REPRESENTATIVE is who "
        "registers, NAMED_MEMBER one of the members."
    )


class ConsortiumHasNoAgent(Refusal):
    code, kind = "trading.consortium_has_no_agent", Kind.INVALID
    zh = "联合体由其一名成员代表参与，不能同时接受委托；请只填写其中一项。"
    en = "A consortium is represented by one of its members, not by an agent; name members or a principal."


class ConsortiumNotSigned(Refusal):
    code, kind = "trading.consortium_not_signed", Kind.CONFLICT
    zh = "联合体协议尚有成员未签署：{missing}；全体签署后方可受理。"
    en = "Not all members have signed the consortium agreement, still to sign: {missing}; then it can be admitted."


class JudgeConflicted(Refusal):
    code, kind = "trading.judge_conflicted", Kind.NOT_ALLOWED
    zh = "您属于本项目的一方（意向方、其所代表的单位或转让方），须回避；请由其他人员处理。"
    en = (
        "You belong to a side of this trade, a participant or whom it stands for, or the seller, so you cannot act on "
        "it; somebody else does."
    )


class OfficerCannotBuy(Refusal):
    code, kind = "trading.officer_cannot_buy", Kind.CONFLICT
    zh = "该单位有人担任本项目的开标人，不能参与；报价开始前，市场可改由他人开标。"
    en = (
        "Somebody of this organisation is an opening officer of this trade, so it cannot take part; until quotes open "
        "the market may name others."
    )


class TooLateToWithdraw(Refusal):
    code, kind = "trading.too_late_to_withdraw", Kind.CONFLICT
    zh = "竞价已经开始，不能再退出；不报价者无须任何操作。"
    en = "Bidding has opened, so nobody withdraws any more; whoever does not want to bid need do nothing."


class CauseNotAnnounced(Refusal):
    code, kind = "trading.cause_not_announced", Kind.CONFLICT
    zh = "公告没有约定因此不予退还保证金；已公告的情形：{announced}。"
    en = "This was not announced as a reason to forfeit deposits; announced were {announced}."
