"""What an operator asks when something seems wrong: is the log what was signed, does every book balance, is all found
that should be, and does the database itself forbid what it should?"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from techmarket.db import roles
from techmarket.db.means import Means
from techmarket.db.session import Tx
from techmarket.ledger import service as ledger
from techmarket.matching import service as matching
from techmarket.transparency import service as transparency

SHOWN_MAX = 20


async def examine(
    means: Means,
    *,
    seen: Mapping[int, bytes] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> list[str]:
    """Everything found wrong, as sentences; empty when all is well. `seen` are roots by size known from elsewhere."""
    findings = await transparency.audit(means.tx, means.keys, witnessed=seen or {}, progress=progress)
    return [*findings, *await ledger.audit(means.tx)]


async def of_the_database(tx: Tx, *, as_owner: bool) -> list[str]:
    """What is wrong with the roles, and with how the server keeps what it acknowledged. The owner may do everything;
    of him only the grants are judged."""
    async with tx.read() as db:
        wrong = [
            f"{roles.APP_ROLE} holds {', '.join(held) or 'nothing'} on {table}, not {', '.join(right)}"
            for table, (held, right) in (await roles.drift(db)).items()
        ]
        return wrong if as_owner else [*wrong, *await roles.unfit(db)]


async def not_indexed(means: Means) -> list[str]:
    """Which listings search does not find because they could not be indexed, and what helps, as sentences."""
    count, first = await matching.list_set_aside(means.tx, SHOWN_MAX)
    if not count:
        return []
    told = [
        f"listing {one.listing_id} is not in the search index since {one.since:%Y-%m-%d %H:%M} UTC"
        f" ({one.trouble}; tried {one.tries} {'time' if one.tries == 1 else 'times'})"
        for one in first
    ]
    if count > len(first):
        told.append(f"and {count - len(first)} more")
    helps = (
        "what search does not find is tried again when its owner amends it, and all of it by `techmarket index`;"
        " the log tells more under listing_not_indexed"
    )
    return [*told, helps]


class NotAWitness(Exception):
    """The file that was named is not what a witness keeps."""


def witnessed(file: Path) -> dict[int, bytes]:
    """The roots by size that a witness wrote down in his own folder."""
    try:
        kept = json.loads(file.read_text(encoding="utf-8"))
        return {int(one["size"]): bytes.fromhex(one["root"]) for one in kept.values() if int(one["size"]) > 0}
    except OSError as error:
        raise NotAWitness(f"{file} cannot be read: {error.strerror}") from error
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise NotAWitness(f"{file} is not what a witness remembers: seen.json in his folder") from None
