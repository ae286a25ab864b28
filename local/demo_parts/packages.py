"""The two ways to pack a plugin for a registry, built in memory and the same on every run.

Image: what `FROM scratch; COPY my-plugin /plugin; ENTRYPOINT ["/plugin"]` builds
(https://github.com/opencontainers/image-spec/blob/main/manifest.md). Artifact: the executable itself as the one layer,
as `oras push` packs it.
"""

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

MANIFEST_TYPE: Final = "application/vnd.oci.image.manifest.v1+json"
_IMAGE_CONFIG_TYPE: Final = "application/vnd.oci.image.config.v1+json"
_IMAGE_LAYER_TYPE: Final = "application/vnd.oci.image.layer.v1.tar+gzip"
_PLUGIN_TYPE: Final = "application/vnd.tyk.plugin.binary.v1"
_PLUGIN_CONFIG_TYPE: Final = "application/vnd.tyk.plugin.config.v1+json"
_PLUGIN_LAYER_TYPE: Final = "application/vnd.tyk.plugin.layer.v1"
_OPERATING_SYSTEM: Final = "linux"
_ARCHITECTURE: Final = "amd64"


@dataclass(frozen=True, slots=True)
class Package:
    """What a registry needs: the blobs, then the manifest that names them."""

    manifest: bytes
    blobs: Sequence[bytes]

    @property
    def digest(self) -> str:
        """Digest of the manifest, `sha256:<hex>`."""
        return digest_of(self.manifest)


def image(executable: bytes) -> Package:
    """Pack the executable as a container image with nothing else in it."""
    tar = _tar("plugin", executable)
    layer = gzip.compress(tar, mtime=0)
    config = _json(
        {
            "architecture": _ARCHITECTURE,
            "os": _OPERATING_SYSTEM,
            "config": {"Entrypoint": ["/plugin"]},
            "rootfs": {"type": "layers", "diff_ids": [digest_of(tar)]},
        }
    )
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "config": _descriptor(_IMAGE_CONFIG_TYPE, config),
        "layers": [_descriptor(_IMAGE_LAYER_TYPE, layer)],
    }
    return Package(_json(manifest), (config, layer))


def artifact(executable: bytes, *, name: str, version: str) -> Package:
    """Pack the executable as an artifact with the product's own media types."""
    config = _json({"name": name, "version": version, "os": _OPERATING_SYSTEM, "arch": _ARCHITECTURE})
    annotations = {
        "org.opencontainers.image.title": name,
        "org.opencontainers.image.os": _OPERATING_SYSTEM,
        "org.opencontainers.image.arch": _ARCHITECTURE,
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "artifactType": _PLUGIN_TYPE,
        "config": _descriptor(_PLUGIN_CONFIG_TYPE, config),
        "layers": [{**_descriptor(_PLUGIN_LAYER_TYPE, executable), "annotations": annotations}],
    }
    return Package(_json(manifest), (config, executable))


def digest_of(content: bytes) -> str:
    """Give `sha256:<hex>`."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _tar(name: str, content: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        entry = tarfile.TarInfo(name)
        entry.size, entry.mode = len(content), 0o755
        archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def _descriptor(media_type: str, content: bytes) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": digest_of(content), "size": len(content)}


def _json(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, separators=(",", ":"), sort_keys=True).encode()
