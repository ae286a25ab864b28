"""What egress is told, hop by hop."""

import pytest

from shared.commands import AddressPolicy, PolicySettings, parse_command


def policy(text: str, /, **env: str) -> AddressPolicy:
    """Give the policy for the connections of a command."""
    return PolicySettings.from_environment(env).address_policy(parse_command(text))


def refusal(asked: AddressPolicy, host: str, port: int, address: str | None = None) -> str | None:
    """Name the reason of a refusal."""
    reason = asked.refuse(host, port, address)
    return None if reason is None else reason.code


def test_plain_policy() -> None:
    """Public addresses pass; internal and unreadable ones, metadata names and other services' ports do not."""
    plain = policy("oci://ghcr.io/a:1")
    assert refusal(plain, "GHCR.io.", 443) is None
    assert refusal(plain, "ghcr.io", 443, "8.8.8.8") is None
    assert refusal(plain, "2606:4700::1", 443, "2606:4700::1") is None
    assert refusal(plain, "[2606:4700::1]", 443) is None
    assert refusal(plain, "ghcr.io", 443, "10.0.0.1") == "internal_network_address"
    assert refusal(plain, "ghcr.io", 443, "garbage") == "internal_network_address"
    assert refusal(plain, "127.0.0.1", 443) == "internal_network_address"
    assert refusal(plain, "metadata.google.internal", 443, "8.8.8.8") == "internal_network_address"
    assert refusal(plain, "ghcr.io", 25) == "port_denied"
    assert refusal(plain, "127.1", 443) == "invalid_host"


def test_development_switch() -> None:
    """The switch opens internal addresses on every hop, and forbidden ones on none."""
    opened = policy("oci://ghcr.io/a:1", ALLOW_INTERNAL_NETWORK_ACCESS="true")
    assert refusal(opened, "blobs.example.com", 443, "10.0.0.1") is None
    assert refusal(opened, "blobs.example.com", 443, "169.254.169.254") == "internal_network_address"


def test_entry_opens_the_target_and_nothing_else() -> None:
    """The listed registry may be internal; a redirect to another internal host or port may not."""
    listed = policy("oci://registry.corp:5000/a:1", PLUGIN_COMMAND_ALLOWLIST="oci://registry.corp:5000/*")
    assert refusal(listed, "registry.corp", 5000, "10.0.0.1") is None
    assert refusal(listed, "registry.corp", 5000, "169.254.169.254") == "internal_network_address"
    assert refusal(listed, "registry.corp", 443, "10.0.0.1") == "internal_network_address"
    assert refusal(listed, "blobs.corp", 5000, "10.0.0.1") == "internal_network_address"


@pytest.mark.parametrize(("insecure", "expected"), [("", "internal_network_address"), ("registry.corp", None)])
def test_default_ports_of_a_registry(insecure: str, expected: str | None) -> None:
    """Without a port the opened one is 443, and 80 as well where the registry is asked over plain HTTP."""
    env = {"PLUGIN_COMMAND_ALLOWLIST": "oci://registry.corp/*", "AI_STUDIO_OCI_INSECURE_REGISTRIES": insecure}
    listed = policy("oci://registry.corp/a:1", **env)
    assert refusal(listed, "registry.corp", 443, "10.0.0.1") is None
    assert refusal(listed, "registry.corp", 80, "10.0.0.1") == expected


def test_network_entry() -> None:
    """A network entry opens the address that the command names, not its neighbours, and no denied port."""
    listed = policy("grpc://10.0.0.5:50051", PLUGIN_COMMAND_ALLOWLIST="grpc://10.0.0.0/8")
    assert refusal(listed, "10.0.0.5", 50051, "10.0.0.5") is None
    assert refusal(listed, "10.0.0.6", 50051, "10.0.0.6") == "internal_network_address"
    assert refusal(policy("grpc://10.0.0.5:22", PLUGIN_COMMAND_ALLOWLIST="grpc://10.0.0.0/8"), "10.0.0.5", 22) == (
        "port_denied"
    )


def test_host_entry_opens_its_port() -> None:
    """An entry that names the host permits a port that is denied elsewhere."""
    listed = policy("grpc://cache:6379", PLUGIN_COMMAND_ALLOWLIST="grpc://cache:6379")
    assert refusal(listed, "cache", 6379, "10.0.0.1") is None
    assert refusal(listed, "other", 6379, "8.8.8.8") == "port_denied"


def test_commands_without_network() -> None:
    """A file:// command opens nothing."""
    assert refusal(policy("file:///opt/p"), "localhost", 443) == "internal_network_address"
