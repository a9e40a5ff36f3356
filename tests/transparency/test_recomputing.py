"""The same look at the log on whole columns: it is satisfied exactly where each entry and node is as it was made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from techmarket.db.journal import actor_code, leaf_of
from techmarket.kernel.canonical import canonical_json
from techmarket.kernel.seals import Seal
from techmarket.transparency import offline, rules
from techmarket.transparency.examination import Examination, Signed, Stretch, _Grown, entry_bytes

LOG, ORIGIN, SIZE = Seal.generate(), "techmarket/log/sample", 45
ACTOR, ORG = UUID(int=7), str(UUID(int=8))


def columns(n: int) -> dict[str, Any]:
    """One entry, as the database spells it; every third is nobody's act, every fourth says more than ASCII."""
    is_somebodys = n % 3 > 0
    entry = {
        "id": str(UUID(int=n)),
        "at": f"2026-03-02T09:00:{n:02}.000000+00:00",
        "actor": ACTOR.bytes if is_somebodys else None,
        "org": ORG if is_somebodys else None,
        "kind": "sample.done",
        "refs": f'["thing:{UUID(int=n)}"]',
        "facts": '{"minor": 5, "said": "示例"}' if n % 4 == 0 else '{"minor": 5}',
        "actor_salt": b"a" * 16 if n % 3 == 2 else None,
    }
    salt = bytes([n]) * 16
    return {**entry, "n": n, "salt": salt, "leaf": leaf_of(salt, entry_bytes(**entry))}


ENTRIES = [columns(n) for n in range(SIZE)]
LEAVES = [one["leaf"] for one in ENTRIES]
NODES = rules.nodes_of_append(0, LEAVES, {})


def signed(size: int) -> Signed:
    checkpoint = offline.Checkpoint(ORIGIN, size, rules.root_of(LEAVES[:size]))
    return Signed(size, checkpoint.root, offline.sign_checkpoint(checkpoint, LOG), LOG.kid)


def stretch(start: int, end: int) -> Stretch:
    rows = ENTRIES[start:end]
    named = {name: [row[name] for row in rows] for name in rows[0]}
    levels = {
        level: b"".join(NODES[level, place] for place in range(start >> level, end >> level)) for level in range(1, 6)
    }
    return Stretch(start=start, end=end, **named, levels=levels, checkpoints=[signed(end)])


def examination(**given: Any) -> Examination:
    return Examination(tree_size=SIZE, keys={LOG.kid: LOG.public}, origins=[ORIGIN], **given)


def test_an_entry_from_its_columns_is_what_was_logged_and_what_has_no_canonical_form_is_nothing() -> None:
    assert entry_bytes(
        **{name: columns(2)[name] for name in ("id", "at", "actor", "org", "kind", "refs", "facts")},
        actor_salt=b"a" * 16,
    ) == canonical_json(
        {
            "id": str(UUID(int=2)),
            "at": "2026-03-02T09:00:02.000000+00:00",
            "actor": actor_code(ACTOR, b"a" * 16),
            "org": ORG,
            "kind": "sample.done",
            "refs": [f"thing:{UUID(int=2)}"],
            "facts": {"minor": 5},
        }
    )
    for never in ('{"minor": 12345678901234567890}', '{"minor": 1' + "0" * 400 + ".5}", "[" * 2000 + "]" * 2000):
        assert entry_bytes("x", None, None, None, "sample.done", "[]", never, None) == b""


@given(st.lists(st.integers(1, SIZE - 1), unique=True, max_size=6).map(sorted))
def test_an_untouched_log_is_whole_however_it_is_cut(cuts: list[int]) -> None:
    one = examination(witnessed={13: rules.root_of(LEAVES[:13])})
    for start, end in zip([0, *cuts], [*cuts, SIZE], strict=True):
        assert one.take_whole(stretch(start, end))
    assert one.position == SIZE
    assert one.end(checkpoint_size=SIZE, never_positioned=0) == []


CHANGED = {
    "id": str(UUID(int=99)),
    "at": "2026-03-02T09:00:00.000001+00:00",
    "actor": UUID(int=9).bytes,
    "org": None,
    "kind": "sample.undone",
    "refs": "[]",
    "facts": "{}",
    "salt": b"z" * 16,
    "actor_salt": b"z" * 16,
    "leaf": b"z" * 32,
    "n": 99,
}


@pytest.mark.parametrize("column", CHANGED)
@pytest.mark.parametrize("place", [1, 4, 12])  # entries 11, 14 and 22, somebody's acts with a salt for his code
def test_a_changed_cell_anywhere_in_a_stretch_leaves_it_to_the_slow_look(column: str, place: int) -> None:
    found = stretch(10, 23)
    cells = list(getattr(found, column))
    cells[place] = CHANGED[column]
    one = examination()
    assert one.take_whole(stretch(0, 10))
    assert not one.take_whole(replace(found, **{column: cells}))
    assert (one.position, one.findings) == (10, [])
    assert one.take_whole(found)


def test_a_stored_node_that_is_not_the_one_made_leaves_the_stretch_to_the_slow_look() -> None:
    found = stretch(0, SIZE)
    for level in range(1, 6):
        bent = bytes([found.levels[level][0] ^ 1]) + found.levels[level][1:]
        assert not examination().take_whole(replace(found, levels={**found.levels, level: bent}))
        assert not examination().take_whole(replace(found, levels=without(found.levels, level)))


def without(levels: Mapping[int, bytes], level: int) -> dict[int, bytes]:
    return {one: hashes for one, hashes in levels.items() if one != level}


def test_a_stretch_that_lacks_a_row_or_has_two_in_each_others_place_is_left_to_the_slow_look() -> None:
    found, order = stretch(0, 4), [0, 2, 1, 3]
    names = ("n", "leaf", "id", "at", "actor", "org", "kind", "refs", "facts", "salt", "actor_salt")
    swapped = {name: [getattr(found, name)[at] for at in order] for name in names}
    lacking = {name: getattr(found, name)[:3] for name in names}
    for bent in (swapped, lacking):
        assert not examination().take_whole(replace(found, **bent))


def test_what_was_signed_is_looked_at_in_the_fast_look_too() -> None:
    one, other = examination(witnessed={7: b"w" * 32}), replace(signed(SIZE), root=b"r" * 32)
    assert one.take_whole(replace(stretch(0, SIZE), checkpoints=[other]))
    assert one.end(checkpoint_size=SIZE + 1, never_positioned=2) == [
        f"the checkpoint of {SIZE} entries is not what this market signed",
        f"the root of the first {SIZE} entries is not the one that was signed",
        "the witness saw another log: its root of the first 7 entries is not this one",
        f"the checkpoint covers {SIZE + 1} entries, the journal holds {SIZE}",
        "2 entries stand in the journal and will never get a position",
    ]


@given(st.integers(0, SIZE - 1).flatmap(lambda start: st.tuples(st.just(start), st.integers(start + 1, SIZE))))
def test_nodes_that_lie_level_by_level_are_the_ones_made_one_by_one(span: tuple[int, int]) -> None:
    start, end = span
    frontier = {node: NODES[node] for node in rules.nodes_of_root(start)}
    grown = _Grown(frontier, start, rules.levels_of_append(start, LEAVES[start:end], frontier))
    assert dict(grown) == frontier | rules.nodes_of_append(start, LEAVES[start:end], frontier)
    assert len(grown) == len(dict(grown))
