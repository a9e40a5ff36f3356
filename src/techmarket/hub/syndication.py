"""What one market tells another of its listings (联合发布), and how the other checks that it is so: pure.

A page names listings by the journal's order. Each item is signed: this log, at this position, has this leaf about this
listing, and this is what its readers see of it. Whoever holds items can show them to anybody. The page also carries a
checkpoint, under which the leaves lie, and which only ever grows.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from techmarket.kernel.canonical import NotCanonical, canonical_json, sha256_hex
from techmarket.listings.lifecycle import FINDABLE
from techmarket.transparency import offline
from techmarket.transparency import rules as tree
from techmarket.transparency.keyset import TrustedKeys, key_for, trusted_keys

TYPES = ("listing.published", "listing.changed", "listing.removed")
PAGE_MAX = 100
HEX_MAX = 128
PATH_MAX = 64
TEXT_MAX = 500
OPENINGS_MAX = 20
DIGEST = re.compile("[0-9a-f]{64}")
ADDRESS = re.compile(r"[!#-;=?-\[\]_a-z~]{1,400}")
"""What RFC 3986 leaves for an address: everything else in it is percent-encoded."""
SHOWN_STATES = frozenset(one.value for one in FINDABLE)
"""In which a listing is shown by a market of this kind; a word that is none of them is not handed on."""
POSITION_MAX = 2**53


class ItemState(StrEnum):
    SHOWN = "SHOWN"
    GONE = "GONE"


class Distrusted(Exception):
    """What another market said does not hold; `why` is a stable word for the operator."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Unreadable(Distrusted):
    """It is not of the shape that a market's answer has; it is asked again later, and nothing of it is taken."""


@dataclass(frozen=True, slots=True)
class Opening:
    """One log went on from another after a restore, which may have lost the end of the one before."""

    log_id: UUID
    previous_log_id: UUID
    previous_size: int


@dataclass(frozen=True, slots=True)
class Item:
    """One listing of another market as it is there now; `content` is None once nobody sees it."""

    listing_id: UUID
    position: int
    state: ItemState
    content: Mapping[str, Any] | None
    url: str
    sha256: str
    proof: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Page:
    log_id: UUID
    items: tuple[Item, ...]
    next_cursor: str
    is_at_end: bool
    checkpoint: offline.Checkpoint | None
    openings: tuple[Opening, ...] = ()
    """How this log came to be one after the other, the newest first."""

    def goes_on_from(self, log_id: UUID) -> int | None:
        """How many entries of a log that was read before are certain to be in this one; None where it is another's."""
        kept, at = None, self.log_id
        for one in self.openings:
            if one.log_id != at:
                return None
            kept = one.previous_size if kept is None else min(kept, one.previous_size)
            at = one.previous_log_id
            if at == log_id:
                return kept
        return None


def content_hash(content: Mapping[str, Any] | None) -> str:
    return sha256_hex(canonical_json(content))


def statement(
    *, log_id: str, entry_id: str, position: int, leaf_hash: str, listing_id: str, state: str, content_sha256: str
) -> dict[str, Any]:
    """What is signed of one item."""
    return {
        "content_sha256": content_sha256,
        "entry_id": entry_id,
        "leaf_hash": leaf_hash,
        "listing_id": listing_id,
        "log_id": log_id,
        "position": position,
        "state": state,
    }


def opening_statement(*, log_id: str, previous_log_id: str, previous_size: int) -> dict[str, Any]:
    """What is signed of a log that goes on from another."""
    return {"log_id": log_id, "previous_log_id": previous_log_id, "previous_size": previous_size}


def read_keys(published: Any) -> TrustedKeys:
    """The keys of a market as it publishes them; it must have one for promises and one for checkpoints."""
    try:
        found = trusted_keys(published)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Distrusted("keys_unreadable") from error
    if not {"receipts", "log"} <= set(found.uses.values()):
        raise Distrusted("keys_missing")
    return found


def read_page(said: Any, keys: TrustedKeys, *, log_id: UUID | None) -> Page:
    """A page whose every item was signed by a known key, and lies under the checkpoint it came with.

    Raises `Distrusted`, or `Unreadable` for what is no page; of a page that does not hold nothing is taken.
    """
    try:
        found = UUID(said["log_id"])
        if log_id is not None and found != log_id:
            raise Distrusted("another_log")
        checkpoint = _checkpoint(said["checkpoint"], keys, found)
        items = tuple(_item(one, keys, found, checkpoint) for one in said["items"])
        cursor, is_at_end = said["next_cursor"], said["is_at_end"]
        openings = _openings(said.get("openings") or [], keys)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Unreadable("page_unreadable") from error
    if not is_plain(cursor) or not isinstance(is_at_end, bool):
        raise Unreadable("page_unreadable")
    if len(items) > PAGE_MAX:
        raise Unreadable("page_too_long")
    if len({one.listing_id for one in items}) < len(items):
        raise Unreadable("told_twice")
    return Page(found, items, cursor, is_at_end, checkpoint, openings)


def is_plain(said: Any) -> bool:
    """Whether it is a short word that can be kept and shown: no control or invisible signs, no half of a sign."""
    return isinstance(said, str) and 0 < len(said) <= TEXT_MAX and said.isprintable()


def is_digest(said: Any) -> bool:
    return isinstance(said, str) and DIGEST.fullmatch(said) is not None


