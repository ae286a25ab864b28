"""What one probe found, and what many in a row mean: pure values.

| outcome | meaning | counts as |
|---|---|---|
| healthy | the plugin, or what is stored of it, says or shows that it works | success |
| unhealthy | it spoke (or was looked at) and it does not work | failure |
| unreachable | no conversation came about | failure |
| unknown, reachable | a gRPC server answers but does not tell how it is | success, leads to `unknown` |
| unknown | the check itself says nothing about the plugin | nothing |
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Literal, Self

from shared.errors import PlugportError, Reason

Outcome = Literal["healthy", "unhealthy", "unreachable", "unknown"]
HealthStatus = Literal["unknown", "healthy", "unhealthy"]

#: What spoke: a health service, the plugin's Ping, a gRPC server without either, a bare connection, the file, the
#: stored object, or nothing at all.
Probe = Literal["grpc.health.v1", "plugin.PluginService/Ping", "grpc", "tcp", "file", "object", "none"]

_FAILURES: Final = frozenset({"unhealthy", "unreachable"})
_STATUSES: Final[tuple[HealthStatus, ...]] = ("unknown", "healthy", "unhealthy")


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """What one probe found.

    Attributes:
        outcome: see the module's table.
        probe: what the outcome rests on.
        reason: the stable cause.
        message: the values behind the reason; never a secret and never text that the peer chose.
        hint: what a person should do next.
        serving_status: the name of the answered grpc.health.v1 status, empty where none was answered.
        latency_ms: from the first packet to the verdict.
        address: what was looked at: a pinned address with its port, a path, or an object's key.
    """

    outcome: Outcome
    probe: Probe
    reason: Reason
    message: str = ""
    hint: str = ""
    serving_status: str = ""
    latency_ms: int = 0
    address: str = ""

    def __post_init__(self) -> None:
        """Take the reason's own words where nothing more exact was said."""
        object.__setattr__(self, "message", self.message or self.reason.title)
        object.__setattr__(self, "hint", self.hint or self.reason.hint)

    @classmethod
    def from_error(
        cls, error: PlugportError, *, outcome: Outcome = "unreachable", probe: Probe = "none", address: str = ""
    ) -> Self:
        """Tell an error of our own tree as a result: what the connection policy refused, what a store did not give."""
        return cls(outcome, probe, error.reason, error.message, error.hint, address=address)

    @property
    def is_reachable(self) -> bool | None:
        """Whether the plugin was reached; None where the check does not tell."""
        if self.outcome == "unreachable":
            return False
        if self.outcome == "unknown":
            return True if self.probe == "grpc" else None
        return True

    def to_item(self) -> dict[str, Any]:
        """Give plain JSON values; `reason` is the stable code."""
        return {**asdict(self), "reason": self.reason.code}


@dataclass(frozen=True, slots=True)
class HealthState:
    """How a plugin has been lately.

    Attributes:
        status: what the thresholds say; moves only after enough results in a row.
        since: RFC 3339, when `status` last changed; empty before the first result.
        failures: failed results in a row.
        successes: good results in a row.
        checked_at: RFC 3339, when the last result came; empty before the first.
        last: the last result, as `ProbeResult.to_item` gave it; empty before the first.
    """

    status: HealthStatus = "unknown"
    since: str = ""
    failures: int = 0
    successes: int = 0
    checked_at: str = ""
    last: Mapping[str, Any] = field(default_factory=dict)

    def to_item(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return {**asdict(self), "last": dict(self.last)}

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> Self:
        """Read what `to_item` gave; an empty mapping is the state before the first result, unknown keys are ignored."""
        status: HealthStatus = next((known for known in _STATUSES if known == item.get("status")), "unknown")
        return cls(
            status=status,
            since=str(item.get("since", "")),
            failures=int(item.get("failures", 0)),
            successes=int(item.get("successes", 0)),
            checked_at=str(item.get("checked_at", "")),
            last=dict(item.get("last", {})),
        )


def fold_health(
    previous: HealthState, result: ProbeResult, *, failure_threshold: int, success_threshold: int, now: str
) -> HealthState:
    """Give the state after one more result; compare `status` with the previous one to see a transition.

    Args:
        previous: the state so far, `HealthState()` for a new plugin.
        result: what the probe found.
        failure_threshold: failures in a row that make the plugin unhealthy, at least 1.
        success_threshold: successes in a row that end that, at least 1.
        now: RFC 3339.
    """
    failures, successes = _counters(previous, result)
    status = previous.status
    if failures >= max(1, failure_threshold):
        status = "unhealthy"
    elif successes >= max(1, success_threshold):
        status = "healthy" if result.outcome == "healthy" else "unknown"
    if result.is_reachable is None:
        status = previous.status
    return HealthState(
        status=status,
        since=previous.since if previous.since and status == previous.status else now,
        failures=failures,
        successes=successes,
        checked_at=now,
        last=result.to_item(),
    )


def _counters(previous: HealthState, result: ProbeResult) -> tuple[int, int]:
    if result.outcome in _FAILURES:
        return previous.failures + 1, 0
    if result.is_reachable is None:
        return previous.failures, previous.successes
    return 0, previous.successes + 1
