"""reconcile: due plugins → the message that their status asks for."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from functions.reconcile.handler import Reconciler
from functions.reconcile.use_case import Sweep, reconcile
from shared.dispatch import NOT_ALL_TAKEN
from shared.errors import Refused, Transient
from shared.messages import MessageType
from tests.unit.plugins.fakes import InMemoryPluginTable
from tests.unit.workers.builders import NOW, names, plugin, stored, table_with


class FakeSender:
    """Keeps what is sent; may refuse to take anything."""

    def __init__(self, *, broken: bool = False) -> None:
        self.sent: list[tuple[MessageType, dict[str, Any]]] = []
        self._broken = broken

    def send(self, kind: MessageType, bodies: Sequence[str]) -> None:
        """Take the bodies or raise."""
        if self._broken:
            raise Transient(NOT_ALL_TAKEN)
        self.sent.extend((kind, json.loads(body)) for body in bodies)


def later(seconds: int) -> float:
    """Give the time so many seconds after the registration."""
    return NOW + seconds


def sweep(table: InMemoryPluginTable, sender: FakeSender, seconds: int) -> Sweep:
    """Run one sweep so many seconds after the registration."""
    return reconcile(table=table, sender=sender, clock=lambda: later(seconds))


@pytest.mark.parametrize(
    ("scheme", "status", "wait", "kind"),
    [
        ("grpc", "pending", 120, "ValidateCommand"),
        ("grpc", "validated", 120, "CheckHealth"),
        ("oci", "validated", 120, "PullArtifact"),
        ("oci", "pulling", 1200, "PullArtifact"),
        ("oci", "ready", 60, "CheckHealth"),
        ("file", "ready", 60, "CheckHealth"),
    ],
)
def test_what_is_due_is_sent_once_and_moved_on(scheme: str, status: str, wait: int, kind: str) -> None:
    """Each status sends its own message when its time has come, not before, and not twice in a row."""
    table, sender = table_with(plugin(scheme, status=status)), FakeSender()
    sweep(table, sender, wait - 1)
    assert sender.sent == []
    sweep(table, sender, wait)
    sweep(table, sender, wait + 1)
    assert [(sent, body["generation"]) for sent, body in sender.sent] == [(kind, 1)]


def test_what_could_not_be_sent_stays_due() -> None:
    """Sent twice is harmless, moved on but not sent would be a loss."""
    table = table_with(plugin("grpc", status="ready"))
    with pytest.raises(Transient):
        sweep(table, FakeSender(broken=True), 60)
    sender = FakeSender()
    sweep(table, sender, 61)
    assert len(sender.sent) == 1


def test_a_failed_plugin_starts_afresh_after_its_back_off() -> None:
    """The retry is a transition, so the relay sends what follows; nothing is sent past it."""
    table, sender = table_with(plugin("grpc", status="failed", attempts=1)), FakeSender()
    assert sweep(table, sender, 59).retried == 0
    assert sweep(table, sender, 60).retried == 1
    assert (stored(table).status, names(table), sender.sent) == ("pending", ["plugin.retried"], [])


@pytest.mark.parametrize(("attempts", "wait"), [(1, 60), (2, 120), (3, 240), (7, 3600), (50, 3600)])
def test_the_back_off_doubles_up_to_an_hour(attempts: int, wait: int) -> None:
    """A plugin that keeps failing is tried less and less often, but never given up."""
    table = table_with(plugin("grpc", status="failed", attempts=attempts))
    assert stored(table).next_due_at == NOW + wait


@pytest.mark.parametrize("fields", [{"status": "rejected"}, {"status": "ready", "is_active": False}])
def test_nobody_looks_at_what_waits_for_a_person(fields: dict[str, Any]) -> None:
    """Rejected and inactive plugins are never due."""
    table, sender = table_with(plugin("grpc", **fields)), FakeSender()
    sweep(table, sender, 10_000)
    assert sender.sent == []


def test_a_lost_race_costs_nothing() -> None:
    """When another run retries the plugin first, this one leaves it."""
    table, sender = table_with(plugin("grpc", status="failed", attempts=1)), FakeSender()
    table.conflicts = 100
    assert sweep(table, sender, 60) == Sweep({}, 0, 1)


@pytest.mark.parametrize("event", [None, [], "tick", {}, {"source": "custom"}, {"Records": []}])
def test_any_other_event_is_refused(event: object) -> None:
    """Only the schedule starts a sweep."""
    reconciler = Reconciler(table=InMemoryPluginTable(), sender=FakeSender(), clock=lambda: NOW)
    with pytest.raises(Refused):
        reconciler.handle(event)
