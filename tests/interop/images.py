"""Images as people build and push them: umoci or buildah builds FROM scratch, skopeo or buildah pushes.

umoci runs without any privilege; buildah on its vfs storage needs no mounts, as no step of ours RUNs anything.
"""

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from local.registry import RunningRegistry
from tests.interop.executables import write_executable
from tests.interop.programs import require, run

_TAG = "built"


def build_with_umoci(folder: Path, layers: Sequence[Mapping[str, bytes | None]], architecture: str = "amd64") -> str:
    """Build an OCI layout with these gzip layers; give it for skopeo.

    By `repack`: the layers of `umoci insert` (0.4.7) have no end-of-archive blocks, which no complete archive lacks.

    Args:
        folder: the layout and the unpacked image come into it.
        layers: lowest first; path below the root → content, None deletes the file or folder of a lower layer.
        architecture: in the image's configuration.
    """
    umoci, bundle, image = require("umoci"), folder / "bundle", f"{folder / 'layout'}:{_TAG}"
    folder.mkdir(parents=True)
    run(umoci, "init", "--layout", folder / "layout")
    run(umoci, "new", "--image", image)
    run(umoci, "unpack", "--rootless", "--image", image, bundle)
    for files in layers:
        for name, data in files.items():
            _change(bundle / "rootfs" / name, data)
        run(umoci, "repack", "--refresh-bundle", "--image", image, bundle)
    run(
        umoci, "config", "--image", image,
        "--config.entrypoint", "/plugin", "--os", "linux", "--architecture", architecture,
    )  # fmt: skip
    return f"oci:{image}"


def _change(path: Path, data: bytes | None) -> None:
    if data is not None:
        path.parent.mkdir(exist_ok=True)
        write_executable(path.parent, data, path.name)
    elif path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()


def push_with_skopeo(source: str, registry: RunningRegistry, name: str, *options: str) -> str:
    """Copy an image into the registry; give its manifest's digest."""
    digest_file = Path(source.split(":")[1]).parent / "digest"
    run(
        require("skopeo"), "copy", "--insecure-policy", "--dest-tls-verify=false", "--digestfile", digest_file,
        *(["--dest-creds", f"{registry.username}:{registry.password}"] if registry.username else []),
        *options, source, f"docker://{registry.host}/{name}",
    )  # fmt: skip
    return digest_file.read_text().strip()


def recompress_with_skopeo(source: str, folder: Path, *options: str) -> str:
    """Copy an image into a folder with other layers (`--dest-decompress`, …); give it for `push_with_skopeo`.

    Straight into a registry skopeo keeps or makes gzip layers; from there `--preserve-digests` leaves them alone.
    """
    run(require("skopeo"), "copy", "--insecure-policy", *options, source, f"dir:{folder}")
    return f"dir:{folder}"


def manifest_of(registry: RunningRegistry, name: str) -> dict[str, object]:
    """Give the manifest as the registry stores it: what the client really pushed."""
    text = run(require("skopeo"), "inspect", "--raw", "--tls-verify=false", f"docker://{registry.host}/{name}")
    document = json.loads(text)
    assert isinstance(document, dict)
    return document


def layer_types(registry: RunningRegistry, name: str) -> list[str]:
    """Give the media types of a manifest's layers."""
    layers = manifest_of(registry, name)["layers"]
    assert isinstance(layers, list)
    return [layer["mediaType"] for layer in layers]


class Buildah:
    """buildah with a storage of its own.

    Args:
        folder: empty; images are kept in it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._program = require("buildah")

    def build(self, data: bytes, architecture: str = "amd64", *, start: str = "--entrypoint") -> str:
        """Build `FROM scratch; COPY plugin /plugin` with ENTRYPOINT or (`start="--cmd"`) CMD; give the image's id."""
        container = self._run("from", "scratch")
        self._run("copy", container, str(write_executable(self._folder, data)), "/plugin")
        words = '["/plugin"]' if start == "--entrypoint" else "/plugin"
        self._run("config", start, words, "--os", "linux", "--arch", architecture, container)
        return self._run("commit", "--quiet", container)

    def push(self, image: str, registry: RunningRegistry, name: str) -> None:
        """Push one image."""
        self._run("push", "--quiet", "--tls-verify=false", image, f"docker://{registry.host}/{name}")

    def push_list(self, images: Sequence[str], registry: RunningRegistry, name: str, *, form: str) -> None:
        """Push images together as an index (`form="oci"`) or a Docker manifest list (`form="v2s2"`)."""
        listed = f"list-{form}"
        self._run("manifest", "create", listed, *images)
        self._run(
            "manifest", "push", "--all", "--format", form, "--tls-verify=false",
            listed, f"docker://{registry.host}/{name}",
        )  # fmt: skip

    def _run(self, *arguments: str) -> str:
        roots = ("--root", str(self._folder / "root"), "--runroot", str(self._folder / "run"))
        return run(self._program, "--storage-driver", "vfs", *roots, *arguments).strip()
