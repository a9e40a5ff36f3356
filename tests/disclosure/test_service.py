"""Data rooms: who reaches what, versions, grants that end, questions without names, hostile uploads."""

from __future__ import annotations

import asyncio
import hashlib
import tracemalloc
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from techmarket.db.files import SIZE_MAX, EmptyFile, FileTooLarge, WrongFileType
from techmarket.db.session import count_statements
from techmarket.disclosure import errors, service, steps, watermark
from techmarket.disclosure.lifecycle import QuestionState
from techmarket.disclosure.rules import ReadOutcome
from techmarket.disclosure.service import Guest, Paper, documents
from techmarket.disclosure.tiers import Tier
from techmarket.identity.actor import ANONYMOUS, Role
from techmarket.identity.errors import NotAMember, OrganisationNotVerified
from techmarket.kernel.ids import Ref, new_id
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.kernel.periods import SHANGHAI
from techmarket.kernel.refusals import NotAllowed, NotFound
from tests.disclosure.make import PDF, a_document, a_grant, a_paper, a_room, chunked, words_of
from tests.identity.make import a_market, a_member, an_organisation
from tests.notices.make import a_sandbox, market_now, move_to, shanghai


async def reach(tx, actor, subject, owner) -> Tier:
    async with tx.read() as db:
        return (await steps.reach(db, actor, subject, owner.org)).highest


async def names(tx, actor, subject) -> set[str]:
    return {view.name for view in (await service.list_documents(tx, actor, subject, limit=100)).items}


async def bytes_of(means, actor, document_id) -> bytes:
    _, _, _, chunks = await service.read_document(means.tx, means.files, actor, document_id)
    return b"".join([chunk async for chunk in chunks])


def stored(tmp_path: Path) -> list[Path]:
    return [path for path in (tmp_path / "objects").rglob("*") if path.is_file()]


