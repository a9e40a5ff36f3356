"""The opening of a sealed lot, done again from its record: the slots of the deadline, each envelope, the draw."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

from techmarket.trading.methods import Candidate
from techmarket.trading.methods.scored import Scored
from techmarket.trading.methods.sealed import Sealed
from techmarket.trading.record.course import Course
from techmarket.trading.record.misfits import require
from techmarket.trading.sealed import rules
from techmarket.trading.sealed.envelopes import public_half
from techmarket.trading.sealed.rules import Slot, Verdict


def check_opening(said: Mapping[str, Any]) -> None:
    """Enough officers gave their shares, and what they came to is the half of the announced key."""
    given = [one for one in said["officers"] if one["given_at"] is not None]
    require(len(given) >= said["needed"], "opening", "fewer officers than needed have given their shares")
    if said["private_key"] is not None:
        fits = public_half(bytes.fromhex(said["private_key"])).hex() == said["public_key"]
        require(fits, "opening", "the private key is not that of the public one")


def open_again(
    course: Course, terms_sha256: str, opening: Mapping[str, Any], envelopes: Sequence[Mapping[str, Any]]
) -> list[Candidate] | None:
    """The quotes that count. Confidential proposals are known by their hashes alone: None."""
    told = {one["number"]: one for one in envelopes}
    digest = rules.digest_of_hashes(course.lot_id, {number: one["sha256"] for number, one in told.items()})
    require(digest.hex() == opening["slots_sha256"], "opening", "the slots are not those of the deadline")
    if opening["private_key"] is None:
        return None
    key = bytes.fromhex(opening["private_key"])
    slots = [Slot(number, base64.b64decode(one["envelope"])) for number, one in told.items()]
    for slot in slots:
        require(
            slot.sha256 == told[slot.number]["sha256"], "opening", f"the envelope of {slot.number} has another hash"
        )
    way, floor = course.way, course.start_minor or 0
    assert isinstance(way, Sealed | Scored)
    judged = rules.judge(
        slots,
        lot_id=course.lot_id,
        terms_sha256=terms_sha256,
        private_key=key,
        read=lambda content: way.read(content, course.rules),
        is_in_bounds=lambda minor: minor >= floor,
    )
    drawn = rules.draw(key, digest, sorted(told))
    quotes = []
    for one in judged:
        said, place = told[one.number], drawn.index(one.number) + 1
        content = None if one.letter is None else dict(one.letter.content)
        wanted = (one.verdict.value, one.minor, one.copied_from, place, content)
        stated = tuple(said[name] for name in ("verdict", "amount_minor", "copied_from", "drawn", "content"))
        require(stated == wanted, "opening", f"the envelope of {one.number} opens to {one.verdict.value}")
        if one.verdict is Verdict.COUNTED:
            held = one.number in course.holders
            quotes.append(Candidate(one.number, one.minor, place, offer=content, first_refusal=held))
    return sorted(quotes, key=lambda one: one.seq or 0)
