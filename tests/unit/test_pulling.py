"""Command, policy and credential → the repository's client; a rotated secret costs one more attempt."""

import base64
from collections.abc import Mapping
from typing import Any

import pytest
import requests

from shared.artifacts.pull import plan_artifact
from shared.aws import AWS_UNAVAILABLE
from shared.commands import OciCommand, PolicySettings, SettingsError
from shared.credentials import Credential, EcrRegistry, Secret
from shared.egress import parse_authority
from shared.egress.origins import Scheme
from shared.errors import PlugportError, Refused, Transient
from shared.pulling import RegistryAccess, signature_check
from shared.registry.client import RegistryClient
from tests.unit.credentials.fakes import FakeEcr, FakeSecrets
from tests.unit.egress.fakes import FakeResolver
from tests.unit.registry.fakes import Answer, ScriptedAdapter, scripted_session
from tests.unit.registry.scene import BASE, DIGEST, OK_MANIFEST

COMMAND = OciCommand("registry.example.com", "plugins/p", "1", None)
MANIFEST_URL = f"{BASE}/manifests/1"
ASKS = Answer(401, headers={"WWW-Authenticate": 'Basic realm="r"'})
NAME = "OCI_PLUGINS_REGISTRY_REGISTRY_EXAMPLE_COM"
BY_REFERENCE = {f"{NAME}_USERNAME": "me", f"{NAME}_PASSWORD": "secretsmanager:registry"}
SWITCHED_ON = {"AI_STUDIO_OCI_CACHE_DIR": "/c"}


class RotatingSecrets(FakeSecrets):
    """Remembers an old password; the store itself has a new one, or does not answer."""

    def __init__(self, fresh: str | PlugportError) -> None:
        super().__init__({("secretsmanager", "registry"): "old"})
        self._fresh = fresh

    def fetch(self, store: Any, name: str, *, refresh: bool = False) -> Secret:
        """Give the remembered password unless asked to refresh."""
        remembered = super().fetch(store, name, refresh=refresh)
        if not refresh:
            return remembered
        if isinstance(self._fresh, PlugportError):
            raise self._fresh
        return Secret(self._fresh)


class RotatingEcr(FakeEcr):
    """Gives another password when it is asked to refresh."""

    def fetch_password(self, registry: EcrRegistry, *, refresh: bool = False) -> Secret:
        """Give the password."""
        remembered = super().fetch_password(registry, refresh=refresh)
        return Secret("fresh-password") if refresh else remembered


class Sessions:
    """Makes sessions over one script, and keeps what each was made with."""

    def __init__(self, *answers: Answer) -> None:
        self.session, self.adapter = scripted_session({MANIFEST_URL: list(answers)})
        self.made: list[Mapping[str, Any]] = []

    def __call__(self, **options: Any) -> requests.Session:
        """Give the session."""
        self.made.append(options)
        return self.session


def access(sessions: Sessions, environment: Mapping[str, str] | None = None, **options: Any) -> RegistryAccess:
    """Give access to registries for an environment that has oci:// switched on."""
    values = {**SWITCHED_ON, **(environment or {})}
    return RegistryAccess(
        policy=PolicySettings.from_environment(values),
        environment=values,
        resolver=FakeResolver({"registry.example.com": ["93.184.216.34"]}),
        make_session=sessions,
        **options,
    )


def resolve(client: RegistryClient) -> str:
    """Resolve the tag: the smallest piece of work."""
    return client.resolve("1").digest


def passwords(adapter: ScriptedAdapter) -> list[str]:
    """Give the password of each request that had one."""
    sent = [header for header in adapter.sent("Authorization") if header]
    return [base64.b64decode(header.removeprefix("Basic ")).decode().partition(":")[2] for header in sent]


def test_a_rotated_secret_is_read_again_after_a_401() -> None:
    """What is remembered is not taken, so the store is asked and the work is done once more."""
    sessions, secrets = Sessions(ASKS, ASKS, ASKS, OK_MANIFEST), RotatingSecrets("new")
    assert access(sessions, BY_REFERENCE, secrets=secrets).use(COMMAND, resolve) == DIGEST
    assert passwords(sessions.adapter) == ["old", "new"]
    assert [refresh for _, _, refresh in secrets.asked] == [False, True]


def test_a_403_is_answered_alike() -> None:
    """Amazon ECR says 403 to a password that has expired."""
    registry = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
    sessions, ecr = Sessions(), RotatingEcr()
    sessions.session, sessions.adapter = scripted_session(
        {f"https://{registry}/v2/plugins/p/manifests/1": [ASKS, Answer(403), ASKS, OK_MANIFEST]}
    )
    assert access(sessions, ecr=ecr).use(COMMAND._replace(registry=registry), resolve) == DIGEST
    assert passwords(sessions.adapter) == ["ecr-password", "fresh-password"]


