"""What was said after the session, read again: final prices, and who of the holders of a first refusal took the lot."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from techmarket.trading import final_bids, first_refusal
from techmarket.trading.first_refusal import ClaimState, Holder
from techmarket.trading.lifecycle import LotStep
from techmarket.trading.methods import Standing
from techmarket.trading.record.misfits import require

CHECK = "afterwards"
SAID = (ClaimState.EXERCISED.value, ClaimState.WAIVED.value, None)


class Afterwards:
    """One lot's final bids and holders while its lines and the log's entries are read."""

    def __init__(self, lot_id: UUID, terms: Mapping[str, Any], held: Counter[str], not_checked: Counter[str]) -> None:
        self._lot_id, self._terms = lot_id, terms
        self._held, self._not_checked = held, not_checked
        self._finals: dict[int, Mapping[str, Any]] = {}
        self._holders: list[Mapping[str, Any]] = []
        self._commitments: list[str] = []
        self._opened = False
        self._asked_price: int | None = None

    def take_final(self, said: Mapping[str, Any]) -> None:
        require(said["number"] not in self._finals, CHECK, "a bidder names one final price")
        self._finals[said["number"]] = said

    def take_holder(self, said: Mapping[str, Any]) -> None:
        require(said["place"] == len(self._holders) + 1, CHECK, "the holders stand in their announced order")
        require(said["said"] in SAID, CHECK, "a holder exercises, waives or says nothing")
        self._holders.append(said)

    def ranked(
        self, everyone: Sequence[Standing], began: Mapping[str, datetime], *, gone: Mapping[int, datetime | None]
    ) -> list[Standing]:
        """The ranking of the session after the steps that the lot waited for, by the announced rules.

        `everyone` has those who were shut out on the way, too: each step is judged by who stood when it was taken.
        """
        after = list(everyone)
        if LotStep.FINAL_BID.value in began:
            after = self._with_finals(after, gone)
        else:
            require(not self._finals, CHECK, "the lot waited for no final prices")
        if LotStep.FIRST_REFUSAL.value in began:
            return self._preferred(after, began[LotStep.FIRST_REFUSAL.value], gone)
        require(not self._holders, CHECK, "the lot waited for no first refusal")
        return _standing(after, gone)

    def _with_finals(self, everyone: list[Standing], gone: Mapping[int, datetime | None]) -> list[Standing]:
        for number, said in self._finals.items():
            at = datetime.fromisoformat(said["at"])
            invited = final_bids.invited(_standing(everyone, gone, at), self._terms)
            leaders = {one.number: one.price_minor for one in invited}
            if number in gone and number not in leaders:
                continue
            require(number in leaders, CHECK, f"{number} was not among the leaders who may name a final price")
            require(said["amount_minor"] > leaders[number], CHECK, f"{number} named no more than his own last bid")
        return final_bids.rank(everyone, {number: said["amount_minor"] for number, said in self._finals.items()})

    def _preferred(
        self, everyone: list[Standing], asked_at: datetime, gone: Mapping[int, datetime | None]
    ) -> list[Standing]:
        asked = {one["number"] for one in self._holders}
        winner = next(iter(_standing(everyone, gone, asked_at)), None)
        if None not in gone.values():
            require(
                winner is not None and winner.number not in asked, CHECK, "a winner who holds one himself is not asked"
            )
            assert winner is not None
            self._asked_price = winner.price_minor
        holders = [
            Holder(one["number"], Decimal(0), one["place"], ClaimState(one["said"] or ClaimState.ASKED))
            for one in self._holders
            if one["number"] not in gone
        ]
        exercised = [n for n, one in enumerate(holders) if one.state is ClaimState.EXERCISED]
        if exercised:
            before = holders[: exercised[0]]
            require(all(one.state is ClaimState.WAIVED for one in before), CHECK, "who comes before is heard before")
        if len(holders) > 1:
            self._not_checked["the order of holders of a first refusal, which their shares make"] += 1
        return first_refusal.prefer(_standing(everyone, gone), holders)

    # --- what the log says of it --------------------------------------------------------------------------------------

    def compare_put(self, facts: Mapping[str, Any], refs: Mapping[str, str]) -> None:
        require(not self._opened, CHECK, "a final price was named after all were read")
        self._commitments.append(facts["commitment"])

    def compare_opened(self, facts: Mapping[str, Any], refs: Mapping[str, str]) -> None:
        self._opened = True
        logged = sorted((one["bidder"], one["amount_minor"], one["nonce"]) for one in facts["bids"])
        told = sorted((number, said["amount_minor"], said["nonce"]) for number, said in self._finals.items())
        require(logged == told, CHECK, "the log has other final prices")

    def compare_asked(self, facts: Mapping[str, Any], refs: Mapping[str, str]) -> None:
        require(facts["holders"] == len(self._holders), CHECK, f"the log has {facts['holders']} holders asked")
        if self._asked_price is not None:
            require(facts["price_minor"] == self._asked_price, CHECK, "the holders were asked another price")

    def leave(self, counted: Counter[str], withheld: Counter[str]) -> None:
        """Every final price was committed to before all were read, and every answer of a holder is in the log."""
        opens = [
            final_bids.commitment(lot_id=self._lot_id, bidder=number, minor=said["amount_minor"], nonce=said["nonce"])
            for number, said in self._finals.items()
        ]
        hidden = withheld["trading.final_bid_put"]
        unknown = set(opens) - set(self._commitments)
        if opens or self._opened:
            require(
                self._opened or bool(withheld["trading.final_bids_opened"]), CHECK, "the log opened no final prices"
            )
            require(len(unknown) <= hidden, CHECK, "a final price opens no commitment of the log")
            require(len(opens) == len(self._commitments) + hidden, CHECK, "a committed final price is missing")
            self._held[CHECK] += len(opens) - len(unknown)
        for said, kind in (
            ("EXERCISED", "trading.first_refusal_exercised"),
            ("WAIVED", "trading.first_refusal_waived"),
        ):
            told = sum(one["said"] == said for one in self._holders)
            require(
                not self._holders or counted[kind] == told, CHECK, f"the log counts other holders who {said.lower()}"
            )
        self._held[CHECK] += len(self._holders)


def _standing(
    ranked: Sequence[Standing], gone: Mapping[int, datetime | None], at: datetime | None = None
) -> list[Standing]:
    """Who stood at that time, or at last: not who had been shut out by then."""
    left = {number for number, since in gone.items() if at is None or since is None or since <= at}
    return [one for one in ranked if one.number not in left]
