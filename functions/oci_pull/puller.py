"""The real puller: credential → session → registry client → pull, for exactly one command."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from functions.oci_pull.use_case import PullError
from shared.artifacts.ports import ArtifactStore
from shared.artifacts.progress import Step
from shared.artifacts.pull import PulledVersion, pull_artifact
from shared.commands import OciCommand, PolicySettings
from shared.credentials import EcrTokens, SecretSource, load_environment, resolve_credential
from shared.egress import AddressPolicy, Resolver, build_session
from shared.errors import PlugportError, Refused
from shared.plugins.record import ConditionType, Plugin
from shared.registry.client import RegistryClient

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
        policy: which registries are spoken to without TLS, and which addresses may be dialled.
        environment: where credentials are configured.
        secrets: Secrets Manager and SSM.
        ecr: tokens for ECR by IAM.
        store: where executables go.
        resolver: looks names up.
        platforms: wanted ones.
    """

    def __init__(
        self,
        *,
        policy: PolicySettings,
        environment: Mapping[str, str],
        secrets: SecretSource,
        ecr: EcrTokens,
        store: ArtifactStore,
        resolver: Resolver,
        platforms: Sequence[str],
    ) -> None:
        self._policy = policy
        self._environment = environment
        self._secrets = secrets
        self._ecr = ecr
        self._store = store
        self._resolver = resolver
        self._platforms = platforms

    def pull(self, command: OciCommand, plugin: Plugin, *, remaining_seconds: Callable[[], float]) -> PulledVersion:
        """Pull into the store; raises `PullError` naming the aspect that the failed step is about."""
        steps: list[Step] = []
        try:
            return pull_artifact(
                command,
                registry=self._client(command),
                store=self._store,
                platforms=self._platforms,
                checksum=plugin.checksum,
                already_stored=(plugin.version,) if plugin.version is not None else (),
                report=steps.append,
                remaining_seconds=remaining_seconds,
            )
        except PlugportError as error:
            raise PullError(_CONDITION_OF[steps[-1].name] if steps else "ReferenceResolved", error) from error

    def _client(self, command: OciCommand) -> RegistryClient:
        policy = self._policy.address_policy(command)
        plain_http = command.registry in self._policy.insecure_registries
        credential = resolve_credential(
            command.registry,
            environment=load_environment(self._environment, self._secrets),
            runtime=self._policy.runtime,
            auth_parameter=command.params.auth,
            secrets=self._secrets,
            scheme="http" if plain_http else "https",
            ecr=self._ecr,
        )
        session = build_session(
            policy=policy, resolver=self._resolver, insecure_registries=self._policy.insecure_registries
        )
        return RegistryClient(
            command.registry,
            command.repository,
            session=session,
            judge=_judge(policy),
            credential=credential,
            plain_http=plain_http,
            clock=time.monotonic,
        )


def _judge(policy: AddressPolicy) -> Callable[[str, int], None]:
    """Give the check of a host by its name alone, for hops that are refused before they are dialled."""

    def judge(host: str, port: int) -> None:
        reason = policy.refuse(host, port, None)
        if reason is not None:
            raise Refused(reason, f"{host}:{port}: {reason.title}")

    return judge
