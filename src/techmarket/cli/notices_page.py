"""The page about notices: the table of kinds as the code has it, and the rules that hold for all of them."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from techmarket.notices.kinds import KINDS, KindRow

ABOUT = """\
# Notices and objections (公示, 异议)

Rendered from `notices/kinds.py` by `techmarket docs`. One machine carries every kind; what differs is this table.

{kinds}

## The period

- It starts with the later of the required places. The day of the start is not counted; a last day on a holiday
  moves to the next working day; it ends at 24:00 in Shanghai (民法典 201-204). A year without a published work-day
  calendar is a named refusal, never a guess.
- How long it is, the rulebook says by kind, owner and the subject's rule date (`GET
  /v1/rules?key=notice.price.length`). A mandatory row that was read rejects anything shorter; a default only fills
  in.
- *Extension* (延期): only as the notice announced when it opened, one announced step at a time, up to the last
  instant. Each step begins where the period before it ends. An SOE's step has the least length the rulebook says.
- *Suspension* (中止): the operator stops the clock and says why to everyone; `resume_by` is the longest the rulebook
  foresees. *Resumption* (恢复): the days that had not run run on; where a rule says so, days are added until enough
  are left and enough stand in all.
- *Pause*: an open objection stops the clock. The day a pause begins does not count, nor does any day up to and
  including the one it ends on. Overlapping pauses take out each day once.
- The end and the remaining days are counted from rows each time they are asked for, so a calendar the operator
  enters moves them. Once a notice has cleared, its end is written down and moves no more.
- A cleared notice lets what waits for it go on (`require_cleared`), whether a job has run or not.

## Texts

- Every text is kept by its hash, in `versions`; none is ever changed.
- A *correction* leaves the required fields as they are and goes on with the same period, where the kind takes one.
  Any other change is a new notice: its period starts afresh, and open objections go with it. One whose every line
  is gone from the new list lapses, on record.
- Only what the table calls *words* can be put differently, and a note added (`note_zh`, `note_en`); what other records
  say (price, parties, lots, lines) stands in the notice as they say it. A related party once published is not taken
  back. Who changes a text names the one he has read, and says why to everyone: `instead_of` in the new text has the
  hash of the former one and the reasons.
- `POST /v1/notices/{{id}}/corrections`: by the owner's administrator or listing officer, or an operator.
  `POST /v1/notices/{{id}}/replacement`: by whom the table names. Nobody restates what favours him; no operator, that
  of an organisation he belongs to; and no replacement starts a clock that the operator has stopped. An owner
  does it as often as the rulebook bears with it (`notice.replacement.by_owner_max`).
- What waits for a notice (a signature, an opening, a payment) waits for the one in its place from the same instant on.
- Each posting is evidence: place, instant, text, and for places outside the market a file (PDF, PNG or JPEG, at
  most 20 MiB) that the owner uploaded before, with a web address where there is one. A posting counts from its
  confirmation on. Everyone who reads the notice may fetch the file.
- `GET /v1/notices/{{id}}/proof` gives the texts byte for byte and the log's entries that name their hashes: proofs
  once a checkpoint covers them, the market's signed promises before. A posting and an objection are answered with
  the promise at once (`receipt`). Who objected is not in what the public gets.

## Objections

- Who may object stands in the table. *ANYONE*: a person of a verified organisation. *MEMBERS*: people of the unit
  who do not speak for it (administrator, listing officer, signatory, or who published it). *PARTIES*: organisations
  the notice names. The owner does not object to its own notice, and the market, which decides, to none.
- It is filed from the start to the last instant, with grounds, evidence files and, for a list, the lines it is
  about. An organisation has one open objection to a notice; each member of the unit his own.
- It is acknowledged and decided within the working days of the rulebook (`notice.objection.acknowledgement.length`,
  `notice.objection.decision.length`), counted from the filing. `GET /v1/objections?overdue=true` shows what is
  late.
- Who decides stands in the table; never whoever objected, whom the notice favours, nor who published it. One
  *dismissed* lets the rest of the period run. One *upheld* ends the notice for good, and the other open ones lapse;
  of a list it holds its lines until the list is made anew.
- Once it has ended, the same grounds of the same party need new evidence (`notice.objection.same_grounds_max`), and one
  party files at most `notice.objection.per_party_max` objections to one notice.
- One that is *withdrawn* gives the days it stopped back. Only so many stay out of the period that the notice is not
  over before the end of the next day, for others relied on the clock that stood still; the log's entry says from when
  (`stopped_from`).
- A *price notice* goes on from those before it about any of the same achievements to any of the same buyers, back to
  the last one that cleared, by contract or by award: there is one at a time; objections that lapsed because a notice
  was taken down stand against the next one; and after one was upheld the price is published again only when it is
  higher, or from the price on that the operator allows with public reasons
  (`POST /v1/notices/{{id}}/allowance`).
- Everyone reads that it was filed, how it ended and what was published of the reasons. Who objected, on which
  grounds, and the reasons in full are for the objector, the parties and the market.
"""

COLUMNS = (
    "kind",
    "about",
    "places",
    "must state",
    "read by",
    "may object",
    "an objection",
    "decided by",
    "length",
    "correction",
    "replaced by",
    "words",
    "extension",
    "suspension",
)


def notice_page() -> str:
    rows = ["| " + " | ".join(COLUMNS) + " |", "|---" * len(COLUMNS) + "|"]
    rows += ["| " + " | ".join([f"`{kind}`", *_cells(row)]) + " |" for kind, row in KINDS.items()]
    return ABOUT.format(kinds="\n".join(rows))


def _cells(row: KindRow) -> list[str]:
    return [
        row.subject,
        _named(row.places),
        ", ".join(f"`{name}`" for name in row.fields),
        row.readers,
        _named(row.objectors),
        {"PAUSES": "stops the clock", "HOLDS_LINES": "holds its lines"}[row.effect],
        _named(row.deciders),
        f"`{row.length}`",
        "goes on" if row.correction_goes_on else "starts afresh",
        _named(row.replaced_by),
        ", ".join(f"`{name}`" for name in row.words) or "—",
        "as announced" if row.can_be_extended else "—",
        "by the operator" if row.can_be_suspended else "—",
    ]


def _named(words: Iterable[StrEnum]) -> str:
    return ", ".join(words)
