"""Cursors: whatever a client makes of one, it is read or refused by name."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from uuid import UUID

import pytest

from techmarket.kernel.paging import BadCursor, decode_cursor, encode_cursor, last_id

ROW = UUID(int=7)
AT = datetime(2026, 3, 1, 9, tzinfo=UTC)


def forged(*key: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


def test_a_cursor_gives_back_the_ids_and_times_it_was_made_of():
    assert decode_cursor(encode_cursor(AT.isoformat(), str(ROW)), datetime, UUID) == (AT, ROW)
    assert (last_id(encode_cursor(str(ROW))), last_id(None)) == (ROW, None)


@pytest.mark.parametrize(
    "key",
    [
        ("yesterday", str(ROW)),
        ("2026-03-01T09:00:00", str(ROW)),
        ("0001-01-01T00:00:00+14:00", str(ROW)),
        (AT.isoformat(), "not an id"),
        (AT.isoformat(), 7),
        (7, str(ROW)),
        (AT.isoformat(), str(ROW), "more"),
        ("\ud800", str(ROW)),
    ],
)
def test_a_forged_cursor_is_refused_by_name(key):
    with pytest.raises(BadCursor):
        decode_cursor(forged(*key), datetime, UUID)
    with pytest.raises(BadCursor):
        last_id(forged("\x00"))
