"""The panel of a scored lot: the operator appoints, experts declare and mark, and with the last sheet all are open."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.achievements import steps as achievements
from techmarket.db import journal, texts
from techmarket.db.clock import market_now
from techmarket.db.keys import Keys
from techmarket.db.session import Tx
from techmarket.disclosure import steps as disclosure
from techmarket.disclosure.tiers import Tier
from techmarket.identity import steps as identity
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.kernel.canonical import canonical_json, sha256_hex
from techmarket.kernel.ids import Ref
from techmarket.kernel.periods import shanghai_day
from techmarket.kernel.refusals import NotFound
from techmarket.listings import steps as listings
from techmarket.signing import steps as signing
from techmarket.trading import awards, errors, policy, repository
from techmarket.trading.events import ExpertAppointed, ExpertRecused, ExpertSeated, ScoresOpened, SheetGiven
from techmarket.trading.lifecycle import PANEL_SEAT, LotState, LotStep, PanelSeatState
from techmarket.trading.methods import Candidate, method_rules, rules_of
from techmarket.trading.methods.scored import EXPERTS, Scored, panel_criteria
from techmarket.trading.panel import sheets
from techmarket.trading.panel.sheets import Mark, SheetCipher
from techmarket.trading.service import deciding
from techmarket.trading.service.due import work_off
from techmarket.trading.service.mandating import bound_sides
from techmarket.trading.service.qualifying import require_disinterested
from techmarket.trading.service.showing import require_known
from techmarket.trading.tables import Lot, LotScores, PanelSeat, ScoreSheet, Trade
from techmarket.trading.views import PanelSeatView, PanelView, ProposalView, ScoresView, ScoreView

EXPERT = "EXPERT"
PURPOSE = "trading.panel_declaration"


async def appoint_expert(tx: Tx, actor: Actor, lot_id: UUID, *, person_id: UUID, organisation_id: UUID) -> PanelView:
    """The operator puts a qualified expert on the panel, unless the expert has an interest that the market can see."""
    async with tx.begin() as db:
        lot, trade, terms = await _lock(db, actor, lot_id)
        require(actor, policy.APPOINT_EXPERT)
        await require_disinterested(db, actor, trade)
        _require_open_panel(lot)
        person = await identity.require_member(db, person_id, organisation_id, pointer="/body/person_id")
        now = await market_now(db)
        if not await identity.is_qualified(db, person_id, EXPERT, shanghai_day(now)):
            raise errors.NotAnExpert(pointer="/body/person_id")
        if await repository.find_panel_seat(db, lot.id, person_id) is not None:
            raise errors.ExpertAlready(pointer="/body/person_id")
        because = await _interests(db, trade, lot, person.id)
        if because:
            raise errors.ExpertConflicted(because=because, pointer="/body/person_id")
        panel = await repository.panel_of(db, lot.id)
        if sum(seat.state is not PanelSeatState.RECUSED for seat in panel) >= terms["experts"]:
            raise errors.PanelFull(experts=terms["experts"])
        n = 1 + max((seat.n for seat in panel), default=0)
        seat = PanelSeat(
            lot_id=lot.id,
            person_id=person_id,
            org_id=organisation_id,
            n=n,
            state=PANEL_SEAT.initial,
            appointed_at=now,
        )
        db.add(seat)
        journal.record(db, ExpertAppointed(lot.id, n), actor=actor)
        await db.flush()
        return await _panel(db, actor, trade, lot, terms)


async def declare(tx: Tx, actor: Actor, lot_id: UUID, *, conflicted: bool, document_sha256: str | None) -> PanelView:
    """An expert signs that he is free of interest and keeps secret, or says that he is not and leaves the panel."""
    async with tx.begin() as db:
        lot, trade, terms = await _lock(db, actor, lot_id)
        seat = await _own_seat(db, actor, lot)
        require(actor, policy.SIT_ON_PANEL, parties=[seat.org_id])
        _require_open_panel(lot)
        if conflicted:
            await _recuse(db, actor, trade, lot, seat)
            return await _panel(db, actor, trade, lot, terms)
        because = await _interests(db, trade, lot, seat.person_id)
        if because:
            raise errors.ExpertConflicted(because=because)
        seat.state = PANEL_SEAT.move(seat.state, "declare")
        sha256 = await texts.put(db, _declaration(trade, lot, seat))
        seat.signing_id = await signing.open_signing(
            db,
            document_sha256=sha256,
            purpose=PURPOSE,
            subject=Ref("lot", lot.id),
            signatories=[signing.Signatory(seat.org_id, seat.person_id, role="EXPERT")],
            in_order=False,
            actor=actor,
        )
        now = await market_now(db)
        await signing.put(db, seat.signing_id, actor, document_sha256=document_sha256 or "", now=now)
        journal.record(db, ExpertSeated(lot.id, seat.n, sha256), actor=actor)
        await db.flush()
        if lot.step is LotStep.SCORES:
            await _let_read(db, trade, lot, [(seat.org_id, seat.person_id)], actor)
        return await _panel(db, actor, trade, lot, terms)


async def recuse_expert(tx: Tx, keys: Keys, actor: Actor, lot_id: UUID, n: int) -> PanelView:
    """The operator takes an expert off the panel, as long as no mark is open; what he gave does not count."""
    async with tx.begin() as db:
        seen, _ = await repository.find_lot(db, lot_id)
        await repository.lock_trade(db, seen.trade_id)
        lot, trade, terms = await _lock(db, actor, lot_id)
        require(actor, policy.APPOINT_EXPERT)
        await require_disinterested(db, actor, trade)
        _require_open_panel(lot)
        seat = next((one for one in await repository.panel_of(db, lot.id) if one.n == n), None)
        if seat is None:
            raise NotFound()
        await _recuse(db, actor, trade, lot, seat)
        await _open_if_complete(db, keys, trade, lot, terms, actor)
        return await _panel(db, actor, trade, lot, terms)


async def give_sheet(tx: Tx, keys: Keys, actor: Actor, lot_id: UUID, marks: Sequence[Mark]) -> PanelView:
    """An expert gives his one sheet. With the last one all marks are open and the lot goes on to its award."""
    async with tx.begin() as db:
        seen, _ = await repository.find_lot(db, lot_id)
        trade = await repository.lock_trade(db, seen.trade_id)
        lot = await repository.lock_lot(db, lot_id)
        seat = await _own_seat(db, actor, lot)
        require(actor, policy.SIT_ON_PANEL, parties=[seat.org_id])
        terms = rules_of(await texts.get(db, trade.terms_sha256))
        if seat.state is not PanelSeatState.SEATED:
            raise errors.DeclarationMissing()
        if lot.state is not LotState.EVALUATING or lot.step is not LotStep.SCORES:
            raise errors.NothingToMark(state=lot.state)
        if await db.get(ScoreSheet, (lot.id, seat.person_id)) is not None:
            raise errors.SheetGiven()
        because = await _interests(db, trade, lot, seat.person_id)
        if because:
            raise errors.ExpertConflicted(because=because)
        numbers = [one.number for one in await _proposals(db, lot)]
        sheets.check_marks(marks, numbers=numbers, criteria=panel_criteria(terms))
        now = await market_now(db)
        sheet = sheets.written(lot.id, seat.n, marks)
        hidden = SheetCipher(keys.pepper, lot.id).hide(sheet, seat.person_id)
        sha256 = sheets.hash_of(sheet)
        db.add(ScoreSheet(lot_id=lot.id, person_id=seat.person_id, sha256=sha256, hidden=hidden, given_at=now))
        journal.record(db, SheetGiven(lot.id, seat.n, sha256), actor=actor)
        await db.flush()
        await _open_if_complete(db, keys, trade, lot, terms, actor)
        return await _panel(db, actor, trade, lot, terms)


async def _open_if_complete(
    db: AsyncSession, keys: Keys, trade: Trade, lot: Lot, terms: Mapping[str, Any], actor: Actor
) -> None:
    """With the last sheet of a panel of the announced size all marks are open at once."""
    if lot.state is not LotState.EVALUATING or lot.step is not LotStep.SCORES:
        return
    await _recuse_interested(db, trade, lot, actor)
    seated = await repository.count_seated(db, lot.id)
    if seated < terms["experts"] or len(await repository.sheets_of(db, lot.id)) < seated:
        return
    now = await market_now(db)
    await _open(db, keys, lot, now=now, actor=actor)
    await deciding.advance(db, trade, lot, now=now, actor=actor)


async def _open(db: AsyncSession, keys: Keys, lot: Lot, *, now: datetime, actor: Actor | None) -> None:
    cipher = SheetCipher(keys.pepper, lot.id)
    given = await repository.sheets_of(db, lot.id)
    read = [cipher.read(one.hidden, one.person_id) for one in given]
    sha256 = await texts.put(db, sheets.opened(lot.id, read))
    db.add(LotScores(lot_id=lot.id, document_sha256=sha256, opened_at=now))
    journal.record(db, ScoresOpened(lot.id, len(read), sha256), actor=actor)
    await db.flush()
    trade = await repository.get_trade(db, lot.trade_id)
    for seat in await repository.panel_of(db, lot.id):
        for room in await _rooms(db, trade, lot):
            await disclosure.close_tier(db, org=seat.org_id, subject=room, basis=awards.panel_basis(lot), actor=actor)


async def scores_due(tx: Tx, keys: Keys, *, limit: int = 100) -> int:
    """Decide by rule every lot whose panel has had its time; returns how many."""
    async with tx.read() as db:
        due = await repository.list_scores_due(db, limit)
    return await work_off(due, lambda lot_id: scores_if_due(tx, keys, lot_id))


async def scores_if_due(tx: Tx, keys: Keys, lot_id: UUID) -> bool:
    """The marks that are in count if there are at least three sheets; else the lot ends unsold."""
    async with tx.begin() as db:
        _, seen = await repository.find_lot(db, lot_id)
        trade = await repository.lock_trade(db, seen.id)
        lot = await repository.lock_lot(db, lot_id)
        now = await market_now(db)
        if lot.state is not LotState.EVALUATING or lot.step is not LotStep.SCORES:
            return False
        if lot.step_due_at is None or now < lot.step_due_at:
            return False
        await _recuse_interested(db, trade, lot, None)
        if len(await repository.sheets_of(db, lot.id)) < EXPERTS[0]:
            await awards.end_unsold(db, trade, lot, cause="panel_incomplete", actor=None)
            return True
        await _open(db, keys, lot, now=now, actor=None)
        await deciding.advance(db, trade, lot, now=now, actor=None)
        return True


async def begin_scores(db: AsyncSession, case: deciding.Case) -> datetime | None:
    """The panel's time begins with the opening; without a counted proposal or a panel there is nothing to wait for."""
    if not panel_criteria(case.terms) or not await _proposals(db, case.lot):
        return None
    await _recuse_interested(db, case.trade, case.lot, None)
    owners = {seat.participant_id: seat.org_id for seat in await repository.seats_of(db, case.trade.id)}
    for room in await _rooms(db, case.trade, case.lot):
        await disclosure.open_room(db, room, owners[room.id])
    panel = [
        (one.org_id, one.person_id)
        for one in await repository.panel_of(db, case.lot.id)
        if one.state is PanelSeatState.SEATED
    ]
    await _let_read(db, case.trade, case.lot, [(case.trade.seller_org_id, None), *panel], case.actor)
    return case.now + timedelta(seconds=case.terms["scoring_seconds"])


