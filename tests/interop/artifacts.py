"""Artifacts as the Python client of oras pushes them: the executable itself is the one layer."""

import json
from pathlib import Path

import oras.client

from local.registry import RunningRegistry
from tests.interop.executables import write_executable

TYK_LAYER = "application/vnd.tyk.plugin.layer.v1"
TYK_CONFIG = "application/vnd.tyk.plugin.config.v1+json"
PLAIN_LAYER = "application/octet-stream"


def push_tyk_artifact(folder: Path, data: bytes, registry: RunningRegistry, name: str) -> dict[str, str]:
    """Push with the product's media types, platform annotations and a config document; give that document."""
    plugin, config, annotations = write_executable(folder, data), folder / "config.json", folder / "annotations.json"
    document = {"name": "my-plugin", "version": "1.2.3", "os": "linux", "arch": "amd64"}
    config.write_text(json.dumps(document))
    platform = {"org.opencontainers.image.os": "linux", "org.opencontainers.image.arch": "amd64"}
    annotations.write_text(json.dumps({str(plugin): platform}))
    _client(registry).push(
        target=f"{registry.host}/{name}",
        files=[f"{plugin}:{TYK_LAYER}"],
        manifest_config=f"{config}:{TYK_CONFIG}",
        annotation_file=str(annotations),
        disable_path_validation=True,
        quiet=True,
    )
    return document


def push_plain_artifact(folder: Path, data: bytes, registry: RunningRegistry, name: str) -> None:
    """Push one file with the client's own defaults: an unknown config, no platform anywhere."""
    _client(registry).push(
        target=f"{registry.host}/{name}",
        files=[f"{write_executable(folder, data)}:{PLAIN_LAYER}"],
        disable_path_validation=True,
        quiet=True,
    )


def _client(registry: RunningRegistry) -> oras.client.OrasClient:
    client = oras.client.OrasClient(hostname=registry.host, insecure=True, auth_backend="basic")
    if registry.username:
        client.auth.set_basic_auth(registry.username, registry.password)
    return client
