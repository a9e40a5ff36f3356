"""The boundary types of every wire shape: a hostile value is refused here, by name, and never reaches a room."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from techmarket.kernel.money import Money

INT32_MAX = 2**31 - 1
BIGINT_MAX = 2**63 - 1
YEAR_MIN, YEAR_MAX = 1990, 2200
# Twelve digits of yuan leave room in a bigint for the sum of every amount the market will ever hold.
AMOUNT_PATTERN = r"-?(?:0|[1-9][0-9]{0,11})\.[0-9]{2}"
RATE_PATTERN = r"(?:0(?:\.[0-9]{1,12})?|1(?:\.0{1,12})?)"

# code -> (zh, en). The placeholders are limits of ours, never the value that was sent.
SENTENCES: Mapping[str, tuple[str, str]] = {
    "missing": ("缺少必填字段。", "This field is required."),
    "unknown_field": ("没有这个字段。", "There is no such field."),
    "wrong_type": ("值的类型不对，应为：{wanted}。", "The value has the wrong type; wanted: {wanted}."),
    "wrong_form": ("值的格式不对。", "The value does not have the right form."),
    "not_one_of": ("值不在允许的范围内；允许：{expected}。", "The value is not one of: {expected}."),
    "out_of_range": ("数值超出允许的范围。", "The number is out of range."),
    "too_long": ("内容过长。", "This is too long."),
    "too_short": ("内容过短。", "This is too short."),
    "unacceptable": ("此值不能接受。", "This value cannot be accepted."),
    "text.blank": ("不能为空。", "This may not be blank."),
    "text.too_short": ("文字少于 {min_length} 个字符。", "The text is shorter than {min_length} characters."),
    "text.too_long": ("文字超过 {max_length} 个字符。", "The text is longer than {max_length} characters."),
    "text.control_character": ("文字含有控制字符。", "The text holds a control character."),
    "text.invisible_character": (
        "文字含有不可见字符或改变书写方向的字符。",
        "The text holds an invisible character or one that changes the writing direction.",
    ),
    "text.not_unicode": ("文字不是有效的 Unicode。", "The text is not valid Unicode."),
    "money.wrong_form": (
        "金额应为恰有两位小数的十进制字符串，例如 600000.00。",
        "An amount is a decimal string with exactly two decimals, such as 600000.00.",
    ),
    "money.wrong_currency": ("币种只能是 CNY。", "The currency must be CNY."),
    "money.not_positive": ("金额必须大于零。", "The amount must be more than zero."),
    "money.negative": ("金额不能小于零。", "The amount may not be less than zero."),
    "rate.wrong_form": (
        "比例应为 0 至 1 之间的十进制字符串，例如 0.70。",
        "A rate is a decimal string from 0 to 1, such as 0.70.",
    ),
    "time.wrong_form": (
        "时间应为 ISO 8601，例如 2026-03-01T09:00:00+08:00。",
        "A time is ISO 8601, such as 2026-03-01T09:00:00+08:00.",
    ),
    "time.no_offset": ("时间必须带有时区偏移。", "The time must carry its offset from UTC."),
    "time.out_of_range": (
        "年份应在 {year_min} 至 {year_max} 之间。",
        "The year must be from {year_min} to {year_max}.",
    ),
    "day.wrong_form": ("日期应为 ISO 8601，例如 2026-03-01。", "A day is ISO 8601, such as 2026-03-01."),
    "id.wrong_form": ("标识应为 UUID。", "An id is a UUID."),
}


def refused(code: str, **facts: Any) -> PydanticCustomError:
    """A field error with a stable code; the facts are limits of ours."""
    return PydanticCustomError(code, SENTENCES[code][1], facts or None)


_NOT_SCHEMAS = frozenset({"metadata", "serialization", "default", "expected", "members", "cls", "config", "ref"})


def _forbid_coercion(node: Any) -> None:
    # Pydantic's own strict mode, given Python objects instead of JSON text as FastAPI does, would also refuse
    # enums, dates and nested shapes. Only the scalars that JSON itself has are made strict.
    if isinstance(node, list | tuple):
        for inner in node:
            _forbid_coercion(inner)
    elif isinstance(node, dict):
        kind = node.get("type")
        if kind in ("int", "bool", "float") or (kind == "str" and "strict" not in node):
            node.setdefault("strict", True)
        elif kind == "datetime":
            node.setdefault("tz_constraint", "aware")
        for name, inner in node.items():
            if name not in _NOT_SCHEMAS:
                _forbid_coercion(inner)


class Wire(BaseModel):
    """A wire shape: unknown fields are refused, it is frozen, and a number is never made from a text or a boolean."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        schema = handler(source)
        _forbid_coercion(schema)
        return schema


