"""Manifests and indexes, read so that a digest fixes their meaning: media type in header = field = shape.

https://github.com/opencontainers/image-spec/blob/v1.1.0/manifest.md, image-index.md, and the Docker forms
https://distribution.github.io/distribution/spec/manifest-v2-2/. The ambiguity that this closes: CVE-2021-41190.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from shared.errors import Refused
from shared.registry import reasons
from shared.registry.descriptors import (
    Descriptor,
    Platform,
    digest_of,
    parse_annotations,
    parse_descriptor,
    parse_digest,
    parse_media_type,
    parse_platform,
    verify_digest,
)
from shared.strict_json import JSON_TOO_LARGE, parse_strict_json

__all__ = [
    "Descriptor",
    "ImageManifest",
    "Index",
    "Platform",
    "parse_digest",
    "parse_manifest",
    "parse_platform",
]

#: distribution-spec asks registries to take at least 4 MB; larger ones are an attack on memory.
MAX_MANIFEST_BYTES: Final = 4 * 1024 * 1024
MAX_CONFIG_BYTES: Final = 4 * 1024 * 1024
MAX_LAYERS: Final = 128
MAX_INDEX_ENTRIES: Final = 1000
_SCHEMA_VERSION: Final = 2

OCI_MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX: Final = "application/vnd.oci.image.index.v1+json"
DOCKER_MANIFEST: Final = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST: Final = "application/vnd.docker.distribution.manifest.list.v2+json"
MANIFEST_TYPES: Final = frozenset({OCI_MANIFEST, DOCKER_MANIFEST})
INDEX_TYPES: Final = frozenset({OCI_INDEX, DOCKER_LIST})
#: In the order of preference, for the Accept header.
ACCEPTED_TYPES: Final = (OCI_MANIFEST, OCI_INDEX, DOCKER_MANIFEST, DOCKER_LIST)
_FOREIGN_MARKS: Final = (".nondistributable.", ".foreign.")


@dataclass(frozen=True, slots=True)
class ImageManifest:
    """One image or artifact: a config and layers.

    Attributes:
        digest: of the bytes as received.
        media_type: one of `MANIFEST_TYPES`.
        artifact_type: `artifactType`, where given.
        config: descriptor of the config, at most 4 MiB.
        layers: lowest first, at most 128.
        annotations: text by key.
        subject: what this manifest is about, where given (a signature's image).
    """

    digest: str
    media_type: str
    artifact_type: str | None
    config: Descriptor
    layers: tuple[Descriptor, ...]
    annotations: Mapping[str, str] = field(default_factory=dict)
    subject: Descriptor | None = None


@dataclass(frozen=True, slots=True)
class Index:
    """Several manifests under one digest, one per platform.

    Attributes:
        digest: of the bytes as received.
        media_type: one of `INDEX_TYPES`.
        manifests: in the order of the document, at most 1000.
        annotations: text by key.
    """

    digest: str
    media_type: str
    manifests: tuple[Descriptor, ...]
    annotations: Mapping[str, str] = field(default_factory=dict)

    def entry_for(self, wanted: Platform) -> Descriptor | None:
        """Give the first entry that is exactly this platform and something to run, as image-spec has it."""
        for entry in self.manifests:
            if entry.platform is not None and not entry.is_attestation and entry.platform.matches(wanted):
                return entry
        return None

    @property
    def platforms(self) -> tuple[Platform, ...]:
        """Give the platforms that there is something to run for."""
        return tuple(entry.platform for entry in self.manifests if entry.platform and not entry.is_attestation)


def parse_manifest(data: bytes, *, media_type_header: str | None, expected_digest: str | None) -> ImageManifest | Index:
    """Read a manifest or index; the bytes are hashed before they are parsed.

    Args:
        data: the body as received, at most 4 MiB.
        media_type_header: `Content-Type` of the answer, None where there was none.
        expected_digest: what the bytes were asked by, None for a tag.

    Raises:
        Refused: `manifest_too_large`, `digest_mismatch`, `media_type_unsupported`, `media_type_mismatch`,
            `manifest_invalid`, `manifest_ambiguous`, `foreign_layer`, `config_too_large`, `too_many_layers`,
            `index_too_wide`, `digest_invalid`, `digest_algorithm_unsupported`.
    """
    if len(data) > MAX_MANIFEST_BYTES:
        raise Refused(reasons.MANIFEST_TOO_LARGE, f"more than {MAX_MANIFEST_BYTES} bytes")
    if expected_digest is not None:
        verify_digest(data, parse_digest(expected_digest))
    header = _header_type(media_type_header)
    document = _document(data, header)
    digest = expected_digest or digest_of(data)
    media_type = _agreed_type(document, header)
    if media_type in INDEX_TYPES:
        return _index(document, digest, media_type)
    return _image(document, digest, media_type)


def _header_type(value: str | None) -> str | None:
    return (value or "").partition(";")[0].strip().lower() or None


def _document(data: bytes, header: str | None) -> dict[str, Any]:
    known = header is None or header in ACCEPTED_TYPES
    try:
        document = parse_strict_json(data, max_bytes=MAX_MANIFEST_BYTES)
    except Refused as error:
        if not known:
            raise Refused(reasons.MEDIA_TYPE_UNSUPPORTED) from error
        reason = reasons.MANIFEST_TOO_LARGE if error.reason is JSON_TOO_LARGE else reasons.MANIFEST_INVALID
        raise Refused(reason, error.message) from error
    if not known:
        embedded = document.get("mediaType") if isinstance(document, dict) else None
        disagree = isinstance(embedded, str) and embedded in ACCEPTED_TYPES
        raise Refused(reasons.MEDIA_TYPE_MISMATCH if disagree else reasons.MEDIA_TYPE_UNSUPPORTED)
    if not isinstance(document, dict):
        raise Refused(reasons.MANIFEST_INVALID, "a manifest is a JSON object")
    return document


def _agreed_type(document: dict[str, Any], header: str | None) -> str:
    version = document.get("schemaVersion")
    if version == 1 or "fsLayers" in document:
        raise Refused(reasons.MEDIA_TYPE_UNSUPPORTED, "schema 1 manifests are not read")
    if isinstance(version, bool) or not isinstance(version, int) or version != _SCHEMA_VERSION:
        raise Refused(reasons.MANIFEST_INVALID, "schemaVersion is not 2")
    is_index = "manifests" in document
    is_image = "layers" in document or "config" in document
    if is_index and is_image:
        raise Refused(reasons.MANIFEST_AMBIGUOUS)
    embedded = document.get("mediaType")
    if "mediaType" in document and embedded not in ACCEPTED_TYPES:
        parse_media_type(embedded, "mediaType")
        raise Refused(reasons.MEDIA_TYPE_UNSUPPORTED, "mediaType of the document")
    if header and embedded and header != embedded:
        raise Refused(reasons.MEDIA_TYPE_MISMATCH, "Content-Type and mediaType differ")
    media_type = header or embedded
    if media_type is None:
        raise Refused(reasons.MEDIA_TYPE_UNSUPPORTED, "neither Content-Type nor mediaType says what this is")
    if not (is_index or is_image):
        raise Refused(reasons.MANIFEST_INVALID, "neither layers nor manifests")
    if is_index != (media_type in INDEX_TYPES):
        raise Refused(reasons.MEDIA_TYPE_MISMATCH, "the document has another shape than its type")
    return str(media_type)


def _image(document: dict[str, Any], digest: str, media_type: str) -> ImageManifest:
    layers = document.get("layers")
    if not isinstance(layers, list):
        raise Refused(reasons.MANIFEST_INVALID, "layers is not a list")
    if len(layers) > MAX_LAYERS:
        raise Refused(reasons.TOO_MANY_LAYERS, f"more than {MAX_LAYERS}")
    config = parse_descriptor(document.get("config"), "config")
    if config.size > MAX_CONFIG_BYTES:
        raise Refused(reasons.CONFIG_TOO_LARGE, f"more than {MAX_CONFIG_BYTES} bytes")
    artifact_type = document.get("artifactType")
    subject = document.get("subject")
    return ImageManifest(
        digest=digest,
        media_type=media_type,
        artifact_type=parse_media_type(artifact_type, "artifactType") if artifact_type else None,
        config=config,
        layers=tuple(_layer(value, f"layers[{number}]") for number, value in enumerate(layers)),
        annotations=parse_annotations(document.get("annotations"), "manifest"),
        subject=None if subject is None else parse_descriptor(subject, "subject"),
    )


def _layer(value: Any, where: str) -> Descriptor:
    descriptor = parse_descriptor(value, where)
    if value.get("urls") or any(mark in descriptor.media_type for mark in _FOREIGN_MARKS):
        raise Refused(reasons.FOREIGN_LAYER, where)
    return descriptor


def _index(document: dict[str, Any], digest: str, media_type: str) -> Index:
    entries = document["manifests"]
    if not isinstance(entries, list):
        raise Refused(reasons.MANIFEST_INVALID, "manifests is not a list")
    if len(entries) > MAX_INDEX_ENTRIES:
        raise Refused(reasons.INDEX_TOO_WIDE, f"more than {MAX_INDEX_ENTRIES} entries")
    return Index(
        digest=digest,
        media_type=media_type,
        manifests=tuple(parse_descriptor(value, f"manifests[{number}]") for number, value in enumerate(entries)),
        annotations=parse_annotations(document.get("annotations"), "index"),
    )
