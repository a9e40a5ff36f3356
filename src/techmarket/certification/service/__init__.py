"""What people do with certificates: prepare, decide, take out of force, read, verify."""

from techmarket.certification.service.deciding import approve, reject
from techmarket.certification.service.preparing import list_preconditions, prepare, prepare_replacement
from techmarket.certification.service.reading import get_certificate, get_file, get_paper, list_certificates
from techmarket.certification.service.standing import reinstate, revoke, suspend, suspend_ended
from techmarket.certification.service.verifying import (
    get_status_list,
    published_keys,
    verify_certificate,
    verify_upload,
)

__all__ = [
    "approve",
    "get_certificate",
    "get_file",
    "get_paper",
    "get_status_list",
    "list_certificates",
    "list_preconditions",
    "prepare",
    "prepare_replacement",
    "published_keys",
    "reinstate",
    "reject",
    "revoke",
    "suspend",
    "suspend_ended",
    "verify_certificate",
    "verify_upload",
]
