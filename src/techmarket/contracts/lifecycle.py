"""The states of a contract, of a line of its payment plan, and of its registration."""

from __future__ import annotations

from enum import StrEnum

from techmarket.kernel.lifecycle import Lifecycle


class ContractState(StrEnum):
    DRAFT = "DRAFT"
    SIGNING = "SIGNING"
    AWAITING_CLEARANCE = "AWAITING_CLEARANCE"
    TRIAL = "TRIAL"
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
        (ContractState.DRAFT, "attest"): ContractState.DRAFT,
        (ContractState.DRAFT, "enter_into_force"): ContractState.IN_FORCE,
        (ContractState.DRAFT, "await_clearance"): ContractState.AWAITING_CLEARANCE,
        (ContractState.SIGNING, "sign"): ContractState.SIGNING,
        (ContractState.SIGNING, "enter_into_force"): ContractState.IN_FORCE,
        (ContractState.SIGNING, "cancel"): ContractState.CANCELLED,
        (ContractState.SIGNING, "await_clearance"): ContractState.AWAITING_CLEARANCE,
        (ContractState.AWAITING_CLEARANCE, "enter_into_force"): ContractState.IN_FORCE,
        (ContractState.AWAITING_CLEARANCE, "cancel"): ContractState.CANCELLED,
        (ContractState.SIGNING, "begin_trial"): ContractState.TRIAL,
        (ContractState.TRIAL, "enter_into_force"): ContractState.IN_FORCE,
        (ContractState.TRIAL, "decline"): ContractState.CANCELLED,
        (ContractState.TRIAL, "lapse"): ContractState.CANCELLED,
        (ContractState.IN_FORCE, "report_royalty"): ContractState.IN_FORCE,
        (ContractState.TERMINATED, "report_royalty"): ContractState.TERMINATED,
        (ContractState.IN_FORCE, "dispute"): ContractState.DISPUTED,
        (ContractState.IN_FORCE, "change"): ContractState.IN_FORCE,
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
    REFUNDED = "REFUNDED"
    CONTRIBUTED = "CONTRIBUTED"
    REPLACED = "REPLACED"
    CANCELLED = "CANCELLED"


PLAN_LINE = Lifecycle(
    "plan_line",
    {
        (LineState.PLANNED, "raise"): LineState.DUE,
        (LineState.PLANNED, "cancel"): LineState.CANCELLED,
        (LineState.PLANNED, "contribute"): LineState.CONTRIBUTED,
        (LineState.PLANNED, "settle_elsewhere"): LineState.PAID,
        (LineState.PLANNED, "replace"): LineState.REPLACED,
        (LineState.DUE, "pay"): LineState.PAID,
        (LineState.DUE, "refund"): LineState.REFUNDED,
        (LineState.PAID, "refund"): LineState.REFUNDED,
        (LineState.DUE, "cancel"): LineState.CANCELLED,
        (LineState.DUE, "replace"): LineState.REPLACED,
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


class ChangeState(StrEnum):
    """A change of a contract (变更): proposed, then agreed by all, turned down, or taken back."""

    PROPOSED = "PROPOSED"
    AGREED = "AGREED"
    REJECTED = "REJECTED"
    WITHDRAWN = "WITHDRAWN"


CHANGE = Lifecycle(
    "contract_change",
    {
        (ChangeState.PROPOSED, "sign"): ChangeState.PROPOSED,
        (ChangeState.PROPOSED, "agree"): ChangeState.AGREED,
        (ChangeState.PROPOSED, "reject"): ChangeState.REJECTED,
        (ChangeState.PROPOSED, "withdraw"): ChangeState.WITHDRAWN,
    },
    initial=ChangeState.PROPOSED,
)


class BreachState(StrEnum):
    """A breach (违约) that was demanded to be cured (催告)."""

    DEMANDED = "DEMANDED"
    CURED = "CURED"
    WITHDRAWN = "WITHDRAWN"
    ENDED_CONTRACT = "ENDED_CONTRACT"


BREACH = Lifecycle(
    "breach",
    {
        (BreachState.DEMANDED, "cure"): BreachState.CURED,
        (BreachState.DEMANDED, "withdraw"): BreachState.WITHDRAWN,
        (BreachState.DEMANDED, "end_contract"): BreachState.ENDED_CONTRACT,
    },
    initial=BreachState.DEMANDED,
)


class AuthorityState(StrEnum):
    """An authority to sign: recorded by the organisation, looked at by the market, ended by either."""

    RECORDED = "RECORDED"
    CONFIRMED = "CONFIRMED"
    REFUSED = "REFUSED"
    REVOKED = "REVOKED"


AUTHORITY = Lifecycle(
    "signing_authority",
    {
        (AuthorityState.RECORDED, "confirm"): AuthorityState.CONFIRMED,
        (AuthorityState.RECORDED, "refuse"): AuthorityState.REFUSED,
        (AuthorityState.RECORDED, "revoke"): AuthorityState.REVOKED,
        (AuthorityState.CONFIRMED, "revoke"): AuthorityState.REVOKED,
    },
    initial=AuthorityState.RECORDED,
)


class OrderedState(StrEnum):
    """A signature ordered from a service: written down, sent, and how it ended."""

    INTENDED = "INTENDED"
    SENT = "SENT"
    SIGNED = "SIGNED"
    DECLINED = "DECLINED"
    FAILED = "FAILED"


ORDER = Lifecycle(
    "signature_order",
    {
        (OrderedState.INTENDED, "send"): OrderedState.SENT,
        (OrderedState.INTENDED, "fail"): OrderedState.FAILED,
        (OrderedState.SENT, "sign"): OrderedState.SIGNED,
        (OrderedState.SENT, "decline"): OrderedState.DECLINED,
        (OrderedState.SENT, "fail"): OrderedState.FAILED,
    },
    initial=OrderedState.INTENDED,
)
