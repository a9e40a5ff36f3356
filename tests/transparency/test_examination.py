"""A log that was changed, shortened or rewritten by somebody who owns the database is found, and where."""

from __future__ import annotations

import random
import re
from typing import Any

import pytest
from sqlalchemy import text

from techmarket.db.keys import for_tests
from techmarket.kernel.seals import Seal
from techmarket.transparency import offline, repository, rules, service
from techmarket.transparency.examination import Examination, PositionedRow, Signed
from techmarket.transparency.service import auditing
from tests.identity.make import an_organisation
from tests.transparency.make import as_superuser, write, write_at_once

# --- pure: the log as values ----------------------------------------------------------------------------------------

LOG = for_tests().log
ORIGIN = "techmarket/log/sample"
SALT = b"0123456789abcdef"


class Sample:
    """A log of so many entries with checkpoints, held in memory, that a test may spoil before it is examined."""

    def __init__(self, size: int, *checkpoints: int) -> None:
        self.rows = [self.row(n, b"entry %d" % n) for n in range(size)]
        leaves = [row.leaf for row in self.rows]
        self.nodes = {node: value for node, value in rules.nodes_of_append(0, leaves, {}).items() if node[0] > 0}
        self.checkpoints = [self.signed(leaves[:at]) for at in checkpoints or (size,)]
        self.size = size

    @staticmethod
    def row(n: int, entry: bytes) -> PositionedRow:
        return PositionedRow(n, rules.leaf_hash(SALT + entry), SALT, entry)

    @staticmethod
    def signed(leaves: list[bytes], seal: Seal = LOG) -> Signed:
        checkpoint = offline.Checkpoint(ORIGIN, len(leaves), rules.root_of(leaves))
        note = offline.sign_checkpoint(checkpoint, seal)
        return Signed(checkpoint.size, checkpoint.root, note, seal.kid)

    def examine(self, stretch: int = 7, witnessed: dict[int, bytes] | None = None) -> list[str]:
        end = max([row.n + 1 for row in self.rows], default=0)
        keys = {LOG.kid: LOG.public}
        one = Examination(tree_size=min(self.size, end), keys=keys, origins=[ORIGIN], witnessed=witnessed)
        while one.position < end:
            start, until = one.position, min(one.position + stretch, end)
            one.take(
                [row for row in self.rows if start <= row.n < until],
                until=until,
                nodes={node: v for node, v in self.nodes.items() if start >> node[0] <= node[1] < until >> node[0]},
                checkpoints=[each for each in self.checkpoints if start < each.size <= until],
            )
        return one.end(checkpoint_size=max(each.size for each in self.checkpoints), never_positioned=0)


@pytest.mark.parametrize("stretch", [1, 2, 7, 16, 1000])
def test_an_untouched_log_is_found_whole_however_it_is_cut_into_stretches(stretch: int) -> None:
    assert Sample(45, 1, 2, 7, 31, 32, 45).examine(stretch, {13: rules.root_of(leaves(45)[:13])}) == []


def leaves(size: int) -> list[bytes]:
    return [Sample.row(n, b"entry %d" % n).leaf for n in range(size)]


def test_a_changed_entry_is_told_by_its_position_and_the_first_root_it_is_under() -> None:
    sample = Sample(45, 20, 30, 45)
    sample.rows[21] = PositionedRow(21, sample.rows[21].leaf, SALT, b"another entry")
    assert sample.examine() == [
        "the entry at position 21 is not what was logged",
        "the root of the first 30 entries is not the one that was signed",
    ]


def test_an_entry_changed_together_with_its_leaf_does_not_fit_the_tree() -> None:
    sample = Sample(45, 45)
    sample.rows[21] = Sample.row(21, b"another entry")
    assert sample.examine() == [
        "the tree over positions 20 to 21 is not the one that was made",
        "the root of the first 45 entries is not the one that was signed",
    ]


