"""Manifests and configs: which layer or file is the executable, and for which platform."""

import json
from typing import Any

import pytest

from shared.artifacts.image_config import ARGUMENTS_WARNING, ImageConfig, parse_image_config
from shared.artifacts.limits import PullLimits
from shared.artifacts.packaging import (
    ArtifactPackaging,
    ImagePackaging,
    declared_platforms,
    packaging_of,
    parse_plugin_config,
)
from shared.errors import Refused
from shared.registry.manifests import Descriptor, ImageManifest, parse_platform
from tests.unit.artifacts import images

DIGEST = "sha256:" + "a" * 64
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar"
GZIP_LAYER = images.LAYER + "+gzip"


def manifest(config: str, *layers: str, artifact_type: str | None = None) -> ImageManifest:
    """Build a manifest of those media types."""
    return ImageManifest(
        digest=DIGEST,
        media_type=images.OCI_MANIFEST,
        artifact_type=artifact_type,
        config=Descriptor(config, DIGEST, 2),
        layers=tuple(Descriptor(layer, DIGEST, number) for number, layer in enumerate(layers)),
    )


def refused_packaging(found: ImageManifest) -> str:
    """Give the code of the reason."""
    with pytest.raises(Refused) as error:
        packaging_of(found, PullLimits())
    return error.value.reason.code


def config(**fields: Any) -> bytes:
    """Build an image's configuration."""
    document = {
        "architecture": "amd64",
        "os": "linux",
        "config": {"Entrypoint": ["/bin/plugin"]},
        "rootfs": {"type": "layers", "diff_ids": [DIGEST]},
        **fields,
    }
    return json.dumps(document).encode()


def refused_config(data: bytes) -> str:
    """Give the code of the reason."""
    with pytest.raises(Refused) as error:
        parse_image_config(data, layers=1, max_bytes=4096)
    return error.value.reason.code


def test_an_image_has_tar_layers_with_their_compression() -> None:
    """OCI's and Docker's layer types are told by their suffix."""
    found = packaging_of(
        manifest(DOCKER_CONFIG, DOCKER_LAYER, DOCKER_LAYER + ".gzip", images.LAYER + "+zstd"), PullLimits()
    )
    assert isinstance(found, ImagePackaging)
    assert [compression for _, compression in found.layers] == ["none", "gzip", "zstd"]


@pytest.mark.parametrize(
    ("found", "layer", "has_config"),
    [
        (manifest(images.TYK_CONFIG, images.TYK_LAYER), 0, True),
        (manifest(images.TYK_CONFIG, "text/markdown", images.TYK_LAYER), 1, True),
        (manifest("application/vnd.oci.empty.v1+json", "application/octet-stream", artifact_type="a/b"), 0, False),
        (manifest("application/vnd.unknown.config.v1", "application/octet-stream"), 0, False),
        (manifest(images.IMAGE_CONFIG, "application/vnd.example.binary", artifact_type="a/b"), 0, True),
    ],
)
def test_an_artifact_has_one_layer_that_is_the_executable(found: ImageManifest, layer: int, has_config: bool) -> None:  # noqa: FBT001 - a case's expectation
    """The product's media type names it, else the only layer is it; its config counts where it is JSON."""
    packaging = packaging_of(found, PullLimits())
    assert isinstance(packaging, ArtifactPackaging)
    assert packaging.layer.size == layer
    assert (packaging.config is not None) == has_config


@pytest.mark.parametrize(
    ("found", "code"),
    [
        (manifest(images.TYK_CONFIG), "artifact_ambiguous"),
        (manifest(images.TYK_CONFIG, "a/b", "a/b"), "artifact_ambiguous"),
        (manifest(images.TYK_CONFIG, images.TYK_LAYER, images.TYK_LAYER), "artifact_ambiguous"),
        (manifest("application/vnd.oci.empty.v1+json", GZIP_LAYER, artifact_type="a/b"), "artifact_ambiguous"),
        (manifest(images.IMAGE_CONFIG, GZIP_LAYER, "a/b"), "artifact_ambiguous"),
        (manifest(images.IMAGE_CONFIG, images.LAYER + "+xz"), "layer_type_unsupported"),
        (manifest(images.IMAGE_CONFIG, GZIP_LAYER + "+encrypted"), "layer_type_unsupported"),
        (manifest(images.IMAGE_CONFIG, "a/b"), "layer_type_unsupported"),
    ],
)
def test_manifests_that_do_not_say_what_the_executable_is_are_refused(found: ImageManifest, code: str) -> None:
    """Nothing is guessed: neither the first layer nor an unknown compression."""
    assert refused_packaging(found) == code


