"""health_check: what a probe saw → the record."""

from dataclasses import replace

import pytest

from functions.health_check.use_case import Thresholds, check_health
from shared.errors import PlugportError, Reason, Refused
from shared.health import reasons
from shared.health.results import ProbeResult
from shared.plugins.record import Plugin
from tests.unit.plugins.fakes import InMemoryPluginTable
from tests.unit.workers.builders import LOOK_UP_FAILED, NOW, message, names, plugin, stored, table_with

REFUSED = Refused(Reason("internal_network_address", "internal", "Use a public address."))
SERVING = ProbeResult("healthy", "grpc.health.v1", reasons.SERVING, serving_status="SERVING")
DOWN = ProbeResult("unreachable", "none", reasons.CONNECTION_REFUSED)
NOT_SERVING = ProbeResult("unhealthy", "grpc.health.v1", reasons.NOT_SERVING, serving_status="NOT_SERVING")
GATEWAY_ONLY = ProbeResult("unknown", "none", reasons.GATEWAY_ONLY)
SILENT = ProbeResult("unknown", "grpc", reasons.GATEWAY_ONLY)


class FakeProber:
    """Sees what it is told to see, one after the other; the last one again and again."""

    def __init__(self, *results: ProbeResult | PlugportError) -> None:
        self._results = list(results)

    def probe(self, plugin: Plugin) -> ProbeResult:
        """Give or raise the next result."""
        del plugin
        result = self._results.pop(0) if len(self._results) > 1 else self._results[0]
        if isinstance(result, PlugportError):
            raise result
        return result


def run(table: InMemoryPluginTable, prober: FakeProber) -> Plugin:
    """Run the use case over the table."""
    return check_health(
        message("CheckHealth"), table=table, prober=prober, thresholds=Thresholds(3, 1), clock=lambda: NOW
    )


@pytest.mark.parametrize("result", [SERVING, SILENT])
def test_a_first_good_look_makes_ready(result: ProbeResult) -> None:
    """A validated grpc:// plugin that answers is ready and reachable."""
    table = table_with(plugin("grpc", status="validated"))
    after = run(table, FakeProber(result))
    assert (after.status, after.observed_generation, names(table)) == ("ready", 1, ["plugin.ready"])
    assert after.conditions["Reachable"].status == "True"
    assert after.conditions["Healthy"].status == ("True" if result is SERVING else "Unknown")
    assert after.conditions["Ready"].status == "True"
    assert after.next_due_at == NOW + 60


@pytest.mark.parametrize(("result", "reachable"), [(DOWN, "False"), (NOT_SERVING, "True")])
def test_a_first_bad_look_fails_with_reason_and_hint(result: ProbeResult, reachable: str) -> None:
    """An unreachable plugin is failed, says why and what to do, and is tried again."""
    table = table_with(plugin("grpc", status="validated"))
    after = run(table, FakeProber(result))
    assert (after.status, names(table)) == ("failed", ["plugin.failed"])
    assert after.conditions["Reachable"].status == reachable
    assert after.conditions["Healthy"].status == "False"
    assert after.conditions["Ready"].reason == result.reason.code
    assert after.conditions["Ready"].hint
    assert after.next_due_at == NOW + 60


def test_what_only_a_gateway_can_tell_stays_validated() -> None:
    """An unmounted file:// path ends the work without a claim, and is not looked at again."""
    table = table_with(plugin("file", status="validated"))
    after = run(table, FakeProber(GATEWAY_ONLY))
    assert (after.status, after.observed_generation, after.next_due_at) == ("validated", 1, None)
    assert after.conditions["Reachable"].status == "Unknown"
    assert after.conditions["Reachable"].reason == "gateway_only"
    assert names(table) == []


def test_a_few_failures_do_not_make_unhealthy() -> None:
    """Health moves only after three failures in a row; the last good word stays until then."""
    table = table_with(plugin("grpc", status="validated"))
    run(table, FakeProber(SERVING))
    prober = FakeProber(DOWN)
    assert [run(table, prober).health["status"] for _ in range(3)] == ["healthy", "healthy", "unhealthy"]
    assert names(table) == ["plugin.ready", "plugin.unhealthy"]
    after = stored(table)
    assert after.status == "ready"
    assert after.conditions["Ready"].status == "False"
    recovered = run(table, FakeProber(SERVING))
    assert recovered.conditions["Ready"].status == "True"
    assert names(table)[-1] == "plugin.healthy"


def test_a_result_that_changes_nothing_is_written_quietly() -> None:
    """A routine check costs no audit entry, and the next one is due."""
    table = table_with(plugin("grpc", status="validated"))
    run(table, FakeProber(SERVING))
    before = stored(table)
    after = run(table, FakeProber(SERVING))
    assert names(table) == ["plugin.ready"]
    assert after.revision == before.revision + 1
    assert after.next_due_at == NOW + 60


def test_a_command_that_the_policy_refuses_now_is_rejected() -> None:
    """A ready plugin whose name became internal is rejected before anything is dialled again."""
    table = table_with(plugin("grpc", status="ready"))
    after = run(table, FakeProber(REFUSED))
    assert (after.status, names(table)) == ("rejected", ["plugin.rejected"])
    assert after.next_due_at is None


def test_a_failed_look_up_counts_as_one_failure() -> None:
    """A name that does not resolve for a moment is a failed check, not a rejection."""
    table = table_with(plugin("grpc", status="ready"))
    after = run(table, FakeProber(LOOK_UP_FAILED))
    assert (after.status, after.health["failures"]) == ("ready", 1)


def test_an_oci_plugin_is_looked_at_only_when_it_is_stored() -> None:
    """A late health message does nothing to an oci:// plugin whose pull is still under way."""
    table = table_with(plugin("oci", status="validated"))
    run(table, FakeProber(SERVING))
    assert names(table) == []


def test_a_plugin_reloaded_while_it_was_probed_keeps_its_new_state() -> None:
    """The result belongs to the generation that was probed."""
    table = table_with(plugin("grpc", status="validated"))

    class Meddler(FakeProber):
        """Reloads the plugin while it is probed."""

        def probe(self, plugin: Plugin) -> ProbeResult:
            """Move the record on, then answer."""
            from shared.plugins.transitions import Event, change  # noqa: PLC0415 - only here

            moved = replace(plugin, generation=2, reload_requested_generation=2)
            table.commit(change(plugin, moved, Event("plugin.reload_requested", "t", "test", "c"), epoch=int(NOW)))
            return SERVING

    after = run(table, Meddler(SERVING))
    assert (after.status, after.generation) == ("pending", 2)
