"""What each step, note, flag and term of a split is called in Chinese and English (用语)."""

from __future__ import annotations

from collections.abc import Mapping

Words = tuple[str, str]

GROUPS: Mapping[str, Words] = {
    "MAIN": ("主要贡献人员", "main contributors"),
    "STAFF": ("技术转移人员", "technology-transfer staff"),
    "OTHERS": ("其他人员", "others"),
}
COSTS: Mapping[str, Words] = {
    "appraisal_fee": ("鉴定费", "appraisal fee"),
    "exchange_fee": ("交易服务费", "exchange fee"),
    "fiscal_rd": ("财政研发经费", "fiscal R&D money"),
    "intermediary_fee": ("中介费", "intermediary fee"),
    "negotiation": ("谈判费用", "negotiation"),
    "patent_fee": ("专利维持费", "patent upkeep"),
    "stamp_tax": ("印花税", "stamp tax"),
    "tax": ("税金", "tax"),
    "travel": ("差旅费", "travel"),
    "valuation_fee": ("评估费", "valuation fee"),
}
PARTS: Mapping[str, Words] = {"department": ("院系", "department"), "laboratory": ("实验室", "laboratory")}
STEPS: Mapping[str, Words] = {
    "receipts": ("收入合计", "receipts"),
    "costs": ("可扣除成本合计", "deductible costs"),
    "net_income": ("净收入", "net income"),
    "operating_profit": ("营业利润", "operating profit"),
    "shares_obtained": ("作价所得股份", "shares obtained"),
    "floor": ("奖励最低比例", "floor of the reward"),
    "reward": ("奖励总额", "reward"),
    "title": ("按权属归完成人", "completers' part by title"),
    "unit_part": ("单位留存", "kept by the unit"),
    "wage_base": ("计入工资薪金", "counts as wage"),
}
_OF: Mapping[str, tuple[Words, Mapping[str, Words]]] = {
    "cost": (("成本：", "cost: "), COSTS),
    "sub_floor": (("最低份额：", "sub-floor: "), GROUPS),
    "group": (("组别：", "group: "), GROUPS),
    "people": (("组内分配：", "within: "), GROUPS),
    "unit_part": (("单位留存：", "of the unit's part: "), PARTS),
}
NOTES: Mapping[str, Words] = {
    "agreed": ("按约定比例", "the agreed rate"),
    "default": ("默认规则", "default"),
    "full": ("全额计入", "in full"),
    "gap_filling": ("无约定时适用", "fills the gap"),
    "half": ("减按计入", "at half"),
    "instead_of_reward": ("以权属收益代替奖励", "instead of a reward"),
    "mandatory": ("强制", "mandatory"),
    "no_evidence": ("无凭证，不扣除", "no evidence, not deducted"),
    "no_rule": ("无规则，不扣除", "no rule, not deducted"),
    "not_deductible": ("依规不得扣除", "not deductible"),
    "permissive": ("可以，不强制", "permissive"),
    "recalled": ("仅凭记忆，不作依据", "recalled only, decides nothing"),
    "tiers": ("按累计净收入分段", "by cumulative tiers"),
}
FLAGS: Mapping[str, Words] = {
    "vat": ("增值税", "VAT"),
    "cit": ("企业所得税", "corporate income tax"),
    "iit": ("个人所得税", "individual income tax"),
    "stamp": ("印花税", "stamp tax"),
}
FLAG_VALUES: Mapping[str, Words] = {
    "DEFERRABLE": ("可选择递延纳税", "may be deferred"),
    "DUE": ("应缴", "due"),
    "EXEMPT": ("免征", "exempt"),
    "EXEMPT_BAND": ("免税额度以内", "within the exempt band"),
    "FULL": ("全额计入工资薪金", "counts in full"),
    "HALF": ("减按 50% 计入工资薪金", "half counts as wage"),
    "HALF_ABOVE_BAND": ("超出免税额度部分减半", "half above the band"),
    "LICENCE_TOO_SHORT": ("许可年限不足", "the licence is too short"),
    "NOT_A_REWARD": ("权属收益，非奖励", "income by title, no reward"),
    "NOT_EXEMPT": ("不免征", "not exempt"),
}
TERMS: Mapping[str, Words] = {
    "reward_due": ("奖励兑现期限", "the reward is due by"),
    "iit_window": ("个税优惠发放期限", "the tax relief ends on"),
}
STATES: Mapping[str, Words] = {
    "PUBLISHED": ("公示中", "published"),
    "PAYABLE": ("可发放", "payable"),
    "PAID": ("已发放", "paid"),
    "REVERSED": ("已撤销", "taken back"),
    "OPEN": ("待发放", "open"),
    "HELD": ("暂缓", "held"),
    "INSTRUCTED": ("已指令发放", "instructed"),
    "CANCELLED": ("已取消", "cancelled"),
    "RECLAIMED": ("追回中", "owed back"),
}
"""Of a distribution and of its lines."""
MODES: Mapping[str, Words] = {
    "transfer": ("转让", "transfer"),
    "licence": ("许可", "licence"),
    "equity": ("作价投资", "equity contribution"),
    "self_implementation": ("自行实施", "self-implementation"),
    "joint_implementation": ("合作实施", "joint implementation"),
    "other": ("技术开发、咨询、服务", "development, consulting, service"),
}


def of_step(name: str) -> Words:
    """`sub_floor.MAIN` is called after its kind and its group; a name nobody knows is shown as it is."""
    if name in STEPS:
        return STEPS[name]
    kind, _, which = name.partition(".")
    if kind not in _OF:
        return name, name
    said, words = _OF[kind]
    zh, en = words.get(which, (which, which))
    return said[0] + zh, said[1] + en


def of(words: Mapping[str, Words], code: str | None) -> Words:
    return ("", "") if code is None else words.get(code, (code, code))
