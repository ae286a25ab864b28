"""Wait for the work on a plugin, showing each step as its audit trail gets it."""

from typing import Any, Final

from cli.api import ApiUnavailable
from cli.invocation import Invocation
from cli.reasons import WAIT_TIMED_OUT
from cli.screen import attributes_of
from shared.errors import Transient

_POLL_SECONDS: Final = 0.5


def wait_for(invocation: Invocation, plugin_id: str, *, generation: int, seconds: float) -> dict[str, Any]:
    """Give the plugin's resource once the work on `generation` has ended, well or badly.

    Raises:
        Transient: `wait_timed_out`.
    """
    api, started, seen = invocation.api(), invocation.clock(), 0
    path = f"/api/v1/plugins/{plugin_id}"
    while True:
        try:
            plugin: dict[str, Any] = api.call("GET", path).document.get("data", {})
            steps = api.call("GET", f"{path}/events", query={"after": str(seen)}).document.get("data", [])
        except ApiUnavailable:
            plugin, steps = {}, []  # the work does not depend on us: look again until the time is up
        elapsed = invocation.clock() - started
        for step in steps:
            event = attributes_of(step)
            seen = max(seen, int(event.get("revision") or 0))
            invocation.screen.progress(f"{elapsed:7.2f} s  {step_text(event)}")
        if int(attributes_of(plugin).get("observed_generation") or 0) >= generation:
            return plugin
        if elapsed > seconds:
            raise Transient(WAIT_TIMED_OUT, f"{plugin_id} after {seconds:g} s")
        invocation.sleep(_POLL_SECONDS)


def step_text(event: dict[str, Any]) -> str:
    """Give one line of the audit trail."""
    detail = event.get("detail") or {}
    words = [str(event.get("name", ""))]
    words += [str(detail[name]) for name in ("reason", "message") if detail.get(name)]
    return "  ".join(words)
