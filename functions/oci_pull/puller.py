"""The real puller: credential → session → registry client → pull, for exactly one command."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from functions.oci_pull.use_case import PullError
from shared.admission import RESOLVE_TIMEOUT_SECONDS
from shared.artifacts.ports import ArtifactStore
from shared.artifacts.progress import Step
from shared.artifacts.pull import PulledVersion, pull_artifact
from shared.commands import OciCommand, PolicySettings
from shared.credentials import EcrTokens, SecretSource, load_environment, resolve_credential
from shared.egress import AddressPolicy, Resolver, build_session, resolve_and_judge
from shared.errors import PlugportError
from shared.plugins.record import ConditionType, Plugin
from shared.registry.client import RegistryClient
from shared.registry.settings import token_realms_for

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
        environment = load_environment(self._environment, self._secrets)
        credential = resolve_credential(
            command.registry,
            environment=environment,
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
            judge=_judge(policy, self._resolver),
            token_realms=token_realms_for(command.registry, environment),
            credential=credential,
            plain_http=plain_http,
            clock=time.monotonic,
        )


def _judge(policy: AddressPolicy, resolver: Resolver) -> Callable[[str, int], None]:
    """Give the check that names the better reason for a hop that is refused before it would be dialled."""

    def judge(host: str, port: int) -> None:
        resolve_and_judge(host, port, policy=policy, resolver=resolver, timeout_seconds=RESOLVE_TIMEOUT_SECONDS)

    return judge
