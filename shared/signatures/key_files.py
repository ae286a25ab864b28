"""Key files of the file system that a function sees: its own package, a layer, or a mount."""

import os
import stat


class SystemKeyFiles:
    """Implements `KeyFiles`."""

    def read(self, path: str, max_bytes: int) -> bytes | None:
        """Give at most `max_bytes` + 1 bytes of a regular file; see `KeyFiles.read`."""
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)  # a pipe must not block the open
        except OSError:
            return None
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                return None
            return os.read(descriptor, max_bytes + 1)
        except OSError:
            return None
        finally:
            os.close(descriptor)
