"""The executable as one local file: what `plugport pull REF -o FILE` writes; complete and verified, or not there."""

import contextlib
import hashlib
import os
import secrets
from pathlib import Path
from typing import Final

from shared.artifacts.limits import READ_BYTES
from shared.artifacts.ports import StoredArtifact
from shared.artifacts.reasons import UPLOAD_FAILED
from shared.errors import Transient

_MODE: Final = 0o755


class FileStore:
    """Implements `ArtifactStore` for one target path; an existing file is replaced in one step.

    Args:
        target: where the executable shall lie; its folder exists.
    """

    def __init__(self, target: Path) -> None:
        self._target = target

    def find(self, sha256: str) -> StoredArtifact | None:
        """Give the target if it is a regular file of that digest."""
        if self._target.is_symlink() or not self._target.is_file():
            return None
        digest = hashlib.sha256()
        with self._target.open("rb") as file:
            while chunk := file.read(READ_BYTES):
                digest.update(chunk)
        if digest.hexdigest() != sha256:
            return None
        return StoredArtifact(sha256=sha256, size_bytes=self._target.stat().st_size, key=str(self._target))

    def open_upload(self) -> "FileUpload":
        """Begin a file beside the target."""
        return FileUpload(self._target)


class FileUpload:
    """Implements `Upload`: a hidden file beside the target until `commit` renames it."""

    def __init__(self, target: Path) -> None:
        self._target = target
        self._partial = target.with_name(f".{target.name}.{secrets.token_hex(8)}.partial")
        self._size = 0
        self._buffer = memoryview(bytearray(READ_BYTES))
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        self._descriptor = os.open(self._partial, flags, 0o600)

    def reserve(self) -> memoryview:
        """Give room for the next bytes."""
        return self._buffer

    def advance(self, count: int) -> None:
        """Append them; raises `OSError` as the file system does."""
        left = self._buffer[:count]
        while left:
            left = left[os.write(self._descriptor, left) :]
        self._size += count

    def commit(self, sha256: str, size: int) -> StoredArtifact:
        """Make the file executable and give it the target's name; raises `Transient` if bytes are missing."""
        if size != self._size:
            raise Transient(UPLOAD_FAILED, f"{self._size} of {size} bytes were written")
        os.fchmod(self._descriptor, _MODE)
        os.fsync(self._descriptor)
        self._partial.replace(self._target)
        self.abort()
        return StoredArtifact(sha256=sha256, size_bytes=size, key=str(self._target))

    def abort(self) -> None:
        """Remove the partial file."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
        with contextlib.suppress(FileNotFoundError):  # renamed, or removed by an earlier call
            self._partial.unlink()
