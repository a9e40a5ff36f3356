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


class ObjectsChanged(Refusal):
    code, kind = "contracts.objects_changed", Kind.CONFLICT
    zh = "合同起草后，所涉成果的名称、权利人或知识产权已变更；请撤回后重新起草。"
    en = (
        "Since this was drafted the achievement's name, owners or rights have changed; take it back and draft it again."
    )


class KinshipUnpublished(Refusal):
    code, kind = "contracts.kinship_unpublished", Kind.CONFLICT
    zh = (
        "公示写明受让方并非利害关系人，但现在已是：须重新公示后才能签署。请撤回合同后重新起草；"
        "合同依成交结果订立的，请申请终结交易后重新公告。"
    )
    en = (
        "The price notice says that the buyer is no related party, and it has become one: the price is published anew"
        " before anybody signs. Take the contract back and draft it again; where it comes from an award, ask the market"
        " to end the trade and announce it again."
    )


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


class PlanUnfit(Refusal):
    code, kind = "contracts.plan_unfit", Kind.INVALID
    zh = "付款计划不成立：{why}。"
    en = "The payment plan does not fit together: {why}."


class InstalmentsUnfit(Refusal):
    code, kind = "contracts.instalments_unfit", Kind.INVALID
    zh = "国有资产分期付款不符合规定（{source}）：{faults}；首付不低于 {first_ratio_min}。"
    en = "Instalments for a state-owned asset break {source}: {faults}; the first part is at least {first_ratio_min}."


class FormUnfit(Refusal):
    code, kind = "contracts.form_unfit", Kind.INVALID
    zh = "{type} 合同没有 {form} 这一类别。"
    en = "A {type} contract has no form {form}."


class FactsMissing(Refusal):
    code, kind = "contracts.facts_missing", Kind.INVALID
    zh = "合同缺少必备事项：{missing}。"
    en = "The contract must also state: {missing}."


class FactsUnknown(Refusal):
    code, kind = "contracts.facts_unknown", Kind.INVALID
    zh = "此类合同不写明 {unknown}；可写明的有：{possible}。"
    en = "This kind of contract does not state {unknown}; it states: {possible}."


class PatentFactsMissing(Refusal):
    code, kind = "contracts.patent_facts_missing", Kind.CONFLICT
    zh = "涉及专利的合同须写明全部专利事项（民法典第八百四十五条），尚缺：{missing}；请先补全成果登记。"
    en = "A contract about a patent states all its facts (Civil Code art. 845); missing: {missing}."


class PatentOver(Refusal):
    code, kind = "contracts.patent_over", Kind.CONFLICT
    zh = "专利 {numbers} 已届满、终止或被宣告无效，不得就其订立合同（民法典第八百六十五条）。"
    en = "The patents {numbers} have run out or fallen; no contract is made about them (Civil Code art. 865)."


class LicenceKindMissing(Refusal):
    code, kind = "contracts.licence_kind_missing", Kind.INVALID
    zh = "许可合同须写明许可方式（独占、排他或普通）；其他合同不写。"
    en = "A licence names its kind (exclusive, sole or ordinary); no other contract does."


class AchievementsUnfit(Refusal):
    code, kind = "contracts.achievements_unfit", Kind.INVALID
    zh = "转让和许可合同须指明成果；其他合同不处分已登记的成果。"
    en = "A transfer or a licence names its achievements; other contracts dispose of none."


class TrialUnfit(Refusal):
    code, kind = "contracts.trial_unfit", Kind.INVALID
    zh = "先用后转只用于不与跨境限制并存的许可合同。"
    en = "A trial before the licence is for licences that wait for no export or import licence."


class TechnologyProhibited(Refusal):
    code, kind = "contracts.technology_prohibited", Kind.INVALID
    zh = "禁止进出口的技术不得进出口（技术进出口管理条例），不能就其订立跨境合同。"
    en = "Prohibited technology does not cross the border; no such contract is drafted."


class ClearanceMissing(Refusal):
    code, kind = "contracts.clearance_missing", Kind.CONFLICT
    zh = "尚缺主管部门文件：{missing}；登记后即可继续。"
    en = "Documents of the authorities are missing: {missing}; record them first."


class ClearanceNotNeeded(Refusal):
    code, kind = "contracts.clearance_not_needed", Kind.CONFLICT
    zh = "此合同不需要或已登记 {clearance}；所需：{needed}。"
    en = "This contract needs no {clearance}, or has it already; needed: {needed}."


