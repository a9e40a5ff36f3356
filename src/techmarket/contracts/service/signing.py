"""Signing: in order, after the notice; with the last signature the contract takes effect, all in one commit."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.achievements import steps as achievements
from techmarket.achievements.steps import AchievementFacts, Sale
from techmarket.contracts import policy, repository, rules
from techmarket.contracts.events import ContractInForce, ContractSigned, ContractSigningOpened, RestsOn
from techmarket.contracts.lifecycle import CONTRACT, PLAN_LINE, ContractState
from techmarket.contracts.rules import ContractType, LineKind, PartyRole
from techmarket.contracts.service.drafting import LICENCE_MODE, cancel_locked
from techmarket.contracts.service.reading import known_parties, side_orgs, view_of
from techmarket.contracts.tables import Contract, PlanLine
from techmarket.contracts.views import ContractView
from techmarket.db import clock, journal
from techmarket.db.session import Tx
from techmarket.identity import steps as identity
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.kernel.ids import Ref
from techmarket.kernel.periods import Length, Unit, end_of_period, shanghai_day
from techmarket.notices import steps as notices
from techmarket.notices.kinds import NoticeKind
from techmarket.rulebook import steps as rulebook
from techmarket.settlement import steps as settlement
from techmarket.settlement.rules import Purpose
from techmarket.signing import steps as signing
from techmarket.signing.steps import Signatory
from techmarket.trading import steps as trading
from techmarket.trading.steps import AwardFacts

PURPOSE = "contract"


async def open_signing(
    tx: Tx, actor: Actor, contract_id: UUID, *, document_sha256: str, related_party: bool = False
) -> ContractView:
    """The text is final: whoever put the trade up, then the other side, are called to sign exactly these bytes.

    A unit set up by the government that sells by agreement first publishes the price, in the unit and on the market
    (ZJR art. 17); signing opens with the notice and each signature waits for its end. Meanwhile the contract claims
    what it licenses, as the trade of an award does. Where a rule asks for the unit's own approval of a negotiated
    price, it is asked for here, as it is before an award.
    """
    async with tx.begin() as db:
        contract = await repository.lock_contract(db, contract_id)
        parties = await known_parties(db, actor, contract)
        first = rules.calls_first(contract.type)
        then = PartyRole.PAYER if first is PartyRole.PAYEE else PartyRole.PAYEE
        require(actor, policy.OPEN_SIGNING, parties=[parties[first]])
        contract.state = CONTRACT.move(contract.state, "open_signing")
        version = await repository.get_version(db, contract.id, contract.current_n)
        rules.require_text(version.sha256, document_sha256)
        if contract.award_id is None:
            await _require_approved(db, contract, parties[PartyRole.PAYEE])
            await _claim(db, contract, parties, actor)
            contract.notice_id = await _publish_price(db, contract, parties, actor, related_party=related_party)
        version.signing_id = await signing.open_signing(
            db,
            document_sha256=version.sha256,
            purpose=PURPOSE,
            subject=Ref("contract", contract.id),
            signatories=[
                Signatory(org, role=role.value)
                for role in (first, then)
                for org in (await side_orgs(db, contract))[role]
            ],
            in_order=True,
            actor=actor,
        )
        event = ContractSigningOpened(contract.id, version.signing_id, version.sha256)
        journal.record(db, event, actor=actor)
        await db.flush()
        return await view_of(db, contract)


async def sign(tx: Tx, actor: Actor, contract_id: UUID, *, document_sha256: str) -> ContractView:
    """A party signs after the notice has ended. The last signature puts the contract in force."""
    async with tx.begin() as db:
        contract = await repository.lock_contract(db, contract_id)
        parties = await known_parties(db, actor, contract)
        sides = await side_orgs(db, contract)
        require(actor, policy.SIGN, parties=[org for side in sides.values() for org in side])
        contract.state = CONTRACT.move(contract.state, "sign")
        now = await clock.market_now(db)
        if contract.notice_id is not None:
            await notices.require_cleared(db, contract.notice_id, now)
        version = await repository.get_version(db, contract.id, contract.current_n)
        assert version.signing_id is not None
        done = await signing.put(db, version.signing_id, actor, document_sha256=document_sha256, now=now)
        journal.record(db, ContractSigned(contract.id, done.signed, done.required), actor=actor)
        if contract.award_id is not None and actor.org_id == parties[rules.calls_first(contract.type)]:
            await trading.note_buyers_turn(db, contract.award_id, now=now, actor=actor)
        if done.is_complete:
            await _enter_into_force(db, contract, parties, now=now, actor=actor)
        await db.flush()
        return await view_of(db, contract)


async def cancel_lapsed(tx: Tx, award_id: UUID, *, cause: str = "award_lapsed") -> bool:
    """A lapsed or annulled award takes its unsigned contract with it. Twice is harmless; says whether it did it."""
    async with tx.begin() as db:
        found = await repository.find_by_award(db, award_id)
        if found is None:
            return False
        contract = await repository.lock_contract(db, found.id)
        if contract.state not in (ContractState.DRAFT, ContractState.SIGNING):
            return False
        await cancel_locked(db, contract, cause=cause, actor=None)
        return True


async def _enter_into_force(
    db: AsyncSession, contract: Contract, parties: dict[PartyRole, UUID], *, now: datetime, actor: Actor
) -> None:
    """Award concluded, licence entered, entry fee due: one commit with the last signature."""
    award = None
    if contract.award_id is not None:
        award = await trading.conclude_award(db, contract.award_id, now=now, actor=actor)
    contract.state = CONTRACT.move(contract.state, "enter_into_force")
    contract.in_force_at = now
    contract.term_from = shanghai_day(now)
    contract.term_until = rules.term_until(contract.term_from, contract.term_years)
    if contract.type is ContractType.LICENCE:
        await _enter_licence(db, contract, parties, award=award, actor=actor)
    for line in await repository.plan_of(db, contract.id):
        if line.kind is LineKind.ENTRY_FEE:
            await _raise_entry_fee(db, contract, line, parties, award=award, now=now, actor=actor)
    journal.record(db, ContractInForce(contract.id, contract.award_id), actor=actor)


async def _enter_licence(
    db: AsyncSession, contract: Contract, parties: dict[PartyRole, UUID], *, award: AwardFacts | None, actor: Actor
) -> None:
    assert contract.term_from is not None
    assert contract.licence_kind is not None
    achievement_ids = await repository.achievements_of(db, contract.id)
    await achievements.require_sellable(
        db,
        achievement_ids,
        mode=LICENCE_MODE,
        licence_kind=contract.licence_kind,
        seller=parties[PartyRole.PAYEE],
        territory=contract.scope["territory"],
        field=contract.scope["field"],
        manner=contract.scope["manner"],
        valid_from=contract.term_from,
        valid_until=contract.term_until,
        terms_sha256=None if award is None else award.listing_sha256,
    )
    await achievements.enter_licence(
        db,
        achievement_ids,
        kind=contract.licence_kind,
        territory=contract.scope["territory"],
        field=contract.scope["field"],
        manner=contract.scope["manner"],
        valid_from=contract.term_from,
        valid_until=contract.term_until,
        by=Ref("contract", contract.id),
        under=None if award is None else Ref("trade", award.trade_id),
        actor=actor,
    )
    await achievements.release(db, by=Ref("contract", contract.id), actor=actor)


async def _require_approved(db: AsyncSession, contract: Contract, seller: UUID) -> None:
    """Before a unit calls a buyer to sign at a price they agreed on, it has decided to (ZJR art. 17, 19)."""
    await achievements.require_approval(
        db,
        contract.approval_ids,
        seller=seller,
        achievement_ids=await repository.achievements_of(db, contract.id),
        mode=LICENCE_MODE,
        price_minor=await _entry_fee(db, contract),
        on=contract.rule_date,
    )


async def _entry_fee(db: AsyncSession, contract: Contract) -> int | None:
    """What is paid whatever happens; None where there are royalties alone, which no floor can be held against."""
    fees = [line.minor for line in await repository.plan_of(db, contract.id) if line.kind is LineKind.ENTRY_FEE]
    return fees[0] if fees else None


async def _claim(db: AsyncSession, contract: Contract, parties: dict[PartyRole, UUID], actor: Actor) -> None:
    """A contract without a trade holds what it licenses while it is signed; what forbids it, forbids that too."""
    sale = Sale(
        tuple(await repository.achievements_of(db, contract.id)),
        LICENCE_MODE,
        contract.licence_kind,
        parties[PartyRole.PAYEE],
        contract.scope["territory"],
        contract.scope["field"],
        manner=contract.scope["manner"],
        approval_ids=tuple(contract.approval_ids),
        price_minor=await _entry_fee(db, contract),
    )
    await achievements.claim(db, sale, by=Ref("contract", contract.id), actor=actor)
    (refusal,) = await achievements.unsellable(db, [sale])
    if refusal is not None:
        raise refusal
    for ground in await achievements.grounds_of(db, sale):
        journal.record(db, RestsOn(contract.id, ground.approval_id, ground.consent_id), actor=actor)


async def _raise_entry_fee(
    db: AsyncSession,
    contract: Contract,
    line: PlanLine,
    parties: dict[PartyRole, UUID],
    *,
    award: AwardFacts | None,
    now: datetime,
    actor: Actor,
) -> None:
    """The fee is due within the agreed period of the effect; the deposit taken with the award pays its part at once.

    What the deposit was above the fee goes back to the buyer: it is not the seller's, and nothing else would free it.
    """
    assert line.minor is not None
    calendar = await rulebook.work_calendar(db)
    end = end_of_period(now, Length(line.due_n, Unit(line.due_unit)), calendar=calendar)
    assert end is not None
    due = await settlement.raise_due(
        db,
        payer=parties[PartyRole.PAYER],
        payee=parties[PartyRole.PAYEE],
        minor=line.minor,
        due_on=rules.last_day_before(end),
        subject=Ref("contract", contract.id),
        purpose=Purpose.ENTRY_FEE,
        rule_date=contract.rule_date,
        actor=actor,
    )
    line.due_id, line.state = due.id, PLAN_LINE.move(line.state, "raise")
    if award is not None and award.deposit_minor:
        line.credited_minor = rules.deposit_for_fee(line.minor, award.deposit_minor)
        await settlement.pay_from_escrow(db, due.id, minor=line.credited_minor, actor=actor)
        if award.deposit_minor > line.credited_minor:
            await settlement.instruct_payout(
                db,
                org=parties[PartyRole.PAYER],
                minor=award.deposit_minor - line.credited_minor,
                channel=settlement.Channel.ESCROW,
                why=Ref("award", award.award_id),
                actor=actor,
            )


async def _publish_price(
    db: AsyncSession, contract: Contract, parties: dict[PartyRole, UUID], actor: Actor, *, related_party: bool
) -> UUID | None:
    """A government-established unit that sells by agreement publishes name, abstract, mode, price and kinship.

    What the market itself can see need not be declared: a buyer to whom one of the completers belongs is related.
    """
    seller = await identity.get_organisation(db, parties[PartyRole.PAYEE])
    if not seller.government_established:
        return None
    rule = await rulebook.get_rule(
        db,
        "notice.price.length",
        on=contract.rule_date,
        jurisdiction=seller.jurisdiction if seller.applies_local_rules else "CN",
        applies_to=("government_unit", "any"),
    )
    ids = await repository.achievements_of(db, contract.id)
    facts = await achievements.get_facts(db, ids)
    lines = await repository.plan_of(db, contract.id)
    document = {
        "name": [facts[one].title_zh or facts[one].title_en for one in ids],
        "abstract": [facts[one].abstract_zh or facts[one].abstract_en for one in ids],
        "mode": {"mode": LICENCE_MODE, "licence_kind": contract.licence_kind, "term_years": contract.term_years},
        "intended_price": [rules.line_in_words(line.kind, line.minor, line.rate, line.base) for line in lines],
        "related_party": related_party or await _is_related(db, facts.values(), parties[PartyRole.PAYER]),
        "contract_number": contract.number,
    }
    return await notices.open_notice(
        db,
        kind=NoticeKind.PRICE,
        subject=Ref("contract", contract.id),
        owner_org=seller.id,
        document=document,
        rule_date=contract.rule_date,
        length=rule.length,
        actor=actor,
        now=await clock.market_now(db),
    )


async def _is_related(db: AsyncSession, sold: Iterable[AchievementFacts], buyer: UUID) -> bool:
    """A buyer is a related party when one of the people who made the achievement belongs to it."""
    people = await identity.get_people(db, {person for one in sold for person in one.completers})
    return any(buyer in person.org_ids for person in people.values())
