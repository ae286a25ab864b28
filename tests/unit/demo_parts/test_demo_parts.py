"""The parts that the demo makes are real: they satisfy the product's own readers, and run."""

import io
import platform
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from local.demo_parts import bodies, packages
from local.demo_parts.executables import static_executable
from local.demo_parts.watching import Watch, Watched
from shared.artifacts.executables import ExecutableInspector
from shared.artifacts.limits import PullLimits
from shared.artifacts.packaging import ArtifactPackaging, ImagePackaging, packaging_of
from shared.commands import parse_command
from shared.registry.manifests import ImageManifest, parse_manifest, parse_platform
from tests.unit.cli.fakes import FakeApi, answer, plugin, step


@pytest.mark.parametrize("size", [0, 100_000])
def test_executable_is_a_static_elf(size: int) -> None:
    """The product's inspector takes it for linux/amd64 without a warning, at any size."""
    content = static_executable("hello", size_bytes=size)
    inspector = ExecutableInspector([parse_platform("linux/amd64")], size=len(content))
    inspector.feed(memoryview(content))
    assert str(inspector.finish().platform) == "linux/amd64"
    assert inspector.finish().warnings == ()
    assert len(content) >= size


@pytest.mark.skipif((sys.platform, platform.machine()) != ("linux", "x86_64"), reason="runs on linux/amd64 only")
def test_executable_runs(tmp_path: Path) -> None:
    """It prints its line and exits with 0."""
    file = tmp_path / "plugin"
    file.write_bytes(static_executable("hello", size_bytes=5000))
    file.chmod(0o755)
    assert subprocess.run([file], capture_output=True, check=True, timeout=10).stdout == b"hello\n"


def test_packages_are_what_the_product_reads() -> None:
    """Image and artifact parse strictly, are packed as such, and are the same on every run."""
    content = static_executable("hello")
    image, artifact = packages.image(content), packages.artifact(content, name="p", version="v1")
    assert image == packages.image(content)
    for package, kind in ((image, ImagePackaging), (artifact, ArtifactPackaging)):
        manifest = parse_manifest(package.manifest, media_type_header=None, expected_digest=package.digest)
        assert isinstance(manifest, ImageManifest)
        assert isinstance(packaging_of(manifest, PullLimits()), kind)
        assert [packages.digest_of(blob) for blob in package.blobs] == [
            manifest.config.digest,
            *(layer.digest for layer in manifest.layers),
        ]
    with tarfile.open(fileobj=io.BytesIO(image.blobs[1])) as layer:
        file = layer.extractfile("plugin")
        assert file is not None
        assert file.read() == content


def test_bodies_are_commands() -> None:
    """What the demo registers parses."""
    for body in (
        bodies.file_body(Path("/srv/my-plugin")),
        bodies.grpc_body(50051),
        bodies.late_body(50052),
        bodies.image_body("127.0.0.1:5000"),
        bodies.artifact_body("127.0.0.1:5000"),
    ):
        assert str(parse_command(body["command"])) == body["command"]


def test_watch_shows_each_step_once_and_waits_for_health() -> None:
    """A ready plugin is not at its end before its health is known; each step is shown once, in order."""
    path = "/api/v1/plugins/plg_1"
    healthy = [{"type": "Healthy", "status": "True"}]
    api = FakeApi(
        {
            f"GET {path}": [answer(plugin(conditions=[])), answer(plugin(conditions=healthy))],
            f"GET {path}/events": [answer([step(1, "plugin.registered")]), answer([step(2, "plugin.ready")])],
        }
    )
    shown: list[tuple[str, str]] = []
    watched = Watched("plg_1", "mine")
    assert Watch(api, lambda label, text: shown.append((label, text))).follow([watched], seconds=5)
    assert shown == [("mine", "plugin.registered"), ("mine", "plugin.ready")]


def test_watch_has_an_end() -> None:
    """Work that does not end in time is reported as such."""
    path = "/api/v1/plugins/plg_1"
    api = FakeApi({f"GET {path}": answer(plugin(observed_generation=0)), f"GET {path}/events": answer([])})
    assert not Watch(api, lambda _label, _text: None).follow([Watched("plg_1", "mine")], seconds=0.1)
