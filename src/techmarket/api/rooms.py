"""Words that all addresses of data rooms share."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from fastapi import Path
from pydantic import Field

SubjectKind = Annotated[str, Path(pattern=r"^[a-z_]{1,40}$", examples=["listing"])]
FolderName = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,64}$", examples=["general"])]
FolderInBody = Annotated[str, Field(strict=True, pattern=r"^[A-Za-z0-9_-]{1,64}$")]


class TierName(StrEnum):
    PUBLIC = "PUBLIC"
    REGISTERED = "REGISTERED"
    NDA = "NDA"
    DEAL = "DEAL"
