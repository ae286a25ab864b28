"""Layers: which file is the entrypoint's, and which archives are refused."""

import io
import tarfile
from collections.abc import Iterable, Iterator, Sequence

import pytest

from shared.artifacts.layers import EntrypointSearch
from shared.artifacts.limits import PullLimits, UnpackBudget
from shared.artifacts.tar_headers import canonical_path, parse_pax
from shared.artifacts.tar_reader import TarEntry, TarReader
from shared.errors import Refused

LIMITS = PullLimits()


def entry(
    name: str, content: bytes = b"", *, kind: bytes = tarfile.REGTYPE, mode: int = 0o755, link: str = ""
) -> bytes:
    """Build one entry, without the archive's end."""
    info = tarfile.TarInfo(name)
    info.type, info.mode, info.linkname = kind, mode, link
    info.size = len(content)
    return info.tobuf(tarfile.USTAR_FORMAT) + content + bytes(-len(content) % 512)


def directory(name: str) -> bytes:
    """Build a directory's entry."""
    return entry(name, kind=tarfile.DIRTYPE)


def symlink(name: str, link: str) -> bytes:
    """Build a symbolic link's entry."""
    return entry(name, kind=tarfile.SYMTYPE, link=link)


def layer(*entries: bytes, end: bytes = bytes(1024)) -> bytes:
    """Build an archive."""
    return b"".join(entries) + end


def pieces(data: bytes, size: int) -> Iterator[bytes]:
    """Cut into pieces."""
    return (data[start : start + size] for start in range(0, len(data), size))


def search(layers: Sequence[bytes], path: str = "bin/plugin", *, piece_bytes: int = 700, **limits: int) -> bytes:
    """Search layers, lowest first, and give the found content."""
    bounds = PullLimits(**limits)
    budget = UnpackBudget(bounds)
    found: list[bytes] = []

    def take(_: TarEntry, content: Iterable[memoryview]) -> None:
        found.append(b"".join(content))

    finder = EntrypointSearch(path, take=take, limits=bounds)
    for data in reversed(layers):
        finder.read_layer(TarReader(pieces(data, piece_bytes), budget=budget, limits=bounds))
    finder.finish()
    [content] = found
    return content


def refused(layers: Sequence[bytes], path: str = "bin/plugin", **limits: int) -> str:
    """Give the code of the reason."""
    with pytest.raises(Refused) as error:
        search(layers, path, **limits)
    return error.value.reason.code


PLUGIN = entry("bin/plugin", b"new" * 300)


@pytest.mark.parametrize("piece_bytes", [1, 511, 512, 513, 1 << 20])
@pytest.mark.parametrize(
    "layers",
    [
        [layer(PLUGIN)],
        [layer(directory("bin/"), PLUGIN, entry("etc/other", b"x" * 1000))],
        [layer(entry("bin/plugin", b"old")), layer(PLUGIN)],
        [layer(entry("bin/plugin", b"old")), layer(entry("bin/.wh.plugin")), layer(PLUGIN)],
        [layer(entry("bin/plugin", b"old")), layer(PLUGIN, entry("bin/.wh.plugin"))],
        [layer(entry("bin/plugin", b"old")), layer(entry("bin/.wh..wh..opq"), PLUGIN)],
        [layer(PLUGIN), layer(entry(".wh.etc"), entry("bin/.wh.other"), entry("usr/.wh..wh..opq"))],
        [layer(symlink("bin", "usr/bin")), layer(directory("bin/"), PLUGIN)],
        [layer(symlink("bin", "usr/bin")), layer(entry(".wh.bin")), layer(PLUGIN)],
        [layer(entry("bin", b"file")), layer(entry(".wh..wh..opq")), layer(PLUGIN)],
        [layer(PLUGIN), layer(entry("./README", b"x"))],
    ],
)
def test_the_upper_layers_decide(layers: Sequence[bytes], piece_bytes: int) -> None:
    """Whiteouts hide lower layers only, upper files replace lower ones, other entries do not matter."""
    assert search(layers, piece_bytes=piece_bytes) == b"new" * 300


