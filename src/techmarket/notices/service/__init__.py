"""What people do with notices: post, read, suspend, object, decide. One function, one transaction."""

from techmarket.notices.service.allowing import allow_price
from techmarket.notices.service.clearing import clear_due, recount, recount_deadlines
from techmarket.notices.service.objecting import (
    acknowledge_objection,
    add_evidence,
    decide_objection,
    file_objection,
    withdraw_objection,
)
from techmarket.notices.service.posting import confirm_posting, sweep_evidence, upload_evidence
from techmarket.notices.service.reading import (
    get_notice,
    get_objection,
    get_proof,
    list_notices,
    list_objections,
    list_versions,
    read_objection_evidence,
    read_posting_evidence,
)
from techmarket.notices.service.restating import correct_notice, replace_notice
from techmarket.notices.service.suspending import resume_notice, suspend_notice

__all__ = [
    "acknowledge_objection",
    "add_evidence",
    "allow_price",
    "clear_due",
    "confirm_posting",
    "correct_notice",
    "decide_objection",
    "file_objection",
    "get_notice",
    "get_objection",
    "get_proof",
    "list_notices",
    "list_objections",
    "list_versions",
    "read_objection_evidence",
    "read_posting_evidence",
    "recount",
    "recount_deadlines",
    "replace_notice",
    "resume_notice",
    "suspend_notice",
    "sweep_evidence",
    "upload_evidence",
    "withdraw_objection",
]
