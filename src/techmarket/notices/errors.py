"""How notices say no."""

from __future__ import annotations

from techmarket.kernel.refusals import Kind, Refusal


class NotStarted(Refusal):
    code, kind = "notices.not_started", Kind.CONFLICT
    zh = "公示尚未开始，还缺以下场所的发布：{missing_places}。"
    en = "The notice has not started; it still has to be posted in: {missing_places}."


class StillRunning(Refusal):
    code, kind = "notices.still_running", Kind.CONFLICT
    zh = "公示期未满，将于 {ends_at} 届满。"
    en = "The notice is still running; it ends at {ends_at}."


class Paused(Refusal):
    code, kind = "notices.paused", Kind.CONFLICT
    zh = "公示因异议中止，有 {open_objections} 项异议待处理。"
    en = "The notice is paused; {open_objections} objection(s) wait for a decision."


class Suspended(Refusal):
    code, kind = "notices.suspended", Kind.CONFLICT
    zh = "公示已中止，恢复后方可继续。"
    en = "The notice is suspended; it goes on when it has been resumed."


class NotSuspended(Refusal):
    code, kind = "notices.not_suspended", Kind.CONFLICT
    zh = "此公示未处于中止状态。"
    en = "This notice is not suspended."


class NotSuspendable(Refusal):
    code, kind = "notices.not_suspendable", Kind.CONFLICT
    zh = "{notice_kind} 类公示不适用中止。"
    en = "A notice of the kind {notice_kind} is not suspended."


class NotExtendable(Refusal):
    code, kind = "notices.not_extendable", Kind.CONFLICT
    zh = "{notice_kind} 类公示不适用延期。"
    en = "A notice of the kind {notice_kind} is not extended."


class ExtensionNotAnnounced(Refusal):
    code, kind = "notices.extension_not_announced", Kind.CONFLICT
    zh = "此公示发布时未载明可以延期，不能延期。"
    en = "This notice did not say when it opened that it may be extended, so it is not."


class ExtensionsUsedUp(Refusal):
    code, kind = "notices.extensions_used_up", Kind.CONFLICT
    zh = "此公示载明的 {at_most} 次延期已用完。"
    en = "The {at_most} extension(s) that this notice announced are used up."


class ExtensionInAnotherUnit(Refusal):
    code, kind = "notices.extension_in_another_unit", Kind.INVALID
    zh = "延期须与公示期同以天数计算：{unit}。"
    en = "An extension counts in the days of its notice: {unit}."


class ExtensionTooShort(Refusal):
    code, kind = "notices.extension_too_short", Kind.INVALID
    zh = "每次延期不得少于 {least} {unit}。"
    en = "Each extension lasts at least {least} {unit}."


class TooManyExtensions(Refusal):
    code, kind = "notices.too_many_extensions", Kind.INVALID
    zh = "延期次数至少 1 次，至多 {at_most} 次。"
    en = "A notice announces at least one extension and at most {at_most}."


class PeriodOver(Refusal):
    code, kind = "notices.period_over", Kind.CONFLICT
    zh = "公示期已于 {ended_at} 届满，不能再延期或中止。"
    en = "The notice ended at {ended_at}; it is neither extended nor suspended any more."


class RuleInAnotherUnit(Refusal):
    code, kind = "notices.rule_in_another_unit", Kind.CONFLICT
    zh = "规则 {key} 以 {unit} 计，而公示期以 {wanted} 计；请先录入以 {wanted} 计的规则行。"
    en = "The rule {key} counts in {unit}, the notice in {wanted}; enter a row in {wanted} first."


class PeriodTooShort(Refusal):
    code, kind = "notices.period_too_short", Kind.INVALID
    zh = "公示期不得少于 {least} {unit}（{source}）。"
    en = "This notice stands at least {least} {unit} ({source})."


class CorrectionNotTaken(Refusal):
    code, kind = "notices.correction_not_taken", Kind.CONFLICT
    zh = "{notice_kind} 类公示不适用更正；内容有变动的，须重新公示。"
    en = "A notice of the kind {notice_kind} is not corrected; with any change its period starts afresh."


