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
    zh = "此合同没有尚未分配的收入。"
    en = "This contract has no income that is not already in a distribution."


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


class SignerUnknown(Refusal):
    code, kind = "revenue.signer_unknown", Kind.INVALID
    zh = "{person} 不属于任何组织，无法签署分配方案。"
    en = "{person} belongs to no organisation and could not sign the share table."


class NobodyToSign(Refusal):
    code, kind = "revenue.nobody_to_sign", Kind.INVALID
    zh = "没有完成人，也没有列名的主要贡献人员；无人可以签署。"
    en = "There is no completer and no named main contributor, so nobody could sign."


class NothingPayable(Refusal):
    code, kind = "revenue.nothing_payable", Kind.CONFLICT
    zh = "没有可以发放的份额；{held} 份因异议被保留，其余已发出指令。"
    en = "No line can be paid now: {held} are held by objections, the others are instructed already."


class PaidAlready(Refusal):
    code, kind = "revenue.paid_already", Kind.CONFLICT
    zh = "此次分配已有 {lines} 份发出发放指令，不能撤销。"
    en = "{lines} lines of this distribution are instructed or paid already; it cannot be reversed."


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
