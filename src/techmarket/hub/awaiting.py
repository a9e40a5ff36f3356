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
due_work(
    "hub.agree_to_administrator",
    policy.AGREE_TO_ADMINISTRATOR,
    "agreeToAdministrator",
    "POST /v1/administrator-recoveries/{id}/agreement",
    thing="administrator_recovery",
    rows="administrator_recovery x WHERE x.state = 'PROPOSED'",
    second_to="x.proposed_by",
    since="x.proposed_at",
    covers="administrator recovery PROPOSED",
    zh="复核为失去管理员的组织指定新管理员",
    en="Agree, or not, that somebody new administers an organisation that has lost its administrators",
)
due_work(
    "hub.take_invitation_part",
    policy.TAKE_INVITATION_PART,
    "takeInvitationPart",
    "POST /v1/administrator-recoveries/{id}/invitation",
    thing="administrator_recovery",
    rows="administrator_recovery x WHERE x.objection_until <= market_now() AND (x.state = 'WAITING'"
    " AND :person IN (x.proposed_by, x.agreed_by) OR x.proposed_by = :person AND x.first_part IS NOT NULL"
    " OR x.agreed_by = :person AND x.second_part IS NOT NULL)",
    since="x.objection_until",
    zh="领取新管理员邀请码中您的部分并转交",
    en="Take your part of a new administrator's invitation and hand it over",
)
# Who speaks for it: its administrators and its contact, or, where it has neither, all its people.
_SPEAKS = (
    "m.org_id = x.org_id AND m.ended_at IS NULL AND NOT p.is_machine"
    " AND ('ADMINISTRATOR' = ANY(m.roles) OR m.person_id = o.contact_id)"
)
_PEOPLE = "membership m JOIN person p ON p.id = m.person_id JOIN organisation o ON o.id = m.org_id"
due_work(
    "hub.object_to_administrator",
    policy.OBJECT_TO_ADMINISTRATOR,
    "objectToAdministrator",
    "POST /v1/administrator-recoveries/{id}/objection",
    thing="administrator_recovery",
    rows="administrator_recovery x WHERE x.state IN ('PROPOSED', 'WAITING')",
    org="x.org_id",
    barred=f"ARRAY(SELECT other.person_id FROM membership other WHERE other.org_id = x.org_id"
    f" AND EXISTS (SELECT 1 FROM {_PEOPLE} WHERE {_SPEAKS})"
    f" AND NOT EXISTS (SELECT 1 FROM {_PEOPLE} WHERE {_SPEAKS} AND m.person_id = other.person_id))",
    since="x.proposed_at",
    due="x.objection_until",
    covers="administrator recovery WAITING",
    zh="如不同意市场为本组织指定新管理员，请在期内提出异议",
    en="Object in time, if your organisation does not want the new administrator the market is to invite",
)
