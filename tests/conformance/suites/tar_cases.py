"""Suite `tar_cases`: each hostile or good image is pulled in a child process with a memory limit and a wall clock."""

import hashlib
import importlib.util
import json
import os
import re
import resource
import signal
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from shared.artifacts.limits import MIB, PullLimits
from shared.artifacts.pull import pull_artifact
from shared.commands import OciCommand
from shared.errors import PlugportError
from shared.registry.manifests import Descriptor, ImageManifest, Index, parse_manifest
from tests.conformance.model import Suite
from tests.unit.artifacts.fakes import FakeBlob, FakeRegistry, FakeStore, digest_of

_BUILDER: Final = Path(__file__).parents[1] / "cases" / "make_tar_cases.py"
_BOMB_BYTES: Final = 64 * MIB
#: What a pull may take on top of what the process had: the function's own memory is 256 MiB.
_CHILD_MEMORY_BYTES: Final = 192 * MIB
_CHILD_SECONDS: Final = 60

#: The suite's codes and the reasons that answer them; several codes may share one reason.
REASONS: Final[Mapping[str, tuple[str, ...]]] = {
    "AMBIGUOUS_ARTIFACT": ("artifact_ambiguous",),
    "BLOB_TOO_LARGE": ("blob_too_large",),
    "CONFIG_INVALID": ("image_config_invalid", "plugin_config_invalid"),
    "DECOMPRESS_FORMAT": ("decompression_failed",),
    "DECOMPRESS_LIMIT": ("unpacked_too_large",),
    "DIGEST_ALGORITHM": ("digest_algorithm_unsupported",),
    "DIGEST_MISMATCH": ("digest_mismatch", "diff_id_mismatch"),
    "ELF_INVALID": ("elf_invalid",),
    "ELF_WRONG_ARCH": ("wrong_architecture",),
    "ELF_WRONG_OS": ("wrong_operating_system",),
    "ENTRYPOINT_HARDLINK": ("entrypoint_is_hardlink",),
    "ENTRYPOINT_IS_SHELL": ("entrypoint_is_launcher",),
    "ENTRYPOINT_MISSING": ("entrypoint_missing",),
    "ENTRYPOINT_NOT_ABSOLUTE": ("entrypoint_not_absolute",),
    "ENTRYPOINT_NOT_CANONICAL": ("entrypoint_not_canonical",),
    "ENTRYPOINT_NOT_ELF": ("not_elf", "script_refused"),
    "ENTRYPOINT_NOT_REGULAR": ("entrypoint_not_regular",),
    "ENTRYPOINT_SYMLINK": ("entrypoint_is_symlink",),
    "FOREIGN_LAYER": ("foreign_layer",),
    "LINK_LOOP": ("entrypoint_is_symlink",),
    "MANIFEST_AMBIGUOUS": ("manifest_ambiguous",),
    "MANIFEST_INVALID": ("manifest_invalid", "digest_invalid", "too_many_layers"),
    "MEDIA_TYPE_MISMATCH": ("media_type_mismatch", "layer_type_mismatch"),
    "MEDIA_TYPE_UNSUPPORTED": ("media_type_unsupported", "layer_type_unsupported"),
    "NOT_EXECUTABLE": ("not_executable",),
    "PLATFORM_MISMATCH": ("platform_mismatch", "platform_not_found"),
    "SETID_BITS": ("privileged_file",),
    "SIZE_MISMATCH": ("size_mismatch",),
    "TAR_ABSOLUTE_PATH": ("tar_path_absolute",),
    "TAR_DEVICE": ("tar_device",),
    "TAR_DUPLICATE_ENTRY": ("tar_entry_duplicate", "tar_name_ambiguous"),
    "TAR_ENTRY_TOO_LARGE": ("tar_entry_too_large",),
    "TAR_HEADER_INVALID": ("tar_header_invalid", "tar_type_unsupported"),
    "TAR_NAME_INVALID": ("tar_name_invalid",),
    "TAR_NAME_TOO_LONG": ("tar_name_too_long",),
    "TAR_PATH_CONFLICT": ("tar_path_conflict",),
    "TAR_PATH_TRAVERSAL": ("tar_path_traversal",),
    "TAR_PAX_TOO_LARGE": ("tar_extended_too_large",),
    "TAR_ROOT_REPLACED": ("tar_root_replaced",),
    "TAR_SPARSE": ("tar_sparse",),
    "TAR_SYMLINK_PARENT": ("tar_parent_is_link", "entrypoint_is_symlink"),
    "TAR_TOO_MANY_ENTRIES": ("tar_too_many_entries",),
    "TAR_TOO_MANY_LINKS": ("tar_too_many_entries",),
    "TAR_TRAILING_DATA": ("tar_trailing_data",),
    "TAR_TRUNCATED": ("tar_truncated",),
    "TAR_TYPE_UNSUPPORTED": ("tar_type_unsupported",),
    "WHITEOUT_INVALID": ("whiteout_invalid",),
}


def run(case: Mapping[str, Any]) -> dict[str, Any]:
    """Build the case and pull it in a child; `{result, reason | sha256, stored}`."""
    builder = _builder()
    with tempfile.TemporaryDirectory(prefix="tar-case-") as folder:
        manifest, blobs = builder.build(case, folder, _BOMB_BYTES)
        sizes = [len(blob) for blob in blobs]
        blobs.clear()
        expected = _expected_sha256(case, builder)
        answer = _in_child(lambda: _pull(case, Path(folder), manifest, len(sizes)))
    return {**answer, "expected_sha256": expected}


