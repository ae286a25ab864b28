"""What a real registry can't give, or gives wrongly, ends in its reason and leaves nothing behind."""

from pathlib import Path

import pytest

from functions.oci_pull.use_case import PullError
from local.registry import RunningRegistry
from tests.interop.artifacts import push_plain_artifact, push_tyk_artifact
from tests.interop.executables import executable
from tests.interop.images import Buildah, build_with_umoci, push_with_skopeo
from tests.interop.pulling import AMD64, ARM64, environment_of, pull, sha256
from tests.unit.artifacts.fakes import FakeStore, FakeUpload

pytestmark = [pytest.mark.enable_socket, pytest.mark.allow_hosts(["127.0.0.1"])]


def _refused(registry: RunningRegistry, name: str, platform: str = AMD64, **record: str) -> tuple[str, str]:
    """Give condition and reason of a pull that must fail without storing anything."""
    store = FakeStore()
    with pytest.raises(PullError) as caught:
        pull(f"{registry.host}/{name}", environment_of(registry), platforms=(platform,), store=store, **record)
    assert store.objects == {}
    return caught.value.condition, caught.value.cause.reason.code


@pytest.mark.parametrize("name", ["refused/nothing:v1", "refused/there:v2", f"refused/there@sha256:{64 * '0'}"])
def test_what_is_not_there(registry: RunningRegistry, tmp_path: Path, name: str) -> None:
    """A missing repository, tag or digest is said to be missing."""
    push_plain_artifact(tmp_path, executable("there"), registry, "refused/there:v1")
    assert _refused(registry, name) == ("ReferenceResolved", "registry_not_found")


def test_an_index_without_the_platform(registry: RunningRegistry, tmp_path: Path) -> None:
    """An index that lists only another platform has no substitute for the wanted one."""
    buildah = Buildah(tmp_path)
    buildah.push_list([buildah.build(executable("one"))], registry, "refused/index:v1", form="oci")
    assert _refused(registry, "refused/index:v1", ARM64) == ("ReferenceResolved", "platform_not_found")


def test_an_image_for_another_platform(registry: RunningRegistry, tmp_path: Path) -> None:
    """An image whose configuration names another platform is refused before its layers are fetched."""
    source = build_with_umoci(tmp_path / "image", [{"plugin": executable("image")}])
    push_with_skopeo(source, registry, "refused/image:v1")
    assert _refused(registry, "refused/image:v1", ARM64) == ("ArtifactStored", "platform_mismatch")


def test_an_executable_for_another_platform(registry: RunningRegistry, tmp_path: Path) -> None:
    """An artifact that claims the right platform and holds an executable for another one is refused."""
    push_tyk_artifact(tmp_path, executable("liar", "arm64"), registry, "refused/liar:v1")
    assert _refused(registry, "refused/liar:v1") == ("ArtifactStored", "wrong_architecture")


def test_a_wrong_checksum(registry: RunningRegistry, tmp_path: Path) -> None:
    """An executable that does not have the plugin's checksum is not stored."""
    push_plain_artifact(tmp_path, executable("checksum"), registry, "refused/checksum:v1")
    assert _refused(registry, "refused/checksum:v1", checksum=64 * "a") == ("ArtifactStored", "checksum_mismatch")


def test_a_blob_that_rotted(registry: RunningRegistry, tmp_path: Path) -> None:
    """A blob whose bytes changed in the registry's own storage is found out, although the registry serves it."""
    data = executable("rotten")
    push_plain_artifact(tmp_path, data, registry, "refused/rotten:v1")
    digest = sha256(data)
    blob = registry.storage / "docker/registry/v2/blobs/sha256" / digest[:2] / digest / "data"
    blob.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    assert _refused(registry, "refused/rotten:v1") == ("ArtifactStored", "digest_mismatch")


class _Interrupting(FakeStore):
    """A store that lets something happen once, between resolving the tag and fetching the artifact."""

    def __init__(self, registry: RunningRegistry, folder: Path, data: bytes, name: str) -> None:
        super().__init__()
        self._pushed = (folder, data, registry, name)

    def open_upload(self) -> FakeUpload:
        """Push, then begin the upload."""
        push_plain_artifact(*self._pushed)
        return super().open_upload()


def test_a_tag_that_moves_during_the_pull(registry: RunningRegistry, tmp_path: Path) -> None:
    """The tag is resolved once: what moves it meanwhile is not pulled, and the next pull gets it."""
    first, second, name = executable("first"), executable("second"), "moving/p:v1"
    push_plain_artifact(tmp_path, first, registry, name)
    store = _Interrupting(registry, tmp_path, second, name)
    pulled = pull(f"{registry.host}/{name}", environment_of(registry), store=store)
    assert sha256(pulled.contents[AMD64]) == sha256(first)
    assert list(store.objects) == [sha256(first)]
    again = pull(f"{registry.host}/{name}", environment_of(registry))
    assert sha256(again.contents[AMD64]) == sha256(second)
    pinned = pull(f"{registry.host}/moving/p@{pulled.version.manifest_digest}", environment_of(registry))
    assert sha256(pinned.contents[AMD64]) == sha256(first)
