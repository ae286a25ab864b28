"""The pull: steps in order, and nothing reachable before all of them agree."""

import contextlib
import hashlib
from collections.abc import Callable
from typing import Any

import pytest

from shared.artifacts.limits import MIB, PullLimits
from shared.artifacts.progress import Step
from shared.artifacts.pull import NOT_CHECKED, PulledVersion, plan_artifact, pull_artifact
from shared.commands import OciCommand
from shared.errors import PlugportError, Reason, Refused, Transient
from shared.plugins.record import Version
from tests.unit.artifacts import images
from tests.unit.artifacts.fakes import FakeRegistry, FakeStore, digest_of

COMMAND = OciCommand("registry.example", "acme/plugin", "latest", None)
ROOT = "registry.example/acme/plugin:latest@"


def sha256(data: bytes) -> str:
    """Give the hex digest."""
    return hashlib.sha256(data).hexdigest()


def pull(registry: FakeRegistry, store: FakeStore, **options: Any) -> PulledVersion:
    """Pull the command for linux/amd64 unless told otherwise."""
    return pull_artifact(COMMAND, registry=registry, store=store, **{"platforms": ["linux/amd64"], **options})


@pytest.mark.parametrize("piece_bytes", [1, 700, MIB])
def test_an_artifact_is_stored_as_it_is(piece_bytes: int) -> None:
    """The one layer of an ORAS artifact becomes the executable, with its config beside it."""
    registry, store = FakeRegistry(piece_bytes=piece_bytes), FakeStore()
    program = images.elf(pad=5000)
    digest = images.add_artifact(registry, [program])
    pulled = pull(registry, store)
    assert store.objects == {sha256(program): program}
    assert pulled.reference == ROOT + digest
    assert pulled.manifest_digest == digest
    assert pulled.media_type == images.OCI_MANIFEST
    assert pulled.platforms["linux/amd64"].size_bytes == len(program)
    assert pulled.plugin_config == {"name": "rate-limit", "version": "1.2.0"}
    assert pulled.warnings == ()
    assert pulled.signature == NOT_CHECKED


@pytest.mark.parametrize("compression", ["gzip", "zstd", "none"])
@pytest.mark.parametrize("piece_bytes", [1, 513, MIB])
def test_an_image_gives_the_file_of_its_entrypoint(compression: str, piece_bytes: int) -> None:
    """The entrypoint's file is found in any layer, whatever its compression and however the bytes arrive."""
    registry, store = FakeRegistry(piece_bytes=piece_bytes), FakeStore()
    program = images.elf(pad=3000)
    layers = [images.tar({"etc/": None, "etc/readme": b"base"}), images.tar({"plugin": program})]
    images.add_image(registry, layers, compression=compression)
    pulled = pull(registry, store)
    assert store.objects == {sha256(program): program}
    assert pulled.platforms["linux/amd64"].sha256 == sha256(program)


def test_cmd_names_the_file_where_there_is_no_entrypoint() -> None:
    """`Cmd` is taken where `Entrypoint` is missing; arguments are only mentioned."""
    registry, store = FakeRegistry(), FakeStore()
    images.add_image(registry, [images.tar({"plugin": images.elf()})], config={"config": {"Cmd": ["/plugin", "-v"]}})
    assert pull(registry, store).warnings == ("The image's entrypoint has arguments: only the executable is stored.",)


def test_all_wanted_platforms_of_an_index_are_stored() -> None:
    """Each wanted platform gets its own executable; attestations and other platforms are left alone."""
    registry, store = FakeRegistry(), FakeStore()
    intel, arm = images.elf("amd64"), images.elf("arm64")
    root = images.add_index(
        registry,
        {
            "linux/arm64/v8": images.add_artifact(registry, [arm], tag=None),
            "linux/amd64": images.add_artifact(registry, [intel], tag=None),
            "linux/riscv64": images.add_artifact(registry, [images.elf("riscv64")], tag=None),
        },
    )
    pulled = pull(registry, store, platforms=["linux/amd64", "linux/arm64"])
    assert pulled.manifest_digest == root
    assert {name: stored.sha256 for name, stored in pulled.platforms.items()} == {
        "linux/amd64": sha256(intel),
        "linux/arm64": sha256(arm),
    }


