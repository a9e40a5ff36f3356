"""States and the moves between them (状态机): one table per thing; what is not in it is refused."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Generic, TypeVar

from techmarket.kernel.refusals import Kind, Refusal

S = TypeVar("S", bound=StrEnum)


class NotInThisState(Refusal):
    code, kind = "lifecycle.not_in_this_state", Kind.CONFLICT
    zh = "{thing}当前状态为 {state}，不能执行“{act}”；此状态下可以：{possible}。"
    en = "The {thing} is {state}; “{act}” is not possible now. Possible in this state: {possible}."


class Lifecycle(Generic[S]):
    """The moves of one kind of thing. `move` is the only way a state changes; the docs render `moves` as a diagram."""

    registry: dict[str, Lifecycle[StrEnum]] = {}  # noqa: RUF012

    def __init__(self, thing: str, moves: Mapping[tuple[S, str], S], *, initial: S) -> None:
        self.thing = thing
        self.moves = dict(moves)
        self.initial = initial
        Lifecycle.registry[thing] = self  # type: ignore[assignment]

    def move(self, state: S, act: str) -> S:
        """The state after `act`, or the refusal that names what is possible instead."""
        target = self.moves.get((state, act))
        if target is None:
            raise NotInThisState(thing=self.thing, state=state, act=act, possible=self.possible(state))
        return target

    def can(self, state: S, act: str) -> bool:
        return (state, act) in self.moves

    def possible(self, state: S) -> list[str]:
        return sorted(act for (from_state, act) in self.moves if from_state == state)

    @property
    def states(self) -> list[S]:
        return list(type(self.initial))

    @property
    def acts(self) -> list[str]:
        return sorted({act for (_, act) in self.moves})
