"""The Merkle tree of the journal (RFC 9162 section 2.1): roots, proofs and the checks anyone can run.

Two ways to the same hashes: from all leaves, plain as the RFC writes it; and from stored nodes, for a log that grows.
A `Node` (level, index) is the root of the complete subtree over leaves index * 2^level up to (index + 1) * 2^level.
Once complete it never changes, so a repository stores it once; every root and proof takes O(log n) of them, and the
`nodes_of_...` functions name them beforehand so that one query fetches them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

Node = tuple[int, int]
Span = tuple[int, int]

HASH_SIZE = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()
"""The root of a tree without leaves. Nothing can be proven under it."""


def leaf_hash(entry: bytes) -> bytes:
    """An entry and a node never hash alike: their first bytes differ."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


# --- what a reader checks ---


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """An entry is in the log if its hash and the proof give the checkpoint's root (RFC 9162 section 2.1.3.2)."""
    if not 0 <= index < size or not _are_hashes(leaf, root, *proof):
        return False
    here, last, computed = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if here % 2 == 1 or here == last:
            computed = node_hash(sibling, computed)
            while here % 2 == 0 and here != 0:
                here, last = here // 2, last // 2
        else:
            computed = node_hash(computed, sibling)
        here, last = here // 2, last // 2
    return last == 0 and computed == root


def verify_consistency(size1: int, size2: int, proof: Sequence[bytes], root1: bytes, root2: bytes) -> bool:
    """A later checkpoint only added to an earlier one if both roots follow from the proof (RFC 9162 section 2.1.4.2).

    An empty earlier log is refused: everything is consistent with nothing, so a proof from it would prove nothing.
    """
    if not 0 < size1 <= size2:
        return False
    if size1 == size2:
        # Nothing is hashed here, and the public vectors accept any root that equals itself, whatever its length.
        return not proof and root1 != b"" and root1 == root2
    if not proof or not _are_hashes(root1, root2, *proof):
        return False
    # When the earlier log is one complete subtree its root is the first node of the path, and the proof leaves it out.
    path = [root1, *proof] if size1 & (size1 - 1) == 0 else list(proof)
    here, last = size1 - 1, size2 - 1
    while here % 2 == 1:
        here, last = here // 2, last // 2
    earlier = later = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if here % 2 == 1 or here == last:
            earlier, later = node_hash(sibling, earlier), node_hash(sibling, later)
            while here % 2 == 0 and here != 0:
                here, last = here // 2, last // 2
        else:
            later = node_hash(later, sibling)
        here, last = here // 2, last // 2
    return last == 0 and earlier == root1 and later == root2


# --- from all leaves ---


def root_of(leaf_hashes: Sequence[bytes]) -> bytes:
    if not leaf_hashes:
        return EMPTY_ROOT
    # Level by level; one without a neighbour goes up as it is, which is the split at the largest power of two.
    level = list(leaf_hashes)
    while len(level) > 1:
        odd = level[-1:] if len(level) % 2 else []
        level = [node_hash(left, right) for left, right in zip(level[::2], level[1::2], strict=False)] + odd
    return level[0]


def inclusion_proof(index: int, leaf_hashes: Sequence[bytes]) -> list[bytes]:
    return [root_of(leaf_hashes[begin:end]) for begin, end in _inclusion_spans(index, len(leaf_hashes))]


def consistency_proof(size1: int, leaf_hashes: Sequence[bytes]) -> list[bytes]:
    """The proof that the log of all these leaves only added to its first `size1`."""
    return [root_of(leaf_hashes[begin:end]) for begin, end in _consistency_spans(size1, len(leaf_hashes))]


# --- from stored nodes ---


def nodes_of_root(size: int) -> list[Node]:
    """The complete subtrees that make up a log of this size, left to right: all that its root or an append takes."""
    if size < 0:
        raise ValueError("a log has no negative size")
    return _cover((0, size))


def nodes_of_inclusion(index: int, size: int) -> list[Node]:
    return [node for span in _inclusion_spans(index, size) for node in _cover(span)]


def nodes_of_consistency(size1: int, size2: int) -> list[Node]:
    return [node for span in _consistency_spans(size1, size2) for node in _cover(span)]


