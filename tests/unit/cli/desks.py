"""A terminal in front of one registry, whose answers are made from content in memory."""

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import requests

from tests.unit.artifacts.fakes import FakeRegistry
from tests.unit.artifacts.images import add_artifact, add_image, add_index, elf, tar
from tests.unit.cli.fakes import Terminal
from tests.unit.egress.fakes import FakeResolver
from tests.unit.registry.fakes import Answer, ScriptedAdapter, scripted_session

HOST = "registry.example.com"
BASE = f"https://{HOST}/v2/plugins/my-plugin"
COMMAND = f"oci://{HOST}/plugins/my-plugin:v1"


class Desk(Terminal):
    """A terminal in front of one registry."""

    def __init__(
        self,
        content: FakeRegistry,
        *,
        environment: Mapping[str, str] | None = None,
        first: tuple[Answer, ...] = (),
        addresses: Any = ("93.184.216.34",),
        home: Path = Path("/nonexistent"),
    ) -> None:
        super().__init__(
            environment={"HOME": str(home), **(environment or {})},
            resolver=FakeResolver({HOST: addresses}),
            make_session=self._session,
        )
        answers = {f"{BASE}/blobs/{digest}": [Answer(body=data)] for digest, data in content.blobs.items()}
        for name, digest in [*content.tags.items(), *((digest, digest) for digest in content.types)]:
            found = Answer(body=content.blobs[digest], headers={"Content-Type": content.types[digest]})
            answers[f"{BASE}/manifests/{name}"] = [*(first if name in content.tags else ()), found]
        self.answers = answers
        self.adapter: ScriptedAdapter | None = None
        self.options: Mapping[str, Any] = {}

    def _session(self, **options: Any) -> requests.Session:
        self.options = options
        session, self.adapter = scripted_session(self.answers)
        return session

    @property
    def passwords(self) -> list[str]:
        """Give the passwords that were sent with the first request that had one."""
        assert self.adapter is not None
        sent = [header for header in self.adapter.sent("Authorization") if header]
        return [base64.b64decode(header.removeprefix("Basic ")).decode() for header in sent[:1]]


def two_platforms() -> FakeRegistry:
    """Give a registry with an index of two images under `v1`."""
    content = FakeRegistry()
    images = {
        f"linux/{architecture}": add_image(
            content, [tar({"plugin": elf(architecture, pad=4096)})], config={"architecture": architecture}, tag=None
        )
        for architecture in ("amd64", "arm64")
    }
    add_index(content, images, tag="v1")
    return content


def one_artifact(**options: Any) -> FakeRegistry:
    """Give a registry with an artifact under `v1`."""
    content = FakeRegistry()
    add_artifact(content, [elf()], tag="v1", **options)
    return content
