"""Take one guard after the other out of the code and see that a test notices: `make mutants`.

Each mutant is a copy of the sources with one line weakened. A mutant that lives is a guard that nothing watches.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[3]
SOURCES = ROOT / "src"
ENDS_WITHIN_SECONDS = 900


@dataclass(frozen=True)
class Mutant:
    """`path` under src/techmarket; `guard` stands there once. The tests that watch it are the matrix, or are named."""

    path: str
    guard: str
    weakened: str
    watched_by: tuple[str, ...] = ()


OBJECTING = ("tests/notices/test_objecting.py", "tests/notices/test_rules.py", "tests/notices/test_service.py")
RESTATING = ("tests/notices/test_restating.py",)
PERIODS = ("tests/notices/test_rules.py", "tests/notices/test_extending.py", "tests/notices/test_opening.py")
CONSENTS = ("tests/achievements/test_consents.py", "tests/api/test_consents.py")
VESTING = ("tests/achievements/test_vesting.py", "tests/api/test_vesting.py")
SECOND_EYE = ("tests/achievements/test_attestations.py", "tests/achievements/test_burdens.py")
GATES = ("tests/contracts/test_approvals.py", "tests/trading/test_approval_gate.py")
AGAIN = ("tests/trading/test_relisting.py",)
FILE = ("tests/dossiers/test_grounds.py",)
TAGS = ("tests/api/test_conditional.py",)
WITHDRAWAL = ("tests/listings/test_withdrawal_race.py",)
REVIEW = ("tests/listings/test_service.py",)
SCENARIOS = ("tests/listings/test_scenarios.py",)
PUBLICATION = ("tests/listings/test_publication.py",)
IMPORTS = ("tests/api/test_hub.py",)
GRANTS = ("tests/disclosure/test_service.py",)
STAMPS = ("tests/disclosure/test_watermark.py", "tests/disclosure/test_service.py")


MUTANTS = (
    # who may know of a listing
    Mutant("listings/steps/showing.py", "return listing.state in KNOWN or is_inside(actor, listing)", "return True"),
    Mutant(
        "listings/steps/showing.py",
        "(actor.org_id is not None and actor.org_id == listing.org_id)",
        "actor.org_id is not None",
    ),
    Mutant("listings/lifecycle.py", "FINDABLE | {ListingState.CLOSED}", "FINDABLE | {ListingState.WITHDRAWN}"),
    Mutant("listings/repository.py", "elif not sees_everything:\n        public", "elif False:\n        public"),
    Mutant("listings/repository.py", "public = _stands_in(KNOWN if states else FINDABLE)", "public = True"),
    Mutant("listings/repository.py", "query = query.where(Listing.org_id == org_id)", "pass"),
    Mutant(
        "listings/service/reading.py",
        "if not steps.is_inside(actor, listing):",
        "if False:",
    ),
    Mutant("listings/service/reviewing.py", "if not steps.is_inside(actor, listing):", "if False:"),
    Mutant("listings/service/showing.py", "if not steps.may_know(actor, listing):", "if False:"),
    Mutant("listings/service/bulk.py", " if steps.may_know(actor, one)}", "}"),
    Mutant("listings/service/scenarios.py", "return inside or row.published_at is not None", "return True"),
    # what of it he sees
    Mutant("listings/tiers.py", 'document["raised"]), reach)', 'document["raised"]), Reach(Tier.DEAL, True))'),
    Mutant("listings/tiers.py", "max(tier, Tier[raised[name]]) if name in raised else tier for", "tier for"),
    Mutant("listings/steps/showing.py", "if is_inside(actor, row):\n        dossier", "if True:\n        dossier"),
    Mutant("disclosure/tiers.py", "and reach.opens(field_tier[name])}", "}"),
    Mutant("disclosure/tiers.py", "tier <= self.highest and ", ""),
    Mutant("disclosure/tiers.py", "(tier is not Tier.NDA or self.under_nda)", "True"),
    Mutant("disclosure/tiers.py", "if is_owner or is_market:", "if True:"),
    Mutant("disclosure/tiers.py", "Tier.REGISTERED if is_verified else Tier.PUBLIC", "Tier.REGISTERED"),
    Mutant("disclosure/steps.py", "if grant.subject == subject\n", ""),
    # what takes part in search
    Mutant(
        "listings/steps/indexing.py",
        "{tier: tiers.cut(documents[version.sha256], as_far_as(tier)) for tier in Tier}",
        "{tier: dict(documents[version.sha256]['fields']) for tier in Tier}",
    ),
    Mutant(
        "listings/steps/indexing.py",
        "if rules.stands_as(pair[0].state, pair[0].expires_on, day) in FINDABLE\n    }",
        "if day\n    }",
    ),
    Mutant(
        "matching/ranking.py",
        "return Space.REGISTERED if actor.org_verified or actor.is_market else Space.PUBLIC",
        "return Space.REGISTERED",
    ),
    Mutant(
        "listings/steps/indexing.py",
        "for ref, reach in reached.items() if reach.under_nda",
        "for ref, reach in reached.items()",
    ),
    Mutant("matching/grants.py", " ON g.listing_id = r.id AND g.tier <= r.tier", " ON g.listing_id = r.id"),
    # a room that is no longer public
    Mutant("listings/service/drafting.py", "await disclosure.hide_rooms(db, [steps.listing_ref(listing.id)])", "pass"),
    Mutant(
        "listings/service/drafting.py",
        "await disclosure.hide_rooms(db, [steps.listing_ref(listing.id) for listing in due])",
        "pass",
    ),
    Mutant("listings/service/reviewing.py", "await disclosure.hide_rooms(db, hidden)", "pass"),
    Mutant("listings/steps/writing.py", "await disclosure.hide_rooms(db, [listing_ref(listing.id)])", "pass"),
    # who comes into a room, and what is open to him there
    Mutant("disclosure/doors.py", "return actor.is_market or owns(actor, room)", "return True"),
    Mutant(
        "disclosure/doors.py",
        "actor.org_id is not None and actor.org_id == room.owner_org_id",
        "actor.org_id is not None",
    ),
    Mutant("disclosure/doors.py", "return room.stands_public or is_inside(actor, room) or is_invited", "return True"),
    Mutant("disclosure/doors.py", "if found is None or not is_inside(actor, found.room):", "if found is None:"),
    Mutant("disclosure/doors.py", "if not known or", "if"),
    Mutant("disclosure/doors.py", " or (found.found.withdrawn_at and not inside):", ":"),
    Mutant("disclosure/doors.py", "is_open = inside or rules.is_open(", "is_open = True or rules.is_open("),
    Mutant("disclosure/rules.py", "and reach.opens(tier))", ")"),
    Mutant("disclosure/rules.py", "and (named is not None or not by_name)", ""),
    Mutant("disclosure/service/documents.py", "if admitted is None or not admitted.is_open:", "if admitted is None:"),
    Mutant(
        "disclosure/service/documents.py",
        "if admitted is None or not doors.is_inside(actor, admitted.room):",
        "if admitted is None:",
    ),
    Mutant(
        "disclosure/service/grants.py", "if found is None or not doors.is_inside(actor, found[1]):", "if found is None:"
    ),
    Mutant(
        "disclosure/service/ndas.py",
        "if found is None or not (actor.is_market or actor.org_id in (found[0].owner_org_id, found[0].org_id)):",
        "if found is None:",
    ),
    Mutant(
        "disclosure/repository/documents.py",
        "[_TIER.in_([int(tier) for tier in Tier if reach.opens(tier)])]",
        "[~false()]",
    ),
    Mutant(
        "disclosure/repository/documents.py", "return known if sight.sees_withdrawn else", "return known if True else"
    ),
    Mutant("disclosure/repository/rooms.py", "(Grant.state == GrantState.OPEN) & ", ""),
    Mutant("disclosure/repository/rooms.py", "or_(Grant.until.is_(None), Grant.until > func.market_now())", "True"),
    Mutant(
        "disclosure/repository/rooms.py",
        "and_(Grant.org_id == actor.org_id, theirs)",
        "theirs",
    ),
    Mutant("disclosure/repository/rooms.py", "Grant.subject == DataRoom.subject, is_for", "is_for"),
    Mutant("disclosure/repository/rooms.py", ".where(Grant.document_id.is_(None), Grant.folder.is_(None))", ""),
    Mutant("disclosure/repository/grants.py", "is_for(actor), Grant.subject.in_", "Grant.subject.in_"),
    Mutant(
        "disclosure/service/requests.py",
        "return actor.is_market or actor.org_id in (row.owner_org_id, row.org_id)",
        "return True",
    ),
    Mutant("disclosure/repository/requests.py", "query = query.where(AccessRequest.org_id == org_id)", "pass"),
    # questions
    Mutant(
        "disclosure/repository/questions.py",
        "open_to_him = Question.tier.in_(",
        "open_to_him = True or Question.tier.in_(",
    ),
    Mutant(
        "disclosure/repository/questions.py",
        "and_(Question.state == QuestionState.ANSWERED, open_to_him)",
        "open_to_him",
    ),
    Mutant("disclosure/repository/questions.py", "if not sees_all:", "if False:"),
    Mutant(
        "disclosure/service/questions.py",
        "is_inside=knows) if reach.opens(Tier(row.tier)) else None",
        "is_inside=knows)",
    ),
    Mutant(
        "disclosure/service/questions.py",
        "if not (doors.is_inside(actor, room) or actor.org_id == question.asker_org_id):",
        "if False:",
    ),
    # notices and objections
    Mutant("notices/rules.py", "or actor.person_id == opened_by or", "or", OBJECTING),
    Mutant("notices/rules.py", " or actor.roles & SPEAKERS:", ":", OBJECTING),
    Mutant("notices/rules.py", "if actor.is_market or not (named or", "if not (named or", OBJECTING),
    Mutant("notices/rules.py", "Objector.PARTIES in objectors and actor.org_id in party_orgs", "True", OBJECTING),
    Mutant("notices/rules.py", "if not set(evidence) - known:", "if False:", OBJECTING),
    Mutant(
        "notices/rules.py",
        "    if unknown:\n        raise errors.UnknownLines",
        "    if False:\n        raise errors.UnknownLines",
        OBJECTING,
    ),
    Mutant("notices/rules.py", "if length.n < least.n:", "if False:", PERIODS),
    Mutant(
        "notices/rules.py",
        "    if changed:\n        raise errors.NotACorrection",
        "    if False:\n        raise errors.NotACorrection",
        (*PERIODS, "tests/notices/test_service.py"),
    ),
    Mutant(
        "notices/service/objecting.py",
        "objected = actor.person_id == objection.by_person_id or (",
        "objected = False and (",
        OBJECTING,
    ),
    Mutant(
        "notices/service/objecting.py",
        "if objected or (is_owner and actor.person_id == notice.opened_by_id):",
        "if objected:",
        OBJECTING,
    ),
    Mutant(
        "notices/service/objecting.py",
        "if await repository.has_open_objection(db, notice.id, party):",
        "if False:",
        OBJECTING,
    ),
    Mutant(
        "notices/service/objecting.py",
        "if not (is_party(actor, notice) or actor.org_id == objection.by_org_id):",
        "if False:",
        OBJECTING,
    ),
    Mutant(
        "notices/service/objecting.py",
        'await evidence.require_kept(db, actor.org, files, pointer="/body/evidence")',
        "pass",
        ("tests/api/test_evidence.py", *OBJECTING),
    ),
    Mutant(
        "notices/service/objecting.py",
        "if upheld and KINDS[notice.kind].effect is Effect.PAUSES:",
        "if upheld and notice.state is NoticeState.PAUSED:",
        ("tests/notices/test_opening.py",),
    ),
    Mutant("notices/service/objecting.py", "if wanted is market:", "if False:", RESTATING),
    Mutant("notices/service/restating.py", "if document_sha256 != notice.document_sha256:", "if False:", RESTATING),
    Mutant("notices/service/restating.py", "if actor.person_id in notice.favoured_ids:", "if False:", RESTATING),
    Mutant("notices/service/restating.py", "        if by_owner:\n", "        if False:\n", RESTATING),
    Mutant("notices/service/restating.py", "if wanted is policy.RESTATE:", "if False:", RESTATING),
    Mutant("notices/service/restating.py", " and Decider.OWNER in KINDS[notice.kind].replaced_by", "", RESTATING),
    Mutant(
        "notices/opening.py",
        "if (await counting.course_of(db, old)).suspension is not None:",
        "if False:",
        RESTATING,
    ),
    Mutant(
        "notices/rules.py", "if strange := sorted(set(changes) - {*words, *NOTES}):", "if strange := []:", RESTATING
    ),
    Mutant("notices/rules.py", "said is False and old.get(name) is True:", "False:", RESTATING),
    Mutant("notices/repository.py", "after.where(chain.c.state == NoticeState.REPLACED)", "after", RESTATING),
    Mutant(
        "notices/steps.py",
        "while notice.state is NoticeState.REPLACED:\n        notice = await repository.hold_notice",
        "while False:\n        notice = await repository.hold_notice",
        RESTATING,
    ),
    # consents of co-owners
    Mutant("achievements/consents.py", "return consent.terms_sha256 == wanted.terms_sha256", "return True", CONSENTS),
    Mutant("achievements/consents.py", "wanted.mode not in scope.modes or ", "", CONSENTS),
    Mutant(
        "achievements/consents.py",
        "if (owner, share) not in given)",
        "if owner not in {one for one, _ in given})",
        CONSENTS,
    ),
    Mutant(
        "achievements/steps/selling.py",
        "for one in given if one.state is ConsentState.GIVEN]",
        "for one in given]",
        CONSENTS,
    ),
    Mutant(
        "achievements/service/consenting.py",
        "raise errors.ConsentReliedOn(achievement=achievement.id)",
        "pass",
        CONSENTS,
    ),
    # vesting
    Mutant("achievements/vesting.py", 'raise errors.GranteesNotCompleters(pointer="/body/grantees")', "pass", VESTING),
    Mutant(
        "achievements/vesting.py",
        'raise errors.UnitKeepsAShare(unit_share=unit_share, total=total, pointer="/body/grantees")',
        "pass",
        VESTING,
    ),
    Mutant(
        "achievements/vesting.py",
        'raise errors.UseRightTooShort(least=years_min, pointer="/body/years")',
        "pass",
        VESTING,
    ),
    Mutant(
        "achievements/vesting.py",
        'raise errors.ExclusionNotCleared(missing=missing, pointer="/body/cleared")',
        "pass",
        VESTING,
    ),
    Mutant("achievements/vesting.py", "raise errors.TitleNotTheGivers(held=held, given=given)", "pass", VESTING),
    Mutant("achievements/service/vesting.py", "raise errors.CoOwnerCannotSign(person=one.person_id)", "pass", VESTING),
    # the second eye on others' rights
    Mutant(
        "achievements/service/attesting.py",
        "require(actor, wanted, parties=[row.org_id])",
        "pass",
        SECOND_EYE,
    ),
    Mutant(
        "achievements/service/attesting.py",
        "await identity.require_outside(db, actor.person, [row.org_id], operation=wanted.operation)",
        "pass",
        SECOND_EYE,
    ),
    Mutant(
        "achievements/service/attesting.py",
        "or not allows(actor, wanted, parties=[burden.holder_org_id]):",
        "or False:",
        SECOND_EYE,
    ),
    Mutant(
        "achievements/service/attesting.py",
        "if not actor.is_market and actor.org_id not in (unit, burden.holder_org_id):",
        "if False:",
        SECOND_EYE,
    ),
    Mutant("achievements/service/burdening.py", "if draft.holder_org == unit:", "if False:", SECOND_EYE),
    Mutant("achievements/service/burdening.py", "if burden.kind in OF_OTHERS:", "if False:", SECOND_EYE),
    # approvals, listing again, files, tags
    Mutant(
        "contracts/service/signing.py", "await require_approved(db, contract, parties[PartyRole.PAYEE])", "pass", GATES
    ),
    Mutant(
        "achievements/approvals.py",
        "approved.floor_minor is not None and price_minor < approved.floor_minor",
        "False",
        GATES,
    ),
    Mutant("trading/service/announcing.py", "await require_follows(db, trade, offer)", "pass", AGAIN),
    Mutant("trading/service/relisting.py", "ground = _carried(ground, said)", "pass", AGAIN),
    Mutant("dossiers/filing.py", '[one for one in named["approval"] if str(one) in public]', 'named["approval"]', FILE),
    Mutant(
        "dossiers/rules.py", "return reader is Reader.OWNER or not kind.startswith(GROUND_KINDS)", "return True", FILE
    ),
    Mutant("dossiers/package.py", "if not listed <= found.grounds:", "if False:", FILE),
    Mutant("dossiers/service/taking.py", "org=own if is_owner else None", "org=None", FILE),
    Mutant("api/conditional.py", "if response.status_code != 200:", "if False:", TAGS),
    # a consent that is given out whole
    Mutant(
        "achievements/steps/consenting.py",
        "if actor.person_id is None or actor.person_id != row.person_id:",
        "if False:",
        CONSENTS,
    ),
    Mutant("dossiers/proofs.py", 'if any(row["facts"]["document_sha256"] != text["sha256"]', "if any(False", CONSENTS),
    Mutant("dossiers/proofs.py", "or (given and not signed):", ":", CONSENTS),
    # what is decided is what was read, by somebody outside
    Mutant("listings/service/reviewing.py", "[refusal if one.org_id in mine else None for", "[None for", REVIEW),
    Mutant(
        "listings/service/reviewing.py",
        "if version.sha256 != read.get(id)]",
        "if version.sha256 != read.get(id, version.sha256)]",
        REVIEW,
    ),
    Mutant("listings/service/scenarios.py", '"reword" if is_reworded else "amend"', '"amend"', SCENARIOS),
    Mutant("listings/service/drafting.py", "rules.check_later(expires_on, listing.expires_on)", "pass", PUBLICATION),
    Mutant(
        "hub/rules.py",
        "check_recordable(row.achievement.abstract_zh, row.achievement.abstract_en, pointer=",
        "str(",
        IMPORTS,
    ),
    # two at once
    Mutant(
        "listings/repository.py",
        "in_(set(ids))).order_by(Listing.id).with_for_update()",
        "in_(set(ids))).order_by(Listing.id)",
        WITHDRAWAL,
    ),
    Mutant(
        "listings/repository.py",
        "in_(set(ids))).order_by(Listing.id).with_for_update()",
        "in_(set(ids))).order_by(Listing.id)",
        REVIEW,
    ),
    Mutant("trading/batch.py", "ORDER BY l.id FOR UPDATE OF l", "ORDER BY l.id", WITHDRAWAL),
    Mutant("disclosure/repository/rooms.py", "query = query.with_for_update(of=DataRoom)", "pass", GRANTS),
    Mutant("notices/repository.py", "Notice.id == notice_id).with_for_update()", "Notice.id == notice_id)", OBJECTING),
    # whose copy it is
    Mutant("disclosure/watermark/stamp.py", "· {self._time()} · {self.entry_id}", "· {self._time()}", STAMPS),
    Mutant("disclosure/service/documents.py", "if again is None:", "if False:", STAMPS),
    Mutant("disclosure/watermark/pictures.py", "picture.info.clear()", "pass", STAMPS),
    Mutant("disclosure/watermark/pictures.py", "if pixels > bounds.pixels_max:", "if False:", STAMPS),
    Mutant(
        "disclosure/watermark/pdf.py",
        """            if stated > pages_max:
                return {"fault": "too_long", "pages": int(stated)}
            pages = len(document.pages)
            if pages > pages_max:
