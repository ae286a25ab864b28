"""The main job against a real registry: what umoci and skopeo made goes from POST to ready on the local stack."""

import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from cli.api import Api, HttpApi
from cli.screen import attributes_of
from local.demo_parts.watching import Watch, Watched, condition
from local.deployment import is_deployed
from local.errors import LocalError
from local.paths import ROOT
from local.registry import RunningRegistry, running_registry
from local.stack import Stack
from tests.interop.executables import executable
from tests.interop.images import build_with_umoci, push_with_skopeo
from tests.interop.programs import in_ci, require
from tests.interop.pulling import AMD64, sha256

pytestmark = [pytest.mark.enable_socket, pytest.mark.allow_hosts(["127.0.0.1"])]

_PLUGINS = "/api/v1/plugins"
_WAIT_SECONDS = 60.0
_UP_SECONDS = 300


@pytest.fixture(scope="module")
def stack() -> Stack:
    """Give the local stack as it runs; CI brings it up, a developer says when (`make up`)."""
    if in_ci():
        # In a process of its own: the emulator outlives the tests.
        subprocess.run([sys.executable, "-m", "local", "up"], cwd=ROOT, check=True, timeout=_UP_SECONDS)
    try:
        stack = Stack.current()
    except LocalError as error:
        pytest.skip(f"{error}. {error.hint}")
    if not is_deployed(stack.state):
        pytest.skip("the checkout has changed since the local stack was deployed. Run: make up")
    return stack


@pytest.fixture(scope="module")
def side_registry(stack: Stack) -> Iterator[RunningRegistry]:
    """Give a registry where the stack's functions may pull from without TLS."""
    require("docker-registry")
    with running_registry(port=stack.side_registry_port) as running:
        yield running


@pytest.fixture
def api(stack: Stack) -> Iterator[Api]:
    """Give the REST API."""
    with requests.Session() as session:
        yield HttpApi(stack.api_url, token=stack.token, timeout_seconds=60, session=session)


@pytest.fixture
def register(api: Api, side_registry: RunningRegistry) -> Iterator[Callable[[str], Watched]]:
    """Give what registers a plugin for `side_registry/<name>:v1.0.0`; its plugins are deleted afterwards."""
    registered = []

    def post(name: str) -> Watched:
        command = f"oci://{side_registry.host}/{name}:v1.0.0"
        body = {"name": name, "slug": name, "command": command, "hook_type": "pre_auth", "plugin_type": "gateway"}
        answer = api.call("POST", _PLUGINS, body={**body, "is_active": True})
        assert answer.status == 201
        registered.append(Watched(answer.document["data"]["id"], name))
        return registered[-1]

    yield post
    for plugin in registered:
        api.call("DELETE", f"{_PLUGINS}/{plugin.plugin_id}")


def _name() -> str:
    """Give a name that no earlier run has used: the stack outlives the tests."""
    return f"interop-{uuid.uuid4().hex[:12]}"


def _push(folder: Path, data: bytes, registry: RunningRegistry, name: str) -> str:
    source = build_with_umoci(folder / "image", [{"plugin": data}])
    return push_with_skopeo(source, registry, f"{name}:v1.0.0")


def _follow(api: Api, plugin: Watched) -> dict[str, Any]:
    """Wait for the end of the work; give the record."""
    assert Watch(api, lambda _label, _text: None).follow([plugin], seconds=_WAIT_SECONDS), plugin.values
    return plugin.values


def _stored(api: Api, plugin: Watched) -> bytes:
    """Fetch what a gateway would fetch."""
    answer = api.call("GET", f"{_PLUGINS}/{plugin.plugin_id}/artifact", query={"platform": AMD64})
    return requests.get(str(attributes_of(answer.document["data"])["url"]), timeout=60).content


def test_a_plugin_goes_from_post_to_ready(
    api: Api, side_registry: RunningRegistry, register: Callable[[str], Watched], tmp_path: Path
) -> None:
    """A pushed image becomes a ready, healthy plugin, and what a gateway downloads is what was built."""
    name = _name()
    data = executable(name)
    digest = _push(tmp_path, data, side_registry, name)
    plugin = register(name)
    record = _follow(api, plugin)
    assert (record["status"], (condition(record, "Healthy") or {})["status"]) == ("ready", "True")
    assert record["version"]["manifest_digest"] == digest
    assert sha256(_stored(api, plugin)) == sha256(data)


def test_a_plugin_whose_image_comes_late(
    api: Api, side_registry: RunningRegistry, register: Callable[[str], Watched], tmp_path: Path
) -> None:
    """A plugin without an image says what is missing and how to mend it, and a reload after the push makes it ready."""
    name = _name()
    plugin = register(name)
    record = _follow(api, plugin)
    resolved = condition(record, "ReferenceResolved") or {}
    assert record["status"] in {"rejected", "failed"}
    assert (resolved["status"], resolved["reason"]) == ("False", "registry_not_found")
    assert resolved["hint"]
    data = executable(name)
    _push(tmp_path, data, side_registry, name)
    reloaded = api.call("POST", f"{_PLUGINS}/{plugin.plugin_id}/reload").document["data"]
    plugin.generation = int(attributes_of(reloaded)["generation"])
    assert _follow(api, plugin)["status"] == "ready"
    assert sha256(_stored(api, plugin)) == sha256(data)
