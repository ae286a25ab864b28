"""Follow several plugins at once: each step is shown when it has happened."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from cli.api import Api, ApiUnavailable
from cli.screen import attributes_of
from cli.waiting import step_text

_POLL_SECONDS: Final = 0.25
_PLUGINS: Final = "/api/v1/plugins"


@dataclass(slots=True)
class Watched:
    """One plugin under watch.

    Attributes:
        plugin_id: which.
        label: its name on the screen.
        generation: the work that is waited for.
        seen: the last revision of its audit trail that was shown.
        values: its attributes as last read.
    """

    plugin_id: str
    label: str
    generation: int = 1
    seen: int = 0
    values: dict[str, Any] = field(default_factory=dict)

    @property
    def has_ended(self) -> bool:
        """True when the work is over, and a ready plugin's health is known too."""
        if int(self.values.get("observed_generation") or 0) < self.generation:
            return False
        return self.values.get("status") != "ready" or condition(self.values, "Healthy") is not None


class Watch:
    """Shows steps as they come.

    Args:
        api: the API.
        show: takes one line: label, text.
    """

    def __init__(self, api: Api, show: Callable[[str, str], None]) -> None:
        self._api = api
        self._show = show

    def follow(self, plugins: list[Watched], *, seconds: float) -> bool:
        """Watch until the work on every plugin has ended; False when the time was up first."""
        until = time.monotonic() + seconds
        while True:
            for plugin in plugins:
                if not plugin.has_ended:
                    self._look(plugin)
            if all(plugin.has_ended for plugin in plugins):
                return True
            if time.monotonic() > until:
                return False
            time.sleep(_POLL_SECONDS)

    def _look(self, plugin: Watched) -> None:
        path = f"{_PLUGINS}/{plugin.plugin_id}"
        try:
            record = self._api.call("GET", path).document["data"]
            steps = self._api.call("GET", f"{path}/events", query={"after": str(plugin.seen)}).document["data"]
        except ApiUnavailable:
            return  # a busy emulator: look again
        for step in steps:
            event = attributes_of(step)
            plugin.seen = max(plugin.seen, int(event["revision"]))
            self._show(plugin.label, step_text(event))
        plugin.values = attributes_of(record)


def condition(values: Mapping[str, Any], kind: str) -> Mapping[str, Any] | None:
    """Give one condition of a plugin, None while it has none."""
    conditions = values.get("conditions") or {}
    entries = conditions.values() if isinstance(conditions, Mapping) else conditions
    return next((entry for entry in entries if entry.get("type") == kind), None)
