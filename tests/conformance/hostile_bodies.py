"""The documents of the misbehaving registry: a good artifact, and the ways in which a case distorts it."""

import copy
import gzip
import hashlib
import json
import struct
import zlib
from collections.abc import Iterator, Mapping
from typing import Any, Final

OCI_MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX: Final = "application/vnd.oci.image.index.v1+json"
_MIB: Final = 1 << 20
#: A body that has no end is given up after this, so that a client that reads on fails instead of hanging.
_ENDLESS_BYTES: Final = 1 << 30
_FIELDS: Final = frozenset({"ref", "flip", "reserialise", "truncate", "append_bytes", "patch", "gzip"})

Body = bytes | Iterator[bytes]


def digest_of(data: bytes) -> str:
    """Give the sha256 digest."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def elf_binary(filler: bytes) -> bytes:
    """Make 4096 bytes that begin as a static ELF executable for linux/amd64."""
    header = b"\x7fELF\x02\x01\x01" + bytes(9)
    header += struct.pack("<HHIQQQIHHHHHH", 2, 62, 1, 0x400078, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    header += struct.pack("<IIQQQQQQ", 1, 5, 0, 0x400000, 0x400000, 4096, 4096, 4096)
    return (header + filler * 4096)[:4096]


def compact(document: Any) -> bytes:
    """Write JSON as registries store it."""
    return json.dumps(document, separators=(",", ":")).encode()


class Artifacts:
    """The content of the registry by name and by digest; what a case needs is added while its script is read."""

    def __init__(self) -> None:
        self.by_digest: dict[str, tuple[str, bytes]] = {}
        self.named: dict[str, bytes] = {}
        self._add_artifact("", b"plugport")
        self._add_artifact("other_", b"somebody")
        self.named["index"] = self._index([{"platform": "linux/amd64", "ref": "manifest"}])
        self.remember(OCI_INDEX, self.named["index"])

    def _add_artifact(self, prefix: str, filler: bytes) -> None:
        blob = elf_binary(filler)
        config = compact({"name": f"{prefix}plugin", "version": "1.0.0", "os": "linux", "arch": "amd64"})
        manifest = {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "artifactType": "application/vnd.tyk.plugin.binary.v1",
            "config": descriptor("application/vnd.tyk.plugin.config.v1+json", config),
            "layers": [descriptor("application/vnd.tyk.plugin.layer.v1", blob)],
        }
        for name, data in (("blob", blob), ("config", config), ("manifest", compact(manifest))):
            self.named[prefix + name] = data
            self.remember(OCI_MANIFEST if name == "manifest" else "application/octet-stream", data)

    def remember(self, media_type: str, data: bytes) -> str:
        """Serve this content under its digest from now on."""
        digest = digest_of(data)
        self.by_digest[digest] = media_type, data
        return digest

    def build(self, spec: Mapping[str, Any]) -> Body:
        """Build the body that a script asks for; raises `KeyError` for one that nobody taught it."""
        if "ref" in spec:
            return self._distorted(spec)
        kind = next(iter(spec))
        if kind in {"text", "hex", "utf16", "json"}:
            value = spec[kind]
            if kind == "json":
                return compact(value)
            return (
                bytes.fromhex(value) if kind == "hex" else str(value).encode("utf-16" if kind == "utf16" else "utf-8")
            )
        if kind == "endless":
            return _endless(spec[kind].encode())
        if kind == "gzip_zeros_mib":
            return _zeros(spec[kind])
        return self._built_index(kind, spec)

    def _built_index(self, kind: str, spec: Mapping[str, Any]) -> bytes:
        if kind == "index":
            return self._index(spec[kind])
        if kind == "index_chain":
            return self._chain(spec[kind])
        if kind == "index_wide":
            return compact(_index_document(_many_entries(spec[kind])))
        if kind == "index_self":
            return self._self_naming()
        raise KeyError(f"a body of kind {kind} is not known")

    def _distorted(self, spec: Mapping[str, Any]) -> bytes:
        unknown = set(spec) - _FIELDS
        if unknown:
            raise KeyError(f"{sorted(unknown)} of a body is not known")
        data = self.named[spec["ref"]]
        if "patch" in spec:
            data = _patched(data, spec["patch"])
        if spec.get("reserialise"):
            data = json.dumps(json.loads(data), indent=2).encode()
        if "flip" in spec:
            data = data[: spec["flip"]] + bytes([data[spec["flip"]] ^ 1]) + data[spec["flip"] + 1 :]
        if "truncate" in spec:
            data = data[: spec["truncate"]]
        data += b"x" * spec.get("append_bytes", 0)
        return gzip.compress(data) if spec.get("gzip") else data

    def _index(self, entries: list[dict[str, Any]]) -> bytes:
        return compact(_index_document([self._entry(entry) for entry in entries]))

    def _entry(self, spec: dict[str, Any]) -> dict[str, Any]:
        if "ref" in spec:
            data = self.named[spec["ref"]]
            media_type = OCI_INDEX if spec["ref"] == "index" else OCI_MANIFEST
            entry = descriptor(media_type, data)
        else:
            entry = {"mediaType": OCI_MANIFEST, "digest": spec.get("digest", "sha256:" + "7" * 64), "size": 500}
        entry["size"] += spec.get("size_delta", 0)
        entry["mediaType"] = spec.get("media_type", entry["mediaType"])
        if "platform_raw" in spec:
            entry["platform"] = spec["platform_raw"]
        elif "platform" in spec:
            words = spec["platform"].split("/")
            entry["platform"] = dict(zip(("os", "architecture", "variant"), words, strict=False))
        return entry

    def _chain(self, length: int) -> bytes:
        data = self.named["index"]
        for _ in range(length - 1):
            data = compact(_index_document([descriptor(OCI_INDEX, data)]))
            self.remember(OCI_INDEX, data)
        return data

    def _self_naming(self) -> bytes:
        alias = "sha256:" + "a" * 64
        entry = {"mediaType": OCI_INDEX, "digest": alias, "size": 0}
        size = len(compact(_index_document([entry])))
        entry["size"] = size + len(str(size)) - 1
        data = compact(_index_document([entry]))
        self.by_digest[alias] = OCI_INDEX, data
        return data


def descriptor(media_type: str, data: bytes) -> dict[str, Any]:
    """Describe content."""
    return {"mediaType": media_type, "digest": digest_of(data), "size": len(data)}


def _index_document(entries: list[dict[str, Any]]) -> dict[str, Any]:
    return {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries}


def _many_entries(count: int) -> list[dict[str, Any]]:
    return [
        {"mediaType": OCI_MANIFEST, "digest": f"sha256:{number:064x}", "size": 500, "artifactType": "application/x"}
        for number in range(count)
    ]


def _patched(data: bytes, patch: Mapping[str, Any]) -> bytes:
    document = json.loads(data)
    for path, value in patch.items():
        *parents, last = path.split(".")
        place: Any = document
        for name in parents:
            place = place[int(name) if isinstance(place, list) else name]
        if isinstance(place, list):
            place[int(last) : int(last) + 1] = [copy.deepcopy(value)]
        elif value is None:
            place.pop(last, None)
        else:
            place[last] = copy.deepcopy(value)
    return compact(document)


def _endless(piece: bytes) -> Iterator[bytes]:
    block = piece * (65536 // len(piece))
    for _ in range(_ENDLESS_BYTES // len(block)):
        yield block


def _zeros(mebibytes: int) -> Iterator[bytes]:
    compressor = zlib.compressobj(1, zlib.DEFLATED, 31)
    zeros = bytes(_MIB)
    for _ in range(mebibytes):
        yield compressor.compress(zeros)
    yield compressor.flush()
