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
