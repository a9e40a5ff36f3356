"""The states of a row that one operator proposed and another has to confirm."""

from __future__ import annotations

from enum import StrEnum

from techmarket.kernel.lifecycle import Lifecycle


class ProposalState(StrEnum):
    WAITING = "WAITING"
    CONFIRMED = "CONFIRMED"
    REFUSED = "REFUSED"


RULE_PROPOSAL = Lifecycle(
    "rule_proposal",
    {
        (ProposalState.WAITING, "confirm"): ProposalState.CONFIRMED,
        (ProposalState.WAITING, "refuse"): ProposalState.REFUSED,
    },
    initial=ProposalState.WAITING,
)
