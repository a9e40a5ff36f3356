"""What waits for a person in identity."""

from __future__ import annotations

from techmarket.identity import policy
from techmarket.identity.work import due_work

SOON = "interval '14 days'"
# Keys expire in real time; what is shown is that moment by the market's clock.
AHEAD = "(SELECT market_now() - clock_timestamp())"

due_work(
    "identity.verify_organisation",
    policy.VERIFY,
    "verifyOrganisation",
    "POST /v1/organisations/{id}/verification",
    thing="organisation",
    rows="organisation x WHERE x.state = 'REGISTERED'",
    barred="x.entered_by",
    since="x.created_at",
    covers="organisation REGISTERED",
    zh="核验新注册的组织",
    en="Verify an organisation that registered",
)
due_work(
    "identity.rotate_key",
    policy.ROTATE_KEY,
    "rotateKey",
    "POST /v1/keys/{id}/rotation",
    thing="key",
    rows="api_key x WHERE x.revoked_at IS NULL AND x.expires_at > clock_timestamp()"
    f" AND x.expires_at < clock_timestamp() + {SOON}"
    " AND NOT EXISTS (SELECT 1 FROM api_key later WHERE later.replaces_id = x.id)",
    org="x.org_id",
    person="x.person_id",
    since=f"x.expires_at - {SOON} + {AHEAD}",
    due=f"x.expires_at + {AHEAD}",
    zh="更换即将到期的接口密钥",
    en="Rotate an API key that is about to expire",
)
due_work(
    "identity.agree_to_act",
    policy.AGREE,
    "agreeToAct",
    "POST /v1/intended-acts/{id}/agreement",
    thing="intended_act",
    rows="intended_act x WHERE x.state = 'WAITING' AND x.expires_at > clock_timestamp() AND (x.roles = '{}' OR EXISTS"
    " (SELECT 1 FROM membership m WHERE m.person_id = :person AND m.org_id = x.org_id AND m.ended_at IS NULL"
    " AND m.roles && x.roles))",
    org="x.org_id",
    barred="ARRAY[x.asked_by]",
    since=f"x.asked_at + {AHEAD}",
    covers="intended_act WAITING",
    zh="对同事拟办的操作表示同意",
    en="Agree to what a colleague is going to do",
)
due_work(
    "identity.review_elevation",
    policy.REVIEW_ELEVATION,
    "reviewElevation",
    "POST /v1/elevations/{id}/review",
    thing="elevation",
    rows="elevation x WHERE x.reviewed_at IS NULL AND least(x.ended_at, x.ends_at) <= clock_timestamp()",
    second_to="x.person_id",
    since=f"least(x.ended_at, x.ends_at) + {AHEAD}",
    zh="复核同事取得的紧急授权",
    en="Review an elevation that a colleague took",
)
