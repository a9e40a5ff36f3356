"""How the market says no: a named fact with a stable code, in Chinese and English, and what would work instead."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any, ClassVar
from uuid import UUID


class Kind(Enum):
    """What sort of no it is. The edge maps each kind to one HTTP status and adds nothing."""

    BAD_REQUEST = 400
    UNAUTHENTICATED = 401
    NOT_ALLOWED = 403
    NOT_FOUND = 404
    WRONG_METHOD = 405
    TOO_SLOW = 408
    CONFLICT = 409
    STALE = 412
    TOO_LARGE = 413
    WRONG_MEDIA_TYPE = 415
    INVALID = 422
    PRECONDITION_REQUIRED = 428
    TOO_MANY = 429
    HEADERS_TOO_LARGE = 431
    BUSY = 503


class Refusal(Exception):
    """A named no. Subclasses give `code`, `kind`, `zh` and `en`; facts fill the `{placeholders}` and go out as members.

    `pointer` is an RFC 6901 JSON pointer to the field at fault. `retry_after` is in whole seconds and is only
    for refusals that time alone can cure.
    """

    code: ClassVar[str] = ""
    kind: ClassVar[Kind] = Kind.INVALID
    zh: ClassVar[str] = ""
    en: ClassVar[str] = ""
    also: ClassVar[tuple[tuple[str, str, str], ...]] = ()
    """Facts that need not be known, each with what it adds in Chinese and in English: since when, until when."""
    challenge: ClassVar[str] = 'Bearer realm="techmarket"'
    """What a 401 asks for in its WWW-Authenticate header."""
    registry: ClassVar[dict[str, type[Refusal]]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if not cls.code:
            return
        known = Refusal.registry.get(cls.code)
        if known is not None and known.__qualname__ != cls.__qualname__:
            raise TypeError(f"two refusals share the code {cls.code}: {known.__qualname__} and {cls.__qualname__}")
        Refusal.registry[cls.code] = cls

    def __init__(self, *, pointer: str | None = None, retry_after: int | None = None, **facts: Any) -> None:
        self.pointer = pointer
        self.retry_after = retry_after
        self.facts = facts
        super().__init__()

    def __str__(self) -> str:
        return self.detail("en")

    def detail(self, language: str) -> str:
        """The sentence in `zh-CN` or `en`, facts filled in."""
        chinese = language.startswith("zh")
        said = [self.zh if chinese else self.en]
        said += [zh if chinese else en for fact, zh, en in self.also if self.facts.get(fact) is not None]
        return ("" if chinese else " ").join(said).format_map(_Shown(self.facts))

    def members(self) -> dict[str, Any]:
        """The facts as they go out in the problem document: money as an object, times as ISO 8601."""
        return {name: wire(value) for name, value in self.facts.items()}


class _Shown:
    """Facts as a sentence takes them: only those it names are written out."""

    def __init__(self, facts: Mapping[str, Any]) -> None:
        self._facts = facts

    def __getitem__(self, name: str) -> str:
        return shown(self._facts[name]) if name in self._facts else "?"


def wire(value: Any) -> Any:
    """A fact as JSON: nothing binary, no floats, money as `{"amount", "currency"}`."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, UUID | Decimal):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    if hasattr(value, "minor") and hasattr(value, "currency"):
        return {"amount": value.amount, "currency": value.currency}
    if isinstance(value, dict):
        return {str(name): wire(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [wire(inner) for inner in value]
    return str(value)


def shown(value: Any) -> str:
    """A fact inside a sentence."""
    out = wire(value)
    if isinstance(out, dict) and set(out) == {"amount", "currency"}:
        return f"{out['amount']} {out['currency']}"
    if isinstance(out, list):
        return ", ".join(shown(inner) for inner in out)
    return str(out)


class NotFound(Refusal):
    """Absent and forbidden-to-know look the same: one class, one code, one path."""

    code, kind = "not_found", Kind.NOT_FOUND
    zh = "没有找到，或者您无权知道它是否存在。"
    en = "There is no such thing here, or you may not know of it."


class NotAllowed(Refusal):
    code, kind = "not_allowed", Kind.NOT_ALLOWED
    zh = "您没有执行此操作的权限；需要：{needs}。"
    en = "You may not do this; it takes: {needs}."
