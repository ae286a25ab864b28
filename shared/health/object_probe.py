"""Compare the stored objects of an `oci://` plugin's version with what was verified when it was pulled."""

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from shared.errors import NotFound, PlugportError, Refused
from shared.health.reasons import ARTIFACT_CORRUPT, ARTIFACT_MISSING, ARTIFACT_STORED, DEADLINE_EXCEEDED
from shared.health.results import ProbeResult


@dataclass(frozen=True, slots=True)
class ExpectedObject:
    """One executable of a version, as it was verified.

    Attributes:
        key: where it is stored, e.g. `artifacts/sha256/<hex>`.
        sha256: 64 lower-case hexadecimal digits.
        size_bytes: its length.
    """

    key: str
    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class StoredObject:
    """What the store says of an object.

    Attributes:
        size_bytes: its length.
        sha256: hexadecimal checksum over the whole content that the store made and keeps; None where it has none.
    """

    size_bytes: int
    sha256: str | None


class ObjectHead(Protocol):
    """Ask the store about an object."""

    def head(self, key: str) -> StoredObject:
        """Give what the store says; raises `NotFound`, `Transient` or `Refused`."""

    def read(self, key: str) -> Iterator[bytes]:
        """Give the content in chunks; raises as `head` does."""


def probe_objects(
    objects: ObjectHead,
    expected: Sequence[ExpectedObject],
    *,
    deadline_seconds: float = 30.0,
    clock: Callable[[], float] = time.monotonic,
) -> ProbeResult:
    """Compare every platform's object; gives the first that is wrong, else a healthy result.

    The store's own SHA-256 costs one HEAD. Where it has none (an upload in parts has only a checksum of checksums),
    the content is read once and hashed; what can't be read within the deadline is `unknown`, never healthy.

    Args:
        objects: the store.
        expected: at least one object.
        deadline_seconds: bound of all of it, checked between chunks.
        clock: monotonic seconds.
    """
    started = clock()
    result = ProbeResult("unhealthy", "object", ARTIFACT_MISSING, "the version names no stored object")
    for item in expected:
        result = replace(_probe_object(objects, item, started + deadline_seconds, clock), address=item.key)
        if result.outcome != "healthy":
            break
    return replace(result, latency_ms=round((clock() - started) * 1000))


def _probe_object(objects: ObjectHead, expected: ExpectedObject, end: float, clock: Callable[[], float]) -> ProbeResult:
    try:
        stored = objects.head(expected.key)
        if stored.size_bytes != expected.size_bytes:
            message = f"{stored.size_bytes} bytes are stored, {expected.size_bytes} were verified"
            return ProbeResult("unhealthy", "object", ARTIFACT_CORRUPT, message)
        sha256 = stored.sha256 or _hash(objects.read(expected.key), expected.size_bytes, end, clock)
    except NotFound:
        return ProbeResult("unhealthy", "object", ARTIFACT_MISSING)
    except PlugportError as error:
        return ProbeResult.from_error(error, outcome="unknown")
    if sha256 != expected.sha256:
        return ProbeResult("unhealthy", "object", ARTIFACT_CORRUPT, f"sha256:{sha256} is stored")
    return ProbeResult("healthy", "object", ARTIFACT_STORED)


def _hash(chunks: Iterable[bytes], size_bytes: int, end: float, clock: Callable[[], float]) -> str:
    digest = hashlib.sha256()
    left = size_bytes
    for chunk in chunks:
        left -= len(chunk)
        digest.update(chunk)
        if left < 0:
            break  # longer than it said: the digest can't agree, and nothing more needs to be read
        if clock() > end:
            raise Refused(DEADLINE_EXCEEDED, "the stored object could not be read within the deadline")
    return digest.hexdigest()
