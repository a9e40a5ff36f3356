"""The mapped classes of certification."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from techmarket.certification.lifecycle import CertificateState, Why
from techmarket.db.base import Base, Identified


class Certificate(Identified, Base):
    """Numbered when it is issued, so that the numbers of a year have no gap. A trigger keeps parties' people out."""

    __tablename__ = "certificate"
    __table_args__ = (
        CheckConstraint("prepared_by <> approved_by", name="two_people"),
        CheckConstraint(
            "(state IN ('ISSUED','SUSPENDED','REVOKED','REPLACED')) = (number IS NOT NULL AND approved_by IS NOT NULL"
            " AND issued_at IS NOT NULL AND credential_sha256 IS NOT NULL AND jwt_sha256 IS NOT NULL"
            " AND entry_id IS NOT NULL)",
            name="issued_whole",
        ),
        CheckConstraint("(status_list IS NULL) = (status_index IS NULL)", name="listed_whole"),
        CheckConstraint("replaces <> id", name="replaces_another"),
        # One stands, and beside it one that is to take its place may be prepared.
        Index(
            "uq_certificate_standing",
            "contract_id",
            unique=True,
            postgresql_where=text("state IN ('ISSUED','SUSPENDED')"),
        ),
        Index("uq_certificate_prepared", "contract_id", unique=True, postgresql_where=text("state = 'PREPARED'")),
        Index(
            "uq_certificate_replaces",
            "replaces",
            unique=True,
            postgresql_where=text("state <> 'REJECTED'"),
        ),
        Index("uq_certificate_status", "status_list", "status_index", unique=True),
        Index(None, "prepared_at", "id"),
    )

    number: Mapped[str | None] = mapped_column(String(32), unique=True)
    contract_id: Mapped[UUID] = mapped_column(ForeignKey("contract.id"), index=True)
    state: Mapped[CertificateState]
    facts_sha256: Mapped[str] = mapped_column(ForeignKey("text.sha256"))
    credential_sha256: Mapped[str | None] = mapped_column(ForeignKey("text.sha256"))
    jwt_sha256: Mapped[str | None] = mapped_column(String(64), unique=True)
    entry_id: Mapped[UUID | None]
    prepared_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    prepared_at: Mapped[datetime]
    approved_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    issued_at: Mapped[datetime | None]
    since: Mapped[datetime]
    why: Mapped[Why | None]
    reasons: Mapped[str | None]
    replaces: Mapped[UUID | None] = mapped_column(ForeignKey("certificate.id"))
    status_list: Mapped[int | None]
    status_index: Mapped[int | None]


class CertificateCounter(Base):
    """The last number of each year, held until the commit of the certificate that took it."""

    __tablename__ = "certificate_counter"

    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    last: Mapped[int]
