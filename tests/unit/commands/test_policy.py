"""The policy: allow, warn or deny with every reason, in both phases."""

from collections.abc import Mapping, Sequence

import pytest

from shared.commands import PolicySettings, Verdict, judge, judge_runtime, parse_command

INTERNAL = "internal_network_address"


def verdict(text: str, addresses: Mapping[str, Sequence[str]] | None = None, /, **env: str) -> Verdict:
    """Parse and judge with an environment."""
    return judge(parse_command(text), PolicySettings.from_environment(env), addresses)


def codes(answer: Verdict) -> list[str]:
    """Name the reasons."""
    return [finding.reason.code for finding in answer.findings]


@pytest.mark.parametrize(
    "text",
    [
        *("file:///usr/local/bin/p", "file:///bin/p", "grpc://plugin-server:50051", "grpc://8.8.8.8:443"),
        *("oci://ghcr.io/a/b:v1.10.0", "oci://ghcr.io:443/a/b", "grpc://plugins.example.com:80"),
    ],
)
def test_allows_without_findings(text: str) -> None:
    """An ordinary command is allowed and nothing is said about it."""
    assert verdict(text) == ("allow", ())


def test_outside_standard_directories_in_the_words_of_the_document() -> None:
    """A path elsewhere is a warning, in the product document's words."""
    answer = verdict("file:///home/user/plugins/p")
    assert answer.decision == "warn"
    assert answer.findings[0].message == (
        "PLUGIN SECURITY WARNING: Plugin command uses absolute path outside standard directories."
    )


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd",
        "/etc",
        "/proc/self/exe",
        "/dev/stdin",
        "/var/run/x",
        "/bin/sh",
        "/usr/bin/python3.11",
        "/lib64/ld-linux-x86-64.so.2",
        "/usr/bin/env",
    ],
)
def test_denied_paths_stay_denied(path: str) -> None:
    """No list opens system files, world-writable directories and interpreters."""
    assert "path_denied" in codes(verdict(f"file://{path}", PLUGIN_COMMAND_ALLOWLIST="/*"))


@pytest.mark.parametrize(
    "path", ["/opt/etc/passwd", "/opt/plugins/sh", "/usr/local/bin/my-python-plugin", "/devices/p"]
)
def test_look_alikes_of_denied_paths(path: str) -> None:
    """Paths that only resemble denied ones are not denied."""
    assert "path_denied" not in codes(verdict(f"file://{path}"))


@pytest.mark.parametrize("text", ["grpc://10.0.0.5:50051", "grpc://localhost:50051", "oci://127.0.0.1:5000/a:1"])
def test_internal_targets(text: str) -> None:
    """Internal targets are denied by default, warned about in development, and the block switch wins."""
    assert verdict(text).decision == "deny"
    answer = verdict(text, ALLOW_INTERNAL_NETWORK_ACCESS="true")
    assert (answer.decision, codes(answer)) == ("warn", [INTERNAL])
    assert answer.findings[0].message.startswith(
        "PLUGIN SECURITY WARNING: Plugin command targets internal network address"
    )
    assert verdict(text, ALLOW_INTERNAL_NETWORK_ACCESS="true", PLUGIN_BLOCK_INTERNAL_URLS="true").decision == "deny"


@pytest.mark.parametrize(
    "host", ["169.254.169.254", "[fd00:ec2::254]", "0.0.0.0", "224.0.0.1", "metadata.google.internal"]
)
def test_forbidden_targets_are_never_lifted(host: str) -> None:
    """Neither the development switch nor an allow-list entry opens metadata, link-local and multicast targets."""
    answer = verdict(
        f"grpc://{host}:50051", ALLOW_INTERNAL_NETWORK_ACCESS="true", PLUGIN_COMMAND_ALLOWLIST=f"grpc://{host}:50051"
    )
    assert (answer.decision, codes(answer)) == ("deny", [INTERNAL])


def test_entry_opens_its_own_internal_target() -> None:
    """A listed internal target is allowed without a warning, also against the block switch."""
    env = {"PLUGIN_COMMAND_ALLOWLIST": "grpc://10.0.0.0/8,grpc://localhost/*", "PLUGIN_BLOCK_INTERNAL_URLS": "true"}
    assert verdict("grpc://10.0.0.5:50051", **env).decision == "allow"
    assert verdict("grpc://localhost:50051", **env).decision == "allow"
    assert codes(verdict("grpc://192.168.0.1:50051", **env)) == [INTERNAL, "not_in_allowlist"]