def _openings(said: Any, keys: TrustedKeys) -> tuple[Opening, ...]:
    found = []
    for one in said[:OPENINGS_MAX]:
        size = one["previous_size"]
        if not isinstance(size, int) or isinstance(size, bool) or size < 0:
            raise Unreadable("page_unreadable")
        opening = Opening(UUID(one["log_id"]), UUID(one["previous_log_id"]), size)
        claim = opening_statement(
            log_id=str(opening.log_id), previous_log_id=str(opening.previous_log_id), previous_size=size
        )
        _check_signature(one, claim, keys)
        found.append(opening)
    return tuple(found)


def _check_signature(said: Any, claim: Mapping[str, Any], keys: TrustedKeys) -> None:
    key = key_for(keys, said["kid"], "receipts")
    if key is None:
        raise Distrusted("unknown_key")
    if not key.verify(bytes.fromhex(_short(said["signature"])), canonical_json(claim)):
        raise Distrusted("signature")


def _checkpoint(said: Any, keys: TrustedKeys, log_id: UUID) -> offline.Checkpoint | None:
    if said is None:
        return None
    key = key_for(keys, said["kid"], "log")
    if key is None:
        raise Distrusted("unknown_key")
    try:
        checkpoint = offline.open_checkpoint(said["note"], key)
    except offline.NotACheckpoint as error:
        raise Distrusted("signature") from error
    if checkpoint.origin != offline.origin_of(str(log_id)):
        raise Distrusted("another_log")
    return checkpoint


def _item(said: Any, keys: TrustedKeys, log_id: UUID, checkpoint: offline.Checkpoint | None) -> Item:
    content, proof = said["content"], said["proof"]
    state = ItemState(said["state"])
    if not is_digest(proof["leaf_hash"]):
        raise Unreadable("page_unreadable")
    if (content is None) is not (state is ItemState.GONE):
        raise Unreadable("page_unreadable")
    position = said["position"]
    if not isinstance(position, int) or isinstance(position, bool) or not 0 <= position < POSITION_MAX:
        raise Unreadable("page_unreadable")
    try:
        digest = content_hash(content)
    except NotCanonical as error:
        raise Unreadable("page_unreadable") from error
    claim = statement(
        log_id=str(log_id),
        entry_id=str(UUID(said["entry_id"])),
        position=position,
        leaf_hash=proof["leaf_hash"],
        listing_id=str(UUID(said["listing_id"])),
        state=state.value,
        content_sha256=digest,
    )
    _check_signature(proof, claim, keys)
    path = proof["path"]
    if path is not None:
        _check_path(path, proof["leaf_hash"], position, checkpoint)
    kept = {"statement": claim, "kid": proof["kid"], "signature": proof["signature"]}
    url = said["url"]
    if not is_plain(url):
        raise Unreadable("page_unreadable")
    return Item(UUID(said["listing_id"]), position, state, content, url, digest, kept)


def _check_path(path: Any, leaf: str, position: int, checkpoint: offline.Checkpoint | None) -> None:
    if checkpoint is None or not isinstance(path, list) or len(path) > PATH_MAX:
        raise Distrusted("inclusion")
    steps = [bytes.fromhex(_short(one)) for one in path]
    if not tree.verify_inclusion(bytes.fromhex(_short(leaf)), position, checkpoint.size, steps, checkpoint.root):
        raise Distrusted("inclusion")


def check_growth(path: Any, before: tuple[int, bytes], now: offline.Checkpoint) -> None:
    """A log that another market showed before has only grown since; else it has two faces, or forgot."""
    size, root = before
    if now.size < size:
        raise Distrusted("log_shrank")
    if now.size == size:
        if now.root != root:
            raise Distrusted("log_forked")
        return
    try:
        steps = [bytes.fromhex(_short(one)) for one in path]
    except (TypeError, ValueError) as error:
        raise Distrusted("log_forked") from error
    if len(steps) > 2 * PATH_MAX or not tree.verify_consistency(size, now.size, steps, root, now.root):
        raise Distrusted("log_forked")


def _short(text: Any) -> str:
    if not isinstance(text, str) or len(text) > HEX_MAX:
        raise Unreadable("page_unreadable")
    return text


def is_web_address(url: str) -> bool:
    """Whether a reader may be led there: a page of the web, and none that runs something or carries a login. Who wrote
    it is another market, which signed it with nothing: it is shown as what that market says."""
    try:
        parts = urlsplit(url) if ADDRESS.fullmatch(url) else urlsplit("")
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.username is None
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class Shown:
    """The content of an item in our own words: terms by tier as the reader of each sees them there."""

    kind: str
    public: Mapping[str, Any]
    registered: Mapping[str, Any]
    organisation: str
    expires_on: date | None
    state: str


def read_content(content: Mapping[str, Any]) -> Shown | None:
    """What an item says, or None where it is not of the shape that we take."""
    try:
        terms = content["terms"]
        public, registered = terms["PUBLIC"], terms.get("REGISTERED", terms["PUBLIC"])
        expires_on = content["expires_on"]
        organisation = content["organisation"]["name"]
        kind, state = content["kind"], content["state"]
        if not all(isinstance(one, dict) for one in (public, registered)):
            return None
        if not is_plain(kind) or not isinstance(organisation, str) or state not in SHOWN_STATES:
            return None
        return Shown(
            kind,
            public,
            registered,
            organisation,
            None if expires_on is None else date.fromisoformat(expires_on),
            state,
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def backoff_seconds(failures: int) -> int:
    """How long a source that does not answer waits: twice as long each time, five minutes at most."""
    return int(min(2 ** min(failures, 9), 300))
