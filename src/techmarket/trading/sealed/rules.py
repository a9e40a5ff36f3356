"""The rules of sealed quotes, as pure functions: what counts, who comes first, at which price, within which budget."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from techmarket.kernel.money import AmountMalformed, Money
from techmarket.trading.sealed.envelopes import (
    Binding,
    CommitmentBroken,
    Letter,
    Malformed,
    WillNotOpen,
    open_envelope,
    will_open,
)

_SHA256 = re.compile(r"[0-9a-f]{64}")
_SLOTS = b"techmarket sealed slots 1\n"
_DRAW = b"techmarket sealed draw 1\n"
BOUND_MINOR = 10**14
"""Twelve digits of yuan, as everywhere on the wire."""


COPIES_TRIED_MAX = 5_000
"""So often in a lot an envelope that does not open is tried for another slot, at 0.2 ms each: rubbish in many slots
must not hold up the opening. What is tried no more just will not open; its bidder has no quote either way."""


class Verdict(StrEnum):
    """What the opening says of each slot. All but COUNTED leave the bidder without a quote, and nothing worse."""

    COUNTED = "sealed.counted"
    NO_QUOTE = "sealed.no_quote"
    WILL_NOT_OPEN = "sealed.will_not_open"
    COPIED = "sealed.copied"
    MALFORMED = "sealed.malformed"
    COMMITMENT_BROKEN = "sealed.commitment_broken"
    OUT_OF_BOUNDS = "sealed.out_of_bounds"


@dataclass(frozen=True, slots=True)
class Slot:
    """What stands in a participant's place when the lot closes."""

    number: int
    envelope: bytes

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.envelope).hexdigest()


@dataclass(frozen=True, slots=True)
class Judged:
    """One slot after the opening. `copied_from` is whose envelope was put into this slot."""

    number: int
    verdict: Verdict
    letter: Letter | None = None
    minor: int | None = None
    copied_from: int | None = None


def slots_digest(lot_id: UUID, slots: Sequence[Slot]) -> bytes:
    """What is logged at the deadline: one hash over every slot by its number, so that none can be changed after it."""
    return digest_of_hashes(lot_id, {slot.number: slot.sha256 for slot in slots})


def digest_of_hashes(lot_id: UUID, hashes: Mapping[int, str]) -> bytes:
    """The same from the envelopes' hashes alone."""
    lines = "".join(f"{number} {hashes[number]}\n" for number in sorted(hashes))
    return hashlib.sha256(_SLOTS + f"{lot_id}\n{lines}".encode()).digest()


def judge(
    slots: Sequence[Slot],
    *,
    lot_id: UUID,
    terms_sha256: str,
    private_key: bytes,
    read: Callable[[Mapping[str, Any]], int | None],
    is_in_bounds: Callable[[int], bool] = lambda minor: True,
) -> list[Judged]:
    """Each slot is judged by rule, and no slot by another: a broken one is no quote and disturbs nobody.

    `read` says the amount of a content and refuses with ValueError what the method does not know.
    """
    bindings = {slot.number: Binding(lot_id, slot.number, terms_sha256) for slot in slots}
    judged, tries = [], COPIES_TRIED_MAX
    for slot in sorted(slots, key=lambda slot: slot.number):
        number = slot.number
        try:
            letter = open_envelope(slot.envelope, bindings[number], private_key)
        except WillNotOpen:
            tried = dict(list(bindings.items())[:tries])
            tries -= len(tried)
            whose = next(
                (other for other, bound in tried.items() if will_open(slot.envelope, bound, private_key)), None
            )
            verdict = Verdict.WILL_NOT_OPEN if whose is None else Verdict.COPIED
            judged.append(Judged(number, verdict, copied_from=whose))
            continue
        except Malformed:
            judged.append(Judged(number, Verdict.MALFORMED))
            continue
        except CommitmentBroken:
            judged.append(Judged(number, Verdict.COMMITMENT_BROKEN))
            continue
        judged.append(_judge_letter(number, letter, read, is_in_bounds))
    return judged


