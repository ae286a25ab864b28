"""Descriptors, digests and platforms as the image specification has them, read strictly.

https://github.com/opencontainers/image-spec/blob/v1.1.0/descriptor.md
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from shared.errors import Refused
from shared.registry import reasons

_DIGEST_HEX: Final = {"sha256": 64, "sha512": 128}
_DIGEST: Final = re.compile(r"([a-z0-9]+(?:[+._-][a-z0-9]+)*):([a-zA-Z0-9=_-]{1,256})", re.ASCII)
_LOWER_HEX: Final = re.compile(r"[0-9a-f]+", re.ASCII)
# https://www.rfc-editor.org/rfc/rfc6838#section-4.2
_MEDIA_TYPE: Final = re.compile(r"[a-zA-Z0-9][\w!#$&^.+-]{0,126}/[a-zA-Z0-9][\w!#$&^.+-]{0,126}", re.ASCII)
_PLATFORM_WORD: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)
_MAX_ANNOTATIONS: Final = 1000
# The variant that a name without variant means: the same machines, so the same platform and no "compatible" one.
_DEFAULT_VARIANTS: Final = {"amd64": "v1", "arm64": "v8", "arm": "v7"}

ATTESTATION_ANNOTATION: Final = "vnd.docker.reference.type"
ATTESTATION_TYPE: Final = "attestation-manifest"
TITLE_ANNOTATION: Final = "org.opencontainers.image.title"


@dataclass(frozen=True, slots=True)
class Platform:
    """What a binary runs on: `linux/amd64`, `linux/arm/v7`; the words are Go's GOOS and GOARCH."""

    os: str
    architecture: str
    variant: str | None = None

    def __str__(self) -> str:
        variant = f"/{self.variant}" if self.variant else ""
        return f"{self.os}/{self.architecture}{variant}"

    def matches(self, wanted: "Platform") -> bool:
        """Say whether this is exactly the wanted platform; a missing variant is the architecture's default one."""
        return _canonical(self) == _canonical(wanted)


@dataclass(frozen=True, slots=True)
class Descriptor:
    """What a piece of content is, by which digest and how large.

    Attributes:
        media_type: type/subtype as written.
        digest: `sha256:` + 64 or `sha512:` + 128 lower-case hexadecimal digits.
        size: bytes.
        platform: of an index's entry, where it has one.
        annotations: text by key.
        artifact_type: of an index's entry, where it has one.
    """

    media_type: str
    digest: str
    size: int
    platform: Platform | None = None
    annotations: Mapping[str, str] = field(default_factory=dict)
    artifact_type: str | None = None

    @property
    def is_attestation(self) -> bool:
        """Say whether this index entry describes another one (BuildKit provenance, SBOM) and is nothing to run."""
        if self.annotations.get(ATTESTATION_ANNOTATION) == ATTESTATION_TYPE:
            return True
        return self.platform is not None and self.platform.os == "unknown" and self.platform.architecture == "unknown"

    @property
    def title(self) -> str | None:
        """Give the file name that the pusher noted; it is a label, never a path."""
        return self.annotations.get(TITLE_ANNOTATION)


def parse_digest(text: object) -> str:
    """Read a digest, before it is used in a path, a key or a comparison.

    https://github.com/opencontainers/image-spec/blob/v1.1.0/descriptor.md#digests

    Raises:
        Refused: `digest_invalid`, or `digest_algorithm_unsupported` for a well-formed one of another algorithm.
    """
    match = _DIGEST.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise Refused(reasons.DIGEST_INVALID, "a digest is algorithm:hexadecimal")
    length = _DIGEST_HEX.get(match[1])
    if length is None:
        raise Refused(reasons.DIGEST_ALGORITHM, "sha256 and sha512 are accepted")
    if len(match[2]) != length or _LOWER_HEX.fullmatch(match[2]) is None:
        raise Refused(reasons.DIGEST_INVALID, f"a {match[1]} digest has {length} lower-case hexadecimal digits")
    return match[0]


