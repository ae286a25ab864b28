"""Who may pull: Basic and token doors of a real registry, with credentials from the documented variables."""

from pathlib import Path

import pytest

from functions.oci_pull.use_case import PullError
from local.registry import PASSWORD, USERNAME, RunningRegistry
from tests.interop.artifacts import push_plain_artifact
from tests.interop.executables import executable
from tests.interop.images import build_with_umoci, push_with_skopeo
from tests.interop.pulling import AMD64, environment_of, pull, sha256
from tests.interop.token_service import TokenService

pytestmark = [pytest.mark.enable_socket, pytest.mark.allow_hosts(["127.0.0.1", "::1"])]


def _trusting(registry: RunningRegistry, service: TokenService, **more: str) -> dict[str, str]:
    """Give the environment of an operator who lets the token service have the registry's credential."""
    plain = f"{registry.host},{service.host}"
    realms = f"{registry.host}={service.host}"
    return environment_of(registry, OCI_PLUGINS_INSECURE_REGISTRIES=plain, OCI_PLUGINS_TOKEN_REALMS=realms, **more)


def _without_credential(environment: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if not name.startswith("OCI_PLUGINS_REGISTRY_")}


def _refusal(reference: str, environment: dict[str, str]) -> PullError:
    with pytest.raises(PullError) as caught:
        pull(reference, environment)
    return caught.value


def test_basic(basic_registry: RunningRegistry, tmp_path: Path) -> None:
    """User name and password open a registry that asks for Basic, whoever pushed: skopeo or oras."""
    image, artifact = executable("basic image"), executable("basic artifact")
    push_with_skopeo(build_with_umoci(tmp_path / "image", [{"plugin": image}]), basic_registry, "basic/image:v1")
    push_plain_artifact(tmp_path, artifact, basic_registry, "basic/artifact:v1")
    for data, name in ((image, "basic/image:v1"), (artifact, "basic/artifact:v1")):
        pulled = pull(f"{basic_registry.host}/{name}", environment_of(basic_registry))
        assert sha256(pulled.contents[AMD64]) == sha256(data)


def test_an_entitlement(basic_registry: RunningRegistry, tmp_path: Path) -> None:
    """An entitlement goes as Basic with every request, and the registry takes it."""
    data = executable("entitlement")
    push_plain_artifact(tmp_path, data, basic_registry, "basic/entitled:v1")
    variable = f"OCI_PLUGINS_REGISTRY_{basic_registry.host.replace('.', '_').replace(':', '_')}"
    environment = {
        **_without_credential(environment_of(basic_registry)),
        f"{variable}_ENTITLEMENT": PASSWORD,
        f"{variable}_ENTITLEMENTUSERNAME": USERNAME,
    }
    pulled = pull(f"{basic_registry.host}/basic/entitled:v1", environment)
    assert sha256(pulled.contents[AMD64]) == sha256(data)


def test_a_token(token_registry: RunningRegistry, token_service: TokenService, tmp_path: Path) -> None:
    """A token is asked for once, for pulling exactly this repository, and serves manifest, config and layer."""
    data = executable("token")
    source = build_with_umoci(tmp_path / "image", [{"plugin": data}])
    push_with_skopeo(source, token_registry, "token/image:v1")
    before = len(token_service.scopes)
    pulled = pull(f"{token_registry.host}/token/image:v1", _trusting(token_registry, token_service))
    assert sha256(pulled.contents[AMD64]) == sha256(data)
    assert token_service.scopes[before:] == ["repository:token/image:pull"]


def test_a_token_service_that_is_no_relative(token_registry: RunningRegistry, token_service: TokenService) -> None:
    """A token service on another name gets no credential, not even a request, until the operator lists it."""
    before = len(token_service.scopes)
    error = _refusal(f"{token_registry.host}/token/image:v1", environment_of(token_registry))
    assert error.cause.reason.code == "auth_realm_invalid"
    assert token_service.host in error.cause.message
    assert len(token_service.scopes) == before


@pytest.mark.parametrize("has_credential", [False, True])
def test_basic_refuses(basic_registry: RunningRegistry, *, has_credential: bool) -> None:
    """Without a credential, and with a wrong one, the reason is the credential, at the step that needed it first."""
    environment = environment_of(basic_registry, REGISTRY_PASSWORD="wrong-password")
    if not has_credential:
        environment = _without_credential(environment)
    error = _refusal(f"{basic_registry.host}/basic/image:v1", environment)
    assert (error.condition, error.cause.reason.code) == ("ReferenceResolved", "registry_auth_failed")
    assert not error.cause.retryable
    assert "wrong-password" not in f"{error.cause.message} {error.cause.hint}"


@pytest.mark.parametrize("has_credential", [False, True])
def test_the_token_service_refuses(
    token_registry: RunningRegistry, token_service: TokenService, *, has_credential: bool
) -> None:
    """A wrong credential gets no token, none at all a token that opens nothing: both are the credential's fault."""
    environment = _trusting(token_registry, token_service, REGISTRY_PASSWORD="wrong-password")
    if not has_credential:
        environment = _without_credential(environment)
    error = _refusal(f"{token_registry.host}/token/image:v1", environment)
    assert (error.condition, error.cause.reason.code) == ("ReferenceResolved", "registry_auth_failed")
    assert not error.cause.retryable
