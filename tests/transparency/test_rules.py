from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from techmarket.transparency.rules import (
    EMPTY_ROOT,
    Node,
    consistency_from_nodes,
    consistency_proof,
    inclusion_from_nodes,
    inclusion_proof,
    leaf_hash,
    levels_of_append,
    node_hash,
    nodes_of_append,
    nodes_of_consistency,
    nodes_of_inclusion,
    nodes_of_root,
    root_from_nodes,
    root_of,
    verify_consistency,
    verify_inclusion,
)

VECTORS = Path(__file__).parent / "vectors"


def vectors(name: str) -> list[Any]:
    lines = (VECTORS / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return [pytest.param(row, id=row["name"]) for row in map(json.loads, lines)]


def decoded(text: str | None) -> bytes:
    return base64.b64decode(text or "")


INCLUSION, CONSISTENCY = vectors("inclusion"), vectors("consistency")


def test_all_vectors_are_here_of_both_labels() -> None:
    assert (len(INCLUSION), len(CONSISTENCY)) == (98, 98)
    for rows in (INCLUSION, CONSISTENCY):
        assert {row.values[0]["wantErr"] for row in rows} == {True, False}


@pytest.mark.parametrize("row", INCLUSION)
def test_an_inclusion_vector_is_accepted_or_refused_as_labelled(row: dict[str, Any]) -> None:
    proof = [decoded(step) for step in row["proof"] or []]
    accepted = verify_inclusion(decoded(row["leafHash"]), row["leafIdx"], row["treeSize"], proof, decoded(row["root"]))
    assert accepted is not row["wantErr"]


@pytest.mark.parametrize("row", CONSISTENCY)
def test_a_consistency_vector_is_accepted_or_refused_as_labelled(row: dict[str, Any]) -> None:
    proof = [decoded(step) for step in row["proof"] or []]
    accepted = verify_consistency(row["size1"], row["size2"], proof, decoded(row["root1"]), decoded(row["root2"]))
    assert accepted is not row["wantErr"]


def leaves_of(size: int) -> list[bytes]:
    return [leaf_hash(b"sample entry %d" % index) for index in range(size)]


LEAVES = leaves_of(200)


def grown(size: int, *, batch: int) -> dict[Node, bytes]:
    """All stored nodes of a log that grew in batches, each append given no more than the nodes it may ask for."""
    stored: dict[Node, bytes] = {}
    for begin in range(0, size, batch):
        fetched = {node: stored[node] for node in nodes_of_root(begin)}
        new = nodes_of_append(begin, LEAVES[begin : min(begin + batch, size)], fetched)
        assert not new.keys() & stored.keys()  # a complete node never changes
        stored |= new
    return stored


def test_an_entry_and_a_node_never_hash_alike() -> None:
    assert leaf_hash(b"").hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    left, right = leaf_hash(b"a"), leaf_hash(b"b")
    assert node_hash(left, right) == hashlib.sha256(b"\x01" + left + right).digest()
    assert node_hash(left, right) != leaf_hash(left + right)


def test_a_tree_splits_at_the_largest_power_of_two_smaller_than_its_size() -> None:
    a, b, c, d, e = LEAVES[:5]
    assert root_of([]) == EMPTY_ROOT == root_from_nodes(0, {}) == hashlib.sha256(b"").digest()
    assert root_of([a]) == a
    assert root_of([a, b, c]) == node_hash(node_hash(a, b), c)
    assert root_of([a, b, c, d, e]) == node_hash(node_hash(node_hash(a, b), node_hash(c, d)), e)
    assert inclusion_proof(2, [a, b, c, d, e]) == [d, node_hash(a, b), e]
    assert inclusion_proof(4, [a, b, c, d, e]) == [node_hash(node_hash(a, b), node_hash(c, d))]
    assert consistency_proof(3, [a, b, c, d, e]) == [c, d, node_hash(a, b), e]
    assert consistency_proof(4, [a, b, c, d, e]) == [e]
    assert consistency_proof(5, [a, b, c, d, e]) == []


@given(size=st.integers(1, 200), batch=st.integers(1, 70), data=st.data())
@settings(max_examples=60, deadline=None)
def test_stored_nodes_give_the_same_root_and_proofs_as_all_leaves_and_they_verify(
    size: int, batch: int, data: st.DataObject
) -> None:
    stored, leaves = grown(size, batch=batch), LEAVES[:size]
    index, size1 = data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size))

    root = root_from_nodes(size, {node: stored[node] for node in nodes_of_root(size)})
    assert root == root_of(leaves)

    fetched = {node: stored[node] for node in nodes_of_inclusion(index, size)}
    proof = inclusion_from_nodes(index, size, fetched)
    assert proof == inclusion_proof(index, leaves)
    assert verify_inclusion(leaves[index], index, size, proof, root)

    fetched = {node: stored[node] for node in nodes_of_consistency(size1, size)}
    proof = consistency_from_nodes(size1, size, fetched)
    assert proof == consistency_proof(size1, leaves)
    assert verify_consistency(size1, size, proof, root_of(leaves[:size1]), root)


