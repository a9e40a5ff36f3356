"""Papering: the contract as a file, signed on the file itself by a party's own certificate, and given back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.contracts import errors, paper, policy, repository
from techmarket.contracts.lifecycle import ContractState
from techmarket.contracts.service.authorising import Proofs
from techmarket.contracts.service.reading import all_orgs, known_parties
from techmarket.contracts.service.signing import sign
from techmarket.contracts.tables import Contract, ContractVersion
from techmarket.contracts.views import ContractView, PaperView
from techmarket.db import clock, files, texts
from techmarket.db.files import Files
from techmarket.db.keys import Keys
from techmarket.db.session import Tx
from techmarket.identity import steps as identity
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.notices import steps as notices
from techmarket.signing import steps as signing

PDF = "application/pdf"


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What has to be drawn, as one read found it."""

    n: int
    sha256: str
    document: dict[str, Any]
    signatories: list[tuple[str, str]]
    kept: str | None
    signed: str | None
    is_draft: bool


async def get_paper(tx: Tx, kept: Files, actor: Actor, contract_id: UUID) -> tuple[PaperView, AsyncIterator[bytes]]:
    """The contract as a PDF: a draft is drawn anew each time; once called to signature the file is one and the same,
    and each party that signs it adds to it."""
    async with tx.read() as db:
        contract = await repository.get_contract(db, contract_id)
        await known_parties(db, actor, contract)
        wanted = await _wanted(db, contract)
    if wanted.is_draft:
        drawn = await asyncio.to_thread(_drawn, wanted)
        return PaperView(wanted.sha256, len(drawn), False), once(drawn)
    sha256 = wanted.signed or wanted.kept or await _keep(tx, kept, contract_id, wanted)
    async with tx.read() as db:
        found = await files.find(db, sha256)
    assert found is not None
    return PaperView(sha256, found[0], wanted.signed is not None), kept.open(sha256)


async def sign_paper(
    tx: Tx, kept: Files, keys: Keys | None, actor: Actor, contract_id: UUID, *, paper_sha256: str
) -> ContractView:
    """A party gives the file back with its own signature on it (PAdES), uploaded as evidence before.

    The file is looked at outside the transaction; the order of signing is judged inside, as for any signature.
    """
    async with tx.read() as db:
        contract = await repository.get_contract(db, contract_id)
        await known_parties(db, actor, contract)
        require(actor, policy.SIGN, parties=await all_orgs(db, contract))
        wanted = await _wanted(db, contract)
        if wanted.is_draft or contract.state is not ContractState.SIGNING:
            raise errors.NotSignedYet()
        await notices.require_evidence_there(db, actor.org, paper_sha256, pointer="/body/paper_sha256")
        version = await repository.get_version(db, contract.id, contract.current_n)
        assert version.signing_id is not None
        places = await signing.places_of(db, version.signing_id)
        position = next(n for n, (_, org) in enumerate(places, start=1) if org == actor.org)
    base = wanted.signed or wanted.kept
    if base is None:
        raise errors.PaperNotValid(check="not_this_text", pointer="/body/paper_sha256")
    with await kept.fetch(paper_sha256) as given, await kept.fetch(base) as known:
        raw, drawn = given.read(paper.SIZE_MAX + 1), known.read()
    try:
        put = await asyncio.to_thread(paper.check_signed, raw, drawn, field=paper.field_of(position))
    except paper.NotThePaper as refused:
        raise errors.PaperNotValid(check=str(refused), pointer="/body/paper_sha256") from None
    proofs = Proofs(signing.PADES, paper_sha256, put.as_row(), base_sha256=base)
    return await sign(tx, actor, contract_id, document_sha256=wanted.sha256, keys=keys, proofs=proofs)


async def _wanted(db: AsyncSession, contract: Contract) -> _Wanted:
    version: ContractVersion = await repository.get_version(db, contract.id, contract.current_n)
    document = await texts.get(db, version.sha256)
    signatories: list[tuple[str, str]] = []
    signed = drawn = None
    if version.signing_id is not None:
        places = await signing.places_of(db, version.signing_id)
        named = await identity.get_organisations(db, [org for _, org in places])
        signatories = [(role, named[org].name) for role, org in places]
        signed = await repository.newest_signed_paper(db, version.signing_id)
        drawn = await repository.find_paper(db, contract.id, version.n)
    return _Wanted(
        version.n,
        version.sha256,
        document,
        signatories,
        None if drawn is None else drawn.sha256,
        signed,
        version.signing_id is None,
    )


def _drawn(wanted: _Wanted) -> bytes:
    drawn = paper.draw(wanted.document, sha256=wanted.sha256, signatories=wanted.signatories, is_draft=wanted.is_draft)
    assert isinstance(drawn, bytes)
    return drawn


async def _keep(tx: Tx, kept: Files, contract_id: UUID, wanted: _Wanted) -> str:
    """Of several who ask at once, the first one's file is everybody's."""
    drawn = await asyncio.to_thread(_drawn, wanted)
    sha256, size = await kept.receive(once(drawn), media_type=PDF)
    async with tx.begin() as db:
        await files.keep(db, sha256=sha256, size=size, media_type=PDF)
        await repository.keep_paper(db, contract_id, wanted.n, sha256, await clock.market_now(db))
        found = await repository.find_paper(db, contract_id, wanted.n)
        assert found is not None
        return found.sha256


async def once(raw: bytes) -> AsyncIterator[bytes]:
    yield raw
