"""What happened at the workbench: that a deadline is near."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from techmarket.kernel.events import Event


@dataclass(frozen=True)
class DeadlineNear(Event):
    """Something that an organisation has to do is due soon: told once for each deadline; `work` names what."""

    kind: ClassVar[str] = "workbench.deadline_near"
    organisation_id: UUID
    work: str
    object: str
    due: datetime
