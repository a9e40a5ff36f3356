"""The states of an organisation on the market."""

from __future__ import annotations

from enum import StrEnum

from techmarket.kernel.lifecycle import Lifecycle


class OrgState(StrEnum):
    REGISTERED = "REGISTERED"
    VERIFIED = "VERIFIED"
    SUSPENDED = "SUSPENDED"


class Ground(StrEnum):
    """By whose power somebody is invited."""

    MEMBER = "MEMBER"  # an administrator of the organisation
    FIRST = "FIRST"  # an operator of the market or of its node: it was registered for others and has nobody yet
    RECOVERY = "RECOVERY"  # two operators of the market: it has lost whoever administered it


class IntentState(StrEnum):
    """How far an act is to which a colleague must agree beforehand; one that has run out is past its `expires_at`."""

    WAITING = "WAITING"
    AGREED = "AGREED"
    REFUSED = "REFUSED"
    DONE = "DONE"


INTENDED_ACT = Lifecycle(
    "intended_act",
    {
        (IntentState.WAITING, "agree"): IntentState.AGREED,
        (IntentState.WAITING, "refuse"): IntentState.REFUSED,
        (IntentState.AGREED, "refuse"): IntentState.REFUSED,
        (IntentState.AGREED, "do"): IntentState.DONE,
    },
    initial=IntentState.WAITING,
)

ORGANISATION = Lifecycle(
    "organisation",
    {
        (OrgState.REGISTERED, "verify"): OrgState.VERIFIED,
        (OrgState.VERIFIED, "suspend"): OrgState.SUSPENDED,
        (OrgState.REGISTERED, "suspend"): OrgState.SUSPENDED,
        (OrgState.SUSPENDED, "verify"): OrgState.VERIFIED,
    },
    initial=OrgState.REGISTERED,
)
