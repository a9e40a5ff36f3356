"""The API as a program calls it (客户端): typed calls, retries that repeat nothing, pages as iterators, checks of what
was signed. Needs httpx and nothing else of this package; `docs/client.md` shows how it is used.

`Market` waits, `AsyncMarket` is awaited; both have a method for each operation of `/v1`, named as the operation.
"""

from techmarket.client.market import AsyncMarket, Market, etag_of
from techmarket.client.problems import (
    BadRequest,
    Busy,
    Conflict,
    Fault,
    Invalid,
    NotAllowed,
    NotFound,
    PreconditionRequired,
    Problem,
    Stale,
    TooLarge,
    TooMany,
    Unauthenticated,
    Unreachable,
)
from techmarket.client.receipts import is_genuine
from techmarket.client.webhooks import Forged, opened

__all__ = [
    "AsyncMarket",
    "BadRequest",
    "Busy",
    "Conflict",
    "Fault",
    "Forged",
    "Invalid",
    "Market",
    "NotAllowed",
    "NotFound",
    "PreconditionRequired",
    "Problem",
    "Stale",
    "TooLarge",
    "TooMany",
    "Unauthenticated",
    "Unreachable",
    "etag_of",
    "is_genuine",
    "opened",
]