# --- text -----------------------------------------------------------------------------------------------------------

_SURROGATE = re.compile("[\ud800-\udfff]")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_CONTROL_MULTILINE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0"
    "\ufff9-\ufffb\ufdd0-\ufdef\ufffe\uffff\U000e0000-\U000e0fff]"
)


@dataclass(frozen=True, slots=True)
class SafeText:
    """Text from a stranger: NFC, trimmed, without controls, invisible or direction-changing characters, bounded.

    Written as `Annotated[str, SafeText(200)]`.
    """

    max_length: int
    min_length: int = 1
    multiline: bool = False

    def clean(self, text: str) -> str:
        if _SURROGATE.search(text):
            raise refused("text.not_unicode")
        if len(text) > 4 * self.max_length + 64:  # before the work below, which costs by length
            raise refused("text.too_long", max_length=self.max_length)
        if self.multiline:
            text = text.replace("\r\n", "\n")
        text = unicodedata.normalize("NFC", text)
        if (_CONTROL_MULTILINE if self.multiline else _CONTROL).search(text):
            raise refused("text.control_character")
        if _INVISIBLE.search(text):
            raise refused("text.invisible_character")
        text = text.strip()
        if not text and self.min_length > 0:
            raise refused("text.blank")
        if len(text) < self.min_length:
            raise refused("text.too_short", min_length=self.min_length)
        if len(text) > self.max_length:
            raise refused("text.too_long", max_length=self.max_length)
        return text

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self.clean, core_schema.str_schema(strict=True))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"type": "string", "minLength": self.min_length, "maxLength": self.max_length}


ShortText = Annotated[str, SafeText(200)]
Title = Annotated[str, SafeText(500)]
LongText = Annotated[str, SafeText(20_000, multiline=True)]
Code = Annotated[str, Field(strict=True, pattern=r"^[A-Za-z0-9._:-]{1,64}$")]
Sha256 = Annotated[str, Field(strict=True, pattern=r"^[0-9a-f]{64}$")]
Region = Annotated[str, Field(strict=True, pattern=r"^[1-9][0-9]{5}$", description="GB/T 2260, six digits")]


# --- values with their own text form --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _TextForm:
    """A value that is a text on the wire: `read` turns the text into the value, an instance passes as it is."""

    of: type
    read: Callable[[str], Any]
    wrong: str
    json_schema: tuple[tuple[str, Any], ...]
    show: Callable[[Any], str]

    def validate(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.read(value)
        if type(value) is self.of:
            return self.read(self.show(value))
        raise refused(self.wrong)

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            self.validate,
            serialization=core_schema.plain_serializer_function_ser_schema(
                self.show, return_schema=core_schema.str_schema(), when_used="json"
            ),
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"type": "string", **dict(self.json_schema)}


_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?([Zz]|[+-][0-9]{2}:[0-9]{2})?"
)
_AMOUNT = re.compile(AMOUNT_PATTERN)
_RATE = re.compile(RATE_PATTERN)


def _read_uuid(text: str) -> UUID:
    if not _UUID.fullmatch(text):
        raise refused("id.wrong_form")
    return UUID(text)


def _read_day(text: str) -> date:
    if not _DAY.fullmatch(text):
        raise refused("day.wrong_form")
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise refused("day.wrong_form") from None
    if not YEAR_MIN <= day.year <= YEAR_MAX:
        raise refused("time.out_of_range", year_min=YEAR_MIN, year_max=YEAR_MAX)
    return day


def _read_time(text: str) -> datetime:
    form = _TIME.fullmatch(text)
    if not form:
        raise refused("time.wrong_form")
    if not form[1]:
        raise refused("time.no_offset")
    try:
        moment = datetime.fromisoformat(text.upper())
    except ValueError:
        raise refused("time.wrong_form") from None
    if not YEAR_MIN <= moment.year <= YEAR_MAX:
        raise refused("time.out_of_range", year_min=YEAR_MIN, year_max=YEAR_MAX)
    return moment.astimezone(UTC)


def _read_rate(text: str) -> Decimal:
    if not _RATE.fullmatch(text):
        raise refused("rate.wrong_form")
    return Decimal(text)


