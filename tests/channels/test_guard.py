from __future__ import annotations

import socket

import pytest

from bot.channels.guard import ForbiddenAddress, guarded_sockets, is_open_to, networks

REFUSED = [
    "127.0.0.1",
    "127.9.9.9",
    "0.0.0.0",  # noqa: S104
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "192.0.2.1",
    "224.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "fe80::1",
    "fe80::1%eth0",
    "fd00::1",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "2002:7f00:1::",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "2001:db8::1",
]


@pytest.mark.parametrize("address", REFUSED)
def test_what_is_not_public_is_refused(address: str) -> None:
    assert not is_open_to(address, ())


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "54.239.28.85", "2600:1f18::1", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_what_is_public_is_open(address: str) -> None:
    assert is_open_to(address, ())


def test_a_network_that_is_named_is_open_and_no_other() -> None:
    allowed = networks("10.1.0.0/16, fd00::/8")

    assert is_open_to("10.1.2.3", allowed)
    assert is_open_to("::ffff:10.1.2.3", allowed)
    assert is_open_to("fd12::1", allowed)
    assert not is_open_to("10.2.0.1", allowed)


def test_no_socket_is_made_for_a_refused_address() -> None:
    make = guarded_sockets(())
    with pytest.raises(ForbiddenAddress):
        make((socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 80)))
    made = make((socket.AF_INET, socket.SOCK_STREAM, 6, "", ("8.8.8.8", 80)))
    made.close()


@pytest.mark.parametrize("text", ["10.0.0.1/8", "here", "10.0.0.0/33"])
def test_what_is_no_network_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        networks(text)
