"""What the market and a stranger do with the log, one module for each concern."""

from __future__ import annotations

from techmarket.transparency.service.auditing import audit
from techmarket.transparency.service.committing import (
    commitment_file,
    get_commitment,
    list_commitments,
    log_commitment,
    reveal,
)
from techmarket.transparency.service.reading import (
    get_checkpoint,
    get_consistency,
    get_entry,
    get_proof,
    get_tile,
    list_checkpoints,
    list_keys,
    list_leaves,
    list_logs,
)
from techmarket.transparency.service.sealing import (
    keep_cosignature,
    make_checkpoint,
    note_spans,
    open_new_log,
    publish_keys,
    uncosigned,
)
from techmarket.transparency.service.searching import read_audit, require_audit_file, search_audit

__all__ = [
    "audit",
    "commitment_file",
    "get_checkpoint",
    "get_commitment",
    "get_consistency",
    "get_entry",
    "get_proof",
    "get_tile",
    "keep_cosignature",
    "list_checkpoints",
    "list_commitments",
    "list_keys",
    "list_leaves",
    "list_logs",
    "log_commitment",
    "make_checkpoint",
    "note_spans",
    "open_new_log",
    "publish_keys",
    "read_audit",
    "require_audit_file",
    "reveal",
    "search_audit",
    "uncosigned",
]
