"""Properties of the readers: hostile bytes only give a `Refused`, good archives are read as `tarfile` reads them."""

import contextlib
import gzip
import io
import tarfile
from collections.abc import Iterable, Iterator

import zstandard
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from shared.artifacts.compression import Compression, decompress
from shared.artifacts.executables import ExecutableInspector
from shared.artifacts.image_config import parse_image_config
from shared.artifacts.layers import EntrypointSearch
from shared.artifacts.limits import MIB, PullLimits, UnpackBudget
from shared.artifacts.packaging import parse_plugin_config
from shared.artifacts.tar_reader import TarEntry, TarReader
from shared.errors import Refused
from shared.registry.manifests import Descriptor, parse_platform
from tests.unit.artifacts import images
from tests.unit.artifacts.fakes import FakeBlob, digest_of

LIMITS = PullLimits(max_unpacked_bytes=4 * MIB, max_entries=500)
GOOD = images.tar({"etc/": None, "etc/x": b"x" * 700, "plugin": b"p" * 1500})
GZIP, ZSTD = gzip.compress(GOOD, mtime=0), zstandard.ZstdCompressor(write_checksum=True).compress(GOOD)
NAMES = st.from_regex(r"[a-z]{1,3}(/[a-z]{1,3}){0,3}", fullmatch=True)


def pieces(data: bytes, size: int) -> Iterator[bytes]:
    """Cut into pieces."""
    return (data[start : start + size] for start in range(0, len(data), size))


def find(chunks: Iterator[bytes], path: str, budget: UnpackBudget) -> bytes:
    """Search one layer for a path and give its content."""
    found: list[bytes] = []

    def take(_: TarEntry, content: Iterable[memoryview]) -> None:
        found.append(b"".join(content))

    search = EntrypointSearch(path, take=take, limits=LIMITS)
    search.read_layer(TarReader(chunks, budget=budget, limits=LIMITS))
    search.finish()
    return found[0]


def mutated(data: bytes, changes: list[tuple[int, int]], cut: int) -> bytes:
    """Change bytes and cut the end."""
    changed = bytearray(data)
    for position, value in changes:
        changed[position % len(changed)] = value
    return bytes(changed[: len(changed) - cut % len(changed)])


CHANGES = st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), max_size=6)
CUTS = st.one_of(st.just(0), st.integers(0, 10**6))


def repaired(data: bytes) -> bytes:
    """Put right the checksum of each header, so that changes are not all caught there."""
    blocks = bytearray(data)
    for start in range(0, len(blocks) - 511, 512):
        if blocks[start + 257 : start + 262] == b"ustar":
            total = sum(blocks[start : start + 512]) - sum(blocks[start + 148 : start + 156]) + 8 * 32
            blocks[start + 148 : start + 156] = b"%06o\0 " % total
    return bytes(blocks)


@settings(max_examples=300, deadline=2000)
@given(changes=CHANGES, cut=CUTS, piece=st.sampled_from([1, 100, 512, 4096]))
@example(changes=[(124, 0xFF), (125, 0xFF)], cut=0, piece=512)
def test_a_damaged_archive_is_read_or_refused(changes: list[tuple[int, int]], cut: int, piece: int) -> None:
    """No bytes make the tar reader do anything but give the file or raise `Refused`."""
    data = repaired(mutated(GOOD, changes, cut))
    with contextlib.suppress(Refused):
        find(pieces(data, piece), "plugin", UnpackBudget(LIMITS))


@settings(max_examples=200, deadline=2000)
@given(data=st.binary(max_size=3000))
def test_any_bytes_at_all_are_no_archive(data: bytes) -> None:
    """Random input is refused."""
    try:
        find(pieces(data, 512), "plugin", UnpackBudget(LIMITS))
    except Refused:
        return
    raise AssertionError("random bytes were read as an archive")


@settings(max_examples=200, deadline=2000)
@given(
    stream=st.sampled_from([(GZIP, "gzip"), (ZSTD, "zstd")]),
    changes=CHANGES,
    cut=CUTS,
    piece=st.sampled_from([1, 64, 9999]),
)
def test_a_damaged_stream_gives_the_same_bytes_or_is_refused(
    stream: tuple[bytes, Compression], changes: list[tuple[int, int]], cut: int, piece: int
) -> None:
    """Checksums of gzip and zstd are honoured: what passes is what was compressed."""
    data = mutated(stream[0], changes, cut)
    blob = FakeBlob(data, Descriptor("a/b", digest_of(data), len(data)), piece_bytes=piece, fail_after=None)
    try:
        found = b"".join(decompress(blob, stream[1], UnpackBudget(LIMITS), LIMITS))
    except Refused:
        return
    assert found in {GOOD, b""} or data == stream[0]


@settings(max_examples=100, deadline=2000, suppress_health_check=[HealthCheck.filter_too_much])
@given(
    files=st.dictionaries(NAMES, st.binary(max_size=1200), min_size=1, max_size=6),
    form=st.sampled_from([tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]),
    piece=st.sampled_from([1, 511, 4096]),
)
def test_good_archives_are_read_as_the_standard_library_reads_them(
    files: dict[str, bytes], form: int, piece: int
) -> None:
    """Every file of an archive without contradictions is found with its bytes."""
    kept = {name: data for name, data in files.items() if not any(other.startswith(f"{name}/") for other in files)}
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as archive:
        for name, data in kept.items():
            info = tarfile.TarInfo(name)
            info.mode, info.size = 0o755, len(data)
            archive.addfile(info, io.BytesIO(data))
    for name, data in kept.items():
        assert find(pieces(buffer.getvalue(), piece), name, UnpackBudget(LIMITS)) == data


@settings(max_examples=300, deadline=2000)
@given(changes=CHANGES, piece=st.sampled_from([1, 64, 4096]))
def test_a_damaged_executable_is_inspected_or_refused(changes: list[tuple[int, int]], piece: int) -> None:
    """No header makes the inspector do anything but answer."""
    data = mutated(images.elf(pad=100, interpreter=True, needed=True), changes, 0)
    inspector = ExecutableInspector([parse_platform("linux/amd64")], size=len(data))
    with contextlib.suppress(Refused):
        for part in pieces(data, piece):
            inspector.feed(memoryview(part))
        inspector.finish()


@settings(max_examples=200, deadline=2000)
@given(data=st.one_of(st.binary(max_size=300), st.text(max_size=100).map(str.encode)))
def test_configs_are_read_or_refused(data: bytes) -> None:
    """Neither config reader raises anything but `Refused`."""
    for read in (
        lambda: parse_image_config(data, layers=1, max_bytes=1000),
        lambda: parse_plugin_config(data, max_bytes=1000),
    ):
        with contextlib.suppress(Refused):
            read()
