"""Ordering a signature from a service: intent, call, receipt; then the signed file is taken like any other.

Who asks is signed in and holds the role to sign; by asking he says that he signs with the service's signature. When it
comes, it is checked byte by byte and put as his, unless he has lost the role meanwhile.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.contracts import errors, paper, policy, repository
from techmarket.contracts.events import SignatureOrdered, SignatureOrderEnded
from techmarket.contracts.lifecycle import ORDER, ContractState, OrderedState
from techmarket.contracts.service.authorising import Proofs
from techmarket.contracts.service.papering import PDF, once
from techmarket.contracts.service.reading import all_orgs, known_parties
from techmarket.contracts.service.signing import sign
from techmarket.contracts.tables import ContractVersion, SignatureOrder
from techmarket.contracts.views import SignatureOrderView
from techmarket.db import clock, files, journal
from techmarket.db.files import Files
from techmarket.db.keys import Keys
from techmarket.db.means import SignProvider
from techmarket.db.session import Tx
from techmarket.identity import steps as identity
from techmarket.identity.actor import Actor, Role
from techmarket.identity.permissions import require
from techmarket.kernel.ids import new_id
from techmarket.kernel.periods import shanghai_day
from techmarket.kernel.refusals import Refusal
from techmarket.notices import steps as notices
from techmarket.rulebook import steps as rulebook
from techmarket.signing import errors as signing_errors
from techmarket.signing import steps as signing
from techmarket.signing.outside import Looked, Order, OrderState

BATCH = 20
LASTS = "contract.signature_order.length"


async def order_signature(tx: Tx, provider: SignProvider | None, actor: Actor, contract_id: UUID) -> SignatureOrderView:
    """The party whose turn it is asks for its signature at the service. Asking again gives the order that stands."""
    if provider is None:
        raise signing_errors.NoProvider()
    async with tx.begin() as db:
        contract = await repository.lock_contract(db, contract_id)
        await known_parties(db, actor, contract)
        require(actor, policy.SIGN, parties=await all_orgs(db, contract))
        if contract.state is not ContractState.SIGNING:
            raise errors.NotSignedYet()
        if contract.notice_id is not None:
            await notices.require_cleared(db, contract.notice_id, await clock.market_now(db))
        version = await repository.get_version(db, contract.id, contract.current_n)
        assert version.signing_id is not None
        position = await _my_turn(db, actor, version.signing_id)
        known = await repository.find_order(db, version.signing_id, position)
        if known is not None:
            return order_view(known)
        drawn = await repository.find_paper(db, contract.id, version.n)
        base = await repository.newest_signed_paper(db, version.signing_id) or (drawn.sha256 if drawn else None)
        if base is None:
            raise errors.PaperNotValid(check="not_drawn_yet")
        order = SignatureOrder(
            id=new_id(),
            contract_id=contract.id,
            signing_id=version.signing_id,
            position=position,
            org_id=actor.org,
            person_id=actor.person,
            provider=provider.name,
            base_sha256=base,
            state=ORDER.initial,
            ordered_at=await clock.market_now(db),
        )
        db.add(order)
        journal.record(db, SignatureOrdered(contract.id, order.id, provider.name), actor=actor)
        await db.flush()
        return order_view(order)


async def get_order(tx: Tx, actor: Actor, order_id: UUID) -> SignatureOrderView:
    """How far an order has come, and where the person signs."""
    async with tx.read() as db:
        order = await repository.get_order(db, order_id)
        await known_parties(db, actor, await repository.get_contract(db, order.contract_id))
        return order_view(order)


async def send_orders(tx: Tx, kept: Files, provider: SignProvider | None) -> int:
    """Orders that were written down are sent; one that was sent but not noted is sent again under the same key."""
    sent = 0
    for order_id in await _waiting(tx, OrderedState.INTENDED) if provider is not None else []:
        assert provider is not None
        try:
            begun = await provider.begin(await _order(tx, kept, order_id))
        except Refusal as refused:
            await _note(tx, order_id, refused)
            continue
        async with tx.begin() as db:
            order = await repository.get_order(db, order_id, lock=True)
            if order.state is OrderedState.INTENDED:
                order.state = ORDER.move(order.state, "send")
                order.reference, order.url, order.why = begun.reference, begun.url, None
                sent += 1
    return sent


async def collect_orders(tx: Tx, kept: Files, keys: Keys, provider: SignProvider | None) -> int:
    """Ask after orders that were sent; what is signed is checked and put. Returns how many came to an end."""
    ended = 0
    for order_id in await _waiting(tx, OrderedState.SENT) if provider is not None else []:
        assert provider is not None
        async with tx.read() as db:
            order = await repository.get_order(db, order_id)
        assert order.reference is not None
        try:
            looked = await provider.look(order.reference)
            if looked.state is OrderState.DECLINED:
                await _end(tx, order_id, "decline", None)
            elif looked.state is OrderState.SIGNED:
                await _take(tx, kept, keys, order, looked)
        except Refusal as refused:
            await _note(tx, order_id, refused)
            continue
        ended += looked.state is not OrderState.WAITING
    return ended


async def close_stale_orders(tx: Tx) -> int:
    """An order whose contract was cancelled, or that nobody signed within the days of `LASTS`, came to nothing."""
    async with tx.read() as db:
        now = await clock.market_now(db)
        lasts = await rulebook.get_rule(db, LASTS, on=shanghai_day(now))
        stale = await repository.list_stale_orders(db, now - timedelta(days=lasts.int), BATCH)
    for order_id, is_cancelled in stale:
        await _end(tx, order_id, "fail", "contract_cancelled" if is_cancelled else "expired")
    return len(stale)


async def _note(tx: Tx, order_id: UUID, refused: Refusal) -> None:
    """What stands in the way of one order is kept with it, and the others go on."""
    async with tx.begin() as db:
        order = await repository.get_order(db, order_id, lock=True)
        if order.state in (OrderedState.INTENDED, OrderedState.SENT):
            order.why = refused.code


async def _take(tx: Tx, kept: Files, keys: Keys, order: SignatureOrder, looked: Looked) -> None:
    """The service's file is judged as if the party had brought it; one that does not hold ends the order."""
    assert looked.paper is not None
    with await kept.fetch(order.base_sha256) as known:
        base = known.read()
    try:
        put = await asyncio.to_thread(paper.check_signed, looked.paper, base, field=paper.field_of(order.position))
    except paper.NotThePaper as refused:
        await _end(tx, order.id, "fail", str(refused))
        return
    sha256, size = await kept.receive(once(looked.paper), media_type=PDF)
    async with tx.begin() as db:
        await files.keep(db, sha256=sha256, size=size, media_type=PDF)
        contract = await repository.get_contract(db, order.contract_id)
        version: ContractVersion = await repository.get_version(db, contract.id, contract.current_n)
        actor = await _signer(db, order)
        # The signature may stand already: whoever put it was stopped before he noted that the order is done.
        done = await repository.newest_signed_paper(db, order.signing_id) == sha256
    proofs = Proofs(signing.PROVIDER, sha256, put.as_row(), looked.identity, order.base_sha256)
    why = None if actor is not None or done else "role_lost"
    if actor is not None and not done:
        try:
            await sign(tx, actor, order.contract_id, document_sha256=version.sha256, keys=keys, proofs=proofs)
        except Refusal as refused:
            why = refused.code
    await _end(tx, order.id, "sign" if why is None else "fail", why)


