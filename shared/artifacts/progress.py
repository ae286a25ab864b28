"""Progress of a pull, and its end when the function's time runs out."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, Literal

from shared.artifacts.limits import MIB, PullLimits
from shared.artifacts.ports import BlobReader, Registry
from shared.artifacts.reasons import OUT_OF_TIME
from shared.errors import Transient
from shared.registry.manifests import Descriptor, ImageManifest, Index

StepName = Literal[
    "resolve_reference",
    "fetch_manifest",
    "select_platforms",
    "verify_signature",
    "read_config",
    "fetch_artifact",
    "store_artifact",
]
_PROGRESS_BYTES: Final = 4 * MIB


@dataclass(frozen=True, slots=True)
class Step:
    """Where a pull is.

    Attributes:
        name: the step; `fetch_artifact` is reported again as bytes arrive.
        detail: what it works on, for people.
        done_bytes: of the blob that is being fetched.
        total_bytes: its size, 0 outside of `fetch_artifact`.
    """

    name: StepName
    detail: str = ""
    done_bytes: int = 0
    total_bytes: int = 0


class WatchedRegistry:
    """The registry, with an eye on the time left and on progress; implements `Registry`.

    Args:
        registry: the real one.
        report: told about `fetch_artifact` every few MiB.
        remaining_seconds: how long the function may still run; None = no bound.
        limits: what must be left of that time.
    """

    def __init__(
        self,
        registry: Registry,
        report: Callable[[Step], None],
        remaining_seconds: Callable[[], float] | None,
        limits: PullLimits,
    ) -> None:
        self._registry = registry
        self._report = report
        self._remaining_seconds = remaining_seconds
        self._reserve_seconds = limits.time_reserve_seconds

    def resolve(self, reference: str) -> Descriptor:
        """Pass on."""
        return self._registry.resolve(reference)

    def fetch_manifest(self, target: Descriptor | str) -> ImageManifest | Index:
        """Pass on."""
        return self._registry.fetch_manifest(target)

    def fetch_blob(self, descriptor: Descriptor, max_bytes: int) -> bytes:
        """Pass on."""
        return self._registry.fetch_blob(descriptor, max_bytes)

    @contextmanager
    def open_blob(self, descriptor: Descriptor) -> Iterator[BlobReader]:
        """Stream a blob; raises `Transient(OUT_OF_TIME)` when the time runs out."""
        with self._registry.open_blob(descriptor) as blob:
            yield _WatchedBlob(blob, descriptor, self._report, self._check_time)

    def _check_time(self) -> None:
        if self._remaining_seconds is not None and self._remaining_seconds() < self._reserve_seconds:
            raise Transient(OUT_OF_TIME)


class _WatchedBlob:
    def __init__(
        self,
        blob: BlobReader,
        descriptor: Descriptor,
        report: Callable[[Step], None],
        check_time: Callable[[], None],
    ) -> None:
        self._blob = blob
        self._descriptor = descriptor
        self._report = report
        self._check_time = check_time
        self._done = 0
        self._reported = -_PROGRESS_BYTES

    def readinto(self, buffer: memoryview) -> int:
        """Pass on, unless the time is up."""
        self._check_time()
        count = self._blob.readinto(buffer)
        self._done += count
        if not count or self._done - self._reported >= _PROGRESS_BYTES:
            self._reported = self._done
            total = self._descriptor.size
            self._report(Step("fetch_artifact", self._descriptor.digest, self._done, total))
        return count