class NotACorrection(Refusal):
    code, kind = "notices.not_a_correction", Kind.CONFLICT
    zh = "以下事项的变动不属于更正，须重新公示：{fields}。"
    en = "To change these is no correction, the period starts afresh: {fields}."


class NothingChanged(Refusal):
    code, kind = "notices.nothing_changed", Kind.CONFLICT
    zh = "新内容与现行内容相同。"
    en = "The new text is the one that stands."


class EvidenceMissing(Refusal):
    code, kind = "notices.evidence_missing", Kind.INVALID
    zh = "您的组织没有上传过以下文件，请先上传证据（POST /v1/evidence）：{missing}。"
    en = "Your organisation has not uploaded: {missing}. Upload the evidence first (POST /v1/evidence)."


class TooMuchEvidence(Refusal):
    code, kind = "notices.too_much_evidence", Kind.TOO_MANY
    zh = "一日内至多上传 {at_most} 份证据。"
    en = "At most {at_most} pieces of evidence are taken from an organisation in a day."


class TooManyPostings(Refusal):
    code, kind = "notices.too_many_postings", Kind.CONFLICT
    zh = "一项公示至多记录 {at_most} 处其他场所的发布。"
    en = "At most {at_most} postings elsewhere are kept for a notice."


class OwnNotice(Refusal):
    code, kind = "notices.own_notice", Kind.NOT_ALLOWED
    zh = "公示的发布方及代表发布方的人员不能对本方公示提出异议。"
    en = "The owner of a notice, and whoever speaks for it, does not object to it."


class NoStanding(Refusal):
    code, kind = "notices.no_standing", Kind.NOT_ALLOWED
    zh = "对此类公示可以提出异议的是：{objectors}（ANYONE 已核验组织，PARTIES 公示所列各方，MEMBERS 本单位人员）。"
    en = (
        "To a notice of this kind may object: {objectors} (ANYONE: a verified organisation, PARTIES: those it names, "
        "MEMBERS: the unit's own people)."
    )


class SameGroundsAgain(Refusal):
    code, kind = "notices.same_grounds_again", Kind.CONFLICT
    zh = "同一理由的异议已于 {ended_at} 处理完毕；再次提出须附新的证据。"
    en = "An objection on the same grounds ended at {ended_at}; to raise it again takes new evidence."


class TooMuchEvidenceHere(Refusal):
    code, kind = "notices.too_much_evidence_here", Kind.CONFLICT
    zh = "一项异议至多附 {at_most} 份证据。"
    en = "An objection rests on at most {at_most} pieces of evidence."


class AcknowledgedAlready(Refusal):
    code, kind = "notices.acknowledged_already", Kind.CONFLICT
    zh = "此异议已于 {acknowledged_at} 受理。"
    en = "This objection was acknowledged at {acknowledged_at}."


class Upheld(Refusal):
    code, kind = "notices.upheld", Kind.CONFLICT
    zh = "对此公示的异议已成立。"
    en = "An objection to this notice was upheld."


class NoLongerStands(Refusal):
    code, kind = "notices.no_longer_stands", Kind.CONFLICT
    zh = "此公示当前状态为 {state}，不再有效。"
    en = "This notice is {state} and no longer stands."


class Ended(Refusal):
    code, kind = "notices.ended", Kind.CONFLICT
    zh = "公示期已于 {ended_at} 届满，不再受理异议。"
    en = "The notice ended at {ended_at}; objections are no longer taken."


class AlreadyStands(Refusal):
    code, kind = "notices.already_stands", Kind.CONFLICT
    zh = "此事项的同类公示正在进行；请替换或撤回原公示。"
    en = "A notice of this kind stands for this subject already; replace or withdraw it."


class PriceStandsAlready(Refusal):
    code, kind = "notices.price_stands_already", Kind.CONFLICT
    zh = "同一成果向同一受让方的定价公示（{notice}）正在进行；待其期满，或先撤回该合同。"
    en = (
        "A price notice ({notice}) about the same achievement and buyer stands already; wait until it has ended, or"
        " take that contract back."
    )


