"""Who may do what, as one readable table: each operation names its standing, its roles and the scope of the key.

A room's `policy.py` declares its operations with `permission(...)` and asks `require(...)`. The whole table is
rendered to `docs/permissions.md`; one test walks every role and standing for every operation against that page.
Whether a reader may know of a thing at all is not decided here but at the door that loads it: what may not be known
is not found.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from techmarket.identity.actor import Actor, Role, Scope
from techmarket.kernel.refusals import Kind, NotAllowed, Refusal


class Standing(StrEnum):
    """How the acting organisation must stand to the thing."""

    ANYONE = "ANYONE"  # also without a key
    SIGNED_IN = "SIGNED_IN"
    VERIFIED = "VERIFIED"  # an organisation that an operator verified
    OWN = "OWN"  # the organisation (or person) the thing belongs to, or one of its parties
    MARKET = "MARKET"  # the market's own staff
    MARKET_OR_OWN = "MARKET_OR_OWN"
    MARKET_OR_NODE = "MARKET_OR_NODE"  # the market's own staff, or an operator of the node that the thing is of
    OUTSIDER = "OUTSIDER"  # anyone of the market or an authority who belongs to none of the parties


class SignInNeeded(Refusal):
    code, kind = "identity.sign_in_needed", Kind.UNAUTHENTICATED
    zh = "请在 Authorization 请求头中提供接口密钥：Bearer tmk_…"
    en = "Give an API key in the Authorization header: Bearer tmk_…"


class NotVerified(Refusal):
    code, kind = "identity.organisation_not_verified", Kind.NOT_ALLOWED
    zh = "您的组织尚未通过市场核验；核验后即可执行此操作。"
    en = "Your organisation has not been verified by the market yet; after that you may do this."


class ScopeMissing(Refusal):
    code, kind = "identity.scope_missing", Kind.NOT_ALLOWED
    zh = "此密钥没有 {needs} 权限范围。"
    en = "This key lacks the scope {needs}."


class SecondFactorNeeded(Refusal):
    """Whoever holds only a key, or signed in long ago, is not enough for an act with consequences."""

    code, kind = "identity.second_factor_needed", Kind.NOT_ALLOWED
    zh = "您的组织要求：此类操作须由本人登录并在近期通过双因素验证（PUT /v1/me/session/second-factor）。"
    en = "Your organisation asks for a second factor here: sign in and confirm by PUT /v1/me/session/second-factor."


class InPersonOnly(Refusal):
    """Where two pairs of eyes are asked for, a deputy would be one hand with whoever appointed him."""

    code, kind = "identity.in_person_only", Kind.NOT_ALLOWED
    zh = "此操作须由本人办理，不能由代理人代办。"
    en = "This is done in person; a deputy does not do."


class ColleagueNeeded(Refusal):
    """His organisation has decided so (`PUT /v1/organisations/{id}/by-two`)."""

    code, kind = "identity.colleague_needed", Kind.NOT_ALLOWED
    zh = (
        "您的组织要求此操作（{operation}）须由另一名同事事先同意：请先提交（POST /v1/organisations/…/intended-acts），"
        "同意后带 Agreed-Act 请求头原样执行。"
    )
    en = (
        "Your organisation asks for a colleague's agreement to this ({operation}): say first what you intend "
        "(POST /v1/organisations/…/intended-acts), then do exactly that with the header Agreed-Act."
    )


TAKEN_AWAY = frozenset(
    {
        "identity.end_membership",
        "identity.revoke_client",
        "identity.revoke_deputy",
        "identity.revoke_key",
        "identity.withdraw_invitation",
    }
)
"""What may be done under an elevation. Whoever could give a key, an office or a password by it could give them to
himself, and would keep them when its hour is over."""


class ElevationDoesNotReach(Refusal):
    """Sealed quotes, bids, money, signatures and certificates are out of reach of everybody's elevation."""

    code, kind = "identity.elevation_does_not_reach", Kind.NOT_ALLOWED
    zh = "紧急授权不及于此：只能查阅该组织的资料，并撤销其密钥、程序、代理、邀请或成员资格；不得授予任何权限。"
    en = (
        "An elevation does not reach this: it lets read, and revoke keys, programs, deputies, invitations and "
        "memberships of the organisation; it hands out nothing."
    )


