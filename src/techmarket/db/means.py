"""What a use case or a job may need besides its arguments, as one value: transactions, keys, files, addresses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import IO, Any, Protocol

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


class SignProvider(Protocol):
    """A service that takes orders for electronic signatures (`signing.outside` speaks with one over HTTP)."""

    name: str

    async def begin(self, order: Any) -> Any: ...
    async def look(self, reference: str) -> Any: ...


class Voucher(Protocol):
    """Somebody who says who a person is (`signing.outside` asks an OpenID provider)."""

    async def vouch(self, token: str, *, nonce: str) -> dict[str, str]: ...


class OutsideCaller(Protocol):
    """Calls addresses that others named (`db.calling`); `may_reach_inside` is for development alone."""

    @property
    def may_reach_inside(self) -> bool: ...

    async def post(self, url: str, body: bytes, headers: dict[str, str]) -> Any: ...
    async def get(self, url: str, headers: dict[str, str], *, bytes_max: int) -> Any: ...


class RowReader(Protocol):
    """Reads the rows of an uploaded file (`api.rows`); what it does runs long and belongs in a thread."""

    def count(self, file: IO[bytes], *, media: str, columns: Mapping[str, str | None], rows_max: int) -> int: ...

    def rows(
        self,
        file: IO[bytes],
        *,
        media: str,
        kind: Any,
        language: str,
        columns: Mapping[str, str | None],
        behind: int,
        rows_max: int,
    ) -> Iterator[Any]: ...
    def terms(self, kind: str, said: Any) -> dict[str, Any] | None: ...
    def text(self, said: str, length_max: int) -> str | None: ...


class OutsideMailer(Protocol):
    """Hands mail to a server (`workbench.mailing`)."""

    @property
    def sender(self) -> str: ...

    @property
    def domain(self) -> str: ...

    async def send(self, to: str, message: bytes) -> None: ...


@dataclass(frozen=True, slots=True)
class Kept:
    """How long what has done its work is kept. Unread notifications are kept longer than those that were read."""

    webhook_deliveries: timedelta = timedelta(days=90)
    notifications: timedelta = timedelta(days=180)
    unread_notifications: timedelta = timedelta(days=730)


@dataclass(frozen=True)
class Means:
    tx: Tx
    keys: Keys
    files: Files
    witnesses: tuple[WitnessAddress, ...] = ()
    public_url: str = PUBLIC_URL
    embedders: tuple[Embedder, ...] = ()
    """The embedder in use, and after it the one that takes its place once everything has been embedded by it."""
    provider: SignProvider | None = None
    voucher: Voucher | None = None
    caller: OutsideCaller | None = None
    mailer: OutsideMailer | None = None
    kept: Kept = Kept()
    reader: RowReader | None = None
    builder: Tx | None = None
    """As the owner of the tables, where this process may: the search index is laid anew by it, and nothing else."""
