"""No registry is ever given what is configured for another owner's registry."""

from hypothesis import assume, given
from hypothesis import strategies as st

from shared.credentials import resolve_credential
from shared.egress import parse_authority
from shared.errors import Refused

LABELS = st.from_regex(r"[a-z](?:[a-z_-]{0,4}[a-z])?", fullmatch=True)
HOSTS = st.builds(
    lambda labels, port: ".".join(labels) + port,
    st.lists(LABELS, min_size=2, max_size=4),
    st.sampled_from(["", ":5000"]),
)


@given(HOSTS, HOSTS)
def test_credentials_stay_with_their_owner(mine: str, other: str) -> None:
    """A credential under a registry's documented name reaches no host of another registered domain."""
    assume("-" not in mine and "_" not in mine)
    name = mine.upper().replace(".", "_").replace(":", "_")
    environment = {f"OCI_PLUGINS_REGISTRY_{name}_ENTITLEMENT": "secret"}
    found = resolve_credential(other, environment=environment, runtime="edge", auth_parameter=None, secrets=None)
    if found.kind != "anonymous":
        assert found.origin == parse_authority(other)
        assert other.split(":", maxsplit=1)[0].split(".")[-2:] == mine.split(":", maxsplit=1)[0].split(".")[-2:]
        assert other.partition(":")[2] == mine.partition(":")[2]


@given(HOSTS)
def test_registry_finds_its_own_name(host: str) -> None:
    """A host without dashes and underscores is served by its documented name."""
    assume("-" not in host and "_" not in host)
    name = host.upper().replace(".", "_").replace(":", "_")
    environment = {f"OCI_PLUGINS_REGISTRY_{name}_TOKEN": "t"}
    found = resolve_credential(host, environment=environment, runtime="edge", auth_parameter=None, secrets=None)
    assert found.kind == "bearer"


@given(st.text(max_size=30), st.text(max_size=30), st.text(max_size=30))
def test_only_our_own_errors(registry: str, auth: str, secret: str) -> None:
    """Whatever the registry, the parameter and the secret are, nothing foreign is raised and nothing is repeated."""
    secret = f"s3cret{secret}"
    environment = {"OCI_PLUGINS_REGISTRY_R_IO_USERNAME": "u", "OCI_PLUGINS_REGISTRY_R_IO_PASSWORD": secret}
    for host in (registry, "r.io"):
        try:
            outcome = repr(
                resolve_credential(host, environment=environment, runtime="edge", auth_parameter=auth, secrets=None)
            )
        except Refused as error:
            outcome = str(error)
        assert secret not in outcome