async def _rooms(db: AsyncSession, trade: Trade, lot: Lot) -> list[Ref]:
    """The data rooms of those whose counted proposal names documents: each uploads there what it named."""
    by_number = {
        seat.number: seat.participant_id for seat in await repository.seats_of(db, trade.id) if seat.lot_id == lot.id
    }
    return [
        Ref("participant", by_number[one.number])
        for one in await _proposals(db, lot)
        if one.offer is not None and one.offer.get("documents")
    ]


async def _let_read(
    db: AsyncSession, trade: Trade, lot: Lot, readers: Iterable[tuple[UUID, UUID | None]], actor: Actor | None
) -> None:
    """The seller's people, and each expert in person: not the rest of the organisation he comes from."""
    for room in await _rooms(db, trade, lot):
        for org, person in sorted(set(readers), key=str):
            await disclosure.open_tier(
                db, org=org, person=person, subject=room, tier=Tier.NDA, basis=awards.panel_basis(lot), actor=actor
            )


async def never(db: AsyncSession, case: deciding.Case) -> None:
    """Marks are opened with the market's key, which the common clock has not: `scores_due` decides them."""


deciding.STEPS[LotStep.SCORES] = deciding.Step(begin_scores, never)


async def get_panel(tx: Tx, actor: Actor, lot_id: UUID) -> PanelView:
    """The panel, for the market, the lister and its experts: experts by number, names for the market alone."""
    async with tx.read() as db:
        lot, trade = await repository.find_lot(db, lot_id)
        require_known(actor, trade)
        await _require_inside(db, actor, trade, lot)
        return await _panel(db, actor, trade, lot, rules_of(await texts.get(db, trade.terms_sha256)))