def test_an_image_config_names_platform_file_and_layers() -> None:
    """Entrypoint goes before Cmd."""
    parsed = parse_image_config(config(variant="v8", architecture="arm64"), layers=1, max_bytes=4096)
    assert parsed == ImageConfig(parse_platform("linux/arm64/v8"), "bin/plugin", (DIGEST,), ())
    both = config(config={"Entrypoint": ["/a"], "Cmd": ["/b", "-v"]})
    assert parse_image_config(both, layers=1, max_bytes=4096).entrypoint == "a"
    only = parse_image_config(config(config={"Cmd": ["/b", "-v"]}), layers=1, max_bytes=4096)
    assert (only.entrypoint, only.warnings) == ("b", (ARGUMENTS_WARNING,))


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"[]", "image_config_invalid"),
        (b"{", "image_config_invalid"),
        (b"[" * 5000, "image_config_invalid"),
        (config(os=""), "platform_mismatch"),
        (config(architecture=None), "platform_mismatch"),
        (config(architecture=7), "image_config_invalid"),
        (config(architecture="amd 64"), "image_config_invalid"),
        (config(rootfs=None), "image_config_invalid"),
        (config(rootfs={"type": "other", "diff_ids": [DIGEST]}), "image_config_invalid"),
        (config(rootfs={"type": "layers", "diff_ids": [DIGEST, DIGEST]}), "image_config_invalid"),
        (config(rootfs={"type": "layers", "diff_ids": ["sha256:x"]}), "image_config_invalid"),
        (config(config=None), "entrypoint_missing"),
        (config(config=[1]), "image_config_invalid"),
        (config(config={"Entrypoint": []}), "entrypoint_missing"),
        (config(config={"Entrypoint": "/plugin"}), "image_config_invalid"),
        (config(config={"Entrypoint": [7]}), "image_config_invalid"),
        (config(config={"Entrypoint": [""]}), "image_config_invalid"),
        (config(config={"Entrypoint": ["/a\u0000"]}), "image_config_invalid"),
        (config(config={"Entrypoint": ["plugin"]}), "entrypoint_not_absolute"),
        (config(config={"Entrypoint": ["/a/../b"]}), "entrypoint_not_canonical"),
        (config(config={"Entrypoint": ["//a"]}), "entrypoint_not_canonical"),
        (config(config={"Entrypoint": ["/bin/sh", "-c", "/plugin"]}), "entrypoint_is_launcher"),
        (config(config={"Entrypoint": ["/sbin/tini", "--", "/plugin"]}), "entrypoint_is_launcher"),
    ],
)
def test_an_image_config_that_is_not_exact_is_refused(data: bytes, code: str) -> None:
    """Each wrong field has its reason."""
    assert refused_config(data) == code


def test_a_plugin_config_is_an_object_whose_known_fields_are_text() -> None:
    """Unknown fields are kept as they are."""
    document = {"name": "x", "capabilities": ["post_auth"], "more": {"x": 1}}
    assert parse_plugin_config(json.dumps(document).encode(), max_bytes=1000) == document


@pytest.mark.parametrize("data", [b"[]", b"{", b'{"name":1}', b'{"capabilities":"x"}', b'{"a":1,"a":2}', b" " * 1001])
def test_a_plugin_config_that_can_be_read_in_two_ways_is_refused(data: bytes) -> None:
    """Broken JSON, wrong types and too much of it are refused."""
    with pytest.raises(Refused) as error:
        parse_plugin_config(data, max_bytes=1000)
    assert error.value.reason.code == "plugin_config_invalid"


def test_declared_platforms_are_those_that_are_complete() -> None:
    """A half declaration says nothing, a malformed one is refused."""
    layer = Descriptor("a/b", DIGEST, 1, annotations={"org.opencontainers.image.os": "linux"})
    assert declared_platforms(layer, {"os": "linux", "arch": "arm64"}) == (parse_platform("linux/arm64"),)
    with pytest.raises(Refused) as error:
        declared_platforms(layer, {"os": "linux", "arch": "../x"})
    assert error.value.reason.code == "platform_mismatch"
