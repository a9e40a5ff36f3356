"""Whether the log is what was signed: recomputed from its rows, a stretch at a time, whatever was done to the database.

A row that was changed no longer gives its leaf; a leaf that was changed with it no longer gives the tree; a tree that
was changed with both no longer gives the roots that were signed; and what was signed anew is not what a witness saw.
Nothing here reads or waits: rows, nodes and checkpoints come in, sentences for the operator come out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from msgspec import MsgspecError
from msgspec.json import decode

from techmarket.db.journal import actor_code, leaf_of, spelled_row
from techmarket.kernel.canonical import NotCanonical
from techmarket.kernel.seals import SealKey
from techmarket.transparency import offline, rules
from techmarket.transparency.rules import Node

FINDINGS_MAX = 10_000
NOTHING = bytes(rules.HASH_SIZE)
"""Stands in the tree where a position is missing, so that what comes after it can still be looked at."""


@dataclass(frozen=True, slots=True)
class PositionedRow:
    """A position, the leaf stored with it, and the entry as it stands now; without a row the entry is gone."""

    n: int
    leaf: bytes
    salt: bytes = b""
    row: bytes | None = None


@dataclass(frozen=True, slots=True)
class Signed:
    """A checkpoint as it is stored."""

    size: int
    root: bytes
    note: str
    kid: str


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of the log as columns, of texts as the database spells them.

    `levels` are the hashes of the stored nodes that it completes, side by side; a level of which one has not the length
    of a hash is left out.
    """

    start: int
    end: int
    n: Sequence[int]
    leaf: Sequence[bytes]
    id: Sequence[str]
    at: Sequence[str | None]
    actor: Sequence[bytes | None]
    org: Sequence[str | None]
    kind: Sequence[str]
    refs: Sequence[str]
    facts: Sequence[str]
    salt: Sequence[bytes]
    actor_salt: Sequence[bytes | None]
    levels: Mapping[int, bytes]
    checkpoints: Sequence[Signed]

    def leaves(self) -> list[bytes]:
        """The leaf of each row as it stands now."""
        columns = zip(
            self.salt,
            self.id,
            self.at,
            self.actor,
            self.org,
            self.kind,
            self.refs,
            self.facts,
            self.actor_salt,
            strict=True,
        )
        return [leaf_of(salt, entry_bytes(*entry)) for salt, *entry in columns]


def entry_bytes(
    id: str,
    at: str | None,
    actor: bytes | None,
    org: str | None,
    kind: str,
    refs: str,
    facts: str,
    actor_salt: bytes | None,
) -> bytes:
    """The canonical bytes of an entry from its columns as texts; what has none was never logged, and gives no bytes."""
    row = {
        "actor": None if actor is None else actor_code(UUID(bytes=actor), actor_salt),
        "at": at,
        "id": id,
        "kind": kind,
        "org": org,
    }
    try:
        return spelled_row(row | {"facts": decode(facts), "refs": decode(refs)})
    except (NotCanonical, RecursionError, MsgspecError):  # a number beyond every float, say
        return b""


