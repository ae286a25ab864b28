"""Waiting for the work on a plugin, against a fake API."""

from cli.api import ApiUnavailable
from cli.reasons import CANNOT_REACH
from tests.unit.cli.fakes import FakeApi, Terminal, answer, lines, plugin, step

ID = "plg_01kav0000000000000000000aa"
PATH = f"/api/v1/plugins/{ID}"


def test_wait_shows_steps_until_ready() -> None:
    """With --wait each step appears once with its time, and a ready plugin is exit code 0."""
    api = FakeApi(
        {
            "POST /api/v1/plugins": answer(plugin(status="pending", observed_generation=0), status=201),
            f"GET {PATH}": [answer(plugin(status="pending", observed_generation=0)), answer(plugin())],
            f"GET {PATH}/events": [
                answer([step(1, "plugin.registered")]),
                answer([step(2, "plugin.validated"), step(3, "plugin.ready")]),
            ],
        }
    )
    terminal = Terminal(api)
    assert terminal.run("register", "--name", "a", "--command", "grpc://h:1", "--wait") == 0
    assert lines(terminal.err) == [
        "   0.00 s  plugin.registered",
        "   0.50 s  plugin.validated",
        "   0.50 s  plugin.ready",
    ]
    assert [query for _, path, query, _ in api.calls if path.endswith("/events")] == [{"after": "0"}, {"after": "1"}]


def test_wait_for_a_failure_prints_reason_and_hint() -> None:
    """A plugin that ends as `failed` is exit code 1 with the condition's reason and hint."""
    condition = {
        "type": "Reachable",
        "status": "False",
        "reason": "connection_refused",
        "message": "h:1",
        "hint": "Start the server.",
    }
    failed = plugin(status="failed", conditions={"Reachable": condition, "Ready": {**condition, "type": "Ready"}})
    api = FakeApi(
        {
            f"POST {PATH}/reload": answer({"type": "reloads", "id": ID, "attributes": {"generation": 1}}, status=202),
            f"GET {PATH}": answer(failed),
            f"GET {PATH}/events": answer([]),
        }
    )
    terminal = Terminal(api)
    assert terminal.run("reload", ID, "--wait", "5") == 1
    assert lines(terminal.err) == ["connection_refused: h:1", "  hint: Start the server."]
    assert "Reachable" in terminal.out


def test_wait_for_a_plugin_that_only_a_gateway_sees() -> None:
    """A file:// plugin outside of the mounts ends as `validated`: exit code 0, and it says who can tell."""
    condition = {"type": "Reachable", "status": "Unknown", "reason": "gateway_only", "message": "/p", "hint": "Ask."}
    api = FakeApi(
        {
            f"POST {PATH}/reload": answer({"type": "reloads", "attributes": {"generation": 1}}, status=202),
            f"GET {PATH}": answer(plugin(status="validated", conditions=[condition])),
            f"GET {PATH}/events": answer([]),
        }
    )
    terminal = Terminal(api)
    assert terminal.run("reload", ID, "--wait") == 0
    assert lines(terminal.err) == ["gateway_only: /p", "  hint: Ask."]


def test_wait_outlasts_an_api_that_does_not_answer() -> None:
    """A poll that can't reach the API is repeated: the work goes on without us."""
    api = FakeApi(
        {
            f"POST {PATH}/reload": answer({"type": "reloads", "attributes": {"generation": 1}}, status=202),
            f"GET {PATH}": [ApiUnavailable(CANNOT_REACH, "x"), answer(plugin())],
            f"GET {PATH}/events": answer([]),
        }
    )
    assert Terminal(api).run("reload", ID, "--wait") == 0


def test_wait_has_an_end() -> None:
    """Work that does not end in time is exit code 1 with its own reason."""
    api = FakeApi(
        {
            f"POST {PATH}/reload": answer({"type": "reloads", "attributes": {"generation": 2}}, status=202),
            f"GET {PATH}": answer(plugin()),
            f"GET {PATH}/events": answer([]),
        }
    )
    terminal = Terminal(api)
    assert terminal.run("reload", ID, "--wait", "3") == 1
    assert terminal.err.startswith("wait_timed_out: ")
    assert terminal.now == 3.5
