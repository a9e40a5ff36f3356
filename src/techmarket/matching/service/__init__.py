"""The door of matching for edges: what people ask, and how the index follows the journal."""

from techmarket.matching.service.embedding import embed_some, tend_vectors
from techmarket.matching.service.following import follow, sweep
from techmarket.matching.service.pairing import list_matches
from techmarket.matching.service.searching import search, suggest

__all__ = ["embed_some", "follow", "list_matches", "search", "suggest", "sweep", "tend_vectors"]