@dataclass(frozen=True, slots=True)
class Permission:
    operation: str
    standing: Standing
    roles: frozenset[Role]
    scope: Scope
    consequential: bool = False
    in_person: bool = False

    def sentence(self) -> str:
        roles = " / ".join(sorted(self.roles)) if self.roles else "any role"
        return f"{self.standing} · {roles}"


PERMISSIONS: dict[str, Permission] = {}


def permission(
    operation: str,
    standing: Standing,
    *roles: Role,
    scope: Scope = Scope.WRITE,
    consequential: bool = False,
    in_person: bool = False,
) -> Permission:
    """Declare an operation, once, at import of a room's policy. No roles means any member.

    A consequential act is one that binds, releases money or hands out power: an organisation may ask its people for a
    second factor there. One that is done in person is not done by a deputy.
    """
    if operation in PERMISSIONS:
        raise ValueError(f"the operation {operation} is declared twice")
    PERMISSIONS[operation] = Permission(operation, standing, frozenset(roles), scope, consequential, in_person)
    return PERMISSIONS[operation]


def allows(
    actor: Actor, wanted: Permission, *, parties: Collection[UUID | None] = (), node: UUID | None = None
) -> bool:
    """Whether this actor may do it to a thing of these parties (organisations or people) and of this node."""
    try:
        require(actor, wanted, parties=parties, node=node)
    except Refusal:
        return False
    return True


def require(
    actor: Actor, wanted: Permission, *, parties: Collection[UUID | None] = (), node: UUID | None = None
) -> None:
    """Refuse unless the actor's key, standing and role fit. `parties` are the ids of whom the thing belongs to, `node`
    is the node that it is of; this is the one place where an operator of a node is held to his own."""
    if wanted.scope not in actor.scopes:
        if actor.is_anonymous:
            raise SignInNeeded()
        raise ScopeMissing(needs=wanted.scope)
    if wanted.standing is Standing.ANYONE and actor.elevation_id is None:
        return
    if actor.is_anonymous:
        raise SignInNeeded()
    if not _stands(actor, wanted.standing, parties, node):
        raise NotAllowed(needs=wanted.sentence(), operation=wanted.operation)
    if wanted.roles and not wanted.roles & actor.roles:
        raise NotAllowed(needs=wanted.sentence(), operation=wanted.operation)
    if wanted.standing in (Standing.VERIFIED, Standing.OWN) and not actor.org_verified:
        raise NotVerified()
    if wanted.in_person and actor.stands_in_for is not None:
        raise InPersonOnly()
    # By its elevation somebody of the market reads, and takes away what is in wrong hands; he hands out nothing.
    if actor.elevation_id is not None and wanted.scope is not Scope.READ and wanted.operation not in TAKEN_AWAY:
        raise ElevationDoesNotReach()
    if wanted.operation in actor.by_two:
        raise ColleagueNeeded(operation=wanted.operation)
    if wanted.consequential and actor.lacks_second_factor:
        raise SecondFactorNeeded()


def _stands(actor: Actor, standing: Standing, parties: Collection[UUID | None], node: UUID | None) -> bool:
    if standing in (Standing.ANYONE, Standing.SIGNED_IN, Standing.VERIFIED):
        return True
    own = actor.org_id in parties or actor.person_id in parties
    if standing is Standing.OWN:
        return own
    if standing is Standing.MARKET_OR_NODE:
        return actor.is_market or (node is not None and actor.node == node)
    if standing is Standing.OUTSIDER:
        return not own and (actor.is_market or bool(actor.roles & {Role.REGISTRAR, Role.REGULATOR}))
    return actor.is_market or (own and standing is Standing.MARKET_OR_OWN)
