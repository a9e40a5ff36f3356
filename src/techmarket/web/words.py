"""What the codes of a live trade and of a public file are called on a page, in Chinese and English."""

from __future__ import annotations

from techmarket.dossiers.words import KINDS

_WORDS: dict[str, tuple[str, str]] = {
    "WAITING": ("等待开始", "Not begun"),
    "OPEN": ("竞价中", "Bidding"),
    "PAUSED": ("已暂停", "Paused"),
    "EVALUATING": ("评定中", "Being decided"),
    "AWARDED": ("已确定受让方", "Awarded"),
    "CONCLUDED": ("已成交", "Concluded"),
    "UNSOLD": ("未成交", "Unsold"),
    "TERMINATED": ("已终结", "Terminated"),
    "SYSTEM_FAULT": ("系统故障", "System fault"),
    "NETWORK_FAULT": ("网络故障", "Network fault"),
    "FORCE_MAJEURE": ("不可抗力", "Force majeure"),
    "RIGHTS_IN_DISPUTE": ("权属争议", "Rights in dispute"),
    "OBJECTION": ("异议", "Objection"),
    "AUTHORITY_ORDER": ("主管机关要求", "Order of an authority"),
    "SUSPECTED_COLLUSION": ("涉嫌串通", "Suspected collusion"),
    "OTHER": ("其他原因", "Other reason"),
    "leading": ("领先", "leading"),
    "trading.bid_below_floor": ("低于底价", "below the floor"),
    "trading.bid_off_step": ("不是加价幅度的整数倍", "not a whole step"),
    "trading.bid_too_low": ("低于下一口最低价", "less than the next bid must be"),
    "trading.bidding_over": ("不在竞价时间内", "not while bidding ran"),
    "trading.not_qualified": ("未取得竞买资格", "not qualified"),
    "trading.not_the_price": ("不等于所定价格", "not the fixed price"),
    "trading.price_not_reached": ("价格尚未降到所报", "the price has not fallen so far"),
    "sealed.commitment_broken": ("与封存摘要不符", "not what was sealed"),
    "sealed.copied": ("与他人封装相同", "another's envelope"),
    "sealed.counted": ("有效", "counted"),
    "sealed.malformed": ("内容不合格式", "not of the form"),
    "sealed.no_quote": ("没有报价", "no quote"),
    "sealed.out_of_bounds": ("超出范围", "out of bounds"),
    "sealed.will_not_open": ("无法开启", "does not open"),
    "resumes_at": ("最早恢复时间", "goes on at"),
    "days": ("天", "d"),
    "live": ("实时更新中。", "Kept up to date as it happens."),
    "lost": ("连接中断，正在重新连接。", "The line is lost; trying again."),
    "end": ("全部标的均已结束。", "Every lot has found its end."),
}


