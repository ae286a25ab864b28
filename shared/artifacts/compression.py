"""Bounded single-pass decompression: gzip (RFC 1952), zstd (RFC 8878) and none.

Each gives non-empty chunks of at most about one MiB, counts what goes in and out in the budget, reads its input to the
end, and raises `Refused` on anything that is not exactly one complete stream.
"""

from collections.abc import Generator, Iterator
from typing import IO, Any, Final, Literal, cast

from shared.artifacts.deflate import gzip_inflater, inflate_errors
from shared.artifacts.limits import INFLATE_BYTES, READ_BYTES, PullLimits, UnpackBudget
from shared.artifacts.ports import BlobReader
from shared.artifacts.reasons import DECOMPRESSION_FAILED, LAYER_TYPE_MISMATCH, UNPACKED_TOO_LARGE
from shared.artifacts.zstd_frames import FrameError, FrameWalk
from shared.errors import Refused

Compression = Literal["none", "gzip", "zstd"]

_MAGIC: Final[tuple[tuple[bytes, str], ...]] = (
    (b"\x1f\x8b", "gzip"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"BZh", "bzip2"),
)
#: gzip's header may carry a name and a comment of any length; nobody needs this much (RFC 1952 section 2.3).
_MAX_GZIP_HEADER_BYTES: Final = 64 * 1024
#: Compressed bytes per read: what they inflate to fits the next stage's chunk at usual ratios.
_COMPRESSED_READ_BYTES: Final = READ_BYTES // 4


def decompress(blob: BlobReader, compression: Compression, budget: UnpackBudget, limits: PullLimits) -> Iterator[bytes]:
    """Give the layer's uncompressed bytes in chunks.

    The blob has been read to its end, so its digest has been checked, when the iterator ends.

    Raises:
        Refused: `layer_type_mismatch`, `decompression_failed` or `unpacked_too_large`.
    """
    chunks = _Compressed(blob, compression, budget)
    plain = {"none": _copy, "gzip": _inflate, "zstd": _unzstd}[compression](chunks, limits)
    first = True
    for chunk in plain:
        if first:
            _refuse_second_compression(chunk)
            first = False
        budget.take_unpacked(len(chunk))
        yield chunk


def _refuse_second_compression(chunk: bytes) -> None:
    found = _compression_of(chunk)
    if found:
        raise Refused(DECOMPRESSION_FAILED, f"inside the compressed layer is {found} again, not a tar archive")


def _compression_of(head: bytes) -> str:
    return next((name for magic, name in _MAGIC if head.startswith(magic)), "")


class _Compressed:
    """The blob as a file of compressed bytes; its first bytes are compared with the media type."""

    def __init__(self, blob: BlobReader, compression: Compression, budget: UnpackBudget) -> None:
        self._blob = blob
        self._expected = compression
        self._budget = budget
        self._buffer = memoryview(bytearray(_COMPRESSED_READ_BYTES))
        self._started = False

    def read(self, _size: int = -1) -> bytes:
        """Give the next bytes, b"" at the end."""
        count = self._blob.readinto(self._buffer)
        self._budget.take_compressed(count)
        chunk = bytes(self._buffer[:count])
        if not self._started and chunk:
            self._started = True
            found = _compression_of(chunk)
            if found and found != self._expected:
                raise Refused(LAYER_TYPE_MISMATCH, f"the media type says {self._expected}, the bytes are {found}")
        return chunk


def _copy(source: _Compressed, _limits: PullLimits) -> Iterator[bytes]:
    while chunk := source.read():
        yield chunk


def _inflate(source: _Compressed, _limits: PullLimits) -> Iterator[bytes]:
    """Inflate all members of a gzip stream; eStargz and pigz write many."""
    pending = source.read()
    if not pending:
        raise Refused(DECOMPRESSION_FAILED, "the gzip stream is empty")
    try:
        while pending:
            pending = yield from _inflate_member(gzip_inflater(), pending, source)
            pending = pending or source.read()
    except inflate_errors() as error:
        raise Refused(DECOMPRESSION_FAILED, "the gzip stream is broken") from error


def _inflate_member(member: Any, pending: bytes, source: _Compressed) -> Generator[bytes, None, bytes]:
    """Yield one member's bytes; returns what follows it."""
    taken, given = 0, 0
    while not member.eof:
        chunk = member.decompress(pending, INFLATE_BYTES)
        taken += len(pending) - len(member.unconsumed_tail)
        given += len(chunk)
        if chunk:
            yield chunk
        elif not given and taken > _MAX_GZIP_HEADER_BYTES:
            raise Refused(DECOMPRESSION_FAILED, f"the gzip header is longer than {_MAX_GZIP_HEADER_BYTES} bytes")
        pending = member.unconsumed_tail
        if not pending and not member.eof and len(chunk) < INFLATE_BYTES:
            pending = source.read()
            if not pending:
                raise Refused(DECOMPRESSION_FAILED, "the gzip stream ends too early")
    following: bytes = member.unused_data
    return following


class _WalkedFrames:
    """Feeds the decompressor while its own walk makes sure that frames are complete and modest."""

    def __init__(self, source: _Compressed, limits: PullLimits) -> None:
        self._source = source
        self._walk = FrameWalk(max_window_bytes=limits.max_zstd_window_bytes)

    def read(self, size: int = -1) -> bytes:
        chunk = self._source.read(size)
        if chunk:
            self._walk.feed(chunk)
        else:
            self._walk.finish()
        return chunk


def _unzstd(source: _Compressed, limits: PullLimits) -> Iterator[bytes]:
    """Decompress all frames; the library gives bounded output but takes a cut stream for a whole one: we walk too."""
    import zstandard  # noqa: PLC0415 - only zstd layers need it

    decompressor = zstandard.ZstdDecompressor(max_window_size=limits.max_zstd_window_bytes)
    frames = _WalkedFrames(source, limits)
    stream = cast("IO[bytes]", frames)  # it only reads
    try:
        with decompressor.stream_reader(stream, read_size=_COMPRESSED_READ_BYTES, read_across_frames=True) as reader:
            while chunk := reader.read(INFLATE_BYTES):
                yield chunk
        while frames.read():
            pass
    except FrameError as error:
        reason = UNPACKED_TOO_LARGE if error.asks_too_much else DECOMPRESSION_FAILED
        raise Refused(reason, str(error)) from error
    except zstandard.ZstdError as error:
        raise Refused(DECOMPRESSION_FAILED, "the zstd stream is broken") from error
