"""Agreements: signed in the flow, opening a tier, ending by the clock, by revocation and by a newer text."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from techmarket.db.session import count_statements
from techmarket.disclosure import errors, service, steps
from techmarket.disclosure.lifecycle import NdaState
from techmarket.disclosure.rules import ReadOutcome
from techmarket.disclosure.service import Guest
from techmarket.disclosure.tiers import Tier
from techmarket.identity.actor import Role
from techmarket.kernel.ids import new_id
from techmarket.kernel.refusals import NotAllowed, NotFound, Refusal
from techmarket.signing.errors import WrongDocument
from tests.disclosure.make import a_document, a_grant, a_paper, a_room
from tests.disclosure.test_service import bytes_of, reach
from tests.identity.make import a_member, an_organisation
from tests.notices.make import a_sandbox, market_now, move_to, shanghai


async def a_text(tx, owner, subject, body="Keep it secret.", *, counter=False, binds_from=None):
    return await service.publish_text(
        tx,
        owner,
        subject,
        text={"title": "Sample agreement", "body": body},
        valid_days=30,
        counter_signature=counter,
        binds_from=binds_from,
    )


async def seen(tx, reader, subject) -> list[object]:
    return [one.id for one in (await service.list_documents(tx, reader.actor, subject)).items]


async def runs(tx, guest, subject) -> bool:
    async with tx.begin() as db:
        try:
            await steps.require_nda(db, guest.org, subject, await market_now(tx))
        except errors.NdaNeeded:
            return False
        return True


async def test_a_signatory_signs_the_newest_text_and_the_tier_opens_until_its_time_is_over(tx, keys):
    await a_sandbox(tx, shanghai(2026, 3, 2, 9))
    owner, guest = await an_organisation(tx), await an_organisation(tx)
    trader = await a_member(tx, guest.actor, Role.TRADER)
    subject = await a_room(tx, owner.actor)
    with pytest.raises(errors.NoNdaText):
        await service.sign(tx, keys, guest.actor, subject, document_sha256="0" * 64)
    text = await a_text(tx, owner.actor, subject)
    for actor, sha, refusal in (
        (trader.actor, text.text_sha256, NotAllowed),
        (guest.actor, "0" * 64, WrongDocument),
        (owner.actor, text.text_sha256, errors.OwnRoom),
    ):
        with pytest.raises(refusal):
            await service.sign(tx, keys, actor, subject, document_sha256=sha)
    assert (await runs(tx, guest.actor, subject), await reach(tx, guest.actor, subject, owner.actor)) == (
        False,
        Tier.REGISTERED,
    )
    signed = await service.sign(tx, keys, guest.actor, subject, document_sha256=text.text_sha256)
    assert (signed.state, signed.is_running) == (NdaState.IN_FORCE, True)
    assert signed.until == signed.signed_at + timedelta(days=30)
    assert signed.promise is not None
    assert (await runs(tx, guest.actor, subject), await reach(tx, guest.actor, subject, owner.actor)) == (
        True,
        Tier.NDA,
    )
    with pytest.raises(errors.NdaRuns):
        await service.sign(tx, keys, guest.actor, subject, document_sha256=text.text_sha256)
    for side, actor in ((True, owner.actor), (False, guest.actor)):
        assert [n.id for n in (await service.list_ndas(tx, actor, as_owner=side, subject=None)).items] == [signed.id]
    await move_to(tx, signed.until)
    assert (await runs(tx, guest.actor, subject), await reach(tx, guest.actor, subject, owner.actor)) == (
        False,
        Tier.REGISTERED,
    )
    again = await service.sign(tx, keys, guest.actor, subject, document_sha256=text.text_sha256)
    assert again.is_running
    with pytest.raises(NotFound):
        await service.revoke_nda(tx, (await an_organisation(tx)).actor, again.id, reason="Not mine")
    with pytest.raises(NotAllowed):
        await service.revoke_nda(tx, guest.actor, again.id, reason="Not mine to end")
    ended = await service.revoke_nda(tx, owner.actor, again.id, reason="Sample reason")
    assert (ended.state, ended.reason, ended.is_running) == (NdaState.REVOKED, "Sample reason", False)
    assert (await runs(tx, guest.actor, subject), await reach(tx, guest.actor, subject, owner.actor)) == (
        False,
        Tier.REGISTERED,
    )


async def test_a_newer_text_is_asked_for_at_once_and_cuts_the_earlier_from_its_day(tx, keys):
    await a_sandbox(tx, shanghai(2026, 3, 2, 9))
    owner, guest = await an_organisation(tx), await an_organisation(tx)
    subject = await a_room(tx, owner.actor)
    first = await a_text(tx, owner.actor, subject)
    await service.sign(tx, keys, guest.actor, subject, document_sha256=first.text_sha256)
    with pytest.raises(errors.NdaTextUnchanged):
        await a_text(tx, owner.actor, subject)
    second = await a_text(tx, owner.actor, subject, "Keep it more secret.")
    assert (second.version, await runs(tx, guest.actor, subject)) == (2, True)
    with pytest.raises(errors.NdaTextPassed):
        await service.bind_text(tx, owner.actor, first.id, binds_from=shanghai(2026, 3, 9))
    await service.bind_text(tx, owner.actor, second.id, binds_from=shanghai(2026, 3, 9))
    with pytest.raises(errors.NdaTextBound):
        await service.bind_text(tx, owner.actor, second.id, binds_from=shanghai(2026, 3, 8))
    await move_to(tx, shanghai(2026, 3, 8, 23))
    assert await reach(tx, guest.actor, subject, owner.actor) is Tier.NDA
    await move_to(tx, shanghai(2026, 3, 9))
    assert (await runs(tx, guest.actor, subject), await reach(tx, guest.actor, subject, owner.actor)) == (
        False,
        Tier.REGISTERED,
    )
    with pytest.raises(WrongDocument):
        await service.sign(tx, keys, guest.actor, subject, document_sha256=first.text_sha256)
    await service.sign(tx, keys, guest.actor, subject, document_sha256=second.text_sha256)
    assert await runs(tx, guest.actor, subject)


async def test_one_text_stands_for_all_rooms_of_its_owner_that_have_none_of_their_own(tx, keys):
    await a_sandbox(tx, shanghai(2026, 3, 2, 9))
    owner, other, guest = [(await an_organisation(tx)).actor for _ in range(3)]
    plain, special, later = [await a_room(tx, owner) for _ in range(3)]
    elsewhere = await a_room(tx, other)
    whole = await a_text(tx, owner, None)
    own = await a_text(tx, owner, special, "Keep this one more secret.")
    for room, text in ((plain, whole), (special, own), (later, whole)):
        assert (await service.find_terms(tx, guest, room))[0].id == text.id
        await service.sign(tx, keys, guest, room, document_sha256=text.text_sha256)
        assert await runs(tx, guest, room)
    assert (await service.find_terms(tx, guest, elsewhere))[0] is None
    with pytest.raises(errors.NoNdaText):
        await service.sign(tx, keys, guest, elsewhere, document_sha256=whole.text_sha256)
    with pytest.raises(errors.NdaTextUnchanged):
        await a_text(tx, owner, None)
    # Each line of texts counts its own versions, and each side sees its own.
    await a_text(tx, owner, later, "One of its own from now on.")
    assert [(one.subject is None, one.version) for one in await service.list_texts(tx, owner)] == [
        (False, 1),
        (False, 1),
        (True, 1),
    ]
    assert await service.list_texts(tx, guest) == []
    # A newer text for all that binds cuts where it stands, and nowhere else.
    newer = await a_text(tx, owner, None, "For all, anew.", binds_from=shanghai(2026, 3, 9))
    assert newer.version == 2
    with pytest.raises(NotFound):
        await service.bind_text(tx, other, whole.id, binds_from=shanghai(2026, 3, 9))
    await move_to(tx, shanghai(2026, 3, 9))
    assert [await runs(tx, guest, room) for room in (plain, special, later)] == [False, True, True]
    await service.sign(tx, keys, guest, plain, document_sha256=newer.text_sha256)
    assert await runs(tx, guest, plain)


async def test_only_an_office_of_the_organisation_publishes_its_text_for_all(tx):
    owner = await an_organisation(tx)
    trader = (await a_member(tx, owner.actor, Role.TRADER)).actor
    with pytest.raises(NotAllowed):
        await a_text(tx, trader, None)
    assert await service.list_texts(tx, owner.actor) == []


async def test_where_the_text_says_so_the_owner_signs_too_or_says_why_not(tx, keys):
    owner, guest = await an_organisation(tx), await an_organisation(tx)
    subject = await a_room(tx, owner.actor)
    text = await a_text(tx, owner.actor, subject, counter=True)
    first = await service.sign(tx, keys, guest.actor, subject, document_sha256=text.text_sha256)
    assert (first.state, await runs(tx, guest.actor, subject)) == (NdaState.SIGNED, False)
    assert (await service.decline(tx, owner.actor, first.id, reason="Sample reason")).state is NdaState.DECLINED
    second = await service.sign(tx, keys, guest.actor, subject, document_sha256=text.text_sha256)
    with pytest.raises(NotAllowed):
        await service.counter_sign(tx, keys, guest.actor, second.id, document_sha256=text.text_sha256)
    await service.counter_sign(tx, keys, owner.actor, second.id, document_sha256=text.text_sha256)
    assert (await runs(tx, guest.actor, subject), await reach(tx, guest.actor, subject, owner.actor)) == (
        True,
        Tier.NDA,
    )


async def test_a_text_that_changes_while_it_is_signed_leaves_no_agreement_to_the_old_one_running(tx, keys):
    owner, guest = await an_organisation(tx), await an_organisation(tx)
    subject = await a_room(tx, owner.actor)
    text = await a_text(tx, owner.actor, subject)
    soon = await market_now(tx) + timedelta(seconds=30)
    newer = a_text(tx, owner.actor, subject, "Keep it more secret.", binds_from=soon)
    outcomes = await asyncio.gather(
        service.sign(tx, keys, guest.actor, subject, document_sha256=text.text_sha256), newer, return_exceptions=True
    )
    assert not isinstance(outcomes[1], BaseException)
    mine = (await service.find_terms(tx, guest.actor, subject))[1]
    if isinstance(outcomes[0], WrongDocument):
        assert mine is None
    else:
        assert mine is not None
        assert mine.until == soon


async def test_a_document_by_name_is_known_to_its_tier_and_open_only_to_whom_it_was_granted(tx, means):
    owner, one, other = [await an_organisation(tx) for _ in range(3)]
    subject = await a_room(tx, owner.actor)
    document = await a_document(means, owner.actor, subject, by_name=True)
    for guest in (one, other):
        await a_grant(tx, guest.actor, subject)
    until = await market_now(tx) + timedelta(days=1)
    with pytest.raises(errors.PaperNeeded):
        await service.grant_document(tx, owner.actor, document.id, Guest(one.actor.org), until=until)
    paper = await a_paper(means, owner.actor, subject)
    grant = await service.grant_document(tx, owner.actor, document.id, Guest(one.actor.org), until=until, paper=paper)
    (mine,) = (await service.list_documents(tx, one.actor, subject)).items
    (theirs,) = (await service.list_documents(tx, other.actor, subject)).items
    assert (mine.is_open, theirs.is_open, theirs.sha256) == (True, False, None)
    await bytes_of(means, one.actor, document.id)
    with pytest.raises(NotFound):
        await bytes_of(means, other.actor, document.id)
    await service.revoke_grant(tx, owner.actor, grant.id)
    with pytest.raises(NotFound):
        await bytes_of(means, one.actor, document.id)
    async with tx.read() as db:
        log = [line async for piece in steps.access_log(db, subject) for line in piece]
    assert [(line.outcome, line.organisation_id) for line in log] == [
        (ReadOutcome.READ, one.actor.org),
        (ReadOutcome.REFUSED, other.actor.org),
        (ReadOutcome.REFUSED, one.actor.org),
    ]
    assert (log[0].is_stamped, log[0].entry_id is None, log[1].entry_id) == (True, False, None)


async def test_a_single_document_under_an_agreement_opens_beside_a_running_one_or_one_on_paper(tx, keys, means):
    owner, guest = await an_organisation(tx), await an_organisation(tx)
    subject = await a_room(tx, owner.actor)
    document = await a_document(means, owner.actor, subject)
    await a_document(means, owner.actor, subject, name="other.pdf")
    until = await market_now(tx) + timedelta(days=1)
    with pytest.raises(errors.PaperNeeded):
        await service.grant_document(tx, owner.actor, document.id, Guest(guest.actor.org), until=until)
    assert await seen(tx, guest, subject) == []
    text = await a_text(tx, owner.actor, subject)
    nda = await service.sign(tx, keys, guest.actor, subject, document_sha256=text.text_sha256)
    await service.grant_document(tx, owner.actor, document.id, Guest(guest.actor.org), until=until)
    await service.revoke_nda(tx, owner.actor, nda.id, reason="Sample reason")
    assert await seen(tx, guest, subject) == []
    with pytest.raises(NotFound):
        await bytes_of(means, guest.actor, document.id)
    paper = await a_paper(means, owner.actor, subject)
    await service.grant_document(tx, owner.actor, document.id, Guest(guest.actor.org), until=until, paper=paper)
    assert await seen(tx, guest, subject) == [document.id]
    await bytes_of(means, guest.actor, document.id)


async def test_a_folder_opens_nothing_below_its_tier_and_what_is_withdrawn_is_gone_for_readers(tx, means):
    owner, guest = await an_organisation(tx), await an_organisation(tx)
    subject = await a_room(tx, owner.actor)
    document = await a_document(means, owner.actor, subject, tier=Tier.PUBLIC)
    await service.set_folder(tx, owner.actor, subject, folder="general", tier=Tier.NDA)
    assert (await service.list_documents(tx, guest.actor, subject)).items == []
    await service.set_folder(tx, owner.actor, subject, folder="general", tier=Tier.PUBLIC)
    await bytes_of(means, guest.actor, document.id)
    await service.withdraw_document(tx, owner.actor, document.id, reason="Sample reason")
    assert (await service.list_documents(tx, guest.actor, subject)).items == []
    with pytest.raises(NotFound):
        await bytes_of(means, guest.actor, document.id)
    assert len((await service.list_documents(tx, owner.actor, subject)).items) == 1


async def test_absent_and_forbidden_are_the_same_queries(tx, means):
    owner, guest = await an_organisation(tx), await an_organisation(tx)
    subject = await a_room(tx, owner.actor)
    document = await a_document(means, owner.actor, subject, tier=Tier.DEAL)
    await a_grant(tx, guest.actor, subject)
    until = await market_now(tx)
    seen = count_statements(tx.engine)
    asked = []
    for wanted in (document.id, new_id()):
        for ask in (
            lambda id: service.read_document(tx, means.files, guest.actor, id),
            lambda id: service.list_reads(tx, guest.actor, id),
            lambda id: service.grant_document(tx, guest.actor, id, Guest(new_id()), until=until),
        ):
            with pytest.raises(NotFound):
                await ask(wanted)
        asked.append(list(seen))
        seen.clear()
    assert asked[0] == asked[1]
    assert len(asked[0]) >= 7


async def test_no_download_is_written_down_after_its_grant_was_revoked(tx, means):
    owner, guest = await an_organisation(tx), await an_organisation(tx)
    subject = await a_room(tx, owner.actor)
    document = await a_document(means, owner.actor, subject)
    until = await market_now(tx) + timedelta(days=1)
    paper = await a_paper(means, owner.actor, subject)
    grant = await service.grant_access(
        tx, owner.actor, subject, Guest(guest.actor.org), tier=Tier.NDA, until=until, paper=paper
    )
    outcomes = await asyncio.gather(
        *[bytes_of(means, guest.actor, document.id) for _ in range(6)],
        service.revoke_grant(tx, owner.actor, grant.id),
        *[bytes_of(means, guest.actor, document.id) for _ in range(6)],
        return_exceptions=True,
    )
    assert all(isinstance(one, Refusal) for one in outcomes if isinstance(one, BaseException))
    async with tx.read() as db:
        log = [line async for piece in steps.access_log(db, subject) for line in piece]
    closed_at = (await service.list_grants(tx, owner.actor, subject)).items[0].closed_at
    assert all(line.at <= closed_at for line in log if line.outcome is ReadOutcome.READ)
