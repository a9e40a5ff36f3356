"""What is wrong with the terms of a trade that is being drafted."""

from __future__ import annotations

from techmarket.kernel.refusals import Kind, Refusal


class ListingNotTradable(Refusal):
    code, kind = "trading.listing_not_tradable", Kind.CONFLICT
    zh = "只有已发布、由贵组织提供的成果供给可以组织交易。"
    en = "Only a published offer of your own organisation can be put to trade."


class ListingChanged(Refusal):
    code, kind = "trading.listing_changed", Kind.CONFLICT
    zh = "该供给在交易方案拟定后已更改（现为第 {n} 版）；请按新版重新拟定。"
    en = "The listing has changed since this trade was drafted (it is at version {n}); draft it anew."


class TermsOutOfRange(Refusal):
    code, kind = "trading.terms_out_of_range", Kind.INVALID
    zh = "{field} 须在 {least} 与 {most} 之间。"
    en = "{field} must lie between {least} and {most}."


class MethodNotOffered(Refusal):
    code, kind = "trading.method_not_offered", Kind.INVALID
    zh = "本市场目前不提供交易方式 {method}；可选：{offered}。"
    en = "This market does not offer the method {method} now; it offers {offered}."


class TermUnknown(Refusal):
    code, kind = "trading.term_unknown", Kind.INVALID
    zh = "交易方式 {method} 没有“{field}”这一项；可选：{known}。"
    en = "The method {method} knows no term {field}; it knows {known}."


class TermMalformed(Refusal):
    code, kind = "trading.term_malformed", Kind.INVALID
    zh = "{field} 须为{wanted_zh}。"
    en = "{field} must be {wanted}."


class TermMissing(Refusal):
    code, kind = "trading.term_missing", Kind.INVALID
    zh = "交易方式 {method} 须给出 {field}。"
    en = "The method {method} needs {field}."


class TermsSaidTwice(Refusal):
    code, kind = "trading.terms_said_twice", Kind.INVALID
    zh = "请用 rules 和 lots 写明条款，或用单一标的的简写字段，不能两者并用。"
    en = "Give the terms in rules and lots, or in the short fields for one lot, not in both."


class LotsUnclear(Refusal):
    code, kind = "trading.lots_unclear", Kind.INVALID
    zh = "有多个标的时，每个标的须列明供给中的成果；除普通许可外，同一成果只能属于一个标的。"
    en = (
        "With several lots each names its achievements out of the listing's; only under an ordinary licence may "
        "an achievement be in more than one."
    )


class DepositAboveRule(Refusal):
    code, kind = "trading.deposit_above_rule", Kind.INVALID
    zh = "保证金不得超过底价的 {ratio_max}，即至多 {most}。"
    en = "The deposit may be at most {ratio_max} of the start price, which is {most}."


class StartBelowFloor(Refusal):
    code, kind = "trading.start_below_floor", Kind.INVALID
    zh = "起始价不得低于供给的底价 {floor}；供给没有底价时须给出起始价。"
    en = "The start price may not lie below the listing's floor price {floor}; give one when the listing has none."


class FallsBelowFloor(Refusal):
    code, kind = "trading.falls_below_floor", Kind.INVALID
    zh = "降价底价合计不得低于供给的底价 {floor}。"
    en = "A price may not fall below the listing's floor price: the floors together are at least {floor}."


class FloorNotBelowStart(Refusal):
    code, kind = "trading.floor_not_below_start", Kind.INVALID
    zh = "降价底价须低于起始价 {start_price}。"
    en = "The floor a price falls to must lie below its start price {start_price}."


class OpensTooEarly(Refusal):
    code, kind = "trading.opens_too_early", Kind.CONFLICT
    zh = "竞价不能早于信息披露期届满（{announcement_ends_at}）开始。"
    en = "Bidding cannot open before the announcement ends ({announcement_ends_at})."


class WeightsDoNotSum(Refusal):
    code, kind = "trading.weights_do_not_sum", Kind.INVALID
    zh = "评分标准的权重之和为 {sum}，须等于 1。"
    en = "The weights of the criteria sum to {sum}; they must sum to 1."


class DemandNeeded(Refusal):
    code, kind = "trading.demand_needed", Kind.INVALID
    zh = "揭榜挂帅（SELECTION）以需求为标的，其他方式以供给为标的。"
    en = "A selection is made on a demand, every other method on an offer."
