"""Who is told of what, in which words, and by which way: pure.

An organisation is told of what concerns it by the change feed (`hub.telling`); here stands which of these things its
people get as notifications, who of them, and what the market's staff and single people are told beside it. A
notification names the kind and the thing, never a party, a price or a text: what the thing says is read at its door.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from techmarket.identity.actor import Role


class Delivery(StrEnum):
    """OFF: not at all. INBOX: there alone. MAIL: and by mail at once. DIGEST: and in one mail each morning."""

    OFF = "OFF"
    INBOX = "INBOX"
    MAIL = "MAIL"
    DIGEST = "DIGEST"


@dataclass(frozen=True, slots=True)
class Words:
    """What a notification of a kind says."""

    zh: str
    en: str


DEADLINE, ALERT, SIGN = "deadline.near", "matching.alert", "signing.your_turn"
EVERYTHING = "*"

WORDS: Mapping[str, Words] = {
    DEADLINE: Words("待办即将到期", "Something you have to do is due soon"),
    ALERT: Words("有新的信息符合您保存的搜索", "Something new fits a search that you saved"),
    SIGN: Words("有文件等待您签署", "A document waits for your signature"),
    "achievements.idle": Words("成果闲置已达规定年限", "An achievement has lain unused for the time the law gives"),
    "achievements.recorded": Words("请确认成果完成人及排序", "Confirm the completers of an achievement"),
    "achievements.approval_in_force": Words("单位审批已生效", "An approval of your unit is in force"),
    "achievements.vesting_applied": Words("收到赋权申请", "A vesting was applied for"),
    "achievements.vesting_in_force": Words("赋权已生效", "A vesting is in force"),
    "achievements.vesting_ended": Words("赋权申请已终止", "A vesting has come to nothing"),
    "achievements.attestation_filed": Words("有权利负担变更待核对", "What was said of a burden waits to be confirmed"),
    "achievements.attestation_ended": Words("权利负担变更已处理", "What was said of a burden was decided on"),
    "certification.certificate_prepared": Words("有交易鉴证待复核", "A certificate waits for a second certifier"),
    "certification.certificate_issued": Words("交易鉴证已签发", "A certificate was issued"),
    "certification.certificate_suspended": Words("交易鉴证已暂停", "A certificate was suspended"),
    "certification.certificate_reinstated": Words("交易鉴证已恢复", "A certificate stands again"),
    "certification.certificate_replaced": Words("交易鉴证已更正换发", "A certificate was replaced"),
    "certification.certificate_revoked": Words("交易鉴证已撤销", "A certificate was revoked"),
    "contracts.authority_recorded": Words("有签署授权待核对", "A signing authority waits to be looked at"),
    "contracts.authority_decided": Words("签署授权已核对", "A signing authority was decided on"),
    "contracts.awaits_clearance": Words("合同等待主管部门许可", "A contract waits for an authority's licence"),
    "contracts.change_proposed": Words("对方提出合同变更", "A change of a contract was proposed"),
    "contracts.change_decided": Words("合同变更已有结果", "A change of a contract was decided on"),
    "contracts.contract_cancelled": Words("合同已取消", "A contract was cancelled"),
    "contracts.contract_confirmed": Words("合同记录已被确认", "The record of a contract was confirmed"),
    "contracts.contract_defaulted": Words("合同因违约终止", "A contract ended by default"),
    "contracts.contract_disputed": Words("合同发生争议", "A contract is in dispute"),
    "contracts.contract_in_force": Words("合同已生效", "A contract is in force"),
    "contracts.contract_performed": Words("合同已履行完毕", "A contract is performed"),
    "contracts.contract_registered": Words("技术合同已认定登记", "A contract was registered"),
    "contracts.contract_terminated": Words("合同已终止", "A contract has ended"),
    "contracts.cure_demanded": Words("对方催告履行", "The other side demands that you perform"),
    "contracts.breach_closed": Words("催告已处理", "A demand to perform was closed"),
    "contracts.deadline_passed": Words("合同期限已过", "A deadline of a contract has passed"),
    "contracts.dispute_settled": Words("合同争议已处理", "A dispute was settled"),
    "contracts.late_interest_raised": Words("产生逾期利息", "Late interest has fallen due"),
    "contracts.milestone_accepted": Words("里程碑已验收", "A milestone was accepted"),
    "contracts.registration_filed": Words("有技术合同待认定登记", "A contract was filed for registration"),
    "contracts.registration_refused": Words("技术合同登记未通过", "A registration was refused"),
    "contracts.registration_revoked": Words("技术合同登记已撤销", "A registration was revoked"),
    "contracts.royalty_reported": Words("收到提成报告", "A royalty was reported"),
    "contracts.royalty_paid": Words("提成已到账", "A royalty was paid"),
    "contracts.title_handed_over": Words("权利已移转", "A title was handed over"),
    "contracts.trial_begun": Words("试用期开始", "A trial has begun"),
    "contracts.trial_ended": Words("试用期结束", "A trial has ended"),
    "disclosure.access_asked": Words("收到查阅申请", "Access to a data room was asked for"),
    "disclosure.access_decided": Words("查阅申请已有结果", "A request for access was decided on"),
    "disclosure.nda_signed": Words("对方签署了保密协议", "A confidentiality agreement was signed"),
    "disclosure.nda_entered_into_force": Words("保密协议已生效", "A confidentiality agreement is in force"),
    "disclosure.nda_ended": Words("保密协议已终止", "A confidentiality agreement has ended"),
    "disclosure.question_asked": Words("收到新的提问", "A question was asked"),
    "disclosure.question_answered": Words("提问已有答复", "A question was answered"),
    "disclosure.tier_opened": Words("资料已向您开放", "A tier of a data room was opened to you"),
    "hub.administrator_proposed": Words(
        "市场拟为贵组织指定新管理员", "A new administrator of your organisation is proposed"
    ),
    "hub.administrator_agreed": Words(
        "指定新管理员已进入异议期", "You may object to a new administrator until its end"
    ),
    "hub.administrator_objected": Words("指定新管理员遭异议而终止", "A new administrator was objected to"),
    "hub.administrator_withdrawn": Words("指定新管理员已撤回", "The proposal of a new administrator was withdrawn"),
    "hub.administrator_invited": Words("新管理员的邀请已发出", "A new administrator was invited"),
    "hub.import_finished": Words("批量导入已完成", "An import has finished"),
    "hub.organisation_moved": Words("贵组织所属的节点已变更", "The node your organisation belongs to was changed"),
    "hub.webhook_disabled": Words("推送订阅已停用", "A webhook was disabled"),
    "identity.organisation_registered": Words("有新组织待核验", "An organisation waits to be verified"),
    "identity.organisation_verified": Words("组织已通过核验", "Your organisation was verified"),
    "identity.organisation_suspended": Words("组织已被停用", "Your organisation was suspended"),
    "identity.elevation_taken": Words("市场人员取得了紧急授权", "An elevation was taken for your organisation"),
    "identity.elevation_reviewed": Words("紧急授权已复核", "An elevation was reviewed"),
    "identity.deputy_appointed": Words("有人员获授权代理", "A deputy was appointed"),
    "identity.key_issued": Words("有人以您的身份取得了新的接口密钥", "A key was issued in your name"),
    "identity.login_set": Words("您的登录名或口令已更改", "Your sign-in name or password was set"),
    "identity.second_factor_set": Words("您的第二因素已设置", "Your second factor was set"),
    "identity.outside_identity_linked": Words("有外部账户关联到您", "An account of another house was linked to you"),
    "identity.by_two_set": Words("须同事同意的操作已变更", "Which acts take a colleague's agreement was changed"),
    "listings.submitted": Words("有供需信息待审核", "A listing waits for review"),
    "listings.accepted": Words("供需信息已通过审核", "A listing was accepted"),
    "listings.returned": Words("供需信息被退回", "A listing was returned"),
    "listings.expired": Words("供需信息已到期", "A listing has expired"),
    "listings.held_back": Words("供需信息未能按时发布", "A listing could not be published at its hour"),
    "matching.blind_match_found": Words("盲配匹配成功", "A blind match was found"),
    "notices.objection_filed": Words("收到异议", "An objection was filed"),
    "notices.objection_acknowledged": Words("异议已签收", "An objection was acknowledged"),
    "notices.objection_decided": Words("异议已有处理结果", "An objection was decided"),
    "notices.objection_withdrawn": Words("异议已撤回", "An objection was withdrawn"),
    "notices.cleared": Words("公示期满无未决异议", "A notice has ended without an open objection"),
    "notices.suspended": Words("公示已中止", "A notice was suspended"),
    "notices.resumed": Words("公示已恢复", "A notice runs on"),
    "revenue.distribution_published": Words("奖励名单已公示", "A reward list that names you was published"),
    "revenue.line_paid": Words("您的奖励已发放", "A reward of yours was paid"),
    "revenue.reward_due_soon": Words("奖励兑现期限临近", "A reward must be paid soon"),
    "revenue.reward_overdue": Words("奖励兑现期限已过", "A reward was not paid in time"),
    "rulebook.rule_proposed": Words("有规则待第二人录入", "A rule waits for a second operator"),
    "settlement.bank_line_received": Words("收到银行来款", "Money has arrived at the bank"),
    "settlement.due_raised": Words("产生一笔应付款", "Something has fallen due"),
    "settlement.due_overdue": Words("应付款已逾期", "A due is overdue"),
    "settlement.due_paid": Words("款项已到账", "A due was paid"),
    "settlement.due_refunded": Words("款项已退回", "A due was paid back"),
    "settlement.released": Words("款项已放款", "Money was released"),
    "settlement.payout_failed": Words("付款失败", "A payment has failed"),
    "settlement.money_act_asked": Words("有资金操作待复核", "An act with money waits for a second person"),
    "trading.submitted": Words("有项目待审核公告", "A trade was handed in"),
    "trading.returned": Words("项目申请被退回", "A trade was returned"),
    "trading.announced": Words("项目已公告", "A trade was announced"),
    "trading.extended": Words("项目公告已延期", "An announcement was extended"),
    "trading.suspended": Words("项目已中止", "A trade was suspended"),
    "trading.resumed": Words("项目已恢复", "A trade goes on"),
    "trading.opening_moved": Words("竞价开始时间已变更", "The opening of the bidding has moved"),
    "trading.termination_asked": Words("转让方申请终结项目", "A seller asks to terminate a trade"),
    "trading.termination_declined": Words("终结申请未获同意", "The motion to terminate was declined"),
    "trading.terminated": Words("项目已终结", "A trade was terminated"),
    "trading.unsold": Words("项目未成交", "A trade has ended unsold"),
    "trading.participant_registered": Words("有意向受让方报名", "A participant has registered"),
    "trading.participant_admitted": Words("意向受让方已获市场受理", "A participant was admitted by the market"),
    "trading.participant_qualified": Words("意向受让方资格已确认", "A participant is qualified"),
    "trading.participant_rejected": Words("意向受让方资格未通过", "A participant was rejected"),
    "trading.participant_withdrew": Words("意向受让方已退出", "A participant has withdrawn"),
    "trading.deposit_asked": Words("请缴纳保证金", "A deposit is asked for"),
    "trading.deposit_held": Words("保证金已到账", "A deposit is held"),
    "trading.deposit_released": Words("保证金已退还", "A deposit was released"),
    "trading.deposit_forfeited": Words("保证金已被扣除", "A deposit was forfeited"),
    "trading.bidding_opened": Words("竞价已开始", "The bidding has opened"),
    "trading.lot_paused": Words("竞价已暂停", "A lot was paused"),
    "trading.lot_resumed": Words("竞价已恢复", "A lot goes on"),
    "trading.lot_closed": Words("竞价已结束", "A lot has closed"),
    "trading.first_refusal_asked": Words("征询优先购买权", "First refusals are asked for"),
    "trading.first_refusal_decided": Words("优先购买权主张已有答复", "A claim of a first refusal was answered"),
    "trading.award_offered": Words("已确定成交对象", "An award was offered"),
    "trading.buyers_turn": Words("请受让方签署合同", "It is the buyer's turn to sign"),
    "trading.award_concluded": Words("成交已确认", "An award was concluded"),
    "trading.award_lapsed": Words("成交因逾期失效", "An award has lapsed"),
    "trading.award_annulled": Words("成交已撤销", "An award was annulled"),
    "trading.award_defaulted": Words("成交因违约终止", "An award ended by default"),
    "trading.runner_up_released": Words("候补受让方已解除", "A runner-up was released"),
    "trading.expert_appointed": Words("您被聘为评审专家", "You were appointed to a panel"),
}
"""Of these kinds people are told. A test knows of every other kind that concerns an organisation that it is silent."""

STAFF: Mapping[str, frozenset[Role]] = {
    "identity.organisation_registered": frozenset({Role.OPERATOR}),
    "identity.elevation_taken": frozenset({Role.OPERATOR, Role.ADMINISTRATOR}),
    "hub.administrator_proposed": frozenset({Role.OPERATOR, Role.ADMINISTRATOR}),
    "hub.administrator_objected": frozenset({Role.OPERATOR, Role.ADMINISTRATOR}),
    "hub.administrator_invited": frozenset({Role.OPERATOR, Role.ADMINISTRATOR}),
    "listings.submitted": frozenset({Role.OPERATOR}),
    "trading.submitted": frozenset({Role.OPERATOR}),
    "trading.participant_registered": frozenset({Role.OPERATOR}),
    "trading.termination_asked": frozenset({Role.OPERATOR}),
    "notices.objection_filed": frozenset({Role.OPERATOR}),
    "contracts.authority_recorded": frozenset({Role.OPERATOR}),
    "contracts.contract_disputed": frozenset({Role.OPERATOR}),
    "contracts.registration_filed": frozenset({Role.REGISTRAR}),
    "certification.certificate_prepared": frozenset({Role.CERTIFIER}),
    "settlement.money_act_asked": frozenset({Role.FINANCE}),
    "settlement.payout_failed": frozenset({Role.FINANCE}),
    "rulebook.rule_proposed": frozenset({Role.OPERATOR}),
    "achievements.attestation_filed": frozenset({Role.OPERATOR}),
}
"""What the market's staff, and registrars, are told, by role; of all else they are told by their work queue."""

