"""What waits for a person in certification: a second certifier, and certificates that are suspended."""

from __future__ import annotations

from techmarket.certification import policy
from techmarket.identity.work import due_work

PARTIES = "ARRAY(SELECT p.org_id FROM contract_party p WHERE p.contract_id = {contract})"

due_work(
    "certification.prepare",
    policy.PREPARE,
    "prepareCertificate",
    "POST /v1/contracts/{id}/certificates",
    thing="contract",
    # The conditions are those of the operation: in force, dues paid, notice ended, money not held, papers there.
    rows="contract x LEFT JOIN notice n ON n.id = x.notice_id WHERE x.state IN ('IN_FORCE', 'PERFORMED')"
    " AND (n.id IS NULL OR n.state = 'CLEARED')"
    " AND NOT EXISTS (SELECT 1 FROM due d WHERE d.subject = 'contract:' || x.id AND d.state = 'OPEN'"
    " AND d.due_on <= (market_now() AT TIME ZONE 'Asia/Shanghai')::date)"
    " AND EXISTS (SELECT 1 FROM due d WHERE d.subject = 'contract:' || x.id AND d.state = 'PAID')"
    " AND NOT EXISTS (SELECT 1 FROM due d WHERE d.subject = 'contract:' || x.id AND d.state = 'REFUNDED')"
    " AND (x.crossing IS NULL OR EXISTS (SELECT 1 FROM contract_clearance k WHERE k.contract_id = x.id))"
    " AND NOT EXISTS (SELECT 1 FROM release_hold h WHERE h.subject = 'contract:' || x.id AND h.lifted_at IS NULL)"
    " AND NOT EXISTS (SELECT 1 FROM certificate c WHERE c.contract_id = x.id"
    " AND c.state NOT IN ('REJECTED', 'REPLACED'))",
    apart=PARTIES.format(contract="x.id"),
    since="x.in_force_at",
    covers=("contract IN_FORCE", "contract PERFORMED"),
    zh="准备交易鉴证",
    en="Prepare the certificate of a contract that meets its conditions",
)
due_work(
    "certification.approve",
    policy.APPROVE,
    "approveCertificate",
    "POST /v1/certificates/{id}/approval",
    thing="certificate",
    rows="certificate x WHERE x.state = 'PREPARED'",
    apart=PARTIES.format(contract="x.contract_id"),
    second_to="x.prepared_by",
    since="x.prepared_at",
    covers="certificate PREPARED",
    zh="复核并签发交易鉴证",
    en="Approve a certificate that a colleague prepared",
)
_SUSPENDED = "certificate x JOIN contract c ON c.id = x.contract_id WHERE x.state = 'SUSPENDED' AND c.state {holds}"
due_work(
    "certification.reinstate",
    policy.REINSTATE,
    "reinstateCertificate",
    "POST /v1/certificates/{id}/reinstatement",
    thing="certificate",
    rows=_SUSPENDED.format(holds="IN ('IN_FORCE', 'PERFORMED')"),
    apart=PARTIES.format(contract="x.contract_id"),
    since="x.since",
    covers="certificate SUSPENDED",
    zh="恢复（或撤销）已暂停的交易鉴证",
    en="Reinstate a suspended certificate, or revoke it",
)
due_work(
    "certification.revoke",
    policy.REVOKE,
    "revokeCertificate",
    "POST /v1/certificates/{id}/revocation",
    thing="certificate",
    rows=_SUSPENDED.format(holds="IN ('TERMINATED', 'CANCELLED')"),
    apart=PARTIES.format(contract="x.contract_id"),
    since="x.since",
    covers="certificate SUSPENDED",
    zh="撤销合同已终止的交易鉴证",
    en="Revoke the suspended certificate of a contract that has ended",
)
