"""How revenue says no."""

from __future__ import annotations

from techmarket.kernel.refusals import Kind, Refusal


class BelowFloor(Refusal):
    code, kind = "revenue.below_floor", Kind.INVALID
    zh = "{part} 的比例 {given} 低于强制最低比例 {least}（{source}）；至少应为 {least}。"
    en = "The part {part} is {given}, below the mandatory floor {least} ({source}); it must be at least {least}."


class RateNeeded(Refusal):
    code, kind = "revenue.rate_needed", Kind.INVALID
    zh = "此转化方式（{mode}）没有法定比例可以补缺；请在分配方案中写明奖励比例。"
    en = "No statutory ratio fills the gap for this mode ({mode}); the share table must name the rate."


class TableMalformed(Refusal):
    code, kind = "revenue.table_malformed", Kind.INVALID
    zh = "分配方案不成立：{reason}。"
    en = "This share table does not hold together: {reason}."


class NothingToShare(Refusal):
    code, kind = "revenue.nothing_to_share", Kind.CONFLICT
    zh = "扣除成本后没有净收入（收入 {receipts}，成本 {costs}）；未分配的收入和成本留待下次分配。"
    en = "Nothing is left after costs (receipts {receipts}, costs {costs}); both stay open for the next distribution."


class TooSmallToSplit(Refusal):
    code, kind = "revenue.too_small_to_split", Kind.CONFLICT
    zh = "金额 {amount} 太小，无法分给 {parts} 份且每份不少于最低额；未分配的收入留待下次分配。"
    en = (
        "The amount {amount} is too small for {parts} parts that must each get what is theirs at least; "
        "the income stays open for the next distribution."
    )


class NoIncome(Refusal):
    code, kind = "revenue.no_income", Kind.CONFLICT
    zh = "没有尚未分配的此类收入。"
    en = "There is no income of this kind that is not already in a distribution."


class NoShareTable(Refusal):
    code, kind = "revenue.no_share_table", Kind.CONFLICT
    zh = "此合同及其成果没有分配方案；请先起草。"
    en = "Neither this contract nor its achievement has a share table; draft one first."


class TableOfAnotherSubject(Refusal):
    code, kind = "revenue.table_of_another_subject", Kind.INVALID
    zh = "该分配方案不属于此合同或其成果。"
    en = "That share table belongs to neither this contract nor its achievement."


class TableNotSigned(Refusal):
    code, kind = "revenue.table_not_signed", Kind.CONFLICT
    zh = "分配方案第 {n} 版尚未由全部完成人签署（状态 {state}）；签齐之前不能发放。"
    en = "Version {n} of the share table is {state}; nothing is paid before every completer has signed it."


class TableReplaced(Refusal):
    code, kind = "revenue.table_replaced", Kind.CONFLICT
    zh = "分配方案第 {n} 版已被新版取代；请撤销此次分配并按新版重新计算。"
    en = "Version {n} of the share table was replaced; reverse this distribution and compute it under the new one."


class NobodyToSign(Refusal):
    code, kind = "revenue.nobody_to_sign", Kind.INVALID
    zh = "没有完成人，也没有列名的主要贡献人员；无人可以签署。"
    en = "There is no completer and no named main contributor, so nobody could sign."


class NothingPayable(Refusal):
    code, kind = "revenue.nothing_payable", Kind.CONFLICT
    zh = "没有可以发放的份额；{held} 份因异议或个人事由被暂缓，其余已发出指令。"
    en = "No line can be paid now: {held} are held by objections or for a person, the others are instructed already."


class PaidAlready(Refusal):
    code, kind = "revenue.paid_already", Kind.CONFLICT
    zh = "此次分配已有 {lines} 份发出发放指令；如要撤销并追回，请在请求中写明 claw_back 和理由。"
    en = "{lines} lines are instructed or paid already; to reverse it and claim them back say claw_back, with reasons."


class CostUnknown(Refusal):
    code, kind = "revenue.cost_kind_unknown", Kind.INVALID
    zh = "没有关于成本种类“{given}”的规则；可用：{known}。"
    en = "No rule speaks of the cost kind “{given}”; known are: {known}."


class ChannelConfirmsItself(Refusal):
    code, kind = "revenue.not_by_payroll", Kind.CONFLICT
    zh = "此份额由市场托管账户发放，由银行回执确认，不由单位确认。"
    en = "This line is paid from escrow and confirmed by the bank, not by the unit."


class PersonUnknown(Refusal):
    code, kind = "revenue.person_unknown", Kind.INVALID
    zh = "分配方案中的 {person} 不是市场登记的人员。"
    en = "{person} in the share table is nobody the market knows."


class CostCounted(Refusal):
    code, kind = "revenue.cost_counted", Kind.CONFLICT
    zh = "此成本已计入一次分配；请先撤销该分配。"
    en = "This cost is counted in a distribution already; reverse that one first."


