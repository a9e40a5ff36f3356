"""What is read and proven offline: the public file of a project by anyone, a consent by those concerned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.achievements import steps as achievements
from techmarket.db.keys import Keys
from techmarket.db.session import Tx
from techmarket.dossiers import errors, filing, policy, repository, rules
from techmarket.dossiers.views import ConsentProofView, FiledEntry, FileProofView, FileView, Told
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.kernel.refusals import wire
from techmarket.notices.views import EntryProofView
from techmarket.trading.views import TradeView
from techmarket.transparency import steps as transparency


async def get_file(tx: Tx, actor: Actor, trade_id: UUID) -> FileView:
    """The public file of a project with its stage, cut to the reader."""
    require(actor, policy.READ_FILE)
    async with tx.read() as db:
        view, told = await filing.file_of(db, actor, trade_id)
        whole = {row.id for row in await _shown_whole(db, view.trade, told)}
    entries = tuple(FiledEntry(row.at, row.kind, row.position, row.id if row.id in whole else None) for row in told)
    return replace(view, entries=entries)


async def get_file_proof(tx: Tx, keys: Keys, actor: Actor, trade_id: UUID) -> FileProofView:
    """What proves the file offline: its texts, and the entries whose rows may be shown to everyone."""
    require(actor, policy.READ_FILE)
    async with tx.read() as db:
        view, told = await filing.file_of(db, actor, trade_id)
        rows = await _shown_whole(db, view.trade, told)
        entries = await _proven(db, keys, rows)
        named = {value for row in rows for value in row.facts.values() if isinstance(value, str) and len(value) == 64}
        stood = {version.document_sha256 for filed in view.notices for version in filed.versions}
        texts = await repository.texts_of(db, named & (stood | {view.trade.terms_sha256}))
    return FileProofView(trade_id, tuple((sha, body.decode()) for sha, body in sorted(texts.items())), tuple(entries))


async def get_consent_proof(tx: Tx, keys: Keys, actor: Actor, consent_id: UUID) -> ConsentProofView:
    """A consent given out whole: the text, who was asked, who signed it when, whether it was taken back, all proven.

    That a sale rests on it is that sale's business.
    """
    async with tx.read() as db:
        signing_id, document_sha256 = await achievements.consent_document(db, actor, consent_id)
        if signing_id is None or document_sha256 is None:
            raise errors.GivenWithoutText()
        about = {f"consent:{consent_id}", f"signing:{signing_id}"}
        texts = await repository.texts_of(db, [document_sha256])
        entries = await _proven(db, keys, await repository.told_about(db, about, rules.OF_A_CONSENT))
    return ConsentProofView(consent_id, tuple((sha, body.decode()) for sha, body in texts.items()), tuple(entries))


async def _proven(db: AsyncSession, keys: Keys, rows: Sequence[Told]) -> list[EntryProofView]:
    """Each entry with its proof under the newest checkpoint, or the market's promise while that does not cover it."""
    proofs = await transparency.proofs_for(db, [row.id for row in rows])
    proven = {}
    if proofs is not None:
        newest = proofs.checkpoint
        for one in proofs.entries:
            plain = {**asdict(one), "log_id": newest.log_id, "checkpoint": newest.note, "kid": newest.kid}
            proven[one.entry_id] = {name: wire(value) for name, value in plain.items()}
    return [
        EntryProofView(
            row.id,
            row.kind,
            proven.get(row.id),
            None if row.id in proven else await transparency.promise(db, keys, row.id),
        )
        for row in rows
    ]


async def _shown_whole(db: AsyncSession, trade: TradeView, told: list[Told]) -> list[Told]:
    publishers = await filing.publishers_of(db, trade)
    return [
        row for row in told if rules.is_shown_whole(row.kind, row.org, publishers, names_a_person=row.names_a_person)
    ]
