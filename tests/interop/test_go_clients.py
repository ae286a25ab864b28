"""Clients that Debian does not have: crane and the oras command; run where they are installed or asked for."""

import json
import tarfile
from pathlib import Path

import pytest

from local.registry import RunningRegistry
from tests.interop.artifacts import TYK_CONFIG, TYK_LAYER
from tests.interop.executables import executable, write_executable
from tests.interop.programs import require_go_program, run
from tests.interop.pulling import AMD64, ARM64, environment_of, pull, sha256

pytestmark = [pytest.mark.enable_socket, pytest.mark.allow_hosts(["127.0.0.1"])]

_CRANE = "github.com/google/go-containerregistry/cmd/crane@latest"
_ORAS = "oras.land/oras/cmd/oras@latest"


@pytest.fixture(scope="session")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder that programs are built into."""
    return tmp_path_factory.mktemp("programs")


@pytest.fixture(scope="session")
def crane(programs: Path) -> str:
    """Give the path of crane."""
    return require_go_program("crane", _CRANE, programs)


@pytest.fixture(scope="session")
def oras_command(programs: Path) -> str:
    """Give the path of the oras command."""
    return require_go_program("oras", _ORAS, programs)


def _append(crane: str, folder: Path, data: bytes, target: str, architecture: str) -> str:
    """Make an image of one layer; give its reference by digest."""
    layer = folder / f"{architecture}.tar"
    with tarfile.open(layer, "w") as archive:
        archive.add(write_executable(folder, data), "plugin")
    run(crane, "append", "--insecure", "--oci-empty-base", "--new_layer", layer, "--new_tag", target)
    platform = f"linux/{architecture}"
    mutated = run(
        crane, "mutate", "--insecure", target, "--tag", target, "--entrypoint", "/plugin", "--set-platform", platform
    )
    return mutated.strip()


def test_an_image_of_crane(crane: str, registry: RunningRegistry, tmp_path: Path) -> None:
    """An image that crane appends a layer to and gives an entrypoint is pulled."""
    data, reference = executable("crane"), f"{registry.host}/crane/image:v1"
    _append(crane, tmp_path, data, reference, "amd64")
    pulled = pull(reference, environment_of(registry))
    assert sha256(pulled.contents[AMD64]) == sha256(data)


def test_an_index_of_crane(crane: str, registry: RunningRegistry, tmp_path: Path) -> None:
    """Of an index that crane joins, both platforms are stored."""
    built = {f"linux/{machine}": executable("crane index", machine) for machine in ("amd64", "arm64")}
    target = f"{registry.host}/crane/index"
    parts = [
        _append(crane, tmp_path, data, f"{target}:{platform.removeprefix('linux/')}", platform.removeprefix("linux/"))
        for platform, data in built.items()
    ]
    appended = [word for part in parts for word in ("--manifest", part)]
    run(crane, "index", "append", "--insecure", "--tag", f"{target}:v1", *appended)
    pulled = pull(f"{target}:v1", environment_of(registry), platforms=(AMD64, ARM64))
    assert {name: sha256(data) for name, data in pulled.contents.items()} == {
        name: sha256(data) for name, data in built.items()
    }


@pytest.mark.parametrize("has_config", [False, True])
def test_an_artifact_of_oras(
    oras_command: str, basic_registry: RunningRegistry, tmp_path: Path, *, has_config: bool
) -> None:
    """What the oras command pushes is pulled with the product's config document, and with the empty one."""
    data, name = executable(f"oras {has_config}"), f"oras-command/config-{has_config}:v1".lower()
    document = {"name": "my-plugin", "version": "1.2.3"} if has_config else {}
    write_executable(tmp_path, data)
    (tmp_path / "config.json").write_text(json.dumps(document))
    run(
        oras_command, "push", "--plain-http", "--username", basic_registry.username,
        "--password", basic_registry.password, "--artifact-type", "application/vnd.tyk.plugin.binary.v1",
        *(["--config", f"config.json:{TYK_CONFIG}"] if has_config else []),
        f"{basic_registry.host}/{name}", f"plugin:{TYK_LAYER}",
        cwd=tmp_path,
    )  # fmt: skip
    pulled = pull(f"{basic_registry.host}/{name}", environment_of(basic_registry))
    assert sha256(pulled.contents[AMD64]) == sha256(data)
    assert pulled.version.plugin_config == document
