"""The lifecycle."""

from dataclasses import replace
from typing import Any, get_args

import pytest

from shared.errors import Refused
from shared.plugins.record import Plugin, Status
from shared.plugins.transitions import (
    ENDS_WORK,
    RETRY_CAP_SECONDS,
    STUCK_AFTER_SECONDS,
    TRANSITIONS,
    EventName,
    change,
    quiet_change,
    registered,
    updated,
)
from tests.unit.plugins.records import AT, LATER, NOW, event, in_status, moved, new, plugin

#: Every pair that is allowed, written out: a new one is a decision.
ALLOWED = {
    "plugin.registered": "",
    "plugin.updated": "pending validated pulling ready rejected failed",
    "plugin.reload_requested": "pending validated pulling ready rejected failed",
    "plugin.retried": "failed",
    "plugin.validated": "pending",
    "plugin.pull_started": "validated pulling",
    "plugin.ready": "validated pulling",
    "plugin.rejected": "pending validated pulling ready rejected failed",
    "plugin.failed": "pending validated pulling",
    "plugin.healthy": "pending validated pulling ready rejected failed",
    "plugin.unhealthy": "pending validated pulling ready rejected failed",
    "plugin.deleted": "pending validated pulling ready rejected failed",
}


@pytest.mark.parametrize("name", get_args(EventName))
@pytest.mark.parametrize("status", get_args(Status))
def test_an_event_follows_only_what_it_may(name: EventName, status: Status) -> None:
    """Late and out-of-order events are refused by the table, not by chance."""
    before = in_status(status)
    if status in ALLOWED[name].split():
        after = moved(before, name).after
        assert after.status == (TRANSITIONS[name][1] or status)
        assert after.revision == before.revision + 1
    else:
        with pytest.raises(Refused, match="stale_transition"):
            moved(before, name)


def test_a_new_plugin_is_pending_and_due() -> None:
    """If its first message were lost, the schedule would send it again."""
    made = new().after
    assert (made.status, made.generation, made.observed_generation, made.revision) == ("pending", 1, 0, 1)
    assert made.next_due_at == NOW + STUCK_AFTER_SECONDS["pending"]
    assert made.conditions["Ready"].status == "Unknown"
    with pytest.raises(ValueError, match=r"plugin\.updated"):
        registered(plugin(), event("plugin.updated"), epoch=NOW)


@pytest.mark.parametrize("name", sorted(ENDS_WORK))
def test_an_end_of_work_is_observed(name: EventName) -> None:
    """Well or badly: the generation was handled, and so was the reload that asked for it."""
    before = in_status("validated", generation=4, observed_generation=3, reload_requested_generation=4)
    after = moved(before, name).after
    assert (after.observed_generation, after.reload_handled_generation) == (4, 4)


def test_a_step_on_the_way_is_not_an_end() -> None:
    """Waiters wait on."""
    after = moved(in_status("pending", generation=4, observed_generation=3), "plugin.validated").after
    assert after.observed_generation == 3


@pytest.mark.parametrize(
    ("status", "changes", "wait"),
    [
        ("pending", {}, 120),
        ("pulling", {}, 1200),
        ("ready", {}, 60),
        ("failed", {"attempts": 1}, 60),
        ("failed", {"attempts": 3}, 240),
        ("failed", {"attempts": 500}, RETRY_CAP_SECONDS),
        ("rejected", {}, None),
        ("ready", {"is_active": False}, None),
    ],
)
def test_the_schedule_looks_again_in_time(status: Status, changes: dict[str, Any], wait: int | None) -> None:
    """Stuck work, retries with a growing and bounded pause, health checks; never what someone must act on."""
    after = moved(in_status(status, **changes), "plugin.updated").after
    assert after.next_due_at == (None if wait is None else NOW + 60 + wait)


