"""The mapped classes of identity."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from techmarket.db.base import Base, Identified
from techmarket.identity.actor import OrgKind
from techmarket.identity.lifecycle import Ground, IntentState, OrgState


class Organisation(Identified, Base):
    """`jurisdiction` is the province whose rules bind it; a central unit may be exempt by `applies_local_rules`.

    `uscc` is anybody's to claim until it was verified: it is one organisation's among those that are.
    `is_node`: it is a node (节点) of the hub; `node_id`: the node that it belongs to.
    `second_factor_seconds`: how old a second factor may be at acts with consequences; None asks for none.
    `by_two`: the operations to which a colleague has to agree beforehand.
    `entered_by`: who registered it for others, corrected that, or invited its first administrator: none of their hands
    verifies it. `contact_id` is the person whom the market asks before it lets anybody new administer it.
    """

    __tablename__ = "organisation"
    __table_args__ = (
        CheckConstraint("NOT is_node OR node_id IS NULL", name="a_node_is_of_no_node"),
        Index("uq_organisation_verified_uscc", "uscc", unique=True, postgresql_where=text("state = 'VERIFIED'")),
    )

    kind: Mapped[OrgKind]
    name: Mapped[str] = mapped_column(String(200))
    name_en: Mapped[str | None] = mapped_column(String(200))
    uscc: Mapped[str | None] = mapped_column(String(18), index=True)
    region: Mapped[str | None] = mapped_column(String(6))
    government_established: Mapped[bool]
    applies_local_rules: Mapped[bool]
    state: Mapped[OrgState]
    second_factor_seconds: Mapped[int | None]
    by_two: Mapped[list[str]] = mapped_column(ARRAY(String(64)), server_default=text("'{}'"), default=list)
    entered_by: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid), server_default=text("'{}'"), default=list)
    verified_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    contact_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    is_node: Mapped[bool] = mapped_column(server_default=text("false"), default=False)
    node_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisation.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(server_default=text("market_now()"))


class NodeTenure(Identified, Base):
    """That an organisation was of a node (节点), from when until when: the market's fee is shared by it."""

    __tablename__ = "node_tenure"
    __table_args__ = (
        CheckConstraint("until >= since", name="ends_after_it_begins"),
        Index("uq_node_tenure_open", "org_id", unique=True, postgresql_where=text("until IS NULL")),
        Index(None, "org_id", "since"),
    )

    org_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    node_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    since: Mapped[datetime]
    until: Mapped[datetime | None]


class Person(Identified, Base):
    """A person, or the account in whose name a program acts.

    `vouched_by` gave the credentials by which the person first acts here, or acts anew: whoever added or invited him,
    or holds a program's secret. It is None for who founded his organisation and for the staff a market begins with.
    """

    __tablename__ = "person"

    name: Mapped[str] = mapped_column(String(200))
    is_machine: Mapped[bool] = mapped_column(server_default=text("false"), default=False)
    vouched_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[datetime] = mapped_column(server_default=text("market_now()"))


class Membership(Base):
    """A person acting for an organisation."""

    __tablename__ = "membership"

    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), primary_key=True)
    org_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"), primary_key=True, index=True)
    roles: Mapped[list[str]] = mapped_column(ARRAY(String(32)))
    ended_at: Mapped[datetime | None]


class ApiKey(Identified, Base):
    """Its expiry and revocation follow real time: the market clock of a sandbox never revives a key."""

    __tablename__ = "api_key"

    prefix: Mapped[str] = mapped_column(String(12), unique=True)
    secret_hash: Mapped[bytes] = mapped_column(LargeBinary)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    org_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"), index=True)
    name: Mapped[str | None] = mapped_column(String(100))
    replaces_id: Mapped[UUID | None] = mapped_column(ForeignKey("api_key.id"), unique=True)
    scopes: Mapped[list[str]] = mapped_column(ARRAY(String(16)))
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))