OF_ONESELF = frozenset(
    {
        "identity.key_issued",
        "identity.login_set",
        "identity.second_factor_set",
        "identity.outside_identity_linked",
    }
)
"""What somebody did to his own means of signing in: he is told himself, by mail, whatever he said he wants to be told
of. If it was not he, that is how he hears of it."""

NOT_TO_ORGANISATIONS = frozenset(
    {
        "achievements.recorded",
        "revenue.distribution_published",
        "revenue.line_paid",
        "trading.expert_appointed",
        "settlement.bank_line_received",
        "listings.submitted",
        "trading.submitted",
        "identity.organisation_registered",
        *OF_ONESELF,
        "rulebook.rule_proposed",
        "settlement.money_act_asked",
        "certification.certificate_prepared",
        "contracts.authority_recorded",
    }
)
"""Told to single people, or to the market's staff, and not to everybody of the organisation that did it."""

DEFAULTS: Mapping[str, Delivery] = {
    DEADLINE: Delivery.MAIL,
    SIGN: Delivery.MAIL,
    "hub.administrator_proposed": Delivery.MAIL,
    "hub.administrator_agreed": Delivery.MAIL,
    "hub.administrator_invited": Delivery.MAIL,
    EVERYTHING: Delivery.DIGEST,
}
"""By which way somebody is told who has said nothing. Mail goes to a confirmed address only; without one: the inbox."""


def wanted(kind: str, said: Mapping[str, Delivery]) -> Delivery:
    """The narrowest word counts: the kind, then its group (`trading`), then everything (`*`); then the default."""
    if kind in OF_ONESELF:
        return Delivery.MAIL
    group = kind.partition(".")[0]
    for name in (kind, group, EVERYTHING):
        if name in said:
            return said[name]
    return DEFAULTS.get(kind, DEFAULTS[EVERYTHING])


def is_known(name: str) -> bool:
    """Whether a preference may be about this."""
    return (
        name == EVERYTHING
        or (name in WORDS and name not in OF_ONESELF)
        or any(kind.startswith(f"{name}.") for kind in WORDS)
    )
