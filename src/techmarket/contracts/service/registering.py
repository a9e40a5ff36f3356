"""Registering: the seller's side files, a registrar outside the deal decides on class and amounts, and may revoke."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.contracts import borders, errors, policy, repository, rules
from techmarket.contracts import parties as kinds
from techmarket.contracts.events import (
    ContractRegistered,
    RegistrationCorrected,
    RegistrationFiled,
    RegistrationRefused,
    RegistrationRevoked,
)
from techmarket.contracts.lifecycle import REGISTRATION, ContractState, RegistrationState
from techmarket.contracts.rules import ContractType, DeadlineKind, PartyRole, ReliefFacts, relief_flags
from techmarket.contracts.service.reading import all_orgs, known_parties, registration_view
from techmarket.contracts.service.watching import done, watch
from techmarket.contracts.service.writing import crossing_of
from techmarket.contracts.tables import Contract, Registration, RegistrationCorrection, ReliefFlagRow
from techmarket.contracts.views import RegistrationView
from techmarket.db import clock, journal
from techmarket.db.session import Tx
from techmarket.identity import steps as identity
from techmarket.identity.actor import Actor, OrgKind
from techmarket.identity.permissions import require
from techmarket.identity.steps import OrganisationFacts
from techmarket.kernel.ids import new_id
from techmarket.kernel.periods import end_of_period, shanghai_day
from techmarket.rulebook import steps as rulebook

DECISION = "registration.decision.length"


@dataclass(frozen=True, slots=True)
class PartyCodes:
    """How the form names the parties: their kinds, and their places (GB/T 2260, or a country of the customs list)."""

    seller: str | None = None
    buyer: str | None = None
    seller_place: str | None = None
    buyer_place: str | None = None


async def file_registration(
    tx: Tx,
    actor: Actor,
    contract_id: UUID,
    *,
    contract_class: ContractType,
    whole_minor: int,
    technology_minor: int,
    non_technical: Sequence[tuple[str, int]] = (),
    is_estimate: bool = False,
    codes: PartyCodes = PartyCodes(),
) -> RegistrationView:
    """The seller's side files a contract in force, once, with its class and amounts (ZJTM art. 16, 18).

    Sums that are not known yet, such as a royalty's, are filed as an estimate and corrected later.
    """
    async with tx.begin() as db:
        contract = await repository.lock_contract(db, contract_id)
        parties = await known_parties(db, actor, contract)
        require(actor, policy.FILE_REGISTRATION, parties=[parties[PartyRole.PAYEE]])
        if contract.state is not ContractState.IN_FORCE:
            raise errors.NotInForce(state=contract.state)
        rules.require_amounts(whole_minor, technology_minor, non_technical)
        missing = borders.needed(crossing_of(contract), contract.type, contract.licence_kind)
        missing -= await repository.clearances_of(db, contract.id)
        if missing:
            raise errors.ClearancesOpen(missing=sorted(missing))
        if await repository.find_registration_alive(db, contract.id) is not None:
            raise errors.RegistrationExists()
        now = await clock.market_now(db)
        seller = await identity.get_organisation(db, parties[PartyRole.PAYEE])
        buyer = await identity.get_organisation(db, parties[PartyRole.PAYER])
        seller_code = codes.seller or kinds.code_of(seller.kind)
        buyer_code = codes.buyer or kinds.code_of(buyer.kind)
        registration = Registration(
            id=new_id(),
            contract_id=contract.id,
            state=REGISTRATION.initial,
            class_=contract_class,
            whole_minor=whole_minor,
            technology_minor=technology_minor,
            is_estimate=is_estimate,
            seller_code=kinds.require_code(seller_code, pointer="/body/seller_code"),
            buyer_code=kinds.require_code(buyer_code, pointer="/body/buyer_code"),
            seller_place=codes.seller_place or seller.region,
            buyer_place=codes.buyer_place or buyer.region,
            filed_by=actor.person,
            filed_at=now,
            decide_by=await _decide_by(db, seller, now),
        )
        db.add(registration)
        await db.flush()
        await repository.replace_items(db, registration.id, non_technical)
        if registration.decide_by is not None:
            watch(
                db,
                contract,
                DeadlineKind.REGISTRATION_DECISION,
                by=registration.decide_by,
                about=registration.id,
                rule_key=DECISION,
            )
        journal.record(db, RegistrationFiled(contract.id, registration.id), actor=actor)
        await db.flush()
        return await registration_view(db, registration)


async def decide_registration(
    tx: Tx,
    actor: Actor,
    registration_id: UUID,
    *,
    number: str | None,
    contract_class: ContractType | None = None,
    whole_minor: int | None = None,
    technology_minor: int | None = None,
    non_technical: Sequence[tuple[str, int]] | None = None,
    reasons: str | None = None,
) -> RegistrationView:
    """A registrar who is no party registers under a number, correcting class and amounts, or refuses with reasons."""
    async with tx.begin() as db:
        registration, contract, parties = await _judged(db, actor, registration_id)
        require(actor, policy.DECIDE_REGISTRATION, parties=parties.values())
        await _require_outside(db, actor, contract)
        now = await clock.market_now(db)
        registration.state = REGISTRATION.move(registration.state, "register" if number is not None else "refuse")
        registration.decided_by, registration.decided_at, registration.reasons = actor.person, now, reasons
        await done(db, contract.id, DeadlineKind.REGISTRATION_DECISION, about=registration.id, at=now)
        if number is None:
            if not reasons:
                raise errors.ReasonsMissing(pointer="/body/reasons")
            journal.record(db, RegistrationRefused(contract.id, registration.id), actor=actor)
            await db.flush()
            return await registration_view(db, registration)
        if contract.state is not ContractState.IN_FORCE:
            raise errors.NotInForce(state=contract.state)
        rules.require_number(number)
        whole = registration.whole_minor if whole_minor is None else whole_minor
        technology = registration.technology_minor if technology_minor is None else technology_minor
        items = await _items_of(db, registration) if non_technical is None else non_technical
        rules.require_amounts(whole, technology, items)
        registration.number = number
        registration.class_ = contract_class or registration.class_
        registration.whole_minor, registration.technology_minor = whole, technology
        if non_technical is not None:
            await repository.replace_items(db, registration.id, non_technical)
        seller = await identity.get_organisation(db, parties[PartyRole.PAYEE])
        await db.flush()
        facts = await _relief_facts(db, contract, seller, registration.class_, shanghai_day(now))
        db.add_all(
            ReliefFlagRow(
                registration_id=registration.id,
                tax=flag.tax,
                relief=flag.relief,
                needs_confirmation=flag.needs_confirmation,
            )
            for flag in relief_flags(facts)
        )
        journal.record(db, ContractRegistered(contract.id, registration.id), actor=actor)
        await db.flush()
        return await registration_view(db, registration)


async def correct_registration(
    tx: Tx,
    actor: Actor,
    registration_id: UUID,
    *,
    whole_minor: int,
    technology_minor: int,
    non_technical: Sequence[tuple[str, int]],
    reasons: str,
) -> RegistrationView:
    """A registrar puts right amounts that were registered as an estimate, before relief or reward rests on them; what
    stood before stays on record."""
    async with tx.begin() as db:
        registration, contract, parties = await _judged(db, actor, registration_id)
        require(actor, policy.DECIDE_REGISTRATION, parties=parties.values())
        await _require_outside(db, actor, contract)
        if registration.state is not RegistrationState.REGISTERED or not registration.is_estimate:
            raise errors.NothingEstimated(state=registration.state)
        rules.require_amounts(whole_minor, technology_minor, non_technical)
        n = len(await repository.registration_corrections(db, registration.id)) + 1
        db.add(
            RegistrationCorrection(
                registration_id=registration.id,
                n=n,
                was_whole_minor=registration.whole_minor,
                was_technology_minor=registration.technology_minor,
                whole_minor=whole_minor,
                technology_minor=technology_minor,
                reasons=reasons,
                corrected_by=actor.person,
                at=await clock.market_now(db),
            )
        )
        registration.whole_minor, registration.technology_minor = whole_minor, technology_minor
        await repository.replace_items(db, registration.id, non_technical)
        journal.record(db, RegistrationCorrected(contract.id, registration.id, n), actor=actor)
        await db.flush()
        return await registration_view(db, registration)


async def revoke_registration(tx: Tx, actor: Actor, registration_id: UUID, *, reasons: str) -> RegistrationView:
    """A registrar takes back the registration of a sham contract; relief that stood on it falls (ZJTM art. 24)."""
    async with tx.begin() as db:
        registration, contract, parties = await _judged(db, actor, registration_id)
        require(actor, policy.DECIDE_REGISTRATION, parties=parties.values())
        await _require_outside(db, actor, contract)
        registration.state = REGISTRATION.move(registration.state, "revoke")
        registration.reasons = reasons
        journal.record(db, RegistrationRevoked(contract.id, registration.id), actor=actor)
        await db.flush()
        return await registration_view(db, registration)


async def _judged(
    db: AsyncSession, actor: Actor, registration_id: UUID
) -> tuple[Registration, Contract, dict[PartyRole, UUID]]:
    """The contract's row is locked first, so that filing, deciding and disputing keep one order."""
    seen = await repository.get_registration(db, registration_id)
    contract = await repository.lock_contract(db, seen.contract_id)
    parties = await known_parties(db, actor, contract)
    return await repository.lock_registration(db, registration_id), contract, parties


