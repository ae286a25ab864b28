"""Tells how a manifest packs its executable: an image of tar layers, or an artifact whose one layer is the file."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from shared.artifacts.compression import Compression
from shared.artifacts.limits import PullLimits
from shared.artifacts.reasons import (
    ARTIFACT_AMBIGUOUS,
    LAYER_TYPE_UNSUPPORTED,
    PLATFORM_MISMATCH,
    PLUGIN_CONFIG_INVALID,
)
from shared.errors import Refused
from shared.registry.manifests import Descriptor, ImageManifest, Platform, parse_platform
from shared.registry.reasons import BLOB_TOO_LARGE
from shared.strict_json import parse_strict_json

TYK_LAYER_TYPE: Final = "application/vnd.tyk.plugin.layer.v1"
_EMPTY_CONFIG_TYPE: Final = "application/vnd.oci.empty.v1+json"
_IMAGE_CONFIG_TYPES: Final = frozenset(
    {"application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json"}
)
_TAR_LAYER_TYPES: Final[Mapping[str, Compression]] = {
    "application/vnd.oci.image.layer.v1.tar": "none",
    "application/vnd.oci.image.layer.v1.tar+gzip": "gzip",
    "application/vnd.oci.image.layer.v1.tar+zstd": "zstd",
    "application/vnd.docker.image.rootfs.diff.tar": "none",
    "application/vnd.docker.image.rootfs.diff.tar.gzip": "gzip",
    "application/vnd.docker.image.rootfs.diff.tar.zstd": "zstd",
}
_TAR_FAMILIES: Final = ("application/vnd.oci.image.layer.", "application/vnd.docker.image.rootfs.")
_OS_ANNOTATION: Final = "org.opencontainers.image.os"
_ARCHITECTURE_ANNOTATION: Final = "org.opencontainers.image.arch"
_TEXT_FIELDS: Final = ("name", "version", "plugin_api", "os", "arch", "libc", "host_min_version", "notes")


@dataclass(frozen=True, slots=True)
class ImagePackaging:
    """Tar layers, lowest first, each with its compression; the image configuration names the file."""

    config: Descriptor
    layers: tuple[tuple[Descriptor, Compression], ...]


@dataclass(frozen=True, slots=True)
class ArtifactPackaging:
    """One layer that is the executable; `config` is its own document where it has one."""

    layer: Descriptor
    config: Descriptor | None


def packaging_of(manifest: ImageManifest, limits: PullLimits) -> ImagePackaging | ArtifactPackaging:
    """Tell how the manifest packs its executable.

    Raises:
        Refused: `artifact_ambiguous`, `layer_type_unsupported` or `blob_too_large`.
    """
    for layer in manifest.layers:
        if layer.size > limits.max_blob_bytes:
            raise Refused(BLOB_TOO_LARGE, f"a layer has {layer.size} bytes, the limit is {limits.max_blob_bytes}")
    is_image = manifest.config.media_type in _IMAGE_CONFIG_TYPES
    tar_layers = [layer for layer in manifest.layers if layer.media_type.startswith(_TAR_FAMILIES)]
    if is_image and len(tar_layers) == len(manifest.layers):
        return ImagePackaging(manifest.config, tuple((layer, _compression(layer)) for layer in manifest.layers))
    if tar_layers:
        raise Refused(ARTIFACT_AMBIGUOUS, "an archive in an artifact does not say which of its files is the plugin")
    if is_image and manifest.artifact_type is None:
        raise Refused(LAYER_TYPE_UNSUPPORTED, f"{manifest.layers[0].media_type} in an image")
    return ArtifactPackaging(_only_candidate(manifest), _config_document(manifest.config))


def _compression(layer: Descriptor) -> Compression:
    compression = _TAR_LAYER_TYPES.get(layer.media_type)
    if compression is None:
        raise Refused(LAYER_TYPE_UNSUPPORTED, layer.media_type)
    return compression


def _only_candidate(manifest: ImageManifest) -> Descriptor:
    """The layer with the product's media type if there is one, else the only layer."""
    named = [layer for layer in manifest.layers if layer.media_type == TYK_LAYER_TYPE]
    candidates = named or list(manifest.layers)
    if len(candidates) != 1:
        raise Refused(ARTIFACT_AMBIGUOUS, f"{len(candidates)} layers could be the executable")
    return candidates[0]


def _config_document(config: Descriptor) -> Descriptor | None:
    """An artifact's config is read where it says that it is JSON and not empty."""
    is_json = config.media_type.endswith(("+json", "/json"))
    return config if is_json and config.media_type != _EMPTY_CONFIG_TYPE else None


def parse_plugin_config(data: bytes, *, max_bytes: int) -> dict[str, Any]:
    """Parse an artifact's own config document: a JSON object whose known fields are text.

    Raises:
        Refused: `plugin_config_invalid`.
    """
    try:
        document = parse_strict_json(data, max_bytes=max_bytes)
    except Refused as error:
        raise Refused(PLUGIN_CONFIG_INVALID, f"{error.reason.code}: {error.message}") from error
    if not isinstance(document, dict):
        raise Refused(PLUGIN_CONFIG_INVALID, "it is not an object")
    for field in _TEXT_FIELDS:
        if not isinstance(document.get(field, ""), str):
            raise Refused(PLUGIN_CONFIG_INVALID, f"{field} is not text")
    capabilities = document.get("capabilities", [])
    if not isinstance(capabilities, list) or not all(isinstance(word, str) for word in capabilities):
        raise Refused(PLUGIN_CONFIG_INVALID, "capabilities is not a list of texts")
    return document


def declared_platforms(layer: Descriptor, plugin_config: Mapping[str, Any]) -> tuple[Platform, ...]:
    """Give what an artifact says about its platform: by annotations, by its config; each only where complete."""
    pairs = (
        (layer.annotations.get(_OS_ANNOTATION), layer.annotations.get(_ARCHITECTURE_ANNOTATION)),
        (plugin_config.get("os"), plugin_config.get("arch")),
    )
    platforms = []
    for system, architecture in pairs:
        if system and architecture:
            try:
                platforms.append(parse_platform(f"{system}/{architecture}"))
            except Refused as error:
                raise Refused(PLATFORM_MISMATCH, "the artifact's platform is not os and architecture") from error
    return tuple(platforms)
