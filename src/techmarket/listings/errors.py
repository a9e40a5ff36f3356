"""How listings says no."""

from __future__ import annotations

from techmarket.kernel.refusals import Kind, Refusal


class OfferedElsewhere(Refusal):
    code, kind = "listings.offered_elsewhere", Kind.CONFLICT
    zh = "此信息由另一市场发布，交易在其发布地进行：{url}"
    en = "Another market has published this; it is traded there: {url}"


class TitleMissing(Refusal):
    code, kind = "listings.title_missing", Kind.INVALID
    zh = "供需信息至少需要一个中文或英文标题。"
    en = "A listing needs a title, in Chinese or in English."


class SummaryMissing(Refusal):
    code, kind = "listings.summary_missing", Kind.CONFLICT
    zh = "提交审核前须填写简介或问题描述（中文或英文）。"
    en = "Before review a listing needs a summary or a problem, in Chinese or in English."


class AchievementMissing(Refusal):
    code, kind = "listings.achievement_missing", Kind.CONFLICT
    zh = "供给信息至少需要一项已登记的成果。"
    en = "An offer needs at least one recorded achievement."


class AchievementUnknown(Refusal):
    code, kind = "listings.achievement_unknown", Kind.INVALID
    zh = "本单位没有这项成果。"
    en = "Your unit has no such achievement."


class AchievementTwice(Refusal):
    code, kind = "listings.achievement_twice", Kind.INVALID
    zh = "同一项成果出现了两次。"
    en = "The same achievement is named twice."


class DemandTwice(Refusal):
    code, kind = "listings.demand_twice", Kind.INVALID
    zh = "同一条需求出现了两次。"
    en = "The same demand is named twice."


class DemandSellsNothing(Refusal):
    code, kind = "listings.demand_sells_nothing", Kind.INVALID
    zh = "需求信息不能附带成果。"
    en = "A demand names no achievements."


class PriceUnfit(Refusal):
    code, kind = "listings.price_unfit", Kind.INVALID
    zh = "定价方式 {price_form} 与金额不符：FIXED、FLOOR、MIXED 必须有金额，其他方式不能有。"
    en = "The price does not fit the form {price_form}: FIXED, FLOOR and MIXED name an amount, the others do not."


class RoyaltyUnfit(Refusal):
    code, kind = "listings.royalty_unfit", Kind.INVALID
    zh = "提成条款与定价方式 {price_form} 不符：ROYALTY、MIXED 必须有提成率和基数，其他方式不能有。"
    en = "The royalty does not fit the form {price_form}: ROYALTY and MIXED name a rate and a base, the others do not."


class LicenceKindUnfit(Refusal):
    code, kind = "listings.licence_kind_unfit", Kind.INVALID
    zh = "只有许可类方式（LICENCE、OPEN_LICENCE、TRY_BEFORE_BUY）才有许可种类。"
    en = "Only licences (LICENCE, OPEN_LICENCE, TRY_BEFORE_BUY) have a kind of licence."


class OpenLicenceIsOrdinary(Refusal):
    code, kind = "listings.open_licence_is_ordinary", Kind.INVALID
    zh = "开放许可只能是普通许可。"
    en = "An open licence is always an ordinary one."


class TierFixed(Refusal):
    code, kind = "listings.tier_fixed", Kind.INVALID
    zh = "字段 {field} 的披露层级不能设置。"
    en = "The tier of {field} cannot be set."


class TierLowered(Refusal):
    code, kind = "listings.tier_lowered", Kind.INVALID
    zh = "披露层级只能提高；{field} 最低为 {lowest}。"
    en = "A tier can only be raised; the lowest for {field} is {lowest}."


class ExpiryPassed(Refusal):
    code, kind = "listings.expiry_passed", Kind.CONFLICT
    zh = "有效期 {expires_on} 已过（今天是 {today}）；请先延长。"
    en = "The last day {expires_on} is over (today is {today}); set a later one first."


class NotLater(Refusal):
    code, kind = "listings.not_later", Kind.CONFLICT
    zh = "续期只能延后；现有效期为 {until}。如需提前，请修改内容。"
    en = "Renewing sets a later last day; it is {until} now. For an earlier one change the terms."


class Changed(Refusal):
    code, kind = "listings.changed", Kind.STALE
    zh = "该供需信息在您读取之后已被修改。"
    en = "The listing was changed after you read it."


class ModeNotStated(Refusal):
    code, kind = "listings.mode_not_stated", Kind.CONFLICT
    zh = "该供给信息没有写明交易方式，不能交易；请先补充。"
    en = "The offer does not state its mode, so it cannot be traded; state it first."


class ReviewsTooMany(Refusal):
    code, kind = "listings.reviews_too_many", Kind.INVALID
    zh = "一次最多审核 {most} 条。"
    en = "At most {most} listings are reviewed at once."


