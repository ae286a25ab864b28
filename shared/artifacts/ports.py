"""What a pull needs from outside: a registry to read and a store to write."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from shared.registry.manifests import Descriptor, ImageManifest, Index


@dataclass(frozen=True, slots=True)
class StoredArtifact:
    """An executable in the store.

    Attributes:
        sha256: 64 hex digits, of the executable.
        size_bytes: its size.
        key: where it lies, e.g. `artifacts/sha256/<hex>`.
    """

    sha256: str
    size_bytes: int
    key: str


class BlobReader(Protocol):
    """One verified blob: `readinto` gives 0 only after size and digest agreed, and raises if they do not."""

    def readinto(self, buffer: memoryview, /) -> int:
        """Fill the front of `buffer`; 0 = the whole blob was read and is what its descriptor says."""


class Registry(Protocol):
    """One repository of one registry; every answer is verified against its digest."""

    def resolve(self, reference: str, /) -> Descriptor:
        """Give the descriptor of a tag or digest."""

    def fetch_manifest(self, target: Descriptor | str, /) -> ImageManifest | Index:
        """Give the manifest or index of that digest."""

    def open_blob(self, descriptor: Descriptor, /) -> AbstractContextManager[BlobReader]:
        """Stream a blob."""

    def fetch_blob(self, descriptor: Descriptor, /, max_bytes: int) -> bytes:
        """Give a small blob whole."""


class Upload(Protocol):
    """An executable on its way in: reachable only after `commit`; ends with `commit` or `abort`.

    Bytes are read straight into the upload's own buffer: a copy of each byte is a tenth of a pull's CPU time.
    """

    def reserve(self) -> memoryview:
        """Give at least one byte of room; waits while the store is slower than the registry."""

    def advance(self, count: int, /) -> None:
        """Say that the first `count` bytes of the reserved room are the next bytes of the executable."""

    def commit(self, sha256: str, size: int) -> StoredArtifact:
        """Make it reachable under its digest; `sha256` and `size` are what the caller verified."""

    def abort(self) -> None:
        """Drop what was written; safe to call at any time, also twice and after `commit`."""


class ArtifactStore(Protocol):
    """Executables by digest."""

    def find(self, sha256: str) -> StoredArtifact | None:
        """Give the stored executable of that digest, None if there is none."""

    def open_upload(self) -> Upload:
        """Begin an upload."""


class ReceiptStore(Protocol):
    """Receipts: written once, never changed."""

    def put_receipt(self, key: str, document: Mapping[str, Any]) -> None:
        """Write the document; the same document again changes nothing, another one under the key is refused."""
