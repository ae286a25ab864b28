"""Many probes at a time: bounded, in order, none in another's way."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shared.errors import Reason, Refused
from shared.health.grpc_probe import probe_grpc
from shared.health.reasons import SERVING
from shared.health.results import ProbeResult
from shared.health.runs import probe_many
from tests.integration.health.servers import Target, grpc_server, silent, tcp_server

pytestmark = pytest.mark.enable_socket  # an event loop is made of a socket pair

OPEN_FILES = Path("/proc/self/fd")
HEALTHY = ProbeResult("healthy", "grpc.health.v1", SERVING)


class FakeProbe:
    """Answers after a pause; targets that are errors are raised, "hang" never ends; notes how many run at once."""

    def __init__(self) -> None:
        self.running = 0
        self.most = 0

    async def __call__(self, target: object) -> ProbeResult:
        """Probe one target."""
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            await asyncio.sleep(60 if target == "hang" else 0.001)
            if isinstance(target, Exception):
                raise target
            return HEALTHY
        finally:
            self.running -= 1


def run(targets: Any, probe: Any, **options: Any) -> list[tuple[Any, ProbeResult]]:
    """Probe all, four at a time unless told otherwise."""
    return asyncio.run(probe_many(targets, probe, **{"concurrency": 4, "deadline_seconds": 0.2, **options}))


def test_every_target_has_a_result_in_its_order() -> None:
    """Results come in the order of the targets, and never more run than allowed."""
    probe = FakeProbe()
    results = run(range(50), probe)
    assert [target for target, _ in results] == list(range(50))
    assert all(result == HEALTHY for _, result in results)
    assert probe.most == 4
    assert run([], probe) == []


def test_targets_are_read_as_workers_get_free() -> None:
    """A long list is never held as a whole."""
    probe = FakeProbe()

    def targets() -> Iterator[int]:
        for number in range(20):
            assert probe.running <= 4
            yield number

    assert len(run(targets(), probe)) == 20


def test_one_bad_target_harms_no_other() -> None:
    """What hangs, is refused or surprises has its own result; the others are healthy."""
    internal = Refused(Reason("internal_network_address", "the address is internal", "Use a public address."))
    targets = ["a", internal, "hang", OSError("canary"), "b"]
    results = [result for _, result in run(targets, FakeProbe(), concurrency=2)]
    codes = [result.reason.code for result in results]
    assert codes == ["serving", "internal_network_address", "deadline_exceeded", "checker_error", "serving"]
    assert [result.outcome for result in results[1:4]] == ["unreachable", "unreachable", "unknown"]
    assert "canary" not in results[3].message


def test_what_the_budget_does_not_reach_is_not_checked() -> None:
    """When the time of a run is spent, the rest is unknown, not down."""
    results = run(["hang"] * 10, FakeProbe(), budget_seconds=0.3)
    codes = [result.reason.code for _, result in results]
    assert codes == ["deadline_exceeded"] * 8 + ["not_checked"] * 2
    assert results[-1][1].is_reachable is None


def test_hanging_peers_do_not_slow_the_others() -> None:
    """Real peers: those that hang end at the deadline, the healthy ones are healthy, together in about one deadline."""
    with grpc_server(statuses={"plugin": "SERVING"}) as good, tcp_server(silent) as bad:
        targets = [Target(f"ipv4:127.0.0.1:{bad if number % 10 == 0 else good}") for number in range(60)]
        started = time.monotonic()

        async def probe(target: Target) -> ProbeResult:
            return await probe_grpc(target, deadline_seconds=1.0)

        results = asyncio.run(probe_many(targets, probe, concurrency=16, deadline_seconds=2.0))
        elapsed = time.monotonic() - started
    for number, (_, result) in enumerate(results):
        assert result.reason.code == ("deadline_exceeded" if number % 10 == 0 else "serving")
    assert elapsed < 2.0


@pytest.mark.skipif(not OPEN_FILES.exists(), reason="only Linux lists a process's open files")
def test_no_sockets_stay_open() -> None:
    """After runs with hanging and refusing peers no connection lingers: a warm function runs for hours."""
    counts = []

    async def probe(target: Target) -> ProbeResult:
        return await probe_grpc(target, deadline_seconds=0.3)

    with grpc_server(statuses={"plugin": "SERVING"}) as good, tcp_server(silent) as bad, asyncio.Runner() as runner:
        targets = [Target(f"ipv4:127.0.0.1:{port}") for port in (good, bad, 1) * 5]
        for _ in range(4):
            runner.run(probe_many(targets, probe, concurrency=15, deadline_seconds=1))
            time.sleep(0.5)
            counts.append(sum(map(_is_socket, OPEN_FILES.iterdir())))
    assert counts[-1] <= counts[0]


def _is_socket(path: Path) -> bool:
    try:
        return str(path.readlink()).startswith("socket:")
    except OSError:
        return False  # closed while we looked