class MachineClient(Identified, Base):
    """A program that acts in its own name (OAuth 2 client); its id is the `client_id`. Its time is real time."""

    __tablename__ = "machine_client"
    __table_args__ = (CheckConstraint("token_seconds BETWEEN 60 AND 3600", name="token_is_short_lived"),)

    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), unique=True)
    org_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"), index=True)
    scopes: Mapped[list[str]] = mapped_column(ARRAY(String(16)))
    token_seconds: Mapped[int]
    created_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))
    revoked_at: Mapped[datetime | None]


class ClientSecret(Identified, Base):
    """One of at most two secrets of a client that are in force together while it is rotated."""

    __tablename__ = "client_secret"

    client_id: Mapped[UUID] = mapped_column(ForeignKey("machine_client.id"), index=True)
    secret_hash: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))
    expires_at: Mapped[datetime | None]


class PersonLogin(Base):
    """How a person signs in. The secret of the second factor is encrypted under a key made from the market's pepper."""

    __tablename__ = "person_login"

    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), primary_key=True)
    name: Mapped[str] = mapped_column(String(200), unique=True)
    password_phc: Mapped[str] = mapped_column(String(200))
    totp_secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    totp_confirmed_at: Mapped[datetime | None]
    totp_waiting: Mapped[bytes | None] = mapped_column(LargeBinary)
    totp_step: Mapped[int] = mapped_column(server_default=text("0"))
    changed_at: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))


class RecoveryCode(Identified, Base):
    __tablename__ = "recovery_code"
    __table_args__ = (UniqueConstraint("person_id", "code_hash"),)

    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    code_hash: Mapped[bytes] = mapped_column(LargeBinary)
    used_at: Mapped[datetime | None]


class Session(Identified, Base):
    """A person who has signed in for one organisation. Its time is real time; its last use stands in credential_use."""

    __tablename__ = "session"

    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), index=True)
    org_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    started_at: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))
    ends_at: Mapped[datetime]
    idle_seconds: Mapped[int]
    second_factor_at: Mapped[datetime | None]
    identity_id: Mapped[UUID | None] = mapped_column(ForeignKey("outside_identity.id"), index=True)
    ended_at: Mapped[datetime | None]


class OutsideIdentity(Identified, Base):
    """An account at another house that a person linked to himself; its name there is kept as a keyed hash alone."""

    __tablename__ = "outside_identity"
    __table_args__ = (
        Index("uq_outside_identity_subject", "subject_hash", unique=True, postgresql_where=text("ended_at IS NULL")),
        Index(
            "uq_outside_identity_issuer", "person_id", "issuer", unique=True, postgresql_where=text("ended_at IS NULL")
        ),
    )

    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    provider: Mapped[str] = mapped_column(String(32))
    issuer: Mapped[str] = mapped_column(String(500))
    subject_hash: Mapped[bytes] = mapped_column(LargeBinary)
    linked_at: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))
    ended_at: Mapped[datetime | None]


class OutsideSignIn(Identified, Base):
    """A sign-in, or a linking, that was sent to another house; it comes back once, into the browser it left from.

    Nonce and verifier are made anew from `state`, the browser's secret and the market's pepper: nothing here lets
    anyone finish it. `person_id` is who links, or, once `proven_at` is set, who still owes a code.
    """

    __tablename__ = "outside_sign_in"

    state_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    browser_hash: Mapped[bytes] = mapped_column(LargeBinary, index=True)
    provider: Mapped[str] = mapped_column(String(32))
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    session_id: Mapped[UUID | None] = mapped_column(ForeignKey("session.id"))
    identity_id: Mapped[UUID | None] = mapped_column(ForeignKey("outside_identity.id"))
    org_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisation.id"))
    replaced_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    return_to: Mapped[str] = mapped_column(String(200))
    expires_at: Mapped[datetime] = mapped_column(index=True)
    returned_at: Mapped[datetime | None]
    proven_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class SignInTries(Base):
    """Failed tries to sign in, counted under keyed hashes of name and source: the table names nobody.

    What strangers register is counted here, too, under a hash of their address: `failures` since `tried_at`.
    """

    __tablename__ = "sign_in_tries"

    key_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    failures: Mapped[int]
    tried_at: Mapped[datetime] = mapped_column(index=True)
    good_at: Mapped[datetime | None]