def _judge_letter(
    number: int,
    letter: Letter | None,
    read: Callable[[Mapping[str, Any]], int | None],
    is_in_bounds: Callable[[int], bool],
) -> Judged:
    if letter is None:
        return Judged(number, Verdict.NO_QUOTE)
    try:
        minor = read(letter.content)
    except ValueError:
        # What the method cannot read is not kept: whoever wants to see it opens the envelope with the published key.
        return Judged(number, Verdict.MALFORMED)
    if minor is not None and not is_in_bounds(minor):
        return Judged(number, Verdict.OUT_OF_BOUNDS, letter, minor)
    return Judged(number, Verdict.COUNTED, letter, minor)


def amount_in(content: Mapping[str, Any], *, currency: str = "CNY") -> int:
    """A quote names its amount and nothing else, spelled as everywhere: `{"amount": {"amount", "currency"}}`."""
    said = content.get("amount")
    if set(content) != {"amount"} or not isinstance(said, Mapping) or set(said) != {"amount", "currency"}:
        raise ValueError("not a quote")
    if said["currency"] != currency or not isinstance(said["amount"], str):
        raise ValueError("not an amount")
    try:
        minor = Money.parse(said["amount"], currency).minor
    except AmountMalformed as error:
        raise ValueError("not an amount") from error
    if not 0 < minor < BOUND_MINOR:
        raise ValueError("not an amount a quote can have")
    return minor


def draw(private_key: bytes, digest_of_slots: bytes, numbers: Sequence[int]) -> list[int]:
    """The order of equal quotes: a lot drawn from what nobody knew while quotes could still be changed.

    Hashed are the private key, which no bidder knows before the opening, and the digest of all slots, which the dealer
    of the key cannot choose. Slots keep no time, so the earlier quote cannot come first here.
    """

    def lot_of(number: int) -> bytes:
        return hashlib.sha256(_DRAW + private_key + digest_of_slots + str(number).encode()).digest()

    return sorted(numbers, key=lot_of)


class Charge(StrEnum):
    """What the winner pays: his own quote (一价), or the next best (二价)."""

    FIRST_PRICE = "FIRST_PRICE"
    SECOND_PRICE = "SECOND_PRICE"


class Direction(StrEnum):
    """Who wins: the highest quote where one sells, the lowest where one buys (反向)."""

    HIGHEST = "HIGHEST"
    LOWEST = "LOWEST"


@dataclass(frozen=True, slots=True)
class Quote:
    """A counted quote, and its place in the draw."""

    number: int
    minor: int
    drawn: int


@dataclass(frozen=True, slots=True)
class Placed:
    """Who comes at this place, with his quote and what he would pay."""

    number: int
    quote_minor: int
    price_minor: int
    drawn: int


def rank(
    quotes: Sequence[Quote], *, charge: Charge, limit_minor: int, direction: Direction = Direction.HIGHEST
) -> list[Placed]:
    """The best quote comes first, equal quotes as drawn; quotes beyond the limit do not count.

    The limit is the floor (or the reserve, when it is higher); where the lowest wins, it is the ceiling. Under second
    price each pays what the next in the ranking quoted, and the last the limit: whoever ties with the next pays his own
    quote, a single bidder the limit, and the runner-up who steps in what he would have paid without the first.
    """
    sign = -1 if direction is Direction.HIGHEST else 1
    standing = sorted(
        (quote for quote in quotes if sign * quote.minor <= sign * limit_minor),
        key=lambda quote: (sign * quote.minor, quote.drawn),
    )
    placed = []
    for place, quote in enumerate(standing, start=1):
        next_best = standing[place].minor if place < len(standing) else limit_minor
        price = quote.minor if charge is Charge.FIRST_PRICE else next_best
        placed.append(Placed(quote.number, quote.minor, price, quote.drawn))
    return placed


@dataclass(frozen=True, slots=True)
class Offer:
    """A quote for one of many lots that one budget pays: ranked by its rate per unit, paid as a whole."""

    lot: Hashable
    number: int
    rate: Decimal
    minor: int
    drawn: int = 0


def award_within(budget_minor: int, offers: Sequence[Offer]) -> list[Offer]:
    """One budget for many lots: the lowest rate first, one award a lot, and what no longer fits is passed over."""
    left = budget_minor
    taken: set[Hashable] = set()
    awarded = []
    for offer in sorted(offers, key=lambda offer: (offer.rate, offer.drawn)):
        if offer.lot not in taken and offer.minor <= left:
            left -= offer.minor
            taken.add(offer.lot)
            awarded.append(offer)
    return awarded
