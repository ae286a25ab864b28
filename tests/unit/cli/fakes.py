"""The outside world of the command, in memory."""

import io
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from cli.api import Answer, Api, ApiError, ApiRefused
from cli.invocation import Invocation
from cli.main import run
from cli.screen import Screen
from shared.egress import Resolver
from shared.pulling import MakeSession

Call = tuple[str, str, dict[str, str], Any]


class FakeApi:
    """`Api` that answers from a table of `METHOD path` → what to do, and remembers each call.

    An entry may be an `Answer`, an exception, or a list of them: one a call, the last one for ever.
    """

    def __init__(self, script: Mapping[str, Any]) -> None:
        self.script = {key: list(value) if isinstance(value, list) else [value] for key, value in script.items()}
        self.calls: list[Call] = []
        self.headers: list[dict[str, str]] = []

    def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: object | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Give the next scripted answer; an unknown route is the API's own 404."""
        self.calls.append((method, path, dict(query or {}), body))
        self.headers.append(dict(headers or {}))
        steps = self.script.get(f"{method} {path}")
        if not steps:
            raise ApiRefused(404, (ApiError("not_found", "no such plugin", "Check the id."),))
        step = steps.pop(0) if len(steps) > 1 else steps[0]
        if isinstance(step, Exception):
            raise step
        assert isinstance(step, Answer)
        return step


class Terminal:
    """Runs the command with captured streams and a clock that only sleeping moves."""

    def __init__(
        self,
        api: FakeApi | None = None,
        *,
        environment: Mapping[str, str] | None = None,
        stdin: str = "",
        resolver: Resolver | None = None,
        make_session: MakeSession | None = None,
    ) -> None:
        self.api = api or FakeApi({})
        self.environment = {"PLUGPORT_ENDPOINT": "https://api.example.com/live", "PLUGPORT_TOKEN": "ppt_x"}
        if environment is not None:
            self.environment = dict(environment)
        self.stdin = stdin
        self.resolver = resolver
        self.make_session = make_session
        self.connected: list[tuple[str, str | None, float]] = []
        self.now = 0.0
        self.colour = False
        self.out = ""
        self.err = ""

    def run(self, *argv: str) -> int:
        """Run one command line; `out` and `err` are then what it printed."""
        out, err = io.StringIO(), io.StringIO()
        invoke: Callable[..., Invocation] = partial(
            Invocation,
            environment=self.environment,
            screen=Screen(out, err, colour=self.colour),
            stdin=io.StringIO(self.stdin),
            connect=self._connect,
            sleep=self._sleep,
            clock=lambda: self.now,
            resolver=self.resolver,
            make_session=self.make_session,
        )
        code = run(argv, invoke)
        self.out, self.err = out.getvalue(), err.getvalue()
        return code

    def _connect(self, endpoint: str, token: str | None, timeout_seconds: float) -> Api:
        self.connected.append((endpoint, token, timeout_seconds))
        return self.api

    def _sleep(self, seconds: float) -> None:
        self.now += seconds


def plugin(**attributes: Any) -> dict[str, Any]:
    """Give a plugin's resource as the API has it."""
    plugin_id = attributes.pop("id", "plg_01kav0000000000000000000aa")
    values = {
        "name": "My Plugin",
        "namespace": "default",
        "slug": "my-plugin",
        "command": "grpc://plugin-server:50051",
        "hook_types": ["pre_auth"],
        "plugin_type": "gateway",
        "is_active": True,
        "status": "ready",
        "generation": 1,
        "observed_generation": 1,
        "conditions": {},
        "warnings": [],
        **attributes,
    }
    return {"type": "plugins", "id": plugin_id, "attributes": values}


def answer(data: object, *, status: int = 200, meta: Mapping[str, Any] | None = None) -> Answer:
    """Give an answer in the API's envelope."""
    return Answer(status, {"data": data, **({"meta": dict(meta)} if meta is not None else {})})


def step(revision: int, name: str, **detail: str) -> dict[str, Any]:
    """Give one entry of the audit trail as the API has it."""
    at = f"2026-11-24T06:00:0{revision}.000Z"
    values = {"revision": revision, "name": name, "at": at, "actor": "tok_1", "detail": detail}
    return {"type": "events", "id": str(revision), "attributes": values}


def refused(status: int, *codes: str) -> ApiRefused:
    """Give the API's refusal with these reasons."""
    return ApiRefused(status, tuple(ApiError(code, f"detail of {code}", f"hint of {code}") for code in codes))


def lines(text: str) -> Sequence[str]:
    """Give the lines without the spaces at their ends."""
    return [line.rstrip() for line in text.splitlines()]
