"""Pull with the product's own composition: real egress, real policy, credentials from the documented variables."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from functions.oci_pull.puller import OciPuller
from local.registry import RunningRegistry
from shared.artifacts.pull import PulledVersion
from shared.commands import OciCommand, PolicySettings, parse_command
from shared.credentials.ecr import EcrRegistry
from shared.credentials.references import Store
from shared.credentials.secret import Secret
from shared.egress import SystemResolver
from shared.pulling import RegistryAccess
from tests.unit.artifacts.fakes import FakeStore
from tests.unit.plugins.records import plugin

AMD64 = "linux/amd64"
ARM64 = "linux/arm64"


class NoCloud:
    """Implements `SecretSource` and `EcrTokens`: nothing here may ask either."""

    def fetch(self, _store: Store, name: str, *, refresh: bool = False) -> Secret:
        """Refuse."""
        raise AssertionError(f"secret {name} was asked for, refresh={refresh}")

    def fetch_password(self, registry: EcrRegistry, *, refresh: bool = False) -> Secret:
        """Refuse."""
        raise AssertionError(f"{registry} was taken for ECR, refresh={refresh}")


@dataclass(frozen=True)
class Pulled:
    """What a pull gave, and the bytes that are reachable now, by platform."""

    version: PulledVersion
    contents: Mapping[str, bytes]


def environment_of(registry: RunningRegistry, **more: str) -> dict[str, str]:
    """Give the environment of an edge gateway's deployment on this machine, with the registry's credential."""
    variable = f"OCI_PLUGINS_REGISTRY_{registry.host.replace('.', '_').replace(':', '_')}"
    credential = (
        {f"{variable}_USERNAME": registry.username, f"{variable}_PASSWORDENV": "REGISTRY_PASSWORD"}
        if registry.username
        else {}
    )
    return {
        "PLUGIN_RUNTIME": "edge",
        "ALLOW_INTERNAL_NETWORK_ACCESS": "true",
        "OCI_PLUGINS_INSECURE_REGISTRIES": registry.host,
        "OCI_PLUGINS_REQUIRE_SIGNATURE": "false",
        "REGISTRY_PASSWORD": registry.password,
        **credential,
        **more,
    }


def pull(
    reference: str,
    environment: Mapping[str, str],
    *,
    platforms: Sequence[str] = (AMD64,),
    store: FakeStore | None = None,
    **record: Any,
) -> Pulled:
    """Pull `registry/repository:tag` into a store in memory.

    Args:
        reference: what the command names.
        environment: the function's.
        platforms: wanted ones.
        store: an empty one by default.
        record: fields of the plugin's record, e.g. `checksum`.

    Raises:
        PullError: with the step's condition and the cause.
    """
    command = parse_command(f"oci://{reference}")
    assert isinstance(command, OciCommand)
    store = store or FakeStore()
    access = RegistryAccess(
        policy=PolicySettings.from_environment(environment),
        environment=environment,
        resolver=SystemResolver(),
        secrets=NoCloud(),
        ecr=NoCloud(),
    )
    puller = OciPuller(access=access, store=store, platforms=platforms)
    version = puller.pull(command, plugin(command=str(command), scheme="oci", **record), remaining_seconds=lambda: 60.0)
    return Pulled(version, {name: store.objects[item.sha256] for name, item in version.platforms.items()})


def sha256(data: bytes) -> str:
    """Give the digest's hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()
