"""SHA-256 beside the stream: an image is inflated on one core while the other one hashes."""

import hashlib
from collections import deque
from concurrent.futures import Executor, Future
from typing import Final

#: Pieces that wait for their hash, at most: with one MiB a piece this is all the memory it takes.
_MAX_WAITING: Final = 4


class StreamHash:
    """SHA-256 of pieces in their order.

    Args:
        executor: one worker thread; None hashes at once.
    """

    def __init__(self, executor: Executor | None = None) -> None:
        self._executor = executor
        self._digest = hashlib.sha256()
        self._waiting: deque[Future[None]] = deque()

    def update(self, piece: bytes | memoryview) -> None:
        """Take the next piece; with an executor its bytes must not change any more."""
        if self._executor is None:
            self._digest.update(piece)
            return
        self._waiting.append(self._executor.submit(self._digest.update, piece))
        if len(self._waiting) > _MAX_WAITING:
            self._waiting.popleft().result()

    def hexdigest(self) -> str:
        """Give the digest of all pieces so far."""
        while self._waiting:
            self._waiting.popleft().result()
        return self._digest.hexdigest()
