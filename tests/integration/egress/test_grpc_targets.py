"""The real gRPC library takes our targets, and no way around them."""

import socket
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest

from shared.egress import grpc_target
from tests.integration.egress.servers import raw_server
from tests.unit.egress.fakes import FakePolicy, FakeResolver

pytestmark = pytest.mark.enable_socket


def hang_up(_connection: socket.socket) -> None:
    """Accept, and say nothing."""


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_channel_is_ready_without_proxy(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A channel to a target reaches the judged address, IPv4 or IPv6, and leaves the environment's proxy alone."""
    server = grpc.server(ThreadPoolExecutor(1))
    port = server.add_insecure_port(f"[{address}]:0" if ":" in address else f"{address}:0")
    server.start()
    resolver = FakeResolver({"plugins.example": [address]})
    target = grpc_target("plugins.example", port, policy=FakePolicy(), resolver=resolver)
    with raw_server(hang_up) as proxy:
        for name in ("grpc_proxy", "https_proxy", "http_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        with grpc.insecure_channel(target.target, options=target.options) as channel:
            grpc.channel_ready_future(channel).result(timeout=5)
        assert proxy.seen == []
    server.stop(None).wait()
    assert len(resolver.asked) == 1
