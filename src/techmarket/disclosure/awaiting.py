"""What waits for a person in disclosure: requests to decide, agreements to sign, questions to answer."""

from __future__ import annotations

from techmarket.disclosure import policy
from techmarket.identity.work import due_work

due_work(
    "disclosure.decide_access_request",
    policy.DECIDE_REQUEST,
    "grantAccessRequest",
    "POST /v1/access-requests/{id}/grant",
    thing="access_request",
    rows="access_request x WHERE x.state = 'ASKED' AND x.until > market_now()",
    org="x.owner_org_id",
    since="x.asked_at",
    due="x.until",
    covers="access request ASKED",
    zh="处理查阅申请",
    en="Grant or refuse a request for access",
)
due_work(
    "disclosure.counter_sign_nda",
    policy.COUNTERSIGN_NDA,
    "counterSignNda",
    "POST /v1/ndas/{id}/counter-signature",
    thing="nda",
    # Under a text that another has replaced nobody signs any more: the other side signs the new one first.
    rows="nda x JOIN nda_text t ON t.id = x.text_id WHERE x.state = 'SIGNED' AND NOT EXISTS ("
    "SELECT 1 FROM nda_text later WHERE later.owner_org_id = t.owner_org_id"
    " AND (later.subject IS NOT DISTINCT FROM t.subject OR later.subject = x.subject)"
    " AND later.published_at > t.published_at AND later.binds_from <= market_now())",
    org="x.owner_org_id",
    since="x.signed_at",
    covers="nda SIGNED",
    zh="签署（会签）保密协议",
    en="Counter-sign a confidentiality agreement",
)
due_work(
    "disclosure.answer_question",
    policy.ANSWER,
    "answerQuestion",
    "POST /v1/questions/{id}/answer",
    thing="question",
    rows="question x JOIN data_room r ON r.subject = x.subject WHERE x.state = 'ASKED'",
    org="r.owner_org_id",
    since="x.asked_at",
    covers="question ASKED",
    zh="回答提问",
    en="Answer a question",
)
