"""What people do in signing: read how far it has come. They sign in the room where the signature has its effect."""

from __future__ import annotations

from uuid import UUID

from techmarket.db.session import Tx
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.kernel.refusals import NotFound
from techmarket.signing import policy, repository
from techmarket.signing.steps import signature_view
from techmarket.signing.views import SignatoryView, SigningView


async def get_signing(tx: Tx, actor: Actor, signing_id: UUID) -> SigningView:
    """Who has signed and who is next; for the signatories' organisations and the market, for others it is not there."""
    async with tx.read() as db:
        signing = await repository.get_signing(db, signing_id)
        signatories = await repository.list_signatories(db, signing_id)
        parties = {row.org_id for row in signatories}
        if not actor.is_market and actor.org_id not in parties:
            raise NotFound()
        require(actor, policy.SEE, parties=parties)
        done = {row.position: signature_view(row) for row in await repository.list_signatures(db, signing_id)}
        return SigningView(
            signing.id,
            signing.document_sha256,
            signing.purpose,
            signing.subject,
            signing.in_order,
            signing.state,
            tuple(
                SignatoryView(row.position, row.org_id, row.person_id, row.role, done.get(row.position))
                for row in signatories
            ),
        )
