"""What waits for a person in identity."""

from __future__ import annotations

from techmarket.identity import policy
from techmarket.identity.work import due_work

SOON = "interval '14 days'"
# Keys expire in real time; what is shown is that moment by the market's clock.
AHEAD = "(SELECT ahead FROM market_clock WHERE id = 1)"

due_work(
    "identity.verify_organisation",
    policy.VERIFY,
    "verifyOrganisation",
    "POST /v1/organisations/{id}/verification",
    thing="organisation",
    rows="organisation x WHERE x.state = 'REGISTERED'",
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
