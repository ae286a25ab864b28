"""`make demo`: brings the local stack up and takes real plugins through it, while a person watches.

Ends with exit code 1 if anything that it claims did not happen.
"""

import os
import sys
import time
from collections.abc import Sequence
from typing import Any, Final

from cli.api import ApiError, HttpApi
from cli.screen import Screen, wants_colour
from local.demo_parts.scenario import Scenario, seconds_since
from local.demo_parts.servers import PluginServer
from local.demo_parts.watching import Watch, Watched, condition
from local.errors import LocalError
from local.lifecycle import bring_up
from local.paths import LOCAL, PLUGINS, ROOT, TOKEN_FILE
from local.stack import Stack
from shared.errors import PlugportError

_API_TIMEOUT_SECONDS: Final = 30.0


class Demo:
    """Shows the scenario on a terminal and keeps count of what it claims."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._screen = Screen(sys.stdout, sys.stderr, colour=wants_colour((sys.stdout,), os.environ))
        self._claims: list[tuple[str, bool]] = []

    def run(self) -> int:
        """Run it; give the exit code."""
        self._title("The stack")
        stack = bring_up()
        scenario = self._scenario(stack)
        self._title("Real parts: an executable, a registry with two packages, a gRPC server")
        scenario.prepare()
        scenario.forget_earlier()
        self._title("Register: the product document's own bodies")
        plugins = scenario.register()
        self._title("Refused at once")
        refused = scenario.refused()
        self._show_refused(refused)
        self._title("At work")
        watch = Watch(scenario.api, lambda label, text: self._say(f"{label:<20} {text}"))
        scenario.follow(plugins, watch)
        late = next(plugin for plugin in plugins if plugin.label == "my-late-plugin")
        self._show_failure(late)
        self._title("Recover: the cause goes away, then reload")
        scenario.recover(late, watch)
        self._title("Download what a gateway would run")
        scenario.download([plugin for plugin in plugins if str(plugin.values.get("command", "")).startswith("oci://")])
        return self._close(stack, plugins)

    def _scenario(self, stack: Stack) -> Scenario:
        folder = LOCAL / "demo"
        servers = [
            PluginServer(name, folder=folder, checkout=ROOT, watched_pid=stack.state.pid) for name in ("remote", "late")
        ]
        return Scenario(
            stack=stack,
            api=HttpApi(stack.api_url, token=stack.token, timeout_seconds=_API_TIMEOUT_SECONDS),
            say=self._say,
            claim=self._claim,
            plugins_folder=PLUGINS,
            remote=servers[0],
            late=servers[1],
        )

    def _close(self, stack: Stack, plugins: Sequence[Watched]) -> int:
        """Show the table, what was refused and how to go on; any claim that is not true is exit code 1."""
        self._title("Result")
        self._screen.table(("NAME", "SCHEME", "STATUS", "VERSION", "HEALTH"), [_row(plugin) for plugin in plugins])
        wrong = [text for text, is_true in self._claims if not is_true]
        self._say("")
        self._say(f"{len(self._claims) - len(wrong)} of {len(self._claims)} claims hold")
        for text in wrong:
            self._say(f"NOT TRUE: {text}")
        print(f"""
Go on with:
  export PLUGPORT_ENDPOINT={stack.api_url} PLUGPORT_TOKEN=$(cat {TOKEN_FILE.relative_to(ROOT)})
  .venv/bin/plugport list
  .venv/bin/plugport get my-oci-plugin""")
        return 1 if wrong else 0

    def _show_refused(self, refused: Sequence[tuple[dict[str, Any], ApiError]]) -> None:
        for body, entry in refused:
            self._say(f"{body['slug']:<20} {body['command']}")
            self._say(f"{'':<20} {entry.code}: {entry.detail}")
            self._say(f"{'':<20} hint: {entry.hint}")

    def _show_failure(self, plugin: Watched) -> None:
        reachable = condition(plugin.values, "Reachable") or {}
        self._say(f"{plugin.label:<20} {reachable.get('reason')}: {reachable.get('message')}")
        self._say(f"{'':<20} hint: {reachable.get('hint')}")

    def _claim(self, text: str, is_true: bool) -> None:  # noqa: FBT001 - a claim and its truth
        self._claims.append((text, is_true))
        self._say(f"{'✓' if is_true else '✗ NOT TRUE:'} {text}")

    def _title(self, text: str) -> None:
        print(f"\n{seconds_since(self._started)}  == {text}", flush=True)

    def _say(self, text: str) -> None:
        self._screen.line(f"{seconds_since(self._started)}  {text}" if text else "")
        sys.stdout.flush()


def _row(plugin: Watched) -> tuple[str, ...]:
    values = plugin.values
    version = values.get("version") or {}
    healthy = condition(values, "Healthy") or {}
    return (
        str(values.get("name")),
        str(values.get("command")).partition("://")[0],
        str(values.get("status")),
        str(version.get("manifest_digest") or "-")[:19],
        {"True": "healthy", "False": "unhealthy"}.get(str(healthy.get("status")), "unknown"),
    )


def main() -> int:
    """Run the demo; what goes wrong on the way is said in one line."""
    try:
        return Demo().run()
    except (LocalError, PlugportError) as error:
        print(f"\n{error}\n  hint: {error.hint}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    raise SystemExit(main())
