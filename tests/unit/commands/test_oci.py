"""OCI references: registry, repository, tag, digest, parameters, and the field oci_reference beside a command."""

import pytest

from shared.commands import (
    CommandError,
    OciCommand,
    OciParameters,
    match_oci_reference,
    parse_command,
    parse_oci_reference,
)

SHA256 = "sha256:" + "0123456789abcdef" * 4
SHA512 = "sha512:" + "0123456789abcdef" * 8


def oci(text: str) -> OciCommand:
    """Parse an OCI command."""
    command = parse_command(text)
    assert isinstance(command, OciCommand)
    return command


@pytest.mark.parametrize(
    ("text", "host", "port", "kind", "canonical"),
    [
        ("oci://registry.example.com/p", "registry.example.com", None, "name", "registry.example.com/p:latest"),
        ("oci://Localhost:5000/a/b:v1", "localhost", 5000, "name", "localhost:5000/a/b:v1"),
        ("oci://8.8.8.8:5000/a:1", "8.8.8.8", 5000, "ipv4", "8.8.8.8:5000/a:1"),
        ("oci://registry1/a:1", "registry1", None, "name", "registry1/a:1"),
        ("oci://[2001:DB8::1]/a:1", "2001:db8::1", None, "ipv6", "[2001:db8::1]/a:1"),
        ("oci://[2001:db8::1]:5000/a:1", "2001:db8::1", 5000, "ipv6", "[2001:db8::1]:5000/a:1"),
        (f"oci://ghcr.io/a@{SHA512}", "ghcr.io", None, "name", f"ghcr.io/a@{SHA512}"),
        (f"oci://ghcr.io/a:v1@{SHA256}", "ghcr.io", None, "name", f"ghcr.io/a:v1@{SHA256}"),
    ],
)
def test_registry_and_reference(text: str, host: str, port: int | None, kind: str, canonical: str) -> None:
    """Host, port and kind come from the registry; the reference has one canonical text."""
    command = oci(text)
    assert (command.host, command.port, command.host_kind, command.reference) == (host, port, kind, canonical)


def test_digest_beside_tag() -> None:
    """A tag beside a digest is kept as a label; a digest alone gets no tag."""
    assert oci(f"oci://ghcr.io/a:v1@{SHA256}")[2:4] == ("v1", SHA256)
    assert oci(f"oci://ghcr.io/a@{SHA256}")[2:4] == (None, SHA256)


@pytest.mark.parametrize(
    ("rest", "reason"),
    [
        ("", "missing_registry"),
        ("/a/b:1", "missing_registry"),
        ("ghcr.io", "missing_repository"),
        ("ghcr.io:443", "missing_repository"),
        ("ghcr.io/", "missing_repository"),
        ("ghcr.io/:1", "missing_repository"),
        ("ghcr.io:/a", "invalid_registry"),
        ("-x/a", "invalid_registry"),
        ("ghcr.io%2f/a", "percent_encoding_not_allowed"),
        ("2130706433/a", "invalid_registry"),
        ("2130706433:5000/a", "invalid_registry"),
        ("ghcr.io:v1/a", "invalid_port"),
        ("ghcr.io:0/a", "invalid_port"),
        ("ghcr.io:65536/a", "invalid_port"),
        ("a@ghcr.io/a", "userinfo_not_allowed"),
        ("ghcr.io/a%2fb", "percent_encoding_not_allowed"),
        ("ghcr.io/" + "a" * 256, "invalid_repository"),
        ("ghcr.io/a___b", "invalid_repository"),
        ("ghcr.io/a/../b", "invalid_repository"),
        ("ghcr.io/a:", "invalid_tag"),
        ("ghcr.io/a:v1+b", "invalid_tag"),
        ("ghcr.io/a:" + "x" * 129, "invalid_tag"),
        ("ghcr.io/a@", "invalid_digest"),
        ("ghcr.io/a@sha256:" + "A" * 64, "invalid_digest"),
        ("ghcr.io/a@md5:" + "0" * 32, "invalid_digest"),
        ("ghcr.io/a#x", "unexpected_fragment"),
        ("ghcr.io/a?auth=x#y", "unexpected_fragment"),
    ],
)
def test_refuses(rest: str, reason: str) -> None:
    """What is not a reference has exactly one reason."""
    with pytest.raises(CommandError) as caught:
        parse_command(f"oci://{rest}")
    assert caught.value.reason.code == reason


