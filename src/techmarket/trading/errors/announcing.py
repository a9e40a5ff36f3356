"""Why an announced procedure is not extended, suspended, ended or listed again."""

from __future__ import annotations

from techmarket.kernel.refusals import Kind, Refusal


class NotRelistable(Refusal):
    code, kind = "trading.not_relistable", Kind.CONFLICT
    zh = "该项目（状态 {state}）不能作为重新挂牌的前一项目：须是本供给或所列成果最近一次未成交的项目。"
    en = (
        "This trade ({state}) does not come before a new one: name the last trade of the listing, or of one of its "
        "achievements, where that ended without a sale."
    )


class PublicityHidden(Refusal):
    code, kind = "trading.publicity_hidden", Kind.CONFLICT
    zh = "协议定价须公示内容摘要、转化方式和全部对价（浙江条例第17条）；请填写并公开 {fields} 后再公告。"
    en = "An agreed price is published with abstract, mode and all that is paid (ZJR art. 17): let {fields} be public."


class DraftedBefore(Refusal):
    code, kind = "trading.drafted_before", Kind.CONFLICT
    zh = "本方案拟定之后，项目 {number} 未成交结束；请按重新挂牌的规则重新拟定。"
    en = "Since this was drafted the trade {number} ended without a sale; draft anew, as a listing again."


class FirstFloorBelowValuation(Refusal):
    code, kind = "trading.first_floor_below_valuation", Kind.INVALID
    zh = "首次挂牌底价不得低于评估结果 {valuation} 的 {ratio} 倍，即至少 {least}。"
    en = "The first floor price is at least {ratio} of the valuation {valuation}, which is {least}."


class ConsentNeeded(Refusal):
    code, kind = "trading.consent_needed", Kind.INVALID
    zh = (
        "新的底价低于评估结果 {valuation} 的 {ratio} 倍（{least}），须上传原批准单位的书面同意（consent_sha256）；"
        "不低于该数额则无须同意。"
    )
    en = (
        "The new floor lies below {ratio} of the valuation {valuation}: upload the written consent of whoever approved "
        "the sale and name it (consent_sha256), or come to {least} at least."
    )


class RevaluationNeeded(Refusal):
    code, kind = "trading.revaluation_needed", Kind.CONFLICT
    zh = "自首次公告（{first_announced_on}）起已满 {months} 个月未征集到受让方，须重新评估后再挂牌。"
    en = "Nobody bought within {months} months of the first announcement ({first_announced_on}): value it anew first."


class ExtensionOutOfRule(Refusal):
    code, kind = "trading.extension_out_of_rule", Kind.INVALID
    zh = "延期须以 {unit} 计，每次不少于 {least}。"
    en = "An extension counts in {unit}, at least {least} each time."
    also = (("at_most", "至多 {at_most} 次。", "There are at most {at_most} of them."),)


class EnoughParticipants(Refusal):
    code, kind = "trading.enough_participants", Kind.CONFLICT
    zh = "各标的均已有不少于 {least} 个合格意向方，公告约定此时不得延期。"
    en = "Every lot has at least {least} qualified participant(s); as announced, there is no extension then."


class TradeIsSuspended(Refusal):
    code, kind = "trading.suspended", Kind.CONFLICT
    zh = "该项目已中止；请先恢复。"
    en = "This trade is suspended; resume it first."
    also = (("resume_by", "最迟于 {resume_by} 恢复。", "It is resumed by {resume_by} at the latest."),)


class TradeNotSuspended(Refusal):
    code, kind = "trading.not_suspended", Kind.CONFLICT
    zh = "该项目未中止，无须恢复。"
    en = "This trade is not suspended, so there is nothing to resume."


class SoldAlready(Refusal):
    code, kind = "trading.sold_already", Kind.CONFLICT
    zh = "该项目已有签约成交的标的，不能再终结；争议按合同处理。"
    en = "A lot of this trade is sold and signed, so it is not terminated any more; disputes go by the contract."


class NoMotion(Refusal):
    code, kind = "trading.no_motion", Kind.CONFLICT
    zh = "转让方没有待处理的终结申请；以此为由终结须先由转让方提出申请。"
    en = "The seller has not asked to end this trade; to end it on its motion, the seller asks first."


class MotionWaits(Refusal):
    code, kind = "trading.motion_waits", Kind.CONFLICT
    zh = "贵方的终结申请已提交，正在等待市场处理。"
    en = "You have asked to end this trade already; the market has not answered yet."
