"""Why an offer is not made, accepted or declined."""

from __future__ import annotations

from techmarket.kernel.refusals import Kind, Refusal


class NoTalksHere(Refusal):
    code, kind = "trading.no_talks_here", Kind.CONFLICT
    zh = "该项目的交易方式是 {method}，不是协议定价。"
    en = "This trade goes by {method}; only a negotiation takes offers."


class TalksNotOpen(Refusal):
    code, kind = "trading.talks_not_open", Kind.CONFLICT
    zh = "谈判未在进行（标的状态 {state}）。"
    en = "Talks are not open (the lot is {state})."
    also = (
        ("opens_at", "谈判开始时间：{opens_at}。", "They begin at {opens_at}."),
        ("talks_end", "谈判截止时间：{talks_end}。", "They end at {talks_end}."),
    )


class CounterpartyNeeded(Refusal):
    code, kind = "trading.counterparty_needed", Kind.INVALID
    zh = "转让方须指明向哪一意向方发出要约（participant_id）；意向方只能向转让方发出。"
    en = "The seller names the participant the offer goes to (participant_id); a participant offers to the seller."


class OfferStands(Refusal):
    code, kind = "trading.offer_stands", Kind.CONFLICT
    zh = "您此前的要约在 {until} 前有效，不可撤回或更改；对方可以接受、拒绝或还价。"
    en = "Your earlier offer binds you until {until}; the other side may accept, decline or counter it."


class OfferOver(Refusal):
    code, kind = "trading.offer_over", Kind.CONFLICT
    zh = "该要约已于 {valid_until} 失效；可发出新的要约。"
    en = "This offer ended at {valid_until}; a new one may be made."


class OfferNotYours(Refusal):
    code, kind = "trading.offer_not_yours", Kind.CONFLICT
    zh = "要约由对方接受或拒绝，不能由要约人自己作出。"
    en = "An offer is accepted or declined by the other side, not by whoever made it."


class OfferBelowFloor(Refusal):
    code, kind = "trading.offer_below_floor", Kind.INVALID
    zh = "价格不得低于公告的底价 {least}。"
    en = "The price may not lie below the announced floor {least}."


class OfferEndsTooLate(Refusal):
    code, kind = "trading.offer_end_out_of_talks", Kind.INVALID
    zh = "要约的有效期须晚于现在（{now}），且不晚于谈判截止时间 {talks_end}。"
    en = "An offer ends after now ({now}) and no later than the talks ({talks_end})."


class CompetitionNeeded(Refusal):
    code, kind = "trading.competition_needed", Kind.CONFLICT
    zh = "国有资产有 {buyers} 个合格意向方，须公开竞价（企业国有资产法第54条）；请终结本项目并以竞价方式重新挂牌。"
    en = (
        "State assets with {buyers} qualified buyers are sold in open competition (Law on State-owned Assets of "
        "Enterprises, art. 54); end this trade and list it again by bidding."
    )
