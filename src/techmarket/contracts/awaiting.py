"""What waits for a person in contracts: to draft, sign, confirm, clear, report, register, and to settle quarrels."""

from __future__ import annotations

from techmarket.contracts import policy
from techmarket.identity.permissions import Permission
from techmarket.identity.work import due_work
from techmarket.signing.steps import places_to_sign

PARTY = "JOIN contract_party {p} ON {p}.contract_id = x.id AND {p}.role = '{role}' AND {p}.position = 1"
SIDES = "ARRAY(SELECT q.org_id FROM contract_party q WHERE q.contract_id = {contract})"
PAYER, PAYEE = PARTY.format(p="payer", role="PAYER"), PARTY.format(p="payee", role="PAYEE")
# Whoever put the trade up drafts, calls for the signatures and signs first: of an open challenge it pays.
LEADS = "(CASE WHEN x.award_id IS NOT NULL AND x.type = 'DEVELOPMENT' THEN payer.org_id ELSE payee.org_id END)"
TODAY = "(market_now() AT TIME ZONE 'Asia/Shanghai')::date"

due_work(
    "contracts.draft",
    policy.DRAFT,
    "draftContract",
    "POST /v1/contracts",
    thing="award",
    rows="award x JOIN trade t ON t.id = x.trade_id WHERE x.state = 'OFFERED'"
    " AND NOT EXISTS (SELECT 1 FROM contract c WHERE c.award_id = x.id)",
    org="t.seller_org_id",
    since="x.offered_at",
    due="x.sign_by",
    covers="award OFFERED",
    zh="起草成交合同",
    en="Draft the contract of an award",
)
due_work(
    "contracts.open_signing",
    policy.OPEN_SIGNING,
    "openContractSigning",
    "POST /v1/contracts/{id}/signing",
    thing="contract",
    rows=f"contract x {PAYER} {PAYEE} LEFT JOIN award a ON a.id = x.award_id"
    " WHERE x.state = 'DRAFT' AND x.origin = 'MARKET'",
    org=LEADS,
    since="x.created_at",
    due="a.sign_by",
    covers="contract DRAFT",
    zh="合同定稿并发起签署",
    en="Call for the signatures under a drafted contract",
)
due_work(
    "contracts.sign",
    policy.SIGN,
    "signContract",
    "POST /v1/contracts/{id}/signatures",
    thing="contract",
    # A signature waits for the end of the price notice.
    rows="contract x JOIN contract_version v ON v.contract_id = x.id AND v.n = x.current_n"
    f" {places_to_sign('v.signing_id')} LEFT JOIN award a ON a.id = x.award_id LEFT JOIN notice n ON n.id = x.notice_id"
    " WHERE x.state = 'SIGNING' AND (n.id IS NULL OR n.state = 'CLEARED')",
    org="place.org_id",
    person="place.person_id",
    since="coalesce(n.ended_at, signing.opened_at)",
    due="a.sign_by",
    covers="contract SIGNING",
    zh="签署合同",
    en="Sign a contract",
)
due_work(
    "contracts.confirm",
    policy.CONFIRM,
    "confirmContract",
    "POST /v1/contracts/{id}/confirmations",
    thing="contract",
    rows=f"contract x {PAYEE} JOIN contract_party mine ON mine.contract_id = x.id"
    " WHERE x.state = 'DRAFT' AND x.origin <> 'MARKET' AND mine.org_id <> payee.org_id AND NOT EXISTS ("
    "SELECT 1 FROM contract_attestation s WHERE s.contract_id = x.id AND s.org_id = mine.org_id)",
    org="mine.org_id",
    since="x.created_at",
    covers="contract DRAFT",
    zh="确认在别处签订的合同记录",
    en="Confirm the record of a contract made elsewhere",
)
due_work(
    "contracts.attest",
    policy.ATTEST,
    "attestContract",
    "POST /v1/contracts/{id}/attestations",
    thing="contract",
    rows=f"contract x {PAYEE} WHERE x.state = 'DRAFT' AND x.origin <> 'MARKET' AND NOT EXISTS ("
    "SELECT 1 FROM contract_party p WHERE p.contract_id = x.id AND p.org_id <> payee.org_id AND NOT EXISTS ("
    "SELECT 1 FROM contract_attestation s WHERE s.contract_id = x.id AND s.org_id = p.org_id))",
    apart=SIDES.format(contract="x.id"),
    second_to="(SELECT s.person_id FROM contract_attestation s WHERE s.contract_id = x.id"
    " AND s.org_id NOT IN (SELECT p.org_id FROM contract_party p WHERE p.contract_id = x.id) LIMIT 1)",
    since="x.created_at",
    covers="contract DRAFT",
    zh="核对并见证在别处签订的合同",
    en="Attest a contract made elsewhere, by its scan",
)
due_work(
    "contracts.record_clearance",
    policy.RECORD_CLEARANCE,
    "recordClearance",
    "POST /v1/contracts/{id}/clearances",
    thing="contract",
    rows=f"contract x {PAYEE} WHERE x.state = 'AWAITING_CLEARANCE'",
    org="payee.org_id",
    since="x.created_at",
    covers="contract AWAITING_CLEARANCE",
    zh="登记主管部门的许可文件",
    en="Record the licence that the contract waits for",
)
due_work(
    "contracts.decide_trial",
    policy.DECIDE_TRIAL,
    "acceptTrial",
    "POST /v1/contracts/{id}/trial/acceptance",
    thing="contract",
    rows=f"contract x {PAYER} WHERE x.state = 'TRIAL' AND x.trial_until >= {TODAY}",
    org="payer.org_id",
    since="x.created_at",
    due="((x.trial_until + 1)::timestamp AT TIME ZONE 'Asia/Shanghai')",
    covers="contract TRIAL",
    zh="先用后转：决定是否接受",
    en="Decide on a trial: accept or decline it",
)


