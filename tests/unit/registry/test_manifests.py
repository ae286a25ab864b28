"""A digest fixes the meaning of a manifest: header = field = shape."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import Refused
from shared.registry import manifests
from shared.registry.descriptors import Descriptor, digest_of
from shared.registry.manifests import ImageManifest, Index, Platform, parse_manifest
from tests.unit.registry.fakes import described, image_document, refusal_of, written

_CONFIG = described(b"{}", "application/vnd.oci.image.config.v1+json")
_LAYER = described(b"layer", "application/vnd.oci.image.layer.v1.tar+gzip")
_IMAGE = image_document(_CONFIG, _LAYER)


def _bytes(document: Any) -> bytes:
    return json.dumps(document).encode()


def _index(*entries: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"schemaVersion": 2, "mediaType": manifests.OCI_INDEX, "manifests": list(entries), **more}


def _entry(os: str, architecture: str, variant: str | None = None, **more: Any) -> dict[str, Any]:
    platform = {"os": os, "architecture": architecture} | ({"variant": variant} if variant else {})
    return {
        **written(described(f"{os}{architecture}{variant}".encode(), manifests.OCI_MANIFEST)),
        **more,
        "platform": platform,
    }


def _refusal(document: Any, header: str | None = manifests.OCI_MANIFEST) -> str:
    data = document if isinstance(document, bytes) else _bytes(document)
    return refusal_of(lambda: parse_manifest(data, media_type_header=header, expected_digest=None))


def test_an_image_is_read() -> None:
    """Config, layers, annotations, artifact type and subject come out; the digest is that of the bytes."""
    document = {
        **_IMAGE,
        "artifactType": "application/vnd.tyk.plugin.binary.v1",
        "annotations": {"a": "b"},
        "subject": written(described(b"image", manifests.OCI_MANIFEST)),
    }
    data = _bytes(document)
    image = parse_manifest(data, media_type_header=manifests.OCI_MANIFEST, expected_digest=None)
    assert image == ImageManifest(
        digest=digest_of(data),
        media_type=manifests.OCI_MANIFEST,
        artifact_type="application/vnd.tyk.plugin.binary.v1",
        config=_CONFIG,
        layers=(_LAYER,),
        annotations={"a": "b"},
        subject=described(b"image", manifests.OCI_MANIFEST),
    )


@pytest.mark.parametrize(
    ("media_type", "document"),
    [
        (manifests.OCI_MANIFEST, _IMAGE),
        (manifests.DOCKER_MANIFEST, {**_IMAGE, "mediaType": manifests.DOCKER_MANIFEST}),
        (manifests.OCI_INDEX, _index()),
        (manifests.DOCKER_LIST, _index(mediaType=manifests.DOCKER_LIST)),
    ],
)
@pytest.mark.parametrize("with_header", [True, False])
@pytest.mark.parametrize("with_field", [True, False])
def test_header_or_field_names_the_type(
    media_type: str, document: dict[str, Any], *, with_header: bool, with_field: bool
) -> None:
    """Either is enough, both must agree, and without both nobody knows what the digest means."""
    given_document = document if with_field else {key: value for key, value in document.items() if key != "mediaType"}
    header = f"{media_type}; charset=utf-8" if with_header else None
    if with_header or with_field:
        found = parse_manifest(_bytes(given_document), media_type_header=header, expected_digest=None)
        assert found.media_type == media_type
    else:
        assert _refusal(given_document, None) == "media_type_unsupported"


@pytest.mark.parametrize(
    ("document", "header", "code"),
    [
        ({**_IMAGE, "manifests": []}, manifests.OCI_MANIFEST, "manifest_ambiguous"),
        ({"schemaVersion": 2, "manifests": [], "config": {}}, manifests.OCI_INDEX, "manifest_ambiguous"),
        (_IMAGE, manifests.OCI_INDEX, "media_type_mismatch"),
        (_IMAGE, manifests.DOCKER_MANIFEST, "media_type_mismatch"),
        (_IMAGE, "text/plain", "media_type_mismatch"),
        (_index(mediaType=manifests.OCI_MANIFEST), manifests.OCI_MANIFEST, "media_type_mismatch"),
        (b"<html>", "text/html", "media_type_unsupported"),
        ({}, "application/vnd.evil+json", "media_type_unsupported"),
        ({"schemaVersion": 1, "fsLayers": []}, manifests.OCI_MANIFEST, "media_type_unsupported"),
        ({**_IMAGE, "mediaType": "application/x"}, manifests.OCI_MANIFEST, "media_type_unsupported"),
        ({**_IMAGE, "mediaType": ["x"]}, manifests.OCI_MANIFEST, "manifest_invalid"),
        ({**_IMAGE, "schemaVersion": "2"}, manifests.OCI_MANIFEST, "manifest_invalid"),
        ({**_IMAGE, "schemaVersion": 2.0}, manifests.OCI_MANIFEST, "manifest_invalid"),
        ({"schemaVersion": 2}, manifests.OCI_MANIFEST, "manifest_invalid"),
        ([], manifests.OCI_MANIFEST, "manifest_invalid"),
        (b"hello", manifests.OCI_MANIFEST, "manifest_invalid"),
        ({**_IMAGE, "layers": {}}, manifests.OCI_MANIFEST, "manifest_invalid"),
        ({**_IMAGE, "config": None}, manifests.OCI_MANIFEST, "manifest_invalid"),
        ({**_IMAGE, "annotations": {"a": 1}}, manifests.OCI_MANIFEST, "manifest_invalid"),
        ({**_IMAGE, "annotations": []}, manifests.OCI_MANIFEST, "manifest_invalid"),
        ({**_IMAGE, "layers": [written(_LAYER)] * 129}, manifests.OCI_MANIFEST, "too_many_layers"),
        ({**_IMAGE, "config": {**written(_CONFIG), "size": 5 << 20}}, manifests.OCI_MANIFEST, "config_too_large"),
        (b" " * ((4 << 20) + 1), manifests.OCI_MANIFEST, "manifest_too_large"),
        (_index(*[_entry("linux", "amd64")] * 1001), manifests.OCI_INDEX, "index_too_wide"),
        ({"schemaVersion": 2, "manifests": ["x"]}, manifests.OCI_INDEX, "manifest_invalid"),
        ({"schemaVersion": 2, "manifests": {}}, manifests.OCI_INDEX, "manifest_invalid"),
    ],
)
def test_a_document_without_one_meaning_is_refused(document: Any, header: str, code: str) -> None:
    """Ambiguity, lies and bounds each have their reason."""
    assert _refusal(document, header) == code


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"digest": "sha256:" + "A" * 64}, "digest_invalid"),
        ({"digest": "sha256:" + "a" * 63}, "digest_invalid"),
        ({"digest": "sha256:../../../etc/passwd"}, "digest_invalid"),
        ({"digest": "sha256:" + "a" * 64 + "\n"}, "digest_invalid"),
        ({"digest": 5}, "digest_invalid"),
        ({"digest": None}, "digest_invalid"),
        ({"digest": "sha1:" + "a" * 40}, "digest_algorithm_unsupported"),
        ({"digest": "md5:" + "a" * 32}, "digest_algorithm_unsupported"),
        ({"size": -1}, "manifest_invalid"),
        ({"size": 1.5}, "manifest_invalid"),
        ({"size": True}, "manifest_invalid"),
        ({"size": "5"}, "manifest_invalid"),
        ({"mediaType": "nonsense"}, "manifest_invalid"),
        ({"mediaType": "a/b; c"}, "manifest_invalid"),
        ({"platform": "linux/amd64"}, "manifest_invalid"),
        ({"platform": {"os": "linux"}}, "manifest_invalid"),
        ({"platform": {"os": "linux", "architecture": ["x"]}}, "manifest_invalid"),
        ({"platform": {"os": "li\u001bnux", "architecture": "amd64"}}, "manifest_invalid"),
        ({"urls": ["https://elsewhere.example.com/x"]}, "foreign_layer"),
        ({"mediaType": "application/vnd.oci.image.layer.nondistributable.v1.tar"}, "foreign_layer"),
        ({"mediaType": "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"}, "foreign_layer"),
    ],
)
def test_a_descriptor_is_read_strictly(change: dict[str, Any], code: str) -> None:
    """Digests first, sizes as whole numbers, nothing from elsewhere."""
    assert _refusal({**_IMAGE, "layers": [{**written(_LAYER), **change}]}) == code


def test_sha512_is_accepted() -> None:
    """The second algorithm of the specification works, too."""
    layer = {**written(_LAYER), "digest": digest_of(b"layer", like="sha512:")}
    image = parse_manifest(
        _bytes({**_IMAGE, "layers": [layer]}), media_type_header=manifests.OCI_MANIFEST, expected_digest=None
    )
    assert isinstance(image, ImageManifest)
    assert image.layers[0].digest.startswith("sha512:")


def test_the_bytes_are_hashed_before_they_are_parsed() -> None:
    """Other bytes than those asked for are refused for that, even if they are no JSON."""
    wrong = digest_of(b"something else")
    with pytest.raises(Refused) as refused:
        parse_manifest(b"{", media_type_header=manifests.OCI_MANIFEST, expected_digest=wrong)
    assert refused.value.reason.code == "digest_mismatch"


@pytest.mark.parametrize(
    ("offered", "wanted", "found"),
    [
        (("linux", "amd64", None), Platform("linux", "amd64"), True),
        (("linux", "arm64", "v8"), Platform("linux", "arm64"), True),
        (("linux", "arm64", None), Platform("linux", "arm64", "v8"), True),
        (("linux", "arm", "v6"), Platform("linux", "arm"), False),
        (("linux", "arm", "v7"), Platform("linux", "arm"), True),
        (("linux", "amd64", "v3"), Platform("linux", "amd64"), False),
        (("linux", "386", None), Platform("linux", "amd64"), False),
        (("windows", "amd64", None), Platform("linux", "amd64"), False),
    ],
)
def test_a_platform_matches_exactly(offered: tuple[str, str, str | None], wanted: Platform, *, found: bool) -> None:
    """No "compatible" fallback; only the name of the default variant may be left out."""
    data = _bytes(_index(_entry(*offered)))
    index = parse_manifest(data, media_type_header=manifests.OCI_INDEX, expected_digest=None)
    assert isinstance(index, Index)
    assert (index.entry_for(wanted) is not None) is found


def test_attestations_are_nothing_to_run() -> None:
    """BuildKit's attestation entries are neither offered nor chosen, however they are marked."""
    marked = _entry("linux", "amd64", annotations={"vnd.docker.reference.type": "attestation-manifest"})
    data = _bytes(_index(marked, _entry("unknown", "unknown"), _entry("linux", "arm64")))
    index = parse_manifest(data, media_type_header=manifests.OCI_INDEX, expected_digest=None)
    assert isinstance(index, Index)
    assert index.platforms == (Platform("linux", "arm64"),)
    assert index.entry_for(Platform("linux", "amd64")) is None


def test_the_first_of_two_matches_is_taken() -> None:
    """As the image specification asks, and never a random one."""
    first = {**_entry("linux", "amd64"), "digest": digest_of(b"first")}
    second = {**_entry("linux", "amd64"), "digest": digest_of(b"second")}
    index = parse_manifest(_bytes(_index(first, second)), media_type_header=manifests.OCI_INDEX, expected_digest=None)
    assert isinstance(index, Index)
    chosen = index.entry_for(Platform("linux", "amd64"))
    assert isinstance(chosen, Descriptor)
    assert chosen.digest == digest_of(b"first")


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8), lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["digest", "size", "mediaType", "urls", "platform", "os"]), inner, max_size=3),
)  # fmt: skip


@given(st.dictionaries(st.sampled_from([*_IMAGE, "manifests", "subject", "annotations", "artifactType"]), _VALUES))
def test_any_document_is_read_or_refused(change: dict[str, Any]) -> None:
    """Whatever stands in the fields, nothing but `Refused` comes out."""
    try:
        found = parse_manifest(
            _bytes({**_IMAGE, **change}), media_type_header=manifests.OCI_MANIFEST, expected_digest=None
        )
    except Refused:
        return
    assert isinstance(found, ImageManifest)