async def list_proposals(tx: Tx, actor: Actor, lot_id: UUID) -> Sequence[ProposalView]:
    """The opened offers by number, for the market, the lister and the experts who have declared themselves free."""
    async with tx.read() as db:
        lot, trade = await repository.find_lot(db, lot_id)
        require_known(actor, trade)
        await _require_inside(db, actor, trade, lot, sworn=True)
        if lot.state in (LotState.WAITING, LotState.OPEN, LotState.PAUSED):
            raise errors.NothingToMark(state=lot.state, effective_end=lot.effective_end)
        rooms = {seat.number: seat.participant_id for seat in await repository.seats_of(db, trade.id)}
        return [
            ProposalView(
                one.number,
                dict(one.offer["terms"]),
                tuple(one.offer.get("documents", ())),
                str(Ref("participant", rooms[one.number])),
            )
            for one in await _proposals(db, lot)
            if one.offer is not None
        ]


async def get_scores(tx: Tx, actor: Actor, lot_id: UUID) -> ScoresView:
    """The opened marks and what the formula makes of them, by number: public once all are in."""
    async with tx.read() as db:
        lot, trade = await repository.find_lot(db, lot_id)
        require_known(actor, trade)
        terms = rules_of(await texts.get(db, trade.terms_sha256))
        if not panel_criteria(terms):
            raise errors.NoPanelHere()
        found = await repository.find_scores(db, lot.id)
        if found is None:
            given, seated = len(await repository.sheets_of(db, lot.id)), await repository.count_seated(db, lot.id)
            due_at = lot.step_due_at if lot.step is LotStep.SCORES else None
            raise errors.ScoresSealed(given=given, seated=seated, due_at=due_at)
        document = await texts.get(db, found.document_sha256)
        method = method_rules(lot.method)
        assert isinstance(method, Scored)
        scored = method.scores(_marked(await _proposals(db, lot), document), terms)
        lines = sorted(scored.values(), key=lambda one: (-one.score, one.number))
        return ScoresView(
            lot.id,
            found.document_sha256,
            document,
            tuple(
                ScoreView(one.number, {k: str(v) for k, v in one.points.items()}, str(one.score), one.out_by)
                for one in lines
            ),
        )


