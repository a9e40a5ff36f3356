"""Which addresses the market may call on somebody else's word: those of the public internet, and no other. Pure.

Whoever subscribes names a URL, and a worker inside the market's network calls it. So a name is resolved once, every
address it has must be public, and the connection goes to an address that was looked at.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import SplitResult, urlsplit

URL_MAX = 500
HTTPS = 443
Address = IPv4Address | IPv6Address

# IANA special-purpose registries, RFC 6890 and its successors: none of it is somebody's public service.
_NOT_PUBLIC_4 = tuple(
    IPv4Network(net)
    for net in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # shared between a provider and its customers
        "127.0.0.0/8",  # loopback
        "169.254.0.0/16",  # link-local, and the metadata service of clouds
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",  # AS112
        "192.52.193.0/24",  # AMT
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",  # private
        "192.175.48.0/24",  # AS112
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
    )
)
# Of IPv6 only what is given out as global unicast. That leaves out loopback, mapped and compatible IPv4, NAT64, unique
# local, link-local, site-local and multicast without naming them.
_PUBLIC_6 = IPv6Network("2000::/3")
_NOT_PUBLIC_6 = tuple(
    IPv6Network(net)
    for net in (
        "2001::/23",  # protocol assignments: Teredo, ORCHID, AMT, benchmarks
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4: an IPv4 address inside
        "2620:4f:8000::/48",  # AS112
        "3fff::/20",  # documentation
    )
)


_NOT_IN_URLS = frozenset(' \\#"<>^`{|}')


def is_public(address: Address) -> bool:
    """Whether an address belongs to the public internet."""
    if isinstance(address, IPv4Address):
        return not any(address in net for net in _NOT_PUBLIC_4)
    if address.scope_id is not None or address not in _PUBLIC_6:
        return False
    return not any(address in net for net in _NOT_PUBLIC_6)


@dataclass(frozen=True, slots=True)
class Target:
    """Where a URL leads: the name that certificate and `Host` are about, the port, and the path with its query."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = self.port == {"https": HTTPS, "http": 80}[self.scheme]
        return host if usual else f"{host}:{self.port}"


def read_url(url: str, *, may_be_plain: bool = False) -> Target | None:
    """The parts of a URL that may be called, or None: https, a name or a public address, nobody's password in it.

    `may_be_plain` is for development alone: http, and addresses that are not public.
    """
    if not (0 < len(url) <= URL_MAX) or not url.isascii() or not url.isprintable() or set(url) & _NOT_IN_URLS:
        return None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    schemes = ("https", "http") if may_be_plain else ("https",)
    host = (parts.hostname or "").rstrip(".")
    if parts.scheme not in schemes or not host or "@" in parts.netloc or "%" in parts.netloc or port == 0:
        return None
    if not may_be_plain and not _may_be_named(host):
        return None
    return Target(parts.scheme, host, port or (HTTPS if parts.scheme == "https" else 80), _path(parts))


def _path(parts: SplitResult) -> str:
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _may_be_named(host: str) -> bool:
    """A public address, or a name with a dot whose last part is no number: resolvers read those as addresses, too."""
    try:
        return is_public(ip_address(host))
    except ValueError:
        pass
    labels = host.split(".")
    if ":" in host or len(labels) < 2 or not all(labels):
        return False
    last = labels[-1]
    return not last[0].isdigit() and last not in ("localhost", "local", "internal", "lan", "home", "arpa", "onion")
