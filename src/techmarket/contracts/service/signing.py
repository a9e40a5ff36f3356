"""Signing: in order, after the notice; with the last signature the contract takes effect, all in one commit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.achievements import steps as achievements
from techmarket.achievements.steps import Sale
from techmarket.contracts import borders, errors, policy, repository, rules, templates, text
from techmarket.contracts.events import (
    ContractAwaitsClearance,
    ContractInForce,
    ContractSigned,
    ContractSigningOpened,
    RestsOn,
    TrialBegun,
)
from techmarket.contracts.lifecycle import CONTRACT, ContractState
from techmarket.contracts.plans import PlanTerms
from techmarket.contracts.rules import ContractType, DeadlineKind, LineKind, Origin, PartyRole
from techmarket.contracts.service.authorising import Proofs, note_signature, require_authority
from techmarket.contracts.service.drafting import cancel_locked
from techmarket.contracts.service.paying import raise_fixed_parts
from techmarket.contracts.service.reading import all_orgs, known_parties, leads, side_orgs, view_of
from techmarket.contracts.service.watching import watch, watch_effect
from techmarket.contracts.service.writing import (
    crossing_of,
    fixed_minor,
    held_against_floor,
    objects_of,
    patents_of,
    sale_mode,
)
from techmarket.contracts.tables import Contract
from techmarket.contracts.templates import ABOUT_RIGHTS
from techmarket.contracts.views import ContractView
from techmarket.db import clock, journal, texts
from techmarket.db.keys import Keys
from techmarket.db.means import Voucher
from techmarket.db.session import Tx
from techmarket.identity import steps as identity
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.kernel.ids import Ref
from techmarket.kernel.periods import end_of_day, shanghai_day, term_date
from techmarket.notices import steps as notices
from techmarket.notices.kinds import NoticeKind
from techmarket.rulebook import steps as rulebook
from techmarket.signing import steps as signing
from techmarket.signing.errors import NoProvider
from techmarket.signing.steps import Signatory
from techmarket.trading import steps as trading
from techmarket.trading.steps import AwardFacts
from techmarket.transparency import steps as transparency

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
        first = leads(contract)
        then = PartyRole.PAYER if first is PartyRole.PAYEE else PartyRole.PAYEE
        require(actor, policy.OPEN_SIGNING, parties=[parties[first]])
        if contract.origin is not Origin.MARKET:
            raise errors.MadeElsewhere()
        contract.state = CONTRACT.move(contract.state, "open_signing")
        version = await repository.get_version(db, contract.id, contract.current_n)
        rules.require_text(version.sha256, document_sha256)
        await require_ready(db, contract)
        if contract.award_id is None:
            await require_approved(db, contract, parties[PartyRole.PAYEE])
            await _claim(db, contract, parties, actor)
            await _require_as_recorded(db, contract, version.sha256)
            contract.notice_id = await publish_price(db, contract, parties, actor, related_party=related_party)
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


async def sign(
    tx: Tx,
    actor: Actor,
    contract_id: UUID,
    *,
    document_sha256: str,
    keys: Keys | None = None,
    proofs: Proofs = Proofs(),
) -> ContractView:
    """A party signs after the notice has ended. The last signature puts the contract in force.

    With the market's keys the answer holds a receipt: the signed promise that the log will tell of this signature.
    """
    async with tx.begin() as db:
        contract = await repository.lock_contract(db, contract_id)
        parties = await known_parties(db, actor, contract)
        require(actor, policy.SIGN, parties=await all_orgs(db, contract))
        contract.state = CONTRACT.move(contract.state, "sign")
        now = await clock.market_now(db)
        if contract.notice_id is not None:
            await notices.require_cleared(db, contract.notice_id, now)
        version = await repository.get_version(db, contract.id, contract.current_n)
        assert version.signing_id is not None
        authority = await require_authority(db, actor, contract.rule_date, now)
        done = await signing.put(
            db, version.signing_id, actor, document_sha256=document_sha256, now=now, method=proofs.method
        )
        if done.signed == 1:
            await _require_kinship_published(db, contract)
        if proofs.method == signing.PADES and proofs.paper_sha256 is not None:
            await notices.require_evidence(db, actor.org, [proofs.paper_sha256], pointer="/body/paper_sha256")
        await note_signature(db, contract, done, authority, proofs)
        signed = ContractSigned(contract.id, done.signed, done.required)
        journal.record(db, signed, actor=actor)
        if contract.award_id is not None and actor.org_id == parties[leads(contract)]:
            await trading.note_buyers_turn(db, contract.award_id, now=now, actor=actor)
        if done.is_complete:
            await complete(db, contract, parties, now=now, actor=actor)
        await db.flush()
        view = await view_of(db, contract)
        if keys is None or done.entry_id is None:
            return view
        return replace(view, receipt=await transparency.promise(db, keys, done.entry_id))


async def _require_as_recorded(db: AsyncSession, contract: Contract, sha256: str) -> None:
    """Nobody is called to sign a text about something that its record no longer is; from here on a claim holds it."""
    ids = await repository.achievements_of(db, contract.id)
    if ids and not text.names_same_objects(await texts.get(db, sha256), await objects_of(db, ids)):
        raise errors.ObjectsChanged()


async def sign_vouched(
    tx: Tx,
    voucher: Voucher | None,
    actor: Actor,
    contract_id: UUID,
    *,
    document_sha256: str,
    id_token: str,
    keys: Keys | None = None,
) -> ContractView:
    """Sign with somebody vouching for the person: an OpenID token whose nonce is the hash of the text."""
    if voucher is None:
        raise NoProvider()
    vouched = await voucher.vouch(id_token, nonce=document_sha256)
    proofs = Proofs(identity=vouched)
    return await sign(tx, actor, contract_id, document_sha256=document_sha256, keys=keys, proofs=proofs)


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


async def require_approved(
    db: AsyncSession, contract: Contract, seller: UUID, *, stated: Sequence[PlanTerms] | None = None
) -> None:
    """Before a unit calls a buyer to sign at a price they agreed on, it has decided to (ZJR art. 17, 19).

    `stated` is the plan that a change would put in the place of the contract's.
    """
    if contract.type not in ABOUT_RIGHTS:
        return
    plan = await repository.plan_of(db, contract.id)
    await achievements.require_approval(
        db,
        contract.approval_ids,
        seller=seller,
        achievement_ids=await repository.achievements_of(db, contract.id),
        mode=sale_mode(contract.type, contract.trial_months, any(one.kind is LineKind.EQUITY for one in plan)),
        price_minor=held_against_floor(plan if stated is None else stated),
        on=contract.rule_date,
    )


async def require_ready(db: AsyncSession, contract: Contract) -> None:
    """Nobody is called to sign a text that lacks a patent's facts, or before a project body has agreed."""
    needed = borders.needed(crossing_of(contract), contract.type, contract.licence_kind)
    missing = borders.before_signing(needed) - await repository.clearances_of(db, contract.id)
    if missing:
        raise errors.ClearanceMissing(missing=sorted(missing))
    ids = await repository.achievements_of(db, contract.id)
    today = shanghai_day(await clock.market_now(db))
    templates.require_patents(await patents_of(db, ids) if ids else [], today=today)


