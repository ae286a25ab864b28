"""The image configuration: which file is the entrypoint, for which platform, over which layers.

https://github.com/opencontainers/image-spec/blob/v1.1.0/config.md
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from shared.artifacts.reasons import (
    ENTRYPOINT_IS_LAUNCHER,
    ENTRYPOINT_MISSING,
    ENTRYPOINT_NOT_ABSOLUTE,
    ENTRYPOINT_NOT_CANONICAL,
    IMAGE_CONFIG_INVALID,
    PLATFORM_MISMATCH,
)
from shared.artifacts.tar_headers import MAX_PATH_BYTES
from shared.errors import Refused
from shared.registry.manifests import Platform, parse_platform
from shared.strict_json import parse_strict_json

ARGUMENTS_WARNING: Final = "The image's entrypoint has arguments: only the executable is stored."

#: Their file is not the plugin; storing it would hand a shell to the gateway.
_SHELLS: Final = frozenset({"ash", "bash", "busybox", "dash", "ksh", "sh", "zsh"})
_LAUNCHERS: Final = _SHELLS | {"catatonit", "docker-init", "dumb-init", "env", "gosu", "su-exec", "tini"}
_DIFF_ID: Final = re.compile(r"sha256:[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class ImageConfig:
    """What a pull needs of an image's configuration.

    Attributes:
        platform: os and architecture (and variant) as the builder set them.
        entrypoint: canonical path inside the image, without leading slash.
        diff_ids: `sha256:<hex>` of each uncompressed layer, lowest first.
        warnings: what a person should know.
    """

    platform: Platform
    entrypoint: str
    diff_ids: tuple[str, ...]
    warnings: tuple[str, ...]


def parse_image_config(data: bytes, *, layers: int, max_bytes: int) -> ImageConfig:
    """Parse the config blob of an image with that many layers.

    Raises:
        Refused: `image_config_invalid`, `platform_mismatch` (the platform is missing) or an `entrypoint_…` reason.
    """
    try:
        document = parse_strict_json(data, max_bytes=max_bytes)
    except Refused as error:
        raise _invalid(f"{error.reason.code}: {error.message}") from error
    document = _object(document, "the document")
    diff_ids = _diff_ids(document, layers)
    platform = _platform(document)
    command = _command(_object(document.get("config") or {}, "config"))
    return ImageConfig(
        platform=platform,
        entrypoint=_entrypoint_path(command[0]),
        diff_ids=diff_ids,
        warnings=(ARGUMENTS_WARNING,) if len(command) > 1 else (),
    )


def _object(value: Any, what: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise _invalid(f"{what} is not an object")
    return value


def _platform(document: Mapping[str, Any]) -> Platform:
    words = [document.get("os"), document.get("architecture"), document.get("variant") or None]
    if not words[0] or not words[1]:
        raise Refused(PLATFORM_MISMATCH, "the image's configuration names no os or no architecture")
    if not all(isinstance(word, str) for word in words if word is not None):
        raise _invalid("os, architecture or variant is not text")
    try:
        return parse_platform("/".join(word for word in words if word))
    except Refused as error:
        raise _invalid("os, architecture or variant is not a name") from error


def _diff_ids(document: Mapping[str, Any], layers: int) -> tuple[str, ...]:
    rootfs = _object(document.get("rootfs"), "rootfs")
    diff_ids = rootfs.get("diff_ids")
    if rootfs.get("type") != "layers" or not isinstance(diff_ids, list):
        raise _invalid("rootfs is not a list of layers")
    if not all(isinstance(diff_id, str) and _DIFF_ID.fullmatch(diff_id) for diff_id in diff_ids):
        raise _invalid("a diff_id is not a sha256 digest")
    if len(diff_ids) != layers:
        raise _invalid(f"{len(diff_ids)} diff_ids for {layers} layers")
    return tuple(diff_ids)


def _command(config: Mapping[str, Any]) -> list[str]:
    """Give the first of Entrypoint and Cmd that names something, as a runtime would."""
    for field in ("Entrypoint", "Cmd"):
        value = config.get(field)
        if value is None or value == []:
            continue
        if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
            raise _invalid(f"{field} is not a list of texts")
        return value
    raise Refused(ENTRYPOINT_MISSING, "the image has neither Entrypoint nor Cmd")


def _entrypoint_path(word: str) -> str:
    if not word or not word.isprintable() or len(word.encode("utf-8", "replace")) > MAX_PATH_BYTES:
        raise _invalid("the entrypoint is empty, too long or has control characters")
    if not word.startswith("/"):
        raise Refused(ENTRYPOINT_NOT_ABSOLUTE, f"{word!r}")
    parts = word[1:].split("/")
    if any(part in {"", ".", ".."} for part in parts):
        raise Refused(ENTRYPOINT_NOT_CANONICAL, f"{word!r}")
    if parts[-1] in _LAUNCHERS:
        raise Refused(ENTRYPOINT_IS_LAUNCHER, f"{word!r}")
    return word[1:]


def _invalid(detail: str) -> Refused:
    return Refused(IMAGE_CONFIG_INVALID, detail)
