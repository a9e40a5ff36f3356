"""How achievements says no."""

from __future__ import annotations

from techmarket.kernel.refusals import Kind, Refusal


class PatentNumberMalformed(Refusal):
    code, kind = "achievements.patent_number_malformed", Kind.INVALID
    zh = "专利（申请）号格式不正确；应为 202310123456.6，或 2003 年 10 月前的九位形式 95115608.X。"
    en = "This is no patent number; write it as 202310123456.6, or as 95115608.X if it is from before October 2003."


class PatentCheckDigitWrong(Refusal):
    code, kind = "achievements.patent_check_digit_wrong", Kind.INVALID
    zh = "专利号的校验位不正确；请核对号码。"
    en = "The check digit of this patent number is wrong; compare the number with the certificate."


class PatentNumberOfOtherKind(Refusal):
    code, kind = "achievements.patent_number_of_other_kind", Kind.INVALID
    zh = "该号码不是 {right_kind} 类专利的号码。"
    en = "This number is not one of a right of the kind {right_kind}."


class GrantedBeforeFiled(Refusal):
    code, kind = "achievements.granted_before_filed", Kind.INVALID
    zh = "授权（登记）日不能早于申请日。"
    en = "A right is not granted or registered before the day it was filed."


class OverBeforeItBegan(Refusal):
    code, kind = "achievements.over_before_it_began", Kind.INVALID
    zh = "权利的届满日不能早于其申请日或授权日。"
    en = "The last day of a right does not lie before its filing or grant."


class GrantedAndPending(Refusal):
    code, kind = "achievements.granted_and_pending", Kind.INVALID
    zh = "该权利标明已授权（授权日或 ZL 前缀），状态却为 {status}；请将状态改为 GRANTED，或去掉授权日与 ZL 前缀。"
    en = (
        "A day of grant or the prefix ZL says that this right is granted, its status says {status}; make it GRANTED,"
        " or leave out the day and the prefix."
    )


class TitleMissing(Refusal):
    code, kind = "achievements.title_missing", Kind.INVALID
    zh = "成果至少需要一个中文或英文名称。"
    en = "An achievement needs a title, in Chinese or in English."


class RightTwice(Refusal):
    code, kind = "achievements.right_twice", Kind.INVALID
    zh = "同一项知识产权出现了两次。"
    en = "The same right is named twice."


class CompleterTwice(Refusal):
    code, kind = "achievements.completer_twice", Kind.INVALID
    zh = "同一完成人出现了两次。"
    en = "The same completer is named twice."


class OtherCompleters(Refusal):
    code, kind = "achievements.other_completers", Kind.CONFLICT
    zh = "登记的完成人或其排序与您所确认的不同；请重新读取该成果后再确认。"
    en = "Other completers, or another order of them, stand on record; read the achievement again and confirm those."


class OwnerUnclear(Refusal):
    code, kind = "achievements.owner_unclear", Kind.INVALID
    zh = "每位权利人必须是一个组织或一个人，二者只能选一。"
    en = "Each owner is either an organisation or a person."


class OwnerTwice(Refusal):
    code, kind = "achievements.owner_twice", Kind.INVALID
    zh = "同一权利人出现了两次。"
    en = "The same owner is named twice."


class OwnUnitMissing(Refusal):
    code, kind = "achievements.own_unit_missing", Kind.INVALID
    zh = "登记单位必须是权利人之一。"
    en = "The unit that records an achievement must be one of its owners."


class ShareMalformed(Refusal):
    code, kind = "achievements.share_malformed", Kind.INVALID
    zh = "每份权属份额必须大于零，最多八位小数。"
    en = "Each share is more than zero and has at most eight decimals."


class SharesDoNotSum(Refusal):
    code, kind = "achievements.shares_do_not_sum", Kind.INVALID
    zh = "权属份额之和必须为 1；现为 {total}。"
    en = "The owners' shares must sum to 1; they sum to {total}."


class CoOwnerWouldLose(Refusal):
    code, kind = "achievements.co_owner_would_lose", Kind.CONFLICT
    zh = "已登记成果的共有人不能由登记单位单方删除或减少份额：{owners}；可以增加其份额，或将成果停用后重新登记。"
    en = (
        "The unit alone neither drops a co-owner of a recorded achievement nor lowers a share: {owners}. It may raise"
        " the share, or retire the achievement and record it anew."
    )


