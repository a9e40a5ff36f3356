"""What waits for a person in listings: drafts to hand in, listings to review, to publish and to renew."""

from __future__ import annotations

from techmarket.identity.work import due_work
from techmarket.listings import policy

END_OF_DAY = "((x.expires_on + 1)::timestamp AT TIME ZONE 'Asia/Shanghai')"

due_work(
    "listings.review",
    policy.REVIEW,
    "acceptListing",
    "POST /v1/listings/{id}/acceptance",
    thing="listing",
    rows="listing x JOIN listing_version v ON v.listing_id = x.id AND v.n = x.current_n"
    " JOIN organisation o ON o.id = x.org_id WHERE x.state = 'SUBMITTED'",
    barred="array_append(o.entered_by, v.by)",
    since="coalesce(x.submitted_at, x.created_at)",
    covers="listing SUBMITTED",
    zh="审核供需信息",
    en="Review a listing",
)
due_work(
    "listings.submit",
    policy.SUBMIT,
    "submitListing",
    "POST /v1/listings/{id}/submission",
    thing="listing",
    rows="listing x WHERE x.state IN ('DRAFT', 'RETURNED')",
    org="x.org_id",
    since="x.created_at",
    covers=("listing DRAFT", "listing RETURNED"),
    zh="完善并提交供需信息",
    en="Finish a listing and hand it in",
)
due_work(
    "listings.publish",
    policy.PUBLISH,
    "publishListing",
    "POST /v1/listings/{id}/publication",
    thing="listing",
    rows="listing x WHERE x.state = 'ACCEPTED'"
    " AND (x.expires_on IS NULL OR x.expires_on >= (market_now() AT TIME ZONE 'Asia/Shanghai')::date)",
    org="x.org_id",
    since="coalesce(x.submitted_at, x.created_at)",
    # With an hour of its own it goes out by itself then; until then its owner may be first.
    due="x.publish_at",
    covers="listing ACCEPTED",
    zh="发布已审核通过的供需信息",
    en="Publish a listing that was accepted and held back",
)
due_work(
    "listings.renew",
    policy.RENEW,
    "renewListing",
    "POST /v1/listings/{id}/renewal",
    thing="listing",
    rows="listing x WHERE (x.state = 'EXPIRED' OR (x.state = 'PUBLISHED' AND x.expires_on"
    " < (market_now() AT TIME ZONE 'Asia/Shanghai')::date + 14))",
    org="x.org_id",
    since=f"{END_OF_DAY} - interval '14 days'",
    due=END_OF_DAY,
    covers=("listing PUBLISHED", "listing EXPIRED"),
    zh="延长即将到期或已到期的供需信息",
    en="Renew a listing that is about to expire, or has",
)
due_work(
    "listings.publish_scenario_list",
    policy.REVIEW,
    "publishScenarioList",
    "POST /v1/scenario-lists/{id}/publication",
    thing="scenario_list",
    rows="scenario_list x WHERE x.state = 'DRAFT'"
    " AND EXISTS (SELECT 1 FROM scenario_list_item i WHERE i.list_id = x.id)",
    since="x.created_at",
    covers="scenario list DRAFT",
    zh="审核并发布场景清单",
    en="Publish a scenario list",
)
