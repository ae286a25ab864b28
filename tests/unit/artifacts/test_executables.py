"""Executables: which platform they are for, and what is refused."""

import struct

import pytest

from shared.artifacts.executables import DYNAMIC_WARNING, UNCHECKED_WARNING, ExecutableInspector, Inspection
from shared.errors import Refused
from shared.registry.manifests import Platform, parse_platform
from tests.unit.artifacts import images

AMD64 = parse_platform("linux/amd64")
ARM64 = parse_platform("linux/arm64")


def inspect(data: bytes, *wanted: Platform, piece_bytes: int = 1 << 20) -> Inspection:
    """Feed an executable in pieces."""
    inspector = ExecutableInspector(wanted or (AMD64,), size=len(data))
    for start in range(0, len(data), piece_bytes):
        inspector.feed(memoryview(data)[start : start + piece_bytes])
    return inspector.finish()


def refused(data: bytes, *wanted: Platform) -> str:
    """Give the code of the reason."""
    with pytest.raises(Refused) as error:
        inspect(data, *wanted)
    return error.value.reason.code


def patched(offset: int, form: str, value: int) -> bytes:
    """Build an executable with one field changed."""
    data = bytearray(images.elf(pad=64))
    struct.pack_into(form, data, offset, value)
    return bytes(data)


@pytest.mark.parametrize("piece_bytes", [1, 63, 65, 4096, 1 << 20])
def test_a_static_executable_passes_without_warning(piece_bytes: int) -> None:
    """The pieces in which it comes make no difference."""
    data = images.elf(pad=70_000)
    assert inspect(data, piece_bytes=piece_bytes) == Inspection(AMD64, ())


def test_the_one_platform_that_fits_is_chosen() -> None:
    """The machine decides among the wanted platforms."""
    assert inspect(images.elf("arm64"), AMD64, ARM64).platform == ARM64


@pytest.mark.parametrize("pad", [0, 200_000])
@pytest.mark.parametrize("piece_bytes", [37, 1 << 20])
def test_a_dynamic_executable_is_a_warning(pad: int, piece_bytes: int) -> None:
    """An interpreter or a needed library, near or far from the headers, is told."""
    assert inspect(images.elf(interpreter=True, pad=pad)).warnings == (DYNAMIC_WARNING,)
    assert inspect(images.elf(needed=True, pad=pad), piece_bytes=piece_bytes).warnings == (DYNAMIC_WARNING,)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "not_elf"),
        (b"#!/bin/sh\n", "script_refused"),
        (b"MZ" + bytes(62), "not_elf"),
        (b"\xcf\xfa\xed\xfe" + bytes(60), "not_elf"),
        (b"\0asm\1\0\0\0", "not_elf"),
        (b"\n" + images.elf(), "not_elf"),
        (images.elf()[:16], "elf_invalid"),
        (images.elf()[:63], "elf_invalid"),
        (images.elf()[:-1], "elf_invalid"),
        (patched(4, "B", 3), "elf_invalid"),
        (patched(5, "B", 0), "elf_invalid"),
        (patched(6, "B", 2), "elf_invalid"),
        (patched(16, "<H", 1), "elf_invalid"),
        (patched(20, "<I", 2), "elf_invalid"),
        (patched(24, "<Q", 1), "elf_invalid"),
        (patched(32, "<Q", 0), "elf_invalid"),
        (patched(32, "<Q", 1 << 40), "elf_invalid"),
        (patched(52, "<H", 0), "elf_invalid"),
        (patched(54, "<H", 32), "elf_invalid"),
        (patched(56, "<H", 0), "elf_invalid"),
        (patched(56, "<H", 0xFFFF), "elf_invalid"),
        (patched(64 + 32, "<Q", 1 << 40), "elf_invalid"),
        (patched(64 + 40, "<Q", 1), "elf_invalid"),
        (patched(7, "B", 9), "wrong_operating_system"),
        (images.elf("arm64"), "wrong_architecture"),
        (patched(18, "<H", 9999), "wrong_architecture"),
    ],
)
def test_what_is_no_executable_for_the_platform_is_refused(data: bytes, code: str) -> None:
    """Each kind of wrong file has its reason."""
    assert refused(data) == code


@pytest.mark.parametrize(
    ("data", "platform"), [(b"MZ" + bytes(62), "windows/amd64"), (b"\xcf\xfa\xed\xfe" + bytes(60), "darwin/arm64")]
)
def test_foreign_formats_pass_by_their_magic_where_they_are_wanted(data: bytes, platform: str) -> None:
    """Windows and macOS executables are taken for these systems, with the warning that no more was checked."""
    wanted = parse_platform(platform)
    assert inspect(data, wanted) == Inspection(wanted, (UNCHECKED_WARNING,))


@pytest.mark.parametrize(
    ("platform", "code"), [("windows/amd64", "wrong_operating_system"), ("plan9/amd64", "platform_unsupported")]
)
def test_an_elf_file_is_refused_for_other_systems(platform: str, code: str) -> None:
    """An ELF executable is never taken for a system that does not run it."""
    assert refused(images.elf(), parse_platform(platform)) == code


def test_a_script_is_refused_for_every_system() -> None:
    """A script has no platform of its own."""
    assert refused(b"#!x", parse_platform("windows/amd64")) == "script_refused"