class PersonUnknown(Refusal):
    code, kind = "achievements.person_unknown", Kind.INVALID
    zh = "没有此人员。"
    en = "There is no such person here."


class OrganisationUnknown(Refusal):
    code, kind = "achievements.organisation_unknown", Kind.INVALID
    zh = "没有此组织。"
    en = "There is no such organisation here."


class AbstractMissing(Refusal):
    code, kind = "achievements.abstract_missing", Kind.CONFLICT
    zh = "登记前须填写摘要（中文或英文）。"
    en = "Before it is recorded, an achievement needs an abstract, in Chinese or in English."


class Changed(Refusal):
    code, kind = "achievements.changed", Kind.STALE
    zh = "该成果在您读取之后已被修改。"
    en = "The achievement was changed after you read it."


class NotTheSellers(Refusal):
    code, kind = "achievements.not_the_sellers", Kind.INVALID
    zh = "只能发布本单位登记的成果。"
    en = "Only achievements that your own unit recorded can be offered."


class NotRecorded(Refusal):
    code, kind = "achievements.not_recorded", Kind.CONFLICT
    zh = "该成果状态为 {state}；只有已登记（RECORDED）的成果可以交易。"
    en = "The achievement is {state}; only a recorded one can be sold or licensed."


class Pledged(Refusal):
    code, kind = "achievements.pledged", Kind.CONFLICT
    zh = "该成果已出质，未经质权人同意不得转让或许可；可登记质权人的书面同意，或先解除质押。"
    en = (
        "The achievement is pledged: without the pledgee's consent it is neither sold nor licensed. Record that"
        " consent, or have the pledge released."
    )


class Seized(Refusal):
    code, kind = "achievements.seized", Kind.CONFLICT
    zh = "该成果已被查封，解除前不得转让或许可。"
    en = "The achievement is seized by a court; until it is released it is neither sold nor licensed."


class NotAGrantedPatent(Refusal):
    code, kind = "achievements.not_a_granted_patent", Kind.CONFLICT
    zh = "开放许可须针对本成果名下已授权且有效的专利；{number} 不是。"
    en = "An open licence is of a patent of this achievement that is granted and in force; {number} is not."


class ReportMissing(Refusal):
    code, kind = "achievements.report_missing", Kind.INVALID
    zh = "{right_kind} 类专利的开放许可声明须附专利权评价报告。"
    en = "The open licence of a {right_kind} needs the evaluation report of the patent office."


class AnnualFeeUnpaid(Refusal):
    code, kind = "achievements.annual_fee_unpaid", Kind.CONFLICT
    zh = "专利年费缴至 {paid_until}，今天是 {today}；缴费并更新后方可声明开放许可。"
    en = "The annual fee is paid until {paid_until}, today is {today}; pay it and record that, then declare."


class OutsideTheTerm(Refusal):
    code, kind = "achievements.outside_the_term", Kind.INVALID
    zh = "开放许可的期限应在今天（{today}）与专利届满日（{expires_on}）之间。"
    en = "An open licence ends between today, {today}, and the last day of its patent, {expires_on}."


class EndsBeforeItBegins(Refusal):
    code, kind = "achievements.ends_before_it_begins", Kind.INVALID
    zh = "结束日期不能早于开始日期 {valid_from}。"
    en = "It does not end before it begins on {valid_from}."


class RecordedByContract(Refusal):
    code, kind = "achievements.recorded_by_contract", Kind.CONFLICT
    zh = "此负担由合同产生（{by}），随该合同而变，不能单独解除。"
    en = "This burden came with a contract ({by}) and ends with it, not by itself."


class AttestationOpen(Refusal):
    code, kind = "achievements.attestation_open", Kind.CONFLICT
    zh = "此负担已有一项待核实的申报；请先撤回，或等待核实。"
    en = "Something is already said of this burden and waits for its confirmation; withdraw that, or wait."


class HolderIsTheUnit(Refusal):
    code, kind = "achievements.holder_is_the_unit", Kind.INVALID
    zh = "权利人不能是本单位；请填写质权人的组织，或留空。"
    en = "The holder cannot be your own unit; name the pledgee's organisation, or leave it out."


