"""A strict, bounded, single-pass reader of one layer's tar archive; the entries' contents pass through, once.

It reads what image builders write and refuses the rest: the standard library's reader loops for ever or runs out of
memory on archives of a hundred bytes (CVE-2025-8194 and its class).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from shared.artifacts.limits import PullLimits, UnpackBudget
from shared.artifacts.reasons import (
    TAR_DEVICE,
    TAR_ENTRY_TOO_LARGE,
    TAR_EXTENDED_TOO_LARGE,
    TAR_HEADER_INVALID,
    TAR_NAME_AMBIGUOUS,
    TAR_NAME_TOO_LONG,
    TAR_SPARSE,
    TAR_TOO_MANY_ENTRIES,
    TAR_TRAILING_DATA,
    TAR_TRUNCATED,
    TAR_TYPE_UNSUPPORTED,
)
from shared.artifacts.tar_headers import (
    BLOCK_BYTES,
    MAX_PATH_BYTES,
    RawHeader,
    canonical_path,
    decode_name,
    parse_header,
    parse_pax,
)
from shared.errors import Refused

EntryKind = Literal["file", "directory", "symlink", "hardlink", "device"]

_KINDS: Final[Mapping[bytes, EntryKind]] = {
    b"0": "file",
    b"\0": "file",
    b"7": "file",  # contiguous: POSIX wants readers to take it as a regular file
    b"1": "hardlink",
    b"2": "symlink",
    b"3": "device",
    b"4": "device",
    b"5": "directory",
    b"6": "device",
}
_PAX: Final = b"x"
_PAX_GLOBAL: Final = b"g"
_GNU_LONG_NAME: Final = b"L"
_GNU_LONG_LINK: Final = b"K"
_GNU_SPARSE: Final = b"S"
#: All extended headers of one entry together; builders write a few hundred bytes.
_MAX_EXTENDED_BYTES: Final = 64 * 1024
#: What eleven octal digits can say; smaller claims that are too much end at the budget of unpacked bytes.
_MAX_ENTRY_BYTES: Final = 8**11 - 1
_ZERO_BLOCK: Final = bytes(BLOCK_BYTES)
_GLOBAL_OVERRIDES: Final = frozenset({"path", "linkpath", "size", "hdrcharset"})


@dataclass(frozen=True, slots=True)
class TarEntry:
    """One entry.

    Attributes:
        path: canonical, inside the image; the root is the empty text.
        kind: devices and named pipes are all `device`.
        mode: permission bits as written.
        size: bytes of content; 0 for all but files.
        has_capabilities: whether a `security.capability` attribute is set.
    """

    path: str
    kind: EntryKind
    mode: int
    size: int
    has_capabilities: bool


@dataclass(slots=True)
class _Extended:
    """What the extended headers before an entry say about it."""

    pax: Mapping[str, str] | None = None
    long_name: str | None = None
    long_link: str | None = None
    size: int = 0

    @property
    def is_empty(self) -> bool:
        return self.pax is None and self.long_name is None and self.long_link is None


class TarReader:
    """Iterates the entries of one archive; `read_content` gives the current entry's bytes.

    Args:
        chunks: the uncompressed layer, non-empty pieces.
        budget: counts entries over all layers of the image.
        limits: bounds of sizes.

    Raises (while iterating):
        Refused: any of the `tar_…` reasons, or what `chunks` raises.
    """

    def __init__(self, chunks: Iterator[bytes], *, budget: UnpackBudget, limits: PullLimits) -> None:
        self._chunks = chunks
        self._budget = budget
        self._limits = limits
        self._chunk = memoryview(b"")
        self._content_left = 0
        self._padding = 0

    def __iter__(self) -> Iterator[TarEntry]:
        """Give the entries in order; ends after the end of the archive and of the stream were seen."""
        extended = _Extended()
        while (block := self._next_block()) != _ZERO_BLOCK:
            header = parse_header(block)
            if header.kind in {_PAX, _PAX_GLOBAL, _GNU_LONG_NAME, _GNU_LONG_LINK}:
                self._read_extended(header, extended)
                continue
            entry = self._entry(header, extended)
            extended = _Extended()
            self._content_left = entry.size
            self._padding = -entry.size % BLOCK_BYTES
            yield entry
        if not extended.is_empty:
            raise Refused(TAR_HEADER_INVALID, "an extended header has no entry")
        self._read_end()

    def read_content(self) -> Iterator[memoryview]:
        """Give the current entry's content in pieces; what is not read is skipped."""
        while self._content_left:
            piece = self._take_piece(self._content_left)
            self._content_left -= len(piece)
            yield piece

    def _entry(self, header: RawHeader, extended: _Extended) -> TarEntry:
        self._budget.entries += 1
        if self._budget.entries > self._limits.max_entries:
            raise Refused(TAR_TOO_MANY_ENTRIES, f"more than {self._limits.max_entries}")
        pax = extended.pax or {}
        if header.kind == _GNU_SPARSE or any(key.startswith("GNU.sparse.") for key in pax):
            raise Refused(TAR_SPARSE)
        kind = _KINDS.get(header.kind)
        if kind is None:
            raise Refused(TAR_TYPE_UNSUPPORTED, f"type {header.kind!r}")
        name = _effective(header.name, pax.get("path"), extended.long_name)
        _effective(header.linkname, pax.get("linkpath"), extended.long_link)
        if pax.get("size", str(header.size)) != str(header.size):
            raise Refused(TAR_HEADER_INVALID, "the PAX size is not the header's size")
        if header.size > _MAX_ENTRY_BYTES:
            raise Refused(TAR_ENTRY_TOO_LARGE, f"{header.size} bytes")
        if kind == "file" and name.endswith("/"):
            kind = "directory"  # how archives before ustar wrote directories
        if header.size and kind != "file":
            raise Refused(TAR_DEVICE if kind == "device" else TAR_HEADER_INVALID, f"a {kind} has content")
        return TarEntry(
            path=canonical_path(name),
            kind=kind,
            mode=header.mode,
            size=header.size,
            has_capabilities=any(key.endswith("security.capability") for key in pax),
        )

    def _read_extended(self, header: RawHeader, extended: _Extended) -> None:
        is_gnu = header.kind in {_GNU_LONG_NAME, _GNU_LONG_LINK}
        extended.size += header.size
        if is_gnu and header.size > MAX_PATH_BYTES + 1:
            raise Refused(TAR_NAME_TOO_LONG, f"{header.size} bytes")
        if extended.size > _MAX_EXTENDED_BYTES:
            raise Refused(TAR_EXTENDED_TOO_LARGE, f"more than {_MAX_EXTENDED_BYTES} bytes for one entry")
        data = self._take(header.size)
        self._skip(-header.size % BLOCK_BYTES)
        if header.kind == _PAX_GLOBAL:
            _check_global(parse_pax(data))
        elif header.kind == _PAX:
            _refuse_second(extended.pax)
            extended.pax = parse_pax(data)
        elif header.kind == _GNU_LONG_NAME:
            _refuse_second(extended.long_name)
            extended.long_name = decode_name(data.removesuffix(b"\0"))
        else:
            _refuse_second(extended.long_link)
            extended.long_link = decode_name(data.removesuffix(b"\0"))

    def _next_block(self) -> bytes:
        for _ in self.read_content():
            pass
        self._skip(self._padding)
        self._padding = 0
        return self._take(BLOCK_BYTES)

    def _read_end(self) -> None:
        """Two zero blocks end the archive; builders fill up with zeros, and nothing else may follow."""
        if self._take(BLOCK_BYTES) != _ZERO_BLOCK:
            raise Refused(TAR_TRAILING_DATA, "one zero block is followed by something else")
        rest = bytes(self._chunk)
        while rest or (rest := next(self._chunks, b"")):
            if rest.strip(b"\0"):
                raise Refused(TAR_TRAILING_DATA)
            rest = b""

    def _take(self, size: int) -> bytes:
        """Give exactly `size` bytes; only for headers."""
        piece = self._take_piece(size) if size else memoryview(b"")
        if len(piece) == size:
            return bytes(piece)
        held = bytearray(piece)
        while len(held) < size:
            held += self._take_piece(size - len(held))
        return bytes(held)

    def _skip(self, size: int) -> None:
        while size:
            size -= len(self._take_piece(size))

    def _take_piece(self, most: int) -> memoryview:
        """Give 1 to `most` bytes."""
        if not self._chunk:
            chunk = next(self._chunks, None)
            if chunk is None:
                raise Refused(TAR_TRUNCATED)
            self._chunk = memoryview(chunk)
        piece, self._chunk = self._chunk[:most], self._chunk[most:]
        return piece


def _effective(short: bytes, pax: str | None, gnu: str | None) -> str:
    """Give the entry's name: PAX or GNU before the short one, but not both."""
    if pax is not None and gnu is not None:
        raise Refused(TAR_NAME_AMBIGUOUS)
    extended = gnu if pax is None else pax
    return decode_name(short) if extended is None else extended


def _refuse_second(value: object) -> None:
    if value is not None:
        raise Refused(TAR_HEADER_INVALID, "an entry has two extended headers of one kind")


def _check_global(records: Mapping[str, str]) -> None:
    """Builders write comments there (a commit id); a name or size for every entry is an attack."""
    if any(key in _GLOBAL_OVERRIDES or key.startswith("GNU.sparse.") for key in records):
        raise Refused(TAR_HEADER_INVALID, "a global header sets names or sizes")
