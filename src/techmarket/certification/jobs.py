"""What an event starts in certification: what a certificate rests on has ended."""

from __future__ import annotations

from techmarket.certification import service
from techmarket.certification.lifecycle import Why
from techmarket.contracts.events import (
    ContractChanged,
    ContractDefaulted,
    ContractTerminated,
    PaymentUndone,
    RegistrationRevoked,
)
from techmarket.db.jobs import reacts_to
from techmarket.db.means import Means


@reacts_to("certification.suspend_terminated", ContractTerminated)
async def suspend_terminated(means: Means, event: ContractTerminated) -> None:
    """A terminated contract's certificate does not stand until a certifier has looked."""
    await service.suspend_ended(means.tx, event.contract_id, why=Why.CONTRACT_ENDED)


@reacts_to("certification.suspend_defaulted", ContractDefaulted)
async def suspend_defaulted(means: Means, event: ContractDefaulted) -> None:
    """Nor does that of a contract whose buyer did not pay."""
    await service.suspend_ended(means.tx, event.contract_id, why=Why.CONTRACT_ENDED)


@reacts_to("certification.suspend_changed", ContractChanged)
async def suspend_changed(means: Means, event: ContractChanged) -> None:
    """A certificate speaks of the text that was signed first; other terms put it out of force until it is replaced."""
    await service.suspend_ended(means.tx, event.contract_id, why=Why.CONTRACT_CHANGED)


@reacts_to("certification.suspend_refunded", PaymentUndone)
async def suspend_refunded(means: Means, event: PaymentUndone) -> None:
    """A certificate says that what was due is paid; money that went back makes that untrue."""
    await service.suspend_ended(means.tx, event.contract_id, why=Why.PAYMENT_REFUNDED)


@reacts_to("certification.suspend_unregistered", RegistrationRevoked)
async def suspend_unregistered(means: Means, event: RegistrationRevoked) -> None:
    """A revoked registration puts in doubt what the certificate says of it."""
    await service.suspend_ended(means.tx, event.contract_id, why=Why.REGISTRATION_REVOKED)
