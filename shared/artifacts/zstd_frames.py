"""A walk over the framing of a zstd stream (RFC 8878 section 3.1): headers and block lengths only, no content.

Decompressors answer a stream that was cut with what they had so far; this tells whether every frame was complete.
"""

from collections.abc import Generator
from typing import Final

_MAGIC: Final = 0xFD2FB528
_SKIPPABLE: Final = 0x184D2A50
_RLE_BLOCK: Final = 1
_RESERVED_BLOCK: Final = 3
#: Bytes of the dictionary id and the content size by their flags (RFC 8878 sections 3.1.1.1.3 and 3.1.1.1.4).
_DICTIONARY_BYTES: Final = (0, 1, 2, 4)
_CONTENT_SIZE_BYTES: Final = (0, 2, 4, 8)


class FrameError(ValueError):
    """The framing is not valid.

    Attributes:
        asks_too_much: the stream may be valid but wants more memory than it gets.
    """

    def __init__(self, message: str, *, asks_too_much: bool = False) -> None:
        super().__init__(message)
        self.asks_too_much = asks_too_much


class FrameWalk:
    """Takes a zstd stream piece by piece.

    Args:
        max_window_bytes: the largest window a frame may ask for.
    """

    def __init__(self, *, max_window_bytes: int) -> None:
        self._max_window = max_window_bytes
        self._held = bytearray()
        self._skip = 0
        self._between_frames = True
        self._steps = self._walk()
        self._wanted = next(self._steps)

    def feed(self, chunk: bytes) -> None:
        """Walk on; raises `FrameError` at the first thing that is not valid."""
        position, end = 0, len(chunk)
        while position < end:
            if self._skip:
                step = min(self._skip, end - position)
                self._skip -= step
                position += step
                continue
            step = min(self._wanted - len(self._held), end - position)
            self._held += chunk[position : position + step]
            position += step
            if len(self._held) == self._wanted:
                field = bytes(self._held)
                self._held.clear()
                self._wanted = self._steps.send(field)

    def finish(self) -> None:
        """Say that the stream has ended; raises `FrameError` inside a frame."""
        if self._skip or self._held or not self._between_frames:
            raise FrameError("the zstd stream ends too early")

    def _walk(self) -> Generator[int, bytes, None]:
        """Ask for one field after the other; content is skipped."""
        while True:
            self._between_frames = True
            magic = int.from_bytes((yield 4), "little")
            self._between_frames = False
            if magic & 0xFFFFFFF0 == _SKIPPABLE:
                self._skip = int.from_bytes((yield 4), "little")
            elif magic == _MAGIC:
                yield from self._walk_frame()
            else:
                raise FrameError("there is no zstd frame where one should begin")

    def _walk_frame(self) -> Generator[int, bytes, None]:
        descriptor = (yield 1)[0]
        single_segment = bool(descriptor & 0x20)
        if not single_segment:
            self._judge_window(_window_bytes((yield 1)[0]))
        dictionary = _DICTIONARY_BYTES[descriptor & 3]
        if dictionary and any((yield dictionary)):
            raise FrameError("the zstd frame needs a dictionary")
        size_bytes = _CONTENT_SIZE_BYTES[descriptor >> 6] or int(single_segment)
        if size_bytes:
            content_size = int.from_bytes((yield size_bytes), "little")
            if single_segment:
                self._judge_window(content_size)
        yield from self._walk_blocks()
        if descriptor & 0x04:
            yield 4

    def _walk_blocks(self) -> Generator[int, bytes, None]:
        last = False
        while not last:
            header = int.from_bytes((yield 3), "little")
            last, kind, size = bool(header & 1), header >> 1 & 3, header >> 3
            if kind == _RESERVED_BLOCK:
                raise FrameError("a zstd block has the reserved type")
            self._skip = 1 if kind == _RLE_BLOCK else size

    def _judge_window(self, size: int) -> None:
        if size > self._max_window:
            raise FrameError(f"a zstd frame wants a window over {self._max_window} bytes", asks_too_much=True)


def _window_bytes(descriptor: int) -> int:
    """RFC 8878 section 3.1.1.1.2."""
    base = 1 << (10 + (descriptor >> 3))
    return base + (base >> 3) * (descriptor & 7)
