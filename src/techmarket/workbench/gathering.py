"""All kinds of due work, of every room: whatever the rooms declare is gathered here, and nowhere else."""

from __future__ import annotations

import importlib
import importlib.util
from functools import cache

from techmarket import ROOMS
from techmarket.identity.work import WORK, Work


@cache
def all_work() -> dict[str, Work]:
    """Import what every room waits for; returns the kinds by name."""
    for room in ROOMS:
        if importlib.util.find_spec(f"techmarket.{room}") and importlib.util.find_spec(f"techmarket.{room}.awaiting"):
            importlib.import_module(f"techmarket.{room}.awaiting")
    return WORK