def _marked(candidates: Sequence[Candidate], document: Mapping[str, Any]) -> list[Candidate]:
    points = sheets.points_in(document)
    return [replace(one, points=points.get(one.number, {})) for one in candidates]


async def _proposals(db: AsyncSession, lot: Lot) -> list[Candidate]:
    """The counted offers of an opened lot, in the order of their numbers."""
    found = await deciding.CANDIDATES[method_rules(lot.method).family](db, lot.id)
    return sorted((one for one in found if one.offer is not None), key=lambda one: one.number)


async def _lock(db: AsyncSession, actor: Actor, lot_id: UUID) -> tuple[Lot, Trade, dict[str, Any]]:
    lot = await repository.lock_lot(db, lot_id)
    trade = await repository.get_trade(db, lot.trade_id)
    require_known(actor, trade)
    terms = rules_of(await texts.get(db, trade.terms_sha256))
    if not panel_criteria(terms):
        raise errors.NoPanelHere()
    return lot, trade, terms


async def _own_seat(db: AsyncSession, actor: Actor, lot: Lot) -> PanelSeat:
    seat = await repository.find_panel_seat(db, lot.id, actor.person_id) if actor.person_id else None
    if seat is None or seat.org_id != actor.org_id:
        raise NotFound()
    return seat


