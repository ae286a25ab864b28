"""The client over real sockets and TLS: connections are reused, breaks are resumed, memory stays flat."""

import hashlib
import tracemalloc
from collections.abc import Sequence
from typing import Any

import pytest

from shared.egress import build_session
from shared.errors import Reason
from shared.registry.client import RegistryClient
from shared.registry.descriptors import Descriptor
from shared.registry.limits import Limits
from shared.registry.manifests import ImageManifest
from tests.conformance.hostile_certificates import TRUSTED, authority
from tests.conformance.hostile_registry import HOSTS, HostileRegistry

pytestmark = [
    pytest.mark.enable_socket,
    pytest.mark.allow_hosts(["127.0.0.1", *(address for _, address in HOSTS.values())]),
]

_MIB = 1 << 20
_BLOB_PATH = "/v2/plugins/p/blobs/$BLOB_DIGEST"


class _Everything:
    def refuse(self, _host: str, _port: int, _address: str | None) -> Reason | None:
        return None


class _Names:
    def resolve(self, host: str, _port: int, _timeout_seconds: float) -> Sequence[str]:
        return [address for name, address in HOSTS.values() if name == host]


def _client(registry: HostileRegistry, **options: Any) -> RegistryClient:
    session = build_session(
        policy=_Everything(),
        resolver=_Names(),
        ca_bundles={name: authority(TRUSTED).pem for name, _ in HOSTS.values()},
    )
    return RegistryClient(
        registry.expand("$REG"),
        "plugins/p",
        session=session,
        judge=lambda _host, _port: None,
        sleep=lambda _seconds: None,
        **options,
    )


def _blob_rule(**respond: Any) -> dict[str, Any]:
    return {
        "match": {"host": "REG", "method": "GET", "path": _BLOB_PATH, "nth": 1},
        "respond": {"status": 200, **respond},
    }


def _pulled(client: RegistryClient) -> bytes:
    manifest = client.fetch_manifest(client.resolve("1"))
    assert isinstance(manifest, ImageManifest)
    client.fetch_blob(manifest.config, max_bytes=_MIB)
    return client.fetch_blob(manifest.layers[0], max_bytes=_MIB)


def test_a_pull_takes_one_connection() -> None:
    """Manifest, config and layer come over the same TLS connection."""
    with HostileRegistry([]) as registry:
        assert _pulled(_client(registry)) == registry.artifacts.named["blob"]
        assert registry.connections == [HOSTS["REG"][1]]


@pytest.mark.parametrize("fault", [{"close_after": 300, "reset": True}, {"close_after": 300}, {"close_after": 4095}])
def test_a_blob_whose_connection_breaks_is_completed(fault: dict[str, Any]) -> None:
    """A reset or an early end costs a request, not the pull."""
    with HostileRegistry([_blob_rule(body={"ref": "blob"}, **fault)]) as registry:
        assert _pulled(_client(registry)) == registry.artifacts.named["blob"]


@pytest.mark.parametrize("framing", [{"chunked": True}, {"headers": {"Connection": "close"}}])
def test_both_framings_are_read(framing: dict[str, Any]) -> None:
    """Chunked, and a stated length on a connection that closes."""
    with HostileRegistry([_blob_rule(body={"ref": "blob"}, **framing)]) as registry:
        assert _pulled(_client(registry)) == registry.artifacts.named["blob"]


def test_memory_is_flat() -> None:
    """A blob of 64 MiB leaves no more than its buffers in memory."""
    data = bytes(64 * _MIB)
    with HostileRegistry([]) as registry:
        registry.artifacts.remember("application/octet-stream", data)
        descriptor = Descriptor("application/octet-stream", f"sha256:{hashlib.sha256(data).hexdigest()}", len(data))
        client = _client(registry)
        buffer = bytearray(_MIB)
        client.resolve("1")
        tracemalloc.start()
        try:
            with client.open_blob(descriptor) as reader:
                while reader.readinto(buffer):
                    pass
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert peak < 2 * _MIB


def test_a_slow_drip_ends_with_the_patience() -> None:
    """Every read succeeds in time, and yet the worker is not held."""
    rule = _blob_rule(body={"ref": "blob"}, drip={"bytes": 1, "every_ms": 100})
    limits = Limits(patience_seconds=0.3)
    with HostileRegistry([rule]) as registry:
        client = _client(registry, limits=limits)
        manifest = client.fetch_manifest(client.resolve("1"))
        assert isinstance(manifest, ImageManifest)
        with pytest.raises(Exception, match="registry_timeout"):
            client.fetch_blob(manifest.layers[0], max_bytes=_MIB)