async def complete(
    db: AsyncSession, contract: Contract, parties: dict[PartyRole, UUID], *, now: datetime, actor: Actor
) -> None:
    """All have signed: the award is concluded, and the contract takes effect, begins its trial, or waits for the
    licence without which it has no effect."""
    if contract.award_id is not None:
        award = await trading.conclude_award(db, contract.award_id, now=now, actor=actor)
        contract.deposit_minor = award.deposit_minor
    needed = borders.needed(crossing_of(contract), contract.type, contract.licence_kind)
    waits_for = borders.before_effect(needed) - await repository.clearances_of(db, contract.id)
    if waits_for:
        await wait_for_clearance(db, contract, parties, actor=actor)
    elif contract.trial_months is not None:
        contract.state = CONTRACT.move(contract.state, "begin_trial")
        contract.trial_until = term_date(shanghai_day(now), contract.trial_months)
        by = end_of_day(contract.trial_until)
        watch(db, contract, DeadlineKind.TRIAL_DECISION, by=by, org_id=parties[PartyRole.PAYER])
        await _claim(db, contract, parties, actor)
        journal.record(db, TrialBegun(contract.id), actor=actor)
    else:
        await enter_into_force(db, contract, parties, now=now, actor=actor)


async def wait_for_clearance(
    db: AsyncSession, contract: Contract, parties: dict[PartyRole, UUID], *, actor: Actor
) -> None:
    """Agreed, and without effect until the authority's licence is recorded."""
    contract.state = CONTRACT.move(contract.state, "await_clearance")
    await _claim(db, contract, parties, actor)
    journal.record(db, ContractAwaitsClearance(contract.id), actor=actor)


async def enter_into_force(
    db: AsyncSession,
    contract: Contract,
    parties: dict[PartyRole, UUID],
    *,
    now: datetime,
    actor: Actor,
    since: date | None = None,
) -> None:
    """Licence entered and fixed parts due, in one commit with whatever gave the effect. `since` is the day on which a
    contract made elsewhere took effect."""
    contract.state = CONTRACT.move(contract.state, "enter_into_force")
    contract.in_force_at = now
    contract.term_from = since or shanghai_day(now)
    contract.term_until = rules.term_until(contract.term_from, contract.term_years)
    if contract.type is ContractType.LICENCE:
        await _enter_licence(db, contract, parties, actor=actor)
    elif contract.type is ContractType.TRANSFER:
        # The title is handed over later; until then nobody else is sold or licensed what is sold here.
        await _require_sellable(db, contract, parties)
        await _claim(db, contract, parties, actor)
    await raise_fixed_parts(db, contract, parties, now=now, actor=actor)
    await watch_effect(db, contract, parties, now)
    journal.record(db, ContractInForce(contract.id, contract.award_id), actor=actor)


