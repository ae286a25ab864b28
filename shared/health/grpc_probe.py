"""Ask a `grpc://` plugin how it is: the only module that imports `grpc`.

One connection to one pinned address, one deadline over connect, handshake and every answer. Asked in this order, and
the first that knows decides: `grpc.health.v1` for the service `plugin`, the same for the server as a whole,
`plugin.PluginService/Ping`. A gRPC server without any of them is reachable only.
"""

import asyncio
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, Final, Protocol

import grpc
import grpc.aio

from shared.errors import Refused
from shared.health.grpc_failures import FailedCall, explain, not_grpc, timed_out
from shared.health.reasons import (
    BAD_RESPONSE,
    CHECKER_ERROR,
    CONNECTION_CLOSED,
    NOT_GRPC,
    NOT_SERVING,
    REACHABLE_ONLY,
    SERVICE_UNKNOWN,
    SERVING,
    TLS_CERTIFICATE_INVALID,
    TLS_CLIENT_CERTIFICATE_REFUSED,
    TLS_REQUIRED,
)
from shared.health.results import ProbeResult
from shared.health.wire import (
    decode_health_check_response,
    decode_ping_response,
    encode_health_check_request,
    encode_ping_request,
)

#: An answer has a few bytes; what is larger is no answer.
MAX_MESSAGE_BYTES: Final = 64 * 1024
_HEALTH_CHECK: Final = "/grpc.health.v1.Health/Check"
_PING: Final = "/plugin.PluginService/Ping"
_SERVICES: Final = ("plugin", "")

# One literal address with its port: a name would be resolved again, a list would be tried through.
_PINNED: Final = re.compile(r"ipv4:[0-9]{1,3}(?:\.[0-9]{1,3}){3}:[0-9]{1,5}|ipv6:\[[0-9a-fA-F:.]{2,45}\]:[0-9]{1,5}")

#: Channel arguments that no target may change
#: (https://github.com/grpc/grpc/blob/master/include/grpc/impl/channel_arg_names.h).
_CHANNEL_OPTIONS: Final[dict[str, int]] = {
    "grpc.enable_http_proxy": 0,  # gRPC would send even a literal address through the environment's proxy
    "grpc.service_config_disable_resolution": 1,
    "grpc.enable_retries": 0,
    "grpc.use_local_subchannel_pool": 1,  # two checks of one address never share a connection, and close is close
    "grpc.max_receive_message_length": MAX_MESSAGE_BYTES,
    "grpc.max_metadata_size": 8 * 1024,
    "grpc.absolute_max_metadata_size": 16 * 1024,
    "grpc.compression_enabled_algorithms_bitset": 1,  # identity only: no decompression bombs
}


#: So that it is the call's own deadline that ends a hung connection attempt, with its own status.
_CONNECT_MARGIN_MS: Final = 50


class PinnedTarget(Protocol):
    """What `shared.egress.grpc_target` gives: a judged address and the channel arguments that keep the name."""

    @property
    def target(self) -> str:
        """`ipv4:1.2.3.4:50051` or `ipv6:[2001:db8::1]:50051`."""

    @property
    def options(self) -> Sequence[tuple[str, Any]]:
        """Channel arguments, e.g. `grpc.default_authority`."""


@dataclass(frozen=True, slots=True)
class TlsSettings:
    """How the peer proves who it is and, for mutual TLS, how we do.

    Attributes:
        root_certificates: PEM of the CAs that are trusted; None = the public ones.
        certificate_chain: PEM of our certificate, for mutual TLS.
        private_key: PEM of its key; never shown.
    """

    root_certificates: bytes | None = None
    certificate_chain: bytes | None = None
    private_key: bytes | None = field(default=None, repr=False)