class TrialNotRunning(Refusal):
    code, kind = "contracts.trial_not_running", Kind.CONFLICT
    zh = "试用期至 {until} 已结束，未被接受的条款已失效。"
    en = "The trial ended with {until}; terms that were not accepted have lapsed."


class NoTitleToRestore(Refusal):
    code, kind = "contracts.no_title_to_restore", Kind.CONFLICT
    zh = "只有已移转权属且已终止的合同可以恢复权属，且只恢复一次。"
    en = "A title is restored once, after the contract that moved it was ended."


class TitleNotMoving(Refusal):
    code, kind = "contracts.title_not_moving", Kind.CONFLICT
    zh = "此合同不移转权属，或权属已移转。"
    en = "This contract moves no title, or has moved it already."


class PeriodCrossesYear(Refusal):
    code, kind = "contracts.period_crosses_year", Kind.INVALID
    zh = "费率、最低额或上限按合同年度计算；请以 {split_on} 为界分开报告。"
    en = "Rate, minimum or cap go by contract years; report the days before {split_on} and those from it apart."


class NothingCorrected(Refusal):
    code, kind = "contracts.nothing_corrected", Kind.INVALID
    zh = "报告的计提基数已是 {base}，没有更正内容。"
    en = "The report's base is {base} already; nothing would be corrected."


class NotYetIssued(Refusal):
    code, kind = "contracts.not_yet_issued", Kind.INVALID
    zh = "签发日期 {issued_on} 晚于今天。"
    en = "The day of issue, {issued_on}, lies in the future."


class DepositSpent(Refusal):
    code, kind = "contracts.deposit_spent", Kind.CONFLICT
    zh = "保证金已转为价款并付清首期，不再没收；请催告后以违约解除合同。"
    en = "The deposit has become the price and paid a part of it; demand a cure, then end the contract for breach."


class ChangePending(Refusal):
    code, kind = "contracts.change_pending", Kind.CONFLICT
    zh = "已有一项变更正在等待签署（第 {n} 项）；先处理它。"
    en = "A change is waiting for signatures already (number {n}); deal with that first."


class ChangeChangesNothing(Refusal):
    code, kind = "contracts.change_changes_nothing", Kind.INVALID
    zh = "变更没有改动任何条款。"
    en = "The change leaves every term as it is."


class ChangeTooEarly(Refusal):
    code, kind = "contracts.change_too_early", Kind.INVALID
    zh = "变更最早自 {earliest} 起生效；已报告和已到期的部分不受影响。"
    en = "The change can take effect from {earliest} at the earliest; what is reported or due already stays."


class ChangeWithinYear(Refusal):
    code, kind = "contracts.change_within_year", Kind.INVALID
    zh = "提成按合同年度计算，其变更须自合同年度首日（如 {next_start}）起生效。"
    en = "The royalty goes by contract years; a change of it starts with one, such as {next_start}."


class NotYourChange(Refusal):
    code, kind = "contracts.not_your_change", Kind.CONFLICT
    zh = "提出方撤回变更，对方拒绝变更。"
    en = "Who proposed a change takes it back; the other side turns it down."


class NothingLate(Refusal):
    code, kind = "contracts.nothing_late", Kind.CONFLICT
    zh = "款项 {reference} 尚未逾期或已付清，不能催告。"
    en = "The money of {reference} is not late, or paid; there is nothing to demand."


class BreachUnproven(Refusal):
    code, kind = "contracts.breach_unproven", Kind.INVALID
    zh = "催告须指明逾期款项，或附证明违约的证据文件（先上传，再写明其 SHA-256）。"
    en = "A demand names the due that is late, or a file that shows the breach: upload it and give its SHA-256."


class PriceBound(Refusal):
    code, kind = "contracts.price_bound", Kind.CONFLICT
    zh = "此合同的价款由交易产生或已公示，不得以变更改动付款计划；可协商解除后重新交易或公示。"
    en = (
        "The price was found in a trade or published, so no change touches the plan of payments; end the contract by "
        "agreement and trade or publish anew."
    )


class PartyNotConfirmed(Refusal):
    code, kind = "contracts.party_not_confirmed", Kind.CONFLICT
    zh = "合同其他各方尚未确认此记录（缺 {missing} 方）；须由其签署人先确认（POST …/confirmations）。"
    en = "Of the other parties {missing} have not confirmed the record; their signatories do (POST …/confirmations)."


class ConfirmedAlready(Refusal):
    code, kind = "contracts.confirmed_already", Kind.CONFLICT
    zh = "您或贵方已确认此记录，或此记录由贵方登记，无须再确认。"
    en = "You or your side have confirmed this record, or recorded it; nobody confirms it twice."


