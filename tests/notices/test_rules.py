"""The moves of notices and objections, and how a notice stands at an instant: no database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from techmarket.cli.notices_page import notice_page
from techmarket.identity.actor import Actor, OrgKind, Role
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.notices import errors, rules
from techmarket.notices.kinds import KINDS, Effect, NoticeKind, Place, Readers
from techmarket.notices.lifecycle import NOTICE, OBJECTION, NoticeState, ObjectionState
from tests.notices.make import PRICE_TEXT

ROOT = Path(__file__).parents[2]
OWNER, OTHER, PARTY, PERSON, OPENER = (UUID(int=n) for n in range(1, 6))
N, O = NoticeState, ObjectionState  # noqa: E741
NOTICE_MOVES = {
    (N.PREPARED, "start"): N.RUNNING,
    (N.RUNNING, "pause"): N.PAUSED,
    (N.PAUSED, "resume"): N.RUNNING,
    (N.RUNNING, "clear"): N.CLEARED,
    (N.PREPARED, "uphold"): N.UPHELD,
    (N.RUNNING, "uphold"): N.UPHELD,
    (N.PAUSED, "uphold"): N.UPHELD,
    (N.PREPARED, "correct"): N.PREPARED,
    (N.RUNNING, "correct"): N.RUNNING,
    (N.PAUSED, "correct"): N.PAUSED,
    (N.PREPARED, "replace"): N.REPLACED,
    (N.RUNNING, "replace"): N.REPLACED,
    (N.PAUSED, "replace"): N.REPLACED,
    (N.PREPARED, "withdraw"): N.WITHDRAWN,
    (N.RUNNING, "withdraw"): N.WITHDRAWN,
    (N.PAUSED, "withdraw"): N.WITHDRAWN,
}
OBJECTION_MOVES = {
    (O.FILED, "uphold"): O.UPHELD,
    (O.FILED, "dismiss"): O.DISMISSED,
    (O.FILED, "withdraw"): O.WITHDRAWN,
    (O.FILED, "lapse"): O.LAPSED,
    (O.LAPSED, "carry"): O.FILED,
    (O.FILED, "acknowledge"): O.FILED,
    (O.FILED, "add_evidence"): O.FILED,
}
END = datetime(2026, 3, 23, 16, tzinfo=UTC)
BEFORE, AFTER = END - timedelta(microseconds=1), END + timedelta(seconds=1)


@pytest.mark.parametrize("lifecycle, moves", [(NOTICE, NOTICE_MOVES), (OBJECTION, OBJECTION_MOVES)])
def test_every_state_with_every_act_moves_as_the_table_says_or_is_refused(lifecycle, moves):
    for state in lifecycle.states:
        for act in lifecycle.acts:
            if (state, act) in moves:
                assert lifecycle.move(state, act) is moves[state, act]
            else:
                with pytest.raises(NotInThisState):
                    lifecycle.move(state, act)
    assert lifecycle.moves == moves


def test_a_notice_starts_with_the_later_of_its_required_places():
    both = (Place.MARKET, Place.UNIT)
    assert rules.start_of(both, {}) is None
    assert rules.start_of(both, {Place.MARKET: BEFORE}) is None
    assert rules.start_of(both, {Place.UNIT: BEFORE, Place.MARKET: END}) == END
    assert rules.start_of((Place.MARKET,), {Place.MARKET: BEFORE}) == BEFORE


@pytest.mark.parametrize(
    "state, ends_at, now, refusal",
    [
        (N.CLEARED, END, BEFORE, None),
        (N.RUNNING, END, BEFORE, errors.StillRunning),
        (N.RUNNING, END, END, None),
        (N.RUNNING, END, AFTER, None),
        (N.RUNNING, None, AFTER, errors.StillRunning),
        (N.PAUSED, None, AFTER, errors.Paused),
        (N.PAUSED, END, AFTER, errors.Paused),
        (N.PAUSED, None, AFTER, errors.Suspended),
        (N.UPHELD, END, AFTER, errors.Upheld),
        (N.PREPARED, None, AFTER, errors.NotStarted),
        (N.REPLACED, END, AFTER, errors.NoLongerStands),
        (N.WITHDRAWN, END, AFTER, errors.NoLongerStands),
    ],
)
def test_what_waits_for_a_notice_waits_until_it_has_cleared(state, ends_at, now, refusal):
    if refusal is None:
        rules.check_cleared(state, ends_at=ends_at, now=now)
    else:
        with pytest.raises(refusal):
            rules.check_cleared(state, ends_at=ends_at, now=now, open_objections=refusal is errors.Paused)


@pytest.mark.parametrize(
    "state, now, refusal",
    [
        (N.RUNNING, BEFORE, None),
        (N.RUNNING, END, errors.Ended),
        (N.PAUSED, AFTER, None),
        (N.CLEARED, AFTER, errors.Ended),
        (N.PREPARED, BEFORE, errors.NotStarted),
        (N.UPHELD, BEFORE, errors.NoLongerStands),
        (N.REPLACED, BEFORE, errors.NoLongerStands),
        (N.WITHDRAWN, BEFORE, errors.NoLongerStands),
    ],
)
def test_an_objection_is_taken_from_the_start_to_the_last_instant(state, now, refusal):
    if refusal is None:
        rules.check_objection_in_time(state, ends_at=END, now=now)
    else:
        with pytest.raises(refusal):
            rules.check_objection_in_time(state, ends_at=END, now=now)


@pytest.mark.parametrize(
    "effect, known, named, refusal",
    [
        (Effect.PAUSES, None, None, None),
        (Effect.PAUSES, None, ["a"], errors.LinesNotTaken),
        (Effect.HOLDS_LINES, ["a", "b"], ["b"], None),
        (Effect.HOLDS_LINES, None, ["z"], None),
        (Effect.HOLDS_LINES, ["a"], None, errors.LinesNeeded),
        (Effect.HOLDS_LINES, ["a"], [], errors.LinesNeeded),
        (Effect.HOLDS_LINES, ["a"], ["a", "z"], errors.UnknownLines),
    ],
)
def test_an_objection_to_a_list_names_lines_that_the_list_has(effect, known, named, refusal):
    if refusal is None:
        rules.check_lines(effect, known, named)
    else:
        with pytest.raises(refusal):
            rules.check_lines(effect, known, named)


def test_a_price_notice_stands_in_both_places_with_its_four_fields_and_the_flag():
    price = KINDS[NoticeKind.PRICE]
    assert set(price.places) == {Place.MARKET, Place.UNIT}
    whole = {"name": "n", "abstract": "a", "mode": "m", "intended_price": "p", "related_party": False}
    rules.check_fields(price, whole)
    for name in whole:
        with pytest.raises(errors.FieldsMissing) as refused:
            rules.check_fields(price, {k: v for k, v in whole.items() if k != name})
        assert refused.value.facts == {"fields": [name]}


def test_every_kind_has_its_row_and_only_a_reward_list_holds_lines():
    assert set(KINDS) == set(NoticeKind)
    assert [kind for kind, row in KINDS.items() if row.effect is Effect.HOLDS_LINES] == [NoticeKind.REWARD_LIST]
    assert KINDS[NoticeKind.REWARD_LIST].readers is Readers.UNIT


def actor(org: UUID, *roles: Role, person: UUID = PERSON, kind: OrgKind = OrgKind.ENTERPRISE) -> Actor:
    return Actor(person, org, kind, True, frozenset(roles))


@pytest.mark.parametrize(
    "kind, who, refusal",
    [
        (NoticeKind.RESULT, actor(OTHER), None),
        (NoticeKind.RESULT, actor(OWNER, Role.INVENTOR), errors.OwnNotice),
        (NoticeKind.RESULT, actor(OTHER, kind=OrgKind.MARKET), errors.NoStanding),
        (NoticeKind.PRICE, actor(OTHER), None),
        (NoticeKind.PRICE, actor(OWNER, Role.INVENTOR), None),
        (NoticeKind.PRICE, actor(OWNER, Role.FINANCE, Role.SIGNATORY), errors.OwnNotice),
        (NoticeKind.PRICE, actor(OWNER, Role.INVENTOR, person=OPENER), errors.OwnNotice),
        (NoticeKind.REWARD_LIST, actor(OWNER, Role.INVENTOR), None),
        (NoticeKind.REWARD_LIST, actor(PARTY), None),
        (NoticeKind.REWARD_LIST, actor(OTHER), errors.NoStanding),
        (NoticeKind.GRANT, actor(OWNER, Role.LISTING_OFFICER), errors.OwnNotice),
    ],
)
def test_who_may_object_is_what_the_kind_says(kind, who, refusal):
    facts = {"owner_org": OWNER, "party_orgs": [PARTY], "opened_by": OPENER}
    if refusal is None:
        rules.check_standing(kind, who, **facts)
    else:
        with pytest.raises(refusal):
            rules.check_standing(kind, who, **facts)


def test_grounds_are_the_same_whatever_their_case_spaces_and_signs_and_not_about_other_lines():
    same = {rules.grounds_key(words, ["a", "b"]) for words in ("价格过低。", " 价格 过低", "价格过低!")}
    assert len(same) == 1
    assert len({rules.grounds_key("Ａ１", None), rules.grounds_key("a1", None)}) == 1
    keys = [rules.grounds_key("x", lines) for lines in (None, ["a"], ["a", "b"])] + [rules.grounds_key("y", None)]
    assert len(set(keys)) == 4
    assert rules.grounds_key("x", ["b", "a"]) == rules.grounds_key("x", ["a", "b"])


def test_the_owner_is_bound_by_the_rows_for_its_kind():
    assert rules.owner_kinds(OrgKind.ENTERPRISE, government_established=True) == ("soe", "enterprise", "any")
    assert rules.owner_kinds(OrgKind.UNIVERSITY, government_established=True) == ("government_unit", "non_soe", "any")
    assert rules.owner_kinds(OrgKind.UNIVERSITY, government_established=False) == ("enterprise", "non_soe", "any")
    assert rules.jurisdiction_of("CN-33", applies_local_rules=True) == "CN-33"
    assert rules.jurisdiction_of("CN-33", applies_local_rules=False) == "CN"


def test_the_page_about_notices_is_the_one_in_the_docs():
    assert (ROOT / "docs" / "notices.md").read_text() == notice_page(), "run `make docs`"


@pytest.mark.parametrize("nothing", [None, "", "  ", [None], ["Sample", None], {"zh": None, "en": ""}, {"zh": [""]}])
def test_a_notice_whose_field_says_nothing_does_not_state_it(nothing: object) -> None:
    with pytest.raises(errors.FieldsMissing) as missing:
        rules.check_fields(KINDS[NoticeKind.PRICE], PRICE_TEXT | {"abstract": nothing})
    assert missing.value.facts == {"fields": ["abstract"]}
    rules.check_fields(KINDS[NoticeKind.PRICE], PRICE_TEXT | {"abstract": {"zh": None, "en": "Sample"}})
    lines = {
        "contract_number": "Sample 1",
        "lines": [["1", "UNIT", None, "400.00"]],
    }  # what goes to the unit names nobody
    rules.check_fields(KINDS[NoticeKind.REWARD_LIST], lines)