async def _end(tx: Tx, order_id: UUID, act: str, why: str | None) -> None:
    async with tx.begin() as db:
        order = await repository.get_order(db, order_id, lock=True)
        if not ORDER.can(order.state, act):
            return
        order.state, order.why = ORDER.move(order.state, act), why
        order.ended_at = await clock.market_now(db)
        journal.record(db, SignatureOrderEnded(order.contract_id, order.id, order.state), actor=None)


async def _my_turn(db: AsyncSession, actor: Actor, signing_id: UUID) -> int:
    following = await signing.next_place(db, signing_id)
    places = await signing.places_of(db, signing_id)
    mine = [n for n, (_, org) in enumerate(places, start=1) if org == actor.org]
    if following is None or following[0] not in mine:
        raise signing_errors.NotYourTurn(
            next_position=None if following is None else following[0], your_position=mine[0] if mine else None
        )
    return following[0]


async def _waiting(tx: Tx, state: OrderedState) -> list[UUID]:
    async with tx.begin() as db:
        return await repository.list_orders(db, state, BATCH)


async def _order(tx: Tx, kept: Files, order_id: UUID) -> Order:
    async with tx.read() as db:
        row = await repository.get_order(db, order_id)
        contract = await repository.get_contract(db, row.contract_id)
        version = await repository.get_version(db, contract.id, contract.current_n)
        org = await identity.get_organisation(db, row.org_id)
        person = (await identity.get_people(db, [row.person_id]))[row.person_id]
    with await kept.fetch(row.base_sha256) as known:
        base = known.read()
    field = paper.field_of(row.position)
    return Order(row.id, contract.number, org.name, org.uscc, person.name, field, version.sha256, base)


async def _signer(db: AsyncSession, order: SignatureOrder) -> Actor | None:
    """Whoever ordered, if he may still sign for the organisation."""
    if not await identity.has_role(db, order.person_id, order.org_id, Role.SIGNATORY):
        return None
    org = await identity.get_organisation(db, order.org_id)
    return replace(Actor(order.person_id, order.org_id, org.kind, org.is_verified), roles=frozenset({Role.SIGNATORY}))


def order_view(row: SignatureOrder) -> SignatureOrderView:
    return SignatureOrderView(
        row.id,
        row.contract_id,
        row.position,
        row.provider,
        row.state,
        row.url,
        row.ordered_at,
        row.ended_at,
        row.why,
    )
