"""As a plugin (`-p tests.pure`): only the tests that ask for no database, no server and no process of their own."""

from __future__ import annotations

import pytest

IMPURE = frozenset({"pg_server", "database_url"})
"""What every fixture with a database in it stands on."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    left_out = [one for one in items if IMPURE & set(getattr(one, "fixturenames", ()))]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [one for one in items if one not in set(left_out)]
