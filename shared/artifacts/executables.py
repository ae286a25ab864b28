"""Says for which platform an executable is, or why it is none; looks at headers only, while the bytes stream by.

ELF: https://refspecs.linuxfoundation.org/elf/gabi4+/contents.html. Mach-O and PE are known by their magic numbers
alone, and taken only where darwin or windows is wanted.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from shared.artifacts.reasons import (
    ELF_INVALID,
    NOT_ELF,
    PLATFORM_UNSUPPORTED,
    SCRIPT_REFUSED,
    WRONG_ARCHITECTURE,
    WRONG_OPERATING_SYSTEM,
)
from shared.errors import Refused
from shared.registry.manifests import Platform

#: Linkers put the program headers right behind the ELF header: whoever needs more is hiding something.
HEAD_BYTES: Final = 64 * 1024

DYNAMIC_WARNING: Final = "The executable is dynamically linked: it runs only where its loader and libraries are."
UNCHECKED_WARNING: Final = "Of executables for this platform only the magic number is checked."

_ELF_MAGIC: Final = b"\x7fELF"
_FOREIGN_MAGIC: Final[tuple[tuple[bytes, str, str], ...]] = (
    (b"MZ", "windows", "a Windows executable"),
    (b"\xcf\xfa\xed\xfe", "darwin", "a Mach-O executable"),
    (b"\xce\xfa\xed\xfe", "darwin", "a Mach-O executable"),
    (b"\xca\xfe\xba\xbe", "darwin", "a universal Mach-O executable or a Java class"),
    (b"\0asm", "", "WebAssembly"),
    (b"\x1f\x8b", "", "a gzip file"),
    (b"\x28\xb5\x2f\xfd", "", "a zstd file"),
    (b"PK\x03\x04", "", "a zip file"),
)
#: e_machine, class (1 = 32, 2 = 64 bit), data (1 = little, 2 = big endian) by Go's name of the architecture.
_MACHINES: Final[dict[str, tuple[int, int, int]]] = {
    "386": (3, 1, 1),
    "amd64": (62, 2, 1),
    "arm": (40, 1, 1),
    "arm64": (183, 2, 1),
    "loong64": (258, 2, 1),
    "ppc64": (21, 2, 2),
    "ppc64le": (21, 2, 1),
    "riscv64": (243, 2, 1),
    "s390x": (22, 2, 2),
}
#: EI_OSABI by operating system: linkers write System V (0) or GNU/Linux (3), FreeBSD's its own.
_OS_ABIS: Final[dict[str, frozenset[int]]] = {"linux": frozenset({0, 3}), "freebsd": frozenset({9})}
_IDENT_BYTES: Final = 16
_EHDR_BYTES: Final = {1: 52, 2: 64}
_PHDR_BYTES: Final = {1: 32, 2: 56}
_64_BIT: Final = 2
_ET_EXEC, _ET_DYN = 2, 3
_PT_LOAD, _PT_DYNAMIC, _PT_INTERP = 1, 2, 3
_PF_EXECUTE: Final = 1
_DT_NEEDED: Final = 1
_MAX_DYNAMIC_BYTES: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Inspection:
    """What the headers say.

    Attributes:
        platform: the one of the wanted platforms that the executable is for.
        warnings: what a person should know.
    """

    platform: Platform
    warnings: tuple[str, ...]


class ExecutableInspector:
    """Takes an executable piece by piece and refuses it as soon as its headers are seen.

    Args:
        wanted: platforms of which it must be one.
        size: bytes of the whole file.
    """

    def __init__(self, wanted: Sequence[Platform], *, size: int) -> None:
        self._wanted = wanted
        self._size = size
        self._head = bytearray()
        self._head_size = min(size, HEAD_BYTES)
        self._position = 0
        self._inspection: Inspection | None = None
        self._elf: _Elf | None = None
        self._dynamic: _Segment | None = None
        self._dynamic_bytes = bytearray()

    def feed(self, piece: memoryview) -> None:
        """Look at the next bytes; raises `Refused` with the reason why this is no executable for the platforms."""
        if self._inspection is None:
            self._head += piece[: self._head_size - len(self._head)]
            if len(self._head) == self._head_size:
                self._inspection = self._inspect()
                self._collect_dynamic(memoryview(self._head), 0)
                rest = piece[len(self._head) - self._position :]
                self._collect_dynamic(rest, self._head_size)
        elif self._dynamic is not None:
            self._collect_dynamic(piece, self._position)
        self._position += len(piece)

    def finish(self) -> Inspection:
        """Give the result after the last byte; raises as `feed` does."""
        inspection = self._inspection or self._inspect()
        if DYNAMIC_WARNING not in inspection.warnings and self._needs_libraries():
            return Inspection(inspection.platform, (*inspection.warnings, DYNAMIC_WARNING))
        return inspection

    def _inspect(self) -> Inspection:
        head = bytes(self._head)
        if not head.startswith(_ELF_MAGIC):
            return _inspect_foreign(head, self._wanted)
        elf = _parse_elf(head, self._size)
        self._dynamic = next((part for part in elf.segments if part.kind == _PT_DYNAMIC), None)
        self._elf = elf
        dynamic = any(part.kind == _PT_INTERP for part in elf.segments)
        return Inspection(_platform_of(elf, self._wanted), (DYNAMIC_WARNING,) if dynamic else ())

    def _collect_dynamic(self, piece: memoryview, start: int) -> None:
        """Keep the part of the PT_DYNAMIC segment that lies in this piece."""
        segment = self._dynamic
        if segment is None or len(self._dynamic_bytes) >= _MAX_DYNAMIC_BYTES:
            return
        first = max(segment.offset - start, 0)
        last = min(segment.offset + segment.size - start, len(piece))
        if first < last:
            self._dynamic_bytes += piece[first : min(last, first + _MAX_DYNAMIC_BYTES)]

    def _needs_libraries(self) -> bool:
        """Say whether the dynamic section has a DT_NEEDED: a static PIE has the section without it."""
        if self._elf is None or self._dynamic is None:
            return False
        entry = struct.Struct(self._elf.order + ("qQ" if self._elf.is_64_bit else "iI"))
        whole = len(self._dynamic_bytes) - len(self._dynamic_bytes) % entry.size
        for tag, _ in entry.iter_unpack(bytes(self._dynamic_bytes[:whole])):
            if tag == 0:
                return False
            if tag == _DT_NEEDED:
                return True
        return False


@dataclass(frozen=True, slots=True)
class _Segment:
    kind: int
    flags: int
    offset: int
    address: int
    size: int
    memory: int


@dataclass(frozen=True, slots=True)
class _Elf:
    machine: tuple[int, int, int]
    os_abi: int
    order: str
    is_64_bit: bool
    segments: tuple[_Segment, ...]


def _inspect_foreign(head: bytes, wanted: Sequence[Platform]) -> Inspection:
    if head.startswith(b"#!"):
        raise Refused(SCRIPT_REFUSED)
    system, what = next(((system, what) for magic, system, what in _FOREIGN_MAGIC if head.startswith(magic)), ("", ""))
    for platform in wanted:
        if system and platform.os == system:
            return Inspection(platform, (UNCHECKED_WARNING,))
    raise Refused(NOT_ELF, f"it is {what}" if what else "its first bytes are of no known format")


def _parse_elf(head: bytes, size: int) -> _Elf:
    bits, data, version, os_abi = head[4:8] if len(head) >= _IDENT_BYTES else (0, 0, 0, 0)
    if bits not in _EHDR_BYTES or data not in {1, 2} or version != 1 or len(head) < _EHDR_BYTES[bits]:
        raise Refused(ELF_INVALID, "the identification is cut or wrong")
    order = "<" if data == 1 else ">"
    form = struct.Struct(order + ("HHIQQQIHHHHHH" if bits == _64_BIT else "HHIIIIIHHHHHH"))
    fields = form.unpack_from(head, 16)
    kind, machine, file_version, entry, table, _, _, ehsize, entry_size, count = fields[:10]
    if kind not in {_ET_EXEC, _ET_DYN} or file_version != 1:
        raise Refused(ELF_INVALID, "it is not a program (ET_EXEC or ET_DYN)")
    if ehsize != _EHDR_BYTES[bits] or entry_size != _PHDR_BYTES[bits] or not count:
        raise Refused(ELF_INVALID, "the header sizes are wrong")
    if table < ehsize or table + count * entry_size > len(head):
        raise Refused(ELF_INVALID, "the program headers lie outside the first 64 KiB")
    segments = tuple(
        _segment(head[start : start + entry_size], order)
        for start in range(table, table + count * entry_size, entry_size)
    )
    _check_segments(segments, entry=entry, size=size)
    return _Elf(machine=(machine, bits, data), os_abi=os_abi, order=order, is_64_bit=bits == _64_BIT, segments=segments)


def _segment(raw: bytes, order: str) -> _Segment:
    if len(raw) == _PHDR_BYTES[1]:
        kind, offset, address, _, size, memory, flags, _ = struct.unpack(order + "IIIIIIII", raw)
    else:
        kind, flags, offset, address, _, size, memory, _ = struct.unpack(order + "IIQQQQQQ", raw)
    return _Segment(kind=kind, flags=flags, offset=offset, address=address, size=size, memory=memory)


def _check_segments(segments: Sequence[_Segment], *, entry: int, size: int) -> None:
    loads = [part for part in segments if part.kind == _PT_LOAD]
    if any(part.offset + part.size > size for part in (*loads, *(p for p in segments if p.kind == _PT_DYNAMIC))):
        raise Refused(ELF_INVALID, "a segment ends behind the file")
    if any(part.size > part.memory for part in loads):
        raise Refused(ELF_INVALID, "a segment is larger in the file than in memory")
    starts = (part.address <= entry < part.address + part.memory for part in loads if part.flags & _PF_EXECUTE)
    if not any(starts):
        raise Refused(ELF_INVALID, "the entry point lies in no executable segment")


def _platform_of(elf: _Elf, wanted: Sequence[Platform]) -> Platform:
    checkable = [platform for platform in wanted if platform.os in _OS_ABIS and platform.architecture in _MACHINES]
    if not checkable:
        foreign = any(platform.os in {"windows", "darwin"} for platform in wanted)
        reason = WRONG_OPERATING_SYSTEM if foreign else PLATFORM_UNSUPPORTED
        raise Refused(reason, "an ELF executable for " + ", ".join(map(str, wanted)))
    fitting = [platform for platform in checkable if _MACHINES[platform.architecture] == elf.machine]
    if not fitting:
        names = {machine: name for name, machine in _MACHINES.items()}
        found = names.get(elf.machine, f"machine {elf.machine[0]}")
        raise Refused(WRONG_ARCHITECTURE, f"it is for {found}, wanted is {', '.join(map(str, wanted))}")
    for platform in fitting:
        if elf.os_abi in _OS_ABIS[platform.os]:
            return platform
    raise Refused(WRONG_OPERATING_SYSTEM, f"its OS ABI is {elf.os_abi}")
