"""Where outgoing requests must not go: this machine, its network, what only looks public."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Sequence
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Any

import aiohttp

Network = IPv4Network | IPv6Network
AddressInfo = tuple[Any, Any, int, str, tuple[Any, ...]]

NAT64 = IPv6Network("64:ff9b::/96")


class ForbiddenAddress(OSError):
    """An address that no subscriber may have. It bears no text: addresses are not told."""


def guarded_sockets(allowed: Sequence[Network]) -> Callable[[AddressInfo], socket.socket]:
    """Make the sockets of a client that connects to public addresses only, and to `allowed`.

    The check is on the address that is being connected to, after names were looked up, so a
    name that is looked up twice cannot pass once as something else.
    """

    def make(info: AddressInfo) -> socket.socket:
        family, kind, protocol, _, place = info
        if not is_open_to(str(place[0]), allowed):
            raise ForbiddenAddress
        return socket.socket(family=family, type=kind, proto=protocol)

    return make


def guarded_session(
    allowed: Sequence[Network], timeout: float, tls: ssl.SSLContext | None = None
) -> aiohttp.ClientSession:
    """A client for addresses that others have chosen; `timeout` is seconds of one request."""
    connector = aiohttp.TCPConnector(
        limit=0, socket_factory=guarded_sockets(allowed), ssl=tls or True
    )
    return aiohttp.ClientSession(
        connector=connector,
        timeout=aiohttp.ClientTimeout(total=timeout),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
    )


def is_forbidden(fault: Exception) -> bool:
    """Whether a request failed because its address is not public."""
    causes = (fault, fault.__cause__, getattr(fault, "os_error", None))
    return any(isinstance(each, ForbiddenAddress) for each in causes)


def is_open_to(text: str, allowed: Sequence[Network]) -> bool:
    """Whether an address, as text, is public or in one of the networks."""
    address = _plain(ip_address(text.partition("%")[0]))
    if any(address in network for network in allowed):
        return True
    return address.is_global and not (address.is_multicast or address.is_reserved)


def networks(text: str) -> tuple[Network, ...]:
    """Read "10.0.0.0/8, fd00::/8". Raises ValueError."""
    return tuple(ip_network(part) for part in text.replace(",", " ").split())


def _plain(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """An IPv6 address that stands for an IPv4 one is judged as that."""
    if isinstance(address, IPv4Address):
        return address
    within = address.ipv4_mapped or address.sixtofour
    if within is None and address.teredo is not None:
        within = address.teredo[1]
    if within is None and address in NAT64:
        within = IPv4Address(int(address) & 0xFFFF_FFFF)
    return within or address
