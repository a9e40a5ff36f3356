"""Who takes part, for whom, and the money behind it."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from techmarket.db.base import Base, Identified
from techmarket.trading.lifecycle import (
    DepositState,
    ForfeitCause,
    ParticipantState,
    SeatState,
)
from techmarket.trading.qualification import OpinionBy


class Participant(Identified, Base):
    """An organisation in one trade, and how far its qualification is. `number` is what the public record calls it.

    With a principal it takes part by mandate (委托): it bids, and the principal buys once it has signed the mandate.
    With members it represents a consortium (联合体), itself the first of them: it bids, and all of them buy.
    `deposit_org_id` is the member that pays the deposit, where it is not the representative.
    `due_at` is until when whoever is asked now gives a view: the market while REGISTERED, the seller while ADMITTED.
    """

    __tablename__ = "participant"
    __table_args__ = (
        UniqueConstraint("trade_id", "org_id"),
        UniqueConstraint("trade_id", "number"),
        CheckConstraint("principal_org_id <> org_id", name="principal_is_another"),
        CheckConstraint(
            "(principal_org_id IS NULL) = (mandate_sha256 IS NULL)"
            " AND (principal_org_id IS NULL) = (mandate_signing_id IS NULL)"
            " AND (principal_org_id IS NOT NULL OR mandated_at IS NULL)",
            name="mandated_wholly",
        ),
        CheckConstraint(
            "(agreement_sha256 IS NULL) = (agreement_signing_id IS NULL)"
            " AND (agreement_sha256 IS NOT NULL OR (agreed_at IS NULL AND deposit_org_id IS NULL))",
            name="agreed_wholly",
        ),
        CheckConstraint("principal_org_id IS NULL OR agreement_sha256 IS NULL", name="agent_or_representative"),
        CheckConstraint("related = (related_because <> '[]'::jsonb)", name="related_for_a_ground"),
        Index("ix_participant_state_due_at", "state", "due_at", postgresql_where=text("due_at IS NOT NULL")),
    )

    trade_id: Mapped[UUID] = mapped_column(ForeignKey("trade.id"))
    org_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"), index=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    principal_org_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisation.id"), index=True)
    mandate_sha256: Mapped[str | None] = mapped_column(ForeignKey("text.sha256"))
    mandate_signing_id: Mapped[UUID | None] = mapped_column(ForeignKey("signing.id"))
    mandated_at: Mapped[datetime | None]
    agreement_sha256: Mapped[str | None] = mapped_column(ForeignKey("text.sha256"))
    agreement_signing_id: Mapped[UUID | None] = mapped_column(ForeignKey("signing.id"))
    agreed_at: Mapped[datetime | None]
    deposit_org_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisation.id"))
    number: Mapped[int]
    related: Mapped[bool]
    related_because: Mapped[list[Any]] = mapped_column(server_default=text("'[]'::jsonb"))
    state: Mapped[ParticipantState]
    due_at: Mapped[datetime | None]
    payer_account: Mapped[str | None] = mapped_column(String(64))
    registered_at: Mapped[datetime] = mapped_column(server_default=text("market_now()"))

    # With every participant: who its members are is asked wherever conflicts, readers or buyers are.
    members: Mapped[list[ConsortiumMember]] = relationship(lazy="selectin", order_by="ConsortiumMember.position")

    @property
    def buyer_org_id(self) -> UUID:
        """Who buys, pays and signs: the principal of a mandate, else the participant itself. Of a consortium it is
        the representative; `member_org_ids` buy with it."""
        return self.principal_org_id or self.org_id

    @property
    def member_org_ids(self) -> tuple[UUID, ...]:
        """Who buys jointly with the buyer: the other members of its consortium."""
        return tuple(one.org_id for one in self.members if one.org_id != self.org_id)

    @property
    def deposit_payer_id(self) -> UUID:
        return self.deposit_org_id or self.buyer_org_id

    @property
    def sides(self) -> frozenset[UUID]:
        return frozenset({self.org_id, self.buyer_org_id, *self.member_org_ids})


class ConsortiumMember(Base):
    """A member of a consortium, the representative first. It stands here once it has signed the agreement."""

    __tablename__ = "consortium_member"
    __table_args__ = (
        UniqueConstraint("participant_id", "org_id"),
        CheckConstraint("position > 0", name="position_is_counted"),
    )

    participant_id: Mapped[UUID] = mapped_column(ForeignKey("participant.id"), primary_key=True)
    position: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    org_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"), index=True)
    related_because: Mapped[list[Any]]
    signed_at: Mapped[datetime | None]


class ParticipantOpinion(Base):
    """A view on a participant, with its grounds; the words are text by hash. Never changed or removed; a trigger
    refuses it. Without a person the clock gave it, by the announced rule for silence."""

    __tablename__ = "participant_opinion"
    __table_args__ = (CheckConstraint("accepted OR grounds <> '[]'::jsonb", name="rejected_for_a_ground"),)

    participant_id: Mapped[UUID] = mapped_column(ForeignKey("participant.id"), primary_key=True)
    by: Mapped[OpinionBy] = mapped_column(primary_key=True)
    accepted: Mapped[bool]
    grounds: Mapped[list[Any]]
    document_sha256: Mapped[str] = mapped_column(ForeignKey("text.sha256"))
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]


class Seat(Base):
    """A participant's right to bid on one lot. Who bids there is looked up here and nowhere else.

    `first_refusal` is one that is exercised by bidding, where the trade announced that.
    """

    __tablename__ = "seat"
    __table_args__ = (UniqueConstraint("lot_id", "participant_id"), UniqueConstraint("lot_id", "number"))

    lot_id: Mapped[UUID] = mapped_column(ForeignKey("lot.id"), primary_key=True)
    org_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"), primary_key=True)
    participant_id: Mapped[UUID] = mapped_column(ForeignKey("participant.id"), index=True)
    number: Mapped[int]
    state: Mapped[SeatState]
    first_refusal: Mapped[bool] = mapped_column(server_default=text("false"))
    shut_out_at: Mapped[datetime | None]


class Deposit(Identified, Base):
    """Money that backs a participant's bids: for one lot, or without a lot for the whole trade.

    `paid_in_minor` is how much of it has become price already; the hold is over the rest.
    """

    __tablename__ = "deposit"
    __table_args__ = (
        UniqueConstraint("participant_id", "lot_id", postgresql_nulls_not_distinct=True),
        CheckConstraint("minor > 0", name="amount_is_positive"),
        CheckConstraint("paid_in_minor BETWEEN 0 AND minor", name="pays_in_no_more_than_it_is"),
        CheckConstraint("(state = 'FORFEITED') = (cause IS NOT NULL)", name="forfeited_for_a_cause"),
        CheckConstraint("state NOT IN ('HELD', 'PAID_IN', 'FORFEITED') OR hold_id IS NOT NULL", name="held_by_a_hold"),
    )

    participant_id: Mapped[UUID] = mapped_column(ForeignKey("participant.id"))
    lot_id: Mapped[UUID | None] = mapped_column(ForeignKey("lot.id"))
    minor: Mapped[int]
    paid_in_minor: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    due_id: Mapped[UUID] = mapped_column(ForeignKey("due.id"), unique=True)
    hold_id: Mapped[UUID | None] = mapped_column(ForeignKey("hold.id"))
    state: Mapped[DepositState]
    return_by: Mapped[datetime | None]
    cause: Mapped[ForfeitCause | None]
    reasons: Mapped[str | None] = mapped_column(Text)
