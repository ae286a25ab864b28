"""What a probe saw → the record: a first look makes a plugin ready or failed, later ones move its health."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Protocol

from shared.errors import PlugportError
from shared.health.results import HealthState, ProbeResult, fold_health
from shared.messages import Message
from shared.plugins.ports import Clock, PluginTable
from shared.plugins.record import ConditionStatus, Plugin, Status
from shared.plugins.stages import event_for, is_current, key_of
from shared.plugins.transitions import Change, EventName, change, due, quiet_change
from shared.plugins.work import transition
from shared.times import rfc3339

ACTOR: Final = "health_check"


@dataclass(frozen=True, slots=True)
class Thresholds:
    """How many results in a row move the health of a plugin."""

    failures: int
    successes: int


class Prober(Protocol):
    """Looks at one plugin."""

    def probe(self, plugin: Plugin) -> ProbeResult:
        """Give what was seen; raises what the policy refuses."""


def check_health(
    message: Message, *, table: PluginTable, prober: Prober, thresholds: Thresholds, clock: Clock
) -> Plugin:
    """Probe the plugin and commit what was seen.

    Raises:
        NotFound: the plugin is gone.
        Transient: the record is behind the message, or the table did not answer.
    """
    key = key_of(message)
    plugin = table.load(key)
    if not _is_wanted(plugin, message):
        return plugin
    refused: PlugportError | None = None
    try:
        result = prober.probe(plugin)
    except PlugportError as error:
        result = ProbeResult.from_error(error)
        refused = None if error.retryable else error

    def decide(newest: Plugin) -> Change | None:
        if not _is_wanted(newest, message) or newest.command != plugin.command:
            return None
        epoch = clock()
        seen = _with_result(newest, result, thresholds, rfc3339(epoch))
        if refused is not None:
            return _ended(seen, newest, message, result, "plugin.rejected", epoch)
        if newest.status == "validated":
            return _first_look(seen, newest, message, result, epoch)
        return _later_look(seen, newest, message, result, epoch)

    return transition(table, key, decide)


def _is_wanted(plugin: Plugin, message: Message) -> bool:
    statuses: frozenset[Status] = frozenset({"ready"} if plugin.scheme == "oci" else {"validated", "ready"})
    if not is_current(plugin, message, statuses):
        return False
    checked_at = HealthState.from_item(plugin.health).checked_at
    if plugin.status != "ready" or not checked_at:
        return True
    # What was asked for before the last look has been answered by it: a second delivery is no second failure in a row.
    return datetime.fromisoformat(checked_at) <= datetime.fromisoformat(message.requested_at)


def _with_result(plugin: Plugin, result: ProbeResult, thresholds: Thresholds, now: str) -> Plugin:
    """Set health and the two conditions that a probe writes."""
    state = fold_health(
        HealthState.from_item(plugin.health),
        result,
        # The first look at a generation has spent its attempts already: one failure is enough there.
        failure_threshold=1 if plugin.status == "validated" else thresholds.failures,
        success_threshold=thresholds.successes,
        now=now,
    )
    reached: ConditionStatus = {True: "True", False: "False", None: "Unknown"}[result.is_reachable]  # type: ignore[assignment]  # the three literals
    healthy: ConditionStatus = {"healthy": "True", "unhealthy": "False"}.get(state.status, "Unknown")  # type: ignore[assignment]  # same
    words = {"reason": result.reason.code, "message": result.message, "hint": result.hint}
    return replace(
        plugin.with_condition("Reachable", reached, now=now, **words).with_condition(
            "Healthy", healthy, now=now, **words
        ),
        health=state.to_item(),
    )


def _first_look(seen: Plugin, before: Plugin, message: Message, result: ProbeResult, epoch: float) -> Change:
    """Decide about a plugin that was never seen working in this generation."""
    if result.outcome == "healthy" or (result.outcome == "unknown" and result.is_reachable):
        return _ended(seen, before, message, result, "plugin.ready", epoch)
    if result.outcome == "unknown":
        # Nobody here can tell (a file:// path that only gateways mount): the work on this generation has ended, the
        # plugin stays `validated`, and looking again would say the same (ADR 0015).
        at = rfc3339(epoch)
        words = {"reason": result.reason.code, "message": result.message, "hint": result.hint}
        settled = replace(
            seen.with_condition("Ready", "Unknown", now=at, **words),
            observed_generation=seen.generation,
            reload_handled_generation=seen.reload_requested_generation,
            next_due_at=None,
        )
        return quiet_change(before, settled, at=at)
    return _ended(seen, before, message, result, "plugin.failed", epoch)


def _later_look(seen: Plugin, before: Plugin, message: Message, result: ProbeResult, epoch: float) -> Change:
    """Say so when the health moved; a result that changes nothing is written quietly."""
    status, previous = seen.health["status"], HealthState.from_item(before.health).status
    if status in {previous, "unknown"}:
        return quiet_change(before, due(seen, epoch=int(epoch)), at=rfc3339(epoch))
    name: EventName = "plugin.healthy" if status == "healthy" else "plugin.unhealthy"
    return _ended(seen, before, message, result, name, epoch)


def _ended(  # noqa: PLR0917 - one private function, one caller's values
    seen: Plugin, before: Plugin, message: Message, result: ProbeResult, name: EventName, epoch: float
) -> Change:
    event = event_for(
        message,
        name,
        actor=ACTOR,
        epoch=epoch,
        detail={
            "reason": result.reason.code,
            "message": result.message,
            "hint": result.hint,
            "probe": result.probe,
            "latency_ms": result.latency_ms,
        },
    )
    return change(before, seen, event, epoch=int(epoch))
