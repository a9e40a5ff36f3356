"""How contracts say no."""

from __future__ import annotations

from techmarket.kernel.refusals import Kind, Refusal


class AwardHasContract(Refusal):
    code, kind = "contracts.award_has_contract", Kind.CONFLICT
    zh = "此成交结果已有合同 {number}。"
    en = "This award has a contract already: {number}."


class AwardNotOffered(Refusal):
    code, kind = "contracts.award_not_offered", Kind.CONFLICT
    zh = "此成交结果当前状态为 {state}，不能据此起草合同。"
    en = "This award is {state}; a contract is drafted from one that is offered."


class ModeNotOpen(Refusal):
    code, kind = "contracts.mode_not_open", Kind.CONFLICT
    zh = "市场目前只为许可方式起草合同；此挂牌的方式为 {mode}。"
    en = "The market drafts licence contracts only; this offer's mode is {mode}."


class SameParty(Refusal):
    code, kind = "contracts.same_party", Kind.INVALID
    zh = "合同的双方不能是同一组织。"
    en = "The two sides of a contract are two organisations."


class RoyaltyIncomplete(Refusal):
    code, kind = "contracts.royalty_incomplete", Kind.INVALID
    zh = "提成须同时写明费率、计提基数和付款天数。"
    en = "A royalty needs its rate, its base and the days to pay it in, all three."


class NothingToPay(Refusal):
    code, kind = "contracts.nothing_to_pay", Kind.INVALID
    zh = "许可合同至少应有入门费或提成。"
    en = "A licence contract has an entry fee or a royalty, or both."


class MilestonesDoNotSum(Refusal):
    code, kind = "contracts.milestones_do_not_sum", Kind.INVALID
    zh = "各里程碑金额之和为 {sum}，须等于成交价 {price}。"
    en = "The milestones sum to {sum}; they must sum to the price {price}."


class MilestonesUnfit(Refusal):
    code, kind = "contracts.milestones_unfit", Kind.INVALID
    zh = "只有揭榜挂帅（技术开发）合同约定里程碑；许可合同按入门费与提成付款。"
    en = "Only a development from an open challenge has milestones; a licence is paid by entry fee and royalty."


class NoSuchMilestone(Refusal):
    code, kind = "contracts.no_such_milestone", Kind.CONFLICT
    zh = "合同付款计划第 {n} 项不是待验收的里程碑。"
    en = "Line {n} of the plan is no milestone that waits for its acceptance."


class AchievementsMissing(Refusal):
    code, kind = "contracts.achievements_missing", Kind.INVALID
    zh = "成果 {missing} 不存在，或不属于许可方。"
    en = "The achievements {missing} do not exist or are not the licensor's."


class WrongText(Refusal):
    code, kind = "contracts.wrong_text", Kind.CONFLICT
    zh = "合同文本的 SHA-256 为 {document_sha256}，与您给出的不一致；请重新阅读后再操作。"
    en = "The contract's text has the SHA-256 {document_sha256}, not the one you gave; read it again first."


class NotInForce(Refusal):
    code, kind = "contracts.not_in_force", Kind.CONFLICT
    zh = "合同当前状态为 {state}，尚未生效或已不再履行。"
    en = "The contract is {state}, not in force."


class NoRoyalty(Refusal):
    code, kind = "contracts.no_royalty", Kind.CONFLICT
    zh = "此合同没有约定提成。"
    en = "This contract has no royalty."


class PeriodBackwards(Refusal):
    code, kind = "contracts.period_backwards", Kind.INVALID
    zh = "报告期的结束日不能早于开始日。"
    en = "The period ends before it begins."


class PeriodNotOver(Refusal):
    code, kind = "contracts.period_not_over", Kind.CONFLICT
    zh = "报告期截至 {period_to}，今天是 {today}；报告期结束后才能报告。"
    en = "The period runs to {period_to} and today is {today}; report it when it is over."


class PeriodOutsideTerm(Refusal):
    code, kind = "contracts.period_outside_term", Kind.INVALID
    zh = "报告期应在合同期限内（{term_from} 至 {term_until}）。"
    en = "The period must lie within the contract's term, {term_from} to {term_until}."


class PeriodReported(Refusal):
    code, kind = "contracts.period_reported", Kind.CONFLICT
    zh = "{period_from} 至 {period_to} 已有提成报告；每个期间只报告一次。"
    en = "The period {period_from} to {period_to} is reported already; each day is reported once."


class RegistrationExists(Refusal):
    code, kind = "contracts.registration_exists", Kind.CONFLICT
    zh = "此合同已申请或已完成认定登记；一份合同只登记一次。"
    en = "This contract is filed or registered already; a contract is registered once."


class TechnologyAboveWhole(Refusal):
    code, kind = "contracts.technology_above_whole", Kind.INVALID
    zh = "技术交易额（{technology}）不能大于合同成交额（{whole}）。"
    en = "The technology part ({technology}) cannot be above the whole ({whole})."


class RegistrarBelongsToParty(Refusal):
    code, kind = "contracts.registrar_belongs_to_party", Kind.NOT_ALLOWED
    zh = "登记人员不能属于合同任何一方。"
    en = "Whoever decides a registration belongs to none of the contract's parties."


class BoundByAward(Refusal):
    code, kind = "contracts.bound_by_award", Kind.CONFLICT
    zh = "此合同依成交结果订立，只随成交结果失效而取消。"
    en = "This contract comes from an award; it is cancelled only when the award lapses."


class ReasonsMissing(Refusal):
    code, kind = "contracts.reasons_missing", Kind.INVALID
    zh = "不予登记须写明理由。"
    en = "A registration is refused with reasons."


class NotFromAward(Refusal):
    code, kind = "contracts.not_from_award", Kind.CONFLICT
    zh = "此合同并非依成交结果订立，没有保证金可言；可由经办人员终止。"
    en = "This contract comes from no award, so there is no deposit to lose; an operator can record its end."


class NothingOverdue(Refusal):
    code, kind = "contracts.nothing_overdue", Kind.CONFLICT
    zh = "价款尚未逾期（应付日 {due_on}），不能宣告违约。"
    en = "The price is not overdue (it is due on {due_on}), so no default can be declared."


class TermNotOver(Refusal):
    code, kind = "contracts.term_not_over", Kind.CONFLICT
    zh = "合同期限至 {term_until}，期满后才能确认履行完毕。"
    en = "The contract's term runs to {term_until}; it is performed when that is over."
