"""When a probe is made again."""

from collections.abc import Coroutine
from typing import Any

import pytest

from shared.health import reasons
from shared.health.results import ProbeResult
from shared.health.runs import probe_with_attempts

REFUSED = ProbeResult("unreachable", "none", reasons.CONNECTION_REFUSED)
HEALTHY = ProbeResult("healthy", "grpc.health.v1", reasons.SERVING)


class FakePlugin:
    """Gives its results one after the other; notes how long it was waited for."""

    def __init__(self, *results: ProbeResult) -> None:
        self.results = list(results)
        self.pauses: list[float] = []

    async def probe(self) -> ProbeResult:
        """Give the next result."""
        return self.results.pop(0)

    async def sleep(self, seconds: float) -> None:
        """Note the pause and go on at once."""
        self.pauses.append(seconds)


def run(coroutine: Coroutine[Any, Any, ProbeResult]) -> ProbeResult:
    """Run what never waits, without an event loop."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        result: ProbeResult = stop.value
        return result
    raise AssertionError("the coroutine waited")


def test_a_plugin_that_comes_up_late_is_found() -> None:
    """Three attempts, two seconds apart, and the last result counts."""
    plugin = FakePlugin(REFUSED, REFUSED, HEALTHY)
    assert run(probe_with_attempts(plugin.probe, sleep=plugin.sleep)) == HEALTHY
    assert plugin.pauses == [2.0, 2.0]


def test_attempts_end() -> None:
    """After the last attempt its result is given, without another pause."""
    plugin = FakePlugin(REFUSED, REFUSED, REFUSED, HEALTHY)
    assert run(probe_with_attempts(plugin.probe, sleep=plugin.sleep)) == REFUSED
    assert plugin.pauses == [2.0, 2.0]


@pytest.mark.parametrize(
    "result",
    [
        HEALTHY,
        ProbeResult("unhealthy", "grpc.health.v1", reasons.NOT_SERVING),
        ProbeResult("unreachable", "tcp", reasons.TLS_CERTIFICATE_INVALID),
        ProbeResult("unreachable", "tcp", reasons.NOT_GRPC),
        ProbeResult("unknown", "none", reasons.CHECKER_ERROR),
    ],
)
def test_what_seconds_do_not_mend_is_not_tried_again(result: ProbeResult) -> None:
    """An answer, a wrong certificate or another protocol is final for this check."""
    plugin = FakePlugin(result)
    assert run(probe_with_attempts(plugin.probe, sleep=plugin.sleep)) == result
    assert plugin.pauses == []
