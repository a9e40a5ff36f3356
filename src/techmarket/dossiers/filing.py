"""The public file of a project (项目公开档案), put together from what every room shows to this reader."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.achievements import steps as achievements
from techmarket.certification import steps as certification
from techmarket.contracts import steps as contracts
from techmarket.contracts.lifecycle import ContractState, LineState, RegistrationState
from techmarket.contracts.steps import ContractFacts
from techmarket.dossiers import repository, rules
from techmarket.dossiers.stage import LotStanding, Paid, Procedure, Sale, stage_of, stage_of_lot
from techmarket.dossiers.views import (
    FiledApproval,
    FiledAward,
    FiledCertificate,
    FiledConsent,
    FiledContract,
    FiledNotice,
    FileView,
    LabelledHash,
    Told,
)
from techmarket.identity import steps as identity
from techmarket.identity.actor import Actor
from techmarket.kernel.ids import Ref
from techmarket.listings import steps as listings
from techmarket.notices import steps as notices
from techmarket.notices.kinds import NoticeKind
from techmarket.notices.lifecycle import LengtheningCause, NoticeState
from techmarket.trading import steps as trading
from techmarket.trading.lifecycle import IN_FORCE, LotState
from techmarket.trading.steps import AwardLine
from techmarket.trading.views import TradeView
from techmarket.transparency import steps as transparency

AFTER_FORCE = (
    ContractState.IN_FORCE,
    ContractState.DISPUTED,
    ContractState.PERFORMED,
    ContractState.TERMINATED,
)


async def file_of(db: AsyncSession, actor: Actor, trade_id: UUID) -> tuple[FileView, list[Told]]:
    """The file, and the entries behind it; who may not know of the trade does not find it."""
    trade = await trading.show_trade(db, actor, trade_id)
    awards = await trading.awards_of(db, trade_id)
    contract_ids = {award.id: await contracts.contract_of_award(db, award.id) for award in awards}
    facts = {id: await contracts.get_contract(db, contract) for id, contract in contract_ids.items() if contract}
    subjects = [Ref("trade", trade_id), *(Ref("award", award.id) for award in awards)]
    subjects += [Ref("contract", one.id) for one in facts.values()]
    found = await notices.notices_about(db, actor, subjects)
    filed = tuple(FiledNotice(view, versions) for view, versions in found)
    standings = {award.id: await _contract(db, facts.get(award.id)) for award in awards}
    states = {one.notice.line.id: one.notice.line.state for one in filed}
    lots = [_standing(lot.id, lot.state, awards, standings, states) for lot in trade.lots]
    procedure = _procedure(trade, filed)
    shown = await listings.views_for(db, actor, [trade.listing_id])
    grounds, given = await _grounds(db, trade)
    told = await _told(db, trade, filed, awards, facts, {*grounds, *given})
    places = {(row.kind, row.refs[0]): row.position for row in told if row.refs}
    newest = await transparency.newest_size(db)
    view = FileView(
        trade=trade,
        listing=shown.get(trade.listing_id),
        stage=stage_of(procedure, lots),
        lot_stages=tuple(
            (lot.id, stage_of_lot(procedure, standing)) for lot, standing in zip(trade.lots, lots, strict=True)
        ),
        acts=tuple(await trading.acts_of(db, trade_id)),
        notices=filed,
        awards=tuple(
            FiledAward(
                award.id,
                award.lot_id,
                award.rank,
                award.state,
                award.notice_id,
                award.offered_at,
                award.decided_at,
                standings[award.id],
            )
            for award in awards
            if award.notice_id is not None and award.notice_id in states
        ),
        approvals=tuple(
            FiledApproval(
                one.id,
                one.kind,
                one.state,
                one.decided_on,
                tuple(LabelledHash(label, sha256) for label, sha256 in one.evidence),
                one.document_sha256,
                one.in_force_at,
                one.revoked_at,
                places.get(("achievements.approval_in_force", ref)),
            )
            for ref, one in grounds.items()
        ),
        consents=await _consents(db, given, places),
        entries=(),
        log_size=newest,
    )
    return view, told


def _procedure(trade: TradeView, filed: Sequence[FiledNotice]) -> Procedure:
    announcements = [one.notice for one in filed if one.notice.line.kind is NoticeKind.ANNOUNCEMENT]
    latest = announcements[-1] if announcements else None
    if latest is None:
        return Procedure(trade.state, trade.method)
    return Procedure(
        trade.state,
        trade.method,
        announcement=latest.line.state,
        is_extended=any(more.cause is LengtheningCause.EXTENSION for more in latest.lengthenings),
        is_suspended=trade.suspended_at is not None,
    )


def _standing(
    lot_id: UUID,
    state: LotState,
    awards: Sequence[AwardLine],
    contracts_of: dict[UUID, FiledContract | None],
    notice_states: dict[UUID, NoticeState],
) -> LotStanding:
    own = [award for award in awards if award.lot_id == lot_id]
    won = next((award for award in own if award.state in IN_FORCE), None)
    contract = contracts_of[won.id] if won is not None else None
    sale = Sale()
    if won is not None:
        sale = Sale(
            notice=notice_states.get(won.notice_id) if won.notice_id is not None else None,
            contract=contract.state if contract is not None else None,
            paid=contract.paid if contract is not None else Paid.NOTHING,
            certificate=contract.certificate.state if contract is not None and contract.certificate else None,
            registration=contract.registration if contract is not None else None,
        )
    return LotStanding(state, frozenset(award.state for award in own), sale)


async def _contract(db: AsyncSession, facts: ContractFacts | None) -> FiledContract | None:
    """A contract is public once it binds; that its parties quarrel is theirs."""
    if facts is None or facts.state not in AFTER_FORCE:
        return None
    registration = await contracts.registration_of(db, facts.id)
    if registration is not None and registration.state not in (RegistrationState.REGISTERED, RegistrationState.REVOKED):
        registration = None
    issued = await certification.latest_issued(db, facts.id)
    return FiledContract(
        facts.number,
        facts.type,
        ContractState.IN_FORCE if facts.state is ContractState.DISPUTED else facts.state,
        facts.in_force_at,
        paid_of(facts),
        registration.state if registration else None,
        registration.number if registration else None,
        FiledCertificate(issued.number, issued.state, issued.since, issued.why, issued.issued_at) if issued else None,
    )


def paid_of(facts: ContractFacts) -> Paid:
    """Of the lines that name an amount and still stand."""
    gone = (LineState.CANCELLED, LineState.REPLACED, LineState.CONTRIBUTED)
    lines = [line.state for line in facts.lines if line.minor is not None and line.state not in gone]
    if lines and all(state is LineState.PAID for state in lines):
        return Paid.ALL
    return Paid.SOME if any(state in (LineState.PAID, LineState.DUE) for state in lines) else Paid.NOTHING


async def _told(
    db: AsyncSession,
    trade: TradeView,
    filed: Sequence[FiledNotice],
    awards: Sequence[AwardLine],
    facts: dict[UUID, ContractFacts],
    grounds: set[str],
) -> list[Told]:
    """The entries that the public is told of: about what the file shows, and of the kinds that hold nothing else.

    An approval or a consent may carry other sales; of those nothing is told here, nor of one that is not public.
    """
    readable = {one.notice.line.id for one in filed}
    shown = [award for award in awards if award.notice_id in readable]
    refs = {f"trade:{trade.id}", *(f"notice:{id}" for id in readable), *(f"award:{award.id}" for award in shown)}
    refs |= {f"contract:{facts[award.id].id}" for award in shown if award.id in facts}
    told = await repository.told_about(db, refs | grounds, rules.TOLD)
    return [row for row in told if row.kind not in rules.RESTS_ON or (refs & {*row.refs} and grounds & {*row.refs})]


async def _grounds(
    db: AsyncSession, trade: TradeView
) -> tuple[dict[str, achievements.ApprovalFacts], dict[str, achievements.ConsentFacts]]:
    """The approvals and consents that were on record when the trade was announced, by their refs.

    An approval is shown where the offer shows that it points to it.
    """
    rested = [ref for row in await repository.told_about(db, {f"trade:{trade.id}"}, rules.RESTS_ON) for ref in row.refs]
    named = {
        kind: [UUID(ref.partition(":")[2]) for ref in rested if ref.startswith(f"{kind}:")] for kind in rules.GROUNDS
    }
    public = (await listings.public_terms(db, trade.listing_sha256)).get("approval_ids", ())
    approvals = await achievements.approvals_shown(db, [one for one in named["approval"] if str(one) in public])
    consents = await achievements.consents_shown(db, named["consent"])
    return {f"approval:{one.id}": one for one in approvals}, {f"consent:{one.id}": one for one in consents}


async def _consents(
    db: AsyncSession, given: Mapping[str, achievements.ConsentFacts], places: Mapping[tuple[str, str], int | None]
) -> tuple[FiledConsent, ...]:
    orgs = await identity.get_organisations(db, {one.organisation_id for one in given.values() if one.organisation_id})
    return tuple(
        FiledConsent(
            one.id,
            one.achievement_id,
            one.organisation_id,
            orgs[one.organisation_id].name if one.organisation_id else None,
            one.is_standing,
            one.state,
            one.document_sha256,
            one.given_at,
            places.get(("achievements.co_owner_consented", ref)),
        )
        for ref, one in given.items()
    )


async def publishers_of(db: AsyncSession, trade: TradeView) -> set[UUID | None]:
    """Who publishes about a trade: its seller, the market, and the clock, which is nobody."""
    market = await identity.find_market(db)
    return {None, trade.seller_organisation_id, *([market.id] if market else [])}
