"""Where an executable's bytes go: to the inspector of its headers, to its hash and to the store, in one pass."""

import hashlib
from collections.abc import Sequence

from shared.artifacts.executables import ExecutableInspector, Inspection
from shared.artifacts.ports import Upload
from shared.registry.manifests import Platform


class ExecutableSink:
    """Takes one executable; `finish` says what it was.

    Args:
        upload: where it goes; the caller commits or aborts it.
        wanted: platforms of which it must be one.
        size: bytes that will come.
        sha256: the digest if something else verifies it already (hashing twice costs a third of a pull), else None.
    """

    def __init__(self, upload: Upload, *, wanted: Sequence[Platform], size: int, sha256: str | None) -> None:
        self.upload = upload
        self.size = size
        self._inspector = ExecutableInspector(wanted, size=size)
        self._sha256 = sha256
        self._hash = hashlib.sha256() if sha256 is None else None

    def write(self, piece: memoryview) -> None:
        """Take the next bytes; raises `Refused` for what is no executable, and what the upload raises."""
        self._inspector.feed(piece)
        if self._hash is not None:
            self._hash.update(piece)
        self.upload.write(piece)

    def finish(self) -> tuple[str, Inspection]:
        """Give SHA-256 (hex) and platform; raises `Refused` as `write` does."""
        inspection = self._inspector.finish()
        sha256 = self._sha256 if self._hash is None else self._hash.hexdigest()
        return sha256 or "", inspection
