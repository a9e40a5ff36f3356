"""Evidence that was uploaded and that nothing ever names goes; whatever rests on a file keeps it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import date

import pytest
from sqlalchemy import text

from techmarket.achievements import service as achievements
from techmarket.achievements.evaluations import EvaluationDraft, Finding, Value
from techmarket.db import files
from techmarket.db.means import Means
from techmarket.db.session import Tx
from techmarket.identity.actor import Actor
from techmarket.notices import errors, service
from techmarket.notices.kinds import NoticeKind
from tests.achievements.make import an_achievement
from tests.disclosure.make import a_document, a_room
from tests.identity.make import an_organisation
from tests.notices.make import a_notice, an_evidence

NAMED, LEFT, SHARED, HASHED = (letter * 64 for letter in "abcd")


async def age(tx: Tx) -> None:
    """Everything was kept eight days ago."""
    async with tx.begin() as db:
        await db.execute(text("UPDATE evidence SET kept_at = kept_at - interval '8 days'"))


async def kept(tx: Tx) -> tuple[set[tuple[str, str]], set[str]]:
    async with tx.read() as db:
        evidence = await db.execute(text("SELECT org_id::text, sha256 FROM evidence"))
        rows = await db.execute(text("SELECT sha256 FROM file"))
        return {(org, sha) for org, sha in evidence}, set(rows.scalars())


@pytest.fixture
async def unit(tx: Tx) -> Actor:
    return (await an_organisation(tx)).actor


async def test_what_nothing_names_for_a_week_goes_and_what_anything_holds_stays(means: Means, unit: Actor) -> None:
    tx, other = means.tx, (await an_organisation(means.tx)).actor
    for one in (NAMED, LEFT, SHARED, HASHED):
        await an_evidence(tx, unit, one)
    await an_evidence(tx, other, SHARED)
    notice = await a_notice(tx, unit, kind=NoticeKind.PRICE)
    await service.confirm_posting(tx, unit, notice, evidence_sha256=NAMED)
    of_others = await a_notice(tx, other, kind=NoticeKind.PRICE)
    await service.confirm_posting(tx, other, of_others, evidence_sha256=SHARED)
    # A hash alone may be given here; the file behind it is kept all the same.
    finding = (Finding(Value.SOCIAL, statement="Sample"),)
    view = await an_achievement(tx, unit)
    draft = EvaluationDraft("Sample institute", "panel", date(2026, 1, 5), HASHED, finding)
    await achievements.record_evaluation(tx, unit, view.id, draft)
    assert await service.sweep_evidence(tx) == 0  # a week is not over
    await age(tx)
    assert await service.sweep_evidence(tx) == 2
    evidence, rows = await kept(tx)
    assert evidence == {(str(unit.org), NAMED), (str(unit.org), HASHED), (str(other.org), SHARED)}
    assert rows == {NAMED, SHARED, HASHED}
    with pytest.raises(errors.EvidenceMissing):
        await service.confirm_posting(tx, unit, await a_notice(tx, unit), evidence_sha256=LEFT)
    # Uploaded anew it is evidence anew.
    await an_evidence(tx, unit, LEFT)
    assert await service.sweep_evidence(tx) == 0


async def test_a_file_that_a_data_room_holds_too_keeps_its_bytes(means: Means, unit: Actor) -> None:
    room = await a_room(means.tx, unit)
    document = await a_document(means, unit, room)
    await an_evidence(means.tx, unit, document.sha256)
    await age(means.tx)
    assert await service.sweep_evidence(means.tx) == 1
    assert document.sha256 in (await kept(means.tx))[1]


async def test_naming_and_sweeping_at_once_end_in_evidence_that_is_there_or_a_refusal(
    means: Means, unit: Actor
) -> None:
    tx = means.tx
    for round_ in range(4):
        sha = f"{round_:064x}"
        await an_evidence(tx, unit, sha)
        await age(tx)
        notice = await a_notice(tx, unit, kind=NoticeKind.PRICE)
        named, _, again = await asyncio.gather(
            service.confirm_posting(tx, unit, notice, evidence_sha256=sha),
            service.sweep_evidence(tx),
            an_evidence(tx, unit, sha),  # uploaded once more at that very moment
            return_exceptions=True,
        )
        assert again == sha
        is_kept = (str(unit.org), sha) in (await kept(tx))[0]
        if isinstance(named, errors.EvidenceMissing):
            assert (await service.get_notice(tx, unit, notice)).line.state == "PREPARED"
        else:
            assert not isinstance(named, BaseException)
            assert is_kept
        assert ((str(unit.org), sha) in (await kept(tx))[0]) <= (sha in (await kept(tx))[1])


async def test_the_bytes_of_what_was_swept_follow(means: Means, unit: Actor) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"%PDF-1.4\n% sample\n%%EOF\n"

    view = await service.upload_evidence(means.tx, means.files, unit, media_type="application/pdf", chunks=chunks())
    await age(means.tx)
    await service.sweep_evidence(means.tx)
    async with means.tx.read() as db:
        assert await files.find(db, view.sha256) is None
