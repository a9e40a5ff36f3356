"""Handing mail to a server: TLS as it is set and never less, bounded time, and what the server's no means."""

from __future__ import annotations

import asyncio
import contextlib
import smtplib
import socket
import ssl
from dataclasses import dataclass, field
from enum import StrEnum

PATIENCE_SECONDS = 20.0
WHOLE_SECONDS = 90.0
"""How long handing over one mail may take in all, however many pieces a server draws it into."""


class Security(StrEnum):
    """STARTTLS and TLS check the server's certificate and name; PLAIN is for a server on the same machine."""

    STARTTLS = "STARTTLS"
    TLS = "TLS"
    PLAIN = "PLAIN"


class MailFailed(Exception):
    """A mail was not taken. `is_final`: the server said no for good. `is_address`: it is this recipient it refuses."""

    def __init__(self, why: str, *, is_final: bool, is_address: bool = False) -> None:
        super().__init__(why)
        self.why, self.is_final, self.is_address = why, is_final, is_address


class _Attempt:
    """Ties the thread that hands a mail over to whoever waits for it: when he waits no more, nothing more is said."""

    def __init__(self) -> None:
        self._server: smtplib.SMTP | None = None
        self._is_over = False
        self.is_taken = False

    def take(self, server: smtplib.SMTP) -> None:
        self._server = server
        if self._is_over:
            raise TimeoutError

    def end(self) -> None:
        self._is_over = True
        sock = self._server.sock if self._server is not None else None
        if sock is not None:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)


@dataclass(frozen=True)
class Mailer:
    """A server that takes the market's mail, and in whose name it comes."""

    host: str
    port: int
    security: Security
    sender: str
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    patience_seconds: float = PATIENCE_SECONDS
    whole_seconds: float = WHOLE_SECONDS
    tls: ssl.SSLContext | None = field(default=None, repr=False)

    @property
    def domain(self) -> str:
        return self.sender.rpartition("@")[2]

    async def send(self, to: str, message: bytes) -> None:
        """Hand one mail over; when this returns, the server has taken it."""
        attempt = _Attempt()
        try:
            async with asyncio.timeout(self.whole_seconds):
                await asyncio.to_thread(self._send, to, message, attempt)
        except TimeoutError:
            if not attempt.is_taken:
                raise MailFailed("too slow", is_final=False) from None
        finally:
            attempt.end()

    def _send(self, to: str, message: bytes, attempt: _Attempt) -> None:
        try:
            server = self._connected()
            try:
                attempt.take(server)
                if self.user is not None:
                    server.login(self.user, self.password or "")
                server.sendmail(self.sender, [to], message)
                attempt.is_taken = True
                with contextlib.suppress(smtplib.SMTPException, OSError):  # however it says goodbye, it has the mail
                    server.quit()
            finally:
                server.close()
        except smtplib.SMTPRecipientsRefused as refused:
            code = next(iter(refused.recipients.values()))[0]
            raise MailFailed(f"recipient {code}", is_final=code >= 500, is_address=code >= 500) from None
        except smtplib.SMTPAuthenticationError as refused:
            # The market's own fault: no mail is lost for it.
            raise MailFailed(f"login {refused.smtp_code}", is_final=False) from None
        except smtplib.SMTPSenderRefused as refused:
            raise MailFailed(f"sender {refused.smtp_code}", is_final=False) from None
        except smtplib.SMTPResponseException as refused:
            raise MailFailed(f"server {refused.smtp_code}", is_final=refused.smtp_code >= 500) from None
        except smtplib.SMTPNotSupportedError:
            raise MailFailed("no tls", is_final=False) from None
        except (smtplib.SMTPException, OSError) as error:
            raise MailFailed(type(error).__name__, is_final=False) from None

    def _connected(self) -> smtplib.SMTP:
        context = self.tls or ssl.create_default_context()
        if self.security is Security.TLS:
            return smtplib.SMTP_SSL(self.host, self.port, timeout=self.patience_seconds, context=context)
        server = smtplib.SMTP(self.host, self.port, timeout=self.patience_seconds)
        try:
            if self.security is Security.STARTTLS:
                server.starttls(context=context)
        except BaseException:
            server.close()
            raise
        return server