class Invitation(Identified, Base):
    """Asks somebody to join, or a member to set his password anew; the link's token is shown once.

    `ground` says by whose power: an administrator of the organisation, or operators of the market or of its node.
    """

    __tablename__ = "invitation"

    org_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"), index=True)
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    name: Mapped[str] = mapped_column(String(200))
    roles: Mapped[list[str]] = mapped_column(ARRAY(String(32)))
    ground: Mapped[Ground] = mapped_column(server_default="MEMBER", default=Ground.MEMBER)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    invited_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))
    expires_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    elevation_id: Mapped[UUID | None] = mapped_column(ForeignKey("elevation.id"))


class Deputyship(Identified, Base):
    """That one person may act for another of the same organisation, with some of her roles, for a time. Real time."""

    __tablename__ = "deputyship"
    __table_args__ = (
        CheckConstraint("deputy_id <> principal_id", name="nobody_is_his_own_deputy"),
        CheckConstraint("begins_at < ends_at", name="ends_after_it_begins"),
    )

    org_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"), index=True)
    principal_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), index=True)
    deputy_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), index=True)
    roles: Mapped[list[str]] = mapped_column(ARRAY(String(32)))
    scopes: Mapped[list[str]] = mapped_column(ARRAY(String(16)))
    begins_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    appointed_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))
    revoked_at: Mapped[datetime | None]


class IntendedAct(Identified, Base):
    """What somebody is going to do, word for word, where his organisation wants a colleague to agree beforehand."""

    __tablename__ = "intended_act"
    __table_args__ = (
        CheckConstraint("decided_by <> asked_by", name="decided_by_another"),
        CheckConstraint("(state IN ('AGREED', 'DONE')) <= (decided_by IS NOT NULL)", name="agreed_by_somebody"),
    )

    org_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"), index=True)
    operation: Mapped[str] = mapped_column(String(64))
    roles: Mapped[list[str]] = mapped_column(ARRAY(String(32)), server_default=text("'{}'"))
    method: Mapped[str] = mapped_column(String(8))
    path: Mapped[str] = mapped_column(String(500))
    body: Mapped[dict[str, Any] | None]
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    state: Mapped[IntentState]
    asked_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    asked_at: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))
    expires_at: Mapped[datetime]
    decided_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    decided_at: Mapped[datetime | None]
    done_with_key: Mapped[str | None] = mapped_column(String(255))


class Elevation(Identified, Base):
    """That one of the market's operators acts for an organisation for an hour at most, for a reason. Real time."""

    __tablename__ = "elevation"
    __table_args__ = (
        CheckConstraint("ends_at <= taken_at + interval '1 hour'", name="lasts_an_hour_at_most"),
        CheckConstraint("reviewed_by <> person_id", name="reviewed_by_another"),
        CheckConstraint(
            "(reviewed_by IS NULL) = (reviewed_at IS NULL) AND (reviewed_by IS NULL) = (was_justified IS NULL)",
            name="reviewed_whole",
        ),
        Index(
            "uq_elevation_unreviewed", "person_id", "org_id", unique=True, postgresql_where=text("reviewed_at IS NULL")
        ),
    )

    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    org_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"), index=True)
    session_id: Mapped[UUID] = mapped_column(ForeignKey("session.id"))
    reasons: Mapped[str] = mapped_column(String(2_000))
    taken_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    reviewed_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    reviewed_at: Mapped[datetime | None]
    was_justified: Mapped[bool | None]
    finding: Mapped[str | None] = mapped_column(String(2_000))


class CredentialUse(Base):
    """When a key, a client or a session was last used; apart from them, so that noting it tells nobody of a change."""

    __tablename__ = "credential_use"

    credential_id: Mapped[UUID] = mapped_column(primary_key=True)
    used_at: Mapped[datetime]


class Qualification(Identified, Base):
    """技术经理人, 专家 and the like; `level` is data."""

    __tablename__ = "qualification"
    __table_args__ = (UniqueConstraint("person_id", "kind", "level"),)

    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    kind: Mapped[str] = mapped_column(String(32))
    level: Mapped[str] = mapped_column(String(32))
    valid_until: Mapped[date | None]
