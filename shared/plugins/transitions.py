"""The lifecycle on one screen: which event may follow which status, and what it makes of the record. Pure.

Every change of a plugin is one `Change`: the new record and, where something happened that others act on, the event
that says so. The store commits both in one transaction; the relay turns the event into work (`functions/relay`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

from shared.errors import Reason, Refused
from shared.plugins.record import Plugin, Status, Version

EventName = Literal[
    "plugin.registered",
    "plugin.updated",
    "plugin.reload_requested",
    "plugin.retried",
    "plugin.validated",
    "plugin.rejected",
    "plugin.pull_started",
    "plugin.ready",
    "plugin.failed",
    "plugin.healthy",
    "plugin.unhealthy",
    "plugin.deleted",
]

ANY: Final[frozenset[Status]] = frozenset({"pending", "validated", "pulling", "ready", "rejected", "failed"})
IN_WORK: Final[frozenset[Status]] = frozenset({"pending", "validated", "pulling"})

#: event → (statuses that it may follow, status that it leads to; None = the status stays).
TRANSITIONS: Final[Mapping[EventName, tuple[frozenset[Status], Status | None]]] = {
    "plugin.registered": (frozenset(), "pending"),
    "plugin.updated": (ANY, None),  # `pending` where the change needs work: see `updated`
    "plugin.reload_requested": (ANY, "pending"),
    "plugin.retried": (frozenset({"failed"}), "pending"),
    "plugin.validated": (frozenset({"pending"}), "validated"),
    "plugin.pull_started": (frozenset({"validated", "pulling"}), "pulling"),
    "plugin.ready": (frozenset({"validated", "pulling"}), "ready"),
    "plugin.rejected": (ANY, "rejected"),
    "plugin.failed": (IN_WORK, "failed"),
    "plugin.healthy": (ANY, None),
    "plugin.unhealthy": (ANY, None),
    "plugin.deleted": (ANY, None),
}

#: Events after which the work on a generation has ended, well or badly.
ENDS_WORK: Final[frozenset[EventName]] = frozenset({"plugin.ready", "plugin.rejected", "plugin.failed"})
#: Events that start work afresh: the back-off of earlier attempts does not carry over.
RESETS_ATTEMPTS: Final[frozenset[EventName]] = frozenset({"plugin.reload_requested", "plugin.ready"})

#: Seconds after which work that is still under way is sent again. A pull may run for 15 minutes (the function's
#: time limit), so its due time lies behind that; the others end in seconds.
STUCK_AFTER_SECONDS: Final[Mapping[Status, int]] = {"pending": 120, "validated": 120, "pulling": 1200}
#: Back-off of automatic retries after `failed`: doubled each time, never longer than an hour.
RETRY_BASE_SECONDS: Final = 60
RETRY_CAP_SECONDS: Final = 3600

STALE_TRANSITION = Reason(
    "stale_transition",
    "the plugin has moved on",
    "Nothing to do: a newer change of this plugin has been or will be handled.",
)
REASONS: Final = (STALE_TRANSITION,)


@dataclass(frozen=True, slots=True)
class Event:
    """One entry of the audit trail, and at the same time the outbox entry that the relay reads.

    Attributes:
        name: what happened, past tense.
        at: RFC 3339 time.
        actor: token id of the caller, or the name of the function.
        correlation_id: one id from the API call (or trigger) to the last function.
        detail: values for people and subscribers; never a secret.
    """

    name: EventName
    at: str
    actor: str
    correlation_id: str
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Change:
    """One conditional write: the record after it, the event that it raises, the version that it adds."""

    before: Plugin | None
    after: Plugin
    event: Event | None = None
    version: Version | None = None

    @property
    def deletes(self) -> bool:
        """True when the record is removed by this change."""
        return self.event is not None and self.event.name == "plugin.deleted"


def change(before: Plugin, after: Plugin, event: Event, *, epoch: int, version: Version | None = None) -> Change:
    """Apply `event`: check the table, move the status, count the revision, set the due time.

    Args:
        before: the record as it was loaded.
        after: the same record with the caller's own fields and conditions set; status and counters are set here.
        event: what happened.
        epoch: now, in epoch seconds.
        version: a version to store with the same transaction.

    Raises:
        Refused: `stale_transition` when the table does not allow the event in the current status.
    """
    sources, target = TRANSITIONS[event.name]
    if before.status not in sources:
        raise Refused(STALE_TRANSITION, f"{event.name} does not follow {before.status}")
    status = target or after.status
    ended = event.name in ENDS_WORK
    attempts = after.attempts
    if event.name in RESETS_ATTEMPTS or after.generation != before.generation:
        attempts = 0
    elif event.name == "plugin.failed":
        attempts = after.attempts + 1
    reloaded = after.reload_requested_generation
    moved = replace(
        after,
        status=status,
        revision=before.revision + 1,
        updated_at=event.at,
        observed_generation=after.generation if ended else after.observed_generation,
        reload_handled_generation=reloaded if ended else after.reload_handled_generation,
        attempts=attempts,
    )
    return Change(before, due(with_ready(moved, event), epoch=epoch), event, version)


def with_ready(plugin: Plugin, event: Event) -> Plugin:
    """Sum the other conditions up in `Ready`: True only for a ready plugin that is not known to be unhealthy."""
    reason, message, hint = (str(event.detail.get(name, "")) for name in ("reason", "message", "hint"))
    healthy = plugin.conditions.get("Healthy")
    if not plugin.is_active:
        return plugin.with_condition("Ready", "False", now=event.at, reason="inactive", message="it is switched off")
    if plugin.status in {"failed", "rejected"}:
        old = plugin.conditions.get("Ready")
        if event.name not in ENDS_WORK and old is not None:
            reason, message, hint = old.reason, old.message, old.hint  # this event says nothing about the cause
        return plugin.with_condition("Ready", "False", now=event.at, reason=reason, message=message, hint=hint)
    if plugin.status != "ready":
        return plugin.with_condition("Ready", "Unknown", now=event.at, reason="in_progress", message=event.name)
    if healthy is not None and healthy.status == "False":
        return plugin.with_condition(
            "Ready", "False", now=event.at, reason=healthy.reason, message=healthy.message, hint=healthy.hint
        )
    return plugin.with_condition("Ready", "True", now=event.at, reason="ready")


def quiet_change(before: Plugin, after: Plugin, *, at: str) -> Change:
    """Write without an event: a routine result (a health check that changed nothing) that nobody acts on."""
    return Change(before, replace(after, revision=before.revision + 1, updated_at=at))


def due(plugin: Plugin, *, epoch: int, health_interval_seconds: int = 60) -> Plugin:
    """Set when the schedule looks at this plugin next: stuck work, retry after back-off, or the next health check."""
    if not plugin.is_active or plugin.status == "rejected":
        return replace(plugin, next_due_at=None)
    if plugin.status == "failed":
        wait = min(RETRY_CAP_SECONDS, RETRY_BASE_SECONDS * 2 ** min(plugin.attempts - 1, 10))
    elif plugin.status == "ready":
        wait = health_interval_seconds
    else:
        wait = STUCK_AFTER_SECONDS[plugin.status]
    return replace(plugin, next_due_at=epoch + int(wait))


def registered(plugin: Plugin, event: Event, *, epoch: int) -> Change:
    """Start a new record."""
    if event.name != "plugin.registered":
        raise ValueError(event.name)
    return Change(None, due(with_ready(plugin, event), epoch=epoch), event)


def updated(before: Plugin, after: Plugin, event: Event, *, epoch: int) -> Change:
    """Accept a change of the desired state; only what concerns the command or its use starts work again.

    Work that is under way starts again too, whatever was changed: its messages carry the older generation.
    """
    generation = before.generation + 1
    if needs_work(before, after) or (after.is_active and before.status in IN_WORK):
        moved = replace(after, generation=generation, status="pending")
    else:
        moved = replace(after, generation=generation, observed_generation=generation)
    return change(before, moved, event, epoch=epoch)


def needs_work(before: Plugin, after: Plugin) -> bool:
    """Say whether a change must go through validation again."""
    if not after.is_active:
        return False
    watched = ("command", "oci_reference", "checksum", "is_active")
    return any(getattr(before, name) != getattr(after, name) for name in watched)
