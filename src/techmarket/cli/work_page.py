"""The page of due work: every kind, who does it by which operation, and the states nobody waits in on purpose."""

from __future__ import annotations

from techmarket.workbench.exceptions import EXCEPTIONS
from techmarket.workbench.gathering import all_work

HEAD = """# Kinds of due work

Rendered from each room's `awaiting.py` by `techmarket docs`. `GET /v1/work` shows a person the items of these kinds
that wait for him: how it is asked and what it answers stands in [work and notifications](work-and-notifications.md).

| kind | for whom | operation | waits in the state | has a deadline |
|---|---|---|---|---|
"""
EXCEPT = """
## States with a next act that wait in no queue

Looked through by hand. A test knows every state of [the lifecycles](lifecycles.md) from which a move leads on, and
finds each either above or here.

| state | why nobody is told |
|---|---|
"""


def work_page() -> str:
    rows = [
        f"| `{kind}`<br>{one.zh} · {one.en} | {one.permission.sentence()} | `{one.operation}`"
        f" | {', '.join(one.covers) or '—'} | {'yes' if one.has_deadline else '—'} |\n"
        for kind, one in sorted(all_work().items())
    ]
    excepted = [f"| {state} | {why} |\n" for state, why in sorted(EXCEPTIONS.items())]
    return HEAD + "".join(rows) + EXCEPT + "".join(excepted)
