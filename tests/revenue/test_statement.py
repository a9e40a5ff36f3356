"""A statement proves and recomputes itself: with its bytes and the market's public keys alone, to the cent."""

from __future__ import annotations

import io
import json
from copy import deepcopy
from dataclasses import replace
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from techmarket.certification.verify import Answer
from techmarket.cli.recompute import OTHER, SAME, UNREADABLE, recompute_path
from techmarket.cli.verify import SENTENCES, examine
from techmarket.revenue import paper, proving, rules, statement, wording
from techmarket.revenue.case import Group, GroupShare, Share
from techmarket.transparency.evidence import Unproven
from tests.revenue.make import TABLE, a_case
from tests.revenue.make_statement import DISTRIBUTION, SECRET, TRUSTED, a_promise, a_statement


def raw(parts) -> bytes:
    return statement.file_bytes(**parts)


def say(act, *given):
    out = io.StringIO()
    code = act(*given, Console(file=out, width=220))
    return code, out.getvalue()


def test_a_statement_shows_its_line_in_the_logged_distribution_and_comes_to_the_same_cent():
    seen = statement.check_file(raw(a_statement()), TRUSTED)
    assert seen.checked == ("form", "promise", "line", "cents")
    assert seen.statement["amount_minor"] == 331_761_03
    told = examine(raw(a_statement()), TRUSTED)
    assert (told.answer, told.what) == (Answer.VALID, "statement of 示例完成人甲: ¥ 331,761.03")
    assert {*told.checked, *told.not_checked} <= set(SENTENCES)
    assert told.not_checked == ("entered", "paid", "kept", "keys")


def _more(parts):
    parts["statement"]["lines"][0]["minor"] += 1


def _another_place(parts):
    parts["statement"]["lines"][0]["n"] = 2
    parts["lines"]["proofs"][0]["n"] = 2


def _another_salt(parts):
    parts["lines"]["proofs"][0]["salt"] = "00" * 16


def _another_root(parts):
    parts["log"]["promise"] = a_promise(lines=5, lines_root="11" * 32)


def _another_computation(parts):
    parts["statement"]["computation_sha256"] = "ee" * 32


def _another_distribution(parts):
    parts["statement"]["distribution_id"] = str(UUID(int=8))


def _no_line(parts):
    parts["statement"]["lines"], parts["lines"]["proofs"] = [], []


def _another_weight(parts):
    parts["statement"]["inputs"]["table"]["groups"][0]["people"][0]["weight"] = "51"


def _another_cost(parts):
    parts["statement"]["inputs"]["costs"].pop()


def _another_rule(parts):
    parts["statement"]["steps"][-1]["says"] = "x 1"


def _another_flag(parts):
    parts["statement"]["flags"][0]["value"] = "NOT_EXEMPT"


def _another_sum(parts):
    parts["statement"]["amount_minor"] += 1


def _another_wage(parts):
    parts["statement"]["lines"][0]["wage_base_minor"] = 1


def _an_unknown_key(parts):
    parts["log"]["promise"]["kid"] = "nobody"


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (_more, "line"),
        (_another_place, "line"),
        (_another_salt, "line"),
        (_another_root, "line"),
        (_another_computation, "promise"),
        (_another_distribution, "promise"),
        (_no_line, "line"),
        (_another_weight, "cents"),
        (_another_cost, "cents"),
        (_another_rule, "cents"),
        (_another_flag, "cents"),
        (_another_sum, "cents"),
        (_another_wage, "cents"),
        (_an_unknown_key, "promise"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.__name__.strip("_"),
)
def test_whatever_is_changed_in_a_statement_is_found(change, fault):
    parts = a_statement()
    change(parts)
    with pytest.raises(Unproven) as found:
        statement.check_file(raw(parts), TRUSTED)
    assert found.value.check == fault
    assert examine(raw(parts), TRUSTED).fault == fault


@pytest.mark.parametrize(
    "nonsense",
    [
        {"statement": {}, "lines": {}, "log": {}},
        {"statement": [], "lines": {}, "log": {}},
        {"statement": a_statement()["statement"], "lines": None, "log": a_statement()["log"]},
        {"statement": a_statement()["statement"], "lines": {"proofs": [None]}, "log": a_statement()["log"]},
        {"statement": {"distribution_id": None}, "lines": {"proofs": []}, "log": a_statement()["log"]},
    ],
)
def test_what_only_looks_like_a_statement_is_not_ours_and_breaks_nothing(nonsense):
    file = statement.canonical_json({"form": statement.FORM, **nonsense})
    assert examine(file, TRUSTED).answer is Answer.NOT_OURS
    assert examine(file[:-1], TRUSTED).answer is Answer.NOT_OURS


