"""Asking for access: granted in whole or in part, refused, withdrawn, lapsed; to people, of folders."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from techmarket.disclosure import errors, service
from techmarket.disclosure.lifecycle import RequestState
from techmarket.disclosure.service import Guest, Wanted
from techmarket.disclosure.tiers import Tier
from techmarket.identity.actor import Role
from techmarket.identity.permissions import NotVerified
from techmarket.kernel.ids import new_id
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.kernel.refusals import NotAllowed, NotFound
from tests.disclosure.make import a_document, a_paper, a_room
from tests.disclosure.test_ndas import a_text
from tests.disclosure.test_service import bytes_of, names, reach, rows
from tests.identity.make import a_member, an_organisation
from tests.notices.make import a_sandbox, market_now, move_to, shanghai

WHOLE = Wanted(Tier.NDA)
WHY = "Sample purpose"


async def asked(tx, guest, subject, wanted=WHOLE, until=None):
    until = until or await market_now(tx) + timedelta(days=30)
    return await service.ask_access(tx, guest.actor, subject, wanted, purpose=WHY, until=until)


async def test_an_owner_opens_what_was_asked_until_his_own_time_and_it_ends_by_itself(tx, means):
    await a_sandbox(tx, shanghai(2026, 3, 2, 9))
    owner, guest = await an_organisation(tx), await an_organisation(tx)
    subject = await a_room(tx, owner.actor)
    request = await asked(tx, guest, subject, until=shanghai(2026, 4, 1))
    assert (request.state, request.tier, request.purpose) == (RequestState.ASKED, Tier.NDA, WHY)
    end = shanghai(2026, 3, 10)
    with pytest.raises(errors.PaperNeeded):
        await service.grant_request(tx, owner.actor, request.id, until=end)
    assert await rows(tx, "disclosure_grant") == 0
    paper = await a_paper(means, owner.actor, subject)
    granted = await service.grant_request(tx, owner.actor, request.id, until=end, paper=paper)
    assert (granted.state, granted.granted_until) == (RequestState.GRANTED, end)
    assert await reach(tx, guest.actor, subject, owner.actor) is Tier.NDA
    assert (await service.get_request(tx, guest.actor, request.id)).state is RequestState.GRANTED
    with pytest.raises(errors.AccessOpen):
        await asked(tx, guest, subject, until=shanghai(2026, 4, 1))
    await move_to(tx, end)
    assert await reach(tx, guest.actor, subject, owner.actor) is Tier.REGISTERED
    (grant,) = (await service.list_grants(tx, owner.actor, subject)).items
    assert grant.basis == f"paper:{paper.document_id}"


async def test_a_request_names_what_its_asker_knows_and_one_waits_at_a_time(tx, means):
    owner, guest, fresh = (
        await an_organisation(tx),
        await an_organisation(tx),
        await an_organisation(tx, verified=False),
    )
    subject, other = await a_room(tx, owner.actor), await a_room(tx, owner.actor)
    hidden = await a_room(tx, owner.actor, is_public=False)
    secret = await a_document(means, owner.actor, subject, folder="secrets", tier=Tier.DEAL)
    await a_document(means, owner.actor, subject, folder="open", tier=Tier.PUBLIC)
    elsewhere = await a_document(means, owner.actor, other, tier=Tier.PUBLIC)
    now = await market_now(tx)
    until = now + timedelta(days=1)
    for who, room, wanted, when, refusal in (
        (owner, subject, WHOLE, until, errors.OwnRoom),
        (fresh, subject, WHOLE, until, NotVerified),
        (guest, hidden, WHOLE, until, NotFound),
        (guest, subject, WHOLE, now, errors.GrantInThePast),
        (guest, subject, Wanted(), until, errors.NothingAskedFor),
        (guest, subject, Wanted(Tier.DEAL), until, errors.TierNotGranted),
        (guest, subject, Wanted(document_ids=(secret.id,)), until, NotFound),
        (guest, subject, Wanted(document_ids=(elsewhere.id,)), until, NotFound),
        (guest, subject, Wanted(document_ids=(new_id(),)), until, NotFound),
        (guest, subject, Wanted(folders=("secrets",)), until, NotFound),
        (guest, subject, Wanted(folders=("open", "nosuch")), until, NotFound),
    ):
        with pytest.raises(refusal):
            await asked(tx, who, room, wanted, when)
    assert await rows(tx, "access_request") == 0
    outcomes = await asyncio.gather(*[asked(tx, guest, subject) for _ in range(6)], return_exceptions=True)
    assert [type(o) for o in outcomes].count(errors.RequestWaits) == 5
    assert await rows(tx, "access_request") == 1
    (mine,) = (await service.list_requests(tx, guest.actor, as_owner=False)).items
    (theirs,) = (await service.list_requests(tx, owner.actor, as_owner=True)).items
    assert mine == theirs
    assert (await service.list_requests(tx, fresh.actor, as_owner=False)).items == []
    with pytest.raises(NotFound):
        await service.get_request(tx, fresh.actor, mine.id)
    await service.withdraw_request(tx, guest.actor, mine.id)
    assert (await asked(tx, guest, subject, Wanted(folders=("open",)))).folders == ("open",)


async def test_where_a_room_has_an_agreement_it_is_signed_first_and_that_opens_the_tier(tx, keys, means):
    owner, guest = await an_organisation(tx), await an_organisation(tx)
    subject = await a_room(tx, owner.actor)
    document = await a_document(means, owner.actor, subject, by_name=True)
    text = await a_text(tx, owner.actor, subject)
    with pytest.raises(errors.NdaNeeded):
        await asked(tx, guest, subject)
    await service.sign(tx, keys, guest.actor, subject, document_sha256=text.text_sha256)
    request = await asked(tx, guest, subject, Wanted(document_ids=(document.id,)))
    with pytest.raises(NotFound):
        await bytes_of(means, guest.actor, document.id)
    await service.grant_request(tx, owner.actor, request.id, until=request.until)
    await bytes_of(means, guest.actor, document.id)


async def test_an_owner_says_no_with_a_reason_and_a_request_that_waited_too_long_lapses(tx):
    await a_sandbox(tx, shanghai(2026, 3, 2, 9))
    owner, guest = await an_organisation(tx), await an_organisation(tx)
    subject = await a_room(tx, owner.actor)
    first = await asked(tx, guest, subject, until=shanghai(2026, 3, 10))
    for who, act in (
        (guest, service.refuse_request(tx, guest.actor, first.id, reason="Not mine")),
        (guest, service.grant_request(tx, guest.actor, first.id, until=first.until)),
        (owner, service.withdraw_request(tx, owner.actor, first.id)),
    ):
        with pytest.raises(NotAllowed):
            await act
        assert (await service.get_request(tx, who.actor, first.id)).state is RequestState.ASKED
    stranger = await an_organisation(tx)
    with pytest.raises(NotFound):
        await service.refuse_request(tx, stranger.actor, first.id, reason="Not mine")
    trader = await a_member(tx, owner.actor, Role.TRADER)
    with pytest.raises(NotAllowed):
        await service.refuse_request(tx, trader.actor, first.id, reason="Not his office")
    refused = await service.refuse_request(tx, owner.actor, first.id, reason="Sample reason")
    assert (refused.state, refused.reason) == (RequestState.REFUSED, "Sample reason")
    second = await asked(tx, guest, subject, until=shanghai(2026, 3, 10))
    await move_to(tx, shanghai(2026, 3, 10))
    assert (await service.get_request(tx, guest.actor, second.id)).state is RequestState.LAPSED
    for late in (
        service.refuse_request(tx, owner.actor, second.id, reason="Late"),
        service.withdraw_request(tx, guest.actor, second.id),
        service.grant_request(tx, owner.actor, second.id, until=shanghai(2026, 4, 1)),
    ):
        with pytest.raises(errors.RequestLapsed):
            await late
    third = await asked(tx, guest, subject, until=shanghai(2026, 3, 20))
    states = [one.state for one in (await service.list_requests(tx, guest.actor, as_owner=False)).items]
    assert (third.state, states) == (
        RequestState.ASKED,
        [RequestState.ASKED, RequestState.LAPSED, RequestState.REFUSED],
    )


async def test_of_two_grants_and_a_withdrawal_at_once_one_counts(tx, means):
    owner, guest = await an_organisation(tx), await an_organisation(tx)
    subject = await a_room(tx, owner.actor)
    paper = await a_paper(means, owner.actor, subject)
    for _ in range(3):
        request = await asked(tx, guest, subject)
        outcomes = await asyncio.gather(
            *[service.grant_request(tx, owner.actor, request.id, until=request.until, paper=paper) for _ in range(3)],
            service.withdraw_request(tx, guest.actor, request.id),
            return_exceptions=True,
        )
        assert sorted(type(o).__name__ for o in outcomes) == ["NotInThisState"] * 3 + ["RequestView"]
        grants = (await service.list_grants(tx, owner.actor, subject)).items
        is_open = [grant for grant in grants if grant.state.value == "OPEN"]
        now = await service.get_request(tx, guest.actor, request.id)
        assert len(is_open) == (1 if now.state is RequestState.GRANTED else 0)
        for grant in is_open:
            await service.revoke_grant(tx, owner.actor, grant.id)
    with pytest.raises(NotInThisState):
        await service.withdraw_request(tx, guest.actor, request.id)


async def test_a_grant_to_a_person_opens_nothing_to_the_rest_of_his_organisation(tx, means):
    owner, guest = await an_organisation(tx), await an_organisation(tx)
    colleague = await a_member(tx, guest.actor, Role.INVENTOR)
    subject = await a_room(tx, owner.actor)
    document = await a_document(means, owner.actor, subject, tier=Tier.REGISTERED, by_name=True)
    request = await asked(tx, guest, subject, Wanted(document_ids=(document.id,)))
    await service.grant_request(tx, owner.actor, request.id, until=request.until, only_asker=True)
    await bytes_of(means, guest.actor, document.id)
    with pytest.raises(NotFound):
        await bytes_of(means, colleague.actor, document.id)
    for one in (colleague, guest):
        await service.grant_document(
            tx, owner.actor, document.id, Guest(one.actor.org, one.actor.person), until=request.until
        )
    await bytes_of(means, colleague.actor, document.id)
    states = [grant.state.value for grant in (await service.list_grants(tx, owner.actor, subject)).items]
    assert states == ["OPEN", "OPEN", "CLOSED"]


async def test_a_folder_opens_alone_with_what_comes_later_but_not_what_is_opened_by_name(tx, means):
    owner, guest = await an_organisation(tx), await an_organisation(tx)
    subject = await a_room(tx, owner.actor, is_public=False)
    facts = {"tier": Tier.REGISTERED, "folder": "reports"}
    await a_document(means, owner.actor, subject, name="a.pdf", **facts)
    named = await a_document(means, owner.actor, subject, name="named.pdf", by_name=True, **facts)
    await a_document(means, owner.actor, subject, name="secret.pdf", tier=Tier.NDA, folder="reports")
    await a_document(means, owner.actor, subject, name="other.pdf", tier=Tier.PUBLIC)
    until = await market_now(tx) + timedelta(days=1)
    with pytest.raises(errors.NoSuchFolder):
        await service.grant_folder(tx, owner.actor, subject, Guest(guest.actor.org), folder="none", until=until)
    grant = await service.grant_folder(tx, owner.actor, subject, Guest(guest.actor.org), folder="reports", until=until)
    later = await a_document(means, owner.actor, subject, name="later.pdf", **facts)
    assert await names(tx, guest.actor, subject) == {"a.pdf", "named.pdf", "later.pdf"}
    await bytes_of(means, guest.actor, later.id)
    with pytest.raises(NotFound):
        await bytes_of(means, guest.actor, named.id)
    paper = await a_paper(means, owner.actor, subject)
    await service.grant_folder(
        tx, owner.actor, subject, Guest(guest.actor.org), folder="reports", until=until, paper=paper
    )
    assert await names(tx, guest.actor, subject) == {"a.pdf", "named.pdf", "later.pdf", "secret.pdf"}
    await service.set_folder(tx, owner.actor, subject, folder="reports", tier=Tier.DEAL)
    with pytest.raises(NotFound):
        await bytes_of(means, guest.actor, later.id)
    with pytest.raises(errors.TierNotGranted):
        await service.grant_folder(tx, owner.actor, subject, Guest(guest.actor.org), folder="reports", until=until)
    await service.revoke_grant(tx, owner.actor, grant.id)
