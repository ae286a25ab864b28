"""Sockets to judged addresses, on loopback."""

import socket
import time

import pytest

from shared.egress import SystemResolver, open_connection
from shared.errors import Refused, Transient
from tests.integration.egress.servers import raw_server
from tests.unit.egress.fakes import FakePolicy, FakeResolver

pytestmark = pytest.mark.enable_socket


def greet(connection: socket.socket) -> None:
    """Say hello."""
    connection.sendall(b"hello")


def test_judged_address_is_dialled() -> None:
    """The connection goes to the judged address, without Nagle's delay and with the time-out set."""
    with raw_server(greet) as server:
        resolver = FakeResolver({"a.example": [["127.0.0.1"], ["169.254.169.254"]]})
        connection = open_connection(
            "a.example", server.port, policy=FakePolicy(), resolver=resolver, connect_timeout_seconds=2
        )
        with connection:
            assert connection.getpeername()[0] == "127.0.0.1"
            assert connection.recv(5) == b"hello"
            assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            assert connection.gettimeout() == 2
    assert len(resolver.asked) == 1


def test_next_address_is_tried() -> None:
    """An address where nothing listens does not hide the next one; the families take turns."""
    with raw_server(greet) as server:
        resolver = FakeResolver({"a.example": ["::1", "127.0.0.1"]})
        with open_connection("a.example", server.port, policy=FakePolicy(), resolver=resolver) as connection:
            assert connection.getpeername()[0] == "127.0.0.1"


def test_refused_address_is_never_dialled() -> None:
    """A refused answer beside a good one, and nothing is connected."""
    with raw_server(greet) as server:
        resolver = FakeResolver({"a.example": ["127.0.0.1", "10.0.0.1"]})
        with pytest.raises(Refused, match="internal_network_address"):
            open_connection("a.example", server.port, policy=FakePolicy({"10.0.0.1"}), resolver=resolver)
    assert server.seen == []


def test_first_failure_is_told() -> None:
    """When no address answers, the reason is that of the first."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        with pytest.raises(Transient, match="connection_refused"):
            open_connection(
                "a.example", port, policy=FakePolicy(), resolver=FakeResolver({"a.example": ["127.0.0.1", "127.0.0.2"]})
            )


def test_address_that_swallows_packets_ends_in_time() -> None:
    """A full backlog drops connections; the attempt ends at the time-out."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        port = listener.getsockname()[1]
        waiting = [socket.socket() for _ in range(4)]
        for client in waiting:
            client.settimeout(0)
            client.connect_ex(("127.0.0.1", port))
        started = time.monotonic()
        with pytest.raises(Transient, match="connection_timed_out"):
            open_connection(
                "127.0.0.1", port, policy=FakePolicy(), resolver=FakeResolver({}), connect_timeout_seconds=0.3
            )
        assert time.monotonic() - started < 2
        for client in waiting:
            client.close()


def test_system_resolver_on_this_machine() -> None:
    """The machine's own resolver knows localhost, and gives each address once."""
    addresses = SystemResolver().resolve("localhost", 80, 5)
    assert addresses
    assert set(addresses) <= {"127.0.0.1", "::1"}
    assert len(set(addresses)) == len(addresses)
