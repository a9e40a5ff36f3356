"""What the document says of limits: which rate class counts an operation, what body it takes, which headers tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from techmarket.api import observe, rates
from techmarket.api.limits import BodyRule

LIMITS = "x-limits"
METHODS = ("get", "post", "put", "patch", "delete")
HEADERS: Mapping[str, Mapping[str, Any]] = {
    "RateLimit-Policy": {
        "description": "The quota of the class that counted this request, and its window in seconds.",
        "schema": {"type": "string"},
        "example": '"read";q=6000;w=60',
    },
    "RateLimit": {
        "description": "What is left of it (`r`), and in how many seconds it is whole again (`t`).",
        "schema": {"type": "string"},
        "example": '"read";r=5999;t=42',
    },
    "Retry-After": {
        "description": "Come again after so many seconds, with the same Idempotency-Key.",
        "schema": {"type": "string", "pattern": "^[0-9]+$"},
        "example": "2",
    },
}
TOLD = {"429": ("Retry-After", "RateLimit-Policy", "RateLimit"), "503": ("Retry-After",)}
ITS_OWN = {
    "placeBid": [rates.BID],
    "signIn": [rates.OPEN],
    "receiveBankMessage": [rates.OPEN],
    "streamTrade": [rates.OPEN, rates.READ],
}


def describe_limits(document: dict[str, Any], bodies: Sequence[BodyRule]) -> None:
    """Name the limits of each operation, and the headers that tell of them."""
    document["components"]["headers"] = {name: dict(said) for name, said in HEADERS.items()}
    otherwise = BodyRule("/")
    for path, item in document["paths"].items():
        for method in (one for one in METHODS if one in item):
            operation = item[method]
            said: dict[str, Any] = {"rate_classes": classes_of(operation, path, method)}
            if "requestBody" in operation:
                rule = next((one for one in bodies if one.pattern.match(path)), otherwise)
                said |= {"body_bytes_max": rule.bytes_max, "body_seconds_max": rule.seconds}
            operation[LIMITS] = said
            for status, answer in operation["responses"].items():
                names = TOLD.get(status, ("RateLimit-Policy", "RateLimit") if status[0] == "2" else ())
                if names:
                    headers = {name: {"$ref": f"#/components/headers/{name}"} for name in names}
                    answer["headers"] = {**headers, **answer.get("headers", {})}


def classes_of(operation: Mapping[str, Any], path: str, method: str) -> list[str]:
    """The rate classes that count an operation: of a caller who is known, and of one who is not."""
    if operation["operationId"] in ITS_OWN:
        return ITS_OWN[operation["operationId"]]
    ways = operation.get("security", [])
    if path in observe.UNTOLD:
        return [rates.SEALED]
    keyed = rates.READ if method == "get" else rates.WRITE
    if not any(ways):
        return [rates.OPEN]
    return [rates.OPEN, keyed] if {} in ways else [keyed]
