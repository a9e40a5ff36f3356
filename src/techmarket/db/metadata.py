"""Loads every room's mapped classes, so that the metadata is whole: for migrations and for the architecture tests."""

from __future__ import annotations

import importlib
import importlib.util

from techmarket import ROOMS

DB_MODULES = ("allowances", "clock", "files", "idempotency", "journal", "marks", "texts")


def load_all_tables() -> None:
    """Import the tables of every open room, by name: nothing here knows what they hold."""
    for module in DB_MODULES:
        importlib.import_module(f"techmarket.db.{module}")
    for room in ROOMS:
        name = f"techmarket.{room}.tables"
        if importlib.util.find_spec(f"techmarket.{room}") and importlib.util.find_spec(name):
            importlib.import_module(name)
