"""The states of an organisation on the market."""

from __future__ import annotations

from enum import StrEnum

from techmarket.kernel.lifecycle import Lifecycle


class OrgState(StrEnum):
    REGISTERED = "REGISTERED"
    VERIFIED = "VERIFIED"
    SUSPENDED = "SUSPENDED"


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
