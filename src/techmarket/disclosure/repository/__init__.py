"""Every query of disclosure."""

from __future__ import annotations

from techmarket.disclosure.repository.accesses import (
    list_accesses,
    list_reads,
    note_refused,
)
from techmarket.disclosure.repository.documents import (
    FoundAtDoor,
    FoundDocument,
    Sight,
    count_documents,
    find_document,
    find_latest,
    find_same_bytes,
    get_documents,
    list_documents,
    list_known_folders,
)
from techmarket.disclosure.repository.grants import (
    Granted,
    list_granted,
    list_grants,
    lock_grant,
    lock_grants_of_basis,
    lock_open_grants,
    lock_replaced,
    open_to_organisations,
    subjects_granted,
)
from techmarket.disclosure.repository.ndas import (
    cut,
    find_nda,
    find_text,
    is_running,
    list_texts,
    lock_standing,
    newest_of,
    page_ndas,
)
from techmarket.disclosure.repository.questions import (
    count_open_questions,
    list_questions,
    lock_question,
)
from techmarket.disclosure.repository.requests import (
    find_request,
    lock_waiting_request,
    page_requests,
)
from techmarket.disclosure.repository.rooms import (
    FoundRoom,
    find_room,
    keep_folder,
    list_folders,
    open_rooms,
    set_folder,
    set_public,
)

__all__ = [
    "FoundAtDoor",
    "FoundDocument",
    "FoundRoom",
    "Granted",
    "Sight",
    "count_documents",
    "count_open_questions",
    "cut",
    "find_document",
    "find_latest",
    "find_nda",
    "find_request",
    "find_room",
    "find_same_bytes",
    "find_text",
    "get_documents",
    "is_running",
    "keep_folder",
    "list_accesses",
    "list_documents",
    "list_folders",
    "list_granted",
    "list_grants",
    "list_known_folders",
    "list_questions",
    "list_reads",
    "list_texts",
    "lock_grant",
    "lock_grants_of_basis",
    "lock_open_grants",
    "lock_question",
    "lock_replaced",
    "lock_standing",
    "lock_waiting_request",
    "newest_of",
    "note_refused",
    "open_rooms",
    "open_to_organisations",
    "page_ndas",
    "page_requests",
    "set_folder",
    "set_public",
    "subjects_granted",
]
