"""What proves a notice: a stranger checks texts, times and places with the log's public key alone."""

from __future__ import annotations

import hashlib
import json

from techmarket.db import journal
from techmarket.db.means import Means
from techmarket.identity.actor import ANONYMOUS
from techmarket.kernel.periods import Length, Unit
from techmarket.notices import service, steps
from techmarket.notices.kinds import Change, NoticeKind, Place
from techmarket.notices.lifecycle import LengtheningCause, ObjectionState, PauseCause
from techmarket.transparency import service as transparency
from techmarket.transparency.offline import proof_holds
from tests.identity.make import a_market, an_organisation
from tests.notices.make import (
    EVIDENCE,
    TEXTS,
    a_notice,
    a_sandbox,
    an_evidence,
    hang,
    market_now,
    move_to,
    shanghai,
)


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


async def test_the_proof_of_a_notice_holds_offline_and_does_not_tell_who_objected(means: Means) -> None:
    tx, keys = means.tx, means.keys
    unit, other = await an_organisation(tx), await an_organisation(tx)
    notice = await a_notice(tx, unit.actor, kind=NoticeKind.PRICE, length=Length(15, Unit.DAYS))
    await hang(tx, unit.actor, notice)
    await service.file_objection(tx, other.actor, notice, grounds="Sample grounds")
    promised = await service.get_proof(tx, keys, ANONYMOUS, notice)
    assert [(one.proof, bool(one.promise)) for one in promised.entries] == [(None, True)] * 4
    async with tx.begin() as db:
        await journal.sequence(db)
    await transparency.make_checkpoint(tx, keys)

    shown = await service.get_proof(tx, keys, ANONYMOUS, notice)
    ((n, sha256, text),) = shown.texts
    assert (n, sha(text), json.loads(text)) == (1, sha256, TEXTS[NoticeKind.PRICE])
    assert [one.kind for one in shown.entries] == [
        "notices.opened",
        "notices.posted",
        "notices.posted",
        "notices.started",
    ]
    for entry, promise in zip(shown.entries, promised.entries, strict=True):
        assert entry.proof is not None
        assert proof_holds(entry.proof, keys.log.public)
        assert promise.promise is not None
        assert promise.promise["row"] == entry.proof["row"]
        assert str(other.actor.org) not in entry.proof["row"]
    rows = [json.loads(one.proof["row"]) for one in shown.entries if one.proof]
    assert rows[0]["facts"]["document_sha256"] == sha256
    assert [row["facts"]["place"] for row in rows[1:3]] == ["MARKET", "UNIT"]
    assert rows[2]["facts"]["evidence_sha256"] == EVIDENCE
    for reader in (unit.actor, (await a_market(tx))["operator"].actor):
        whole = await service.get_proof(tx, keys, reader, notice)
        assert "notices.objection_filed" in [one.kind for one in whole.entries]


async def test_the_evidence_of_a_notice_is_all_of_its_texts_places_pauses_objections_and_entries(means: Means) -> None:
    tx = means.tx
    await a_sandbox(tx, shanghai(2026, 3, 2, 9))
    unit, other = await an_organisation(tx), await an_organisation(tx)
    operator = (await a_market(tx))["operator"].actor
    notice = await a_notice(
        tx,
        unit.actor,
        kind=NoticeKind.ANNOUNCEMENT,
        length=Length(10, Unit.WORKING_DAYS),
        extension=steps.Extension(Length(5, Unit.WORKING_DAYS), 1),
    )
    paper = await an_evidence(tx, other.actor)
    await service.suspend_notice(tx, operator, notice, reasons="Sample dispute")
    await service.resume_notice(tx, operator, notice)
    filed = await service.file_objection(tx, other.actor, notice, grounds="Sample grounds", evidence_sha256=[paper])
    await service.decide_objection(tx, operator, filed.id, upheld=False, reasons="Sample reasons")
    now = await market_now(tx)
    async with tx.begin() as db:
        await steps.extend(db, notice, actor=None, now=now)
        better = TEXTS[NoticeKind.ANNOUNCEMENT] | {"title_en": "Better"}
        await steps.replace(db, notice, better, change=Change.CORRECTION, actor=None, now=now)
    await move_to(tx, shanghai(2026, 3, 24))
    assert await service.clear_due(tx) == 1
    async with tx.read() as db:
        told = await steps.evidence(db, notice)
        logged = [(entry.id, entry.kind) for entry in await journal.read(db) if f"notice:{notice}" in entry.refs]
        assert logged == []  # no position yet: the ids are known at once
    async with tx.begin() as db:
        await journal.sequence(db)
    async with tx.read() as db:
        logged = [(e.id, e.kind) for e in await journal.read(db) if f"notice:{notice}" in e.refs]
    assert list(told.entries) == logged
    assert [kind.removeprefix("notices.") for _, kind in told.entries] == [
        "opened",
        "posted",
        "started",
        "suspended",
        "resumed",
        "objection_filed",
        "objection_acknowledged",
        "objection_decided",
        "extended",
        "corrected",
        "posted",
        "cleared",
    ]
    assert [(v.n, v.document_sha256) for v in told.versions] == [
        (v.n, hashlib.sha256(v.text).hexdigest()) for v in told.versions
    ]
    assert [(p.place, p.version_n) for p in told.postings] == [(Place.MARKET, 1), (Place.MARKET, 2)]
    assert [(p.cause, p.reasons) for p in told.pauses] == [
        (PauseCause.SUSPENSION, "Sample dispute"),
        (PauseCause.OBJECTION, None),
    ]
    assert [(m.cause, m.n) for m in told.lengthenings] == [(LengtheningCause.EXTENSION, 5)]
    ((objection),) = told.objections
    assert (objection.state, objection.by_org_id, objection.evidence) == (
        ObjectionState.DISMISSED,
        other.actor.org,
        (EVIDENCE,),
    )
    # 3-6, 9-13, 16 March are ten, 17-20 and 23 March the five of the extension.
    assert (told.ends_at, told.ended_at) == (shanghai(2026, 3, 24), shanghai(2026, 3, 24))
