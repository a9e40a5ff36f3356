"""What is wrong with which field of a request, as members of a refusal: pointer, code and a sentence."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from techmarket.api.shapes import SENTENCES
from techmarket.kernel.refusals import Refusal, wire

FIELD_ERRORS_MAX = 50
_FIELD_CODES = {
    "missing": "missing",
    "missing_argument": "missing",
    "extra_forbidden": "unknown_field",
    "unexpected_keyword_argument": "unknown_field",
    "string_too_long": "too_long",
    "bytes_too_long": "too_long",
    "too_long": "too_long",
    "string_too_short": "too_short",
    "bytes_too_short": "too_short",
    "too_short": "too_short",
    "string_pattern_mismatch": "wrong_form",
    "string_unicode": "text.not_unicode",
    "enum": "not_one_of",
    "literal_error": "not_one_of",
    "union_tag_invalid": "not_one_of",
    "union_tag_not_found": "missing",
    "greater_than": "out_of_range",
    "greater_than_equal": "out_of_range",
    "less_than": "out_of_range",
    "less_than_equal": "out_of_range",
    "finite_number": "out_of_range",
    "int_parsing_size": "out_of_range",
    "multiple_of": "out_of_range",
    "timezone_naive": "time.no_offset",
    "int_from_float": "wrong_type",
    "none_required": "wrong_type",
    "model_attributes_type": "wrong_type",
    "is_instance_of": "wrong_type",
}
_TYPE_NAMES = {
    "int": ("整数", "an integer"),
    "string": ("字符串", "a string"),
    "bool": ("布尔值", "true or false"),
    "float": ("数字", "a number"),
    "list": ("数组", "an array"),
    "tuple": ("数组", "an array"),
    "set": ("数组", "an array"),
    "frozen": ("数组", "an array"),
    "dict": ("对象", "an object"),
    "model": ("对象", "an object"),
    "mapping": ("对象", "an object"),
    "none": ("null", "null"),
}
_ANYTHING = ("另一种类型", "another type")


def field_errors(found: Sequence[Mapping[str, Any]], body: Any, language: str) -> list[dict[str, str]]:
    """What is wrong with each field, in the reader's language; the value that was sent is never repeated."""
    return [
        {
            "code": code,
            "pointer": pointer_of(error.get("loc", ()), body, names_a_key=code in ("missing", "unknown_field")),
            "detail": _field_sentence(code, error, 0 if language == "zh-CN" else 1),
        }
        for error in found[:FIELD_ERRORS_MAX]
        for code in [_field_code(error)]
    ]


def _field_code(error: Mapping[str, Any]) -> str:
    kind = str(error.get("type", ""))
    if kind in SENTENCES or kind in Refusal.registry:
        return kind
    if kind in _FIELD_CODES:
        return _FIELD_CODES[kind]
    if kind.endswith(("_type", "_parsing")):
        return "wrong_type"
    # A room's own field error keeps its own code; pydantic's own names never have a dot.
    return kind if re.fullmatch(r"[a-z_]+\.[a-z_.]+", kind) else "unacceptable"


_ENUM_MEMBER = re.compile(r"<\w+\.\w+: ('[^']*')>")
"""How a member of an enumeration is told where only some of them are allowed; its value is what counts."""


def _field_sentence(code: str, error: Mapping[str, Any], language: int) -> str:
    facts = {str(name): str(wire(value)) for name, value in (error.get("ctx") or {}).items() if name != "error"}
    if code == "wrong_type":
        facts = {"wanted": _TYPE_NAMES.get(str(error["type"]).split("_")[0], _ANYTHING)[language]}
    if code == "not_one_of":
        allowed = facts.get("expected") or facts.get("expected_tags", "")
        facts = {"expected": _ENUM_MEMBER.sub(r"\1", allowed)}
    if code in SENTENCES:
        return SENTENCES[code][language].format_map(_Known(facts))
    if code in Refusal.registry:
        known = Refusal.registry[code]
        return (known.zh, known.en)[language].format_map(_Known(facts))
    return SENTENCES["unacceptable"][language]


class _Known(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "?"


def pointer_of(loc: Iterable[Any], body: Any, *, names_a_key: bool = False) -> str:
    """The RFC 6901 pointer of a pydantic location; the names pydantic gives to union branches are left out."""
    parts = list(loc)
    if not parts:
        return ""
    kept = [str(parts[0])]
    here = body
    for position, part in enumerate(parts[1:], start=2):
        last = position == len(parts)
        if parts[0] != "body":
            kept.append(str(part))
        elif (isinstance(here, dict) and part in here) or (
            isinstance(here, list) and isinstance(part, int) and part < len(here)
        ):
            kept.append(str(part))
            here = here[part]
        elif last and names_a_key and isinstance(part, str):
            kept.append(part)
    return "".join("/" + _segment(part) for part in kept)


def _segment(name: str) -> str:
    # An unknown field's name comes from outside: bounded, and with nothing in it that a log or a terminal would obey.
    shown = re.sub(r"[^\w.$@ -]", "?", name[:64]) if not name.isascii() or not name.isprintable() else name[:64]
    return shown.replace("~", "~0").replace("/", "~1")