async def _enter_licence(db: AsyncSession, contract: Contract, parties: dict[PartyRole, UUID], *, actor: Actor) -> None:
    assert contract.term_from is not None
    assert contract.licence_kind is not None
    award = await _require_sellable(db, contract, parties)
    achievement_ids = await repository.achievements_of(db, contract.id)
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


async def _require_sellable(db: AsyncSession, contract: Contract, parties: dict[PartyRole, UUID]) -> AwardFacts | None:
    award = None if contract.award_id is None else await trading.get_award(db, contract.award_id)
    sale = replace(await _sale(db, contract, parties), terms_sha256=None if award is None else award.listing_sha256)
    (refusal,) = await achievements.unsellable(db, [sale])
    if refusal is not None:
        raise refusal
    return award


async def _sale(db: AsyncSession, contract: Contract, parties: dict[PartyRole, UUID]) -> Sale:
    plan = await repository.plan_of(db, contract.id)
    return Sale(
        tuple(await repository.achievements_of(db, contract.id)),
        sale_mode(contract.type, contract.trial_months, any(one.kind is LineKind.EQUITY for one in plan)),
        contract.licence_kind,
        parties[PartyRole.PAYEE],
        contract.scope["territory"],
        contract.scope["field"],
        contract.term_from,
        contract.term_until,
        contract.scope["manner"],
        approval_ids=tuple(contract.approval_ids),
        price_minor=held_against_floor(plan),
    )


async def _claim(db: AsyncSession, contract: Contract, parties: dict[PartyRole, UUID], actor: Actor) -> None:
    """A contract without a trade holds what it sells while it is signed; what forbids it, forbids that too."""
    if contract.type not in ABOUT_RIGHTS:
        return
    sale = await _sale(db, contract, parties)
    await achievements.claim(db, sale, by=Ref("contract", contract.id), actor=actor)
    if contract.award_id is None:
        (refusal,) = await achievements.unsellable(db, [sale])
        if refusal is not None:
            raise refusal
        for ground in await achievements.grounds_of(db, sale):
            journal.record(db, RestsOn(contract.id, ground.approval_id, ground.consent_id), actor=actor)


async def publish_price(
    db: AsyncSession, contract: Contract, parties: dict[PartyRole, UUID], actor: Actor, *, related_party: bool
) -> UUID | None:
    """A government-established unit that sells by agreement publishes name, abstract, mode, price and kinship.

    What the market itself can see need not be declared: a buyer to whom somebody of the unit, or who is or was named as
    a completer, belongs is related.
    """
    seller = await identity.get_organisation(db, parties[PartyRole.PAYEE])
    if not seller.government_established or contract.type not in ABOUT_RIGHTS:
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
        "mode": {
            "mode": (await _sale(db, contract, parties)).mode,
            "licence_kind": contract.licence_kind,
            "term_years": contract.term_years,
        },
        "intended_price": [rules.line_in_words(line.kind, line.minor, line.rate, line.base) for line in lines],
        "related_party": related_party
        or bool(await achievements.kinship(db, ids, seller=seller.id, buyer=parties[PartyRole.PAYER])),
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
        deal=notices.Deal(
            tuple(Ref("achievement", one) for one in ids),
            tuple((await side_orgs(db, contract))[PartyRole.PAYER]),
            fixed_minor(lines),
        ),
    )


async def follow_notice(tx: Tx, about: Ref) -> bool:
    """Another notice stands in the place of the one about this contract or its award. Twice is harmless."""
    async with tx.begin() as db:
        found = about.id if about.kind == "contract" else await repository.id_of_award(db, about.id)
        if found is None:
            return False
        contract = await repository.lock_contract(db, found)
        if contract.notice_id is None:
            return False
        contract.notice_id = await notices.current(db, contract.notice_id)
        return True


async def _require_kinship_published(db: AsyncSession, contract: Contract) -> None:
    """Nobody signs at a price whose notice said that the buyer is no related party, when it has become one."""
    if contract.notice_id is None:
        return
    notice = await notices.get_facts(db, contract.notice_id)
    published = await texts.get(db, notice.document_sha256)
    if notice.kind is not NoticeKind.PRICE or published["related_party"]:
        return
    sides = await side_orgs(db, contract)
    sold = await repository.achievements_of(db, contract.id)
    for seller in sides[PartyRole.PAYEE]:
        for buyer in sides[PartyRole.PAYER]:
            if await achievements.kinship(db, sold, seller=seller, buyer=buyer):
                raise errors.KinshipUnpublished()
