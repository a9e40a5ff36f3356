"""How the bid book says no. A refused bid is a recorded decision; its class here is what the edge renders."""

from __future__ import annotations

from techmarket.kernel.refusals import Kind, Refusal


class BidTooLow(Refusal):
    code, kind = "trading.bid_too_low", Kind.CONFLICT
    zh = "报价过低；现在至少须报 {least}。"
    en = "The bid is too low; at least {least} would be enough now."


class BidOffStep(Refusal):
    code, kind = "trading.bid_off_step", Kind.CONFLICT
    zh = "报价须为 {least} 加上加价幅度 {increment} 的整数倍。"
    en = "A bid is {least} or that plus a whole multiple of the increment {increment}."


class PriceNotReached(Refusal):
    code, kind = "trading.price_not_reached", Kind.CONFLICT
    zh = "当前价格为 {least}；{reached_at} 时降至贵方所报金额，届时若无人接受即可成交。"
    en = "The price is {least} now; it reaches your amount at {reached_at}, if nobody has accepted by then."


class BidBelowFloor(Refusal):
    code, kind = "trading.bid_below_floor", Kind.CONFLICT
    zh = "价格不会降到此金额；最低可报 {least}。"
    en = "The price never falls to this amount before the lot ends; {least} is the least it comes to."


class NotThePrice(Refusal):
    code, kind = "trading.not_the_price", Kind.CONFLICT
    zh = "该标的为一口价，只能按 {least} 接受。"
    en = "The price is fixed; accept it by exactly {least}."


class BiddingOver(Refusal):
    code, kind = "trading.bidding_over", Kind.CONFLICT
    zh = "该标的的竞价已于 {effective_end} 结束。"
    en = "Bidding on this lot ended at {effective_end}."


class BiddingNotOpen(Refusal):
    code, kind = "trading.not_open", Kind.CONFLICT
    zh = "该标的的报价尚未开始；预定于 {opens_at} 开始，以公告期届满为准。"
    en = "Bidding on this lot has not begun; it opens at {opens_at}, not before the announcement has ended."


class BiddingPaused(Refusal):
    """`resumes_at` is a fact of it only when the operator has said from when it goes on."""

    code, kind = "trading.bidding_paused", Kind.CONFLICT
    zh = "该标的的竞价已暂停（{cause}：{reason}）；恢复时会补回时间。"
    en = "Bidding on this lot is paused ({cause}: {reason}); the time is given back when it resumes."
    also = (("resumes_at", "最早于 {resumes_at} 恢复。", "It goes on at {resumes_at}."),)


class ResumesLater(Refusal):
    code, kind = "trading.resumes_later", Kind.CONFLICT
    zh = "已公布该标的最早于 {resumes_at} 恢复竞价，不能提前。"
    en = "It was said that bidding goes on at {resumes_at}; it cannot go on before."


class NotQualified(Refusal):
    code, kind = "trading.not_qualified", Kind.CONFLICT
    zh = "贵方尚不能报价：须经受理、转让方确认，且保证金已到账。"
    en = "You cannot bid yet: admission, the seller's confirmation and a held deposit come first."


class NotAParticipant(Refusal):
    code, kind = "trading.not_a_participant", Kind.NOT_ALLOWED
    zh = "贵组织没有登记为该项目的意向方。"
    en = "Your organisation is not registered as a participant of this trade."


class BidKeyReused(Refusal):
    code, kind = "trading.bid_key_reused", Kind.CONFLICT
    zh = "此 Idempotency-Key 已用于另一笔报价；新的报价请用新的键。"
    en = "This Idempotency-Key belongs to another bid of yours; use a new key for a new bid."


class BookBusy(Refusal):
    """Nobody knows yet whether the bid was entered: the same key gets the first decision or enters it now."""

    code, kind = "trading.book_busy", Kind.BUSY
    zh = "报价簿暂时无法确认该报价；请用同一个 Idempotency-Key 重试，不会重复报价。"
    en = "The bid book could not confirm this bid; retry with the same Idempotency-Key, it never bids twice."


class NoBiddingHere(Refusal):
    code, kind = "trading.no_bidding_here", Kind.CONFLICT
    zh = "该项目的交易方式是 {method}，不接受公开报价；请按项目规则参与。"
    en = "This trade goes by {method} and takes no bids; its `rules` say how to take part."


VERDICTS: dict[str, type[Refusal]] = {
    refusal.code: refusal
    for refusal in (BidTooLow, BidOffStep, BiddingOver, NotQualified, PriceNotReached, BidBelowFloor, NotThePrice)
}
