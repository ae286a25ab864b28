"""The real puller: the command's repository → pull into the store, and which aspect a failed step is about."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from functions.oci_pull.use_case import PullError
from shared.artifacts.ports import ArtifactStore, Registry
from shared.artifacts.progress import Step
from shared.artifacts.pull import PulledVersion, pull_artifact
from shared.commands import OciCommand
from shared.errors import PlugportError
from shared.plugins.record import ConditionType, Plugin
from shared.pulling import RegistryAccess

#: Which aspect of the plugin a step is about.
_CONDITION_OF: Final[Mapping[str, ConditionType]] = {
    "resolve_reference": "ReferenceResolved",
    "fetch_manifest": "ReferenceResolved",
    "select_platforms": "ReferenceResolved",
    "verify_signature": "SignatureVerified",
    "read_config": "ArtifactStored",
    "fetch_artifact": "ArtifactStored",
    "store_artifact": "ArtifactStored",
}


class OciPuller:
    """Implements the use case's `Puller`.

    Args:
        access: opens repositories.
        store: where executables go.
        platforms: wanted ones.
    """

    def __init__(self, *, access: RegistryAccess, store: ArtifactStore, platforms: Sequence[str]) -> None:
        self._access = access
        self._store = store
        self._platforms = platforms

    def pull(self, command: OciCommand, plugin: Plugin, *, remaining_seconds: Callable[[], float]) -> PulledVersion:
        """Pull into the store; raises `PullError` naming the aspect that the failed step is about."""
        steps: list[Step] = []

        def work(registry: Registry) -> PulledVersion:
            return pull_artifact(
                command,
                registry=registry,
                store=self._store,
                platforms=self._platforms,
                checksum=plugin.checksum,
                already_stored=(plugin.version,) if plugin.version is not None else (),
                report=steps.append,
                remaining_seconds=remaining_seconds,
            )

        try:
            return self._access.use(command, work)
        except PlugportError as error:
            raise PullError(_CONDITION_OF[steps[-1].name] if steps else "ReferenceResolved", error) from error
