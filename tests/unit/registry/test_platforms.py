"""From an index to one platform's manifest."""

import json
from typing import Any

import pytest

from shared.errors import Refused
from shared.registry import manifests
from shared.registry.descriptors import Descriptor, Platform
from shared.registry.manifests import ImageManifest, Index
from shared.registry.platforms import fetch_platform_manifest
from tests.unit.registry.fakes import InMemoryRegistry, described, image_document, refusal_of, written

_AMD64 = Platform("linux", "amd64")


def _image(registry: InMemoryRegistry, name: str) -> Descriptor:
    document = image_document(described(name.encode()))
    return registry.add(json.dumps(document).encode(), manifests.OCI_MANIFEST)


def _index(registry: InMemoryRegistry, *entries: tuple[Descriptor, Platform | None]) -> Descriptor:
    document: dict[str, Any] = {"schemaVersion": 2, "mediaType": manifests.OCI_INDEX, "manifests": []}
    for descriptor, platform in entries:
        entry = written(descriptor)
        if platform is not None:
            entry["platform"] = {"os": platform.os, "architecture": platform.architecture}
        document["manifests"].append(entry)
    return registry.add(json.dumps(document).encode(), manifests.OCI_INDEX)


def test_the_platforms_entry_is_followed() -> None:
    """Also through one nested index, with or without a platform of its own."""
    registry = InMemoryRegistry()
    wanted, other = _image(registry, "amd64"), _image(registry, "arm64")
    inner = _index(registry, (wanted, _AMD64))
    root = _index(registry, (other, Platform("linux", "arm64")), (inner, None))
    assert fetch_platform_manifest(registry, root, _AMD64).digest == wanted.digest
    assert fetch_platform_manifest(registry, root, Platform("linux", "arm64")).digest == other.digest


def test_a_single_manifest_is_given_as_it_is() -> None:
    """Its config says what it is for."""
    registry = InMemoryRegistry()
    image = _image(registry, "x")
    assert fetch_platform_manifest(registry, image, _AMD64).digest == image.digest


def test_a_missing_platform_names_those_that_are_there() -> None:
    """The message helps to ask for the right one."""
    registry = InMemoryRegistry()
    root = _index(registry, (_image(registry, "x"), Platform("linux", "arm64")))
    with pytest.raises(Refused) as refused:
        fetch_platform_manifest(registry, root, _AMD64)
    assert refused.value.reason.code == "platform_not_found"
    assert "linux/arm64" in refused.value.message


def test_depth_is_bounded() -> None:
    """An index may list indexes, and those may not."""
    registry = InMemoryRegistry()
    root = _index(registry, (_image(registry, "x"), _AMD64))
    for _ in range(2):
        root = _index(registry, (root, None))
    assert refusal_of(lambda: fetch_platform_manifest(registry, root, _AMD64)) == "index_too_deep"


def test_the_search_is_bounded() -> None:
    """An index of many indexes without platform is not read to its end."""
    registry = InMemoryRegistry()
    arm64 = Platform("linux", "arm64")
    inner = [_index(registry, (_image(registry, str(number)), arm64)) for number in range(40)]
    root = _index(registry, *[(descriptor, None) for descriptor in inner])
    assert refusal_of(lambda: fetch_platform_manifest(registry, root, _AMD64)) == "index_too_wide"


def test_a_cycle_is_refused() -> None:
    """A registry that gives an index which names itself does not keep us busy."""
    entry = Descriptor(manifests.OCI_INDEX, "sha256:" + "a" * 64, 100)
    cycle = Index(entry.digest, manifests.OCI_INDEX, (entry,))

    class Liar:
        def fetch_manifest(self, _target: Descriptor | str, /) -> ImageManifest | Index:
            return cycle

    assert refusal_of(lambda: fetch_platform_manifest(Liar(), entry, _AMD64)) == "index_cycle"
