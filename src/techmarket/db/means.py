"""What a use case or a job may need besides its arguments, as one value: transactions, keys, files, addresses."""

from __future__ import annotations

from dataclasses import dataclass

from techmarket.db.files import Files
from techmarket.db.keys import Keys
from techmarket.db.session import Tx
from techmarket.kernel.embedding import Embedder

PUBLIC_URL = "http://127.0.0.1:8000"
"""Where the market answers, unless a setting says otherwise."""


@dataclass(frozen=True, slots=True)
class WitnessAddress:
    """A witness (见证方) of the log: its C2SP verifier key, and where it takes checkpoints."""

    verifier: str
    url: str


@dataclass(frozen=True)
class Means:
    tx: Tx
    keys: Keys
    files: Files
    witnesses: tuple[WitnessAddress, ...] = ()
    public_url: str = PUBLIC_URL
    embedders: tuple[Embedder, ...] = ()
    """The embedder in use, and after it the one that takes its place once everything has been embedded by it."""
