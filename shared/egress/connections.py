"""The one place that connects a socket: to a judged address, and only to that."""

import socket
import time
from collections import deque
from collections.abc import Sequence
from typing import Final

from shared.egress.failures import failure_of
from shared.egress.judgement import resolve_and_judge
from shared.egress.ports import AddressPolicy, Resolver
from shared.egress.reasons import CONNECTION_FAILED, CONNECTION_TIMED_OUT
from shared.errors import PlugportError, Transient

RESOLVE_TIMEOUT_SECONDS: Final = 3.0
CONNECT_TIMEOUT_SECONDS: Final = 5.0
MAX_DIALLED: Final = 8


def open_connection(
    host: str,
    port: int,
    *,
    policy: AddressPolicy,
    resolver: Resolver,
    connect_timeout_seconds: float = CONNECT_TIMEOUT_SECONDS,
    resolve_timeout_seconds: float = RESOLVE_TIMEOUT_SECONDS,
) -> socket.socket:
    """Connect to one of the host's judged addresses; the name is looked up once, here, and never again.

    Addresses are tried one after the other, families taking turns (RFC 8305 section 4), at most eight; each gets its
    share of the time that is left, so one dead address can't use it all up.

    Returns:
        a connected TCP socket without Nagle's delay, with `connect_timeout_seconds` as its timeout.

    Raises:
        Refused: the policy's reason; `invalid_host`, `invalid_port`.
        Transient: no address, or none of them could be connected to: the reason of the first failure.
    """
    addresses = resolve_and_judge(host, port, policy=policy, resolver=resolver, timeout_seconds=resolve_timeout_seconds)
    peer = f"{host}:{port}"
    deadline = time.monotonic() + connect_timeout_seconds
    candidates = in_turns(addresses)[:MAX_DIALLED]
    failures: list[PlugportError] = []
    for number, address in enumerate(candidates):
        share = (deadline - time.monotonic()) / (len(candidates) - number)
        if share <= 0:
            break
        try:
            return _connect(address, port, share, connect_timeout_seconds)
        except OSError as error:
            failures.append(failure_of(error, peer) or Transient(CONNECTION_FAILED, peer))
    raise failures[0] if failures else Transient(CONNECTION_TIMED_OUT, peer)


def in_turns(addresses: Sequence[str]) -> tuple[str, ...]:
    """Order addresses so that the families take turns, beginning with the resolver's first."""
    if not addresses:
        return ()
    first_is_ipv6 = ":" in addresses[0]
    preferred = deque(address for address in addresses if (":" in address) is first_is_ipv6)
    others = deque(address for address in addresses if (":" in address) is not first_is_ipv6)
    ordered: list[str] = []
    while preferred or others:
        ordered.extend(queue.popleft() for queue in (preferred, others) if queue)
    return tuple(ordered)


def _connect(address: str, port: int, timeout_seconds: float, idle_timeout_seconds: float) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    connection = socket.socket(family, socket.SOCK_STREAM)
    try:
        connection.settimeout(timeout_seconds)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.connect((address, port))
        connection.settimeout(idle_timeout_seconds)
    except BaseException:
        connection.close()
        raise
    return connection