def _show_time(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


Uuid = Annotated[UUID, _TextForm(UUID, _read_uuid, "id.wrong_form", (("format", "uuid"),), str)]
Day = Annotated[date, _TextForm(date, _read_day, "day.wrong_form", (("format", "date"),), date.isoformat)]
Aware = Annotated[datetime, _TextForm(datetime, _read_time, "time.wrong_form", (("format", "date-time"),), _show_time)]
RateIn = Annotated[
    Decimal, _TextForm(Decimal, _read_rate, "rate.wrong_form", (("pattern", f"^{RATE_PATTERN}$"),), lambda r: f"{r:f}")
]


# --- money ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _AmountText:
    least: int | None

    def clean(self, text: str) -> str:
        if not _AMOUNT.fullmatch(text) or text == "-0.00":
            raise refused("money.wrong_form")
        if self.least is not None and Money.parse(text).minor < self.least:
            raise refused("money.not_positive" if self.least else "money.negative")
        return text

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        # An amount that is a JSON number has already lost its cents somewhere: it is told the form, not coerced.
        return core_schema.no_info_plain_validator_function(self._validate)

    def _validate(self, value: Any) -> str:
        if not isinstance(value, str):
            raise refused("money.wrong_form")
        return self.clean(value)


def _only_cny(value: Any) -> str:
    if value != "CNY":
        raise refused("money.wrong_currency")
    return "CNY"


@dataclass(frozen=True, slots=True)
class _MoneyForm:
    """Money on the wire: `{"amount": "600000.00", "currency": "CNY"}`, never a number."""

    least: int | None = None

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        amount = _AmountText(self.least).__get_pydantic_core_schema__(str, handler)
        currency = core_schema.no_info_plain_validator_function(_only_cny)
        fields = {
            "amount": core_schema.typed_dict_field(amount, required=True),
            "currency": core_schema.typed_dict_field(currency, required=True),
        }
        form = core_schema.typed_dict_schema(fields, extra_behavior="forbid")
        read = core_schema.no_info_after_validator_function(lambda out: Money.parse(out["amount"]), form)
        return core_schema.no_info_before_validator_function(
            _money_as_object,
            read,
            serialization=core_schema.plain_serializer_function_ser_schema(_money_as_object, when_used="json"),
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        pattern = AMOUNT_PATTERN if self.least is None else AMOUNT_PATTERN.removeprefix("-?")
        return {
            "type": "object",
            "title": "Money",
            "properties": {
                "amount": {"type": "string", "pattern": f"^{pattern}$", "examples": ["600000.00"]},
                "currency": {"type": "string", "const": "CNY"},
            },
            "required": ["amount", "currency"],
            "additionalProperties": False,
        }


def _money_as_object(value: Any) -> Any:
    return {"amount": value.amount, "currency": value.currency} if isinstance(value, Money) else value


MoneyIn = Annotated[Money, _MoneyForm()]
NonNegativeMoney = Annotated[Money, _MoneyForm(least=0)]
PositiveMoney = Annotated[Money, _MoneyForm(least=1)]


@dataclass(frozen=True, slots=True)
class _MoneyShown(_MoneyForm):
    """Money we say ourselves: whatever the ledger holds, without the limits for strangers."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.is_instance_schema(
            Money, serialization=core_schema.plain_serializer_function_ser_schema(_money_as_object, when_used="json")
        )


MoneyOut = Annotated[Money, _MoneyShown()]


# --- numbers --------------------------------------------------------------------------------------------------------

Int = Annotated[int, Field(strict=True, ge=-INT32_MAX - 1, le=INT32_MAX)]
Count = Annotated[int, Field(strict=True, ge=0, le=INT32_MAX)]
PositiveInt = Annotated[int, Field(strict=True, ge=1, le=INT32_MAX)]
BigInt = Annotated[int, Field(strict=True, ge=-BIGINT_MAX - 1, le=BIGINT_MAX)]

_WHOLE = re.compile(r"-?(?:0|[1-9][0-9]{0,18})")


def plain_digits(value: Any) -> Any:
    """A whole number in a query is spelled by its digits: pydantic would read "1_0", " 10" and "10.0" as ten."""
    if isinstance(value, str) and not _WHOLE.fullmatch(value):
        raise refused("wrong_form")
    return value


QueryInt = Annotated[int, Field(strict=False, ge=-INT32_MAX - 1, le=INT32_MAX), BeforeValidator(plain_digits)]
Limit = Annotated[
    int, Query(strict=False, ge=1, le=100, description="How many; 20 when left out."), BeforeValidator(plain_digits)
]
Cursor = Annotated[
    str | None,
    Query(max_length=512, pattern=r"^[A-Za-z0-9_-]{1,512}$", description="The place a page before this one named."),
]
