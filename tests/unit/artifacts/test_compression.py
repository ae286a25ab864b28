"""Decompression: whole streams pass, anything else is refused, and memory has a bound."""

import gzip
import zlib

import pytest
import zstandard

from shared.artifacts.compression import Compression, decompress
from shared.artifacts.limits import INFLATE_BYTES, PullLimits, UnpackBudget
from shared.artifacts.zstd_frames import FrameError, FrameWalk
from shared.errors import Refused
from shared.registry.manifests import Descriptor
from tests.unit.artifacts.fakes import FakeBlob, digest_of

TEXT = b"".join(b"%d line of text\n" % number for number in range(20_000))
SKIPPABLE = b"\x5a\x2a\x4d\x18\x03\0\0\0abc"


def zstd(data: bytes) -> bytes:
    """Compress as one frame with a checksum."""
    return zstandard.ZstdCompressor(write_checksum=True).compress(data)


def unpacked(data: bytes, compression: Compression, *, piece_bytes: int = 4096, **limits: int) -> bytes:
    """Decompress a blob that arrives in pieces."""
    descriptor = Descriptor("application/octet-stream", digest_of(data), len(data))
    blob = FakeBlob(data, descriptor, piece_bytes=piece_bytes, fail_after=None)
    bounds = PullLimits(**limits)
    chunks = list(decompress(blob, compression, UnpackBudget(bounds), bounds))
    assert all(0 < len(chunk) <= INFLATE_BYTES for chunk in chunks)
    return b"".join(chunks)


def refused(data: bytes, compression: Compression, **limits: int) -> str:
    """Give the code of the reason."""
    with pytest.raises(Refused) as error:
        unpacked(data, compression, **limits)
    return error.value.reason.code


@pytest.mark.parametrize("piece_bytes", [1, 7, 4096, 1 << 20])
@pytest.mark.parametrize(
    ("data", "compression"),
    [
        (TEXT, "none"),
        (gzip.compress(TEXT), "gzip"),
        (gzip.compress(TEXT[:1000]) + gzip.compress(b"") + gzip.compress(TEXT[1000:]), "gzip"),
        (zstd(TEXT), "zstd"),
        (SKIPPABLE + zstd(TEXT[:1000]) + SKIPPABLE + zstd(TEXT[1000:]) + SKIPPABLE, "zstd"),
    ],
)
def test_whole_streams_give_their_bytes(data: bytes, compression: Compression, piece_bytes: int) -> None:
    """Members and frames are one stream, however the bytes arrive."""
    assert unpacked(data, compression, piece_bytes=piece_bytes) == TEXT


@pytest.mark.parametrize(
    ("data", "compression"),
    [
        (b"", "gzip"),
        (gzip.compress(TEXT)[:10], "gzip"),
        (gzip.compress(TEXT)[:-1], "gzip"),
        (gzip.compress(TEXT)[:-1] + b"x", "gzip"),
        (gzip.compress(TEXT) + b"more", "gzip"),
        (gzip.compress(TEXT) + b"\0", "gzip"),
        (zlib.compress(TEXT), "gzip"),
        (b"\x1f\x8b\x08\x08\0\0\0\0\0\xff" + b"n" * 200_000 + b"\0" + gzip.compress(TEXT)[10:], "gzip"),
        (gzip.compress(gzip.compress(TEXT)), "gzip"),
        (zstd(TEXT)[:-1], "zstd"),
        (zstd(TEXT)[:-4], "zstd"),
        (zstd(TEXT)[:-1] + b"x", "zstd"),
        (zstd(TEXT) + b"more", "zstd"),
        (zstd(TEXT) + SKIPPABLE[:-1], "zstd"),
        (zstd(gzip.compress(TEXT)), "zstd"),
        (TEXT, "zstd"),
    ],
)
def test_anything_but_one_whole_stream_is_refused(data: bytes, compression: Compression) -> None:
    """Cut, extended, corrupted, doubly compressed or foreign data is never taken in part."""
    assert refused(data, compression) == "decompression_failed"


@pytest.mark.parametrize(
    ("data", "compression"),
    [(gzip.compress(TEXT), "none"), (zstd(TEXT), "gzip"), (gzip.compress(TEXT), "zstd"), (b"BZh91AY", "none")],
)
def test_bytes_that_are_something_else_than_the_media_type_says_are_refused(
    data: bytes, compression: Compression
) -> None:
    """The magic number is compared with the media type."""
    assert refused(data, compression) == "layer_type_mismatch"


@pytest.mark.parametrize("compression", ["gzip", "zstd"])
def test_a_bomb_ends_at_the_ratio_or_at_the_total(compression: Compression) -> None:
    """Output is counted while it comes, whatever the headers promise."""
    zeros = bytes(32 << 20)
    bomb = gzip.compress(zeros, 9) if compression == "gzip" else zstd(zeros)
    assert refused(bomb, compression) == "unpacked_too_large"
    assert refused(bomb, compression, max_unpack_ratio=10**6, max_unpacked_bytes=1 << 20) == "unpacked_too_large"


def test_a_zstd_frame_may_not_ask_for_more_memory_than_it_gets() -> None:
    """The window is judged before it is allocated."""
    parameters = zstandard.ZstdCompressionParameters(window_log=24)
    stream = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    data = stream.compress(TEXT) + stream.flush()
    assert unpacked(data, "zstd", max_zstd_window_bytes=16 << 20) == TEXT
    assert refused(data, "zstd", max_zstd_window_bytes=8 << 20) == "unpacked_too_large"


def test_a_zstd_frame_may_not_need_a_dictionary() -> None:
    """There is none."""
    walk = FrameWalk(max_window_bytes=1 << 20)
    with pytest.raises(FrameError, match="dictionary"):
        walk.feed(bytes.fromhex("28b52ffd015007"))


def test_a_reserved_block_is_no_zstd() -> None:
    """Block type 3 does not exist."""
    walk = FrameWalk(max_window_bytes=1 << 20)
    with pytest.raises(FrameError, match="reserved"):
        walk.feed(bytes.fromhex("28b52ffd0050060000"))
