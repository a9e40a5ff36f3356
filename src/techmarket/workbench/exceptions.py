"""States that have a next act and yet wait in no queue, each with its reason: looked through by hand.

A state is written as `thing STATE`, as in docs/lifecycles.md. A test knows every state with a next act, and finds each
either with a kind of due work or here.
"""

from __future__ import annotations

STANDS = "it stands as it should; another act is somebody's free choice, not due"
CLOCK = "the clock or an event moves it on; nobody has to act"
WITH_ANOTHER = "what is to be done stands in the queue of the thing it belongs to: "

EXCEPTIONS: dict[str, str] = {
    "approval IN_FORCE": STANDS,
    "award WAITING": "the runner-up may leave; waiting is what he announced",
    "award CONCLUDED": WITH_ANOTHER + "a default is declared on the contract",
    "bank_line RETURNED": "the bank has it back; reopening follows from its statement",
    "bank_line VOIDED": "another statement takes its place",
    "certificate ISSUED": STANDS,
    "commitment LOGGED": "revealing is the committer's free choice, at any time",
    "consent GIVEN": STANDS,
    "deposit DUE": WITH_ANOTHER + "the due is paid",
    "deposit HELD": "held until the lot is decided; forfeiting is decided case by case and never due",
    "deposit PAID_IN": "it has become price",
    "distribution PAID": STANDS,
    "distribution_line PAID": STANDS,
    "encumbrance RUNNING": STANDS,
    "evaluation STANDING": STANDS,
    "grant OPEN": STANDS,
    "hold PENDING": WITH_ANOTHER + "the payout, deposit or bid that it is for",
    "listing ENGAGED": WITH_ANOTHER + "the trade that runs on it",
    "listing CLOSED": "it is sold; reopening follows when the deal falls",
    "intended_act AGREED": "its author does it, within three days, when he likes; nobody waits for it",
    "lot AWARDED": WITH_ANOTHER + "the award is offered, the contract drafted and signed",
    "lot CONCLUDED": WITH_ANOTHER + "the contract",
    "nda IN_FORCE": STANDS,
    "notice RUNNING": CLOCK,
    "objection LAPSED": CLOCK,
    "organisation VERIFIED": STANDS,
    "organisation SUSPENDED": "the operator who suspended it decides in his own time when it is verified again",
    "participant QUALIFIED": STANDS,
    "payout CONFIRMED": STANDS,
    "plan_line DUE": WITH_ANOTHER + "the due is paid",
    "plan_line PAID": STANDS,
    "registration REGISTERED": STANDS,
    "reward_claim SETTLED": STANDS,
    "scenario list PUBLISHED": STANDS,
    "seat WAITING": WITH_ANOTHER + "qualification and deposit make it ready",
    "signature_order INTENDED": CLOCK,
    "signature_order SENT": "the signatory signs at the provider, under the address that the order shows him",
    "signing OPEN": WITH_ANOTHER + "each room's own signature",
    "signing_authority CONFIRMED": STANDS,
    "trade DECIDING": WITH_ANOTHER + "its lots",
    "trade AWARDED": WITH_ANOTHER + "its awards",
    "trade CONCLUDED": WITH_ANOTHER + "its contracts",
    "unit_rule IN_FORCE": STANDS,
    "line_rework PUBLISHED": CLOCK,
    "first refusal HELD": "whoever holds one is asked after the session; before that nobody has to act",
    "import WAITING": CLOCK,
    "import RUNNING": CLOCK,
    "syndicated listing DRAFT": CLOCK,
    "syndicated listing EXPIRED": CLOCK,
    "syndicated listing PUBLISHED": CLOCK,
    "syndicated listing WITHDRAWN": CLOCK,
    "syndication source ACTIVE": STANDS,
    "syndication source PAUSED": STANDS,
}