class PriceUpheldBefore(Refusal):
    code, kind = "notices.price_upheld_before", Kind.CONFLICT
    zh = "对同一成果、同一受让方的定价异议（公示 {notice}）已成立；请提高价款，或请市场运营人员书面同意后再公示。"
    en = (
        "An objection to the price of the same achievement for the same buyer was upheld (notice {notice}): publish a"
        " higher price, or ask the operator to allow this one."
    )


class NothingUpheld(Refusal):
    code, kind = "notices.nothing_upheld", Kind.CONFLICT
    zh = "只有因异议成立而终止的定价公示才需要此同意。"
    en = "Only where an objection to a price was upheld is there a price to allow."


class TooManyObjections(Refusal):
    code, kind = "notices.too_many_objections", Kind.CONFLICT
    zh = "您对此公示已提出 {at_most} 次异议，不再受理；请直接向市场运营人员反映。"
    en = "You have filed {at_most} objections to this notice, and no more are taken; tell the operator instead."


class EvidenceTorn(Refusal):
    code, kind = "notices.evidence_torn", Kind.INVALID
    zh = "文件不完整：缺少该类型文件的结尾；请重新上传完整的文件。"
    en = "This file is not whole, its end is missing; send it again in full."


class FieldsMissing(Refusal):
    code, kind = "notices.fields_missing", Kind.INVALID
    zh = "公示内容缺少必备事项：{fields}。"
    en = "The notice lacks what its kind must state: {fields}."


class NotRestatable(Refusal):
    code, kind = "notices.not_restatable", Kind.INVALID
    zh = "以下内容以其他记录为准，不能在公示中改写：{parts}；可改写：{possible}。"
    en = "What the notice says of {parts} is on record elsewhere; only these can be put differently here: {possible}."


class OtherShape(Refusal):
    code, kind = "notices.other_shape", Kind.INVALID
    zh = "{part} 须与原公示形式一致：文字替换文字，几项替换几项。"
    en = "{part} must have the form it has in the notice: a text for a text, as many for several."


class KinshipTakenBack(Refusal):
    code, kind = "notices.kinship_taken_back", Kind.CONFLICT
    zh = "已公示的利害关系不能以改写撤回；确有错误的，请撤回合同后重新公示。"
    en = "A related party once published is not taken back; if it was wrong, take the contract back and publish anew."


class TextChanged(Refusal):
    code, kind = "notices.text_changed", Kind.STALE
    zh = "公示文本已变更，现行文本为 {document_sha256}；请阅后再提交。"
    en = "The notice's text has changed meanwhile and is now {document_sha256}; read it and send again."


class TooManyReplacements(Refusal):
    code, kind = "notices.too_many_replacements", Kind.CONFLICT
    zh = "此公示已替换 {at_most} 次；请市场运营人员再行替换。"
    en = "This notice has been replaced {at_most} times; ask the operator to do it once more."


class NotAPlaceOfThisNotice(Refusal):
    code, kind = "notices.not_a_place_of_this_notice", Kind.CONFLICT
    zh = "此公示不在该场所发布。"
    en = "This notice is not posted in this place."


class PostedAlready(Refusal):
    code, kind = "notices.posted_already", Kind.CONFLICT
    zh = "此场所的发布已确认。"
    en = "The posting in this place is confirmed already."


class LinesNeeded(Refusal):
    code, kind = "notices.lines_needed", Kind.INVALID
    zh = "对此类公示的异议须指明所涉及的行。"
    en = "An objection to this kind of notice names the lines it is about."


class LinesNotTaken(Refusal):
    code, kind = "notices.lines_not_taken", Kind.INVALID
    zh = "对此类公示的异议针对整个公示，不能只指明其中的行。"
    en = "An objection to this kind of notice is about the whole of it and names no lines."


class UnknownLines(Refusal):
    code, kind = "notices.unknown_lines", Kind.INVALID
    zh = "公示中没有这些行：{lines}。"
    en = "The notice has no such lines: {lines}."


class ObjectionOpen(Refusal):
    code, kind = "notices.objection_open_already", Kind.CONFLICT
    zh = "您对此公示的异议尚未处理完毕。"
    en = "Your objection to this notice still waits for its decision."