_FILE_WORDS: dict[str, tuple[str, str]] = {
    "DRAFT": ("起草", "Draft"),
    "APPLIED": ("已申请", "Applied"),
    "ACCEPTED": ("已受理", "Accepted"),
    "SUBMITTED": ("已提交", "Submitted"),
    "RETURNED": ("已退回", "Returned"),
    "ANNOUNCED": ("公告中", "Announced"),
    "DECIDING": ("确定受让方中", "Being decided"),
    "UNSOLD": ("未成交", "Unsold"),
    "DISCLOSING": ("披露中", "Disclosing"),
    "EXTENDED": ("延期披露", "Disclosing, extended"),
    "SUSPENDED": ("中止", "Suspended"),
    "SUSPENSION": ("中止", "Suspension"),
    "REGISTRATION_CLOSED": ("报名截止", "Registration closed"),
    "BIDDING": ("竞价", "Bidding"),
    "NEGOTIATING": ("协商", "Negotiating"),
    "AWARDED": ("已确定受让方", "Awarded"),
    "RESULT_NOTICE": ("结果公示", "Result notice"),
    "CONTRACTED": ("已签约", "Contracted"),
    "SETTLING": ("结算中", "Settling"),
    "SETTLED": ("已结算", "Settled"),
    "CERTIFIED": ("已出具凭证", "Certified"),
    "REGISTERED": ("已登记", "Registered"),
    "FAILED": ("流标", "Failed"),
    "DEFAULTED": ("违约", "Defaulted"),
    "CANCELLED": ("已取消", "Cancelled"),
    "TERMINATED": ("终结", "Terminated"),
    "ANNOUNCEMENT": ("交易公告", "Announcement"),
    "PRICE": ("价格公示", "Price notice"),
    "RESULT": ("结果公示", "Result notice"),
    "GRANT": ("赋权公示", "Notice of a grant"),
    "REWARD_LIST": ("奖励公示", "Reward list"),
    "PREPARED": ("待张贴", "Not posted everywhere yet"),
    "RUNNING": ("公示中", "Running"),
    "PAUSED": ("暂停计时", "Stopped"),
    "CLEARED": ("公示结束", "Cleared"),
    "UPHELD": ("异议成立", "Upheld"),
    "DISMISSED": ("异议不成立", "Dismissed"),
    "FILED": ("已提出", "Filed"),
    "REPLACED": ("已被替换", "Replaced"),
    "WITHDRAWN": ("已撤回", "Withdrawn"),
    "MARKET": ("市场公示", "On the market"),
    "UNIT": ("单位公示", "At the unit"),
    "ELSEWHERE": ("其他地点", "Elsewhere"),
    "days": ("日", "days"),
    "working_days": ("个工作日", "working days"),
    "months": ("个月", "months"),
    "years": ("年", "years"),
    "minutes": ("分钟", "minutes"),
    "seconds": ("秒", "seconds"),
    "EXTENSION": ("延期", "extended"),
    "RESUMPTION": ("恢复后补足", "added on resumption"),
    "RESUMED": ("恢复", "Resumed"),
    "TERMINATION_ASKED": ("申请终结", "Termination asked for"),
    "TERMINATION_DECLINED": ("终结申请未获同意", "Termination declined"),
    "WAITING": ("候补", "Waiting"),
    "RELEASED": ("候补已退出", "Released"),
    "OFFERED": ("待签约", "Offered"),
    "CONCLUDED": ("已成交", "Concluded"),
    "LAPSED": ("已失效", "Lapsed"),
    "ANNULLED": ("已撤销", "Annulled"),
    "SIGNING": ("签署中", "Being signed"),
    "AWAITING_CLEARANCE": ("等待许可或批准", "Waiting for a clearance"),
    "TRIAL": ("试用中", "On trial"),
    "DISPUTED": ("有争议", "Disputed"),
    "IN_FORCE": ("已生效", "In force"),
    "PERFORMED": ("已履行", "Performed"),
    "ISSUED": ("有效", "Valid"),
    "REVOKED": ("已撤销", "Revoked"),
    "ONLINE_BIDDING": ("网络竞价", "Online bidding"),
    "NEGOTIATION": ("协商", "Negotiation"),
    "SEALED": ("密封报价", "Sealed quotes"),
    "SCORED": ("综合评审", "Scored offers"),
    "SELECTION": ("揭榜挂帅", "Open challenge"),
    "FIXED_PRICE": ("固定价格", "Fixed price"),
    "DESCENDING": ("降价竞价", "Falling price"),
    "SYSTEM_FAULT": ("系统故障", "System fault"),
    "NETWORK_FAULT": ("网络故障", "Network fault"),
    "FORCE_MAJEURE": ("不可抗力", "Force majeure"),
    "RIGHTS_IN_DISPUTE": ("权属争议", "Rights in dispute"),
    "OBJECTION": ("异议", "Objection"),
    "AUTHORITY_ORDER": ("主管机关要求", "Order of an authority"),
    "SUSPECTED_COLLUSION": ("涉嫌串通", "Suspected collusion"),
    "OBSTACLE_REMAINS": ("障碍无法消除", "An obstacle remains"),
    "BREACH_OF_RULES": ("违反规则", "Breach of the rules"),
    "SELLERS_MOTION": ("转让方申请", "On the seller's motion"),
    "COLLECTIVE_DECISION": ("集体决策", "Collective decision"),
    "DELEGATED_DECISION": ("授权决定", "Delegated decision"),
    "MINUTES": ("会议纪要", "Minutes"),
    "PRICING_BASIS": ("定价依据", "Basis of the price"),
    "DILIGENCE": ("尽职调查材料", "Diligence evidence"),
    "OTHER": ("其他", "Other"),
    "GIVEN": ("已同意", "Given"),
    "ASKED": ("征求中", "Asked"),
    "REFUSED": ("未获登记", "Refused"),
    "REJECTED": ("未获批准", "Not approved"),
}