@pytest.mark.parametrize(
    ("layers", "code"),
    [
        ([], "entrypoint_missing"),
        ([layer()], "entrypoint_missing"),
        ([layer(PLUGIN), layer(entry("bin/.wh.plugin"))], "entrypoint_missing"),
        ([layer(PLUGIN), layer(entry(".wh.bin"))], "entrypoint_missing"),
        ([layer(PLUGIN), layer(entry(".wh..wh..opq"))], "entrypoint_missing"),
        ([layer(PLUGIN), layer(entry("bin", b"file"))], "entrypoint_missing"),
        ([layer(PLUGIN), layer(symlink("bin", "/srv"))], "entrypoint_is_symlink"),
        ([layer(symlink("bin", "usr/bin")), layer(PLUGIN)], "entrypoint_is_symlink"),
        ([layer(entry("bin", b"file")), layer(PLUGIN)], "tar_path_conflict"),
        ([layer(symlink("bin/plugin", "/etc/passwd"))], "entrypoint_is_symlink"),
        ([layer(entry("bin/plugin", kind=tarfile.LNKTYPE, link="x"))], "entrypoint_is_hardlink"),
        ([layer(directory("bin/plugin"))], "entrypoint_not_regular"),
        ([layer(entry("bin/plugin", kind=tarfile.FIFOTYPE))], "entrypoint_not_regular"),
        ([layer(entry("bin/plugin", b"x", mode=0o4755))], "privileged_file"),
        ([layer(entry("bin/plugin", b"x", mode=0o644))], "not_executable"),
        ([layer(PLUGIN, PLUGIN)], "tar_entry_duplicate"),
        ([layer(symlink("bin/plugin", "/x"), PLUGIN)], "tar_entry_duplicate"),
        ([layer(entry("etc/x"), entry("./etc/x"), PLUGIN)], "tar_entry_duplicate"),
        ([layer(PLUGIN, entry("bin/plugin/child"))], "tar_path_conflict"),
        ([layer(entry("etc/x"), entry("etc"), PLUGIN)], "tar_path_conflict"),
        ([layer(symlink("etc", "/srv"), entry("etc/x"), PLUGIN)], "tar_parent_is_link"),
        ([layer(symlink("./.", "/srv")), layer(PLUGIN)], "tar_root_replaced"),
        ([layer(entry("dev/mem", kind=tarfile.CHRTYPE), PLUGIN)], "tar_device"),
        ([layer(entry(".wh.", b""), PLUGIN)], "whiteout_invalid"),
        ([layer(entry(".wh...", b""), PLUGIN)], "whiteout_invalid"),
        ([layer(entry(".wh..wh.plnk"), PLUGIN)], "whiteout_invalid"),
        ([layer(directory(".wh.x/"), PLUGIN)], "whiteout_invalid"),
        ([layer(entry(".wh.x/y"), PLUGIN)], "whiteout_invalid"),
        ([layer(entry("x", kind=b"Z"), PLUGIN)], "tar_type_unsupported"),
        ([layer(entry("x", kind=tarfile.GNUTYPE_SPARSE), PLUGIN)], "tar_sparse"),
        ([layer(PLUGIN, end=b"")], "tar_truncated"),
        ([layer(PLUGIN, end=bytes(512))], "tar_truncated"),
        ([layer(PLUGIN, end=bytes(512) + b"x" * 512)], "tar_trailing_data"),
        ([layer(PLUGIN, end=bytes(2048) + b"x")], "tar_trailing_data"),
        ([layer(PLUGIN)[:1000]], "tar_truncated"),
        ([layer(PLUGIN[:200] + b"\xff" + PLUGIN[201:])], "tar_header_invalid"),
    ],
)
def test_what_is_refused_has_its_reason(layers: Sequence[bytes], code: str) -> None:
    """Nothing that two readers could read in two ways passes."""
    assert refused(layers) == code


def test_entries_and_implied_directories_have_a_bound() -> None:
    """Neither many entries nor deep paths fill the memory."""
    many = layer(*(entry(f"f{number}") for number in range(20)), PLUGIN)
    assert refused([many], max_entries=20) == "tar_too_many_entries"
    deep = layer(entry("/".join("d" * 30)), PLUGIN)
    assert refused([deep], max_entries=20) == "tar_too_many_entries"


def test_the_executable_has_a_bound_of_its_own() -> None:
    """A file over the limit is refused from its header alone."""
    assert refused([layer(PLUGIN)], max_executable_bytes=100) == "tar_entry_too_large"