class CureRunning(Refusal):
    code, kind = "contracts.cure_running", Kind.CONFLICT
    zh = "催告期至 {cure_ends_at}，期满未改正才能解除合同。"
    en = "The other side has until {cure_ends_at} to cure; the contract can be ended after that."


class BreachCured(Refusal):
    code, kind = "contracts.breach_cured", Kind.CONFLICT
    zh = "所催告的款项 {reference} 已付清，违约已改正，不能据此解除合同。"
    en = "The money demanded, {reference}, has been paid: the breach is cured and ends nothing."


class NothingToFile(Refusal):
    code, kind = "contracts.nothing_to_file", Kind.CONFLICT
    zh = "此合同没有待备案的许可，或已备案。"
    en = "This contract has no licence to file, or it is filed already."


class AuthorityMissing(Refusal):
    code, kind = "contracts.authority_missing", Kind.NOT_ALLOWED
    zh = "您没有经市场核验、今天有效的签署授权（法定代表人身份或授权委托书）；请由您的组织先行登记。"
    en = "You have no authority to sign confirmed by the market and holding today; your organisation records it."


class PaperNotValid(Refusal):
    code, kind = "contracts.paper_not_valid", Kind.INVALID
    zh = "交回的文件不是在本合同文件上加签一次的结果（{check}）；请下载最新文件（GET …/paper）后重新签署。"
    en = "The file is not this contract's with one more signature on it ({check}); sign the newest (GET …/paper)."


class NotSignedYet(Refusal):
    code, kind = "contracts.not_called_to_sign", Kind.CONFLICT
    zh = "合同尚未交付签署，没有供签署的文件。"
    en = "The contract is not called to signature yet; there is no file to sign."


class OriginUnfit(Refusal):
    code, kind = "contracts.origin_unfit", Kind.INVALID
    zh = "只有在市场之外订立的合同（PAPER 或 ELSEWHERE）以扫描件和两人见证登记，且不含试用期。"
    en = "Only a contract made elsewhere (PAPER or ELSEWHERE), without a trial, enters by scan and two who attest it."


class MadeElsewhere(Refusal):
    code, kind = "contracts.made_elsewhere", Kind.CONFLICT
    zh = "此合同已在市场之外签订，由市场两人见证后生效，不再在此签署。"
    en = "This contract was signed elsewhere; two people of the market attest it, and it is not signed here."


class AttestedAlready(Refusal):
    code, kind = "contracts.attested_already", Kind.CONFLICT
    zh = "您已见证过此合同；须由另一人再见证。"
    en = "You have attested this contract already; the second to attest is another person."


class AttesterBelongsToParty(Refusal):
    code, kind = "contracts.attester_belongs_to_party", Kind.NOT_ALLOWED
    zh = "见证人不能属于合同任何一方。"
    en = "Whoever attests a contract belongs to none of its parties."


class NonTechnicalNotItemised(Refusal):
    code, kind = "contracts.non_technical_not_itemised", Kind.INVALID
    zh = "非技术性部分为 {non_technical}，所列各项合计 {itemised}；须逐项列明（技术合同司法解释第十四条）。"
    en = "The non-technical part is {non_technical}, its items sum to {itemised}; each is listed (SPC-T art. 14)."


class PartyCodeUnknown(Refusal):
    code, kind = "contracts.party_code_unknown", Kind.INVALID
    zh = "登记表中没有当事人类别代码 {party_code}。"
    en = "The registration form has no kind of party {party_code}."


class NumberIsACertificates(Refusal):
    code, kind = "contracts.number_is_a_certificates", Kind.INVALID
    zh = "{number} 是本市场鉴证书编号的形式；认定登记编号由登记机构编制，两者不得混用。"
    en = "{number} has the form of the market's certificates; a registration has the registrar's own number."


class NothingEstimated(Refusal):
    code, kind = "contracts.nothing_estimated", Kind.CONFLICT
    zh = "只有按估计登记的金额（如提成）才可更正；此登记的状态为 {state}。"
    en = "Only amounts registered as an estimate, such as royalties, are corrected; this registration is {state}."


class ClearancesOpen(Refusal):
    code, kind = "contracts.clearances_open", Kind.CONFLICT
    zh = "跨境技术合同尚缺：{missing}；登记后才能鉴证或申请认定登记。"
    en = "A contract across the border lacks {missing}; record that before it is certified or registered."
