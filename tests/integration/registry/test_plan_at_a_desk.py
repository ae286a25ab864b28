"""`plugport plan --resolve` over real sockets and TLS, with a private authority and a token service."""

import io
import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from cli.api import Api
from cli.invocation import Invocation
from cli.main import run
from cli.screen import Screen
from tests.conformance.hostile_bodies import digest_of
from tests.conformance.hostile_certificates import TRUSTED, authority
from tests.conformance.hostile_registry import HOSTS, TOKEN, HostileRegistry

pytestmark = [
    pytest.mark.enable_socket,
    pytest.mark.allow_hosts(["127.0.0.1", *(address for _, address in HOSTS.values())]),
]

CHALLENGE = 'Bearer realm="https://$AUTH/token",service="s"'
ASKS_FOR_A_TOKEN = {
    "match": {"host": "REG", "nth": 1},
    "respond": {"status": 401, "headers": {"WWW-Authenticate": CHALLENGE}},
}


class _Names:
    def resolve(self, host: str, _port: int, _timeout_seconds: float) -> Sequence[str]:
        return [address for name, address in HOSTS.values() if name == host]


def _no_api(_endpoint: str, _token: str | None, _timeout_seconds: float) -> Api:
    raise AssertionError("a desk asks no API")


def _plan(registry: HostileRegistry, folder: Path, **environment: str) -> tuple[int, dict[str, Any], str]:
    """Plan `plugins/p:1` with the real session; gives exit code, document and the other output."""
    out, err = io.StringIO(), io.StringIO()
    invoke = partial(
        Invocation,
        environment={"HOME": str(folder), "ALLOW_INTERNAL_NETWORK_ACCESS": "true", **environment},
        screen=Screen(out, err, colour=False),
        stdin=io.StringIO(),
        connect=_no_api,
        sleep=lambda _seconds: None,
        clock=lambda: 0.0,
        resolver=_Names(),
    )
    code = run(["plan", registry.expand("oci://$REG/plugins/p:1"), "--resolve", "--format", "json"], invoke)
    return code, json.loads(out.getvalue() or "{}"), err.getvalue()


def _bundles(folder: Path) -> str:
    path = folder / "ca.pem"
    path.write_text(authority(TRUSTED).pem)
    return ",".join(f"{name}={path}" for name, _ in HOSTS.values())


def test_plan_with_a_token(tmp_path: Path) -> None:
    """Bundle of the environment, credential of docker login, token of the registry's service: then the digest."""
    (tmp_path / ".docker").mkdir()
    with HostileRegistry([ASKS_FOR_A_TOKEN]) as registry:
        login = {"auths": {registry.expand("$REG"): {"username": "me", "password": "s3cret"}}}
        (tmp_path / ".docker" / "config.json").write_text(json.dumps(login))
        code, document, err = _plan(registry, tmp_path, OCI_PLUGINS_CA_BUNDLES=_bundles(tmp_path))
        assert (code, err) == (0, "")
        artifact = document["data"]["attributes"]["artifact"]
        assert artifact["manifest_digest"] == digest_of(registry.artifacts.named["manifest"])
        assert list(artifact["platforms"].values()) == [{"fetch_bytes": len(registry.artifacts.named["blob"])}]
        sent = [(seen.host, seen.headers.get("authorization", "")) for seen in registry.requests]
        assert sent[:3] == [("REG", ""), ("AUTH", "Basic bWU6czNjcmV0"), ("REG", f"Bearer {TOKEN}")]
        blob = registry.expand("/v2/plugins/p/blobs/$BLOB_DIGEST")
        assert blob not in [seen.target for seen in registry.requests]


def test_an_authority_that_nobody_listed(tmp_path: Path) -> None:
    """Without the bundle the registry's certificate is refused, whatever this machine trusts."""
    with HostileRegistry([]) as registry:
        code, document, _ = _plan(registry, tmp_path)
        assert code == 1
        (finding,) = document["data"]["attributes"]["findings"]
        assert finding["code"] == "tls_verification_failed"
        assert registry.requests == []
