"""Whatever packed and pushed it: the stored executable is, byte for byte, the one that was built."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from local.registry import RunningRegistry
from tests.interop.artifacts import push_plain_artifact, push_tyk_artifact
from tests.interop.executables import executable
from tests.interop.images import (
    Buildah,
    build_with_umoci,
    layer_types,
    manifest_of,
    push_with_skopeo,
    recompress_with_skopeo,
)
from tests.interop.pulling import AMD64, ARM64, environment_of, pull, sha256

pytestmark = [pytest.mark.enable_socket, pytest.mark.allow_hosts(["127.0.0.1"])]

_OCI_LAYER = "application/vnd.oci.image.layer.v1.tar"
_DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"

Source = Callable[[str, Path], str]


def _as_built(source: str, _folder: Path) -> str:
    return source


def _plain(source: str, folder: Path) -> str:
    return recompress_with_skopeo(source, folder, "--dest-decompress")


def _zstd(source: str, folder: Path) -> str:
    return recompress_with_skopeo(source, folder, "--dest-compress", "--dest-compress-format", "zstd")


@pytest.mark.parametrize(
    ("prepared", "option", "layer_type"),
    [
        pytest.param(_as_built, "--preserve-digests", f"{_OCI_LAYER}+gzip", id="gzip"),
        pytest.param(_plain, "--preserve-digests", _OCI_LAYER, id="plain"),
        pytest.param(_zstd, "--preserve-digests", f"{_OCI_LAYER}+zstd", id="zstd"),
        pytest.param(_as_built, "--format=v2s2", _DOCKER_LAYER, id="docker-v2s2"),
    ],
)
def test_an_image_of_umoci_and_skopeo(
    registry: RunningRegistry, tmp_path: Path, prepared: Source, option: str, layer_type: str
) -> None:
    """A FROM scratch image is pulled with each layer compression, and when skopeo made it Docker's schema 2."""
    data = executable(f"umoci {layer_type}")
    name = f"umoci/{sha256(layer_type.encode())[:8]}:v1"
    source = build_with_umoci(tmp_path / "image", [{"plugin": data}])
    digest = push_with_skopeo(prepared(source, tmp_path / "copy"), registry, name, option)
    assert layer_types(registry, name) == [layer_type]
    pulled = pull(f"{registry.host}/{name}", environment_of(registry))
    assert sha256(pulled.contents[AMD64]) == sha256(data)
    assert pulled.version.manifest_digest == digest


def test_the_upper_layer_wins(registry: RunningRegistry, tmp_path: Path) -> None:
    """Of an entrypoint that several layers write the last one counts; a file that a whiteout removed is no obstacle."""
    old, new = executable("old"), executable("new")
    layers: list[Mapping[str, bytes | None]] = [
        {"plugin": old},
        {"notes/readme": b"text"},
        {"plugin": new},
        {"notes": None},
    ]
    push_with_skopeo(build_with_umoci(tmp_path / "image", layers), registry, "layers/p:v1")
    assert len(layer_types(registry, "layers/p:v1")) == len(layers)
    pulled = pull(f"{registry.host}/layers/p:v1", environment_of(registry))
    assert sha256(pulled.contents[AMD64]) == sha256(new)


@pytest.mark.parametrize("start", ["--entrypoint", "--cmd"])
def test_an_image_of_buildah(registry: RunningRegistry, tmp_path: Path, start: str) -> None:
    """An image that buildah builds and pushes is pulled by its ENTRYPOINT, or by its CMD where it has none."""
    buildah, data, name = Buildah(tmp_path), executable(f"buildah {start}"), f"buildah/{start[2:]}:v1"
    buildah.push(buildah.build(data, start=start), registry, name)
    pulled = pull(f"{registry.host}/{name}", environment_of(registry))
    assert sha256(pulled.contents[AMD64]) == sha256(data)


@pytest.mark.parametrize(
    ("form", "media_type"),
    [
        ("oci", "application/vnd.oci.image.index.v1+json"),
        ("v2s2", "application/vnd.docker.distribution.manifest.list.v2+json"),
    ],
)
def test_an_index_of_two_platforms(registry: RunningRegistry, tmp_path: Path, form: str, media_type: str) -> None:
    """Of an OCI index and of a Docker manifest list every wanted platform is stored, each with its own executable."""
    buildah, name = Buildah(tmp_path), f"index/{form}:v1"
    built = {f"linux/{machine}": executable(form, machine) for machine in ("amd64", "arm64")}
    images = [buildah.build(data, platform.removeprefix("linux/")) for platform, data in built.items()]
    buildah.push_list(images, registry, name, form=form)
    assert manifest_of(registry, name)["mediaType"] == media_type
    pulled = pull(f"{registry.host}/{name}", environment_of(registry), platforms=(AMD64, ARM64))
    assert {name: sha256(data) for name, data in pulled.contents.items()} == {
        name: sha256(data) for name, data in built.items()
    }
    assert pulled.version.media_type == media_type


def test_an_artifact_with_the_products_media_types(registry: RunningRegistry, tmp_path: Path) -> None:
    """What oras pushes with Tyk's media types is pulled, and its config document comes with it."""
    data = executable("tyk artifact")
    document = push_tyk_artifact(tmp_path, data, registry, "oras/tyk:v1")
    pulled = pull(f"{registry.host}/oras/tyk:v1", environment_of(registry))
    assert sha256(pulled.contents[AMD64]) == sha256(data)
    assert pulled.version.plugin_config == document


@pytest.mark.parametrize("machine", ["amd64", "arm64"])
def test_an_artifact_that_says_nothing(registry: RunningRegistry, tmp_path: Path, machine: str) -> None:
    """What oras pushes as plain bytes is pulled for the platform that the executable itself is for."""
    data = executable("plain artifact", machine)
    push_plain_artifact(tmp_path, data, registry, f"oras/plain-{machine}:v1")
    reference = f"{registry.host}/oras/plain-{machine}:v1"
    pulled = pull(reference, environment_of(registry), platforms=(AMD64, ARM64))
    assert {name: sha256(data) for name, data in pulled.contents.items()} == {f"linux/{machine}": sha256(data)}
