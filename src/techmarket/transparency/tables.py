"""The mapped classes of transparency: the tree above the journal's positions, and the checkpoints signed so far."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, LargeBinary, SmallInteger, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from techmarket.db.base import Base


class TreeNode(Base):
    """A complete subtree of level 1 and above; level 0 is the journal's own leaf hashes."""

    __tablename__ = "tree_node"

    level: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    idx: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    hash: Mapped[bytes] = mapped_column(LargeBinary)


class CheckpointRow(Base):
    __tablename__ = "checkpoint"

    size: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    root: Mapped[bytes] = mapped_column(LargeBinary)
    note: Mapped[str] = mapped_column(Text)
    kid: Mapped[str] = mapped_column(String(16))
    at: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))