def test_an_index_without_a_wanted_platform_says_what_it_has() -> None:
    """No compatible platform is taken instead, and one of several missing ones is a warning."""
    registry, store = FakeRegistry(), FakeStore()
    images.add_index(registry, {"linux/amd64": images.add_artifact(registry, [images.elf()], tag=None)})
    with pytest.raises(Refused, match="the index offers linux/amd64") as refused:
        pull(registry, store, platforms=["linux/arm64"])
    assert refused.value.reason.code == "platform_not_found"
    assert pull(registry, store, platforms=["linux/amd64", "linux/arm64"]).warnings == (
        "The index does not offer linux/arm64.",
    )


def test_the_arch_of_the_command_replaces_the_wanted_platforms() -> None:
    """`arch=` decides alone."""
    registry, store = FakeRegistry(), FakeStore()
    images.add_artifact(registry, [images.elf("arm64")])
    command = COMMAND._replace(params=COMMAND.params._replace(arch="linux/arm64"))
    pulled = pull_artifact(command, registry=registry, store=store, platforms=["linux/amd64"])
    assert list(pulled.platforms) == ["linux/arm64"]


def test_the_executable_itself_tells_the_platform_where_nothing_else_does() -> None:
    """An artifact without any platform is stored for the wanted one that its ELF header fits."""
    registry, store = FakeRegistry(), FakeStore()
    images.add_artifact(registry, [images.elf("arm64")])
    assert list(pull(registry, store, platforms=["linux/amd64", "linux/arm64"]).platforms) == ["linux/arm64"]


@pytest.mark.parametrize(
    ("config", "annotations"),
    [
        (b'{"os":"linux","arch":"arm64"}', None),
        (b"{}", {"org.opencontainers.image.os": "linux", "org.opencontainers.image.arch": "arm64"}),
    ],
)
def test_what_an_artifact_says_about_its_platform_must_fit(config: bytes, annotations: dict[str, str] | None) -> None:
    """Config and annotations each must name a wanted platform."""
    registry, store = FakeRegistry(), FakeStore()
    images.add_artifact(registry, [images.elf()], config=config, annotations=annotations)
    with pytest.raises(Refused) as refused:
        pull(registry, store)
    assert refused.value.reason.code == "platform_mismatch"
    assert not any(kind == "blob" for kind, _ in registry.requests)


def lie(registry: FakeRegistry) -> None:
    """Replace the executable's bytes by others of the same length."""
    program = images.elf(pad=4000)
    registry.blobs[digest_of(program)] = program[:-1] + b"!"


def cut(registry: FakeRegistry) -> None:
    """Serve less than the descriptor says."""
    program = images.elf(pad=4000)
    registry.blobs[digest_of(program)] = program[:-1]


def break_off(registry: FakeRegistry) -> None:
    """Break the connection on the way."""
    registry.piece_bytes, registry.fail_after = 1000, 2000


@pytest.mark.parametrize(
    ("harm", "code"), [(lie, "digest_mismatch"), (cut, "size_mismatch"), (break_off, "upload_failed")]
)
def test_bytes_that_do_not_agree_leave_nothing(harm: Callable[[FakeRegistry], None], code: str) -> None:
    """A wrong digest, a wrong size and a broken connection end the pull with nothing stored."""
    registry, store = FakeRegistry(), FakeStore()
    images.add_artifact(registry, [images.elf(pad=4000)])
    harm(registry)
    with pytest.raises(PlugportError) as error:
        pull(registry, store)
    assert error.value.reason.code == code
    assert store.objects == {}
    assert store.aborted == 1


def test_a_lower_layer_that_lies_refuses_the_image_after_the_file_was_read() -> None:
    """The executable comes from the top layer, but it is stored only when every layer below agreed too."""
    registry, store = FakeRegistry(), FakeStore()
    base = images.tar({"etc/readme": b"base" * 1000})
    images.add_image(registry, [base, images.tar({"plugin": images.elf()})])
    blob = images.compress(base, "gzip")
    registry.blobs[digest_of(blob)] = blob[:-1] + bytes([blob[-1] ^ 1])
    with pytest.raises(Refused) as refused:
        pull(registry, store)
    assert refused.value.reason.code == "digest_mismatch"
    assert store.objects == {}


def test_a_layer_must_be_the_one_that_the_config_names() -> None:
    """The uncompressed bytes are compared with the configuration's diff_id."""
    registry, store = FakeRegistry(), FakeStore()
    layer = images.tar({"plugin": images.elf()})
    images.add_image(registry, [layer], config={"rootfs": {"type": "layers", "diff_ids": [digest_of(b"other")]}})
    with pytest.raises(Refused) as refused:
        pull(registry, store)
    assert refused.value.reason.code == "diff_id_mismatch"
    assert store.objects == {}


