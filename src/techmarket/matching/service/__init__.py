"""The door of matching for edges: what people ask, and how the index follows the journal."""

from techmarket.matching.service.alerting import (
    end_search,
    list_alerts,
    list_searches,
    look_for_alerts,
    save_search,
    tell,
    unsubscribe,
)
from techmarket.matching.service.answering import (
    forget_answers,
    get_answer,
    give_feedback,
    keep_searches,
    list_feedback,
    train_reranker,
)
from techmarket.matching.service.blind import compare_blind, list_blind_matches, set_consent
from techmarket.matching.service.embedding import embed_some, tend_vectors, vectors_of
from techmarket.matching.service.following import count_set_aside, follow, list_set_aside, sweep
from techmarket.matching.service.pairing import list_matches
from techmarket.matching.service.people import forget_person, get_profile, list_people, put_profile, reindex_people
from techmarket.matching.service.rebuilding import is_outdated, rebuild, reread
from techmarket.matching.service.searching import public_signs, search, search_in_public, suggest

__all__ = [
    "compare_blind",
    "count_set_aside",
    "embed_some",
    "end_search",
    "follow",
    "forget_answers",
    "forget_person",
    "get_answer",
    "get_profile",
    "give_feedback",
    "is_outdated",
    "keep_searches",
    "list_alerts",
    "list_blind_matches",
    "list_feedback",
    "list_matches",
    "list_people",
    "list_searches",
    "list_set_aside",
    "look_for_alerts",
    "public_signs",
    "put_profile",
    "rebuild",
    "reindex_people",
    "reread",
    "save_search",
    "search",
    "search_in_public",
    "set_consent",
    "suggest",
    "sweep",
    "tell",
    "tend_vectors",
    "train_reranker",
    "unsubscribe",
    "vectors_of",
]
