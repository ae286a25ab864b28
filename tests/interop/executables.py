"""Executables to pack: real ELF files, of a size that takes several reads, and of bytes that don't compress away."""

import hashlib
import struct
from pathlib import Path

from local.demo_parts.executables import static_executable

_MACHINES = {"amd64": 62, "arm64": 183}
#: e_machine in the ELF header: https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html
_MACHINE_OFFSET = 18
_SIZE_BYTES = 3 << 20


def executable(text: str, architecture: str = "amd64", *, size_bytes: int = _SIZE_BYTES) -> bytes:
    """Give an executable of its own for each text and architecture; what is for another CPU is never run here."""
    code = bytearray(static_executable(f"{text} {architecture}"))
    struct.pack_into("<H", code, _MACHINE_OFFSET, _MACHINES[architecture])
    return bytes(code) + hashlib.shake_128(code).digest(size_bytes - len(code))


def write_executable(folder: Path, data: bytes, name: str = "plugin") -> Path:
    """Write it as a build would leave it."""
    path = folder / name
    path.write_bytes(data)
    path.chmod(0o755)
    return path
