"""Messages that come twice, and records that nobody can read: neither may change or stop anything."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from functions.health_check.use_case import Thresholds, check_health
from functions.oci_pull.use_case import Ports, pull_plugin, receipt_of
from functions.reconcile.use_case import reconcile
from shared.artifacts.pull import PulledVersion
from shared.commands import OciCommand, PolicySettings
from shared.health import reasons
from shared.health.results import ProbeResult
from shared.messages import MessageType
from shared.plugins.ports import PluginKey
from shared.plugins.record import Plugin
from shared.plugins.transitions import Event, registered
from shared.times import rfc3339
from tests.unit.plugins.fakes import InMemoryPluginTable
from tests.unit.workers.builders import NOW, PLUGIN_ID, PUBLIC, message, names, plugin, stored, table_with
from tests.unit.workers.test_oci_pull import FakeReceipts, pulled

DOWN = ProbeResult("unreachable", "none", reasons.CONNECTION_REFUSED)
POLICY = PolicySettings.from_environment({"AI_STUDIO_OCI_CACHE_DIR": "/c"})


class Down:
    """A prober that reaches nothing."""

    def probe(self, plugin: Plugin) -> ProbeResult:
        """Say so."""
        del plugin
        return DOWN


def test_one_message_delivered_three_times_is_one_failed_check() -> None:
    """Failures in a row are counted by checks that were asked for, not by deliveries."""
    table = table_with(plugin("grpc", status="ready"))
    for _ in range(3):
        check_health(
            message("CheckHealth"), table=table, prober=Down(), thresholds=Thresholds(3, 1), clock=lambda: NOW + 1
        )
    assert stored(table).health["failures"] == 1
    assert names(table) == []


class SecondDelivery:
    """A puller during whose pull the same message is delivered to another worker."""

    def __init__(self, table: InMemoryPluginTable) -> None:
        self.calls = 0
        self._table = table

    def pull(self, command: OciCommand, plugin: Plugin, *, remaining_seconds: Callable[[], float]) -> PulledVersion:
        """Deliver the message again in the middle of the first pull."""
        del command, plugin, remaining_seconds
        self.calls += 1
        if self.calls == 1:
            pull(self._table, self)
        return pulled()


def pull(table: InMemoryPluginTable, puller: Any) -> Plugin:
    """Run the use case."""
    return pull_plugin(
        message("PullArtifact"),
        settings=POLICY,
        ports=Ports(table, puller, FakeReceipts(), PUBLIC, lambda: NOW),
        remaining_seconds=lambda: 900.0,
    )


def test_a_second_delivery_during_a_pull_starts_no_second_pull() -> None:
    """One plugin is pulled by one worker at a time, however often its message comes."""
    table = table_with(plugin("oci", status="validated"))
    puller = SecondDelivery(table)
    pull(table, puller)
    assert (puller.calls, stored(table).status) == (1, "ready")


def test_the_same_artifact_under_two_references_has_one_receipt_each() -> None:
    """Going back to an earlier digest by another reference (what `rollback` advises) is no conflict of receipts."""
    table, receipts = table_with(plugin("oci", status="validated")), FakeReceipts()

    class Puller:
        """Gives one pull after the other."""

        def __init__(self) -> None:
            by_digest = replace(
                pulled(), reference=f"registry.example.com/plugins/my-plugin@{pulled().manifest_digest}"
            )
            self.results = [pulled(), pulled("sha256:" + "c" * 64, "d" * 64), by_digest]

        def pull(self, command: OciCommand, plugin: Plugin, *, remaining_seconds: Callable[[], float]) -> PulledVersion:
            """Give the next."""
            del command, plugin, remaining_seconds
            return self.results.pop(0)

    puller = Puller()
    for number in (1, 2, 3):
        pull_plugin(
            message("PullArtifact"),
            settings=POLICY,
            ports=Ports(table, puller, receipts, PUBLIC, lambda: NOW),
            remaining_seconds=lambda: 900.0,
        )
        assert (stored(table).status, stored(table).latest_version) == ("ready", number)
        table = table_with(replace(stored(table), status="validated", revision=1))
    assert receipt_of(pulled()) in receipts.documents.values()


class OneUnreadable(InMemoryPluginTable):
    """A table in which one record can't be read."""

    def load(self, key: PluginKey) -> Plugin:
        """Fail as `Plugin.from_json` does for a record that lacks a field."""
        if key.plugin_id == PLUGIN_ID:
            raise TypeError("missing 1 required positional argument")
        return super().load(key)


class Sender:
    """Counts bodies."""

    def __init__(self) -> None:
        self.sent = 0

    def send(self, kind: MessageType, bodies: Sequence[str]) -> None:
        """Count."""
        del kind
        self.sent += len(bodies)


def test_an_unreadable_record_does_not_stop_the_sweep() -> None:
    """One broken plugin delays nobody else: the others' due work is sent."""
    table, sender = OneUnreadable(clock=lambda: NOW), Sender()
    for number, identifier in enumerate((PLUGIN_ID, PLUGIN_ID[:-1] + "1")):
        record = plugin("grpc", status="ready", id=identifier, slug=f"p-{number}")
        event = Event("plugin.registered", rfc3339(NOW), "test", "cor-1")
        table.commit(registered(record, event, epoch=int(NOW)))
    reconcile(table=table, sender=sender, clock=lambda: NOW + 61)
    assert sender.sent == 1
