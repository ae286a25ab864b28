"""Builds small executables, layers, images and artifacts for tests; no binary file is kept."""

import gzip
import hashlib
import io
import json
import struct
import tarfile
from collections.abc import Mapping, Sequence
from typing import Any

import zstandard

from tests.unit.artifacts.fakes import FakeRegistry, digest_of

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
IMAGE_CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"
TYK_LAYER = "application/vnd.tyk.plugin.layer.v1"
TYK_CONFIG = "application/vnd.tyk.plugin.config.v1+json"
_MACHINES = {"amd64": 62, "arm64": 183, "riscv64": 243}


def elf(architecture: str = "amd64", *, pad: int = 0, interpreter: bool = False, needed: bool = False) -> bytes:
    """Build a 64-bit program with, where asked, interpreter and dynamic section; `pad` bytes fill it up."""
    kinds = [1, *([3] if interpreter else []), *([2] if needed else [])]
    body = 64 + 56 * len(kinds)
    dynamic = struct.pack("<qQqQ", 1, 0, 0, 0)
    filling = hashlib.shake_128(architecture.encode()).digest(pad)
    total = body + 16 + len(dynamic) + pad
    data = b"\x7fELF\x02\x01\x01" + bytes(9)
    data += struct.pack(
        "<HHIQQQIHHHHHH", 2, _MACHINES[architecture], 1, 0x400000 + body, 64, 0, 0, 64, 56, len(kinds), 0, 0, 0
    )
    for kind in kinds:
        offset, size = {1: (0, total), 3: (body, 16), 2: (total - len(dynamic), len(dynamic))}[kind]
        data += struct.pack("<IIQQQQQQ", kind, 5, offset, 0x400000 + offset, 0, size, size, 8)
    return data + b"/lib/ld.so".ljust(16, b"\0") + filling + dynamic


def tar(files: Mapping[str, bytes | None], *, mode: int = 0o755) -> bytes:
    """Build an archive; None makes a directory."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.mode = mode
            if content is None:
                entry.type = tarfile.DIRTYPE
            entry.size = len(content or b"")
            archive.addfile(entry, io.BytesIO(content or b""))
    return buffer.getvalue()


def compress(data: bytes, compression: str) -> bytes:
    """Compress a layer."""
    if compression == "gzip":
        return gzip.compress(data, 1)
    if compression == "zstd":
        return zstandard.ZstdCompressor(write_checksum=True).compress(data)
    return data


def add_image(
    registry: FakeRegistry,
    layers: Sequence[bytes],
    *,
    compression: str = "gzip",
    config: Mapping[str, Any] | None = None,
    tag: str | None = "latest",
) -> str:
    """Add an image of those uncompressed layers and give its manifest's digest."""
    document = {
        "architecture": "amd64",
        "os": "linux",
        "config": {"Entrypoint": ["/plugin"]},
        "rootfs": {"type": "layers", "diff_ids": [digest_of(layer) for layer in layers]},
        **(config or {}),
    }
    media_type = LAYER + {"gzip": "+gzip", "zstd": "+zstd"}.get(compression, "")
    blobs = [compress(layer, compression) for layer in layers]
    return add_manifest(
        registry,
        {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": descriptor(registry, json.dumps(document).encode(), IMAGE_CONFIG),
            "layers": [descriptor(registry, blob, media_type) for blob in blobs],
        },
        tag,
    )


def add_artifact(
    registry: FakeRegistry,
    layers: Sequence[bytes],
    *,
    layer_type: str = TYK_LAYER,
    config: bytes = b'{"name":"rate-limit","version":"1.2.0"}',
    annotations: Mapping[str, str] | None = None,
    tag: str | None = "latest",
) -> str:
    """Add an artifact whose layers are raw and give its manifest's digest."""
    extra = {"annotations": dict(annotations)} if annotations else {}
    return add_manifest(
        registry,
        {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "artifactType": "application/vnd.tyk.plugin.binary.v1",
            "config": descriptor(registry, config, TYK_CONFIG),
            "layers": [{**descriptor(registry, layer, layer_type), **extra} for layer in layers],
        },
        tag,
    )


def add_index(registry: FakeRegistry, entries: Mapping[str, str], *, tag: str = "latest") -> str:
    """Add an index of platform → manifest digest, with an attestation entry as BuildKit writes it."""
    manifests = [
        {
            "mediaType": OCI_INDEX if b'"manifests"' in registry.blobs[digest] else OCI_MANIFEST,
            "digest": digest,
            "size": len(registry.blobs[digest]),
            "platform": dict(zip(("os", "architecture", "variant"), platform.split("/"), strict=False)),
        }
        for platform, digest in entries.items()
    ]
    attestation = {
        "mediaType": OCI_MANIFEST,
        "digest": digest_of(b"attestation"),
        "size": 11,
        "platform": {"os": "unknown", "architecture": "unknown"},
        "annotations": {"vnd.docker.reference.type": "attestation-manifest"},
    }
    return add_manifest(
        registry, {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [*manifests, attestation]}, tag
    )


def add_manifest(registry: FakeRegistry, document: Mapping[str, Any], tag: str | None) -> str:
    """Add a document under a tag and give its digest."""
    digest = registry.add(json.dumps(document).encode())
    registry.types[digest] = str(document["mediaType"])
    if tag is not None:
        registry.tags[tag] = digest
    return digest


def descriptor(registry: FakeRegistry, data: bytes, media_type: str) -> dict[str, Any]:
    """Add a blob and describe it."""
    return {"mediaType": media_type, "digest": registry.add(data), "size": len(data)}