async def _require_outside(db: AsyncSession, actor: Actor, contract: Contract) -> None:
    person = (await identity.get_people(db, [actor.person]))[actor.person]
    if set(person.org_ids) & set(await all_orgs(db, contract)):
        raise errors.RegistrarBelongsToParty()


async def _items_of(db: AsyncSession, registration: Registration) -> list[tuple[str, int]]:
    return [(one.title, one.minor) for one in await repository.items_of(db, registration.id)]


async def _decide_by(db: AsyncSession, seller: OrganisationFacts, now: datetime) -> datetime | None:
    rule = await rulebook.find_rule(db, DECISION, on=shanghai_day(now), jurisdiction=seller.jurisdiction)
    if rule is None:
        return None
    return end_of_period(now, rule.length, calendar=await rulebook.work_calendar(db))


async def _relief_facts(
    db: AsyncSession, contract: Contract, seller: OrganisationFacts, contract_class: ContractType, on: date
) -> ReliefFacts:
    unit = seller.kind in (OrgKind.UNIVERSITY, OrgKind.INSTITUTE)
    vat = await rulebook.find_rule(db, "vat.transfer.exempt", on=on)
    confirm = await rulebook.find_rule(db, "vat.needs_confirmation.from", on=on)
    cit = await rulebook.find_rule(db, "cit.licence.years_min", on=on, mode="licence")
    iit = await rulebook.find_rule(db, "iit.cash_half.ratio", on=on, applies_to=("government_unit", "any"))
    stamp = await rulebook.find_rule(db, "stamp.technology_contract.ratio", on=on)
    return ReliefFacts(
        contract_type=contract_class,
        is_exclusive=contract.licence_kind != "ORDINARY",
        term_years=contract.term_years,
        seller_is_unit=unit,
        tax_point=on,
        vat_exempt=None if vat is None else vat.value == "1",
        vat_confirm_from=None if confirm is None else date.fromisoformat(confirm.value),
        cit_years_min=None if cit is None else cit.int,
        cit_is_firm=cit is not None and cit.is_enforceable,
        iit_half=None if iit is None else True,
        iit_is_firm=iit is not None and iit.is_enforceable,
        stamp_is_firm=stamp is not None and stamp.is_enforceable,
    )
