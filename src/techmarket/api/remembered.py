"""Whom a key or a token acts for, remembered for the routes that are asked so often that looking it up each time would
be the most of their work.

The database says on a channel when a key, a membership or an organisation was changed; then everything is forgotten.
While nobody listens to it the memory is short.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable

from techmarket.api.uses import LastUses
from techmarket.db.means import Means
from techmarket.identity import service as identity
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import SignInNeeded

LISTENING_SECONDS = 60.0
ALONE_SECONDS = 3.0
KEYS_MAX = 10_000


class RememberedKeys:
    """By the hash of the key, so that none lies about in memory."""

    channel = "identity_changed"

    def __init__(
        self,
        *,
        uses: LastUses | None = None,
        on_change: Callable[[], None] = lambda: None,
        listening_seconds: float = LISTENING_SECONDS,
        alone_seconds: float = ALONE_SECONDS,
    ) -> None:
        self._uses = uses
        self._on_change = on_change
        self._listening_seconds = listening_seconds
        self._alone_seconds = alone_seconds
        self._seconds = alone_seconds
        self._turn = 0
        self._known: dict[bytes, tuple[float, Actor]] = {}

    async def actor_of(self, means: Means, authorization: str) -> Actor:
        """Whom the key in this header acts for."""
        scheme, _, raw = authorization.partition(" ")
        if scheme.lower() != "bearer" or not raw:
            raise SignInNeeded()
        digest = hashlib.sha256(raw.encode()).digest()
        known = self._known.get(digest)
        if known is not None and time.monotonic() < known[0]:
            return self._noted(known[1])
        turn = self._turn
        actor, seconds_left = await identity.authenticate_for(
            means.tx, means.keys, raw.strip(), issuer=means.public_url
        )
        # What was read before a change was told of may be what the change was about.
        if turn == self._turn:
            if len(self._known) >= KEYS_MAX:
                self._known.clear()
            seconds = self._seconds if seconds_left is None else min(self._seconds, seconds_left)
            self._known[digest] = (time.monotonic() + seconds, actor)
        return self._noted(actor)

    def _noted(self, actor: Actor) -> Actor:
        if self._uses is not None:
            self._uses.note(actor.key_id)
        return actor

    def begin(self) -> None:
        """Somebody listens from now on. What was changed until now nobody told us."""
        self.hear()
        self._seconds = self._listening_seconds

    def hear(self) -> None:
        """Somebody's key, role or organisation was changed."""
        self._turn += 1
        self._known.clear()
        self._on_change()

    def end(self) -> None:
        """Nobody listens any more."""
        self.hear()
        self._seconds = self._alone_seconds