def _deadline(kind: str, what: str, permission: Permission, operation: str, call: str, zh: str, en: str) -> None:
    """What a contract in force asks one side to do by a day that stands in a row of its own."""
    due_work(
        f"contracts.{what}",
        permission,
        operation,
        call,
        thing="contract",
        rows="contract_deadline d JOIN contract x ON x.id = d.contract_id"
        f" WHERE d.kind = '{kind}' AND d.done_at IS NULL AND x.state = 'IN_FORCE'",
        org="d.org_id",
        since="x.in_force_at",
        due="d.due_at",
        covers="contract IN_FORCE",
        zh=zh,
        en=en,
    )


_deadline(
    "ROYALTY_REPORT",
    "report_royalty",
    policy.REPORT_ROYALTY,
    "reportRoyalty",
    "POST /v1/contracts/{id}/royalty-reports",
    "报告提成基数",
    "Report the base of a royalty",
)
_deadline(
    "LICENCE_FILING",
    "file_licence",
    policy.FILE_LICENCE,
    "fileLicence",
    "POST /v1/contracts/{id}/licence-filing",
    "办理专利实施许可备案并登记",
    "File the licence with the patent office and record it",
)
due_work(
    "contracts.file_registration",
    policy.FILE_REGISTRATION,
    "fileRegistration",
    "POST /v1/contracts/{id}/registrations",
    thing="contract",
    rows=f"contract x {PAYEE} WHERE x.state = 'IN_FORCE' AND x.origin = 'MARKET'"
    " AND (x.crossing IS NULL OR EXISTS (SELECT 1 FROM contract_clearance k WHERE k.contract_id = x.id))"
    " AND NOT EXISTS (SELECT 1 FROM registration r WHERE r.contract_id = x.id)",
    org="payee.org_id",
    since="x.in_force_at",
    covers="contract IN_FORCE",
    zh="申请技术合同认定登记",
    en="File the contract for registration",
)
due_work(
    "contracts.decide_registration",
    policy.DECIDE_REGISTRATION,
    "decideRegistration",
    "POST /v1/registrations/{id}/decision",
    thing="registration",
    rows="registration x WHERE x.state = 'FILED'",
    apart=SIDES.format(contract="x.contract_id"),
    since="x.filed_at",
    due="x.decide_by",
    covers="registration FILED",
    zh="审核技术合同认定登记",
    en="Decide on a registration",
)
due_work(
    "contracts.accept_milestone",
    policy.ACCEPT_MILESTONE,
    "acceptMilestone",
    "POST /v1/contracts/{id}/milestones/{n}/acceptance",
    thing="contract",
    rows=f"plan_line l JOIN contract x ON x.id = l.contract_id {PAYER}"
    " WHERE x.state = 'IN_FORCE' AND l.kind = 'MILESTONE' AND l.state = 'PLANNED' AND l.minor IS NOT NULL"
    # In their order: what comes later waits for what comes first.
    " AND NOT EXISTS (SELECT 1 FROM plan_line e WHERE e.contract_id = x.id AND e.kind = 'MILESTONE'"
    " AND e.state = 'PLANNED' AND e.n < l.n)",
    n="l.n",
    org="payer.org_id",
    since="x.in_force_at",
    due="(l.due_on + 1)::timestamp AT TIME ZONE 'Asia/Shanghai'",
    covers="plan_line PLANNED",
    zh="验收里程碑成果",
    en="Accept a milestone once it is handed over",
)
due_work(
    "contracts.hand_over_title",
    policy.HAND_OVER_TITLE,
    "handOverTitle",
    "POST /v1/contracts/{id}/title",
    thing="contract",
    rows=f"contract x {PAYEE} WHERE x.state = 'IN_FORCE' AND x.title_moves IS NOT NULL AND x.title_moved_at IS NULL"
    " AND (x.title_moves = 'ON_EFFECT' OR NOT EXISTS (SELECT 1 FROM due d"
    " WHERE d.subject = 'contract:' || x.id AND d.state IN ('OPEN', 'REFUNDED')))",
    org="payee.org_id",
    since="x.in_force_at",
    covers="contract IN_FORCE",
    zh="办理权利移转并登记凭证",
    en="Hand over the title and record the register's paper",
)
due_work(
    "contracts.restore_title",
    policy.RESTORE_TITLE,
    "restoreTitle",
    "POST /v1/contracts/{id}/title-restoration",
    thing="contract",
    rows=f"contract x {PAYER} WHERE x.state = 'TERMINATED' AND x.title_shares IS NOT NULL"
    " AND x.title_restored_at IS NULL",
    org="payer.org_id",
    since="coalesce(x.title_moved_at, x.created_at)",
    covers="contract TERMINATED",
    zh="合同终止后恢复权利登记",
    en="Restore the title after the contract has ended",
)
due_work(
    "contracts.perform",
    policy.PERFORM,
    "performContract",
    "POST /v1/contracts/{id}/performance",
    thing="contract",
    rows=f"contract x {PAYEE} WHERE x.state = 'IN_FORCE' AND x.term_until < {TODAY}"
    " AND NOT EXISTS (SELECT 1 FROM due d WHERE d.subject = 'contract:' || x.id"
    f" AND (d.state = 'REFUNDED' OR (d.state = 'OPEN' AND d.due_on <= {TODAY})))",
    org="payee.org_id",
    since="((x.term_until + 1)::timestamp AT TIME ZONE 'Asia/Shanghai')",
    covers="contract IN_FORCE",
    zh="合同期满，登记履行完毕",
    en="Put on record that a contract is performed",
)
due_work(
    "contracts.settle_dispute",
    policy.SETTLE,
    "settleContractDispute",
    "POST /v1/contracts/{id}/settlement",
    thing="contract",
    rows="contract x WHERE x.state = 'DISPUTED'",
    since="coalesce(x.in_force_at, x.created_at)",
    covers="contract DISPUTED",
    zh="登记争议处理结果",
    en="Record how a dispute ended",
)
due_work(
    "contracts.sign_change",
    policy.CHANGE,
    "signContractChange",
    "POST /v1/contract-changes/{id}/signatures",
    thing="contract_change",
    rows=f"contract_change x {places_to_sign('x.signing_id')} JOIN contract c ON c.id = x.contract_id"
    " WHERE x.state = 'PROPOSED' AND c.state IN ('IN_FORCE', 'DISPUTED')",
    org="place.org_id",
    person="place.person_id",
    since="x.proposed_at",
    due="(x.effective_on + 1)::timestamp AT TIME ZONE 'Asia/Shanghai'",
    covers="contract_change PROPOSED",
    zh="签署合同变更",
    en="Sign a change of a contract, or refuse it",
)
due_work(
    "contracts.close_breach",
    policy.DEMAND_CURE,
    "confirmCure",
    "POST /v1/breaches/{id}/cure",
    thing="breach",
    rows="contract_breach x WHERE x.state = 'DEMANDED'",
    org="x.by_org",
    since="x.demanded_at",
    due="x.cure_ends_at",
    covers="breach DEMANDED",
    zh="催告后：确认已补正、撤回或解除合同",
    en="After a demand: confirm the cure, take it back, or end the contract",
)
due_work(
    "contracts.decide_authority",
    policy.DECIDE_AUTHORITY,
    "decideSigningAuthority",
    "POST /v1/signing-authorities/{id}/decision",
    thing="signing_authority",
    rows="signing_authority x WHERE x.state = 'RECORDED'",
    since="x.recorded_at",
    covers="signing_authority RECORDED",
    zh="核对签署授权文件",
    en="Decide on the paper of a signing authority",
)
