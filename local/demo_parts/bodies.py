"""The product document's own request bodies; only the hosts are this machine's."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

#: Where the demo's packages lie in the registry.
IMAGE_REPOSITORY: Final = "plugins/my-plugin"
ARTIFACT_REPOSITORY: Final = "plugins/my-artifact-plugin"
TAG: Final = "v1.0.0"


def file_body(executable: Path) -> dict[str, Any]:
    """file://: an executable on a mounted path."""
    return _body("My Plugin", "my-plugin", executable.as_uri())


def grpc_body(port: int) -> dict[str, Any]:
    """grpc://: a plugin that runs as a server."""
    return _body("My Remote Plugin", "my-remote-plugin", f"grpc://127.0.0.1:{port}")


def late_body(port: int) -> dict[str, Any]:
    """grpc://: the same, but its server is not there yet."""
    return _body("My Late Plugin", "my-late-plugin", f"grpc://127.0.0.1:{port}")


def image_body(registry: str) -> dict[str, Any]:
    """oci://: a FROM scratch image."""
    reference = f"{registry}/{IMAGE_REPOSITORY}:{TAG}"
    return {**_body("My OCI Plugin", "my-oci-plugin", f"oci://{reference}"), "oci_reference": reference}


def artifact_body(registry: str) -> dict[str, Any]:
    """oci://: the executable as an artifact."""
    reference = f"{registry}/{ARTIFACT_REPOSITORY}:{TAG}"
    return {**_body("My Artifact Plugin", "my-artifact-plugin", f"oci://{reference}"), "oci_reference": reference}


#: Commands that are refused at once, with the reason that must come back.
REFUSED: Final[Mapping[str, dict[str, Any]]] = {
    "internal_network_address": {
        "name": "My Metadata Plugin",
        "slug": "my-metadata-plugin",
        "command": "grpc://169.254.169.254:50051",
        "hook_type": "pre_auth",
        "plugin_type": "gateway",
        "is_active": True,
    },
    "relative_path": {
        "name": "My Relative Plugin",
        "slug": "my-relative-plugin",
        "command": "file://./my-plugin",
        "hook_type": "pre_auth",
        "plugin_type": "gateway",
        "is_active": True,
    },
}


def _body(name: str, slug: str, command: str) -> dict[str, Any]:
    return {
        "name": name,
        "slug": slug,
        "command": command,
        "hook_type": "pre_auth",
        "plugin_type": "gateway",
        "is_active": True,
    }