class ReasonMissing(Refusal):
    code, kind = "listings.reason_missing", Kind.INVALID
    zh = "退回时必须说明理由。"
    en = "Returning needs a reason."


class KindFixed(Refusal):
    code, kind = "listings.kind_fixed", Kind.INVALID
    zh = "该供需信息的类别是 {listing_kind}，不能更改。"
    en = "The listing is of the kind {listing_kind}; that cannot change."


class MinimumAboveCap(Refusal):
    code, kind = "listings.minimum_above_cap", Kind.INVALID
    zh = "提成的最低额不能高于最高额。"
    en = "The least royalty cannot be above the highest."


class PartsUnfit(Refusal):
    code, kind = "listings.price_parts_unfit", Kind.INVALID
    zh = "价格分项须逐一列出打包的每项成果，各一次，且须有总价。"
    en = "The parts of the price name each achievement of the bundle once, and nothing else."


class PartsDoNotSum(Refusal):
    code, kind = "listings.price_parts_do_not_sum", Kind.INVALID
    zh = "价格分项之和为 {sum}，与总价 {price} 不符。"
    en = "The parts sum to {sum}; the price is {price}."


class TermOfAnotherMode(Refusal):
    code, kind = "listings.term_of_another_mode", Kind.INVALID
    zh = "{field} 只用于 {mode} 方式。"
    en = "Only the mode {mode} has {field}."


class TrialUnlimited(Refusal):
    code, kind = "listings.trial_unlimited", Kind.CONFLICT
    zh = "“先用后转”须写明试用天数（trial_days）。"
    en = "Try-before-buy states how many days the trial lasts (trial_days)."


class OpenLicenceNamesItsFee(Refusal):
    code, kind = "listings.open_licence_names_its_fee", Kind.CONFLICT
    zh = "开放许可须公开许可使用费及其支付方式：定价方式为 FIXED、ROYALTY 或 MIXED。"
    en = "An open licence names its fee: the price form is FIXED, FLOOR, ROYALTY or MIXED."


class ChallengeUnfit(Refusal):
    code, kind = "listings.challenge_unfit", Kind.INVALID
    zh = "揭榜挂帅（open_challenge）须同时写明 challenge（截止日、评审标准），其他需求不能有。"
    en = "An open challenge states its `challenge` (last day, criteria); no other demand has one."


class WeightsDoNotSum(Refusal):
    code, kind = "listings.weights_do_not_sum", Kind.INVALID
    zh = "评审标准的权重之和为 {sum}，须等于 1。"
    en = "The weights of the criteria sum to {sum}; they must sum to 1."


class ProposalsAfterDeadline(Refusal):
    code, kind = "listings.proposals_after_deadline", Kind.INVALID
    zh = "揭榜截止日不能晚于需求截止日 {deadline}。"
    en = "Proposals cannot be taken after the demand's own deadline {deadline}."


class NotHeld(Refusal):
    code, kind = "listings.not_held", Kind.INVALID
    zh = "只有暂缓发布（hold 为 true）的供需信息才能指定发布时间。"
    en = "Only a listing whose publication is held back (hold) has a time of publication."


class PublicationPast(Refusal):
    code, kind = "listings.publication_past", Kind.INVALID
    zh = "发布时间 {publish_at} 已过（现在是 {now}）。"
    en = "The time of publication {publish_at} is past (now {now})."


class ActionsTooMany(Refusal):
    code, kind = "listings.actions_too_many", Kind.INVALID
    zh = "一次最多处理 {most} 条。"
    en = "At most {most} listings are acted on at once."


class LastDayNeeded(Refusal):
    code, kind = "listings.last_day_needed", Kind.INVALID
    zh = "延期须给出新的有效期 expires_on；其他操作不能有。"
    en = "Renewing needs the new last day expires_on; no other action has one."


class ScenarioListFull(Refusal):
    code, kind = "listings.scenario_list_full", Kind.INVALID
    zh = "一份场景清单最多 {most} 条需求。"
    en = "A scenario list holds at most {most} demands."


class NotAPublishedDemand(Refusal):
    code, kind = "listings.not_a_published_demand", Kind.INVALID
    zh = "场景清单只收录已发布的需求；{listing} 不是。"
    en = "A scenario list holds published demands; {listing} is none."


class ScenarioListEmpty(Refusal):
    code, kind = "listings.scenario_list_empty", Kind.CONFLICT
    zh = "空的场景清单不能发布；请先收录需求。"
    en = "An empty scenario list cannot be published; put demands into it first."


class ScenarioListChanged(Refusal):
    code, kind = "listings.scenario_list_changed", Kind.STALE
    zh = "该场景清单在您读取之后已被修改。"
    en = "The scenario list was changed after you read it."


class NobodyToAsk(Refusal):
    code, kind = "listings.nobody_to_ask", Kind.CONFLICT
    zh = "所列成果没有其他权利人，无须征求同意。"
    en = "What is offered has no other owners; no consent is needed."
