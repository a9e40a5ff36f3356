"""What waits for a person in revenue: tables to sign, income to split, lists to publish, holds to decide."""

from __future__ import annotations

from techmarket.identity.work import due_work
from techmarket.revenue import policy
from techmarket.revenue.holds import HoldReason, ReleaseKind, is_neutral_needed
from techmarket.signing.steps import places_to_sign

_NEUTRAL_REASONS = ", ".join(f"'{one.value}'" for one in HoldReason if is_neutral_needed(one))
_NEUTRAL_RELEASES = ", ".join(f"'{one.value}'" for one in ReleaseKind if is_neutral_needed(HoldReason.DISPUTES, one))
END_OF_DAY = "((({day}) + 1)::timestamp AT TIME ZONE 'Asia/Shanghai')"

due_work(
    "revenue.open_share_table_signing",
    policy.OPEN_SIGNING,
    "openShareTableSigning",
    "POST /v1/share-tables/{id}/signing",
    thing="share_table",
    rows="share_table x WHERE x.state = 'DRAFT'",
    org="x.unit_id",
    since="x.created_at",
    covers="share_table DRAFT",
    zh="发起收益分配表签署",
    en="Call for the signatures under a share table",
)
due_work(
    "revenue.sign_share_table",
    policy.SIGN_TABLE,
    "signShareTable",
    "POST /v1/share-tables/{id}/signatures",
    thing="share_table",
    rows=f"share_table x {places_to_sign('x.signing_id')} WHERE x.state IN ('SIGNING', 'SIGNED')"
    " AND NOT EXISTS (SELECT 1 FROM share_hold h WHERE h.share_table_id = x.id AND h.person_id = place.person_id"
    " AND h.reason = 'DIED' AND h.state IN ('HOLDING', 'RELEASING'))",
    org="place.org_id",
    person="place.person_id",
    since="signing.opened_at",
    covers=("share_table SIGNING", "share_table SIGNED"),
    zh="确认并签署收益分配表",
    en="Confirm the share table by your signature",
)
due_work(
    "revenue.adopt_unit_rule",
    policy.ADOPT_UNIT_RULE,
    "adoptUnitRule",
    "POST /v1/unit-rules/{id}/adoption",
    thing="unit_rule",
    rows="unit_rule x WHERE x.state = 'DRAFT'",
    org="x.unit_id",
    barred="ARRAY[x.drafted_by]",
    since="x.drafted_at",
    covers="unit_rule DRAFT",
    zh="复核并启用单位分配规定",
    en="Adopt the unit rule that a colleague drafted",
)
due_work(
    "revenue.draft_distribution",
    policy.DISTRIBUTE,
    "draftDistribution",
    "POST /v1/distributions",
    thing="income",
    rows="income x WHERE x.distribution_id IS NULL AND x.withdrawn_at IS NULL AND EXISTS ("
    "SELECT 1 FROM share_table t WHERE t.unit_id = x.unit_id AND t.state = 'SIGNED'"
    " AND (t.contract_id = x.contract_id OR t.achievement_id = x.achievement_id OR EXISTS ("
    "SELECT 1 FROM contract_achievement k WHERE k.contract_id = x.contract_id"
    " AND k.achievement_id = t.achievement_id)))",
    org="x.unit_id",
    since="x.created_at",
    due=END_OF_DAY.format(
        day="SELECT min(d.ends_on) FROM reward_term d WHERE d.income_id = x.id AND d.name = 'reward_due'"
    ),
    zh="拟订收益分配方案",
    en="Split an income under its share table",
)
due_work(
    "revenue.publish_distribution",
    policy.PUBLISH,
    "publishDistribution",
    "POST /v1/distributions/{id}/publication",
    thing="distribution",
    rows="distribution x WHERE x.state = 'DRAFT'",
    org="x.unit_id",
    since="x.created_at",
    due=END_OF_DAY.format(
        day="SELECT min(d.ends_on) FROM reward_term d JOIN income i ON i.id = d.income_id"
        " WHERE i.distribution_id = x.id AND d.name = 'reward_due'"
    ),
    covers="distribution DRAFT",
    zh="公示奖励名单",
    en="Publish the reward list",
)
_PAYABLE = (
    "distribution x JOIN share_table t ON t.id = x.share_table_id AND t.state = 'SIGNED'"
    " JOIN notice n ON n.id = x.notice_id WHERE n.state = 'CLEARED' AND x.state IN ('PUBLISHED', 'PAYABLE')"
    # A line that an objection, or a hold on its share, keeps back is not paid yet; one written anew has its own notice.
    " AND EXISTS (SELECT 1 FROM distribution_line l LEFT JOIN line_rework w ON w.id = l.rework_id"
    " JOIN notice own ON own.id = CASE WHEN w.id IS NULL THEN n.id ELSE w.notice_id END AND own.state = 'CLEARED'"
    " WHERE l.distribution_id = x.id AND l.state IN ('OPEN', 'HELD')"
    " AND NOT EXISTS (SELECT 1 FROM objection o WHERE o.notice_id = own.id AND o.state IN ('FILED', 'UPHELD')"
    " AND (o.lines IS NULL OR l.n::text = ANY(o.lines)))"
    " AND NOT EXISTS (SELECT 1 FROM share_hold h WHERE h.share_table_id = t.id AND h.person_id = l.person_id"
    " AND h.state IN ('PROPOSED', 'HOLDING', 'RELEASING')))"
)
due_work(
    "revenue.pay_distribution",
    policy.PAY,
    "payDistribution",
    "POST /v1/distributions/{id}/payment",
    thing="distribution",
    rows=_PAYABLE,
    org="x.unit_id",
    since="n.ended_at",
    due=END_OF_DAY.format(
        day="SELECT min(d.ends_on) FROM reward_term d JOIN income i ON i.id = d.income_id"
        " WHERE i.distribution_id = x.id AND d.name = 'reward_due'"
    ),
    covers=("distribution PUBLISHED", "distribution PAYABLE", "distribution_line OPEN"),
    zh="发放奖励",
    en="Instruct the rewards of a distribution",
)
due_work(
    "revenue.confirm_payroll",
    policy.CONFIRM_PAYROLL,
    "confirmPayroll",
    "POST /v1/lines/{id}/payroll-confirmation",
    thing="line",
    rows="distribution_line x JOIN distribution d ON d.id = x.distribution_id"
    " JOIN payout p ON p.id = x.payout_id AND p.channel = 'PAYROLL'"
    " WHERE x.state = 'INSTRUCTED' AND NOT d.in_shares",
    org="d.unit_id",
    since="p.instructed_at",
    covers="distribution_line INSTRUCTED",
    zh="确认奖励已随工资发放",
    en="Confirm that a reward was paid with the wages",
)
due_work(
    "revenue.register_shares",
    policy.REGISTER_SHARES,
    "registerShares",
    "POST /v1/lines/{id}/share-registration",
    thing="line",
    rows="distribution_line x JOIN distribution d ON d.id = x.distribution_id"
    " WHERE x.state = 'INSTRUCTED' AND d.in_shares",
    org="d.unit_id",
    since="d.created_at",
    covers="distribution_line INSTRUCTED",
    zh="登记股权变更凭证",
    en="Show that shares stand in a person's name",
)


