"""The doctor: errors with their mend, warnings, and the troubleshooting table of the product document."""

from string import Formatter

import pytest

from shared.commands import TROUBLESHOOTING, PolicySettings, diagnose

EDGE = PolicySettings.from_environment({"PLUGIN_RUNTIME": "edge"})


def hints(text: str, symptom: str = "") -> str:
    """Give all hints as one text."""
    return "\n".join(advice.hint for advice in diagnose(text, EDGE, symptom))


def test_broken_command() -> None:
    """What does not parse gives one error whose hint is the corrected command."""
    (advice,) = diagnose("/usr/local/bin/x", EDGE)
    assert (advice.code, advice.hint, advice.level) == ("missing_scheme", "Write file:///usr/local/bin/x", "error")


def test_errors_come_before_warnings_and_checks() -> None:
    """The most urgent advice comes first."""
    advice = diagnose(
        "oci://10.0.0.5:5000/a:1", PolicySettings.from_environment({"PLUGIN_COMMAND_ALLOWLIST": "docker"})
    )
    assert [entry.code for entry in advice[:4]] == [
        "oci_disabled",
        "internal_network_address",
        "not_in_allowlist",
        "invalid_allowlist",
    ]
    assert [entry.level for entry in advice] == sorted(
        (entry.level for entry in advice), key="error warning check".find
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("file:///opt/p", ("ls -la /opt/p", "chmod +x /opt/p", "chcon -t container_file_t /opt/p")),
        ("grpc://plugin-host:50051", ("telnet plugin-host 50051", "Check firewall rules", "Kubernetes", "getent")),
        ("oci://ghcr.io/a/b:v1", ("docker pull ghcr.io/a/b:v1", "credentials", "tag or digest")),
    ],
)
def test_checks_name_the_commands_own_values(text: str, expected: tuple[str, ...]) -> None:
    """Each kind of command gets the document's checks, filled with its own path, host or reference."""
    for part in expected:
        assert part in hints(text)


def test_symptom_narrows_the_checks() -> None:
    """A known message from a log leaves only its topic; an unknown one leaves all."""
    codes = {advice.code for advice in diagnose("grpc://plugin-host:50051", EDGE, "dial tcp: Connection REFUSED")}
    assert codes == {"network_connection"}
    assert hints("grpc://plugin-host:50051", "never seen") == hints("grpc://plugin-host:50051")


def test_every_topic_can_be_filled() -> None:
    """No check asks for a value that its commands don't have."""
    commands = {"file": "file:///bin/p", "grpc": "grpc://plugin:50051", "oci": "oci://ghcr.io/a:1"}
    for topic in TROUBLESHOOTING:
        assert topic.checks
        for scheme in topic.schemes:
            assert hints(commands[scheme], topic.symptoms[0])
        for check in topic.checks:
            fields = {name for _, name, _, _ in Formatter().parse(check) if name}
            assert fields <= {"path", "host", "port", "reference"}