def test_an_entry_changed_with_leaf_and_tree_does_not_fit_what_was_signed() -> None:
    sample, other = Sample(45, 20, 30, 45), Sample(45)
    other.rows[21] = sample.rows[21] = Sample.row(21, b"another entry")
    sample.nodes = dict(rules.nodes_of_append(0, [row.leaf for row in other.rows], {}))
    assert sample.examine() == ["the root of the first 30 entries is not the one that was signed"]


def test_a_log_signed_anew_by_whoever_has_the_key_is_found_by_what_the_witness_remembers() -> None:
    sample = Sample(45, 20)
    remembered = {30: rules.root_of(leaves(45)[:30])}
    assert sample.examine(witnessed=remembered) == []
    sample.rows[21] = Sample.row(21, b"another entry")
    forged = [row.leaf for row in sample.rows]
    sample.nodes = dict(rules.nodes_of_append(0, forged, {}))
    sample.checkpoints = [Sample.signed(forged[:20]), Sample.signed(forged)]
    assert sample.examine() == []  # without a witness this cannot be seen, and nobody says it can
    assert sample.examine(witnessed=remembered) == [
        "the witness saw another log: its root of the first 30 entries is not this one"
    ]


def test_a_log_whose_end_was_cut_off_with_everything_signed_over_it_is_found_by_the_witness_alone() -> None:
    sample = Sample(40, 20)
    assert sample.examine() == []
    assert sample.examine(witnessed={45: leaves(1)[0]}) == ["the witness saw 45 entries, the journal holds 40"]


def test_a_checkpoint_by_another_key_or_with_other_figures_is_not_what_was_signed() -> None:
    sample = Sample(12)
    right = sample.checkpoints[0]
    finding = "the checkpoint of 12 entries is not what this market signed"
    for wrong in (
        Sample.signed(leaves(12), Seal.generate()),
        Signed(12, right.root, right.note.replace("\n12\n", "\n11\n"), right.kid),
        Signed(12, right.root, "no note", right.kid),
        Signed(12, right.root, offline.sign_checkpoint(offline.Checkpoint("another", 12, right.root), LOG), LOG.kid),
    ):
        sample.checkpoints = [wrong]
        assert sample.examine() == [finding]


def test_missing_and_vanished_entries_are_told_and_what_follows_is_still_looked_at() -> None:
    sample = Sample(45, 45)
    sample.rows[30] = PositionedRow(30, sample.rows[30].leaf)
    sample.rows[44] = PositionedRow(44, b"\x00" * 32, SALT, b"entry 44")
    del sample.rows[9:12], sample.rows[3]
    # Stretches of seven: the gap from 9 to 11 lies in one of them.
    assert sample.examine(stretch=7) == [
        "position 3 is missing",
        "positions 9 to 11 are missing",
        "the entry at position 30 is gone",
        "the entry at position 44 is not what was logged",
        "the root of the first 45 entries is not the one that was signed",
    ]


# --- the database: what its owner can do ----------------------------------------------------------------------------

SIZE, EDITS = 10_000, 1_000
CHANGES = {
    "kind": "UPDATE journal_entry SET kind = kind || 'x' WHERE seq = ANY(:seqs)",
    "facts": "UPDATE journal_entry SET facts = jsonb_set(facts, '{n}', to_jsonb(0)) WHERE seq = ANY(:seqs)",
    "refs": "UPDATE journal_entry SET refs = refs || '[\"thing:x\"]' WHERE seq = ANY(:seqs)",
    "back-dated": "UPDATE journal_entry SET at = at - interval '1 microsecond' WHERE seq = ANY(:seqs)",
    "actor": "UPDATE journal_entry SET actor = gen_random_uuid() WHERE seq = ANY(:seqs)",
    "organisation": "UPDATE journal_entry SET org = gen_random_uuid() WHERE seq = ANY(:seqs)",
    "id": "UPDATE journal_entry SET id = gen_random_uuid() WHERE seq = ANY(:seqs)",
    "person": "UPDATE journal_entry SET actor_salt = sha256(actor_salt) WHERE seq = ANY(:seqs)",
    "standing": "UPDATE journal_entry SET standing = standing || 'x' WHERE seq = ANY(:seqs)",
    "standing removed": "UPDATE journal_entry SET standing = NULL, standing_salt = NULL WHERE seq = ANY(:seqs)",
    "salt": "UPDATE journal_entry SET salt = set_byte(salt, 0, 255 - get_byte(salt, 0)) WHERE seq = ANY(:seqs)",
    "leaf": "UPDATE journal_position SET leaf_hash = sha256(leaf_hash) WHERE seq = ANY(:seqs)",
    "entry removed": "DELETE FROM journal_entry WHERE seq = ANY(:seqs)",
    "position removed": "DELETE FROM journal_position WHERE seq = ANY(:seqs)",
    # Two neighbours change places: their entries stay, their order does not.
    "reordered": "UPDATE journal_position SET seq = CASE WHEN seq % 2 = 0 THEN seq - 1 ELSE seq + 1 END"
    " WHERE seq = ANY(:seqs)",
}