def test_every_proof_of_every_small_log_verifies_and_for_no_other_place() -> None:
    for size in range(1, 18):
        leaves = LEAVES[:size]
        root = root_of(leaves)
        for index in range(size):
            proof = inclusion_proof(index, leaves)
            places = [place for place in range(size) if verify_inclusion(leaves[index], place, size, proof, root)]
            assert places == [index]
        for size1 in range(1, size + 1):
            proof = consistency_proof(size1, leaves)
            earlier = [
                verify_consistency(other, size, proof, root_of(leaves[:size1]), root) for other in range(size + 1)
            ]
            assert earlier == [other == size1 for other in range(size + 1)]


@given(size=st.integers(2, 100), data=st.data())
@settings(max_examples=60, deadline=None)
def test_a_changed_entry_or_proof_is_noticed(size: int, data: st.DataObject) -> None:
    leaves, index = LEAVES[:size], data.draw(st.integers(0, size - 1))
    root, proof = root_of(leaves), inclusion_proof(index, leaves)
    assert not verify_inclusion(leaf_hash(b"another entry"), index, size, proof, root)
    for step in range(len(proof)):
        changed = [*proof]
        changed[step] = leaf_hash(changed[step])
        assert not verify_inclusion(leaves[index], index, size, changed, root)
    assert not verify_inclusion(leaves[index], index, size, proof[:-1], root)
    assert not verify_inclusion(leaves[index], index, size, [*proof, root], root)

    rewritten = [*leaves]
    rewritten[index] = leaf_hash(b"another entry")
    size1 = data.draw(st.integers(index + 1, size))
    consistency = consistency_proof(size1, rewritten)
    assert not verify_consistency(size1, size, consistency, root_of(leaves[:size1]), root_of(rewritten))


def test_a_log_of_a_million_entries_needs_few_nodes() -> None:
    size = 1_000_000
    assert len(nodes_of_root(size)) == 7
    assert max(len(nodes_of_inclusion(index, size)) for index in (0, 1, 499_999, 524_288, 999_999)) <= 26
    assert max(len(nodes_of_consistency(size1, size)) for size1 in (1, 2, 524_287, 524_288, 999_999)) <= 40


def test_a_missing_stored_node_is_named_and_never_made_up() -> None:
    stored = grown(6, batch=6)
    del stored[1, 2]
    with pytest.raises(LookupError, match="level 1, index 2"):
        root_from_nodes(6, stored)
    with pytest.raises(LookupError, match="level 1, index 2"):
        nodes_of_append(6, LEAVES[6:8], stored)


def test_what_is_not_in_the_log_has_no_proof() -> None:
    for ask in (
        lambda: inclusion_proof(3, LEAVES[:3]),
        lambda: inclusion_proof(-1, LEAVES[:3]),
        lambda: nodes_of_inclusion(0, 0),
        lambda: consistency_proof(0, LEAVES[:3]),
        lambda: consistency_proof(4, LEAVES[:3]),
        lambda: nodes_of_root(-1),
        lambda: nodes_of_append(0, [b"short"], {}),
    ):
        with pytest.raises(ValueError):
            ask()


def test_hashes_of_another_length_and_empty_logs_are_refused() -> None:
    a, b = LEAVES[:2]
    root = root_of([a, b])
    assert verify_inclusion(a, 0, 2, [b], root) is True
    assert verify_inclusion(a, 0, 2, [b + b"\x00"], root) is False
    assert verify_inclusion(a[:31], 0, 2, [b], root) is False
    assert verify_inclusion(a, 0, 2, [b], root[:31]) is False
    assert verify_inclusion(a, 0, 0, [], EMPTY_ROOT) is False
    assert verify_consistency(0, 0, [], EMPTY_ROOT, EMPTY_ROOT) is False
    assert verify_consistency(0, 2, [], EMPTY_ROOT, root) is False
    assert verify_consistency(1, 2, [b], a, root) is True
    assert verify_consistency(1, 2, [b[:31]], a, root) is False
    assert verify_consistency(1, 2, [b], a[:31], root) is False
    assert verify_consistency(1, 2, [b], a, root + b"\x00") is False
    assert verify_consistency(1, 1, [], b"", b"") is False


@pytest.mark.parametrize("begin", range(18))
def test_the_nodes_of_an_append_are_the_same_level_by_level(begin: int) -> None:
    for size in range(begin, 35):
        stored = nodes_of_append(0, LEAVES[:begin], {})
        new = LEAVES[begin:size]
        levels = levels_of_append(begin, new, stored)
        by_name = {
            (level, (begin >> level) + n): value
            for level, hashes in enumerate(levels)
            for n, value in enumerate(hashes)
        }
        assert by_name == nodes_of_append(begin, new, stored)
