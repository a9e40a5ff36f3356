"""Share tables: the unit drafts, every completer signs exactly that text; any change is a new text that asks again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.achievements import steps as achievements
from techmarket.achievements.steps import AchievementFacts
from techmarket.db import clock, journal, texts
from techmarket.db.locks import lock_name
from techmarket.db.session import Tx
from techmarket.identity import steps as identity
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.kernel.ids import Ref, new_id
from techmarket.kernel.paging import Page, last_id, page_of
from techmarket.kernel.periods import shanghai_day
from techmarket.kernel.refusals import NotFound
from techmarket.revenue import errors, holds, leaders, policy, repository, schemes, titles, unit_rules
from techmarket.revenue.case import SALE_MODES, Group, Mode, Table
from techmarket.revenue.events import (
    ShareHoldDecided,
    ShareTableDrafted,
    ShareTableReplaced,
    ShareTableSigned,
    ShareTableSigningOpened,
)
from techmarket.revenue.holds import HoldReason, ReleaseKind
from techmarket.revenue.incomes import Subject
from techmarket.revenue.leaders import Post
from techmarket.revenue.lifecycle import SHARE_HOLD, SHARE_TABLE, HoldState, TableState
from techmarket.revenue.repository import holding
from techmarket.revenue.service.ruling import rule_on
from techmarket.revenue.service.standing import Standing, standing_of_subject, subject_of
from techmarket.revenue.tables import ShareTable, ShareTablePerson
from techmarket.revenue.views import ShareTableCard, ShareTableView
from techmarket.rulebook import steps as rulebook
from techmarket.signing import steps as signing
from techmarket.signing.steps import Signatory

FORMAT = "techmarket.revenue.share_table/1"
PURPOSE = "share_table"


@dataclass(frozen=True, slots=True)
class TableTerms:
    """What a table says beside who gets what: whether it follows the unit's rule, who is a leader, what was elected."""

    by_unit_rule: bool = False
    elects_reward: bool = False
    leaders: Mapping[str, Post] = field(default_factory=dict)
    confirms: Sequence[str] = ()


PLAIN = TableTerms()


async def draft_share_table(
    tx: Tx,
    actor: Actor,
    *,
    contract_id: UUID | None,
    achievement_id: UUID | None,
    table: Table,
    terms: TableTerms = PLAIN,
) -> ShareTableView:
    """The unit writes who shares how. It takes the place of a table still on its way; a signed one stands until the
    new one is signed by everybody, for a proposal alone must not undo what all have agreed to."""
    schemes.check_table(table)
    async with tx.begin() as db:
        subject = await subject_of(db, actor, contract_id, achievement_id)
        require(actor, policy.DRAFT_TABLE, parties=[subject.unit_id])
        now = await clock.market_now(db)
        standing = await standing_of_subject(db, subject, mode=None, on=shanghai_day(now))
        if subject.contract_id is not None:
            schemes.check_table_against(
                table, mode=standing.mode, is_government=standing.is_government, norms=standing.norms
            )
        made = await achievements.get_facts(db, standing.achievement_ids)
        holders, unit_share = holders_of(list(made.values()), subject.unit_id)
        titles.check_title(table, holders=holders, unit_share=unit_share, elects_reward=terms.elects_reward)
        makers = await _makers(db, subject, standing.achievement_ids, made)
        # Whoever signed what stands is asked again, though the unit may have struck her off the record meanwhile.
        consented = await repository.list_signers(db, standing.subjects, subject.unit_id)
        signers = _signers([*makers, *consented], table)
        named = await _known(db, [*table.people(), *(str(person) for person in signers)])
        stated = await _stated(db, standing, table, terms)
        await lock_name(db, f"share tables of {subject.key} in {subject.unit_id}")
        for earlier in await repository.lock_tables_of(db, subject.key, subject.unit_id, repository.OPEN_TABLES):
            await _replace(db, earlier, actor)
        n = await repository.last_n(db, subject.key, subject.unit_id) + 1
        document = {
            "format": FORMAT,
            "subject": subject.key,
            "unit": str(subject.unit_id),
            "n": n,
            "table": table.document(),
            "signers": [str(person) for person in signers],
            **stated,
        }
        row = ShareTable(
            id=new_id(),
            unit_id=subject.unit_id,
            contract_id=contract_id,
            achievement_id=achievement_id,
            subject=subject.key,
            n=n,
            sha256=await texts.put(db, document),
            state=SHARE_TABLE.initial,
            drafted_by=actor.person,
            created_at=now,
        )
        db.add(row)
        await db.flush()
        places = {person: position for position, person in enumerate(signers, start=1)}
        db.add_all(
            ShareTablePerson(share_table_id=row.id, person_id=person, position=places.get(person)) for person in named
        )
        journal.record(db, ShareTableDrafted(row.id, n, row.sha256, contract_id, achievement_id), actor=actor)
        await db.flush()
        return await view_of(db, row)


