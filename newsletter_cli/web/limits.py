"""How much one client may ask of the server. Pure: the time comes in.

Buckets of tokens, one a client: `BURST` at once, `PER_SECOND` on average. What holds a valid token is never counted:
mailbox providers unsubscribe thousands of their readers from a handful of addresses.
"""

from __future__ import annotations

import ipaddress
from collections import OrderedDict

BURST = 100
PER_SECOND = 20.0
CLIENTS = 10_000  # remembered at once: 2 MB

BODY_OCTETS = 8_192  # the form of RFC 8058 is 30 octets, as multipart some 200
HEAD_OCTETS = 16_384  # request line and headers together
HEAD_S = 10.0  # from the first octet, or the connection, to the end of the headers
BODY_S = 10.0  # from there to the end of the body
IDLE_S = 5.0  # between two requests of one connection
CONNECTIONS = 900  # at once, under the 1,024 files that a process may open by default; more are told 503


class Throttle:
    """The buckets. One asks before each request that counts."""

    def __init__(self, *, burst: float = BURST, per_second: float = PER_SECOND, clients: int = CLIENTS) -> None:
        self._burst = burst
        self._per_second = per_second
        self._clients = clients
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()  # client -> tokens, at which time

    def admit(self, client: str, now: float) -> bool:
        """Whether a client may ask once more; `now` in seconds that never go backwards."""
        left, then = self._left.pop(client, (self._burst, now))
        left = min(self._burst, left + (now - then) * self._per_second)
        admitted = left >= 1
        self._left[client] = (left - 1 if admitted else left, now)
        if len(self._left) > self._clients:
            self._left.popitem(last=False)  # the one not heard of for longest
        return admitted


def client_key(address: str) -> str:
    """Whom an address stands for: itself; of IPv6 the network of 64 bits, which one customer has whole.

    Empty for what is no address, and for this machine: there a proxy asks for everybody.
    """
    try:
        found = ipaddress.ip_address(address.strip().strip("[]"))
    except ValueError:
        return ""
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is None:
            return "" if found.is_loopback else str(ipaddress.ip_network((int(found), 64), strict=False))
        found = found.ipv4_mapped
    return "" if found.is_loopback else str(found)
