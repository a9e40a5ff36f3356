"""The cut to a tier, what opens which tier, and what a document may be called: no database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from techmarket.disclosure import errors, rules
from techmarket.disclosure.lifecycle import GRANT, QUESTION, GrantState, QuestionState
from techmarket.disclosure.tiers import ALL, Reach, Tier, as_far_as, reach_of, visible
from techmarket.kernel.lifecycle import NotInThisState

FIELDS = {"title": "t", "description": "d", "know_how": "k", "price_paid": "p", "untiered": "u"}
TIERS = {
    "title": Tier.PUBLIC,
    "description": Tier.REGISTERED,
    "know_how": Tier.NDA,
    "price_paid": Tier.DEAL,
    "absent": Tier.PUBLIC,
}
NOW = datetime(2026, 3, 2, tzinfo=UTC)
LATER, PAST = NOW + timedelta(seconds=1), NOW - timedelta(seconds=1)


@pytest.mark.parametrize(
    "reach, names",
    [
        (as_far_as(Tier.PUBLIC), {"title"}),
        (as_far_as(Tier.REGISTERED), {"title", "description"}),
        (as_far_as(Tier.NDA), {"title", "description", "know_how"}),
        (Reach(Tier.DEAL, under_nda=False), {"title", "description", "price_paid"}),
        (ALL, {"title", "description", "know_how", "price_paid"}),
    ],
)
def test_a_reader_sees_the_fields_of_the_tier_he_reaches_and_nobody_a_field_without_a_tier(reach, names):
    assert visible(FIELDS, TIERS, reach) == {name: FIELDS[name] for name in names}
    assert visible(FIELDS, {}, reach) == {}


@pytest.mark.parametrize(
    "standing, grants, reach",
    [
        ({}, [], as_far_as(Tier.PUBLIC)),
        ({"is_verified": True}, [], as_far_as(Tier.REGISTERED)),
        ({"is_owner": True}, [], ALL),
        ({"is_market": True}, [], ALL),
        ({"is_verified": True}, [(Tier.NDA, None)], as_far_as(Tier.NDA)),
        ({"is_verified": True}, [(Tier.NDA, LATER)], as_far_as(Tier.NDA)),
        ({"is_verified": True}, [(Tier.NDA, NOW)], as_far_as(Tier.REGISTERED)),
        ({"is_verified": True}, [(Tier.DEAL, PAST), (Tier.NDA, LATER)], as_far_as(Tier.NDA)),
        ({"is_verified": True}, [(Tier.DEAL, LATER), (Tier.NDA, PAST)], Reach(Tier.DEAL, under_nda=False)),
        ({"is_verified": True}, [(Tier.DEAL, LATER), (Tier.NDA, None)], ALL),
        ({"is_verified": True}, [(Tier.PUBLIC, None)], as_far_as(Tier.REGISTERED)),
    ],
)
def test_a_grant_opens_its_tier_until_its_end_and_never_lowers_one(standing, grants, reach):
    facts = {"is_owner": False, "is_market": False, "is_verified": False} | standing
    assert reach_of(**facts, grants=grants, now=NOW) == reach


@pytest.mark.parametrize("lifecycle, states", [(GRANT, GrantState), (QUESTION, QuestionState)])
def test_a_grant_closes_once_and_a_question_is_answered_once(lifecycle, states):
    first, last = list(states)
    (act,) = lifecycle.acts
    assert lifecycle.move(first, act) is last
    with pytest.raises(NotInThisState):
        lifecycle.move(last, act)


@pytest.mark.parametrize("name", ["report.pdf", "技术说明书.pdf", "a b (1).txt", "x" * 200, "v1.2.final.pdf"])
def test_a_plain_name_is_taken(name):
    rules.check_document_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "../../etc/passwd",
        "/etc/passwd",
        "..\\win.ini",
        "C:evil.pdf",
        "a/b.pdf",
        "..",
        ".hidden",
        "a..pdf",
        "nul\x00.pdf",
        "line\n.pdf",
        " padded.pdf",
        "dot.",
        "CON",
        "com1.txt",
        'q"uote.pdf',
        "x" * 201,
    ],
)
def test_a_name_with_a_path_or_worse_is_refused(name):
    with pytest.raises(errors.BadDocumentName):
        rules.check_document_name(name)


@pytest.mark.parametrize("folder", ["", "a/b", "..", "a b", "资料", "x" * 65, "a\n"])
def test_a_folder_is_one_plain_word(folder):
    rules.check_folder("general")
    with pytest.raises(errors.BadFolder):
        rules.check_folder(folder)
