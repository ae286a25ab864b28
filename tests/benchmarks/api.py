"""The API on the local stack: a warm round trip, and from POST to ready for a 16 MiB artifact.

Needs the stack (`make up`); without it these measurements are left out, and the output says so.
"""

import hashlib
import os
import statistics
import sys
import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final

import requests

from cli.api import Api, HttpApi
from cli.screen import attributes_of
from local.demo_parts import packages
from local.demo_parts.executables import static_executable
from local.demo_parts.registry import Registry
from local.errors import LocalError
from local.stack import Stack

MIB: Final = 1 << 20
ROUND_TRIPS: Final = 25
PULLS: Final = 5
_PLUGINS: Final = "/api/v1/plugins"
_REPOSITORY: Final = "plugins/benchmark"
_POLL_SECONDS: Final = 0.05
_WAIT_SECONDS: Final = 90.0


def round_trip() -> list[dict[str, Any]]:
    """Time GETs of one plugin through gateway, authorizer and function, beside the emulator's own health answer."""
    stack = _stack()
    if stack is None:
        return []
    api, bare = _api(stack), requests.Session()
    body = _body("grpc://127.0.0.1:50999", active=False)
    plugin_id = str(api.call("POST", _PLUGINS, body=body).document["data"]["id"])
    path = f"{_PLUGINS}/{plugin_id}"
    ours, theirs = [], []
    try:
        for number in range(ROUND_TRIPS + 3):
            own = _timed(lambda: api.call("GET", path))
            other = _timed(lambda: bare.get(f"{stack.aws_endpoint_url}/_ministack/health", timeout=10))
            if number >= 3:  # the first three warm the workers
                ours.append(own * 1000)
                theirs.append(other * 1000)
    finally:
        api.call("DELETE", path)
    return [_row("API round trip, GET plugin, warm", "ms", ours, theirs, "an answer of the emulator itself")]


def post_to_ready() -> list[dict[str, Any]]:
    """Time from the POST to `ready` as a client sees it, each with an artifact that was never pulled before."""
    stack = _stack()
    if stack is None:
        return []
    api, registry = _api(stack), Registry(stack.registry, requests.Session())
    ecr = stack.client("ecr")
    with suppress(ecr.exceptions.RepositoryAlreadyExistsException):
        ecr.create_repository(repositoryName=_REPOSITORY)
    ours, theirs = [], []
    for number in range(PULLS + 1):
        executable = static_executable("benchmark") + os.urandom(16 * MIB)
        tag = uuid.uuid4().hex
        registry.push(_REPOSITORY, tag, packages.artifact(executable, name="benchmark", version=tag))
        own = _timed(lambda: _until_ready(api, f"oci://{stack.registry}/{_REPOSITORY}:{tag}"))  # noqa: B023 - called at once
        other = _timed(lambda: _fetch(stack.registry, packages.digest_of(executable)))  # noqa: B023 - called at once
        if number:  # the first one warms the workers
            ours.append(own)
            theirs.append(other)
    versus = "GET of the same blob from the same registry, hashed"
    return [_row("POST to ready, 16 MiB artifact", "s", ours, theirs, versus)]


def _until_ready(api: Api, command: str) -> None:
    plugin_id = str(api.call("POST", _PLUGINS, body=_body(command)).document["data"]["id"])
    until = time.monotonic() + _WAIT_SECONDS
    try:
        while True:
            values = attributes_of(api.call("GET", f"{_PLUGINS}/{plugin_id}").document["data"])
            if values["status"] == "ready":
                return
            if values["status"] in {"failed", "rejected"} or time.monotonic() > until:
                raise RuntimeError(f"{command} is {values['status']}: {values['conditions']}")
            time.sleep(_POLL_SECONDS)
    finally:
        api.call("DELETE", f"{_PLUGINS}/{plugin_id}")


def _fetch(registry: str, digest: str) -> None:
    sha256 = hashlib.sha256()
    with requests.get(f"http://{registry}/v2/{_REPOSITORY}/blobs/{digest}", stream=True, timeout=60) as answer:
        for piece in answer.iter_content(MIB):
            sha256.update(piece)
    assert f"sha256:{sha256.hexdigest()}" == digest


def _body(command: str, *, active: bool = True) -> dict[str, Any]:
    slug = f"benchmark-{uuid.uuid4().hex[:12]}"
    return {"name": slug, "slug": slug, "command": command, "hook_type": "pre_auth", "is_active": active}


def _api(stack: Stack) -> Api:
    return HttpApi(stack.api_url, token=stack.token, timeout_seconds=60)


def _stack() -> Stack | None:
    try:
        return Stack.current()
    except LocalError as error:
        print(f"left out: {error} ({error.hint})", file=sys.stderr)
        return None


def _timed(call: Callable[[], object]) -> float:
    begun = time.perf_counter()
    call()
    return time.perf_counter() - begun


def _row(name: str, unit: str, ours: list[float], theirs: list[float], versus: str) -> dict[str, Any]:
    return {
        "name": name,
        "unit": unit,
        "median": statistics.median(ours),
        "min": min(ours),
        "max": max(ours),
        "versus": versus,
        "ratio": statistics.median(own / other for own, other in zip(ours, theirs, strict=True)),
    }


MEASUREMENTS: Final[Mapping[str, Callable[[], list[dict[str, Any]]]]] = {
    "round trip": round_trip,
    "post to ready": post_to_ready,
}
