"""The zlib in use: ISA-L's where the `isal` package is installed (twice as fast), else the standard library's."""

import functools
import importlib
import zlib
from typing import Any

#: A gzip header and trailer around the deflate stream, 32 KiB window (zlib's `windowBits`).
_GZIP_WINDOW_BITS = 31


@functools.cache
def _library() -> Any:
    try:
        return importlib.import_module("isal.isal_zlib")
    except ImportError:
        return zlib


def gzip_inflater() -> Any:
    """Make an inflater of one gzip member, with the methods of `zlib.decompressobj`."""
    return _library().decompressobj(_GZIP_WINDOW_BITS)


def inflate_errors() -> tuple[type[Exception], ...]:
    """Give what an inflater raises for broken data."""
    return (zlib.error, _library().error)


def crc32(data: bytes | bytearray) -> int:
    """Give the CRC-32 of the bytes."""
    checksum: int = _library().crc32(data)
    return checksum
