"""Server-sent events over lines that break: what was told, where to go on, when to come again. No network here."""

from __future__ import annotations

import time

import httpx

from techmarket.client.course import COME_AGAIN
from techmarket.client.problems import Unreachable, seconds_of


class Lines:
    """Takes the lines of a stream, one after another, over all connections that carry it."""

    def __init__(self, last_id: str, patience: float) -> None:
        self.last_id = last_id
        self._patience = patience
        self._heard_at = time.monotonic()
        self._again = 1.0
        self._event: dict[str, str] = {}

    def headers(self) -> dict[str, str]:
        return {"Last-Event-ID": self.last_id} if self.last_id else {}

    def begin(self, response: httpx.Response) -> bool:
        """Whether to go on with what was answered: a stream, or word to come again."""
        self._event = {}
        if response.status_code in COME_AGAIN:
            self._again = seconds_of(response.headers.get("retry-after")) or self._again
            return time.monotonic() - self._heard_at < self._patience
        return response.status_code == 200

    def take(self, line: str) -> tuple[str, str] | None:
        """The event that ends with this line, by name and data."""
        self._heard_at = time.monotonic()
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if line:
            if name == "retry" and value.isdigit():
                self._again = int(value) / 1000
            elif name == "data" and "data" in self._event:
                self._event["data"] += "\n" + value
            elif name:
                self._event[name] = value
            return None
        event, self._event = self._event, {}
        if "data" not in event:
            return None
        # Taken in before anything is done with it: it never comes again.
        self.last_id = event.get("id", self.last_id)
        return event.get("event", "message"), event["data"]

    def lost(self, error: httpx.TransportError) -> None:
        """The line is gone; what is told meanwhile comes with the next one."""
        if time.monotonic() - self._heard_at > self._patience:
            raise Unreachable(f"no line to the stream: {error}", once=None) from error

    def waits(self) -> float:
        return self._again
