"""The file store: the target is complete and executable, or untouched."""

import hashlib
from pathlib import Path

import pytest

from shared.artifacts.executable_sink import copy_into
from shared.artifacts.file_store import FileStore
from shared.artifacts.pull import pull_artifact
from shared.commands import OciCommand
from shared.errors import Refused, Transient
from tests.unit.artifacts import images
from tests.unit.artifacts.fakes import FakeRegistry, digest_of

COMMAND = OciCommand("registry.example", "acme/plugin", "latest", None)


def test_a_pull_writes_one_executable_file(tmp_path: Path) -> None:
    """The target has the bytes and the mode, nothing else is left, and the next look finds it."""
    registry, target = FakeRegistry(), tmp_path / "plugin"
    program = images.elf(pad=3 << 20)
    images.add_artifact(registry, [program])
    target.write_bytes(b"old")
    store = FileStore(target)
    pulled = pull_artifact(COMMAND, registry=registry, store=store, platforms=["linux/amd64"])
    assert target.read_bytes() == program
    assert target.stat().st_mode & 0o777 == 0o755
    assert list(tmp_path.iterdir()) == [target]
    assert store.find(hashlib.sha256(program).hexdigest()) == pulled.platforms["linux/amd64"]


def test_a_pull_that_fails_leaves_the_target_as_it_was(tmp_path: Path) -> None:
    """A wrong digest changes nothing and leaves no partial file."""
    registry, target = FakeRegistry(), tmp_path / "plugin"
    program = images.elf(pad=3000)
    images.add_artifact(registry, [program])
    registry.blobs[digest_of(program)] = program[:-1] + b"!"
    target.write_bytes(b"old")
    with pytest.raises(Refused):
        pull_artifact(COMMAND, registry=registry, store=FileStore(target), platforms=["linux/amd64"])
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


def test_only_a_regular_file_of_the_digest_is_found(tmp_path: Path) -> None:
    """A missing file, other bytes and a link are not the executable."""
    target = tmp_path / "plugin"
    store, sha256 = FileStore(target), hashlib.sha256(b"x").hexdigest()
    assert store.find(sha256) is None
    target.write_bytes(b"y")
    assert store.find(sha256) is None
    (tmp_path / "other").write_bytes(b"x")
    target.unlink()
    target.symlink_to(tmp_path / "other")
    assert store.find(sha256) is None


def test_missing_bytes_are_not_committed(tmp_path: Path) -> None:
    """The size that was verified must be the size that was written; abort may come twice."""
    upload = FileStore(tmp_path / "plugin").open_upload()
    copy_into(upload, memoryview(b"x"))
    with pytest.raises(Transient):
        upload.commit(hashlib.sha256(b"x").hexdigest(), 2)
    upload.abort()
    upload.abort()
    assert list(tmp_path.iterdir()) == []
