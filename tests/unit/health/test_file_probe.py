"""Files as a gateway would find them, good and bad."""

import hashlib
import os
import socket
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from shared.health.file_probe import FileExpectation, probe_file
from shared.health.results import ProbeResult

CONTENT = b"\x7fELF plugin"
SHA256 = hashlib.sha256(CONTENT).hexdigest()
OPEN_FILES = Path("/proc/self/fd")
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
as_user = pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")


@pytest.fixture
def mount(tmp_path: Path) -> Path:
    """A mounted directory with one good plugin in `team/plugin`."""
    root = tmp_path.resolve() / "plugins"
    (root / "team").mkdir(parents=True)
    for directory in (root, root / "team"):
        directory.chmod(0o755)
    plugin = root / "team" / "plugin"
    plugin.write_bytes(CONTENT)
    plugin.chmod(0o755)
    return root


def probe(mount: Path, name: str = "team/plugin", **expected: object) -> ProbeResult:
    """Probe a path below the mount."""
    expectation = FileExpectation(**expected)  # type: ignore[arg-type]  # the test's keywords are the fields
    return probe_file(f"{mount}/{name}", mounts=[str(mount)], expectation=expectation)


def test_a_good_file_is_healthy(mount: Path) -> None:
    """Regular, executable, safely owned, right checksum."""
    result = probe(mount, sha256=SHA256)
    assert (result.outcome, result.probe, result.reason.code) == ("healthy", "file", "file_ok")
    assert result.address == f"{mount}/team/plugin"


def test_a_path_that_is_not_mounted_here_is_left_to_the_gateways(mount: Path) -> None:
    """Nothing is looked at, nothing is claimed, and a name that only begins like a mount is not under it."""
    for path, mounts in (
        ("/elsewhere/plugin", [str(mount)]),
        (f"{mount}/team/plugin", []),
        (f"{mount}/team/plugin", ["", "relative", "/"]),
        (f"{mount}x/plugin", [str(mount)]),
        (str(mount), [str(mount)]),
    ):
        result = probe_file(path, mounts=mounts)
        assert (result.outcome, result.probe, result.reason.code) == ("unknown", "none", "gateway_only")


def test_a_mount_may_end_in_a_slash(mount: Path) -> None:
    """A person's way to write a directory is understood."""
    assert probe_file(f"{mount}/team/plugin", mounts=[f"{mount}/"]).outcome == "healthy"


@pytest.mark.parametrize("path", ["plugin", "", "/", "/a//b", "/a/./b", "/a/../b", "/a/b/", "/a\0b"])
def test_a_path_that_can_be_read_in_two_ways_is_refused(path: str) -> None:
    """Only absolute paths in normal form are looked at."""
    assert probe_file(path, mounts=["/a"]).reason.code == "file_path_invalid"


def _remove(path: Path) -> None:
    path.unlink()


def _directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path, 0o755)


def _link(path: Path) -> None:
    path.rename(path.with_name("real"))
    path.symlink_to("real")


def _dangling_link(path: Path) -> None:
    path.unlink()
    path.symlink_to("nowhere")


def _linked_directory(path: Path) -> None:
    path.parent.rename(path.parent.with_name("real"))
    path.parent.symlink_to("real")


def _file_as_directory(path: Path) -> None:
    path.unlink()
    path.parent.rmdir()
    path.parent.write_bytes(CONTENT)


def _mode(mode: int) -> Callable[[Path], None]:
    return lambda path: path.chmod(mode)


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (_remove, "file_not_found"),
        (_directory, "not_regular_file"),
        (_fifo, "not_regular_file"),
        (_link, "symbolic_link"),
        (_dangling_link, "symbolic_link"),
        (_linked_directory, "symbolic_link"),
        (_file_as_directory, "not_regular_file"),
        (_mode(0o644), "not_executable"),
        (_mode(0o775), "unsafe_permissions"),
        (_mode(0o757), "unsafe_permissions"),
        (_mode(0o4755), "unsafe_permissions"),
        (lambda path: path.parent.chmod(0o777), "unsafe_permissions"),
        (lambda path: path.parent.parent.chmod(0o775), "unsafe_permissions"),
        (lambda path: path.write_bytes(b"something else"), "checksum_mismatch"),
        (lambda path: path.write_bytes(bytes(101)), "file_too_large"),
    ],
)
def test_each_fault_has_its_reason(mount: Path, spoil: Callable[[Path], None], code: str) -> None:
    """Every way to spoil the file makes it unhealthy, with the cause and what to do."""
    spoil(mount / "team" / "plugin")
    result = probe(mount, sha256=SHA256, max_bytes=100)
    assert (result.outcome, result.probe, result.reason.code) == ("unhealthy", "file", code)
    assert result.hint


@pytest.mark.enable_socket
def test_a_socket_is_no_plugin(mount: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Unix socket in the plugin's place is named as what it is not."""
    monkeypatch.chdir(mount)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("listener")
        assert probe(mount, "listener").reason.code == "not_regular_file"


def test_a_sticky_directory_keeps_others_away(mount: Path) -> None:
    """In a directory like /tmp nobody can replace what belongs to someone else."""
    (mount / "team").chmod(0o777 | stat.S_ISVTX)
    assert probe(mount).outcome == "healthy"


def test_directories_above_the_mount_do_not_count(mount: Path) -> None:
    """Where the operator mounts is the operator's choice."""
    mount.parent.chmod(0o777)
    assert probe(mount).outcome == "healthy"


@as_root
@pytest.mark.parametrize("name", ["team/plugin", "team"])
def test_a_foreign_owner_is_refused_unless_configured(mount: Path, name: str) -> None:
    """A file or directory of another user is unsafe; the configured one is trusted."""
    os.chown(mount / name, 12345, -1)
    assert probe(mount).reason.code == "unsafe_owner"
    assert probe(mount, owner_uid=12345).outcome == "healthy"


@as_user
def test_what_we_may_not_read_is_unknown(mount: Path) -> None:
    """Our own missing right says nothing about the plugin."""
    (mount / "team" / "plugin").chmod(0o311)
    result = probe(mount)
    assert (result.outcome, result.reason.code) == ("unknown", "file_unreadable")


def test_reading_has_a_deadline(mount: Path) -> None:
    """A slow file system ends in a result that says nothing about the plugin."""
    times = iter(range(0, 1000, 60))
    expectation = FileExpectation(sha256=SHA256)
    path = f"{mount}/team/plugin"
    result = probe_file(path, mounts=[str(mount)], expectation=expectation, clock=lambda: next(times))
    assert (result.outcome, result.reason.code) == ("unknown", "deadline_exceeded")


@pytest.mark.skipif(not OPEN_FILES.exists(), reason="only Linux lists a process's open files")
def test_no_descriptor_is_left_open(mount: Path) -> None:
    """Good and bad files alike are closed again."""
    before = sum(1 for _ in OPEN_FILES.iterdir())
    for name in ("team/plugin", "team/nothing", "nothing/plugin"):
        probe(mount, name, sha256=SHA256)
    assert sum(1 for _ in OPEN_FILES.iterdir()) == before
