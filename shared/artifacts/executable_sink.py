"""Where an executable's bytes go: to the inspector of its headers, to its hash and to the store, in one pass."""

from collections.abc import Sequence

from shared.artifacts.executables import ExecutableInspector, Inspection
from shared.artifacts.hashing import StreamHash
from shared.artifacts.limits import READ_BYTES
from shared.artifacts.ports import BlobReader, Upload
from shared.registry.manifests import Platform


def copy_into(upload: Upload, piece: memoryview) -> None:
    """Write bytes that lie elsewhere; raises what the upload raises."""
    while piece:
        room = upload.reserve()
        count = min(len(room), len(piece))
        room[:count] = piece[:count]
        upload.advance(count)
        piece = piece[count:]


class ExecutableSink:
    """Takes one executable; `finish` says what it was.

    Args:
        upload: where it goes; the caller commits or aborts it.
        wanted: platforms of which it must be one.
        size: bytes that will come.
        digest: what hashes it, or its SHA-256 where the blob's reader verifies the same bytes: hashing twice costs a
            third of a pull.
    """

    def __init__(self, upload: Upload, *, wanted: Sequence[Platform], size: int, digest: StreamHash | str) -> None:
        self.upload = upload
        self.size = size
        self._inspector = ExecutableInspector(wanted, size=size)
        self._digest = digest

    def write(self, piece: memoryview) -> None:
        """Take the next bytes; raises `Refused` for what is no executable, and what the upload raises."""
        self._inspector.feed(piece)
        if isinstance(self._digest, StreamHash):
            self._digest.update(piece)
        copy_into(self.upload, piece)

    def read_from(self, blob: BlobReader) -> None:
        """Take a whole blob, without a copy; raises as `write`, and what the blob raises.

        The digest must hash at once: the bytes lie in a buffer that is used again.
        """
        while count := blob.readinto(room := self.upload.reserve()[:READ_BYTES]):
            self._inspector.feed(room[:count])
            if isinstance(self._digest, StreamHash):
                self._digest.update(room[:count])
            self.upload.advance(count)

    def finish(self) -> tuple[str, Inspection]:
        """Give SHA-256 (hex) and platform; raises `Refused` as `write` does."""
        inspection = self._inspector.finish()
        sha256 = self._digest if isinstance(self._digest, str) else self._digest.hexdigest()
        return sha256, inspection