def test_names_of_real_images_pass() -> None:
    """Letters of any language and systemd's escaped unit names are fine."""
    assert canonical_path("usr/lib/systemd/system/system-systemd\\x2dcryptsetup.slice").endswith("slice")
    assert (
        canonical_path("./usr/share/ca-certificates/Főtanúsítvány.crt") == "usr/share/ca-certificates/Főtanúsítvány.crt"
    )


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("", "tar_name_invalid"),
        ("a\\b", "tar_name_invalid"),
        ("c:/x", "tar_name_invalid"),
        ("a\nb", "tar_name_invalid"),
        ("a\u202eb", "tar_name_invalid"),
        ("/etc/x", "tar_path_absolute"),
        ("a/../b", "tar_path_traversal"),
        ("a" * 256, "tar_name_too_long"),
    ],
)
def test_names_that_mean_different_things_to_different_readers_are_refused(name: str, code: str) -> None:
    """Ambiguity is refused, not normalised."""
    with pytest.raises(Refused) as error:
        canonical_path(name)
    assert error.value.reason.code == code


@pytest.mark.parametrize(
    "data",
    [
        b"0 path=x\n",
        b"99 path=x\n",
        b"9 path=x\n9 path=y\n",
        b"6 path\n",
        b"10 path=xy",
        b"5 =x\n",
        b"11 mtime=1e5\n"[:12],
        b"15 mtime=1e300\n",
        b"10 size=-1\n",
        b"30 hdrcharset=BINARY-AND-MORE\n",
        b"1" * 60_000,
    ],
)
def test_pax_records_are_read_without_a_guess(data: bytes) -> None:
    """Lengths, keys and values must be exactly right."""
    with pytest.raises(Refused) as error:
        parse_pax(data)
    assert error.value.reason.code == "tar_header_invalid"


def pax_layer(headers: dict[str, str], name: str = "bin/plugin") -> bytes:
    """Build a layer whose one entry has PAX headers."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        info = tarfile.TarInfo(name)
        info.mode, info.size, info.pax_headers = 0o755, 3, headers
        archive.addfile(info, io.BytesIO(b"new"))
    return buffer.getvalue()


def test_extended_headers_name_the_entry() -> None:
    """A long path by PAX or GNU is the entry's path."""
    path = "/".join(["directory" * 10] * 3)
    assert search([pax_layer({"comment": "x"}, path)], path) == b"new"
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as archive:
        info = tarfile.TarInfo(path)
        info.mode, info.size = 0o755, 3
        archive.addfile(info, io.BytesIO(b"new"))
    assert search([buffer.getvalue()], path) == b"new"


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"size": "4"}, "tar_header_invalid"),
        ({"GNU.sparse.major": "1"}, "tar_sparse"),
        ({"SCHILY.xattr.security.capability": "x"}, "privileged_file"),
        ({"comment": "c" * 70_000}, "tar_extended_too_large"),
    ],
)
def test_extended_headers_that_change_the_meaning_are_refused(headers: dict[str, str], code: str) -> None:
    """Sizes, holes and privileges by extended header do not pass."""
    assert refused([pax_layer(headers)]) == code


def test_a_global_header_may_carry_a_comment_only() -> None:
    """Git writes its commit id there; a path for every entry is refused."""
    record = b"18 comment=abcdef\n"
    fine = entry("pax_global_header", record, kind=tarfile.XGLTYPE)
    assert search([layer(fine, PLUGIN)]) == b"new" * 300
    hostile = entry("pax_global_header", b"19 path=bin/plugin\n", kind=tarfile.XGLTYPE)
    assert refused([layer(hostile, PLUGIN)]) == "tar_header_invalid"


def test_two_long_names_for_one_entry_are_refused() -> None:
    """Readers differ in which one counts."""
    gnu = entry("././@LongLink", b"other\0", kind=tarfile.GNUTYPE_LONGNAME)
    pax = entry("x", b"19 path=bin/plugin\n", kind=tarfile.XHDTYPE)
    assert refused([layer(gnu, pax, PLUGIN)]) == "tar_name_ambiguous"
    assert refused([layer(gnu, gnu, PLUGIN)]) == "tar_header_invalid"
    assert refused([layer(PLUGIN, pax)]) == "tar_header_invalid"