def test_one_platform_that_fails_keeps_the_others_out_too() -> None:
    """Executables become reachable only when all wanted platforms agreed."""
    registry, store = FakeRegistry(), FakeStore()
    images.add_index(
        registry,
        {
            "linux/amd64": images.add_artifact(registry, [images.elf()], tag=None),
            "linux/arm64": images.add_artifact(registry, [b"#!/bin/sh\n"], tag=None),
        },
    )
    with pytest.raises(Refused) as refused:
        pull(registry, store, platforms=["linux/amd64", "linux/arm64"])
    assert refused.value.reason.code == "script_refused"
    assert store.objects == {}
    assert store.aborted == 2


def test_the_store_failing_leaves_nothing() -> None:
    """A store that breaks while writing or at the end is a transient failure."""
    registry = FakeRegistry()
    images.add_artifact(registry, [images.elf(pad=4000)])
    for store in (FakeStore(fail_write_at=100), FakeStore(fail_commit=True)):
        with pytest.raises(Transient):
            pull(registry, store)
        assert store.objects == {}
        assert store.aborted == 1


def test_the_checksum_of_the_plugin_must_match() -> None:
    """A wrong checksum refuses, the right one passes with and without its algorithm."""
    registry, store = FakeRegistry(), FakeStore()
    program = images.elf()
    images.add_artifact(registry, [program])
    with pytest.raises(Refused) as refused:
        pull(registry, store, checksum="sha256:" + "0" * 64)
    assert refused.value.reason.code == "checksum_mismatch"
    assert store.objects == {}
    pull(registry, store, checksum="sha256:" + sha256(program))
    pull(registry, store, checksum=sha256(program))


def test_a_refused_signature_stops_before_any_blob() -> None:
    """The signature is judged over the resolved digest, before config or layers are asked for."""
    registry, store = FakeRegistry(), FakeStore()
    digest = images.add_artifact(registry, [images.elf()])
    seen: list[str] = []

    def refuse(manifest_digest: str) -> dict[str, str]:
        seen.append(manifest_digest)
        raise Refused(Reason("signature_invalid", "no", "no"))

    with pytest.raises(Refused):
        pull(registry, store, verify_signature=refuse)
    assert seen == [digest]
    assert {kind for kind, _ in registry.requests} == {"resolve", "manifest"}


def test_what_a_signature_check_says_is_kept() -> None:
    """The verdict is passed on as it is."""
    registry, store = FakeRegistry(), FakeStore()
    images.add_artifact(registry, [images.elf()])
    assert pull(registry, store, verify_signature=lambda _: {"state": "verified"}).signature == {"state": "verified"}


def stored_version(pulled: PulledVersion) -> Version:
    """Write a pulled version as the record keeps it."""
    return Version(
        number=1,
        source=pulled.reference,
        manifest_digest=pulled.manifest_digest,
        media_type=pulled.media_type,
        platforms={
            name: {"sha256": item.sha256, "size_bytes": item.size_bytes, "key": item.key}
            for name, item in pulled.platforms.items()
        },
        signature=pulled.signature,
        warnings=pulled.warnings,
        plugin_config=pulled.plugin_config,
        receipt_key="receipts/1.json",
        pulled_at="2026-01-01T00:00:00Z",
    )


def test_what_is_stored_already_is_not_fetched_again() -> None:
    """A version of the same manifest digest is taken from the store, unless the object has gone."""
    registry, store = FakeRegistry(), FakeStore()
    images.add_artifact(registry, [images.elf(interpreter=True)])
    first = pull(registry, store)
    registry.requests.clear()
    again = pull(registry, store, already_stored=[stored_version(first)])
    assert again == first
    assert not any(kind == "blob" for kind, _ in registry.requests)
    store.objects.clear()
    assert pull(registry, store, already_stored=[stored_version(first)]) == first
    assert any(kind == "blob" for kind, _ in registry.requests)


