"""The file of who was erased, beside the backups: read whatever its writer left behind, and never passed over."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest

from techmarket.cli import erasures
from techmarket.db.backups.tools import BackupFailed

ONE, OTHER = (UUID(f"0190c0de-0000-7000-8000-00000000000{n}") for n in (1, 2))


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        (None, set()),
        ("", set()),
        (f"\n{ONE}\n", {ONE}),
        (f"\n{ONE}\n{OTHER}\n\n{ONE}\n", {ONE, OTHER}),
        (f"\n{ONE}\n{OTHER}", {ONE, OTHER}),
        (f"\n{ONE}\n{str(OTHER)[:20]}", {ONE}),
        (f"\n{ONE}\n{str(OTHER)[:20]}\n{OTHER}\n", {ONE, OTHER}),  # cut off, and written again by the next
    ],
)
def test_who_was_erased_is_read_past_what_a_writer_who_died_had_begun(
    tmp_path: Path, text: str | None, ids: set[UUID]
) -> None:
    if text is not None:
        (tmp_path / erasures.FILE).write_text(text)
    assert erasures.kept(tmp_path) == ids


@pytest.mark.parametrize("line", [str(ONE)[:-1] + "g", str(ONE) + "0", "someone", "注销"])
def test_a_file_with_lines_that_are_no_ids_is_not_passed_over(tmp_path: Path, line: str) -> None:
    (tmp_path / erasures.FILE).write_text(f"\n{ONE}\n{line}\n")
    with pytest.raises(BackupFailed, match="lines that are no ids"):
        erasures.kept(tmp_path)