class HolderOnlyOfPledge(Refusal):
    code, kind = "achievements.holder_only_of_pledge", Kind.INVALID
    zh = "只有质押（PLEDGE）可以填写已注册的权利人组织。"
    en = "Only of a pledge (PLEDGE) a registered organisation is named as its holder."


class NotAPledge(Refusal):
    code, kind = "achievements.not_a_pledge", Kind.CONFLICT
    zh = "只有质押（PLEDGE）才需登记质权人的同意。"
    en = "Only of a pledge (PLEDGE) the holder's consent is recorded."


class DayInTheFuture(Refusal):
    code, kind = "achievements.day_in_the_future", Kind.INVALID
    zh = "该日期不能晚于今天 {today}。"
    en = "That day is not later than today, {today}."


class ValueTwice(Refusal):
    code, kind = "achievements.value_twice", Kind.INVALID
    zh = "同一价值维度出现了两次。"
    en = "The same value is named twice."


class FindingEmpty(Refusal):
    code, kind = "achievements.finding_empty", Kind.INVALID
    zh = "每个价值维度须有得分（及满分）或评语。"
    en = "Each finding holds a score with the most it could be, or a statement."


class ScoreAboveMost(Refusal):
    code, kind = "achievements.score_above_most", Kind.INVALID
    zh = "得分 {score} 不能超过满分 {most}。"
    en = "The score {score} is not above the most it could be, {most}."


class LicenceOverlaps(Refusal):
    code, kind = "achievements.licence_overlaps", Kind.CONFLICT
    zh = "同一范围（地域、领域、时间）内已有许可，独占或排他许可与其他许可不能并存。"
    en = "In this scope (territory, field, time) a licence runs already, and an exclusive or sole one excludes others."


class UnderWay(Refusal):
    code, kind = "achievements.under_way", Kind.CONFLICT
    zh = "该成果的另一项转让、独占或排他许可正在进行，范围与此冲突；待其结束后再办理。"
    en = (
        "Another sale, or an exclusive or sole licence of this achievement that would meet this one, is under way;"
        " wait until it is over."
    )


class SoldAsItStands(Refusal):
    code, kind = "achievements.sold_as_it_stands", Kind.CONFLICT
    zh = (
        "该成果正在交易、签约或赋权，名称、摘要、知识产权、权利人和完成人以公告所示为准，此时不能更改：{fields}。"
        "可先更改其他内容，补填原来空缺的权利日期，或登记权利状态和年费；其余待交易结束，或撤回、终止后再改。"
    )
    en = (
        "This achievement is being sold, signed for or vested: its title, abstract, rights, owners and completers stay"
        " as they were shown, so {fields} cannot change now. Other fields can, a date of a right that was left blank"
        " can be filled in, and its status and annual fee be recorded; for the rest wait until the sale is over, or"
        " withdraw or terminate it first."
    )


class ConsentMissing(Refusal):
    code, kind = "achievements.consent_missing", Kind.CONFLICT
    zh = (
        "尚缺 {missing} 位共有人签署的同意；转让、独占或排他许可、开放许可须经全体共有人同意。"
        "请就该版本或一定范围征求同意。"
    )
    en = (
        "The signed consent of {missing} co-owner(s) is missing; a sale, an exclusive, sole or open licence needs all"
        " of them. Ask them to consent to this version of the offer, or to a scope."
    )


class ConsentReliedOn(Refusal):
    code, kind = "achievements.consent_relied_on", Kind.CONFLICT
    zh = "须经共有人同意的交易已公告或正在签约，此时不能撤回同意；待其结束后再撤回。"
    en = "A sale that needs the co-owners' consent is announced or being signed; take it back when that is over."


class ConsentScopeUnclear(Refusal):
    code, kind = "achievements.consent_scope_unclear", Kind.INVALID
    zh = "概括同意须写明转化方式；方式中有许可的，还须写明许可种类，没有许可的则不写。"
    en = "A standing consent names the ways of conversion, and the kinds of licence if, and only if, one is a licence."


class ConsentOverAlready(Refusal):
    code, kind = "achievements.consent_over_already", Kind.INVALID
    zh = "同意的截止日期不能早于今天 {today}。"
    en = "The last day of a consent is not before today, {today}."


