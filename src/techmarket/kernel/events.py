"""What happened (事件), as a pure value: rooms declare their events, the journal records them."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID

from techmarket.kernel.refusals import wire


@dataclass(frozen=True)
class Event:
    """What happened, as a frozen dataclass with a `kind`. Fields of type UUID become refs, the others become facts."""

    kind: ClassVar[str] = ""
    registry: ClassVar[dict[str, type[Event]]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if cls.kind:
            known = Event.registry.get(cls.kind)
            if known is not None and known.__qualname__ != cls.__qualname__:
                raise TypeError(f"two events share the kind {cls.kind}")
            Event.registry[cls.kind] = cls

    def refs(self) -> list[str]:
        """`thing:uuid` for every id the event names, in field order: `listing_id` becomes `listing:…`."""
        pairs = ((f.name, getattr(self, f.name)) for f in dataclasses.fields(self))
        return [f"{name.removesuffix('_id')}:{value}" for name, value in pairs if isinstance(value, UUID)]

    def facts(self) -> dict[str, Any]:
        pairs = ((f.name, getattr(self, f.name)) for f in dataclasses.fields(self))
        return {name: wire(value) for name, value in pairs if value is not None and not isinstance(value, UUID)}
