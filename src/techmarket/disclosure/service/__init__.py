"""What people do in a data room: one module for each part of it."""

from __future__ import annotations

from techmarket.disclosure.service.documents import (
    UPLOADED,
    add_document,
    export_accesses,
    list_accesses,
    list_documents,
    list_reads,
    read_document,
    set_folder,
    withdraw_document,
)
from techmarket.disclosure.service.grants import (
    Guest,
    Paper,
    grant_access,
    grant_document,
    grant_folder,
    list_grants,
    revoke_grant,
)
from techmarket.disclosure.service.ndas import (
    bind_text,
    counter_sign,
    decline,
    find_terms,
    list_ndas,
    list_texts,
    publish_text,
    revoke_nda,
    sign,
)
from techmarket.disclosure.service.questions import answer, ask, list_questions
from techmarket.disclosure.service.requests import (
    Wanted,
    ask_access,
    get_request,
    grant_request,
    list_requests,
    refuse_request,
    withdraw_request,
)

__all__ = [
    "UPLOADED",
    "Guest",
    "Paper",
    "Wanted",
    "add_document",
    "answer",
    "ask",
    "ask_access",
    "bind_text",
    "counter_sign",
    "decline",
    "export_accesses",
    "find_terms",
    "get_request",
    "grant_access",
    "grant_document",
    "grant_folder",
    "grant_request",
    "list_accesses",
    "list_documents",
    "list_grants",
    "list_ndas",
    "list_questions",
    "list_reads",
    "list_requests",
    "list_texts",
    "publish_text",
    "read_document",
    "refuse_request",
    "revoke_grant",
    "revoke_nda",
    "set_folder",
    "sign",
    "withdraw_document",
    "withdraw_request",
]
