"""A sender of bodies in chunks that hears an answer in the middle of them, also when the other side then hangs up."""

from __future__ import annotations

import contextlib
import select
import socket
import time
from collections.abc import Iterable


def send_chunked(
    port: int, head: str, parts: Iterable[bytes], *, pause: float = 0.0, is_broken_off: bool = False
) -> bytes:
    """Blocking, so that whatever was answered is still read after a reset; call it in a thread beside a server."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        with contextlib.suppress(ConnectionError):
            connection.sendall(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode())
            for part in parts:
                if select.select([connection], [], [], pause)[0]:
                    break
                connection.sendall(b"%x\r\n%s\r\n" % (len(part), part))
            else:
                if is_broken_off:
                    time.sleep(0.05)
                    return b""
                connection.sendall(b"0\r\n\r\n")
        answer = b""
        with contextlib.suppress(ConnectionError):
            while some := connection.recv(65_536):
                answer += some
        return answer
