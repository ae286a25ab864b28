"""What to do about a command: its errors and warnings first, then the checks that fit how the plugin is deployed."""

from typing import Final, Literal, NamedTuple

from shared.commands.errors import CommandError
from shared.commands.model import Command, FileCommand, GrpcCommand, OciCommand
from shared.commands.parser import parse_command
from shared.commands.policy import judge, judge_runtime
from shared.commands.reasons import INVALID_ALLOWLIST
from shared.commands.settings import PolicySettings


class Advice(NamedTuple):
    """One thing to do.

    Attributes:
        code: a reason's code, or the code of a troubleshooting topic.
        title: what is wrong, or what to look at.
        hint: how to mend or check it, one sentence or command.
        level: error (refused), warning (accepted, and you should know), check (look at it if it does not work).
    """

    code: str
    title: str
    hint: str
    level: Literal["error", "warning", "check"]


class Topic(NamedTuple):
    """A row of the troubleshooting table.

    Attributes:
        code: stable name.
        title: the symptom's name.
        symptoms: lower-case phrases that logs show.
        schemes: the kinds of command that it is about.
        checks: what to do, in this order; `{path}`, `{host}`, `{port}` and `{reference}` stand for the command's own.
    """

    code: str
    title: str
    symptoms: tuple[str, ...]
    schemes: frozenset[str]
    checks: tuple[str, ...]


_BARE_WORDS: Final = "In PLUGIN_COMMAND_ALLOWLIST write a path, grpc://host/*, grpc://CIDR or oci://registry/prefix/*."
_ALL: Final = frozenset({"file", "grpc", "oci"})
_BINARY: Final = frozenset({"file", "oci"})

TROUBLESHOOTING: Final = (
    Topic(
        "permission_denied",
        "Permission denied",
        ("permission denied", "operation not permitted", "eacces"),
        frozenset({"file"}),
        (
            "Look at owner and mode: ls -la {path}",
            "Make the file executable: chmod +x {path}",
            "Where SELinux enforces, set the container's file context: chcon -t container_file_t {path}",
        ),
    ),
    Topic(
        "network_connection",
        "Network connection errors",
        ("connection refused", "no route to host", "connection timed out", "no such host", "deadline exceeded"),
        frozenset({"grpc"}),
        (
            "See that the plugin server is running and reachable: telnet {host} {port}",
            "Check firewall rules, security groups and network policies towards port {port}.",
            "In Kubernetes, check that the service exists and has endpoints.",
            "Check what the name resolves to: getent hosts {host}",
            "For development only, permit internal targets: ALLOW_INTERNAL_NETWORK_ACCESS=true.",
            "In production, list the target in PLUGIN_COMMAND_ALLOWLIST.",
        ),
    ),
    Topic(
        "oci_pull",
        "OCI pull failures",
        ("failed to pull", "authentication required", "unauthorized", "manifest unknown", "name unknown", "denied:"),
        frozenset({"oci"}),
        (
            "Verify that registry and repository are spelled right: {reference}",
            "Check that credentials are configured for {host}: OCI_PLUGINS_REGISTRY_<NAME>_<FIELD>.",
            "Pull by hand: docker pull {reference}",
            "Check that the account may read the repository.",
            "Verify that the image exists with this tag or digest.",
        ),
    ),
    Topic(
        "crash_on_start",
        "Plugin crashes on start",
        ("panic:", "segmentation fault", "exit status", "exec format error", "plugin exited", "signal:"),
        _BINARY,
        (
            "Look for a panic in the plugin's log.",
            "Check that plugin and gateway were built with compatible Go and SDK versions, for this platform.",
            "Check for missing dependencies; a static build (CGO_ENABLED=0) has none.",
            "Start the plugin by hand and read what it prints.",
            "Review the initialisation code.",
        ),
    ),
    Topic(
        "not_loading",
        "Plugin not loading",
        ("inactive", "not loaded", "failed to load", "failed to initialize", "no such file"),
        _ALL,
        (
            "Check that is_active is true and that no condition of the plugin is False.",
            "Read the plugin's log for errors of its initialisation.",
        ),
    ),
)


def diagnose(text: str, settings: PolicySettings, symptom: str = "") -> tuple[Advice, ...]:
    """Say everything there is to say about a command.

    Args:
        text: the command as somebody would register it.
        settings: the policy to judge it by (register phase; nothing is looked up).
        symptom: an error message from a log; when it is a known one, only its topics are given.

    Returns:
        Errors, then warnings, then the checks of the topics that fit. A command that does not parse gives one error.
    """
    try:
        command = parse_command(text)
    except CommandError as error:
        return (Advice(error.reason.code, error.message, error.hint, "error"),)
    findings = (*judge_runtime(command, settings).findings, *judge(command, settings).findings)
    advice = [
        Advice(
            finding.reason.code, finding.message, finding.reason.hint, "error" if finding.level == "deny" else "warning"
        )
        for finding in findings
    ]
    advice.sort(key=lambda entry: entry.level)
    if settings.allowlist is not None and settings.allowlist.matchless:
        words = ", ".join(settings.allowlist.matchless)
        advice.append(Advice(INVALID_ALLOWLIST.code, f"{words}: no command can match this", _BARE_WORDS, "warning"))
    return (*advice, *_checks(command, symptom.lower()))


def _checks(command: Command, symptom: str) -> list[Advice]:
    topics = [topic for topic in TROUBLESHOOTING if command.scheme in topic.schemes]
    known = [topic for topic in topics if any(phrase in symptom for phrase in topic.symptoms)]
    values = _values(command)
    return [
        Advice(topic.code, topic.title, check.format_map(values), "check")
        for topic in known or topics
        for check in topic.checks
    ]


def _values(command: Command) -> dict[str, object]:
    if isinstance(command, FileCommand):
        return {"path": command.path}
    if isinstance(command, GrpcCommand):
        return {"host": command.host, "port": command.port}
    return {"host": command.host, "reference": OciCommand(*command[:4]).reference}
