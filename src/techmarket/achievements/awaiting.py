"""What waits for a person in achievements: records to finish, completers, co-owners and signatories to be heard."""

from __future__ import annotations

from techmarket.achievements import policy
from techmarket.identity.work import due_work
from techmarket.signing.steps import places_to_sign

due_work(
    "achievements.record",
    policy.RECORD,
    "recordAchievement",
    "POST /v1/achievements/{id}/record",
    thing="achievement",
    rows="achievement x WHERE x.state = 'DRAFT'",
    org="x.org_id",
    since="x.created_at",
    covers="achievement DRAFT",
    zh="登记成果",
    en="Put an achievement on record",
)
due_work(
    "achievements.confirm_completers",
    policy.CONFIRM,
    "confirmCompleters",
    "POST /v1/achievements/{id}/confirmation",
    thing="achievement",
    rows="completer c JOIN achievement x ON x.id = c.achievement_id"
    " WHERE c.confirmed_at IS NULL AND x.state <> 'RETIRED'",
    person="c.person_id",
    since="x.created_at",
    covers="achievement RECORDED",
    zh="确认完成人及排序",
    en="Confirm the completers and their order",
)
due_work(
    "achievements.sign_consent",
    policy.SIGN_CONSENT,
    "signConsent",
    "POST /v1/consents/{id}/signature",
    thing="consent",
    rows=f"sale_consent x {places_to_sign('x.signing_id')} WHERE x.state = 'ASKED'",
    org="place.org_id",
    person="place.person_id",
    since="x.asked_at",
    covers="consent ASKED",
    zh="签署共有人同意书",
    en="Sign a co-owner's consent",
)
due_work(
    "achievements.approve_vesting",
    policy.APPROVE_VESTING,
    "approveVesting",
    "POST /v1/vestings/{id}/approval",
    thing="vesting",
    rows="vesting x WHERE x.state = 'APPLIED'",
    org="x.org_id",
    barred="array_append(ARRAY(SELECT g.person_id FROM vesting_grantee g WHERE g.vesting_id = x.id), x.applied_by)",
    since="x.applied_at",
    covers="vesting APPLIED",
    zh="审议赋权申请",
    en="Decide on an application for vesting",
)
due_work(
    "achievements.open_vesting_signing",
    policy.APPROVE_VESTING,
    "openVestingSigning",
    "POST /v1/vestings/{id}/signing",
    thing="vesting",
    rows="vesting x JOIN notice n ON n.id = x.notice_id WHERE x.state = 'PUBLISHED' AND n.state = 'CLEARED'",
    org="x.org_id",
    since="n.ended_at",
    covers="vesting PUBLISHED",
    zh="公示期满，发起赋权协议签署",
    en="Call for signatures under a vesting whose publicity has ended",
)
due_work(
    "achievements.sign_vesting",
    policy.SIGN_VESTING,
    "signVesting",
    "POST /v1/vestings/{id}/signatures",
    thing="vesting",
    rows=f"vesting x {places_to_sign('x.signing_id')} WHERE x.state = 'SIGNING'",
    org="place.org_id",
    person="place.person_id",
    since="signing.opened_at",
    covers="vesting SIGNING",
    zh="签署赋权协议",
    en="Sign a vesting",
)
due_work(
    "achievements.sign_approval",
    policy.SIGN_APPROVAL,
    "signApproval",
    "POST /v1/approvals/{id}/signature",
    thing="approval",
    rows=f"approval x {places_to_sign('x.signing_id')} WHERE x.state = 'SIGNING'",
    org="place.org_id",
    person="place.person_id",
    since="x.drawn_up_at",
    covers="approval SIGNING",
    zh="签署单位审批决定",
    en="Sign the unit's approval",
)
_ATTESTED = (
    "attestation x JOIN encumbrance e ON e.id = x.encumbrance_id JOIN achievement a ON a.id = e.achievement_id"
    " WHERE x.state = 'PENDING'"
)
due_work(
    "achievements.confirm_attestation",
    policy.CONFIRM_ATTESTATION,
    "confirmAttestation",
    "POST /v1/attestations/{id}/confirmation",
    thing="attestation",
    rows=f"{_ATTESTED} AND :org <> a.org_id",
    barred="ARRAY[x.by_person_id]",
    since="x.at",
    covers="attestation PENDING",
    zh="核对权利负担变更的凭证",
    en="Confirm what a unit says of a burden, by its evidence",
)
due_work(
    "achievements.confirm_attestation_as_pledgee",
    policy.CONFIRM_AS_HOLDER,
    "confirmAttestation",
    "POST /v1/attestations/{id}/confirmation",
    thing="attestation",
    rows=f"{_ATTESTED} AND e.kind = 'PLEDGE' AND e.holder_org_id <> a.org_id",
    org="e.holder_org_id",
    barred="ARRAY[x.by_person_id]",
    since="x.at",
    covers="attestation PENDING",
    zh="质权人核对质押变更的凭证",
    en="Confirm, as the pledgee, what a unit says of your pledge",
)