async def _require_inside(db: AsyncSession, actor: Actor, trade: Trade, lot: Lot, *, sworn: bool = False) -> None:
    """The market, the lister's officers and the panel; whoever else asks hears that there is nothing."""
    if actor.is_market or (actor.org_id == trade.seller_org_id and actor.roles & policy.SELLERS_OFFICERS):
        require(actor, policy.SEE_PROPOSALS, parties=[trade.seller_org_id])
        return
    seat = await _own_seat(db, actor, lot)
    require(actor, policy.SEE_PROPOSALS, parties=[seat.org_id])
    if sworn and seat.state is not PanelSeatState.SEATED:
        raise errors.DeclarationMissing()


def _require_open_panel(lot: Lot) -> None:
    """A panel is put together, and completed, until its marks are open."""
    at_marks = lot.state is LotState.EVALUATING and lot.step in (LotStep.OPENING, LotStep.SCORES)
    if not at_marks and lot.state not in (LotState.WAITING, LotState.OPEN, LotState.PAUSED):
        raise errors.PanelClosed(state=lot.state)


async def _recuse(db: AsyncSession, actor: Actor | None, trade: Trade, lot: Lot, seat: PanelSeat) -> None:
    """Off the panel, and out of the rooms that were opened for it."""
    seat.state = PANEL_SEAT.move(seat.state, "recuse")
    for room in await _rooms(db, trade, lot):
        await disclosure.close_tier(
            db, org=seat.org_id, person=seat.person_id, subject=room, basis=awards.panel_basis(lot), actor=actor
        )
    journal.record(db, ExpertRecused(lot.id, seat.n), actor=actor)
    await db.flush()


async def _recuse_interested(db: AsyncSession, trade: Trade, lot: Lot, actor: Actor | None) -> None:
    """By rule, whoever has come to have an interest since he swore; what he gave does not count."""
    for seat in await repository.panel_of(db, lot.id):
        if seat.state is not PanelSeatState.RECUSED and await _interests(db, trade, lot, seat.person_id):
            await _recuse(db, actor, trade, lot, seat)


async def _interests(db: AsyncSession, trade: Trade, lot: Lot, person_id: UUID) -> list[str]:
    """What the market itself can see against an expert: he belongs to a side, or made what is traded."""
    belongs = set((await identity.get_people(db, [person_id]))[person_id].org_ids)
    because = []
    if trade.seller_org_id in belongs:
        because.append("member_of_the_lister")
    if bound_sides(await repository.list_participants(db, trade.id)) & belongs:
        because.append("member_of_a_participant")
    offer = await listings.get_offer_facts(db, trade.listing_id)
    for achievement_id in offer.achievement_ids:
        if person_id in set(await achievements.completers(db, achievement_id)):
            because.append("completer")
            break
    return because


def _declaration(trade: Trade, lot: Lot, seat: PanelSeat) -> dict[str, Any]:
    """What an expert signs before he reads a proposal."""
    return {
        "trade": trade.number,
        "lot": lot.n,
        "expert": seat.n,
        "zh": "本人与转让方、各意向方及其项目人员无利害关系，独立评分，并对方案及评分保密。",
        "en": "I have no interest in the lister, in any participant or in their people; I mark on my own and keep the "
        "proposals and the marks secret.",
    }


async def _panel(db: AsyncSession, actor: Actor, trade: Trade, lot: Lot, terms: Mapping[str, Any]) -> PanelView:
    if "experts" not in terms:
        raise errors.NoPanelHere()
    seats = await repository.panel_of(db, lot.id)
    given = {one.person_id for one in await repository.sheets_of(db, lot.id)}
    mine = next((one for one in seats if one.person_id == actor.person_id), None)
    declaration = _declaration(trade, lot, mine) if mine is not None else None
    return PanelView(
        lot.id,
        terms["experts"],
        tuple(panel_criteria(terms)),
        tuple(
            PanelSeatView(
                one.n,
                one.state,
                one.person_id if actor.is_market or one is mine else None,
                one.org_id if actor.is_market or one is mine else None,
                one.person_id in given,
            )
            for one in seats
        ),
        declaration,
        None if declaration is None else sha256_hex(canonical_json(declaration)),
    )
