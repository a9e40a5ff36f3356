"""Code lists of others (代码表): industries, patent classes, standards of maturity.

Seed data with gaps, never closed enumerations: `README.md` in this folder names the sources.
"""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Any


def _load(name: str) -> Any:
    return json.loads((resources.files(__package__) / name).read_text(encoding="utf-8"))


@cache
def industries() -> dict[str, str]:
    """GB/T 4754-2017: code and Chinese name."""
    return dict(_load("gbt4754_2017.json"))


@cache
def patent_subclasses() -> frozenset[str]:
    """IPC: the symbols of subclasses, such as B23K."""
    return frozenset(_load("ipc_subclasses.json"))


@cache
def maturity_standards() -> dict[str, tuple[int, ...]]:
    """Standards of technology readiness and the years of their editions."""
    return {row["standard"]: tuple(row["years"]) for row in _load("maturity_standards.json")}
