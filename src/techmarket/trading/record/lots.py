"""The replay of one lot: its book, its clock, its opening, and who gets it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from techmarket.kernel.canonical import canonical_json, sha256_hex
from techmarket.trading.lifecycle import IN_FORCE, AwardState, LotState, Method
from techmarket.trading.methods import Candidate, Family, Standing
from techmarket.trading.panel import sheets
from techmarket.trading.receipts import leaf_of, tree_of
from techmarket.trading.record import form
from techmarket.trading.record.afterwards import Afterwards
from techmarket.trading.record.course import Course, NotInTerms
from techmarket.trading.record.misfits import Misfit, require
from techmarket.trading.record.opened import check_opening, open_again
from techmarket.trading.reserve import opens
from techmarket.trading.rules import Periods
from techmarket.trading.sealed.rules import Verdict

LEAVES_MAX = 4096
"""More new bids of one lot than a batch can hold; their leaves are kept no further."""
UNTOLD = frozenset({LotState.EVALUATING.value, LotState.TERMINATED.value})
"""Of a lot that is not decided, or was terminated before, nothing is told of what was said after the session."""
BY_THE_RANKING = frozenset({"no_bids", "below_reserve"})
"""Causes for which a lot is unsold only if nobody stands in the ranking."""


class LotReplay:
    """One lot while its lines are read."""

    def __init__(
        self, header: Mapping[str, Any], said: Mapping[str, Any], held: Counter[str], not_checked: Counter[str]
    ) -> None:
        self.id, self.n, self.method, self.state = said["lot"], int(said["n"]), str(said["method"]), str(said["state"])
        self._held, self._not_checked = held, not_checked
        self._terms_sha256 = header["trade"]["terms_sha256"]
        try:
            self.course = Course(
                UUID(self.id), self.n, Method(self.method), header["terms"], self._terms_sha256, said["first_refusal"]
            )
        except NotInTerms as error:
            raise Misfit("terms", f"the announced terms know no such lot ({error})") from error
        held["terms"] += 1
        self.winner: Standing | None = None
        self.runner_up: int | None = None
        self.is_decided_again = False
        self._told: set[str] = set()
        self._turn = 0
        self._last_at: datetime | None = None
        self._logged = 0
        self._leaves: list[bytes] = []
        self._closed = False
        self._reserve_minor: int | None = None
        self._awaited: dict[str, datetime | None] = {}
        self._began: dict[str, datetime] = {}
        self._opening: Mapping[str, Any] | None = None
        self._envelopes: list[Mapping[str, Any]] = []
        self._quotes: list[Candidate] | None = None
        self._points: Mapping[int, Mapping[str, Decimal]] = {}
        self._result: Mapping[str, Any] | None = None
        self._takes: dict[str, Callable[[Mapping[str, Any]], None]] = {
            "turn": self._take_turn,
            "bid": self._take_bid,
            "opening": self._take_opening,
            "envelope": self._take_envelope,
            "scores": self._take_scores,
            "reserve": self._take_reserve,
            "result": self._take_result,
        }
        self._compares: dict[str, Callable[[Mapping[str, Any], Mapping[str, str]], None]] = {
            form.DECIDED: self._compare_batch,
            "trading.lot_announced": self._compare_announced,
            "trading.bidding_opened": self._compare_opened,
            "trading.lot_paused": self._compare_paused,
            "trading.lot_resumed": self._compare_resumed,
            "trading.lot_closed": self._compare_closed,
            "trading.lot_awaits": self._compare_awaits,
            "trading.slots_closed": self._compare_slots,
            "trading.lot_unsealed": self._compare_unsealed,
            "trading.scores_opened": self._compare_scores,
            "trading.reserve_revealed": self._compare_reserve,
            "trading.lot_unsold": self._compare_unsold,
            "trading.award_offered": self._compare_award,
        }
        self._turns: dict[str, list[Mapping[str, Any]]] = {}
        self._counted: Counter[str] = Counter()
        self._withheld: Counter[str] = Counter()
        self._shut_out: set[int] = set()
        after = Afterwards(UUID(self.id), header["terms"], held, not_checked)
        self._after = after
        self._takes |= {"final_bid": after.take_final, "holder": after.take_holder}
        self._compares |= {
            "trading.final_bid_put": after.compare_put,
            "trading.final_bids_opened": after.compare_opened,
            "trading.first_refusal_asked": after.compare_asked,
            "trading.bidder_shut_out": self._compare_shut_out,
        }

    def take(self, kind: str, said: Mapping[str, Any]) -> None:
        take = self._takes.get(kind)
        require(take is not None, "form", f"the form knows no line “{kind}”")
        require(self._result is None, "form", "the result is the last that is told of a lot")
        assert take is not None
        take(said)

    def compare(self, row: Mapping[str, Any]) -> None:
        """What the log says of this lot is what the record says."""
        refs = dict(ref.split(":", 1) for ref in row["refs"])
        require(refs.get("lot", self.id) == self.id, "log", "an entry of another lot")
        self._told.add(row["kind"])
        self._counted[row["kind"]] += 1
        compare = self._compares.get(row["kind"])
        if compare is not None:
            compare(row["facts"], refs)

    def withhold(self, kind: str) -> None:
        self._told.add(kind)
        self._counted[kind] += 1
        self._withheld[kind] += 1

    # --- the clock ----------------------------------------------------------------------------------------------------

    def _take_turn(self, said: Mapping[str, Any]) -> None:
        self._turn += 1
        require(said["n"] == self._turn, "times", f"turn {self._turn} of the lot is missing")
        what, at = said["what"], datetime.fromisoformat(said["at"])
        self._turns.setdefault(what, []).append(said)
        if self.course.family is Family.BOOK:
            require(said["seq"] == self.course.seq, "order", "the turn stands behind another bid")
        require(self._last_at is None or at >= self._last_at, "times", "the turn comes before what stands above it")
        self._last_at = at
        periods: Periods | None = None
        if what == "opened":
            require(self.course.periods is None, "times", "a lot opens once")
            periods = self.course.open(at)
        elif what == "paused":
            require(self.course.is_open, "times", "only an open lot is paused")
            assert self.course.periods is not None
            require(at < self.course.periods.effective_end, "times", "the lot was over before it was paused")
            self.course.pause(at)
            periods = self.course.periods
        elif what == "resumed":
            require(self.course.paused_at is not None, "times", "only a paused lot is resumed")
            periods = self.course.resume(at)
        elif what == "closed":
            self._closed = True
            periods = self.course.periods
        elif what == "step":
            self._awaited[said["step"]] = form.read(said["step_due_at"])
            self._began[said["step"]] = at
        if periods is not None:
            stated = tuple(form.read(said[name]) for name in ("free_ends_at", "effective_end", "hard_end"))
            counted = (periods.free_ends_at, periods.effective_end, periods.hard_end)
            require(stated == counted, "times", f"{what}: the periods are {_shown(counted)} by the rules")
        self._held["times"] += 1

    # --- the book -----------------------------------------------------------------------------------------------------

    def _take_bid(self, said: Mapping[str, Any]) -> None:
        course = self.course
        require(course.book is not None and course.is_open and not self._closed, "form", "no bid is entered now")
        at = datetime.fromisoformat(said["at"])
        require(said["seq"] == course.seq + 1, "order", f"bid {course.seq + 1} is missing or out of place")
        require(self._last_at is None or at >= self._last_at, "order", "the bid is older than what stands above it")
        self._last_at = at
        self._held["order"] += 1
        decision = course.bid(bidder=said["bidder"], minor=said["amount_minor"], verdict=said["verdict"], at=at)
        entry = decision.entry
        stated = (said["verdict"], said["least_minor"], form.read(said["effective_end"]))
        decided = (entry.verdict, decision.least_minor, decision.lot.effective_end)
        require(
            stated == decided,
            "verdict",
            f"by the rules: {entry.verdict}, {decision.least_minor / 100:.2f} would be enough, the lot ends"
            f" {form.written(decision.lot.effective_end)}",
        )
        self._held["verdict"] += 1
        require(entry.chain.hex() == said["chain"], "chain", f"the chain is {entry.chain.hex()}")
        self._held["chain"] += 1
        if len(self._leaves) < LEAVES_MAX:
            self._leaves.append(leaf_of(entry.body, entry.chain))

    def _compare_batch(self, facts: Mapping[str, Any], refs: Mapping[str, str]) -> None:
        said = (refs["lot"], facts["seq_from"], facts["seq_to"], facts["chain"])
        wanted = (self.id, self._logged + 1, self.course.seq, self.course.chain.hex())
        require(said == wanted, "batches", f"the log has bids {facts['seq_from']} to {facts['seq_to']} in this batch")
        self._logged = facts["seq_to"]
        # A batch that held other bids beside these has a root over all of them, which this lot alone does not give.
        if tree_of(self._leaves)[-1][0].hex() == facts["root"]:
            self._held["batches"] += 1
        else:
            self._not_checked["roots of batches that held other lots' bids too"] += 1
        self._leaves.clear()

    # --- what else the log says ---------------------------------------------------------------------------------------

    def _compare_announced(self, facts: Mapping[str, Any], refs: Mapping[str, str]) -> None:
        course = self.course
        wanted = (self.n, course.start_minor, course.increment_minor, course.reserve_digest, course.floor_minor)
        names = ("n", "start_price_minor", "increment_minor", "reserve_digest", "floor_minor")
        require(tuple(facts.get(name) for name in names) == wanted, "log", "the lot was announced in other terms")

    def _compare_opened(self, facts: Mapping[str, Any], refs: Mapping[str, str]) -> None:
        opened = self._turns.get("opened", [{}])[0]
        for name in ("free_ends_at", "hard_end"):
            require(form.read(facts[name]) == form.read(opened.get(name)), "log", f"the lot opened with another {name}")
        require(facts["chain"] == self.course.first_chain.hex(), "log", "the first link of the chain")
        require(facts.get("method", self.method) == self.method, "log", "the lot opened in another method")

    def _compare_paused(self, facts: Mapping[str, Any], refs: Mapping[str, str]) -> None:
        said = (form.read(facts["paused_at"]), facts["cause"], facts["seq"])
        told = [(form.read(one["at"]), one["cause"], one["seq"]) for one in self._turns.get("paused", [])]
        require(said in told, "log", f"the log has a pause at {facts['paused_at']} for {facts['cause']}")

    def _compare_resumed(self, facts: Mapping[str, Any], refs: Mapping[str, str]) -> None:
        names = ("effective_end", "hard_end")
        said = (form.read(facts["resumed_at"]), *(form.read(facts[name]) for name in names))
        told = [
            (form.read(one["at"]), *(form.read(one[name]) for name in names)) for one in self._turns.get("resumed", [])
        ]
        require(said in told, "log", f"the log has the lot resumed at {facts['resumed_at']}")

    def _compare_closed(self, facts: Mapping[str, Any], refs: Mapping[str, str]) -> None:
        leading = self.course.leading
        said = (facts["seq"], facts["chain"], facts.get("leading_minor"))
        wanted = (self.course.seq, self.course.chain.hex(), None if leading is None else leading[1])
        require(said == wanted, "log", "the lot was closed with another last bid, chain or price")

    def _compare_awaits(self, facts: Mapping[str, Any], refs: Mapping[str, str]) -> None:
        step = facts["step"]
        require(
            step in self._awaited and self._awaited[step] == form.read(facts["due_at"]),
            "log",
            f"the step {step} in the log",
        )

    def _compare_slots(self, facts: Mapping[str, Any], refs: Mapping[str, str]) -> None:
        if self._opening is not None:
            require(
                facts["slots_sha256"] == self._opening["slots_sha256"], "opening", "other slots were logged at the end"
            )

    def _compare_unsealed(self, facts: Mapping[str, Any], refs: Mapping[str, str]) -> None:
        counted = sum(one["verdict"] == Verdict.COUNTED for one in self._envelopes)
        assert self._opening is not None
        said = (facts["slots_sha256"], facts.get("private_key"), facts["counted"])
        wanted = (self._opening["slots_sha256"], self._opening["private_key"], counted)
        require(said == wanted, "opening", "the log has another opening")

    def _compare_scores(self, facts: Mapping[str, Any], refs: Mapping[str, str]) -> None:
        require(facts["document_sha256"] in self._told, "panel", "the log has other marks")

    def _compare_reserve(self, facts: Mapping[str, Any], refs: Mapping[str, str]) -> None:
        require(facts["reserve_minor"] == self._reserve_minor, "reserve", "the log has another reserve price")

    def _compare_unsold(self, facts: Mapping[str, Any], refs: Mapping[str, str]) -> None:
        assert self._result is not None
        require(facts["cause"] in self._result["unsold_because"], "award", f"the lot was unsold for {facts['cause']}")

    def _compare_award(self, facts: Mapping[str, Any], refs: Mapping[str, str]) -> None:
        assert self._result is not None
        award = next((one for one in self._result["awards"] if one["id"] == refs["award"]), None)
        require(
            award is not None and (award["rank"], award["price_minor"]) == (facts["rank"], facts["price_minor"]),
            "award",
            f"the log has rank {facts['rank']} offered the lot at {facts['price_minor'] / 100:.2f}",
        )

    def _compare_shut_out(self, facts: Mapping[str, Any], refs: Mapping[str, str]) -> None:
        assert self._result is not None
        require(facts["bidder"] in self._result["gone"], "award", f"{facts['bidder']} was shut out before the decision")
        self._shut_out.add(facts["bidder"])

    # --- what was committed to and opened -----------------------------------------------------------------------------

    def _take_reserve(self, said: Mapping[str, Any]) -> None:
        digest = self.course.reserve_digest
        require(digest is not None, "reserve", "no reserve price was announced")
        assert digest is not None
        require(opens(digest, minor=said["minor"], salt=said["salt"]), "reserve", "amount and salt open another digest")
        self._reserve_minor = said["minor"]
        self._held["reserve"] += 1

    def _take_opening(self, said: Mapping[str, Any]) -> None:
        require(self.course.family is Family.ENVELOPE, "form", "nothing is sealed in this lot")
        check_opening(said)
        self._opening = said

    def _take_envelope(self, said: Mapping[str, Any]) -> None:
        require(self._opening is not None, "form", "an envelope before the opening")
        self._envelopes.append(said)

    def _open_again(self, opening: Mapping[str, Any]) -> None:
        self._quotes = open_again(self.course, self._terms_sha256, opening, self._envelopes)
        if self._quotes is None:
            self._not_checked["contents of confidential proposals"] += len(self._envelopes)
        else:
            self._held["opening"] += len(self._envelopes)

    def _take_scores(self, said: Mapping[str, Any]) -> None:
        document = said["document"]
        require(sha256_hex(canonical_json(document)) == said["document_sha256"], "panel", "the hash of the marks")
        self._told.add(said["document_sha256"])
        again = sheets.points_of([canonical_json(sheet) for sheet in document["sheets"]])
        require(again == sheets.points_in(document), "panel", "the points are not those of the sheets")
        self._points = again
        self._held["panel"] += 1

    # --- who gets it --------------------------------------------------------------------------------------------------

    def _take_result(self, said: Mapping[str, Any]) -> None:
        if self._opening is not None:
            self._open_again(self._opening)
        self._result = said
        awards = sorted(said["awards"], key=lambda one: one["rank"])
        require([one["rank"] for one in awards] == list(range(1, len(awards) + 1)), "award", "the ranks of the awards")
        in_force = [one for one in awards if AwardState(one["state"]) in IN_FORCE]
        require(len(in_force) <= 1, "award", "more than one winner")
        stated = [Standing(one["number"], one["price_minor"]) for one in awards]
        self.winner = Standing(in_force[0]["number"], in_force[0]["price_minor"]) if in_force else None
        first = in_force[0]["rank"] if in_force else 0
        self.runner_up = next((one["number"] for one in awards if one["rank"] == first + 1), None) if in_force else None
        ranked = self._ranked(said)
        if ranked is None:
            self._not_checked["lots whose ranking rests on what is not public"] += 1
            return
        causes = set(said["unsold_because"])
        if awards or not causes or causes <= BY_THE_RANKING:
            wanted = [Standing(one.number, one.price_minor) for one in ranked][:2]
            told = ", ".join(f"{one.number} at {one.price_minor / 100:.2f}" for one in wanted) or "nobody"
            if not awards and not causes:
                self._not_checked["lots that are not decided yet"] += 1
                return
            require(stated == wanted, "award", f"by the rules the lot goes to {told}")
            self.is_decided_again = True
            self._held["award"] += 1

    def _ranked(self, said: Mapping[str, Any]) -> list[Standing] | None:
        """The ranking of a closed lot, or None where the record may not hold what it rests on."""
        family = self.course.family
        if family is Family.TALKS or not self._closed or self.state in UNTOLD:
            return None
        found = self.course.candidates() if family is Family.BOOK else self._quotes
        if found is None:
            return None
        marked = [replace(one, points=self._points.get(one.number, {})) for one in found]
        # Records from before said of whoever was shut out that he was, and not when.
        since = dict(zip(said["gone"], map(form.read, said.get("gone_at", ())), strict=False))
        ranked = self.course.ranked(marked, gone=set(said["gone"]) - since.keys(), reserve_minor=self._reserve_minor)
        return self._after.ranked(ranked, self._began, gone={number: since.get(number) for number in said["gone"]})

    def leave(self) -> None:
        """All lines of the lot were read: nothing that must be in it is missing."""
        require(self._result is not None, "form", f"the result of lot {self.n} is missing")
        assert self._result is not None
        unknown = set(self._result["gone"]) - self._shut_out
        require(
            len(unknown) <= self._withheld["trading.bidder_shut_out"],
            "award",
            "the log does not know that " + ", ".join(str(one) for one in sorted(unknown)) + " was shut out",
        )
        self._after.leave(self._counted, self._withheld)
        require(self._logged == self.course.seq, "batches", f"the log's entries of bids from {self._logged + 1} on")
        needed = {"trading.lot_announced"}
        if "opened" in self._turns:
            needed.add("trading.bidding_opened")
        if self._closed and self.state != "TERMINATED":
            needed.add("trading.lot_closed")
        needed |= {"trading.lot_paused"} if "paused" in self._turns else set()
        needed |= {"trading.lot_resumed"} if "resumed" in self._turns else set()
        needed |= {"trading.reserve_revealed"} if self._reserve_minor is not None else set()
        needed |= {"trading.lot_unsealed"} if self._opening is not None else set()
        missing = sorted(needed - self._told)
        require(not missing, "log", f"the log's entry {', '.join(missing)} is not in the record")


def _shown(periods: tuple[datetime, ...]) -> str:
    return ", ".join(str(form.written(one)) for one in periods)