async def probe_grpc(
    target: PinnedTarget,
    *,
    deadline_seconds: float,
    tls: TlsSettings | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> ProbeResult:
    """Ask one plugin how it is, within the deadline, whatever the peer does; raises nothing of its own.

    Args:
        target: the pinned address; anything else is not dialled.
        deadline_seconds: bound of the whole conversation.
        tls: how to speak TLS, None = plain text.
        clock: monotonic seconds.
    """
    started = clock()
    if not _PINNED.fullmatch(target.target):
        return ProbeResult("unknown", "none", CHECKER_ERROR, "the target is not one literal address with a port")
    result = await _converse(target, deadline_seconds, tls, clock)
    if tls is None and result.outcome == "unreachable" and result.reason in (CONNECTION_CLOSED, NOT_GRPC):
        # TLS servers answer plain text in many ways (silence, an alert, HTTP/1 400); only asking tells.
        left = deadline_seconds - (clock() - started)
        if left > 0 and await _speaks_tls(target, left, clock):
            result = ProbeResult("unreachable", "tcp", TLS_REQUIRED)
    latency_ms = round((clock() - started) * 1000)
    return replace(result, latency_ms=latency_ms, address=target.target.partition(":")[2])


class _Conversation:
    """The calls on one channel; each has what is left of the one deadline."""

    def __init__(self, channel: Any, deadline_seconds: float, clock: Callable[[], float], *, uses_tls: bool) -> None:
        self._channel = channel
        self._deadline_seconds = deadline_seconds
        self._clock = clock
        self._started = clock()
        self._uses_tls = uses_tls

    @property
    def is_connected(self) -> bool:
        # IDLE: there was a connection, and the peer took leave of it.
        return self._channel.get_state() in (grpc.ChannelConnectivity.READY, grpc.ChannelConnectivity.IDLE)

    async def call(self, method: str, request: bytes) -> bytes | FailedCall:
        left = self._deadline_seconds - (self._clock() - self._started)
        try:
            reply = await self._channel.unary_unary(method)(request, timeout=max(left, 0.001))
        except grpc.aio.AioRpcError as error:
            return self._failed(error.code().name, error.details() or "")
        if reply is None:  # what grpc.aio makes of an OK status without a message
            raise Refused(BAD_RESPONSE, "the answer has a status and no message")
        return bytes(reply)

    def _failed(self, status: str, details: str) -> FailedCall:
        spent = (self._clock() - self._started) / self._deadline_seconds
        return FailedCall(status, details, self.is_connected, spent, self._uses_tls)


async def _converse(
    target: PinnedTarget, deadline_seconds: float, tls: TlsSettings | None, clock: Callable[[], float]
) -> ProbeResult:
    channel = _open_channel(target, tls, deadline_seconds)
    conversation = _Conversation(channel, deadline_seconds, clock, uses_tls=tls is not None)
    try:
        async with asyncio.timeout(deadline_seconds):
            return await _ask(conversation)
    except TimeoutError:
        return timed_out(is_connected=conversation.is_connected)
    except Refused as error:
        return ProbeResult.from_error(error, outcome="unhealthy", probe="grpc")
    except grpc.aio.BaseError as error:
        return ProbeResult("unknown", "none", CHECKER_ERROR, f"gRPC: {type(error).__name__}")
    finally:
        await channel.close()


def _open_channel(target: PinnedTarget, tls: TlsSettings | None, deadline_seconds: float) -> Any:
    # Despite its name this bounds one connection attempt. It outlives the channel, by default for 20 seconds: hung
    # peers of one run would hold the file descriptors that the next one needs.
    connect_timeout = {"grpc.min_reconnect_backoff_ms": round(deadline_seconds * 1000) + _CONNECT_MARGIN_MS}
    options = list({**dict(target.options), **_CHANNEL_OPTIONS, **connect_timeout}.items())
    if tls is None:
        return grpc.aio.insecure_channel(target.target, options=options)
    return grpc.aio.secure_channel(target.target, _credentials(tls), options=options)


@lru_cache(maxsize=8)
def _credentials(tls: TlsSettings) -> Any:
    """Parse the certificates once for all targets that share them."""
    return grpc.ssl_channel_credentials(tls.root_certificates, tls.private_key, tls.certificate_chain)


async def _ask(conversation: _Conversation) -> ProbeResult:
    has_health_service = False
    for service in _SERVICES:
        reply = await conversation.call(_HEALTH_CHECK, encode_health_check_request(service))
        if isinstance(reply, bytes):
            status = decode_health_check_response(reply)
            if status != "SERVICE_UNKNOWN":
                return _by_status(service, status)
        elif reply.is_absent:
            break
        elif reply.status != "NOT_FOUND":
            return explain(reply)
        has_health_service = True
    return await _ping(conversation, has_health_service=has_health_service)


async def _ping(conversation: _Conversation, *, has_health_service: bool) -> ProbeResult:
    reply = await conversation.call(_PING, encode_ping_request(int(time.time())))
    if isinstance(reply, bytes):
        # The echoed time is not compared: what the plugin says of itself is the answer.
        return _by_ping(is_healthy=decode_ping_response(reply).healthy)
    if not reply.is_absent:
        return explain(reply)
    if reply.http_status is not None:
        return not_grpc(reply.http_status)
    if has_health_service:
        return ProbeResult("unhealthy", "grpc.health.v1", SERVICE_UNKNOWN, serving_status="SERVICE_UNKNOWN")
    return ProbeResult("unknown", "grpc", REACHABLE_ONLY)


def _by_status(service: str, status: str) -> ProbeResult:
    asked = f'service "{service}"' if service else "the server as a whole"
    if status == "SERVING":
        return ProbeResult("healthy", "grpc.health.v1", SERVING, f"{asked} is SERVING", serving_status=status)
    return ProbeResult("unhealthy", "grpc.health.v1", NOT_SERVING, f"{asked} is {status}", serving_status=status)


def _by_ping(*, is_healthy: bool) -> ProbeResult:
    if is_healthy:
        return ProbeResult("healthy", "plugin.PluginService/Ping", SERVING, "Ping answers healthy")
    return ProbeResult("unhealthy", "plugin.PluginService/Ping", NOT_SERVING, "Ping answers not healthy")


async def _speaks_tls(target: PinnedTarget, deadline_seconds: float, clock: Callable[[], float]) -> bool:
    """Tell whether the peer takes part in a TLS handshake; what it says after it is not believed."""
    result = await _converse(target, deadline_seconds, TlsSettings(), clock)
    return result.is_reachable is True or result.reason in (TLS_CERTIFICATE_INVALID, TLS_CLIENT_CERTIFICATE_REFUSED)
