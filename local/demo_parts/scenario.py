"""What the demo does, step by step. Each step claims something, and every claim is checked on what came back."""

import hashlib
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import requests

from cli.api import Api, ApiError, ApiRefused
from cli.screen import attributes_of
from local.demo_parts import bodies, packages
from local.demo_parts.executables import static_executable
from local.demo_parts.registry import Registry
from local.demo_parts.servers import PluginServer
from local.demo_parts.watching import Watch, Watched, condition
from local.stack import Stack

_PLUGINS: Final = "/api/v1/plugins"
_WAIT_SECONDS: Final = 60.0
_CREATED: Final = 201


@dataclass(slots=True)
class Scenario:
    """The demo's parts.

    Args:
        stack: the running local stack.
        api: its API.
        say: shows a line.
        claim: notes a claim and whether it is true.
        plugins_folder: the mounted path of file:// plugins.
        remote, late: the servers of the grpc:// plugins; the late one starts when its plugin has failed.
    """

    stack: Stack
    api: Api
    say: Callable[[str], None]
    claim: Callable[[str, bool], None]
    plugins_folder: Path
    remote: PluginServer
    late: PluginServer

    def prepare(self) -> None:
        """Put the real parts in place: executable, packages, server. What is there already is used."""
        file = self.plugins_folder / "my-plugin"
        self.plugins_folder.mkdir(parents=True, exist_ok=True)
        file.write_bytes(static_executable("My Plugin"))
        file.chmod(0o755)
        self.say(f"executable   {file}")
        with requests.Session() as session:
            registry = Registry(self.stack.registry, session)
            for repository, package in self._packages().items():
                self._create_repository(repository)
                news = "pushed" if registry.push(repository, bodies.TAG, package) else "there already"
                self.say(f"package      {registry.host}/{repository}:{bodies.TAG} {package.digest[:19]} {news}")
        self.remote.start()
        self.say(f"gRPC server  127.0.0.1:{self.remote.port}")
        self.late.stop()
        self.say(f"no server    127.0.0.1:{self.late.port} (it starts later)")

    def forget_earlier(self) -> None:
        """Delete the plugins of an earlier demo, found by their slugs."""
        wanted = {body["slug"] for body in self._bodies()}
        query, cursor = {"namespace": "default", "limit": "100"}, ""
        while True:
            answer = self.api.call("GET", _PLUGINS, query={**query, **({"cursor": cursor} if cursor else {})}).document
            for plugin in answer["data"]:
                if attributes_of(plugin)["slug"] in wanted:
                    self.api.call("DELETE", f"{_PLUGINS}/{plugin['id']}")
            cursor = answer.get("meta", {}).get("next_cursor") or ""
            if not cursor:
                return

    def register(self) -> list[Watched]:
        """POST every body."""
        watched = []
        for body in self._bodies():
            answer = self.api.call("POST", _PLUGINS, body=body, headers={"Idempotency-Key": str(uuid.uuid4())})
            plugin = answer.document["data"]
            self.claim(f"{body['slug']} was accepted", answer.status == _CREATED)
            self.say(f"{body['slug']:<20} {body['command']}")
            watched.append(Watched(plugin["id"], body["slug"]))
        return watched

    def refused(self) -> list[tuple[dict[str, Any], ApiError]]:
        """POST what must be refused; give each body with the API's reason."""
        answers = []
        for code, body in bodies.REFUSED.items():
            try:
                self.api.call("POST", _PLUGINS, body=body)
            except ApiRefused as error:
                entry = error.entries[0]
                self.claim(
                    f"{body['command']} is refused as {code}, with a hint", entry.code == code and bool(entry.hint)
                )
                answers.append((body, entry))
            else:
                self.claim(f"{body['command']} is refused", False)  # noqa: FBT003 - a claim and its truth
        return answers

    def follow(self, plugins: list[Watched], watch: Watch) -> None:
        """Watch the work; the late plugin must fail with a reason, all others must become ready and healthy."""
        self.claim("all work has ended", watch.follow(plugins, seconds=_WAIT_SECONDS))
        for plugin in plugins:
            if plugin.label == "my-late-plugin":
                reachable = condition(plugin.values, "Reachable") or {}
                failed = plugin.values.get("status") == "failed" and bool(
                    reachable.get("reason") and reachable.get("hint")
                )
                self.claim(f"{plugin.label} has failed, with reason and hint", failed)
            else:
                self._claim_ready(plugin)

    def recover(self, late: Watched, watch: Watch) -> None:
        """Start the missing server and reload: the plugin must become ready."""
        self.late.start()
        self.say(f"gRPC server  127.0.0.1:{self.late.port} started; reload of {late.label}")
        answer = self.api.call("POST", f"{_PLUGINS}/{late.plugin_id}/reload")
        late.generation = int(attributes_of(answer.document["data"])["generation"])
        self.claim("the reload was taken up", watch.follow([late], seconds=_WAIT_SECONDS))
        self._claim_ready(late)

    def download(self, plugins: list[Watched]) -> None:
        """Fetch each stored executable by its presigned URL and compare it with what was packed."""
        for plugin in plugins:
            expected = hashlib.sha256(_executable_of(plugin.label)).hexdigest()
            path, query = f"{_PLUGINS}/{plugin.plugin_id}/artifact", {"platform": "linux/amd64"}
            values = attributes_of(self.api.call("GET", path, query=query).document["data"])
            answer = requests.get(str(values["url"]), timeout=30)
            found = hashlib.sha256(answer.content).hexdigest()
            same = found == expected == str(values["sha256"]).removeprefix("sha256:")
            self.claim(f"{plugin.label}: the stored executable is the packed one, sha256 {found[:12]}…", same)

    def _claim_ready(self, plugin: Watched) -> None:
        healthy = condition(plugin.values, "Healthy") or {}
        is_well = plugin.values.get("status") == "ready" and healthy.get("status") == "True"
        self.claim(f"{plugin.label} is ready and healthy", is_well)

    def _bodies(self) -> list[dict[str, Any]]:
        return [
            bodies.file_body(self.plugins_folder / "my-plugin"),
            bodies.grpc_body(self.remote.port),
            bodies.image_body(self.stack.registry),
            bodies.artifact_body(self.stack.registry),
            bodies.late_body(self.late.port),
        ]

    def _packages(self) -> dict[str, packages.Package]:
        artifact = _executable_of("my-artifact-plugin")
        return {
            bodies.IMAGE_REPOSITORY: packages.image(_executable_of("my-oci-plugin")),
            bodies.ARTIFACT_REPOSITORY: packages.artifact(artifact, name="my-artifact-plugin", version=bodies.TAG),
        }

    def _create_repository(self, name: str) -> None:
        ecr = self.stack.client("ecr")
        try:
            ecr.create_repository(repositoryName=name)
        except ecr.exceptions.RepositoryAlreadyExistsException:
            return


def _executable_of(slug: str) -> bytes:
    """Each package holds an executable of its own."""
    return static_executable(f"{slug} {bodies.TAG}")


def seconds_since(started: float) -> str:
    """Give the time for the left margin."""
    return f"{time.monotonic() - started:6.1f} s"