def test_a_statement_names_no_other_person_and_none_of_the_other_lines():
    text = raw(a_statement("B")).decode()
    said = json.loads(text)["statement"]
    assert [person["key"] for person in said["inputs"]["table"]["groups"][0]["people"]] == ["1", "B", "3"]
    assert [line["minor"] for line in said["lines"]] == [199_056_62]
    assert "331761.03" not in text
    assert "132704.41" not in text


def test_without_her_salt_nobody_can_try_out_amounts():
    line = rules.compute(a_case()).lines[0]
    said = proving.said_of(DISTRIBUTION, 1, "MAIN", 1, "A", line.minor)
    leaves = proving.leaves_of(DISTRIBUTION, rules.compute(a_case()).lines, SECRET)
    path = [bytes.fromhex(step) for step in proving.path_of(leaves, 1)]
    root = bytes.fromhex(proving.root(leaves))
    for salt, holds in ((proving.salt_of(SECRET, 1), True), (proving.salt_of(SECRET, 2), False), (b"", False)):
        assert proving.is_included(said, salt, n=1, size=5, path=path, root=root) is holds
    assert len({proving.salt_of(SECRET, n) for n in range(1, 1_000)}) == 999


@settings(max_examples=40, deadline=None)
@given(people=st.integers(1, 40), place=st.integers(0, 39), minor=st.integers(1_000_00, 10**11))
def test_every_person_of_any_table_can_prove_and_recompute_hers(people, place, minor):
    """The same, whatever the size of the tree, with waived parts among them."""
    shares = tuple(Share(f"P{n}", Decimal(n % 7)) for n in range(1, people + 1))
    if not any(share.weight for share in shares):
        return
    groups = (replace(TABLE.groups[0], people=shares), *TABLE.groups[1:])
    case = a_case(
        table=replace(TABLE, groups=groups),
        receipts=(replace(a_case().receipts[0], minor=minor),),
        costs=(),
    )
    wanted = shares[place % people]
    if not wanted.weight:
        return
    seen = statement.check_file(raw(a_statement(wanted.key, case=case)), TRUSTED)
    assert seen.checked[-2:] == ("line", "cents")


def test_a_person_with_lines_in_two_groups_has_both_in_her_statement():
    staff = GroupShare(Group.STAFF, Decimal(5), (Share("A", Decimal(1)), Share("D", Decimal(1))))
    case = a_case(table=replace(TABLE, groups=(TABLE.groups[0], staff, TABLE.groups[2])))
    seen = statement.check_file(raw(a_statement(case=case)), TRUSTED)
    assert [line["minor"] for line in seen.statement["lines"]] == [331_761_03, 19_515_36]


def test_the_page_carries_the_file_unchanged_and_says_every_step_in_both_languages():
    file = raw(a_statement())
    page = paper.draw_statement(file)
    assert page == paper.draw_statement(file), "the same content gives the same bytes"
    assert paper.attached(page) == file
    assert examine(page, TRUSTED).not_checked[0] == "page"
    said = paper.stated_of(json.loads(file)["statement"])
    assert said["amount"] == "¥ 331,761.03"
    assert said["steps"][0]["name"] == ("收入合计", "receipts")
    assert all(zh != en for zh, en in (step["name"] for step in said["steps"]))
    assert paper.attached(b"%PDF-1.7 nothing") is None


def test_every_step_flag_and_note_that_the_rules_can_say_has_words_in_both_languages():
    done = [rules.compute(case) for case in (a_case(), a_case(is_registered=False, term_years=1))]
    steps = [step for one in done for step in one.steps]
    assert all(wording.of_step(step.name)[0] != step.name for step in steps)
    assert {step.note for step in steps} - {None} <= set(wording.NOTES)
    assert {flag.value for one in done for flag in one.flags} <= set(wording.FLAG_VALUES)
    assert {term.name for one in done for term in one.terms} <= set(wording.TERMS)


def test_recompute_says_the_same_cents_of_file_and_page_and_names_what_differs(tmp_path):
    file, page, other = tmp_path / "s.json", tmp_path / "s.pdf", tmp_path / "o.json"
    file.write_bytes(raw(a_statement()))
    page.write_bytes(paper.draw_statement(raw(a_statement())))
    for one in (file, page):
        code, said = say(recompute_path, one)
        assert code == SAME
        assert "¥ 331,761.03" in said
        assert "ZJR art. 37(1)(1) (CN-33: 0.70)" in said
    parts = deepcopy(a_statement())
    parts["statement"]["lines"][0]["minor"] += 1
    other.write_bytes(raw(parts))
    code, said = say(recompute_path, other)
    assert code == OTHER
    assert "33176103" in said
    other.write_text("[1]")
    assert say(recompute_path, other)[0] == UNREADABLE
    assert say(recompute_path, tmp_path / "nothing")[0] == UNREADABLE
