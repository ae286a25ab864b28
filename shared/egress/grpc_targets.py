"""Targets for a gRPC channel: one judged address, so that gRPC never looks a name up itself.

Name syntax: https://github.com/grpc/grpc/blob/master/doc/naming.md; options:
https://grpc.github.io/grpc/core/group__grpc__arg__keys.html. This module imports no grpc.
"""

from typing import Final, NamedTuple

from shared.egress.connections import RESOLVE_TIMEOUT_SECONDS
from shared.egress.judgement import resolve_and_judge
from shared.egress.ports import AddressPolicy, Resolver

MAX_MESSAGE_BYTES: Final = 64 * 1024  # an answer to a health check is a few bytes
MAX_METADATA_BYTES: Final = 8 * 1024


class GrpcTarget(NamedTuple):
    """What a channel is built from.

    Attributes:
        target: `ipv4:1.2.3.4:50051` or `ipv6:[2001:db8::1]:50051`; always one address (a comma would make a list).
        options: channel options; proxies, service configuration by DNS, shared connections and retries are off.
    """

    target: str
    options: tuple[tuple[str, str | int], ...]


def grpc_target(
    host: str,
    port: int,
    *,
    policy: AddressPolicy,
    resolver: Resolver,
    timeout_seconds: float = RESOLVE_TIMEOUT_SECONDS,
    tls: bool = False,
    max_message_bytes: int = MAX_MESSAGE_BYTES,
) -> GrpcTarget:
    """Resolve and judge a gRPC target; the peer still sees, and with TLS still proves, its own name.

    Raises:
        Refused: the policy's reason; `invalid_host`, `invalid_port`.
        Transient: the name has no address or could not be looked up.
    """
    addresses = resolve_and_judge(host, port, policy=policy, resolver=resolver, timeout_seconds=timeout_seconds)
    address = addresses[0]
    target = f"ipv6:[{address}]:{port}" if ":" in address else f"ipv4:{address}:{port}"
    name = host.strip("[]").removesuffix(".")
    authority = f"[{name}]:{port}" if ":" in name else f"{name}:{port}"
    options: tuple[tuple[str, str | int], ...] = (
        ("grpc.default_authority", authority),
        ("grpc.enable_http_proxy", 0),  # else proxies of the environment are used, even for an address
        ("grpc.service_config_disable_resolution", 1),
        ("grpc.use_local_subchannel_pool", 1),
        ("grpc.enable_retries", 0),
        ("grpc.max_receive_message_length", max_message_bytes),
        ("grpc.max_metadata_size", MAX_METADATA_BYTES),
    )
    return GrpcTarget(target, (*options, ("grpc.ssl_target_name_override", name)) if tls else options)
