"""A statement proves and recomputes itself: with its bytes and the market's public keys alone, to the cent."""

from __future__ import annotations

import hmac
import io
import json
from copy import deepcopy
from dataclasses import replace
from datetime import date
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
from techmarket.revenue.lifecycle import DistributionState, LineState
from techmarket.transparency.evidence import Unproven
from tests.revenue.make import TABLE, a_case
from tests.revenue.make_statement import DISTRIBUTION, SECRET, TRUSTED, a_promise, a_reworked_statement, a_statement


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
    for n in (1, 7, 10_000):
        assert proving.salt_of(SECRET, n) == hmac.digest(SECRET, n.to_bytes(8, "big"), "sha256")[:16]


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


def paid_on_both_sides():
    """A's line in the reward of the staff was held until the relief was over; her first one was not."""
    staff = GroupShare(Group.STAFF, Decimal(5), (Share("A", Decimal(1)), Share("D", Decimal(1))))
    case = a_case(table=replace(TABLE, groups=(TABLE.groups[0], staff, TABLE.groups[2])))
    parts = a_statement(case=case)
    late = rules.compute(replace(case, pay_on=date(2029, 3, 21)))
    second = parts["statement"]["lines"][1]
    assert second["wage_base_minor"] == 9_757_68
    second["wage_base_minor"] = second["minor"]
    parts["statement"]["paid_otherwise"] = [
        {
            "lines": [second["n"]],
            "pay_on": "2029-03-21",
            "is_registered": True,
            "steps": [step.document() for step in late.steps if step.name == "wage_base"],
            "flags": [flag.document() for flag in late.flags],
        }
    ]
    return parts


def test_lines_paid_before_and_after_the_relief_are_each_computed_as_they_were_paid():
    parts = paid_on_both_sides()
    seen = statement.check_file(raw(parts), TRUSTED)
    assert seen.checked[-1] == "cents"
    assert [line["wage_base_minor"] for line in seen.statement["lines"]] == [165_880_52, 19_515_36]
    said = paper.stated_of(parts["statement"])
    assert said["flags"][-1]["tax"] == ("个人所得税（第 4 行）", "individual income tax (line 4)")
    assert len(said["flags"]) == len(parts["statement"]["flags"]) + 1


@pytest.mark.parametrize(
    "change",
    [
        lambda one: one.update(pay_on="2026-08-03"),
        lambda one: one.update(is_registered=False, pay_on="2026-08-03", flags=[]),
        lambda one: one.update(lines=[1]),
        lambda one: one.update(steps=[]),
        lambda one: one["flags"][0].update(value="NOT_EXEMPT"),
        lambda one: one.update(lines=None),
    ],
)
def test_whatever_is_changed_in_how_a_line_was_paid_is_found(change):
    parts = paid_on_both_sides()
    change(parts["statement"]["paid_otherwise"][0])
    with pytest.raises(Unproven) as found:
        statement.check_file(raw(parts), TRUSTED)
    assert found.value.check == "cents"


# --- lines written anew ---------------------------------------------------------------------------------------------


def test_a_line_written_anew_is_shown_in_the_rework_that_the_log_names():
    seen = statement.check_file(raw(a_reworked_statement()), TRUSTED)
    assert seen.checked == ("form", "promise", "line", "rework", "cents")
    assert seen.statement["amount_minor"] == 340_000_00
    assert "reworked" not in examine(raw(a_reworked_statement()), TRUSTED).not_checked
    # Who has nothing else still has a file that proves hers.
    alone = statement.check_file(raw(a_reworked_statement("D", only=True)), TRUSTED)
    assert (alone.checked, alone.statement["amount_minor"]) == (("form", "promise", "line", "rework", "cents"), 1_00)
    # Of an older rework that has no proof nothing is claimed.
    older = a_reworked_statement()
    del older["lines"]["reworks"]
    assert "rework" not in statement.check_file(raw(older), TRUSTED).checked
    assert "reworked" in examine(raw(older), TRUSTED).not_checked


def _more_anew(parts):
    parts["statement"]["reworked"][0]["minor"] += 1


def _another_rework(parts):
    parts["statement"]["reworked"][0]["rework_id"] = parts["lines"]["reworks"][0]["rework_id"] = str(UUID(int=13))


def _another_new_place(parts):
    parts["lines"]["reworks"][0]["proofs"][0]["place"] = 1


def _another_new_salt(parts):
    parts["lines"]["reworks"][0]["proofs"][0]["salt"] = "00" * 16


def _the_distributions_own_entry(parts):
    parts["lines"]["reworks"][0]["log"] = parts["log"]


def _no_proof_of_the_only_line(parts):
    parts["lines"]["reworks"] = []


def _a_wage_that_is_none(parts):
    parts["statement"]["reworked"][0]["wage_base_minor"] = 1


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (_more_anew, "rework"),
        (_another_rework, "rework"),
        (_another_new_place, "rework"),
        (_another_new_salt, "rework"),
        (_the_distributions_own_entry, "rework"),
        (_no_proof_of_the_only_line, "rework"),
        (_a_wage_that_is_none, "cents"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.__name__.strip("_"),
)
def test_whatever_is_changed_in_a_line_written_anew_is_found(change, fault):
    parts = a_reworked_statement("D", only=True)
    change(parts)
    with pytest.raises(Unproven) as found:
        statement.check_file(raw(parts), TRUSTED)
    assert found.value.check == fault


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
    assert {*LineState, *DistributionState} - {"DRAFT"} == set(wording.STATES)


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