class NoCoOwners(Refusal):
    code, kind = "achievements.no_co_owners", Kind.CONFLICT
    zh = "除本单位外没有其他权利人，无须征求同意。"
    en = "Nobody beside your unit owns a share; no consent is needed."


class CoOwnerCannotSign(Refusal):
    code, kind = "achievements.co_owner_cannot_sign", Kind.CONFLICT
    zh = "该共有人（{person}）不属于任何组织，无法在此签署；请先为其建立账户。"
    en = "This co-owner ({person}) belongs to no organisation here and cannot sign; give the person an account first."


class GranteesNotCompleters(Refusal):
    code, kind = "achievements.grantees_not_completers", Kind.INVALID
    zh = "赋权对象须为登记的完成人，且每人只列一次。"
    en = "Only completers on record are vested, each named once."


class UseRightUnclear(Refusal):
    code, kind = "achievements.use_right_unclear", Kind.INVALID
    zh = "长期使用权须写明年限 years；所有权赋权不写。"
    en = "A use right says for how many years; a share of the title does not."


class UseRightTooShort(Refusal):
    code, kind = "achievements.use_right_too_short", Kind.INVALID
    zh = "长期使用权不少于 {least} 年。"
    en = "A long-term use right is for at least {least} years."


class UnitKeepsAShare(Refusal):
    code, kind = "achievements.unit_keeps_a_share", Kind.INVALID
    zh = "赋权后单位仍须保有份额：单位现有 {unit_share}，申请合计 {total}。"
    en = "The unit stays a co-owner: it has {unit_share}, and {total} is applied for."


class ExclusionNotCleared(Refusal):
    code, kind = "achievements.exclusion_not_cleared", Kind.INVALID
    zh = "须逐项确认不涉及下列不得赋权的事项：{missing}。"
    en = "The unit says of each listed interest that it is not touched; missing: {missing}."


class TitleNotTheGivers(Refusal):
    code, kind = "achievements.title_not_the_givers", Kind.CONFLICT
    zh = "转出方现有份额 {held}，不足以转出 {given}。"
    en = "Whoever gives {given} of the title holds only {held}."


class SignatoriesTooFew(Refusal):
    code, kind = "achievements.signatories_too_few", Kind.INVALID
    zh = "单位决策须由至少 {least} 名不同的成员签署，每人只列一次。"
    en = "At least {least} different members sign the unit's approval, each named once."


class SignatoryNotAMember(Refusal):
    code, kind = "achievements.signatory_not_a_member", Kind.INVALID
    zh = "{person} 不是本单位成员；请指定本单位的成员签署。"
    en = "{person} is no member of your unit; name members who sign."


class ApprovalEvidenceMissing(Refusal):
    code, kind = "achievements.approval_evidence_missing", Kind.INVALID
    zh = "单位决策还缺下列依据材料：{missing}；请上传后附上。"
    en = "The approval lacks evidence: {missing}. Upload the files and name them."


class ApprovalUnknown(Refusal):
    code, kind = "achievements.approval_unknown", Kind.CONFLICT
    zh = "本单位没有所引用的单位决策；请更正 approval_ids。"
    en = "Your unit has no such approval; correct approval_ids."


class ApprovalNotInForce(Refusal):
    code, kind = "achievements.approval_not_in_force", Kind.CONFLICT
    zh = "所引用的单位决策状态为 {state}，须为 IN_FORCE；请完成签署或另行决策。"
    en = "The approval that is pointed to is {state}, not IN_FORCE; have it signed, or decide anew."


class ApprovalOfOther(Refusal):
    code, kind = "achievements.approval_of_other", Kind.CONFLICT
    zh = "所引用的单位决策不涵盖本次交易的 {what}；请另行决策或更改条款。"
    en = "The approval that is pointed to does not cover this {what}; decide anew, or change the terms."


class ApprovalMissing(Refusal):
    code, kind = "achievements.approval_missing", Kind.CONFLICT
    zh = "协议定价须先有单位决策（{needed}）：供给信息或直接合同的 approval_ids 须指向有效且涵盖本次交易的决策。"
    en = (
        "A sale at a negotiated price needs the unit's own approval ({needed}): approval_ids of the offer, or of the"
        " direct contract, must point to one in force that covers it."
    )
