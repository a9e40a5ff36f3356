"""`techmarket policy check`: what it prints, and how it ends."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from techmarket.cli.packs import check_files
from tests.rulebook.make_packs import EXAMPLE, line_of


def said(files):
    out = io.StringIO()
    code = check_files(files, Console(file=out, width=500, no_color=True))
    return code, out.getvalue()


def test_the_packs_that_come_along_are_right():
    code, text = said([])
    assert code == 0
    assert "✗" not in text
    assert "packs/CN-33/zhejiang.yaml: 22 rows, 22 golden cases" in text


def test_the_documented_pack_is_right_and_ends_with_nought(tmp_path):
    (tmp_path / "mine.yaml").write_text(EXAMPLE, encoding="utf-8")
    assert said([tmp_path / "mine.yaml"]) == (0, f"✓ {tmp_path}/mine.yaml: 4 rows, 2 golden cases\n")


@pytest.mark.parametrize(
    ("old", "new", "part", "code"),
    [
        ("value: 0.65", "value: 1.65", "1.65", "ratio_over_1"),
        ("reward: 50000.01", "reward: 50000.02", "reward: 50000.02", "golden_differs"),
    ],
)
def test_a_finding_ends_with_one_and_names_file_line_and_reason(tmp_path, old, new, part, code):
    file = tmp_path / "mine.yaml"
    file.write_text(EXAMPLE.replace(old, new), encoding="utf-8")
    ended, text = said([file])
    assert ended == 1
    assert f"✗ {file}:{line_of(EXAMPLE.replace(old, new), part)}: {code}: " in text


def test_what_is_no_pack_ends_with_two(tmp_path):
    binary = tmp_path / "binary.yaml"
    binary.write_bytes(b"\xff\xfe\x00")
    listed = tmp_path / "list.yaml"
    listed.write_text("- a\n")
    for file, code in ((tmp_path / "none.yaml", "unreadable"), (binary, "not_text"), (listed, "not_a_pack")):
        ended, text = said([file])
        assert (ended, f"{file}:1: {code}: " in text) == (2, True)


def test_a_pack_stands_for_the_one_whose_name_it_bears(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text(EXAMPLE.replace("pack: anhui-example", "pack: guangdong").replace("CN-34", "CN-44"), "utf-8")
    assert said([file])[0] == 0
    file.write_text(EXAMPLE.replace("CN-34", "CN-44"), "utf-8")
    ended, text = said([file])
    assert (ended, text.count("overlap")) == (1, 2)