def nodes_of_append(
    size_before: int, new_leaf_hashes: Sequence[bytes], stored: Mapping[Node, bytes]
) -> dict[Node, bytes]:
    """The nodes that these entries complete, leaves included; `stored` holds at least `nodes_of_root(size_before)`."""
    if not _are_hashes(*new_leaf_hashes):
        raise ValueError("a leaf hash has 32 bytes")
    completed: dict[Node, bytes] = {}
    for index, leaf in enumerate(new_leaf_hashes, start=size_before):
        level, place, value = 0, index, leaf
        completed[level, place] = value
        while place % 2 == 1:
            left = (level, place - 1)
            value = node_hash(completed[left] if left in completed else _stored(stored, left), value)
            level, place = level + 1, place // 2
            completed[level, place] = value
    return completed


def levels_of_append(
    size_before: int, new_leaf_hashes: Sequence[bytes], stored: Mapping[Node, bytes]
) -> list[list[bytes]]:
    """The same nodes level by level, each level's side by side from index `size_before >> level` on."""
    if not _are_hashes(*new_leaf_hashes):
        raise ValueError("a leaf hash has 32 bytes")
    sha256 = hashlib.sha256
    end = size_before + len(new_leaf_hashes)
    levels = [list(new_leaf_hashes)]
    while size_before >> len(levels) < end >> len(levels):
        below = len(levels) - 1
        first = size_before >> below
        left = [_stored(stored, (below, first - 1))] if first % 2 else []
        children = left + levels[-1]
        pairs = zip(children[0::2], children[1::2], strict=False)  # a last one without a sibling waits
        levels.append([sha256(b"\x01" + one + other).digest() for one, other in pairs])
    return levels


def root_from_nodes(size: int, nodes: Mapping[Node, bytes]) -> bytes:
    return EMPTY_ROOT if size == 0 else _fold(nodes_of_root(size), nodes)


def inclusion_from_nodes(index: int, size: int, nodes: Mapping[Node, bytes]) -> list[bytes]:
    return [_fold(_cover(span), nodes) for span in _inclusion_spans(index, size)]


def consistency_from_nodes(size1: int, size2: int, nodes: Mapping[Node, bytes]) -> list[bytes]:
    return [_fold(_cover(span), nodes) for span in _consistency_spans(size1, size2)]


# --- the shape of the tree ---


def _split(size: int) -> int:
    """The left side of a tree is the largest power of two smaller than its size."""
    return 1 << ((size - 1).bit_length() - 1)


def _inclusion_spans(index: int, size: int) -> list[Span]:
    """The leaves under each hash of an inclusion proof, in the proof's order: from the leaf up."""
    if not 0 <= index < size:
        raise ValueError(f"a log of {size} entries has no entry {index}")
    spans, begin, end = [], 0, size
    while end - begin > 1:
        middle = begin + _split(end - begin)
        if index < middle:
            spans.append((middle, end))
            end = middle
        else:
            spans.append((begin, middle))
            begin = middle
    return spans[::-1]


def _consistency_spans(size1: int, size2: int) -> list[Span]:
    """The leaves under each hash of a consistency proof, in the proof's order."""
    if not 0 < size1 <= size2:
        raise ValueError(f"a log of {size2} entries has no earlier log of {size1}")
    spans, begin, end = [], 0, size2
    while end != size1:
        middle = begin + _split(end - begin)
        if size1 <= middle:
            spans.append((middle, end))
            end = middle
        else:
            spans.append((begin, middle))
            begin = middle
    # A remainder that begins at the first leaf is the earlier root itself, which the reader has.
    if begin > 0:
        spans.append((begin, end))
    return spans[::-1]


def _cover(span: Span) -> list[Node]:
    """The complete subtrees under a span of the tree, left to right, the largest first."""
    begin, end = span
    nodes = []
    while begin < end:
        level = (end - begin).bit_length() - 1
        nodes.append((level, begin >> level))
        begin += 1 << level
    return nodes


def _fold(cover: Sequence[Node], nodes: Mapping[Node, bytes]) -> bytes:
    value = _stored(nodes, cover[-1])
    for node in reversed(cover[:-1]):
        value = node_hash(_stored(nodes, node), value)
    return value


def _stored(nodes: Mapping[Node, bytes], node: Node) -> bytes:
    if node not in nodes:
        raise LookupError(f"the log's node at level {node[0]}, index {node[1]} is missing")
    return nodes[node]


def _are_hashes(*values: bytes) -> bool:
    return all(isinstance(value, bytes) and len(value) == HASH_SIZE for value in values)