def _hold(
    what: str, state: str, neutral: str, first: str, operation: str, call: str, due: str, since: str, zh: str, en: str
) -> None:
    """For another officer of the unit; where a person's own will is at stake for the market's operator alone."""
    for whose, org, where in (("unit", "t.unit_id", f"NOT coalesce({neutral}, false)"), ("market", None, neutral)):
        due_work(
            f"revenue.{what}_as_{whose}",
            policy.CONFIRM_HOLD,
            operation,
            call,
            thing="share_hold",
            rows=f"share_hold x JOIN share_table t ON t.id = x.share_table_id WHERE x.state = '{state}' AND {where}"
            # What was said of a person who can still answer waits for the end of her time.
            " AND (x.answer_by IS NULL OR x.answer_by <= market_now())",
            org=org,
            barred=f"ARRAY[{first}, x.person_id]",
            since=since,
            due=due,
            covers=f"share_hold {state}",
            roles=policy.MARKET_OFFICERS if org is None else policy.OFFICERS,
            zh=zh,
            en=en,
        )


_hold(
    "decide_share_hold",
    "PROPOSED",
    f"x.reason IN ({_NEUTRAL_REASONS})",
    "x.opened_by",
    "decideShareHold",
    "POST /v1/share-holds/{id}/decision",
    "NULL",
    "coalesce(x.answer_by, x.opened_at)",
    "复核暂缓发放的份额",
    "Decide, as the second one, on a share that is to be held",
)
_hold(
    "decide_share_release",
    "RELEASING",
    f"x.release IN ({_NEUTRAL_RELEASES})",
    "x.release_proposed_by",
    "decideShareRelease",
    "POST /v1/share-holds/{id}/release/decision",
    "NULL",
    "x.opened_at",
    "复核恢复发放的份额",
    "Decide, as the second one, on letting a held share go",
)
due_work(
    "revenue.propose_share_release",
    policy.PROPOSE_HOLD,
    "proposeShareRelease",
    "POST /v1/share-holds/{id}/release",
    thing="share_hold",
    rows="share_hold x JOIN share_table t ON t.id = x.share_table_id WHERE x.state = 'HOLDING'",
    org="t.unit_id",
    since="coalesce(x.confirmed_at, x.opened_at)",
    covers="share_hold HOLDING",
    zh="提交恢复发放的依据",
    en="Show what ends the hold on a share",
)
due_work(
    "revenue.draft_rework",
    policy.REWORK,
    "draftLineRework",
    "POST /v1/distributions/{id}/lines/{n}/rework",
    thing="distribution",
    rows="distribution_line l JOIN distribution x ON x.id = l.distribution_id"
    " LEFT JOIN line_rework r ON r.id = l.rework_id"
    " JOIN objection o ON o.notice_id IN (x.notice_id, r.notice_id) AND o.state = 'UPHELD'"
    " AND l.n::text = ANY(o.lines) WHERE x.state IN ('PUBLISHED', 'PAYABLE') AND l.state IN ('OPEN', 'HELD')"
    " AND NOT EXISTS (SELECT 1 FROM line_rework w WHERE w.distribution_id = x.id AND w.n = l.n"
    " AND w.state <> 'WITHDRAWN')",
    n="l.n",
    org="x.unit_id",
    since="o.decided_at",
    covers="distribution_line HELD",
    zh="重新拟订异议成立的分配行",
    en="Write anew the line that an upheld objection names",
)
due_work(
    "revenue.sign_rework",
    policy.SIGN_REWORK,
    "signLineRework",
    "POST /v1/reworks/{id}/signatures",
    thing="line_rework",
    rows=f"line_rework x {places_to_sign('x.signing_id')} WHERE x.state = 'SIGNING'",
    org="place.org_id",
    person="place.person_id",
    since="x.created_at",
    covers="line_rework SIGNING",
    zh="签署重新拟订的分配行",
    en="Sign a line that was written anew",
)
due_work(
    "revenue.publish_rework",
    policy.PUBLISH,
    "publishLineRework",
    "POST /v1/reworks/{id}/publication",
    thing="line_rework",
    rows="line_rework x JOIN distribution d ON d.id = x.distribution_id WHERE x.state = 'SIGNED'"
    " AND d.state IN ('PUBLISHED', 'PAYABLE')",
    org="d.unit_id",
    since="x.created_at",
    covers="line_rework SIGNED",
    zh="公示重新拟订的分配行",
    en="Publish a line that was written anew and signed",
)
due_work(
    "revenue.take_repayment",
    policy.TAKE_REPAYMENT,
    "takeRepayment",
    "POST /v1/reward-claims/{id}/repayments",
    thing="reward_claim",
    rows="reward_claim x WHERE x.state = 'OPEN'",
    org="x.unit_id",
    since="x.created_at",
    covers="reward_claim OPEN",
    zh="登记追回的奖励",
    en="Take back a reward whose distribution was reversed",
)
