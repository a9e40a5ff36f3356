"""Who may do what with achievements."""

from __future__ import annotations

from techmarket.identity.actor import Role, Scope
from techmarket.identity.permissions import Standing, permission

_OFFICE = (Role.LISTING_OFFICER, Role.ADMINISTRATOR)

CREATE = permission("achievements.create", Standing.VERIFIED, *_OFFICE)
AMEND = permission("achievements.amend", Standing.OWN, *_OFFICE)
RECORD = permission("achievements.record", Standing.OWN, *_OFFICE)
RETIRE = permission("achievements.retire", Standing.OWN, *_OFFICE)
ASK_CONSENT = permission("achievements.ask_consent", Standing.OWN, *_OFFICE)
SIGN_CONSENT = permission("achievements.sign_consent", Standing.OWN, consequential=True)
WITHDRAW_CONSENT = permission("achievements.withdraw_consent", Standing.OWN, Role.SIGNATORY, Role.ADMINISTRATOR)
WITHDRAW_CONSENT_PERSON = permission("achievements.withdraw_consent_as_person", Standing.OWN)
SEE_CONSENTS = permission("achievements.list_consents", Standing.SIGNED_IN, scope=Scope.READ)
CONFIRM = permission("achievements.confirm_completers", Standing.OWN)
APPLY_VESTING = permission("achievements.apply_for_vesting", Standing.OWN)
APPROVE_VESTING = permission("achievements.approve_vesting", Standing.OWN, *_OFFICE, consequential=True)
SIGN_VESTING = permission("achievements.sign_vesting", Standing.OWN, consequential=True)
WITHDRAW_VESTING = permission("achievements.withdraw_vesting", Standing.OWN)
SEE_VESTINGS = permission("achievements.list_vestings", Standing.SIGNED_IN, scope=Scope.READ)
DRAW_UP_APPROVAL = permission("achievements.draw_up_approval", Standing.VERIFIED, *_OFFICE)
SIGN_APPROVAL = permission("achievements.sign_approval", Standing.OWN, consequential=True)
REVOKE_APPROVAL = permission(
    "achievements.revoke_approval", Standing.OWN, Role.SIGNATORY, Role.ADMINISTRATOR, consequential=True
)
SEE_APPROVALS = permission("achievements.list_approvals", Standing.SIGNED_IN, scope=Scope.READ)
BURDEN = permission("achievements.record_burden", Standing.OWN, *_OFFICE)
CONFIRM_ATTESTATION = permission("achievements.confirm_attestation", Standing.OUTSIDER, Role.OPERATOR)
CONFIRM_AS_HOLDER = permission(
    "achievements.confirm_attestation_as_pledgee", Standing.OWN, Role.SIGNATORY, Role.ADMINISTRATOR
)
SEE_ATTESTATIONS = permission("achievements.list_attestations", Standing.SIGNED_IN, scope=Scope.READ)
EVALUATE = permission("achievements.record_evaluation", Standing.OWN, *_OFFICE)
SEE = permission("achievements.get", Standing.MARKET_OR_OWN, scope=Scope.READ)
LIST = permission("achievements.list", Standing.SIGNED_IN, scope=Scope.READ)
