"""What people do in a data room: one module for each part of it."""

from __future__ import annotations

from techmarket.disclosure.service.documents import (
    UPLOADED,
    add_document,
    list_accesses,
    list_documents,
    list_reads,
    read_document,
    set_folder,
    withdraw_document,
)
from techmarket.disclosure.service.grants import grant_access, grant_document, list_grants, revoke_grant
from techmarket.disclosure.service.ndas import (
    bind_text,
    counter_sign,
    decline,
    find_terms,
    list_ndas,
    publish_text,
    revoke_nda,
    sign,
)
from techmarket.disclosure.service.questions import answer, ask, list_questions

__all__ = [
    "UPLOADED",
    "add_document",
    "answer",
    "ask",
    "bind_text",
    "counter_sign",
    "decline",
    "find_terms",
    "grant_access",
    "grant_document",
    "list_accesses",
    "list_documents",
    "list_grants",
    "list_ndas",
    "list_questions",
    "list_reads",
    "publish_text",
    "read_document",
    "revoke_grant",
    "revoke_nda",
    "set_folder",
    "sign",
    "withdraw_document",
]
