"""Why a closed lot takes no reserve price, final bid, first refusal or signature now."""

from __future__ import annotations

from techmarket.kernel.refusals import Kind, Refusal


class NoReserveAwaited(Refusal):
    code, kind = "trading.no_reserve_awaited", Kind.CONFLICT
    zh = "该标的现在不等待揭示保留价；保留价在竞价结束之后、规定期限之内揭示。"
    en = "No reserve price is awaited on this lot now; one is revealed after the close and within the announced time."
    also = (
        ("session_ends_at", "竞价于 {session_ends_at} 结束。", "The session ends at {session_ends_at}."),
        ("revealed_until", "揭示期限已于 {revealed_until} 届满。", "It was awaited until {revealed_until}."),
    )


class ReserveDiffers(Refusal):
    code, kind = "trading.reserve_differs", Kind.INVALID
    zh = "金额与随机数同公告的摘要 {digest} 不符；请提交当初承诺的金额与随机数。"
    en = "Amount and salt do not open the announced digest {digest}; send those it was made of."


class SigningDatePassed(Refusal):
    code, kind = "trading.signing_date_passed", Kind.CONFLICT
    zh = "签约期限已于 {sign_by} 届满。"
    en = "The time to sign ended at {sign_by}."


class RecordNotYet(Refusal):
    """`effective_end` is a fact of it only while a lot is open: then the first of them may close."""

    code, kind = "trading.record_not_yet", Kind.CONFLICT
    zh = "该项目尚无标的结束竞价；首个标的结束后公开记录方可取得。"
    en = "No lot of this trade has ended yet; its public record is there once the first has."
    also = (("effective_end", "最早于 {effective_end} 结束。", "The first may end at {effective_end}."),)


class NoFinalBidAwaited(Refusal):
    code, kind = "trading.no_final_bid_awaited", Kind.CONFLICT
    zh = "该标的现在不接受最终报价；仅在公告约定、竞价结束之后的规定时间内接受。"
    en = "This lot takes no final bids now; where they were announced, they are taken for a time after the session."
    also = (
        ("session_ends_at", "竞价于 {session_ends_at} 结束。", "The session ends at {session_ends_at}."),
        ("taken_until", "最终报价已于 {taken_until} 截止。", "They were taken until {taken_until}."),
    )


class NotALeader(Refusal):
    code, kind = "trading.not_a_leader", Kind.CONFLICT
    zh = "最终报价只由公告约定的前 {leaders} 名作出。"
    en = "Only the first {leaders} of the session name a final price, as announced."


class FinalBidGiven(Refusal):
    code, kind = "trading.final_bid_given", Kind.CONFLICT
    zh = "贵方已作出最终报价，只能一次，不能更改。"
    en = "Your final bid is in; there is one each, and it does not change."


class FinalBidTooLow(Refusal):
    code, kind = "trading.final_bid_too_low", Kind.INVALID
    zh = "最终报价须高于贵方在竞价中的最后报价 {own}，至少 {least}；不再加价者无须操作。"
    en = "A final bid is above your own last bid {own}, so at least {least}; who stays with that need do nothing."


class NoFirstRefusalHere(Refusal):
    code, kind = "trading.no_first_refusal_here", Kind.CONFLICT
    zh = "该项目未公告场外行使优先购买权。"
    en = "This trade announced no first refusal after the session."


class TooLateToClaim(Refusal):
    code, kind = "trading.too_late_to_claim", Kind.CONFLICT
    zh = "优先购买权须在竞价开始之前主张和确认。"
    en = "A first refusal is claimed and answered before bidding opens."
    also = (("bidding_opens_at", "竞价开始时间：{bidding_opens_at}。", "The opening: {bidding_opens_at}."),)


class FirstRefusalClaimed(Refusal):
    code, kind = "trading.first_refusal_claimed_already", Kind.CONFLICT
    zh = "贵方已主张优先购买权。"
    en = "You have claimed a first refusal in this trade already."


class ClaimUnfounded(Refusal):
    code, kind = "trading.first_refusal_unfounded", Kind.CONFLICT
    zh = "成果记录中没有 {basis} 这一依据；合同约定的优先购买权须上传证据（basis 为 CONTRACT）。"
    en = "The record shows no such ground ({basis}); one by contract is shown by uploaded evidence (basis CONTRACT)."


class NoFirstRefusalAwaited(Refusal):
    code, kind = "trading.no_first_refusal_awaited", Kind.CONFLICT
    zh = "现在不等待贵方就该标的行使优先购买权。"
    en = "Nobody waits for you to exercise a first refusal on this lot now."
    also = (("asked_until", "行使期限已于 {asked_until} 届满。", "It was asked until {asked_until}."),)