class FeeIsAFact(Refusal):
    code, kind = "revenue.fee_is_a_fact", Kind.CONFLICT
    zh = "交易服务费由放款记录产生，不能撤回。"
    en = "The exchange's fee comes from the release itself and cannot be withdrawn."


class PayoutUnderway(Refusal):
    code, kind = "revenue.payout_underway", Kind.CONFLICT
    zh = "{lines} 份已交银行办理；请等银行回执后再撤销。"
    en = "{lines} lines are with the bank; reverse the distribution once the bank has answered."


class PersonNotInTable(Refusal):
    code, kind = "revenue.person_not_in_table", Kind.INVALID
    zh = "{person} 既不在此分配方案中，也不必签署。"
    en = "{person} is neither named in this share table nor asked to sign it."


class HoldExists(Refusal):
    code, kind = "revenue.hold_exists", Kind.CONFLICT
    zh = "此人的份额已经暂缓；请先处理现有的暂缓。"
    en = "This person's share is held already; deal with that hold first."


class SignedByHer(Refusal):
    code, kind = "revenue.signed_by_her", Kind.CONFLICT
    zh = "此人已签署该方案，不能再按拒签处理。"
    en = "She has signed this table, so she does not refuse it."


class SignatoryDied(Refusal):
    code, kind = "revenue.signatory_died", Kind.CONFLICT
    zh = "此人已登记为去世，不能以其名义签署；请由继承人办理。"
    en = "This person is on record as having died; nobody signs in that name, the heirs are shown instead."


class AnswerPeriodRunning(Refusal):
    code, kind = "revenue.answer_period_running", Kind.CONFLICT
    zh = "答复期未满（至 {answer_by}）；期满仍未答复才能确认。"
    en = "The time to answer runs until {answer_by}; only after that can it be confirmed."


class SecondEyeNeeded(Refusal):
    code, kind = "revenue.second_eye_needed", Kind.NOT_ALLOWED
    zh = "须由另一人确认：{who}。"
    en = "Somebody else must confirm this: {who}."


class StillHere(Refusal):
    code, kind = "revenue.still_here", Kind.CONFLICT
    zh = "该人员仍在本单位，可以自行签署；如拒绝签署，请按“REFUSES”提出。"
    en = "This person still belongs to the unit and can sign; if she refuses, say REFUSES."


class ReleaseDoesNotFit(Refusal):
    code, kind = "revenue.release_does_not_fit", Kind.INVALID
    zh = "因“{reason}”暂缓的份额不能这样解除；可用：{allowed}。"
    en = "A share held for {reason} is not let go like this; possible are: {allowed}."


class HeirsMissing(Refusal):
    code, kind = "revenue.heirs_missing", Kind.INVALID
    zh = "由继承人领取时须逐一列明继承人及大于零的份额；其他情形不列继承人。"
    en = "For heirs name each one once with a part above zero; in every other case name none."


class NotReworkable(Refusal):
    code, kind = "revenue.not_reworkable", Kind.CONFLICT
    zh = "第 {n} 份不是因异议成立而保留的份额，不能单独改正。"
    en = "Line {n} is not held by an objection that was upheld, so it is not reworked alone."


class ReworkTooLarge(Refusal):
    code, kind = "revenue.rework_too_large", Kind.INVALID
    zh = "改正后比原来多 {more}，超过单位留存的 {left}。"
    en = "The reworked lines come to {more} more than before, and the unit's own part is {left}."


class ReworkBelowFloor(Refusal):
    code, kind = "revenue.rework_below_floor", Kind.INVALID
    zh = "改正后 {part} 为 {given}，低于最低额 {least}（{source}）。"
    en = "After the rework {part} would be {given}, below {least} ({source})."


class NothingToRepay(Refusal):
    code, kind = "revenue.nothing_to_repay", Kind.INVALID
    zh = "还款 {given} 超过尚欠的 {left}。"
    en = "{given} is more than the {left} that are still owed back."


class NothingToGiveBack(Refusal):
    code, kind = "revenue.nothing_to_give_back", Kind.INVALID
    zh = "退还 {given} 超过重复收取而尚未退还的 {left}。"
    en = "{given} is more than the {left} that were given twice and are not given back yet."


class NotProven(Refusal):
    code, kind = "revenue.not_proven", Kind.CONFLICT
    zh = "这次分配早于存证，日志中没有可随附证明的本人份额；对账单本身仍可查阅。"
    en = (
        "This distribution is older than its proofs: the log names no line of yours, so there is no file that proves "
        "it; the statement itself can be read."
    )


class TooManyAsked(Refusal):
    code, kind = "revenue.too_many_asked", Kind.INVALID
    zh = "各方案合计 {people} 人，超过一次试算的上限 {people_max} 人；请分次试算。"
    en = "The scenarios name {people} people together, more than {people_max}; ask in several parts."


class PackUnsound(Refusal):
    code, kind = "revenue.pack_unsound", Kind.INVALID
    zh = "政策包不成立：{findings}。"
    en = "This policy pack does not hold together: {findings}."


