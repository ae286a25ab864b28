"""One command, the policy, a credential → the client of its repository: what a pull and a plan both stand on.

The function and the command line differ in where credentials come from; everything after that is the same code.
"""

import time
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

from shared.admission import RESOLVE_TIMEOUT_SECONDS
from shared.artifacts.pull import SignatureCheck
from shared.commands import OciCommand, PolicySettings
from shared.credentials import (
    Credential,
    EcrTokens,
    SecretSource,
    credential_warnings,
    load_environment,
    resolve_credential,
)
from shared.egress import AddressPolicy, Resolver, resolve_and_judge
from shared.egress.origins import Scheme
from shared.errors import Reason, Refused
from shared.registry.client import RegistryClient
from shared.registry.limits import DEFAULT_LIMITS, Limits
from shared.registry.reasons import REGISTRY_AUTH_FAILED
from shared.registry.settings import ca_bundles_in, token_realms_for

if TYPE_CHECKING:
    import requests

SIGNATURE_NOT_BUILT = Reason(
    "signature_verification_not_built_yet",
    "signatures are required, and this release can't verify them yet",
    "Leave signatures not required (OCI_PLUGINS_REQUIRE_SIGNATURE, AI_STUDIO_OCI_REQUIRE_SIGNATURE) until it can.",
)
REASONS: Final = (SIGNATURE_NOT_BUILT,)

_T = TypeVar("_T")


class MakeSession(Protocol):
    """Makes the session of one piece of work: `shared.egress.build_session`."""

    def __call__(
        self,
        *,
        policy: AddressPolicy,
        resolver: Resolver,
        insecure_registries: Collection[str],
        ca_bundles: Mapping[str, str],
    ) -> "requests.Session":
        """Give a session whose every connection is judged."""


class RegistryAccess:
    """Opens the repository of a command, with the credential that is configured for exactly its registry.

    Args:
        policy: which registries are spoken to without TLS, and which addresses may be dialled.
        environment: where credentials, token services and CA bundles are configured.
        resolver: looks names up.
        secrets: Secrets Manager and SSM; None where there is none: references to them are refused.
        ecr: passwords for ECR by IAM; None leaves ECR to what is configured.
        otherwise: registry and scheme → the credential where nothing is configured; None = anonymous.
        warn: told once what in the configuration of credentials is not read.
        make_session: the real one by default.
        limits: bounds of the conversation.

    Raises:
        SettingsError: `setting_invalid`: a CA bundle can't be read; the message names the entry.
    """

    def __init__(
        self,
        *,
        policy: PolicySettings,
        environment: Mapping[str, str],
        resolver: Resolver,
        secrets: SecretSource | None = None,
        ecr: EcrTokens | None = None,
        otherwise: Callable[[str, Scheme], Credential] | None = None,
        warn: Callable[[str], None] = lambda _: None,
        make_session: MakeSession | None = None,
        limits: Limits = DEFAULT_LIMITS,
    ) -> None:
        self._policy = policy
        self._environment = environment
        self._resolver = resolver
        self._secrets = secrets
        self._ecr = ecr
        self._otherwise = otherwise
        self._warn = warn
        self._warned: set[str] = set()
        self._make_session = make_session
        self._limits = limits
        ca_bundles_in(environment)  # a broken entry stops the start, not the first pull
        self._warn_once(environment)

    def use(self, command: OciCommand, work: Callable[[RegistryClient], _T]) -> _T:
        """Do work over the command's repository.

        Where the registry does not take the credential, the stores are asked again instead of taking what they
        remember; if they have another one, the work is done once more from its beginning. The same credential is never
        sent twice: registries lock accounts.

        Raises:
            Refused: no usable credential, or whatever the work raises.
            Transient: a store did not answer, or whatever the work raises.
        """
        environment, credential = self._credential(command, refresh=False)
        try:
            return self._once(command, environment, credential, work)
        except Refused as error:
            if error.reason is not REGISTRY_AUTH_FAILED:
                raise
            environment, fresh = self._credential(command, refresh=True)
            if fresh == credential:
                raise
        return self._once(command, environment, fresh, work)

    def _credential(self, command: OciCommand, *, refresh: bool) -> tuple[Mapping[str, str], Credential]:
        environment = self._environment
        if self._secrets is not None:
            environment = load_environment(environment, self._secrets, refresh=refresh)
            self._warn_once(environment)
        scheme: Scheme = "http" if self._is_plain(command) else "https"
        credential = resolve_credential(
            command.registry,
            environment=environment,
            runtime=self._policy.runtime,
            auth_parameter=command.params.auth,
            secrets=self._secrets,
            scheme=scheme,
            ecr=self._ecr,
            refresh=refresh,
        )
        if credential.kind == "anonymous" and self._otherwise is not None:
            credential = self._otherwise(command.registry, scheme)
        return environment, credential

    def _once(
        self,
        command: OciCommand,
        environment: Mapping[str, str],
        credential: Credential,
        work: Callable[[RegistryClient], _T],
    ) -> _T:
        address_policy = self._policy.address_policy(command)
        with self._session(address_policy, ca_bundles_in(environment)) as session:
            client = RegistryClient(
                command.registry,
                command.repository,
                session=session,
                judge=_judge(address_policy, self._resolver),
                token_realms=token_realms_for(command.registry, environment),
                credential=credential,
                plain_http=self._is_plain(command),
                limits=self._limits,
                clock=time.monotonic,
            )
            return work(client)

    def _session(self, policy: AddressPolicy, ca_bundles: Mapping[str, str]) -> "requests.Session":
        from shared.egress import build_session  # noqa: PLC0415 - cold start: needs requests

        return (self._make_session or build_session)(
            policy=policy,
            resolver=self._resolver,
            insecure_registries=self._policy.insecure_registries,
            ca_bundles=ca_bundles,
        )

    def _is_plain(self, command: OciCommand) -> bool:
        return command.registry in self._policy.insecure_registries

    def _warn_once(self, environment: Mapping[str, str]) -> None:
        for warning in credential_warnings(environment):
            if warning not in self._warned:
                self._warned.add(warning)
                self._warn(warning)


def signature_check(policy: PolicySettings) -> SignatureCheck | None:
    """Give the check that the policy asks for: none, or one that refuses because nothing can be verified yet."""
    return _refuse_unverified if policy.require_signature else None


def _refuse_unverified(manifest_digest: str) -> Mapping[str, Any]:
    raise Refused(SIGNATURE_NOT_BUILT, f"{SIGNATURE_NOT_BUILT.title}: {manifest_digest}")


def _judge(policy: AddressPolicy, resolver: Resolver) -> Callable[[str, int], None]:
    """Give the check that names the better reason for a hop that is refused before it would be dialled."""

    def judge(host: str, port: int) -> None:
        resolve_and_judge(host, port, policy=policy, resolver=resolver, timeout_seconds=RESOLVE_TIMEOUT_SECONDS)

    return judge
