"""What one result says, and what many in a row mean."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import Reason, Refused
from shared.health import reasons
from shared.health.results import HealthState, HealthStatus, Outcome, Probe, ProbeResult, fold_health

NOW = "2026-01-01T00:00:00.000Z"
HEALTHY = ProbeResult("healthy", "grpc.health.v1", reasons.SERVING)
UNHEALTHY = ProbeResult("unhealthy", "grpc.health.v1", reasons.NOT_SERVING)
UNREACHABLE = ProbeResult("unreachable", "none", reasons.CONNECTION_REFUSED)
REACHABLE_ONLY = ProbeResult("unknown", "grpc", reasons.REACHABLE_ONLY)
SAYS_NOTHING = ProbeResult("unknown", "none", reasons.CHECKER_ERROR)

any_result = st.sampled_from([HEALTHY, UNHEALTHY, UNREACHABLE, REACHABLE_ONLY, SAYS_NOTHING])
threshold = st.integers(1, 5)


def fold(*results: ProbeResult, failures: int = 3, successes: int = 2) -> HealthState:
    """Fold results one after the other, each a second later."""
    state = HealthState()
    for second, result in enumerate(results):
        now = f"2026-01-01T00:00:{second:02d}.000Z"
        state = fold_health(state, result, failure_threshold=failures, success_threshold=successes, now=now)
    return state


@pytest.mark.parametrize(
    ("results", "status"),
    [
        ([], "unknown"),
        ([HEALTHY], "unknown"),
        ([HEALTHY] * 2, "healthy"),
        ([HEALTHY] * 2 + [UNHEALTHY] * 2, "healthy"),
        ([HEALTHY] * 2 + [UNHEALTHY, UNREACHABLE, UNHEALTHY], "unhealthy"),
        ([HEALTHY] * 2 + [UNHEALTHY] * 2 + [HEALTHY] + [UNHEALTHY] * 2, "healthy"),
        ([UNHEALTHY] * 3 + [HEALTHY], "unhealthy"),
        ([UNHEALTHY] * 3 + [HEALTHY, UNHEALTHY, HEALTHY], "unhealthy"),
        ([UNHEALTHY] * 3 + [HEALTHY] * 2, "healthy"),
        ([UNHEALTHY] * 3 + [REACHABLE_ONLY] * 2, "unknown"),
        ([HEALTHY] * 2 + [SAYS_NOTHING] * 9, "healthy"),
        ([UNHEALTHY] * 2 + [SAYS_NOTHING] * 9, "unknown"),
        ([UNHEALTHY] * 2 + [SAYS_NOTHING] + [UNHEALTHY], "unhealthy"),
    ],
)
def test_the_status_moves_only_after_enough_results_in_a_row(results: list[ProbeResult], status: HealthStatus) -> None:
    """Three failures make a plugin unhealthy, two successes end that, a result that says nothing changes nothing."""
    assert fold(*results).status == status


def test_since_is_the_time_of_the_last_change() -> None:
    """`since` stays while the status stays, and moves with it."""
    assert fold(HEALTHY).since == "2026-01-01T00:00:00.000Z"
    assert fold(HEALTHY, HEALTHY, HEALTHY).since == "2026-01-01T00:00:01.000Z"
    assert fold(HEALTHY, HEALTHY, HEALTHY).checked_at == "2026-01-01T00:00:02.000Z"
    assert fold(*[UNHEALTHY] * 5).since == "2026-01-01T00:00:02.000Z"


@given(st.lists(any_result, max_size=30), threshold, threshold)
def test_a_state_survives_storage_at_every_point(results: list[ProbeResult], failures: int, successes: int) -> None:
    """Storing and loading the state between any two results changes nothing."""
    direct = stored = HealthState()
    for result in results:
        direct = fold_health(direct, result, failure_threshold=failures, success_threshold=successes, now=NOW)
        again = HealthState.from_item(json.loads(json.dumps(stored.to_item())))
        stored = fold_health(again, result, failure_threshold=failures, success_threshold=successes, now=NOW)
    assert stored == direct


@given(st.lists(any_result, max_size=30), threshold, threshold)
def test_the_counters_never_contradict_the_results(results: list[ProbeResult], failures: int, successes: int) -> None:
    """At most one counter is above zero, and unhealthy needs as many failures as the threshold says."""
    state = HealthState()
    for index, result in enumerate(results):
        before = state.status
        state = fold_health(state, result, failure_threshold=failures, success_threshold=successes, now=NOW)
        assert not (state.failures and state.successes)
        if state.status == "unhealthy" != before:
            said = [item for item in results[: index + 1] if item.is_reachable is not None or item.outcome != "unknown"]
            assert len(said) >= failures
            assert all(item.outcome in ("unhealthy", "unreachable") for item in said[-failures:])


@pytest.mark.parametrize(
    ("outcome", "probe", "expected"),
    [
        ("healthy", "grpc.health.v1", True),
        ("unhealthy", "grpc", True),
        ("unreachable", "tcp", False),
        ("unknown", "grpc", True),
        ("unknown", "none", None),
    ],
)
def test_reachable_follows_from_who_spoke(outcome: Outcome, probe: Probe, expected: bool | None) -> None:  # noqa: FBT001 - a parameter of the table
    """A plugin was reached when it spoke, was not when nothing came about, and else nobody knows."""
    assert ProbeResult(outcome, probe, reasons.SERVING).is_reachable is expected


def test_a_result_takes_the_reasons_words_where_nothing_more_exact_was_said() -> None:
    """Message and hint are never empty."""
    result = ProbeResult("unhealthy", "file", reasons.NOT_EXECUTABLE, "the file has mode 0644")
    item = result.to_item()
    assert (item["reason"], item["message"]) == ("not_executable", "the file has mode 0644")
    assert item["hint"] == reasons.NOT_EXECUTABLE.hint
    assert json.loads(json.dumps(item)) == item


def test_an_error_of_the_connection_policy_is_a_result() -> None:
    """What egress refuses keeps its own reason, message and hint."""
    internal = Reason("internal_network_address", "the address is internal", "Use a public address.")
    result = ProbeResult.from_error(Refused(internal, "10.0.0.1 is internal"), address="plugin.example:50051")
    assert (result.outcome, result.probe, result.reason) == ("unreachable", "none", internal)
    assert (result.message, result.hint) == ("10.0.0.1 is internal", "Use a public address.")
    assert result.is_reachable is False


@pytest.mark.parametrize("item", [{}, {"status": "on fire", "newer": 1}])
def test_an_item_of_another_release_is_read_as_far_as_it_is_understood(item: dict[str, Any]) -> None:
    """Missing and unknown keys and statuses give the state before the first result."""
    assert HealthState.from_item(item) == HealthState()


def test_every_reason_is_listed_once_with_title_and_hint() -> None:
    """The package's reasons are complete, distinct and each says what to do next."""
    declared = {value for value in vars(reasons).values() if isinstance(value, Reason)}
    assert declared == set(reasons.REASONS)
    assert len({reason.code for reason in reasons.REASONS}) == len(reasons.REASONS)
    for reason in reasons.REASONS:
        assert reason.code.replace("_", "").isalnum()
        assert reason.title
        assert reason.hint.endswith(".")
