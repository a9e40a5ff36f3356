"""The states of a contract, of a line of its payment plan, and of its registration."""

from __future__ import annotations

from enum import StrEnum

from techmarket.kernel.lifecycle import Lifecycle


class ContractState(StrEnum):
    DRAFT = "DRAFT"
    SIGNING = "SIGNING"
    IN_FORCE = "IN_FORCE"
    DISPUTED = "DISPUTED"
    PERFORMED = "PERFORMED"
    CANCELLED = "CANCELLED"
    TERMINATED = "TERMINATED"


CONTRACT = Lifecycle(
    "contract",
    {
        (ContractState.DRAFT, "open_signing"): ContractState.SIGNING,
        (ContractState.DRAFT, "cancel"): ContractState.CANCELLED,
        (ContractState.SIGNING, "sign"): ContractState.SIGNING,
        (ContractState.SIGNING, "enter_into_force"): ContractState.IN_FORCE,
        (ContractState.SIGNING, "cancel"): ContractState.CANCELLED,
        (ContractState.IN_FORCE, "report_royalty"): ContractState.IN_FORCE,
        (ContractState.IN_FORCE, "dispute"): ContractState.DISPUTED,
        (ContractState.IN_FORCE, "perform"): ContractState.PERFORMED,
        (ContractState.IN_FORCE, "terminate"): ContractState.TERMINATED,
        (ContractState.IN_FORCE, "default"): ContractState.TERMINATED,
        (ContractState.DISPUTED, "settle"): ContractState.IN_FORCE,
        (ContractState.DISPUTED, "terminate"): ContractState.TERMINATED,
    },
    initial=ContractState.DRAFT,
)


class LineState(StrEnum):
    PLANNED = "PLANNED"
    DUE = "DUE"
    PAID = "PAID"
    CANCELLED = "CANCELLED"


PLAN_LINE = Lifecycle(
    "plan_line",
    {
        (LineState.PLANNED, "raise"): LineState.DUE,
        (LineState.PLANNED, "cancel"): LineState.CANCELLED,
        (LineState.DUE, "pay"): LineState.PAID,
        (LineState.DUE, "cancel"): LineState.CANCELLED,
    },
    initial=LineState.PLANNED,
)


class RegistrationState(StrEnum):
    FILED = "FILED"
    REGISTERED = "REGISTERED"
    REFUSED = "REFUSED"
    REVOKED = "REVOKED"


REGISTRATION = Lifecycle(
    "registration",
    {
        (RegistrationState.FILED, "register"): RegistrationState.REGISTERED,
        (RegistrationState.FILED, "refuse"): RegistrationState.REFUSED,
        (RegistrationState.REGISTERED, "revoke"): RegistrationState.REVOKED,
    },
    initial=RegistrationState.FILED,
)