@pytest.mark.parametrize(
    ("query", "params"),
    [
        ("arch=linux%2Farm64", OciParameters("linux/arm64", None, None)),
        ("auth=docker.tyk.io&pubkey=1", OciParameters(None, "1", "docker.tyk.io")),
        ("pubkey=%43I", OciParameters(None, "CI", None)),
    ],
)
def test_parameters(query: str, params: OciParameters) -> None:
    """Parameters come in any order, their values percent-decoded once."""
    assert oci(f"oci://ghcr.io/a?{query}").params == params


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("", "invalid_parameter"),
        ("arch", "invalid_parameter"),
        ("arch=", "invalid_parameter"),
        ("arch=linux/amd64&", "invalid_parameter"),
        ("arch=linux/amd64/v2", "invalid_arch"),
        ("arch=linux%252Famd64", "invalid_arch"),
        ("auth=a&auth=b", "duplicate_parameter"),
        ("Auth=a", "unknown_parameter"),
        ("=a", "unknown_parameter"),
        ("auth=%zz", "invalid_parameter"),
        ("auth=%ff", "invalid_parameter"),
        ("auth=a..b", "invalid_parameter"),
        ("auth=x%0d%0aX-Evil:1", "invalid_parameter"),
        ("pubkey=/etc/passwd", "invalid_parameter"),
        ("pubkey=env:KEY", "invalid_parameter"),
        ("pubkey=test.pub", "invalid_parameter"),
        ("pubkey=" + "a" * 65, "invalid_parameter"),
        ("auth=" + "a" * 129, "invalid_parameter"),
    ],
)
def test_refused_parameters(query: str, reason: str) -> None:
    """A parameter that could be misread is refused."""
    with pytest.raises(CommandError) as caught:
        parse_command(f"oci://ghcr.io/a:1?{query}")
    assert caught.value.reason.code == reason


def test_reference_with_and_without_scheme() -> None:
    """The field oci_reference may carry oci:// or not."""
    assert parse_oci_reference("oci://ghcr.io/a:1") == parse_oci_reference("ghcr.io/a:1") == oci("oci://ghcr.io/a:1")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (5, "invalid_type"),
        ("", "empty"),
        ("x" * 1025, "reference_too_long"),
        ("https://ghcr.io/a", "unsupported_scheme"),
        ("oci://oci://ghcr.io/a", "unsupported_scheme"),
        ("ghcr.io/a?arch=linux/amd64", "unexpected_query"),
        ("ghcr.io/a: v1", "forbidden_character"),
        ("alpine", "missing_repository"),
    ],
)
def test_refused_references(text: object, reason: str) -> None:
    """A reference is no command: no other scheme, no parameters, never an assumed registry."""
    with pytest.raises(CommandError) as caught:
        parse_oci_reference(text)
    assert caught.value.reason.code == reason


def test_match() -> None:
    """A reference beside the command that names the same artifact is accepted, whatever the parameters."""
    named = oci("oci://ghcr.io/a:1")
    assert match_oci_reference("GHCR.io/a:1", oci("oci://ghcr.io/a:1?auth=x")) == named


@pytest.mark.parametrize("reference", [None, ""])
def test_reference_left_out(reference: object) -> None:
    """Without the field the command names the artifact, without its parameters; other schemes name none."""
    assert match_oci_reference(reference, oci("oci://ghcr.io/a:1?auth=x")) == oci("oci://ghcr.io/a:1")
    assert match_oci_reference(reference, parse_command("grpc://plugin:50051")) is None


@pytest.mark.parametrize(
    "command", ["oci://ghcr.io/a:2", "oci://ghcr.io:443/a:1", f"oci://ghcr.io/a@{SHA256}", "file:///opt/p"]
)
def test_mismatch(command: str) -> None:
    """Reference and command must name the same artifact."""
    with pytest.raises(CommandError) as caught:
        match_oci_reference("ghcr.io/a:1", parse_command(command))
    assert caught.value.reason.code == "oci_reference_mismatch"
