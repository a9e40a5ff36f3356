"""Whose turn it is to sign, as a pure function."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from techmarket.signing import errors


@dataclass(frozen=True, slots=True)
class Place:
    """One place for a signature: of the person named, or of any signatory of the organisation."""

    position: int
    org_id: UUID
    person_id: UUID | None


def place_to_sign(
    places: Sequence[Place],
    signed: Collection[int],
    *,
    org_id: UUID,
    person_id: UUID,
    is_signatory: bool,
    has_signed: bool,
    in_order: bool,
) -> Place:
    """A signatory signs once, at the first open place that is his; in an ordered signing only when it is his turn.

    A place that names a person is that person's alone; any other place of an organisation is for whoever holds the
    organisation's signatory role.
    """
    fitting = [
        place
        for place in sorted(places, key=lambda place: (place.person_id is None, place.position))
        if place.org_id == org_id and (place.person_id == person_id or (place.person_id is None and is_signatory))
    ]
    if not fitting:
        raise errors.NotASignatory()
    free = [place for place in fitting if place.position not in signed]
    if has_signed or not free:
        raise errors.SignedAlready()
    mine = free[0]
    next_position = min(place.position for place in places if place.position not in signed)
    if in_order and mine.position != next_position:
        raise errors.NotYourTurn(next_position=next_position, your_position=mine.position)
    return mine