def test_a_pull_that_would_outlive_the_function_stops_in_time() -> None:
    """Less time than the reserve is a transient end with nothing stored."""
    registry, store = FakeRegistry(piece_bytes=1000), FakeStore()
    images.add_artifact(registry, [images.elf(pad=10_000)])
    left = iter([100.0, 50.0, 9.0])
    with pytest.raises(Transient) as error:
        pull(registry, store, remaining_seconds=lambda: next(left))
    assert error.value.reason.code == "out_of_time"
    assert store.objects == {}


def test_steps_are_reported_in_their_order_with_progress() -> None:
    """Every step is told once it begins, and the fetch tells how far it is."""
    registry, store = FakeRegistry(), FakeStore()
    program = images.elf(pad=9 * MIB)
    images.add_artifact(registry, [program])
    steps: list[Step] = []
    pull(registry, store, report=steps.append)
    assert list(dict.fromkeys(step.name for step in steps)) == [
        "resolve_reference",
        "fetch_manifest",
        "select_platforms",
        "verify_signature",
        "read_config",
        "fetch_artifact",
        "store_artifact",
    ]
    fetches = [step for step in steps if step.name == "fetch_artifact"]
    assert fetches[-1].done_bytes == fetches[-1].total_bytes == len(program)
    assert 3 <= len(fetches) <= 5


@pytest.mark.parametrize("dies_at", range(12))
def test_dying_at_any_step_leaves_only_whole_executables_and_the_next_pull_succeeds(dies_at: int) -> None:
    """Whatever report is the last one before the end, no object is there that was not verified."""
    registry, store = FakeRegistry(), FakeStore()
    program = images.elf(pad=9 * MIB)
    images.add_artifact(registry, [program])
    reports = iter(range(dies_at))

    def die(_: Step) -> None:
        if next(reports, None) is None:
            raise KeyboardInterrupt

    with contextlib.suppress(KeyboardInterrupt):
        pull(registry, store, report=die)
    assert store.objects in ({}, {sha256(program): program})
    pull(registry, store)
    assert store.objects == {sha256(program): program}


def test_a_digest_in_the_command_decides_and_its_tag_is_a_label() -> None:
    """Only the digest is resolved where the command has both."""
    registry, store = FakeRegistry(), FakeStore()
    digest = images.add_artifact(registry, [images.elf()], tag="moved")
    command = OciCommand("registry.example", "acme/plugin", "v1", digest)
    pulled = pull_artifact(command, registry=registry, store=store, platforms=["linux/amd64"])
    assert pulled.reference == f"registry.example/acme/plugin:v1@{digest}"
    assert registry.requests[0] == ("resolve", digest)


def test_a_plan_says_what_a_pull_would_fetch_and_fetches_no_content() -> None:
    """The plan has digest, platforms, sizes and config, from the same steps."""
    registry = FakeRegistry()
    intel, arm = images.elf("amd64"), images.elf("arm64", pad=77)
    images.add_index(
        registry,
        {
            "linux/amd64": images.add_artifact(registry, [intel], tag=None),
            "linux/arm64": images.add_artifact(registry, [arm], tag=None),
        },
    )
    plan = plan_artifact(COMMAND, registry=registry, platforms=["linux/amd64", "linux/arm64"])
    assert plan.platforms == {"linux/amd64": len(intel), "linux/arm64": len(arm)}
    assert plan.plugin_config["name"] == "rate-limit"
    assert not any(kind == "blob" for kind, _ in registry.requests)


def test_a_blob_over_the_limit_is_not_even_asked_for() -> None:
    """The descriptor's size is enough to refuse."""
    registry, store = FakeRegistry(), FakeStore()
    images.add_artifact(registry, [images.elf(pad=5000)])
    with pytest.raises(Refused) as refused:
        pull(registry, store, limits=PullLimits(max_blob_bytes=1000))
    assert refused.value.reason.code == "blob_too_large"
    assert not any(kind == "blob" for kind, _ in registry.requests)


def test_nested_indexes_have_a_bound() -> None:
    """An index in an index is followed once, not more."""
    registry, store = FakeRegistry(), FakeStore()
    manifest = images.add_artifact(registry, [images.elf()], tag=None)
    inner = images.add_index(registry, {"linux/amd64": manifest}, tag="inner")
    images.add_index(registry, {"linux/amd64": inner}, tag="latest")
    assert list(pull(registry, store).platforms) == ["linux/amd64"]
    images.add_index(registry, {"linux/amd64": registry.tags["latest"]}, tag="latest")
    with pytest.raises(Refused) as refused:
        pull(registry, store)
    assert refused.value.reason.code == "index_too_deep"