class Examination:
    """One look at the whole log, from its first position on.

    `tree_size` is how far the stored tree reaches; `origins` name the logs that followed one another here, `witnessed`
    are the roots by size that somebody else remembers.
    """

    def __init__(
        self,
        *,
        tree_size: int,
        keys: Mapping[str, SealKey],
        origins: Collection[str],
        witnessed: Mapping[int, bytes] | None = None,
    ) -> None:
        self.position = 0
        self.findings: list[str] = []
        self._tree_size = tree_size
        self._keys = keys
        self._origins = frozenset(origins)
        self._witnessed = dict(witnessed or {})
        self._frontier: dict[Node, bytes] = {}
        self._is_root_wrong = False
        self._faulty: set[Node] = set()

    def take_whole(self, found: Stretch) -> bool:
        """The next stretch at once, if all of it is as it was made; else it is left to `take`, which says what is not.

        Leaf for leaf and node for node it is the same comparison, made on whole columns.
        """
        if self._faulty or list(found.n) != list(range(found.start, found.end)):
            return False
        leaves = found.leaves()
        if leaves != list(found.leaf):
            return False
        levels = rules.levels_of_append(found.start, leaves, self._frontier)
        for level, hashes in enumerate(levels[1:], start=1):
            first = found.start >> level
            kept = hashes[: max(0, (self._tree_size >> level) - first)]
            if found.levels.get(level, b"")[: len(kept) * rules.HASH_SIZE] != b"".join(kept):
                return False
        grown = _Grown(self._frontier, found.start, levels)
        self._close(found.end, grown, found.checkpoints)
        return True

    def take(
        self,
        rows: Sequence[PositionedRow],
        *,
        until: int,
        nodes: Mapping[Node, bytes],
        checkpoints: Iterable[Signed],
    ) -> None:
        """The next stretch of the log, up to `until`: its rows, its stored nodes, the checkpoints signed within it."""
        start = self.position
        leaves = self._leaves(rows, until)
        new = rules.nodes_of_append(start, leaves, self._frontier)
        self._compare_tree(new, nodes)
        known = self._frontier | new
        self._close(until, known, checkpoints)

    def _close(self, until: int, known: Mapping[Node, bytes], checkpoints: Iterable[Signed]) -> None:
        """What was signed and seen within the stretch, and what the next one builds on."""
        for checkpoint in checkpoints:
            self._check_checkpoint(checkpoint, known)
        for size in sorted(size for size in self._witnessed if self.position < size <= until):
            if rules.root_from_nodes(size, known) != self._witnessed.pop(size):
                self._say(f"the witness saw another log: its root of the first {size} entries is not this one")
        self._frontier = {node: known[node] for node in rules.nodes_of_root(until)}
        self._faulty &= self._frontier.keys()
        self.position = until

    def end(self, *, checkpoint_size: int, never_positioned: int) -> list[str]:
        """The last findings: what was signed or seen beyond the end, and what never came into the line."""
        if checkpoint_size > self.position:
            self._say(f"the checkpoint covers {checkpoint_size} entries, the journal holds {self.position}")
        for size in sorted(size for size in self._witnessed if size > self.position):
            self._say(f"the witness saw {size} entries, the journal holds {self.position}")
        if never_positioned:
            self._say(f"{never_positioned} entries stand in the journal and will never get a position")
        return self.findings

    def _leaves(self, rows: Sequence[PositionedRow], until: int) -> list[bytes]:
        leaves: list[bytes] = []
        here = self.position
        for row in rows:
            if row.n > here:
                self._missing(here, row.n)
                leaves += [NOTHING] * (row.n - here)
            here = row.n + 1
            leaf = None if row.row is None else leaf_of(row.salt, row.row)
            if leaf is None:
                self._say(f"the entry at position {row.n} is gone")
            elif leaf != row.leaf:
                self._say(f"the entry at position {row.n} is not what was logged")
            if leaf is None or leaf != row.leaf:
                self._faulty.add((0, row.n))
            leaves.append(leaf or NOTHING)
        if here < until:
            self._missing(here, until)
            leaves += [NOTHING] * (until - here)
        return leaves

    def _missing(self, start: int, end: int) -> None:
        self._faulty.update((0, n) for n in range(start, end))
        self._say(f"position {start} is missing" if end == start + 1 else f"positions {start} to {end - 1} are missing")

    def _compare_tree(self, computed: Mapping[Node, bytes], stored: Mapping[Node, bytes]) -> None:
        """Each node of the tree against the one computed; a fault is told where it begins, not all the way up."""
        faulty = self._faulty
        for node, value in computed.items():  # children come before their parents
            level, place = node
            if level == 0 or (place + 1) << level > self._tree_size:
                continue
            if stored.get(node) == value:
                continue
            faulty.add(node)
            if (level - 1, 2 * place) not in faulty and (level - 1, 2 * place + 1) not in faulty:
                first, last = place << level, ((place + 1) << level) - 1
                self._say(f"the tree over positions {first} to {last} is not the one that was made")

    def _check_checkpoint(self, checkpoint: Signed, known: Mapping[Node, bytes]) -> None:
        if not self._is_signed(checkpoint):
            self._say(f"the checkpoint of {checkpoint.size} entries is not what this market signed")
        if rules.root_from_nodes(checkpoint.size, known) != checkpoint.root and not self._is_root_wrong:
            self._is_root_wrong = True  # every later root differs too; the first tells where to look
            self._say(f"the root of the first {checkpoint.size} entries is not the one that was signed")

    def _is_signed(self, checkpoint: Signed) -> bool:
        key = self._keys.get(checkpoint.kid)
        try:
            signed = offline.open_checkpoint(checkpoint.note, key) if key is not None else None
        except offline.NotACheckpoint:
            return False
        return (
            signed is not None
            and (signed.size, signed.root) == (checkpoint.size, checkpoint.root)
            and signed.origin in self._origins
        )

    def _say(self, finding: str) -> None:
        if len(self.findings) < FINDINGS_MAX:
            self.findings.append(finding)


class _Grown(Mapping[Node, bytes]):
    """The nodes of a stretch by name, where they lie: level by level, before them what they build on."""

    def __init__(self, frontier: Mapping[Node, bytes], start: int, levels: Sequence[Sequence[bytes]]) -> None:
        self._frontier, self._start, self._levels = frontier, start, levels

    def __getitem__(self, node: Node) -> bytes:
        level, place = node
        here = place - (self._start >> level)
        if here >= 0 and level < len(self._levels) and here < len(self._levels[level]):
            return self._levels[level][here]
        return self._frontier[node]

    def __iter__(self) -> Iterator[Node]:
        yield from self._frontier
        for level, hashes in enumerate(self._levels):
            yield from ((level, (self._start >> level) + here) for here in range(len(hashes)))

    def __len__(self) -> int:
        return len(self._frontier) + sum(map(len, self._levels))