async def rows(tx, table: str) -> int:
    async with tx.read() as db:
        return (await db.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one()


async def test_each_reader_reaches_his_tier_and_the_documents_of_it_only(tx, means):
    owner, verified, invited = await an_organisation(tx), await an_organisation(tx), await an_organisation(tx)
    party, fresh = await an_organisation(tx), await an_organisation(tx, verified=False)
    operator = (await a_market(tx))["operator"].actor
    subject = await a_room(tx, owner.actor)
    made = {tier: await a_document(means, owner.actor, subject, name=f"{tier.name}.pdf", tier=tier) for tier in Tier}
    await a_grant(tx, invited.actor, subject)
    await a_grant(tx, party.actor, subject, tier=Tier.DEAL, basis="trade")
    for actor, tier in (
        (ANONYMOUS, Tier.PUBLIC),
        (fresh.actor, Tier.PUBLIC),
        (verified.actor, Tier.REGISTERED),
        (invited.actor, Tier.NDA),
        (party.actor, Tier.DEAL),
        (owner.actor, Tier.DEAL),
        (operator, Tier.DEAL),
    ):
        assert await reach(tx, actor, subject, owner.actor) is tier
        # A deal is no agreement: what takes one stays closed to its party.
        opened = {t for t in Tier if t <= tier and not (actor is party.actor and t is Tier.NDA)}
        assert await names(tx, actor, subject) == {f"{t.name}.pdf" for t in opened}
        for document in made.values():
            if document.tier in opened:
                body = await bytes_of(means, actor, document.id)
                stamped = document.tier > Tier.PUBLIC and actor is not owner.actor
                assert (body == PDF) is not stamped
                assert ("Read only by" in words_of(body)) is stamped
            else:
                with pytest.raises(NotFound):
                    await service.read_document(tx, means.files, actor, document.id)


async def test_a_grant_for_one_subject_opens_no_other_and_many_are_asked_in_one_look(tx):
    owner, invited = await an_organisation(tx), await an_organisation(tx)
    rooms = [await a_room(tx, owner.actor) for _ in range(30)]
    own = await a_room(tx, invited.actor)
    await a_grant(tx, invited.actor, rooms[3])
    seen = count_statements(tx.engine)
    async with tx.read() as db:
        found = await steps.reaches(db, invited.actor, dict.fromkeys(rooms, owner.actor.org) | {own: invited.actor.org})
    assert len([s for s in seen if "disclosure_grant" in s]) == 1
    wanted = dict.fromkeys(rooms, Tier.REGISTERED) | {rooms[3]: Tier.NDA, own: Tier.DEAL}
    assert {subject: one.highest for subject, one in found.items()} == wanted


async def test_a_room_that_is_not_public_is_there_only_for_whom_it_is_open(tx, means):
    owner, stranger, invited = await an_organisation(tx), await an_organisation(tx), await an_organisation(tx)
    subject = await a_room(tx, owner.actor, is_public=False)
    document = await a_document(means, owner.actor, subject, tier=Tier.PUBLIC)
    await a_grant(tx, invited.actor, subject)
    for reader in (owner.actor, invited.actor):
        assert await names(tx, reader, subject) == {"sample.pdf"}
    for reader in (ANONYMOUS, stranger.actor):
        for hidden in (subject, Ref("listing", new_id())):
            with pytest.raises(NotFound):
                await service.list_documents(tx, reader, hidden)
            with pytest.raises(NotFound):
                await service.list_questions(tx, reader, hidden)
        with pytest.raises(NotFound):
            await service.read_document(tx, means.files, reader, document.id)
    with pytest.raises(NotFound):
        await service.ask(tx, stranger.actor, subject, text="Sample question")
    with pytest.raises(NotFound):
        await a_document(means, stranger.actor, subject)
    async with tx.begin() as db:
        await steps.show_rooms(db, [subject])
    assert await names(tx, ANONYMOUS, subject) == {"sample.pdf"}
    async with tx.begin() as db:
        await steps.hide_rooms(db, [subject])
    with pytest.raises(NotFound):
        await service.list_documents(tx, stranger.actor, subject)


async def test_a_grant_ends_by_the_market_clock_by_revocation_and_by_its_basis(tx, means):
    await a_sandbox(tx, shanghai(2026, 3, 2, 9))
    owner, guest, fresh = (
        await an_organisation(tx),
        await an_organisation(tx),
        await an_organisation(tx, verified=False),
    )
    subject = await a_room(tx, owner.actor)
    end = shanghai(2026, 3, 10)
    paper = await a_paper(means, owner.actor, subject)
    picture = await a_document(
        means, owner.actor, subject, name="a.txt", body=b"a", media_type="text/plain", unmarked=True
    )
    facts = {"guest": Guest(guest.actor.org), "tier": Tier.NDA, "until": end, "paper": paper}
    for change, refusal in (
        ({"guest": Guest(fresh.actor.org)}, OrganisationNotVerified),
        ({"guest": Guest(owner.actor.org)}, errors.OwnRoom),
        ({"guest": Guest(new_id())}, NotFound),
        ({"guest": Guest(guest.actor.org, owner.actor.person)}, NotAMember),
        ({"paper": None}, errors.PaperNeeded),
        ({"paper": Paper(picture.id, paper.signed_on)}, errors.PaperUnfit),
        ({"paper": Paper(new_id(), paper.signed_on)}, errors.PaperUnfit),
        ({"paper": Paper(paper.document_id, date(2026, 3, 3))}, errors.PaperUnfit),
        ({"tier": Tier.DEAL}, errors.TierNotGranted),
        ({"until": await market_now(tx)}, errors.GrantInThePast),
    ):
        with pytest.raises(refusal):
            await service.grant_access(tx, owner.actor, subject, **(facts | change))
    for other in (guest.actor, (await a_member(tx, owner.actor, Role.FINANCE)).actor):
        with pytest.raises(NotAllowed):
            await service.grant_access(tx, other, subject, **facts)
    assert await rows(tx, "disclosure_grant") == 0
    await service.grant_access(tx, owner.actor, subject, **facts)
    assert await reach(tx, guest.actor, subject, owner.actor) is Tier.NDA
    await move_to(tx, end)
    assert await reach(tx, guest.actor, subject, owner.actor) is Tier.REGISTERED
    again = await service.grant_access(tx, owner.actor, subject, **(facts | {"until": end + timedelta(days=9)}))
    await a_grant(tx, guest.actor, subject, tier=Tier.DEAL, basis="trade")
    assert await reach(tx, guest.actor, subject, owner.actor) is Tier.DEAL
    with pytest.raises(NotFound):
        await service.revoke_grant(tx, guest.actor, again.id)
    await service.revoke_grant(tx, owner.actor, again.id)
    with pytest.raises(NotInThisState):
        await service.revoke_grant(tx, owner.actor, again.id)
    assert await reach(tx, guest.actor, subject, owner.actor) is Tier.DEAL
    (deal,) = [g for g in (await service.list_grants(tx, owner.actor, subject)).items if g.basis == "trade"]
    with pytest.raises(errors.NotYoursToClose):
        await service.revoke_grant(tx, owner.actor, deal.id)
    async with tx.begin() as db:
        assert await steps.close_tier(db, org=guest.actor.org, subject=subject, basis="trade", actor=None) == 1
        assert await steps.close_tier(db, org=guest.actor.org, subject=subject, actor=None) == 0
    assert await reach(tx, guest.actor, subject, owner.actor) is Tier.REGISTERED


async def test_two_grants_at_once_leave_one_open(tx, means):
    owner, guest = await an_organisation(tx), await an_organisation(tx)
    subject = await a_room(tx, owner.actor)
    until = await market_now(tx) + timedelta(days=1)
    paper = await a_paper(means, owner.actor, subject)
    outcomes = await asyncio.gather(
        *[
            service.grant_access(
                tx, owner.actor, subject, Guest(guest.actor.org), tier=Tier.NDA, until=until, paper=paper
            )
            for _ in range(10)
        ],
        return_exceptions=True,
    )
    assert [o for o in outcomes if isinstance(o, Exception)] == []
    async with tx.read() as db:
        states = (await db.execute(text("SELECT state, count(*) FROM disclosure_grant GROUP BY 1 ORDER BY 1"))).all()
    assert [tuple(row) for row in states] == [("CLOSED", 9), ("OPEN", 1)]


async def test_the_same_name_is_the_next_version_also_when_ten_come_at_once(tx, means):
    owner = await an_organisation(tx)
    subject = await a_room(tx, owner.actor)
    made = await asyncio.gather(*[a_document(means, owner.actor, subject, body=PDF + bytes([n])) for n in range(10)])
    assert sorted(view.version for view in made) == list(range(1, 11))
    for n, view in enumerate(made):
        assert await bytes_of(means, owner.actor, view.id) == PDF + bytes([n])
    with pytest.raises(DBAPIError, match="never changed"):
        async with tx.begin() as db:
            await db.execute(text("UPDATE document SET tier = 0"))


async def test_each_reading_is_written_down_and_only_owner_and_market_read_that(tx, means):
    owner, guest = await an_organisation(tx), await an_organisation(tx)
    operator = (await a_market(tx))["operator"].actor
    subject = await a_room(tx, owner.actor)
    document = await a_document(means, owner.actor, subject, tier=Tier.REGISTERED)
    copy = words_of(await bytes_of(means, guest.actor, document.id))
    with pytest.raises(NotFound):
        await bytes_of(means, ANONYMOUS, document.id)
    for reader in (owner.actor, operator):
        reads = (await service.list_reads(tx, reader, document.id)).items
        (read,) = [r for r in reads if r.outcome is ReadOutcome.READ]
        assert (read.organisation_id, read.person_id) == (guest.actor.org, guest.actor.person)
    with pytest.raises(NotFound):
        await service.list_reads(tx, guest.actor, document.id)
    async with tx.read() as db:
        kept = "SELECT id, org FROM journal_entry WHERE kind = 'disclosure.document_read'"
        ((entry_id, org),) = (await db.execute(text(kept))).all()
        named = "SELECT p.name, o.name FROM person p, organisation o WHERE p.id = :person AND o.id = :org"
        names = (await db.execute(text(named), {"person": guest.actor.person, "org": guest.actor.org})).one()
    assert org == guest.actor.org
    assert read.entry_id == entry_id
    moment = read.at.astimezone(SHANGHAI).isoformat(sep=" ", timespec="seconds")
    assert " · ".join((*names, moment, str(entry_id))) in " ".join(copy.split())


async def test_a_copy_that_could_not_be_stamped_was_not_read_and_a_revocation_comes_before_its_record(
    tx, means, monkeypatch
):
    owner, guest = await an_organisation(tx), await an_organisation(tx)
    subject = await a_room(tx, owner.actor)
    document = await a_document(means, owner.actor, subject, tier=Tier.NDA)
    await a_grant(tx, guest.actor, subject)
    stamp = watermark.at_the_desk

    async def revoked(work):
        copy = await stamp(work)
        async with tx.begin() as db:
            await steps.close_tier(db, org=guest.actor.org, subject=subject, actor=None)
        return copy

    with monkeypatch.context() as patched:
        patched.setattr(documents, "BOUNDS", watermark.Bounds(seconds=-1.0))
        with pytest.raises(errors.StampingBusy):
            await bytes_of(means, guest.actor, document.id)
    assert (await service.list_reads(tx, owner.actor, document.id)).items == []
    monkeypatch.setattr(watermark, "at_the_desk", revoked)
    with pytest.raises(NotFound):
        await bytes_of(means, guest.actor, document.id)
    (read,) = (await service.list_reads(tx, owner.actor, document.id)).items
    assert (read.outcome, read.entry_id) == (ReadOutcome.REFUSED, None)
    async with tx.read() as db:
        told = "SELECT count(*) FROM journal_entry WHERE kind = 'disclosure.document_read'"
        assert (await db.execute(text(told))).scalar_one() == 0


async def test_a_question_is_answered_once_for_everyone_and_nobody_learns_who_asked(tx):
    owner, asker, other = await an_organisation(tx), await an_organisation(tx), await an_organisation(tx)
    operator = (await a_market(tx))["operator"].actor
    subject = await a_room(tx, owner.actor)
    question = await service.ask(tx, asker.actor, subject, text="Sample question")
    with pytest.raises(errors.OwnRoom):
        await service.ask(tx, owner.actor, subject, text="Sample question")

    async def seen(reader) -> list[tuple[str, bool]]:
        return [(q.state.value, q.is_mine) for q in (await service.list_questions(tx, reader, subject)).items]

    assert [await seen(r) for r in (asker.actor, owner.actor, operator, other.actor, ANONYMOUS)] == [
        [("ASKED", True)],
        [("ASKED", False)],
        [("ASKED", False)],
        [],
        [],
    ]
    with pytest.raises(NotFound):
        await service.answer(tx, other.actor, question.id, text="Not mine to answer")
    with pytest.raises(NotAllowed):
        await service.answer(tx, asker.actor, question.id, text="Not mine to answer")
    outcomes = await asyncio.gather(
        *[service.answer(tx, owner.actor, question.id, text=f"Answer {n}") for n in range(6)], return_exceptions=True
    )
    assert [type(o) for o in outcomes].count(NotInThisState) == 5
    (shown,) = (await service.list_questions(tx, ANONYMOUS, subject)).items
    assert (shown.state, shown.is_mine) == (QuestionState.ANSWERED, False)
    assert str(asker.actor.org) not in repr(shown)
    assert str(asker.actor.person) not in repr(shown)


async def test_an_organisation_waits_for_answers_before_it_asks_for_ever(tx):
    owner, asker = await an_organisation(tx), await an_organisation(tx)
    subject = await a_room(tx, owner.actor)
    outcomes = await asyncio.gather(
        *[service.ask(tx, asker.actor, subject, text="Sample question") for _ in range(24)], return_exceptions=True
    )
    assert [type(o) for o in outcomes].count(errors.TooManyQuestions) == 4
    assert await rows(tx, "question") == 20


@pytest.mark.parametrize(
    "name, folder, media_type, body, refusal",
    [
        ("../../etc/passwd", "general", "application/pdf", PDF, errors.BadDocumentName),
        ("sample.pdf", "../up", "application/pdf", PDF, errors.BadFolder),
        ("sample.pdf", "general", "application/pdf", b"MZ\x90\x00 a program", WrongFileType),
        ("sample.png", "general", "image/png", PDF, WrongFileType),
        ("sample.html", "general", "text/html", b"<script>", WrongFileType),
        ("sample.pdf", "general", "application/pdf", b"", EmptyFile),
        ("sample.txt", "general", "text/plain", b"sample", errors.NotMarkable),
    ],
)
async def test_a_hostile_upload_is_refused_and_leaves_nothing(
    tx, means, tmp_path, name, folder, media_type, body, refusal
):
    owner = await an_organisation(tx)
    subject = await a_room(tx, owner.actor)
    with pytest.raises(refusal):
        await a_document(means, owner.actor, subject, name=name, folder=folder, media_type=media_type, body=body)
    assert stored(tmp_path) == []
    assert (await rows(tx, "file"), await rows(tx, "document")) == (0, 0)


async def upload(means, owner, subject, chunks):
    return await service.add_document(
        means.tx,
        means.files,
        owner,
        subject,
        folder="general",
        name="sample.pdf",
        tier=Tier.NDA,
        media_type="application/pdf",
        chunks=chunks,
    )


async def test_an_upload_that_breaks_off_leaves_nothing(tx, means, tmp_path):
    owner = await an_organisation(tx)
    subject = await a_room(tx, owner.actor)

    async def broken():
        yield PDF
        yield b"x" * 6_000_000
        raise ConnectionResetError("the sender is gone")

    with pytest.raises(ConnectionResetError):
        await upload(means, owner.actor, subject, broken())

    async def stuck():
        yield PDF + b"x" * 6_000_000
        await asyncio.sleep(60)

    sending = asyncio.create_task(upload(means, owner.actor, subject, stuck()))
    await asyncio.sleep(0.3)
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    assert stored(tmp_path) == []
    assert (await rows(tx, "file"), await rows(tx, "document")) == (0, 0)


async def test_an_upload_without_end_is_cut_at_the_limit_in_flat_memory(tx, means, tmp_path):
    owner = await an_organisation(tx)
    subject = await a_room(tx, owner.actor)
    taken = 0

    async def endless():
        nonlocal taken
        yield PDF
        while True:
            taken += 1 << 20
            yield bytes(1 << 20)

    tracemalloc.start()
    try:
        with pytest.raises(FileTooLarge) as refused:
            await upload(means, owner.actor, subject, endless())
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert refused.value.facts == {"size_max": SIZE_MAX}
    assert taken <= SIZE_MAX + (1 << 20)
    assert peak < 32 * (1 << 20)
    assert stored(tmp_path) == []


async def test_who_may_not_upload_does_not_send_a_byte(tx, means, tmp_path):
    owner, stranger = await an_organisation(tx), await an_organisation(tx)
    clerk = await a_member(tx, owner.actor, Role.FINANCE)
    subject = await a_room(tx, owner.actor)
    asked = False

    async def watched():
        nonlocal asked
        asked = True
        yield PDF

    for actor in (stranger.actor, clerk.actor):
        with pytest.raises(NotAllowed):
            await upload(means, actor, subject, watched())
    assert (asked, stored(tmp_path)) == (False, [])


async def test_the_same_bytes_in_two_rooms_are_one_object_and_two_documents(tx, means, tmp_path):
    one, two = await an_organisation(tx), await an_organisation(tx)
    first = await a_document(means, one.actor, await a_room(tx, one.actor))
    second = await a_document(means, two.actor, await a_room(tx, two.actor), name="other.pdf")
    assert first.sha256 == second.sha256 == hashlib.sha256(PDF).hexdigest()
    assert len(stored(tmp_path)) == 1
    assert await bytes_of(means, two.actor, second.id) == PDF
    with pytest.raises(NotFound):
        await bytes_of(means, two.actor, first.id)


async def test_large_files_arrive_whole(tx, means):
    owner = await an_organisation(tx)
    subject = await a_room(tx, owner.actor)
    body = PDF + bytes(range(256)) * 60_000
    view = await upload(means, owner.actor, subject, chunked(body[i : i + 65_536] for i in range(0, len(body), 65_536)))
    assert (view.size, view.sha256) == (len(body), hashlib.sha256(body).hexdigest())
    assert await bytes_of(means, owner.actor, view.id) == body


async def test_an_inventor_adds_what_lies_under_an_agreement_and_nothing_that_more_may_read(tx, means):
    owner = await an_organisation(tx)
    inventor = (await a_member(tx, owner.actor, Role.INVENTOR)).actor
    subject = await a_room(tx, owner.actor)
    for tier in (Tier.PUBLIC, Tier.REGISTERED):
        with pytest.raises(NotAllowed):
            await a_document(means, inventor, subject, name=f"{tier.name}.pdf", tier=tier)
    made = await a_document(means, inventor, subject, name="secret.pdf", tier=Tier.NDA)
    assert (made.tier, await names(tx, ANONYMOUS, subject)) == (Tier.NDA, set())