async def open_signing(tx: Tx, actor: Actor, table_id: UUID) -> ShareTableView:
    """Call on every completer to sign exactly this text."""
    async with tx.begin() as db:
        row = await seen_table(db, actor, await repository.lock_table(db, table_id))
        require(actor, policy.OPEN_SIGNING, parties=[row.unit_id])
        state = SHARE_TABLE.move(row.state, "open_signing")
        people = [p for p in await repository.list_people(db, row.id) if p.position is not None]
        people.sort(key=lambda person: person.position or 0)
        known = await identity.get_people(db, [person.person_id for person in people])
        signatories = []
        for person in people:
            orgs = known[person.person_id].org_ids
            # Who belongs to nobody any more has a place all the same: it waits for her, or for a hold on her share.
            org = row.unit_id if row.unit_id in orgs or not orgs else orgs[0]
            signatories.append(Signatory(org, person.person_id, role="COMPLETER"))
        row.signing_id = await signing.open_signing(
            db,
            document_sha256=row.sha256,
            purpose=PURPOSE,
            subject=Ref("share_table", row.id),
            signatories=signatories,
            in_order=False,
            actor=actor,
        )
        row.state = state
        journal.record(db, ShareTableSigningOpened(row.id, row.signing_id, len(signatories)), actor=actor)
        await db.flush()
        return await view_of(db, row)


async def sign_share_table(tx: Tx, actor: Actor, table_id: UUID, *, document_sha256: str) -> ShareTableView:
    """A completer signs exactly this table. The last signature puts it in force and ends the one before.

    Whose share was held so that the others need not wait may sign later: her signature lets it go.
    """
    async with tx.begin() as db:
        row = await seen_table(db, actor, await repository.lock_table(db, table_id))
        signers = [p.person_id for p in await repository.list_people(db, row.id) if p.position is not None]
        require(actor, policy.SIGN_TABLE, parties=signers)
        row.state = SHARE_TABLE.move(row.state, "sign")
        assert row.signing_id is not None
        now = await clock.market_now(db)
        hold = await holding.find_live(db, row.id, actor.person)
        if hold is not None and hold.reason is HoldReason.DIED and hold.state is not HoldState.PROPOSED:
            raise errors.SignatoryDied()
        done = await signing.put(db, row.signing_id, actor, document_sha256=document_sha256, now=now)
        if hold is not None and hold.reason in holds.EXCUSING:
            hold.state, hold.release = SHARE_HOLD.move(hold.state, "sign"), ReleaseKind.SIGNED
            hold.released_at = now
            journal.record(db, ShareHoldDecided(hold.id, row.id, hold.state), actor=actor)
            await db.flush()
        await complete_if_all(db, row, actor)
        journal.record(db, ShareTableSigned(row.id, done.signed, done.required), actor=actor)
        await db.flush()
        return await view_of(db, row)


async def complete_if_all(db: AsyncSession, row: ShareTable, actor: Actor) -> bool:
    """A locked table comes into force once everybody has signed but those whose own share a confirmed hold keeps."""
    if row.state is not TableState.SIGNING or row.signing_id is None:
        return False
    required = {p.person_id for p in await repository.list_people(db, row.id) if p.position is not None}
    signed = {signature.person_id for signature in await signing.signatures_of(db, row.signing_id)}
    excused = {
        hold.person_id
        for hold in await holding.list_of_table(db, row.id)
        if hold.state in (HoldState.HOLDING, HoldState.RELEASING, HoldState.RELEASED) and hold.reason in holds.EXCUSING
    }
    if not holds.all_consent(required, signed, excused):
        return False
    for earlier in await repository.lock_tables_of(db, row.subject, row.unit_id, [TableState.SIGNED]):
        await _replace(db, earlier, actor)
    row.state = SHARE_TABLE.move(row.state, "complete")
    await db.flush()
    return True


async def get_share_table(tx: Tx, actor: Actor, table_id: UUID) -> ShareTableView:
    """A table with its text and how many have signed: for those named in it, the unit's officers and the market."""
    require(actor, policy.SEE_TABLES)
    async with tx.read() as db:
        return await view_of(db, await seen_table(db, actor, await repository.get_table(db, table_id)))


async def list_share_tables(
    tx: Tx,
    actor: Actor,
    *,
    contract_id: UUID | None,
    achievement_id: UUID | None,
    cursor: str | None,
    limit: int,
) -> Page[ShareTableCard]:
    """The tables one may read, newest first: a completer finds here what waits for her signature."""
    require(actor, policy.SEE_TABLES)
    before = last_id(cursor)
    subject = f"contract:{contract_id}" if contract_id else f"achievement:{achievement_id}" if achievement_id else None
    sees_all = actor.is_market and policy.sees_money_of(actor, None)
    sees_unit = policy.sees_money_of(actor, actor.org_id)
    async with tx.read() as db:
        rows = await repository.list_tables(
            db,
            person_id=None if sees_all else actor.person,
            unit_id=actor.org_id if sees_unit and not sees_all else None,
            subject=subject,
            before=before,
            limit=limit + 1,
        )
        return page_of(rows, limit, lambda row: (str(row.id),)).map(card_of)


