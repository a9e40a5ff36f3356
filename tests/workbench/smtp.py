"""A real SMTP server on the loopback, which takes, delays and refuses mail as it is told."""

from __future__ import annotations

import email
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.controller import Controller

from techmarket.workbench.mailing import Mailer, Security

Behave = Callable[[int], str | None]


@dataclass
class Post:
    """What came. `to` answers each recipient, `data` each mail: with a reply of the protocol, or None for taken."""

    to: Behave = lambda _: None
    data: Behave = lambda _: None
    got: list[EmailMessage] = field(default_factory=list)
    asked: int = 0
    mailer: Mailer | None = None

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:  # noqa: N802
        self.asked += 1
        said = self.to(self.asked)
        if said is None:
            envelope.rcpt_tos.append(address)
        return said or "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        message = email.message_from_bytes(envelope.content, policy=default)
        assert isinstance(message, EmailMessage)
        self.got.append(message)
        return self.data(len(self.got)) or "250 taken"


@contextmanager
def a_post(
    to: Behave = lambda _: None,
    data: Behave = lambda _: None,
    *,
    tls: ssl.SSLContext | None = None,
    trusted: ssl.SSLContext | None = None,
    security: Security = Security.PLAIN,
) -> Iterator[Post]:
    """With a context the server offers STARTTLS and takes nothing without it."""
    post = Post(to, data)
    more: dict[str, Any] = {} if tls is None else {"tls_context": tls, "require_starttls": True}
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(post, hostname="127.0.0.1", port=port, **more)
    controller.start()
    try:
        post.mailer = Mailer("127.0.0.1", port, security, "market@market.test", patience_seconds=5, tls=trusted)
        yield post
    finally:
        controller.stop()