def check(case: Mapping[str, Any], actual: Mapping[str, Any]) -> bool:
    """Compare decision, reason, the executable's bytes, and that a refusal stored nothing."""
    expected = case["expect"]
    alternatives = [str(text) for text in expected.get("also_ok", [])]
    if actual["result"] == "ok":
        may_pass = expected["result"] == "ok" or any(re.match(r"ok\b", text) for text in alternatives)
        same_bytes = "binary" not in expected or actual["sha256"] == actual["expected_sha256"]
        return may_pass and same_bytes
    codes = [expected.get("reason", ""), *alternatives]
    return not actual["stored"] and any(actual["reason"] in REASONS.get(code, ()) for code in codes)


def _pull(case: Mapping[str, Any], folder: Path, manifest: bytes, layers: int) -> dict[str, Any]:
    store = FakeStore(keeps_bytes=False)
    limits = case.get("limits", {})
    default = PullLimits()
    try:
        pulled = pull_artifact(
            OciCommand("registry.example", "plugin", "latest", None),
            registry=_FolderRegistry(folder, manifest, layers),
            store=store,
            platforms=[case.get("request", {}).get("arch", "linux/amd64")],
            limits=PullLimits(
                max_unpacked_bytes=limits.get("max_uncompressed_mib", default.max_unpacked_bytes // MIB) * MIB,
                max_unpack_ratio=limits.get("max_ratio", default.max_unpack_ratio),
                max_entries=limits.get("max_entries", default.max_entries),
                max_executable_bytes=limits.get("max_binary_mib", 512) * MIB,
            ),
        )
    except PlugportError as error:
        return {"result": "reject", "reason": error.reason.code, "message": error.message, "stored": len(store.objects)}
    [stored] = pulled.platforms.values()
    return {"result": "ok", "sha256": stored.sha256, "stored": len(store.objects)}


class _FolderRegistry(FakeRegistry):
    """Serves one built case from its folder; layer N is what the manifest's Nth descriptor names."""

    def __init__(self, folder: Path, manifest: bytes, layers: int) -> None:
        super().__init__()
        self.tags["latest"] = self.add(manifest)
        self._folder = folder
        self._layers = layers

    @contextmanager
    def open_blob(self, descriptor: Descriptor) -> Iterator[FakeBlob]:
        """Stream the layer of that descriptor, whatever its bytes are."""
        found = self._manifest()
        number = next(index for index, layer in enumerate(found.layers) if layer.digest == descriptor.digest)
        # Layers that repeat the one below have no file of their own.
        path = next(path for n in range(number, -1, -1) if (path := self._folder / f"layer-{n}.blob").exists())
        yield FakeBlob(path.read_bytes(), descriptor, piece_bytes=MIB, fail_after=None)

    def fetch_blob(self, descriptor: Descriptor, max_bytes: int) -> bytes:
        """Give the config."""
        self.blobs[descriptor.digest] = (self._folder / "config.json").read_bytes()
        return super().fetch_blob(descriptor, max_bytes)

    def _manifest(self) -> ImageManifest:
        found: ImageManifest | Index = parse_manifest(
            self.blobs[self.tags["latest"]], media_type_header=None, expected_digest=self.tags["latest"]
        )
        if not isinstance(found, ImageManifest):
            raise TypeError("a case is one image")
        return found


def _in_child(work: Any) -> dict[str, Any]:
    """Run in a forked child; a child that was killed is reported as what killed it."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        os.close(reader)
        _run_child(work, writer)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        answer = pipe.read()
    _, status = os.waitpid(child, 0)
    if not answer:
        return {"result": "crash", "reason": f"exit status {status}", "stored": 0}
    document: dict[str, Any] = json.loads(answer)
    return document


def _run_child(work: Any, writer: int) -> None:
    status = 1
    try:
        own = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()
        limit = own + _CHILD_MEMORY_BYTES
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        signal.alarm(_CHILD_SECONDS)
        os.write(writer, json.dumps(work()).encode())
        status = 0
    except BaseException as error:  # noqa: BLE001 - a child must not return into its parent's code
        answer = {"result": "crash", "reason": f"{type(error).__name__}: {error}"[:300], "stored": 0}
        os.write(writer, json.dumps(answer).encode())
    finally:
        os._exit(status)


def _expected_sha256(case: Mapping[str, Any], builder: ModuleType) -> str:
    """Give the digest of the file that the uppermost layer with the entrypoint's name holds."""
    config = case.get("config", {}).get("config", {})
    entrypoint = (config.get("Entrypoint") or config.get("Cmd") or ["/plugin"])[0] if isinstance(config, dict) else ""
    for layer in reversed(case["layers"]):
        if "raw" in layer:
            return hashlib.sha256(builder.content(layer["raw"], 0)).hexdigest()
        for entry in layer["entries"]:
            name = str(entry.get("name")).removeprefix("./")
            if name == str(entrypoint).lstrip("/") and entry.get("content"):
                return hashlib.sha256(builder.content(entry["content"], 0)).hexdigest()
    return digest_of(b"")


def _builder() -> ModuleType:
    specification = importlib.util.spec_from_file_location("make_tar_cases", _BUILDER)
    if specification is None or specification.loader is None:
        raise FileNotFoundError(_BUILDER)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


SUITES: Final = {"tar_cases": Suite("tar_cases", ("tar_cases.json",), run, check)}
