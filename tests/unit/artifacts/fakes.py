"""A registry and a store in memory that implement the ports, and can misbehave."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from shared.artifacts.ports import StoredArtifact
from shared.artifacts.reasons import UPLOAD_FAILED
from shared.errors import Refused, Transient
from shared.registry.manifests import Descriptor, ImageManifest, Index, parse_manifest
from shared.registry.reasons import DIGEST_MISMATCH, REGISTRY_NOT_FOUND, SIZE_MISMATCH


def digest_of(data: bytes) -> str:
    """Give the sha256 digest of bytes."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


class FakeBlob:
    """A verifying reader; `piece_bytes` bounds one read, so that odd borders are met."""

    def __init__(self, data: bytes, descriptor: Descriptor, *, piece_bytes: int, fail_after: int | None) -> None:
        self._data = data
        self._descriptor = descriptor
        self._piece_bytes = piece_bytes
        self._fail_after = fail_after
        self._position = 0

    def readinto(self, buffer: memoryview) -> int:
        """Give the next piece; at the end compare size and digest."""
        if self._fail_after is not None and self._position >= self._fail_after:
            raise Transient(UPLOAD_FAILED, "the connection broke")
        if self._position >= len(self._data):
            if len(self._data) != self._descriptor.size:
                raise Refused(SIZE_MISMATCH)
            if digest_of(self._data) != self._descriptor.digest:
                raise Refused(DIGEST_MISMATCH)
            return 0
        if self._position > self._descriptor.size:
            raise Refused(SIZE_MISMATCH)
        piece = self._data[self._position : self._position + min(len(buffer), self._piece_bytes)]
        buffer[: len(piece)] = piece
        self._position += len(piece)
        return len(piece)


@dataclass
class FakeRegistry:
    """Content by digest, manifests by tag.

    Attributes:
        blobs: digest → bytes; give other bytes to serve a lie.
        tags: tag → digest of a manifest in `blobs`.
        types: digest of a manifest → media type in the header.
        piece_bytes: bytes of one read at most.
        fail_after: offset at which every blob breaks off, None = never.
        requests: what was asked, in order.
        on_open: called with each blob's digest before it is opened.
    """

    blobs: dict[str, bytes] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)
    piece_bytes: int = 1 << 20
    fail_after: int | None = None
    requests: list[tuple[str, str]] = field(default_factory=list)
    on_open: Callable[[str], None] = lambda _: None

    def add(self, data: bytes) -> str:
        """Keep bytes and give their digest."""
        digest = digest_of(data)
        self.blobs[digest] = data
        return digest

    def resolve(self, reference: str) -> Descriptor:
        """Give the descriptor of a tag or digest."""
        self.requests.append(("resolve", reference))
        digest = self.tags.get(reference, reference)
        if digest not in self.blobs:
            raise Refused(REGISTRY_NOT_FOUND)
        found = self._parse(digest)
        return Descriptor(media_type=found.media_type, digest=digest, size=len(self.blobs[digest]))

    def fetch_manifest(self, target: Descriptor | str) -> ImageManifest | Index:
        """Give the manifest of a digest."""
        digest = target if isinstance(target, str) else target.digest
        self.requests.append(("manifest", digest))
        return self._parse(digest)

    def fetch_blob(self, descriptor: Descriptor, max_bytes: int) -> bytes:
        """Give a small blob whole."""
        self.requests.append(("small", descriptor.digest))
        data = self.blobs[descriptor.digest]
        if len(data) != descriptor.size or len(data) > max_bytes:
            raise Refused(SIZE_MISMATCH)
        if digest_of(data) != descriptor.digest:
            raise Refused(DIGEST_MISMATCH)
        return data

    @contextmanager
    def open_blob(self, descriptor: Descriptor) -> Iterator[FakeBlob]:
        """Stream a blob."""
        self.requests.append(("blob", descriptor.digest))
        self.on_open(descriptor.digest)
        data = self.blobs.get(descriptor.digest)
        if data is None:
            raise Refused(REGISTRY_NOT_FOUND)
        yield FakeBlob(data, descriptor, piece_bytes=self.piece_bytes, fail_after=self.fail_after)

    def _parse(self, digest: str) -> ImageManifest | Index:
        return parse_manifest(self.blobs[digest], media_type_header=self.types.get(digest), expected_digest=digest)


class FakeUpload:
    """Bytes that become an object at `commit`."""

    def __init__(self, store: "FakeStore") -> None:
        self._store = store
        self._data = bytearray()
        self._room = bytearray(store.room_bytes)

    def reserve(self) -> memoryview:
        """Give room."""
        return memoryview(self._room)

    def advance(self, count: int) -> None:
        """Take bytes, or fail as the store says."""
        self._store.written += count
        if self._store.fail_write_at is not None and self._store.written >= self._store.fail_write_at:
            raise Transient(UPLOAD_FAILED, "the store broke")
        if self._store.keeps_bytes:
            self._data += self._room[:count]

    def commit(self, sha256: str, size: int) -> StoredArtifact:
        """Make the object reachable."""
        if self._store.fail_commit:
            raise Transient(UPLOAD_FAILED, "the commit broke")
        artifact = StoredArtifact(sha256=sha256, size_bytes=size, key=f"artifacts/sha256/{sha256}")
        self._store.objects[sha256] = bytes(self._data)
        self._store.open_uploads -= 1
        return artifact

    def abort(self) -> None:
        """Drop the bytes."""
        self._data.clear()
        self._store.aborted += 1


@dataclass
class FakeStore:
    """Implements `ArtifactStore` and `ReceiptStore`.

    Attributes:
        objects: what is reachable, by SHA-256.
        keeps_bytes: False counts bytes without keeping them.
        fail_write_at: total bytes at which a write fails, None = never.
        fail_commit: whether every commit fails.
        room_bytes: room that an upload reserves.
    """

    objects: dict[str, bytes] = field(default_factory=dict)
    receipts: dict[str, Mapping[str, object]] = field(default_factory=dict)
    keeps_bytes: bool = True
    fail_write_at: int | None = None
    fail_commit: bool = False
    room_bytes: int = 1 << 20
    written: int = 0
    open_uploads: int = 0
    aborted: int = 0

    def find(self, sha256: str) -> StoredArtifact | None:
        """Give what is there."""
        if sha256 not in self.objects:
            return None
        return StoredArtifact(sha256, len(self.objects[sha256]), f"artifacts/sha256/{sha256}")

    def open_upload(self) -> FakeUpload:
        """Begin an upload."""
        self.open_uploads += 1
        return FakeUpload(self)

    def put_receipt(self, key: str, document: Mapping[str, object]) -> None:
        """Keep a receipt."""
        self.receipts.setdefault(key, document)