@pytest.mark.parametrize("port", [22, 25, 6379, 11211])
def test_denied_ports(port: int) -> None:
    """Ports of other services are denied unless an entry names the host."""
    assert codes(verdict(f"grpc://plugins.example.com:{port}")) == ["port_denied"]
    assert codes(verdict(f"oci://plugins.example.com:{port}/a")) == ["port_denied"]
    listed = verdict(f"grpc://plugins.example.com:{port}", PLUGIN_COMMAND_ALLOWLIST="grpc://plugins.example.com/*")
    assert listed.decision == "allow"


def test_network_entry_opens_no_port() -> None:
    """A network entry opens addresses and keeps the port rule."""
    assert codes(verdict("grpc://10.0.0.5:22", PLUGIN_COMMAND_ALLOWLIST="grpc://10.0.0.0/8")) == ["port_denied"]


@pytest.mark.parametrize(
    ("addresses", "decision", "reasons"),
    [
        (["8.8.8.8", "2606:4700::1"], "allow", []),
        (["8.8.8.8", "10.0.0.5"], "deny", [INTERNAL]),
        (["fe80::1%eth0"], "deny", [INTERNAL]),
        ([], "deny", ["unresolvable_host"]),
    ],
)
def test_connect_phase(addresses: list[str], decision: str, reasons: list[str]) -> None:
    """Every address of a name is judged; one bad answer refuses it, none does too."""
    for text in ("grpc://plugins.example.com:50051", "oci://plugins.example.com/a:1"):
        answer = verdict(text, {"plugins.example.com": addresses})
        assert (answer.decision, codes(answer)) == (decision, reasons)


def test_connect_phase_names_the_address() -> None:
    """The finding says which address it was."""
    answer = verdict("grpc://plugins.example.com:50051", {"plugins.example.com": ["8.8.8.8", "10.0.0.5", "10.0.0.6"]})
    assert answer.findings[0].message == "plugins.example.com (10.0.0.5) is an internal network address"


def test_connect_phase_of_a_listed_name() -> None:
    """A listed name may resolve to internal addresses and never to forbidden ones; a network entry covers no names."""
    env = {"PLUGIN_COMMAND_ALLOWLIST": "grpc://plugins.prod.svc/*,grpc://10.0.0.0/8"}
    text = "grpc://plugins.prod.svc:50051"
    assert verdict(text, {"plugins.prod.svc": ["10.96.0.12"]}, **env).decision == "allow"
    assert codes(verdict(text, {"plugins.prod.svc": ["169.254.169.254"]}, **env)) == [INTERNAL]
    assert codes(verdict("grpc://x.svc:50051", {"x.svc": ["10.96.0.12"]}, **env)) == [INTERNAL, "not_in_allowlist"]


def test_literals_need_no_answer() -> None:
    """An address is not looked up in the connect phase."""
    assert verdict("grpc://8.8.8.8:443", {}).decision == "allow"


def test_registry_rules() -> None:
    """Registries are compared exactly, with their port; a digest can be demanded."""
    env = {"AI_STUDIO_OCI_ALLOWED_REGISTRIES": "GHCR.io, mirror.example.com:5000", "OCI_PLUGINS_REQUIRE_DIGEST": "true"}
    assert codes(verdict("oci://ghcr.io.evil.com/a:1", **env)) == ["registry_not_allowed", "digest_required"]
    assert codes(verdict("oci://mirror.example.com/a@sha256:" + "0" * 64, **env)) == ["registry_not_allowed"]
    assert codes(verdict("oci://mirror.example.com:5000/a@sha256:" + "0" * 64, **env)) == []


def test_primary_finding() -> None:
    """The primary finding is the first one of the level that decided."""
    answer = verdict("file:///opt/x/p", PLUGIN_COMMAND_ALLOWLIST="/usr/local/bin/*")
    assert codes(answer) == ["outside_standard_directories", "not_in_allowlist"]
    primary = answer.primary
    assert primary is not None
    assert primary.reason.code == "not_in_allowlist"
    assert verdict("file:///bin/p").primary is None


def test_runtime_switch() -> None:
    """oci:// is off in a studio without its cache directory, and on at the edge; other schemes don't ask."""
    oci, grpc = parse_command("oci://ghcr.io/a:1"), parse_command("grpc://plugin:50051")
    studio = PolicySettings.from_environment({})
    assert codes(judge_runtime(oci, studio)) == ["oci_disabled"]
    assert judge_runtime(grpc, studio).decision == "allow"
    assert judge_runtime(oci, PolicySettings.from_environment({"PLUGIN_RUNTIME": "edge"})).decision == "allow"
    assert judge_runtime(oci, PolicySettings.from_environment({"AI_STUDIO_OCI_CACHE_DIR": "/c"})).decision == "allow"