async def view_of(db: AsyncSession, row: ShareTable) -> ShareTableView:
    signed, required = 0, sum(p.position is not None for p in await repository.list_people(db, row.id))
    if row.signing_id is not None:
        signed = (await signing.state_of(db, row.signing_id)).signed
    return ShareTableView(
        row.id,
        row.contract_id,
        row.achievement_id,
        row.unit_id,
        row.n,
        row.state,
        row.sha256,
        row.created_at,
        row.signing_id,
        signed,
        required,
        await texts.get(db, row.sha256),
    )


def card_of(row: ShareTable) -> ShareTableCard:
    return ShareTableCard(
        row.id, row.contract_id, row.achievement_id, row.unit_id, row.n, row.state, row.sha256, row.created_at
    )


async def _stated(db: AsyncSession, standing: Standing, table: Table, terms: TableTerms) -> dict[str, Any]:
    """What the text says beside the shares; only what is so, so that a plain table has the bytes it always had."""
    stated: dict[str, Any] = {}
    if terms.by_unit_rule:
        rule = await rule_on(db, standing.unit_id, standing.rule_date)
        unit_rules.check_follows(table, await texts.get(db, rule.sha256))
        stated["unit_rule_sha256"] = rule.sha256
    if terms.elects_reward:
        stated["elects_reward"] = True
    if terms.leaders:
        unknown = sorted(set(terms.leaders) - set(table.people()))
        if unknown:
            raise errors.PersonNotInTable(person=unknown[0], pointer="/body/leaders")
        rows = [
            row
            for key in (leaders.TOP_EQUITY, leaders.PUBLICITY)
            if (
                row := await rulebook.find_rule(
                    db,
                    key,
                    on=standing.rule_date,
                    jurisdiction=standing.jurisdiction,
                    mode=Mode.EQUITY.value,
                    applies_to=standing.sellers,
                )
            )
        ]
        # What hangs on an achievement may be shared in shares one day; a sale or a licence never is.
        may_be_shares = standing.contract is None or standing.mode not in SALE_MODES
        cautions = leaders.cautions_of(terms.leaders, rows, may_be_shares=may_be_shares)
        leaders.require_confirmed(cautions, terms.confirms)
        stated["leaders"] = {person: post.value for person, post in terms.leaders.items()}
        stated["cautions"] = [caution.document() for caution in cautions]
    return stated


def holders_of(made: Sequence[AchievementFacts], unit_id: UUID) -> tuple[dict[str, Decimal], Decimal]:
    """The people who own a share of the title after a grant, and what their unit still has. People are asked for where
    any achievement has them; differently owned achievements go by the first that has."""
    for one in made:
        people = {str(owner.person_id): owner.share for owner in one.owners if owner.person_id is not None}
        if people and one.org_id == unit_id:
            return people, sum((owner.share for owner in one.owners if owner.org_id == unit_id), Decimal(0))
    return {}, Decimal(0)


async def _makers(
    db: AsyncSession, subject: Subject, wanted: Sequence[UUID], made: Mapping[UUID, AchievementFacts]
) -> list[UUID]:
    """Who made it, in order. Of what several units own each asks its own people; who is of none is the recorder's."""
    found: list[UUID] = []
    for achievement_id in wanted:
        one = made[achievement_id]
        units = {one.org_id, *(owner.org_id for owner in one.owners if owner.org_id is not None)}
        if len(units) > 1:
            known = await identity.get_people(db, one.completers)
            for person in one.completers:
                of = set(known[person].org_ids) & units if person in known else set()
                if subject.unit_id in of or (not of and subject.unit_id == one.org_id):
                    found.append(person)
        else:
            found += one.completers
    return list(dict.fromkeys(found))


def _signers(makers: list[UUID], table: Table) -> list[UUID]:
    """Every completer signs, in the order of the achievement; whoever had to sign what this table would end; and every
    main contributor who is none of them."""
    main = [UUID(person.key) for share in table.groups if share.group is Group.MAIN for person in share.people]
    signers = list(dict.fromkeys([*makers, *main]))
    if not signers:
        raise errors.NobodyToSign(pointer="/body/table")
    return signers


async def _known(db: AsyncSession, people: list[str]) -> list[UUID]:
    named = list(dict.fromkeys(UUID(person) for person in people))
    known = await identity.get_people(db, named)
    missing = [person for person in named if person not in known]
    if missing:
        raise errors.PersonUnknown(person=missing[0], pointer="/body/table")
    return named


async def _replace(db: AsyncSession, row: ShareTable, actor: Actor) -> None:
    row.state = SHARE_TABLE.move(row.state, "replace")
    # In force by a hold, it may still have a place for a signature that never came.
    if row.signing_id is not None and not (await signing.state_of(db, row.signing_id)).is_complete:
        await signing.void(db, row.signing_id, actor)
    journal.record(db, ShareTableReplaced(row.id), actor=actor)
    await db.flush()


async def seen_table(db: AsyncSession, actor: Actor, row: ShareTable) -> ShareTable:
    """The door: what one earns is shown to those named, to the unit's officers and to the market."""
    if policy.sees_money_of(actor, row.unit_id):
        return row
    if actor.person_id is None or await repository.find_person(db, row.id, actor.person_id) is None:
        raise NotFound()
    return row
