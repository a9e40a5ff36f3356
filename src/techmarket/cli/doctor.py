"""What an operator asks when something seems wrong: is the log what was signed, does every book balance?"""

from __future__ import annotations

from techmarket.db.means import Means
from techmarket.ledger import service as ledger
from techmarket.transparency import service as transparency


async def examine(means: Means) -> list[str]:
    """Everything found wrong, as sentences; empty when all is well."""
    findings = await transparency.audit(means.tx)
    return [*findings, *await ledger.audit(means.tx)]
