"""gRPC targets: one judged address, the peer's own name, nothing from the environment."""

import pytest

from shared.egress import grpc_target
from shared.errors import Refused
from tests.unit.egress.fakes import FakePolicy, FakeResolver


def test_ipv4_target_keeps_the_name() -> None:
    """The first judged address is the target; the authority is the command's own."""
    target = grpc_target(
        "plugins.example",
        50051,
        policy=FakePolicy(),
        resolver=FakeResolver({"plugins.example": ["8.8.8.8", "9.9.9.9"]}),
    )
    assert target.target == "ipv4:8.8.8.8:50051"
    options = dict(target.options)
    assert options["grpc.default_authority"] == "plugins.example:50051"
    assert options["grpc.enable_http_proxy"] == 0
    assert options["grpc.service_config_disable_resolution"] == 1
    assert options["grpc.enable_retries"] == 0
    assert options["grpc.use_local_subchannel_pool"] == 1
    assert options["grpc.max_receive_message_length"] == 65_536
    assert "grpc.ssl_target_name_override" not in options


def test_ipv6_target_is_bracketed() -> None:
    """IPv6 stands in brackets, in the target and in the authority of a literal."""
    target = grpc_target("[2606:4700::1]", 443, policy=FakePolicy(), resolver=FakeResolver({}), tls=True)
    assert target.target == "ipv6:[2606:4700::1]:443"
    options = dict(target.options)
    assert options["grpc.default_authority"] == "[2606:4700::1]:443"
    assert options["grpc.ssl_target_name_override"] == "2606:4700::1"


def test_tls_proves_the_name() -> None:
    """With TLS the certificate is checked against the command's host, not against the address."""
    resolver = FakeResolver({"plugins.example": ["8.8.8.8"]})
    target = grpc_target("plugins.example.", 443, policy=FakePolicy(), resolver=resolver, tls=True)
    assert dict(target.options)["grpc.ssl_target_name_override"] == "plugins.example"


def test_refused_address_makes_no_target() -> None:
    """A name with a refused address has no target."""
    resolver = FakeResolver({"plugins.example": ["8.8.8.8", "169.254.169.254"]})
    with pytest.raises(Refused, match="internal_network_address"):
        grpc_target("plugins.example", 50051, policy=FakePolicy({"169.254.169.254"}), resolver=resolver)