_MATCH_WORDS: dict[str, tuple[str, str]] = {
    "MET": ("符合", "met"),
    "MISSED": ("不符", "missed"),
    "UNKNOWN": ("未说明", "not stated"),
    "mode": ("方式", "mode"),
    "budget": ("预算", "budget"),
    "maturity": ("成熟度", "maturity"),
    "tier": ("可见范围", "open to you"),
    "status": ("状态", "to be had"),
    "right_kind": ("权利类型", "kind of right"),
    "technology_field": ("技术领域", "technology field"),
    "industry": ("行业", "industry"),
    "region": ("地区", "region"),
    "keywords": ("关键词", "keywords"),
    "TRANSFER": ("转让", "assignment"),
    "LICENCE": ("许可", "licence"),
    "OPEN_LICENCE": ("开放许可", "open licence"),
    "EQUITY": ("作价入股", "equity"),
    "JOINT_DEVELOPMENT": ("合作开发", "joint development"),
    "TRY_BEFORE_BUY": ("先用后转", "try before buy"),
}


_CERTIFICATE_WORDS: dict[str, tuple[str, str]] = {
    "ISSUED": ("有效", "valid"),
    "SUSPENDED": ("已中止", "suspended"),
    "REVOKED": ("已撤销", "revoked"),
    "REPLACED": ("已由新证替代", "replaced"),
    "valid": ("有效", "valid"),
    "suspended": ("已中止", "suspended"),
    "revoked": ("已撤销", "revoked"),
    "not_ours": ("不是本市场签发的原件", "not ours"),
    "OBJECTION": ("异议", "an objection"),
    "DISPUTE": ("争议", "a dispute"),
    "COURT_ORDER": ("司法文书", "a court's order"),
    "FACTS_WRONG": ("所载事实有误", "its facts were wrong"),
    "CONTRACT_ENDED": ("合同已终止", "its contract ended"),
    "CONTRACT_CHANGED": ("合同已变更", "its contract was changed"),
    "PAYMENT_REFUNDED": ("款项已退还", "its payment was refunded"),
    "REGISTRATION_REVOKED": ("认定登记已撤销", "its registration was revoked"),
    "OTHER": ("其他原因", "another reason"),
    "hidden price": ("价格", "the price"),
    "hidden trade.price": ("成交价", "the price of the trade"),
    "hidden trade.number": ("项目编号", "the number of the trade"),
    "hidden payments": ("付款", "payments"),
    "hidden notices": ("公示", "notices"),
}


_NOTICE_WORDS: dict[str, tuple[str, str]] = {
    "subject trade": ("交易项目", "a trade"),
    "subject award": ("成交结果", "an award"),
    "subject contract": ("合同", "a contract"),
    "subject vesting": ("职务成果赋权", "a grant of rights to inventors"),
    "subject distribution": ("收益分配", "a share of proceeds"),
}


def notice_words_of(language: str) -> dict[str, str]:
    """What a notice may be about."""
    n = 0 if language.startswith("zh") else 1
    return {code: said[n] for code, said in _NOTICE_WORDS.items()}


def certificate_words_of(language: str) -> dict[str, str]:
    """What the standing of a certificate, its reason and what its holder hides are called."""
    n = 0 if language.startswith("zh") else 1
    return {code: said[n] for code, said in _CERTIFICATE_WORDS.items()}


def match_words_of(language: str) -> dict[str, str]:
    """What the codes of an explained match are called."""
    n = 0 if language.startswith("zh") else 1
    return {code: said[n] for code, said in _MATCH_WORDS.items()}


def file_words_of(language: str) -> dict[str, str]:
    """What a code is called in the public file of a project."""
    n = 0 if language.startswith("zh") else 1
    return {code: said[n] for code, said in _FILE_WORDS.items()}


def told_in(language: str) -> dict[str, str]:
    """What happened, by the kind of the log's entry."""
    n = 0 if language.startswith("zh") else 1
    return {kind: said[n] for kind, said in KINDS.items()}


def words_of(language: str) -> dict[str, str]:
    n = 0 if language.startswith("zh") else 1
    return {code: said[n] for code, said in _WORDS.items()}