@pytest.mark.parametrize("fresh", ["old", "new but wrong"])
def test_a_wrong_secret_is_sent_once(fresh: str) -> None:
    """The same password never goes twice, and a new one that is wrong, too, ends it: registries lock accounts."""
    sessions = Sessions(ASKS)
    with pytest.raises(Refused, match="registry_auth_failed"):
        access(sessions, BY_REFERENCE, secrets=RotatingSecrets(fresh)).use(COMMAND, resolve)
    assert passwords(sessions.adapter) == list(dict.fromkeys(["old", fresh]))


def test_a_store_that_does_not_answer_after_a_401_is_transient() -> None:
    """Whether the secret was rotated is not known then, so the work comes again."""
    down = Transient(AWS_UNAVAILABLE, "the store is down")
    with pytest.raises(Transient, match="the store is down"):
        access(Sessions(ASKS), BY_REFERENCE, secrets=RotatingSecrets(down)).use(COMMAND, resolve)


def test_other_refusals_ask_no_store_again() -> None:
    """Only a credential that is not taken is worth a second look."""
    secrets = RotatingSecrets("new")
    with pytest.raises(Refused, match="registry_not_found"):
        access(Sessions(Answer(404)), BY_REFERENCE, secrets=secrets).use(COMMAND, resolve)
    assert [refresh for _, _, refresh in secrets.asked] == [False]


def test_the_environments_credential_comes_before_the_other_source() -> None:
    """The other source is asked only where the environment configures nothing."""
    asked: list[tuple[str, Scheme]] = []

    def otherwise(registry: str, scheme: Scheme) -> Credential:
        asked.append((registry, scheme))
        return Credential(parse_authority(registry, scheme), "basic", "me", Secret("of docker"))

    sessions = Sessions(ASKS, OK_MANIFEST)
    own = {f"{NAME}_USERNAME": "me", f"{NAME}_PASSWORD": "own"}
    access(sessions, own, otherwise=otherwise).use(COMMAND, resolve)
    assert (passwords(sessions.adapter), asked) == (["own"], [])
    sessions = Sessions(ASKS, OK_MANIFEST)
    access(sessions, otherwise=otherwise).use(COMMAND, resolve)
    assert (passwords(sessions.adapter), asked) == (["of docker"], [("registry.example.com", "https")])


def test_ca_bundles_reach_the_session() -> None:
    """A bundle of the environment, or of the secret that is laid over it, verifies its host."""
    sessions = Sessions(OK_MANIFEST)
    setting = {"REGISTRY_CREDENTIALS_SECRET": "all"}
    secret = '{"OCI_PLUGINS_CA_BUNDLES": "registry.example.com:5000=/opt/ca.pem"}'
    secrets = FakeSecrets({("secretsmanager", "all"): secret})
    access(sessions, setting, secrets=secrets).use(COMMAND, resolve)
    assert sessions.made[0]["ca_bundles"] == {"registry.example.com:5000": "/opt/ca.pem"}


def test_a_broken_ca_bundle_stops_the_start() -> None:
    """The entry is named before any work begins."""
    with pytest.raises(SettingsError, match="OCI_PLUGINS_CA_BUNDLES: registry"):
        access(Sessions(), {"OCI_PLUGINS_CA_BUNDLES": "registry.example.com=ca.pem"})


def test_warnings_are_said_once() -> None:
    """What is not read is said at the start, or with the secret that has it; never again, and never a value."""
    said: list[str] = []
    secrets = FakeSecrets({("secretsmanager", "all"): f'{{"{NAME}_PASSWRD": "s3cret"}}'})
    environment = {f"{NAME}_TOKN": "s3cret", "REGISTRY_CREDENTIALS_SECRET": "all"}
    using = access(Sessions(OK_MANIFEST), environment, secrets=secrets, warn=said.append)
    assert [warning.split()[0] for warning in said] == [f"{NAME}_TOKN"]
    using.use(COMMAND, resolve)
    using.use(COMMAND, resolve)
    assert [warning.split()[0] for warning in said] == [f"{NAME}_TOKN", f"{NAME}_PASSWRD"]
    assert "s3cret" not in " ".join(said)


def test_required_signatures_refuse_the_plan() -> None:
    """A plan goes no further than a pull: what can't be verified is refused at its step."""
    assert signature_check(PolicySettings()) is None
    steps: list[str] = []
    with pytest.raises(Refused, match="signature_verification_not_built_yet"):
        access(Sessions(OK_MANIFEST)).use(
            COMMAND,
            lambda registry: plan_artifact(
                COMMAND,
                registry=registry,
                platforms=["linux/amd64"],
                verify_signature=signature_check(PolicySettings(require_signature=True)),
                report=lambda step: steps.append(step.name),
            ),
        )
    assert steps[-1] == "verify_signature"
