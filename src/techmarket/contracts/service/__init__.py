"""What people do with contracts: draft and sign, perform, register, read."""

from techmarket.contracts.service.attesting import (
    attest,
    confirm,
    read_record_file,
    record_elsewhere,
    refuse_record,
)
from techmarket.contracts.service.authorising import (
    decide_authority,
    list_authorities,
    record_authority,
    revoke_authority,
)
from techmarket.contracts.service.breaching import close_breach, demand_cure, end_for_breach, list_breaches
from techmarket.contracts.service.changing import (
    list_changes,
    propose_change,
    refuse_change,
    sign_change,
    withdraw_change,
)
from techmarket.contracts.service.clearing import hand_over_title, record_clearance, restore_title
from techmarket.contracts.service.commissioning import accept_milestone
from techmarket.contracts.service.drafting import cancel, draft_directly, draft_from_award
from techmarket.contracts.service.ending import terminate
from techmarket.contracts.service.ordering import (
    close_stale_orders,
    collect_orders,
    get_order,
    order_signature,
    send_orders,
)
from techmarket.contracts.service.papering import get_paper, sign_paper
from techmarket.contracts.service.paying import mark_paid, mark_refunded
from techmarket.contracts.service.performing import (
    declare_default,
    dispute,
    perform,
    settle_dispute,
)
from techmarket.contracts.service.reading import get_contract, get_document, list_contracts
from techmarket.contracts.service.registering import (
    correct_registration,
    decide_registration,
    file_registration,
    revoke_registration,
)
from techmarket.contracts.service.reporting import correct_report, report_royalty
from techmarket.contracts.service.signing import cancel_lapsed, follow_notice, open_signing, sign, sign_vouched
from techmarket.contracts.service.trying import accept_trial, decline_trial, lapse_trials
from techmarket.contracts.service.watching import announce_passed, file_licence, list_deadlines

__all__ = [
    "accept_milestone",
    "accept_trial",
    "announce_passed",
    "attest",
    "cancel",
    "cancel_lapsed",
    "close_breach",
    "close_stale_orders",
    "collect_orders",
    "confirm",
    "correct_registration",
    "correct_report",
    "decide_authority",
    "decide_registration",
    "declare_default",
    "decline_trial",
    "demand_cure",
    "dispute",
    "draft_directly",
    "draft_from_award",
    "end_for_breach",
    "file_licence",
    "file_registration",
    "follow_notice",
    "get_contract",
    "get_document",
    "get_order",
    "get_paper",
    "hand_over_title",
    "lapse_trials",
    "list_authorities",
    "list_breaches",
    "list_changes",
    "list_contracts",
    "list_deadlines",
    "mark_paid",
    "mark_refunded",
    "open_signing",
    "order_signature",
    "perform",
    "propose_change",
    "read_record_file",
    "record_authority",
    "record_clearance",
    "record_elsewhere",
    "refuse_change",
    "refuse_record",
    "report_royalty",
    "restore_title",
    "revoke_authority",
    "revoke_registration",
    "send_orders",
    "settle_dispute",
    "sign",
    "sign_change",
    "sign_paper",
    "sign_vouched",
    "terminate",
    "withdraw_change",
]
