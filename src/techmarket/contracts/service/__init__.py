"""What people do with contracts: draft and sign, perform, register, read."""

from techmarket.contracts.service.commissioning import accept_milestone
from techmarket.contracts.service.drafting import cancel, draft_directly, draft_from_award
from techmarket.contracts.service.performing import (
    declare_default,
    dispute,
    mark_paid,
    perform,
    report_royalty,
    settle_dispute,
    terminate,
)
from techmarket.contracts.service.reading import get_contract, get_document, list_contracts
from techmarket.contracts.service.registering import decide_registration, file_registration, revoke_registration
from techmarket.contracts.service.signing import cancel_lapsed, open_signing, sign

__all__ = [
    "accept_milestone",
    "cancel",
    "cancel_lapsed",
    "decide_registration",
    "declare_default",
    "dispute",
    "draft_directly",
    "draft_from_award",
    "file_registration",
    "get_contract",
    "get_document",
    "list_contracts",
    "mark_paid",
    "open_signing",
    "perform",
    "report_royalty",
    "revoke_registration",
    "settle_dispute",
    "sign",
    "terminate",
]
