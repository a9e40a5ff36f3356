"""Pages rendered from the code: permissions, lifecycles, notices, refusals. A test compares them with `docs/`."""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path
from uuid import UUID

from techmarket import ROOMS
from techmarket.api.docs import refusal_pages
from techmarket.cli.dictionary_page import dictionary_page
from techmarket.cli.notices_page import notice_page
from techmarket.cli.work_page import work_page
from techmarket.identity.actor import ANONYMOUS, Actor, OrgKind, Role
from techmarket.identity.permissions import PERMISSIONS, Permission, allows
from techmarket.kernel.lifecycle import Lifecycle

OWN, OTHER, PERSON, NODE = UUID(int=1), UUID(int=2), UUID(int=3), UUID(int=4)
COLUMNS = {
    "anonymous": None,
    "own, not verified": (OWN, OrgKind.UNIVERSITY, False),
    "stranger": (OTHER, OrgKind.UNIVERSITY, True),
    "own": (OWN, OrgKind.UNIVERSITY, True),
    "its node": (NODE, OrgKind.AGENCY, True),
    "market": (OTHER, OrgKind.MARKET, True),
}


def load_rooms() -> None:
    """Import what registers itself: policies, lifecycles, refusals."""
    for room in ROOMS:
        for name in ("policy", "lifecycle", "errors"):
            module = f"techmarket.{room}.{name}"
            if importlib.util.find_spec(f"techmarket.{room}") and importlib.util.find_spec(module):
                importlib.import_module(module)


def permission_page() -> str:
    """One row an operation, one column a way of standing to the thing; a cell holds the roles that may act."""
    load_rooms()
    lines = [
        "# Permissions",
        "",
        "Rendered from each room's `policy.py` by `techmarket docs`; a test walks every role of every cell.",
        "A cell lists the roles that may act, `any` for every role, `—` for nobody. *Own* means that the thing belongs",
        "to the acting organisation or person, or that it is a party; *stranger* is verified and is not; *its node* is",
        "the node of the hub that the thing is of.",
        "What a reader may not know of is answered as not found, whatever stands here. ² marks acts with consequences:",
        "an organisation may ask its people for a recent second factor there, and then no key or token does.",
        "",
        "| operation | key scope | " + " | ".join(COLUMNS) + " |",
        "|---|---|" + "---|" * len(COLUMNS),
    ]
    for operation in sorted(PERMISSIONS):
        wanted = PERMISSIONS[operation]
        cells = [_cell(wanted, who) for who in COLUMNS.values()]
        lines.append(
            f"| `{operation}` | {wanted.scope}{' ²' if wanted.consequential else ''} | " + " | ".join(cells) + " |"
        )
    return "\n".join(lines) + "\n"


def _cell(wanted: Permission, who: tuple[UUID, OrgKind, bool] | None) -> str:
    may = [role for role in Role if allows(_actor(who, role), wanted, parties=[OWN], node=NODE)]
    if len(may) == len(Role):
        return "any"
    return " ".join(may) if may else "—"


def _actor(who: tuple[UUID, OrgKind, bool] | None, role: Role) -> Actor:
    if who is None:
        return ANONYMOUS
    org, kind, verified = who
    return Actor(PERSON, org, kind, verified, frozenset({role}), is_of_node=org == NODE)


def lifecycle_page() -> str:
    """The state diagrams of every thing, as tables and Mermaid."""
    load_rooms()
    lines = ["# Lifecycles", "", "Rendered from each room's `lifecycle.py` by `techmarket docs`.", ""]
    for thing in sorted(Lifecycle.registry):
        cycle = Lifecycle.registry[thing]
        lines += [f"## {thing}", "", "```mermaid", "stateDiagram-v2", f"    [*] --> {cycle.initial}"]
        lines += [f"    {state} --> {target}: {act}" for (state, act), target in cycle.moves.items()]
        lines += ["```", ""]
    return "\n".join(lines)


def pages() -> dict[str, str]:
    """Every rendered page by its path below the project folder."""
    load_rooms()
    return {
        "docs/permissions.md": permission_page(),
        "docs/lifecycles.md": lifecycle_page(),
        "docs/notices.md": notice_page(),
        "docs/data-dictionary.md": dictionary_page(),
        "docs/refusals.md": refusal_pages(),
        "docs/work-kinds.md": work_page(),
    }


def write_pages(folder: Path) -> list[str]:
    written = []
    for path, text in pages().items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
        written.append(path)
    return written