class IncomeMalformed(Refusal):
    code, kind = "revenue.income_malformed", Kind.INVALID
    zh = "此项收入不成立：{reason}。"
    en = "This income does not hold together: {reason}."


class ProfitEntered(Refusal):
    code, kind = "revenue.profit_entered", Kind.CONFLICT
    zh = "{year} 年的利润已经登记；如有错误请先撤回。"
    en = "The profit of {year} is entered already; withdraw it first if it is wrong."


class FirstYearDiffers(Refusal):
    code, kind = "revenue.first_year_differs", Kind.INVALID
    zh = "此成果的起算年份已登记为 {first_year}。"
    en = "The first year of this achievement's use is on record as {first_year}."


class YearsOver(Refusal):
    code, kind = "revenue.years_over", Kind.CONFLICT
    zh = "{year} 年已超过利润分享年限（至 {last_year} 年，{source}）；如仍要奖励，请在分配方案中写明比例。"
    en = "{year} lies after the last year in which profit is shared ({last_year}, {source}); name a rate in the table."


class NoSharesHeld(Refusal):
    code, kind = "revenue.no_shares_held", Kind.CONFLICT
    zh = "没有登记过作价投资取得的股权，不能登记其分红或转让收入。"
    en = "No shares were entered, so there is no dividend or sale of them to enter."


class SharesGivenOut(Refusal):
    code, kind = "revenue.shares_given_out", Kind.CONFLICT
    zh = "股权已登记到个人名下；其分红由公司直接支付，单位自有部分不再分享。"
    en = "The shares stand in people's own names: the company pays them, and what the unit holds itself is not shared."


class IncomeCounted(Refusal):
    code, kind = "revenue.income_counted", Kind.CONFLICT
    zh = "此收入已计入一次分配；请先撤销该分配。"
    en = "This income is counted in a distribution already; reverse that one first."


class ReceiptIsAFact(Refusal):
    code, kind = "revenue.receipt_is_a_fact", Kind.CONFLICT
    zh = "经市场放款的收入由放款记录产生，不能撤回。"
    en = "Income that the market released comes from the release itself and cannot be withdrawn."


class PaidInShares(Refusal):
    code, kind = "revenue.paid_in_shares", Kind.CONFLICT
    zh = "此份额是股权，凭股权登记证明确认，不由工资发放。"
    en = "This line is shares: it is confirmed by the share registration, not by the payroll."


class PaidInMoney(Refusal):
    code, kind = "revenue.paid_in_money", Kind.CONFLICT
    zh = "此份额是现金，不是股权。"
    en = "This line is money, not shares."


class SharesRegistered(Refusal):
    code, kind = "revenue.shares_registered", Kind.CONFLICT
    zh = "{lines} 份股权已登记到个人名下，只能由当事人转回，不能冲销。"
    en = "{lines} lines of shares stand in people's names; only they can transfer them back, no posting does."


class NotTheTitle(Refusal):
    code, kind = "revenue.not_the_title", Kind.INVALID
    zh = "按权属分配的方案与登记的权属不符：{reason}。"
    en = "A split by title must be the title on record: {reason}."


class GrantOrReward(Refusal):
    code, kind = "revenue.grant_or_reward", Kind.CONFLICT
    zh = "完成人已获赋权（{granted}），不能同时取得奖励；请按权属分配，或由完成人选择奖励并签署。"
    en = "The completers own {granted} by a grant and get no reward beside it; share by title, or let them elect it."


class UnitRuleMalformed(Refusal):
    code, kind = "revenue.unit_rule_malformed", Kind.INVALID
    zh = "单位规定不成立：{reason}。"
    en = "This unit rule does not hold together: {reason}."


class SignedUnderAnother(Refusal):
    code, kind = "revenue.signed_under_another_rule", Kind.CONFLICT
    zh = "{tables} 份已签署或签署中的方案以当时的规定为准；规定不能追溯生效，请自今日起施行，或先重新签署方案。"
    en = (
        "{tables} tables are signed, or being signed, under the rule that held; this one cannot begin in the past: let "
        "it begin today, or have tables signed that name their rate."
    )


class NotTheUnitRule(Refusal):
    code, kind = "revenue.not_the_unit_rule", Kind.INVALID
    zh = "方案注明依据单位规定，但 {part} 与规定不符；请改为按约定，或与规定一致。"
    en = "The table says it follows the unit's rule, and its {part} does not; follow the rule, or call it an agreement."


class NoUnitRule(Refusal):
    code, kind = "revenue.no_unit_rule", Kind.CONFLICT
    zh = "在该日期没有生效的单位规定。"
    en = "No rule of the unit is in force on that date."


class CautionsUnconfirmed(Refusal):
    code, kind = "revenue.cautions_unconfirmed", Kind.CONFLICT
    zh = "方案涉及领导人员，请先确认下列提示：{codes}（{source}）。"
    en = "The table names leaders; confirm these cautions first: {codes} ({source})."
