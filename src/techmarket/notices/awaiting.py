"""What waits for a person in notices: a posting to confirm, an objection to acknowledge and to decide."""

from __future__ import annotations

from techmarket.identity.permissions import Permission
from techmarket.identity.work import due_work
from techmarket.notices import policy
from techmarket.notices.kinds import KINDS, Decider

_BY_OWNER = ", ".join(f"'{kind.value}'" for kind, row in KINDS.items() if Decider.OWNER in row.deciders)
_OPEN = "objection x JOIN notice n ON n.id = x.notice_id WHERE x.state = 'FILED'"
# Who objected, or published it for the owner, does not decide, nor whom the notice favours.
_NEITHER = "array_append(n.favoured_ids, x.by_person_id)"

due_work(
    "notices.confirm_posting",
    policy.CONFIRM_POSTING,
    "confirmPosting",
    "POST /v1/notices/{id}/postings",
    thing="notice",
    rows="notice x WHERE x.state = 'PREPARED' AND 'UNIT' = ANY(x.places) AND NOT EXISTS ("
    "SELECT 1 FROM notice_posting p WHERE p.notice_id = x.id AND p.version_n = x.version_n AND p.place = 'UNIT')",
    org="x.owner_org_id",
    since="x.created_at",
    covers="notice PREPARED",
    zh="在本单位张贴公示并上传凭证",
    en="Hang the notice in the unit and confirm it with evidence",
)


def _objection(what: str, market: Permission, owner: Permission, operation: str, due: str, zh: str, en: str) -> None:
    """For the operator; where the kind says so for the notice's owner, too, who answers for his own people."""
    rows = _OPEN + (" AND x.acknowledged_at IS NULL" if what == "acknowledge" else "")
    path = "acknowledgement" if what == "acknowledge" else "decision"
    call = "POST /v1/objections/{id}/" + path
    due_work(
        f"notices.{what}_objection",
        market,
        operation,
        call,
        thing="objection",
        rows=f"{rows} AND x.by_org_id <> :org",
        barred=_NEITHER,
        since="x.filed_at",
        due=due,
        covers=("objection FILED", "notice PAUSED"),
        zh=zh,
        en=en,
    )
    due_work(
        f"notices.{what}_objection_to_own",
        owner,
        operation,
        call,
        thing="objection",
        rows=f"{rows} AND n.kind IN ({_BY_OWNER})"
        # The market is no owner that decides on its own notices.
        " AND EXISTS (SELECT 1 FROM organisation o WHERE o.id = n.owner_org_id AND o.kind <> 'MARKET')",
        org="n.owner_org_id",
        barred="array_append(array_append(n.favoured_ids, x.by_person_id), n.opened_by_id)",
        since="x.filed_at",
        due=due,
        covers="objection FILED",
        zh=zh,
        en=en,
    )


_objection(
    "acknowledge",
    policy.ACKNOWLEDGE,
    policy.ACKNOWLEDGE_OWN,
    "acknowledgeObjection",
    "x.acknowledge_by",
    "签收异议",
    "Acknowledge an objection",
)
_objection(
    "decide", policy.DECIDE, policy.DECIDE_OWN, "decideObjection", "x.decide_by", "处理异议", "Decide an objection"
)
