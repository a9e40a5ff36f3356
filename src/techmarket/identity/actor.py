"""The one who acts, as every room sees him: a person acting for an organisation, with roles."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID


class OrgKind(StrEnum):
    UNIVERSITY = "UNIVERSITY"
    INSTITUTE = "INSTITUTE"
    ENTERPRISE = "ENTERPRISE"
    AGENCY = "AGENCY"
    MARKET = "MARKET"
    BANK = "BANK"
    AUTHORITY = "AUTHORITY"


class Role(StrEnum):
    """What a person does for his organisation. A membership may hold several."""

    ADMINISTRATOR = "ADMINISTRATOR"
    LISTING_OFFICER = "LISTING_OFFICER"
    INVENTOR = "INVENTOR"
    TRADER = "TRADER"
    SIGNATORY = "SIGNATORY"
    FINANCE = "FINANCE"
    OPERATOR = "OPERATOR"
    CERTIFIER = "CERTIFIER"
    REGISTRAR = "REGISTRAR"
    BROKER = "BROKER"
    REGULATOR = "REGULATOR"


MARKET_ROLES = frozenset({Role.OPERATOR, Role.CERTIFIER})
"""Roles that only the market's own organisation can give; a node gives its own people the operator's."""
AUTHORITY_ROLES = frozenset({Role.REGISTRAR, Role.REGULATOR})
"""Roles that only the market or an authority can give."""


MACHINE_ROLES = frozenset({Role.LISTING_OFFICER, Role.TRADER, Role.BROKER, Role.FINANCE})
"""What a program may do in its own name. It neither signs nor certifies, and it gives nobody a role."""


DEPUTY_ROLES = frozenset({Role.LISTING_OFFICER, Role.TRADER, Role.SIGNATORY, Role.FINANCE, Role.BROKER})
"""What one person may do for another (授权代理). Power over people, the market's offices and an inventor's own word
stay with whoever has them."""


class Via(StrEnum):
    """By what a caller proved who he is."""

    KEY = "KEY"
    CLIENT = "CLIENT"
    SESSION = "SESSION"


class Scope(StrEnum):
    READ = "read"
    WRITE = "write"
    BID = "bid"


@dataclass(frozen=True, slots=True)
class Actor:
    """A person, or a program in its own name, acting for an organisation through one key, token or session.

    `person_id` is None for the anonymous reader only; `key_id` names the key, client or session that
    was used. `lacks_second_factor`: his organisation asks for one at acts with consequences, and he gave none lately.
    `stands_in_for` is the colleague whose deputy he is in this act; `elevation_id` names the elevation by which
    somebody of the market acts for an organisation that is not his.
    `is_of_node`: his organisation is a node of the hub.
    """

    person_id: UUID | None
    org_id: UUID | None
    org_kind: OrgKind | None = None
    org_verified: bool = False
    roles: frozenset[Role] = field(default_factory=frozenset)
    scopes: frozenset[Scope] = field(default_factory=lambda: frozenset(Scope))
    key_id: UUID | None = None
    via: Via = Via.KEY
    lacks_second_factor: bool = False
    stands_in_for: UUID | None = None
    deputyship_id: UUID | None = None
    elevation_id: UUID | None = None
    by_two: frozenset[str] = frozenset()
    """The operations for which his organisation asks for a second person, but for one that was agreed to."""
    seconded_by: UUID | None = None
    is_of_node: bool = False

    @property
    def is_anonymous(self) -> bool:
        return self.person_id is None

    @property
    def is_market(self) -> bool:
        return self.org_kind is OrgKind.MARKET

    @property
    def standing(self) -> dict[str, str] | None:
        """In what standing he acts, for the record: by which credential, for whom, under what. Ids and codes only."""
        told = {
            "credential": self.key_id,
            "stands_in_for": self.stands_in_for,
            "deputyship": self.deputyship_id,
            "elevation": self.elevation_id,
            "seconded_by": self.seconded_by,
        }
        known = {name: str(value) for name, value in told.items() if value is not None}
        return {**known, "via": self.via.value} if known else None

    @property
    def node(self) -> UUID | None:
        """The node (节点) whose operator he is: what is of that node he may act on, and of no other."""
        return self.org_id if self.is_of_node and self.org_verified and Role.OPERATOR in self.roles else None

    @property
    def principal(self) -> str:
        """Whose idempotency keys these are: the person acting for the organisation, whichever key he uses."""
        if self.person_id is None:
            return "anonymous"
        special = self.deputyship_id or self.elevation_id
        return f"{self.person_id}:{self.org_id}" + (f":{special.hex[8:]}" if special else "")

    @property
    def person(self) -> UUID:
        """The person, for code that runs only for someone signed in."""
        assert self.person_id is not None
        return self.person_id

    @property
    def org(self) -> UUID:
        """The organisation acted for, for code that runs only for someone signed in."""
        assert self.org_id is not None
        return self.org_id


ANONYMOUS = Actor(None, None, scopes=frozenset({Scope.READ}))
