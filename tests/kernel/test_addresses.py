"""Nothing but the public internet is called on somebody else's word."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

import httpcore
import pytest

from techmarket.db.calling import Caller, CheckedBackend
from techmarket.kernel.addresses import is_public, read_url

INSIDE = (
    *("127.0.0.1", "127.1.2.3", "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.255"),
    *("192.168.1.1", "169.254.169.254", "169.254.0.1", "100.64.0.1", "100.100.100.200", "100.127.255.255"),
    *("192.0.0.192", "192.0.2.1", "198.18.0.1", "198.19.255.255", "198.51.100.7", "203.0.113.9", "192.88.99.1"),
    *("224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255"),
    *("::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1", "::ffff:0:127.0.0.1"),
    *("64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "100::1", "2001::1", "2001:0:4136:e378:8000:63bf:0:1"),
    *("2001:10::1", "2001:20::1", "2001:db8::1", "2002:7f00:1::1", "2002:a00:1::1", "2002:808:808::1", "3fff::1"),
    *("fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "ff0e::1", "5f00::1", "4000::1"),
)
OUTSIDE = (
    "8.8.8.8",
    "1.1.1.1",
    "100.128.0.1",
    "172.32.0.1",
    "192.169.0.1",
    "198.20.0.1",
    "2400:3200::1",
    "2606:4700::1",
)
FORBIDDEN_URLS = (
    *("http://hooks.example.com/a", "ftp://hooks.example.com", "file:///etc/passwd", "gopher://hooks.example.com/_x"),
    *("https://", "https:///a", "//hooks.example.com", "hooks.example.com", "javascript:alert(1)", ""),
    *("https://user@hooks.example.com", "https://user:word@hooks.example.com", "https://@hooks.example.com"),
    *("https://localhost", "https://localhost.", "https://a.localhost", "https://printer.local", "https://db.internal"),
    *(
        "https://router.lan",
        "https://nas.home",
        "https://1.0.0.127.in-addr.arpa",
        "https://x.onion",
        "https://intranet",
    ),
    *("https://127.0.0.1", "https://127.1", "https://2130706433", "https://0x7f000001", "https://0x7f.1", "https://0"),
    *("https://0177.0.0.1", "https://017700000001", "https://127.0.0.1.", "https://a.1", "https://a.0x7f"),
    *("https://[::1]", "https://[::ffff:127.0.0.1]", "https://[fe80::1%25eth0]", "https://[fd00::1]", "https://[::"),
    *("https://169.254.169.254/latest/meta-data", "https://hooks.example.com:0", "https://hooks.example.com:65536"),
    *("https://hooks.example.com:x", "https://hooks.example.com/#a", "https://hooks.example.com/ a", "https://a..b"),
    *("https://hooks.example.com\\@127.0.0.1", "https://127.0.0.1%2f@hooks.example.com", "https://ｅxample.com"),
    *("https://hooks.example.com/\r\nX: 1", "https://hooks.example.com/\x00", "https://" + "a" * 500 + ".com"),
)


@pytest.mark.parametrize("address", INSIDE)
async def test_an_address_that_is_not_public_is_never_connected_to(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))
    net = Net()
    receipt = await Caller(resolve=net.resolving(address), plain=net).post("https://hooks.example.com/a", b"{}", {})
    assert (receipt.error, net.connected) == ("address_not_allowed", [])


@pytest.mark.parametrize("address", OUTSIDE)
def test_a_public_address_may_be_called(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("url", FORBIDDEN_URLS)
async def test_a_url_that_leads_elsewhere_is_refused_and_never_looked_up(url: str) -> None:
    assert read_url(url) is None
    net = Net()
    receipt = await Caller(resolve=net.resolving("8.8.8.8"), plain=net).post(url, b"{}", {})
    assert (receipt.error, net.looked_up, net.connected) == ("address_not_allowed", [], [])


class Net(httpcore.AsyncNetworkBackend):
    """Names and connections of a test: each name is resolved as told, in turn; nothing is really connected."""

    def __init__(self) -> None:
        self.connected: list[str] = []
        self.looked_up: list[str] = []

    def resolving(self, *answers: str | Sequence[str]):
        turns = iter(answers)

        async def resolve(host: str, port: int) -> Sequence[str]:
            self.looked_up.append(host)
            answer = next(turns)
            return [answer] if isinstance(answer, str) else answer

        return resolve

    async def connect_tcp(self, host, port, timeout=None, local_address=None, socket_options=None):
        self.connected.append(host)
        raise httpcore.ConnectError("nothing is there")


async def test_a_name_is_looked_up_once_and_the_address_that_was_looked_at_is_the_one_that_is_called() -> None:
    net = Net()
    # The second answer of a name that changes its mind would lead inside: it is never asked for.
    caller = Caller(resolve=net.resolving("8.8.8.8", "127.0.0.1"), plain=net)
    receipt = await caller.post("https://hooks.example.com/a", b"{}", {})
    assert (receipt.error, net.looked_up, net.connected) == ("connection", ["hooks.example.com"], ["8.8.8.8"])


async def test_one_address_inside_among_many_outside_is_enough_to_refuse_the_name() -> None:
    net = Net()
    caller = Caller(resolve=net.resolving(["8.8.8.8", "2606:4700::1", "10.0.0.7"]), plain=net)
    receipt = await caller.post("https://hooks.example.com/a", b"{}", {})
    assert (receipt.error, net.connected) == ("address_not_allowed", [])
    backend = CheckedBackend(net, net.resolving([]), may_reach_inside=False)
    with pytest.raises(Exception, match="a socket"):
        await backend.connect_unix_socket("/run/anything")
