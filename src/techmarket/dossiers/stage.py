"""Where a project (项目) stands, in one word for people: derived from the short lifecycles, and read by no rule."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from techmarket.certification.lifecycle import CertificateState
from techmarket.contracts.lifecycle import ContractState, RegistrationState
from techmarket.notices.lifecycle import NoticeState
from techmarket.trading.lifecycle import AwardState, LotState, Method, TradeState


class Stage(StrEnum):
    """The chain of a project from its draft (起草) to the registered contract (认定登记), and the four ways out."""

    DRAFT = "DRAFT"
    APPLIED = "APPLIED"
    ACCEPTED = "ACCEPTED"
    DISCLOSING = "DISCLOSING"
    EXTENDED = "EXTENDED"
    SUSPENDED = "SUSPENDED"
    REGISTRATION_CLOSED = "REGISTRATION_CLOSED"
    BIDDING = "BIDDING"
    NEGOTIATING = "NEGOTIATING"
    AWARDED = "AWARDED"
    RESULT_NOTICE = "RESULT_NOTICE"
    CONTRACTED = "CONTRACTED"
    SETTLING = "SETTLING"
    SETTLED = "SETTLED"
    CERTIFIED = "CERTIFIED"
    REGISTERED = "REGISTERED"
    FAILED = "FAILED"
    DEFAULTED = "DEFAULTED"
    CANCELLED = "CANCELLED"
    TERMINATED = "TERMINATED"


EXITS = (Stage.DEFAULTED, Stage.CANCELLED, Stage.TERMINATED, Stage.FAILED)
"""A project with lots that left in several ways is told by the first of these."""
CHAIN = tuple(stage for stage in Stage if stage not in EXITS)
_BEFORE = {
    TradeState.DRAFT: Stage.DRAFT,
    TradeState.RETURNED: Stage.DRAFT,
    TradeState.SUBMITTED: Stage.APPLIED,
}
_POSTED = frozenset({NoticeState.RUNNING, NoticeState.PAUSED, NoticeState.CLEARED})


class Paid(StrEnum):
    """How much of the announced price has been paid; royalties to come are not waited for."""

    NOTHING = "NOTHING"
    SOME = "SOME"
    ALL = "ALL"


@dataclass(frozen=True, slots=True)
class Procedure:
    """The project as a whole. `announcement` is the latest notice; `is_suspended` by the operator, on the record."""

    trade: TradeState
    method: Method
    announcement: NoticeState | None = None
    is_extended: bool = False
    is_suspended: bool = False


@dataclass(frozen=True, slots=True)
class Sale:
    """What became of the award in force, with its result or price notice, and of its contract."""

    notice: NoticeState | None = None
    contract: ContractState | None = None
    paid: Paid = Paid.NOTHING
    certificate: CertificateState | None = None
    registration: RegistrationState | None = None


@dataclass(frozen=True, slots=True)
class LotStanding:
    state: LotState
    awards: frozenset[AwardState] = frozenset()
    sale: Sale = Sale()


def stage_of(procedure: Procedure, lots: Collection[LotStanding]) -> Stage:
    """A project stands where the last of its lots stands; once all have left the way, how they left."""
    stages = [stage_of_lot(procedure, lot) for lot in lots]
    on_the_way = [stage for stage in stages if stage not in EXITS]
    if on_the_way:
        return min(on_the_way, key=CHAIN.index)
    return min(stages, key=EXITS.index)


def stage_of_lot(procedure: Procedure, lot: LotStanding) -> Stage:
    """One lot of the project by itself."""
    if procedure.trade in _BEFORE:
        return _BEFORE[procedure.trade]
    match lot.state:
        case LotState.TERMINATED:
            return Stage.TERMINATED
        case LotState.UNSOLD:
            return _unsold(lot.awards)
        case LotState.WAITING:
            return _disclosing(procedure)
        case LotState.PAUSED:
            return Stage.SUSPENDED
        case LotState.OPEN | LotState.EVALUATING:
            if procedure.is_suspended:
                return Stage.SUSPENDED
            return Stage.NEGOTIATING if procedure.method is Method.NEGOTIATION else Stage.BIDDING
        case LotState.AWARDED:
            return Stage.RESULT_NOTICE if lot.sale.notice in _POSTED else Stage.AWARDED
        case LotState.CONCLUDED:
            return _contracted(lot.sale)


def _disclosing(procedure: Procedure) -> Stage:
    if procedure.announcement is None or procedure.announcement is NoticeState.PREPARED:
        return Stage.ACCEPTED
    if procedure.is_suspended or procedure.announcement is NoticeState.PAUSED:
        return Stage.SUSPENDED
    if procedure.announcement is NoticeState.RUNNING:
        return Stage.EXTENDED if procedure.is_extended else Stage.DISCLOSING
    if procedure.announcement is NoticeState.CLEARED:
        return Stage.REGISTRATION_CLOSED
    # An announcement that fell ends the procedure, whether the job has said so or not.
    return Stage.TERMINATED


def _unsold(awards: Collection[AwardState]) -> Stage:
    """Nobody bought: nobody came, the sale was annulled, or whoever had won did not sign or pay."""
    if AwardState.DEFAULTED in awards or AwardState.LAPSED in awards:
        return Stage.DEFAULTED
    return Stage.CANCELLED if AwardState.ANNULLED in awards else Stage.FAILED


def _contracted(sale: Sale) -> Stage:
    """Settling, certifying and registering run side by side; what is told is the last of the chain that was reached."""
    if sale.contract in (ContractState.TERMINATED, ContractState.CANCELLED):
        return Stage.CANCELLED
    if sale.registration is RegistrationState.REGISTERED:
        return Stage.REGISTERED
    if sale.certificate is CertificateState.ISSUED:
        return Stage.CERTIFIED
    if sale.contract is ContractState.PERFORMED or sale.paid is Paid.ALL:
        return Stage.SETTLED
    return Stage.SETTLING if sale.paid is Paid.SOME else Stage.CONTRACTED