@pytest.mark.slow
async def test_each_of_a_thousand_random_edits_of_ten_thousand_rows_is_found_where_it_was_made(means: Any) -> None:
    await write_at_once(means, SIZE)
    assert await service.audit(means.tx, means.keys) == []
    lot = random.Random(20260302)
    pairs = lot.sample(range(SIZE // 2), EDITS)  # one pair of neighbours for each edit, so that none hides another
    spoilt: set[int] = set()
    async with means.tx.begin() as db:
        await db.execute(text("SET LOCAL session_replication_role = replica"))
        # A unique index would refuse the swap half way; who owns the database drops it.
        await db.execute(text("ALTER TABLE journal_position DROP CONSTRAINT uq_journal_position_seq"))
        places = dict(list(await db.execute(text("SELECT n, seq FROM journal_position"))))
        for number, (name, statement) in enumerate(CHANGES.items()):
            mine = pairs[number :: len(CHANGES)]
            positions = [2 * pair + (n if name == "reordered" else lot.randrange(2)) for pair in mine for n in (0, 1)]
            if name != "reordered":
                positions = positions[::2]
            assert all(places[n] == n + 1 for n in positions)  # nothing was rolled back, so pairs are neighbours
            await db.execute(text(statement), {"seqs": [places[n] for n in positions]})
            spoilt.update(positions)
    findings = await service.audit(means.tx, means.keys, stretch=3_000)
    told = [[int(n) for n in re.findall(r"\d+", one)] for one in findings if re.search(r"positions? \d", one)]
    assert {n for span in told for n in range(span[0], span[-1] + 1)} == spoilt
    assert len(pairs) == EDITS
    roots = [one for one in findings if one.startswith("the root of")]
    assert roots == ["the root of the first 5000 entries is not the one that was signed"]
    assert findings[-1] == "66 entries stand in the journal and will never get a position"  # their places are gone


async def test_an_untouched_log_is_examined_in_columns_alone_and_a_touched_one_row_by_row_where_it_was_touched(
    means: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    await write_at_once(means, 100)
    await write(means, 3, actor=(await an_organisation(means.tx)).actor)
    looked_at: list[int] = []
    slowly = auditing._take

    async def take(db: Any, examined: Examination, until: int) -> None:
        looked_at.append(until)
        await slowly(db, examined, until)

    monkeypatch.setattr(auditing, "_take", take)
    seen: dict[int, bytes] = {}
    async with means.tx.read() as db:
        everything = [leaf for _, leaf in await repository.leaves(db, 0, 200)]
    for size in (1, 31, 64, len(everything)):
        seen[size] = rules.root_of(everything[:size])
    for stretch in (1, 7, 32, 1000):
        assert await service.audit(means.tx, means.keys, stretch=stretch, witnessed=seen) == []
    assert looked_at == []
    wrong = await service.audit(means.tx, means.keys, stretch=32, witnessed=seen | {40: bytes(32)})
    assert wrong == ["the witness saw another log: its root of the first 40 entries is not this one"]
    await as_superuser(means, "UPDATE tree_node SET hash = sha256(hash) WHERE level = 1 AND idx = 20")
    assert await service.audit(means.tx, means.keys, stretch=32) == [
        "the tree over positions 40 to 41 is not the one that was made"
    ]
    assert looked_at[0] == 64


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE journal_entry SET facts = '{\"n\": 123456789012345678901234567890}' WHERE seq = 5",
        "UPDATE journal_entry SET at = 'infinity' WHERE seq = 5",
        "UPDATE journal_entry SET at = '4713-01-01 BC' WHERE seq = 5",
        "UPDATE journal_entry SET at = (to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') || '+00 BC')"
        "::timestamptz WHERE seq = 5",  # the same digits, four thousand years ago
        "UPDATE journal_entry SET refs = '7' WHERE seq = 5",
        "UPDATE journal_entry SET facts = '[]' WHERE seq = 5",
        'UPDATE journal_entry SET facts = facts || \'{"x": [1.5, {"y": "\\n"}]}\' WHERE seq = 5',
        "UPDATE journal_entry SET kind = kind || chr(7) WHERE seq = 5",
        "UPDATE journal_position SET leaf_hash = substr(leaf_hash, 1, 31) WHERE n = 4",
    ],
)
async def test_what_has_no_proper_bytes_at_all_is_told_like_any_other_edit(means: Any, statement: str) -> None:
    await write_at_once(means, 9)
    await as_superuser(means, statement)
    findings = await service.audit(means.tx, means.keys)
    assert findings == [
        "the entry at position 4 is not what was logged",
        *([] if "leaf_hash" in statement else ["the root of the first 9 entries is not the one that was signed"]),
    ]


async def test_two_nodes_whose_border_was_moved_are_told(means: Any) -> None:
    await write_at_once(means, 16)
    await as_superuser(
        means,
        "UPDATE tree_node SET hash = hash || substr((SELECT hash FROM tree_node WHERE (level, idx) = (1, 3)), 1, 1)"
        " WHERE (level, idx) = (1, 2)",
        "UPDATE tree_node SET hash = substr(hash, 2) WHERE (level, idx) = (1, 3)",
    )
    assert await service.audit(means.tx, means.keys) == [
        "the tree over positions 4 to 5 is not the one that was made",
        "the tree over positions 6 to 7 is not the one that was made",
    ]


async def test_an_entry_written_without_a_place_in_the_line_is_told(means: Any) -> None:
    await write(means, 3)
    await as_superuser(
        means,
        "INSERT INTO journal_entry (id, kind, refs, facts, salt) VALUES (gen_random_uuid(), 'x', '[]', '{}', 'abc')",
    )
    assert await service.audit(means.tx, means.keys) == ["1 entries stand in the journal and will never get a position"]


async def test_a_shortened_log_is_told_by_its_checkpoint_and_an_empty_one_is_whole(means: Any) -> None:
    assert await service.audit(means.tx, means.keys) == []
    await write(means, 12)
    await as_superuser(means, "DELETE FROM journal_position WHERE n >= 8", "DELETE FROM journal_entry WHERE seq > 8")
    assert await service.audit(means.tx, means.keys) == ["the checkpoint covers 12 entries, the journal holds 8"]


async def test_a_node_of_the_tree_that_was_changed_is_told_by_what_it_stands_over(means: Any) -> None:
    await write(means, 16)
    await as_superuser(means, "UPDATE tree_node SET hash = sha256(hash) WHERE level = 2 AND idx = 1")
    assert await service.audit(means.tx, means.keys) == ["the tree over positions 4 to 7 is not the one that was made"]


async def test_the_examination_tells_how_far_it_has_come_and_what_grows_meanwhile_is_left_for_the_next(
    means: Any,
) -> None:
    await write_at_once(means, 25)
    steps: list[tuple[int, int]] = []
    assert await service.audit(means.tx, means.keys, stretch=10, progress=lambda *at: steps.append(at)) == []
    assert steps == [(10, 25), (20, 25), (25, 25)]