def test_attempts_count_failures_and_are_forgotten() -> None:
    """After success, a reload and a change."""
    failed = moved(in_status("pulling", attempts=2), "plugin.failed", reason="x").after
    assert failed.attempts == 3
    assert moved(failed, "plugin.retried").after.attempts == 3
    assert moved(failed, "plugin.reload_requested").after.attempts == 0
    assert updated(failed, replace(failed, name="New"), event("plugin.updated"), epoch=NOW).after.attempts == 0
    assert moved(in_status("pulling", attempts=2), "plugin.ready").after.attempts == 0


@pytest.mark.parametrize(
    ("before", "fields", "status", "observed"),
    [
        (in_status("ready", observed_generation=1), {"name": "New"}, "ready", 2),
        (in_status("ready", observed_generation=1), {"config": {"a": 1}}, "ready", 2),
        (in_status("ready", observed_generation=1), {"command": "file:///x"}, "pending", 1),
        (in_status("ready", observed_generation=1), {"checksum": "x"}, "pending", 1),
        (in_status("ready", observed_generation=1), {"is_active": False}, "ready", 2),
        (in_status("ready", observed_generation=1, is_active=False), {"is_active": True}, "pending", 1),
        (in_status("ready", observed_generation=1, is_active=False), {"command": "file:///x"}, "ready", 2),
        (in_status("rejected", observed_generation=1), {"command": "file:///x"}, "pending", 1),
        (in_status("pulling"), {"name": "New"}, "pending", 0),
    ],
)
def test_a_change_starts_work_only_where_it_must(
    before: Plugin, fields: dict[str, Any], status: Status, observed: int
) -> None:
    """What concerns the command, and work that is under way for an older generation."""
    after = updated(before, replace(before, **fields), event("plugin.updated"), epoch=NOW).after
    assert (after.status, after.generation, after.observed_generation) == (status, 2, observed)


def test_ready_sums_the_conditions_up() -> None:
    """A stored plugin that is unhealthy is not ready to be used."""
    ready = moved(in_status("validated"), "plugin.ready").after
    assert ready.conditions["Ready"].status == "True"
    ill = ready.with_condition("Healthy", "False", now=LATER, reason="not_serving", hint="Look.")
    unwell = moved(ready, "plugin.unhealthy", ill).after
    assert (unwell.status, unwell.conditions["Ready"].status) == ("ready", "False")
    assert unwell.conditions["Ready"].reason == "not_serving"
    failed = moved(in_status("pulling"), "plugin.failed", reason="timeout", message="m", hint="h").after
    assert (failed.conditions["Ready"].reason, failed.conditions["Ready"].hint) == ("timeout", "h")


def test_a_condition_keeps_its_time_while_it_stays() -> None:
    """`last_transition_at` is about the status, not about the last look."""
    first = plugin().with_condition("Healthy", "True", now=AT, reason="a")
    again = first.with_condition("Healthy", "True", now=LATER, reason="b")
    turned = again.with_condition("Healthy", "False", now=LATER, reason="c")
    assert [p.conditions["Healthy"].last_transition_at for p in (first, again, turned)] == [AT, AT, LATER]


def test_a_quiet_change_has_no_event() -> None:
    """Nobody acts on it, but it counts as a write."""
    quiet = quiet_change(plugin(), replace(plugin(), health={"status": "healthy"}), at=LATER)
    assert (quiet.event, quiet.after.revision, quiet.deletes) == (None, 2, False)


def test_only_the_deleting_event_deletes() -> None:
    """A change says so itself."""
    assert moved(plugin(), "plugin.deleted").deletes
    assert not moved(plugin(), "plugin.rejected").deletes


def test_the_record_round_trips_and_ignores_newer_fields() -> None:
    """Old and new code overlap during a deployment."""
    judged = change(plugin(), plugin(warnings=("w",), config={"a": [1]}), event("plugin.updated"), epoch=NOW).after
    text = judged.to_json()
    assert Plugin.from_json(text) == judged
    assert Plugin.from_json(text[:-1] + ',"of_tomorrow":1}') == judged
