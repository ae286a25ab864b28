"""A small but real executable, made without a compiler: a static ELF for linux/amd64 that prints one line and exits.

Layout: ELF header, one program header, code, text (https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html).
"""

import struct
from typing import Final

_BASE_ADDRESS: Final = 0x400000
_HEADER_BYTES: Final = 64
_PROGRAM_HEADER_BYTES: Final = 56
_ET_EXEC: Final = 2
_EM_X86_64: Final = 62
_PT_LOAD: Final = 1
_PF_READ_EXECUTE: Final = 5
_PAGE_BYTES: Final = 0x1000


def static_executable(text: str, *, size_bytes: int = 0) -> bytes:
    """Give the executable; the same text and size give the same bytes.

    Args:
        text: the line that it prints.
        size_bytes: pad the file to this size (0 = as small as it is).
    """
    line = text.encode() + b"\n"
    begin = _HEADER_BYTES + _PROGRAM_HEADER_BYTES
    code_bytes = len(_code(0, 0))
    # lea counts from the end of its own instruction, 17 bytes into the code.
    code = _code(code_bytes - 17, len(line))
    content = begin + code_bytes + len(line)
    header = struct.pack(
        "<16sHHIQQQIHHHHHH",
        b"\x7fELF\x02\x01\x01" + bytes(9),
        _ET_EXEC,
        _EM_X86_64,
        1,
        _BASE_ADDRESS + begin,
        _HEADER_BYTES,
        0,
        0,
        _HEADER_BYTES,
        _PROGRAM_HEADER_BYTES,
        1,
        0,
        0,
        0,
    )
    program = struct.pack(
        "<IIQQQQQQ", _PT_LOAD, _PF_READ_EXECUTE, 0, _BASE_ADDRESS, _BASE_ADDRESS, content, content, _PAGE_BYTES
    )
    return (header + program + code + line).ljust(size_bytes, b"\0")


def _code(distance: int, length: int) -> bytes:
    """write(1, text, length); exit(0)."""
    return b"".join(
        (
            b"\xb8\x01\x00\x00\x00",  # mov eax, 1 (write)
            b"\xbf\x01\x00\x00\x00",  # mov edi, 1 (standard output)
            b"\x48\x8d\x35" + struct.pack("<i", distance),  # lea rsi, [rip + distance]
            b"\xba" + struct.pack("<I", length),  # mov edx, length
            b"\x0f\x05",  # syscall
            b"\xb8\x3c\x00\x00\x00",  # mov eax, 60 (exit)
            b"\x31\xff",  # xor edi, edi
            b"\x0f\x05",  # syscall
        )
    )
