"""What waits for a person in the rulebook."""

from __future__ import annotations

from techmarket.identity.work import due_work
from techmarket.kernel.workdays import PUBLISHED_YEARS
from techmarket.rulebook import policy

due_work(
    "rulebook.enter_proposed_rule",
    policy.ADD_RULE,
    "addRule",
    "POST /v1/rules",
    thing="rule_proposal",
    rows="rule_proposal x WHERE x.state = 'WAITING'",
    second_to="x.proposed_by",
    since="x.proposed_at",
    # A row may begin tomorrow at the earliest: on its first day it can no longer be entered.
    due="(x.row->>'effective_from')::date::timestamp AT TIME ZONE 'Asia/Shanghai'",
    covers="rule_proposal WAITING",
    zh="复核另一操作员拟录入的规则",
    en="Enter, as the second one, a rule that another operator proposed",
)
due_work(
    "rulebook.enter_work_days",
    policy.ENTER_WORK_DAYS,
    "enterWorkDays",
    "POST /v1/work-days",
    thing="work_year",
    rows="(SELECT extract(year FROM today)::int + 1 AS year, date_trunc('year', today) AS began FROM"
    " (SELECT market_now() AT TIME ZONE 'Asia/Shanghai' AS today) clock"
    " WHERE extract(month FROM today) >= 11) x"
    f" WHERE x.year > {PUBLISHED_YEARS[-1]} AND NOT EXISTS (SELECT 1 FROM work_year known WHERE known.year = x.year)",
    id="CAST(NULL AS uuid)",
    n="x.year",
    since="(x.began + interval '10 months') AT TIME ZONE 'Asia/Shanghai'",
    due="(x.began + interval '1 year') AT TIME ZONE 'Asia/Shanghai'",
    zh="录入下一年的节假日与调休安排",
    en="Enter the holidays and make-up days of the next year",
)
