"""Every state with a next act is in a queue, or in the reviewed list; every kind names an operation that there is."""

from __future__ import annotations

import json
import re
from pathlib import Path

from techmarket.cli.work_page import work_page
from techmarket.identity.permissions import PERMISSIONS
from techmarket.workbench.exceptions import EXCEPTIONS
from techmarket.workbench.gathering import all_work

ROOT = Path(__file__).parents[2]


def waiting_states() -> set[str]:
    """Every state of the page of lifecycles from which a move leads on."""
    found, thing = set(), ""
    for line in (ROOT / "docs" / "lifecycles.md").read_text().splitlines():
        if line.startswith("## "):
            thing = line.removeprefix("## ")
        elif move := re.fullmatch(r"    ([A-Z_]+) --> [A-Z_]+: .*", line):
            found.add(f"{thing} {move[1]}")
    return found


def test_every_state_with_a_next_act_is_somebodys_work_or_a_reviewed_exception():
    covered = {state for one in all_work().values() for state in one.covers}
    waiting = waiting_states()
    assert len(waiting) > 80
    assert waiting - covered - set(EXCEPTIONS) == set()
    assert covered & set(EXCEPTIONS) == set()
    assert set(EXCEPTIONS) - waiting == set()
    assert all(len(reason) > 10 for reason in EXCEPTIONS.values())


def test_every_kind_names_an_operation_that_is_served_and_the_permission_it_asks():
    served = {
        operation["operationId"]: f"{method.upper()} {path}"
        for path, item in json.loads((ROOT / "api_specs" / "openapi.json").read_text())["paths"].items()
        for method, operation in item.items()
    }
    for one in all_work().values():
        shape = re.sub(r"\{[a-z_]+\}", "{}", served[one.operation])
        assert re.sub(r"\{[a-z_]+\}", "{}", one.call) == shape, one.kind
        assert one.permission in PERMISSIONS.values()
        assert one.zh
        assert one.en


def test_the_page_of_kinds_is_the_one_in_the_docs():
    assert (ROOT / "docs" / "work-kinds.md").read_text() == work_page(), "run `make docs`"