def is_digest(text: str) -> bool:
    """Say whether a reference is meant as a digest (a tag can't contain a colon)."""
    return ":" in text


def digest_of(data: bytes, *, like: str | None = None) -> str:
    """Compute the digest of bytes, by the algorithm of the digest `like` (sha256 where there is none)."""
    algorithm = like.partition(":")[0] if like else "sha256"
    return f"{algorithm}:{hashlib.new(algorithm, data).hexdigest()}"


def verify_digest(data: bytes, expected: str) -> bytes:
    """Give the bytes back when they have the expected digest; raises `Refused` with `digest_mismatch`."""
    found = digest_of(data, like=expected)
    if found != expected:
        raise Refused(reasons.DIGEST_MISMATCH, f"asked for {expected}, the bytes have {found}")
    return data


def parse_platform(text: str) -> Platform:
    """Read `os/architecture[/variant]`; raises `Refused` with `manifest_invalid`."""
    words = text.split("/")
    if len(words) not in {2, 3} or not all(_PLATFORM_WORD.fullmatch(word) for word in words):
        raise Refused(reasons.MANIFEST_INVALID, "a platform is os/architecture[/variant]")
    return Platform(*words)


def parse_descriptor(value: Any, where: str) -> Descriptor:
    """Read one descriptor of a parsed document.

    Args:
        value: the JSON value.
        where: its place in the document, for the message.

    Raises:
        Refused: `manifest_invalid`, `digest_invalid`, `digest_algorithm_unsupported`.
    """
    if not isinstance(value, dict):
        raise Refused(reasons.MANIFEST_INVALID, f"{where} is not a descriptor")
    digest = parse_digest(value.get("digest"))
    size = value.get("size")
    if isinstance(size, bool) or not isinstance(size, int) or size < 0:
        raise Refused(reasons.MANIFEST_INVALID, f"{where}.size is not a number of bytes")
    artifact_type = value.get("artifactType")
    return Descriptor(
        media_type=parse_media_type(value.get("mediaType"), f"{where}.mediaType"),
        digest=digest,
        size=size,
        platform=_platform(value.get("platform"), where),
        annotations=parse_annotations(value.get("annotations"), where),
        artifact_type=None if not artifact_type else parse_media_type(artifact_type, f"{where}.artifactType"),
    )


def parse_media_type(value: Any, where: str) -> str:
    """Read a media type without parameters; raises `Refused` with `manifest_invalid`."""
    if not isinstance(value, str) or _MEDIA_TYPE.fullmatch(value) is None:
        raise Refused(reasons.MANIFEST_INVALID, f"{where} is not a media type")
    return value


def parse_annotations(value: Any, where: str) -> dict[str, str]:
    """Read annotations: an object of text by key, or nothing; raises `Refused` with `manifest_invalid`."""
    if value is None:
        return {}
    if not isinstance(value, dict) or len(value) > _MAX_ANNOTATIONS:
        raise Refused(reasons.MANIFEST_INVALID, f"{where}.annotations is not an object of up to {_MAX_ANNOTATIONS}")
    if not all(isinstance(text, str) for text in value.values()):
        raise Refused(reasons.MANIFEST_INVALID, f"{where}.annotations holds more than text")
    return value


def _canonical(platform: Platform) -> tuple[str, str, str | None]:
    return platform.os, platform.architecture, platform.variant or _DEFAULT_VARIANTS.get(platform.architecture)


def _platform(value: Any, where: str) -> Platform | None:
    if value is None:
        return None
    if not isinstance(value, dict):
        raise Refused(reasons.MANIFEST_INVALID, f"{where}.platform is not an object")
    words = [value.get("os"), value.get("architecture"), value.get("variant") or None]
    if not all(isinstance(word, str) and _PLATFORM_WORD.fullmatch(word) for word in words if word is not None):
        raise Refused(reasons.MANIFEST_INVALID, f"{where}.platform holds something else than names")
    if words[0] is None or words[1] is None:
        raise Refused(reasons.MANIFEST_INVALID, f"{where}.platform lacks os or architecture")
    return Platform(words[0], words[1], words[2])
