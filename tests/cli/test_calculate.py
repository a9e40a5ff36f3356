"""`techmarket calculate`: the dry run with no market and no network, side by side, with its reasons and a drawing."""

from __future__ import annotations

import io
import json
import xml.etree.ElementTree as ElementTree
from decimal import Decimal
from importlib import resources
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from techmarket.cli.calculate import ANSWERED, REFUSED, UNREADABLE, calculate_path
from techmarket.cli.main import cli
from techmarket.kernel.money import Money
from tests.api.test_revenue import QUESTION, yuan

TIERS = {
    "mode": "licence",
    "rule_date": "2026-03-01",
    "jurisdiction": "XA",
    "receipts": [{"amount": yuan("302000.00"), "received_on": "2026-04-01"}],
    "costs": [{"kind": "patent_fee", "amount": yuan("2000.00"), "evidence": "invoice"}],
    "table": {
        "groups": [
            {"group": "MAIN", "weight": "1", "people": [{"name": "A", "weight": "2"}, {"name": "B", "weight": "1"}]}
        ]
    },
    "pay_on": "2026-08-03",
}


def ask(folder: Path, question: object, *packs: Path, **options: object):
    file, out = folder / "question.json", io.StringIO()
    file.write_text(question if isinstance(question, str) else json.dumps(question), encoding="utf-8")
    code = calculate_path(file, packs, Console(file=out, width=240, no_color=True), **options)
    return code, out.getvalue()


def outcomes(folder: Path, question: object, *packs: Path):
    code, said = ask(folder, question, *packs, as_json=True)
    assert code == ANSWERED, said
    answer = json.loads(said)
    return [answer["outcome"], *(one["outcome"] for one in answer["scenarios"])]


def test_the_worked_example_comes_out_to_the_cent_with_every_reason(tmp_path):
    code, said = ask(tmp_path, QUESTION)
    assert code == ANSWERED
    for amount in ("1,115,163.12", "780,614.19", "334,548.93", "331,761.03", "199,056.62", "132,704.41", "78,061.42"):
        assert amount in said
    assert "ZJR art. 37(1)(1) = 0.70" in said
    assert "reward_due: 2026-09-20" in said


def test_terms_places_and_days_stand_side_by_side_and_a_refused_one_says_why(tmp_path):
    others = [
        {"name": "the nation", "jurisdiction": "CN"},
        {"name": "too little", "table": QUESTION["table"] | {"rate": "0.60"}},
    ]
    code, said = ask(tmp_path, QUESTION | {"scenarios": others})
    assert code == ANSWERED
    reward = next(line for line in said.splitlines() if "奖励 reward" in line)
    assert ["780,614.19" in reward, "557,581.56" in reward] == [True, True]
    assert "too little: revenue.below_floor" in said


def test_policies_shaped_like_those_of_universities_elsewhere_answer_here_by_money_and_by_date(tmp_path):
    of_old = {"name": "the last day of the old scale", "rule_date": "2012-07-31"}
    laboratory = {"name": "with a laboratory", "jurisdiction": "XB"}
    new, old, other = outcomes(tmp_path, TIERS | {"scenarios": [of_old, laboratory]})
    assert (new["reward_minor"], new["parts"], new["unit_minor"]) == (184_000_00, {"department": 58_000_00}, 116_000_00)
    assert [line["minor"] for line in new["lines"]] == [122_666_67, 61_333_33]
    assert (old["reward_minor"], old["parts"]) == (167_500_00, {"department": 65_000_00})
    assert sorted(other["parts"]) == ["department", "laboratory"]
    assert other["reward_minor"] + other["unit_minor"] == other["base_minor"]


def test_a_pilot_unit_has_the_floor_of_its_province_and_no_other_unit_has(tmp_path):
    question = QUESTION | {
        "jurisdiction": "CN-42",
        "costs": [],
        "scenarios": [{"name": "pilot", "is_pilot_unit": True}],
    }
    plain, pilot = outcomes(tmp_path, question)
    assert (plain["rate"], pilot["rate"]) == ("0.5", "0.7")


def test_a_pack_that_is_given_stands_for_the_one_of_its_name(tmp_path):
    text = (resources.files("techmarket.rulebook") / "packs/CN-33/zhejiang.yaml").read_text(encoding="utf-8")
    pack = tmp_path / "mine.yaml"
    pack.write_text(text.replace("value: 0.70", "value: 0.80", 1), encoding="utf-8")
    (outcome,) = outcomes(tmp_path, QUESTION, pack)
    assert outcome["rate"] == "0.8"


def test_the_drawing_shows_who_gets_what_as_the_royalty_grows(tmp_path):
    plot = tmp_path / "plot.svg"
    code, said = ask(tmp_path, QUESTION, plot=plot, royalty_rate=Decimal("0.03"), sales_to=Money(20_000_000_00))
    assert (code, str(plot) in said) == (ANSWERED, True)
    drawing = plot.read_text(encoding="utf-8")
    assert ElementTree.fromstring(drawing).tag.endswith("svg")
    for name in ("单位 unit", "MAIN A", "MAIN B", "MAIN C", "STAFF", "OTHERS"):
        assert name in drawing


def test_terms_below_the_floor_end_with_one_and_say_what_would_work(tmp_path):
    code, said = ask(tmp_path, QUESTION | {"table": QUESTION["table"] | {"rate": "0.60"}})
    assert (code, "revenue.below_floor" in said, "0.70" in said) == (REFUSED, True, True)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"mode": "gift"}', '{"mode": NaN}', "[" * 100_000])
def test_what_is_no_question_ends_with_two(tmp_path, text):
    code, said = ask(tmp_path, text)
    assert (code, said != "") == (UNREADABLE, True)


def test_a_file_that_is_not_there_and_a_pack_that_is_none_end_with_two(tmp_path):
    out = io.StringIO()
    assert calculate_path(tmp_path / "none.json", [], Console(file=out)) == UNREADABLE
    pack = tmp_path / "list.yaml"
    pack.write_text("- a\n", encoding="utf-8")
    assert ask(tmp_path, QUESTION, pack)[0] == UNREADABLE


def test_the_command_takes_the_same_and_refuses_a_rate_that_is_none(tmp_path):
    file = tmp_path / "question.json"
    file.write_text(json.dumps(QUESTION | {"scenarios": [{"name": "[red]less"}]}), encoding="utf-8")
    ended = CliRunner().invoke(cli, ["calculate", str(file)])
    assert (ended.exit_code, "331,761.03" in ended.output, "[red]" in ended.output) == (0, True, True)
    assert CliRunner().invoke(cli, ["calculate", str(file), "--royalty-rate", "3%"]).exit_code == 1


def test_a_drawing_that_cannot_be_written_is_said_in_one_line(tmp_path):
    place = tmp_path / "none" / "p.svg"
    code, said = ask(tmp_path, TIERS, plot=place)
    assert (code, said) == (UNREADABLE, f"{place} cannot be written: No such file or directory.\n")