""",
        "            pages = len(document.pages)\n            if False:\n",
        STAMPS,
    ),
    Mutant("disclosure/watermark/pdf.py", "if time.monotonic() > deadline:", "if False:", STAMPS),
)


def weakened(mutant: Mutant) -> str:
    """The text of its file without the guard."""
    text = (SOURCES / "techmarket" / mutant.path).read_text()
    count = text.count(mutant.guard)
    if count != 1:
        raise ValueError(f"{mutant.path}: the guard stands there {count} times: {mutant.guard}")
    return text.replace(mutant.guard, mutant.weakened)


def lives(mutant: Mutant) -> bool:
    """Whether the tests that watch it pass although the guard is gone."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "src"
        shutil.copytree(SOURCES, copy, ignore=shutil.ignore_patterns("__pycache__"))
        (copy / "techmarket" / mutant.path).write_text(weakened(mutant))
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-n", "0", "-o", f"pythonpath={copy} ."]
        watched_by = mutant.watched_by or (str(Path(__file__).parent),)
        # the processes that the tests start find the copy by the environment
        found = {**os.environ, "PYTHONPATH": str(copy)}
        try:
            ended = subprocess.run(
                [*command, *watched_by],
                cwd=ROOT,
                env=found,
                capture_output=True,
                text=True,
                timeout=ENDS_WITHIN_SECONDS,
            )
        except subprocess.TimeoutExpired:
            return False  # tests that never end are noticed, too
    if ended.returncode not in (0, 1) or " error" in ended.stdout.splitlines()[-1]:
        print(ended.stdout[-2000:], flush=True)
    return ended.returncode == 0


def main(wanted: list[str]) -> int:
    alive = []
    chosen = [one for one in MUTANTS if not wanted or any(part in one.path for part in wanted)]
    for mutant in chosen:
        is_alive = lives(mutant)
        alive += [mutant] * is_alive
        print(f"{'LIVES ' if is_alive else 'caught'}  {mutant.path}: {mutant.guard}", flush=True)
    print(f"{len(chosen) - len(alive)} of {len(chosen)} guards are watched")
    return 1 if alive else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
