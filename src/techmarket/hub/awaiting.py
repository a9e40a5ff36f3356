"""What waits for a person in hub."""

from __future__ import annotations

from techmarket.hub import policy
from techmarket.identity.work import due_work

due_work(
    "hub.enable_webhook",
    policy.CHANGE_WEBHOOK,
    "enableWebhook",
    "POST /v1/webhooks/{id}/enablement",
    thing="webhook",
    rows="webhook x WHERE x.state = 'DISABLED'",
    org="x.org_id",
    since="coalesce(x.failing_since, x.created_at)",
    covers="webhook DISABLED",
    zh="修复并重新启用推送订阅",
    en="Mend a webhook that was disabled, and enable it",
)
due_work(
    "hub.trust_source",
    policy.CHANGE_SOURCE,
    "trustSource",
    "POST /v1/syndication/sources/{id}/trust",
    thing="syndication_source",
    rows="syndication_source x WHERE x.state = 'DISTRUSTED'",
    since="x.created_at",
    covers="syndication source DISTRUSTED",
    zh="核查未能验证的外部市场来源",
    en="Look at another market whose word could not be checked: trust it again, or remove it",
)
