"""Command + settings (+ resolved addresses) → allow, warn or deny, with every reason. Pure.

Two phases: register (no names are resolved; names are judged by themselves) and connect (every resolved address is
judged; one bad answer refuses the name). The same function serves both, so no path can skip a rule.
"""

from collections.abc import Mapping, Sequence
from typing import Final, Literal, NamedTuple

from shared.commands.addresses import SEVERITY, Reach, reach_of
from shared.commands.allowlist import NO_LIST, Opening
from shared.commands.hosts import HostKind, bracketed, host_reach
from shared.commands.model import Command, FileCommand, GrpcCommand, OciCommand, registry_kind, split_registry
from shared.commands.paths import in_standard_directory, path_denied
from shared.commands.ports import port_denied
from shared.commands.reasons import (
    DIGEST_REQUIRED,
    INTERNAL_NETWORK_ADDRESS,
    NOT_IN_ALLOWLIST,
    OCI_DISABLED,
    OUTSIDE_STANDARD_DIRECTORIES,
    PATH_DENIED,
    PORT_DENIED,
    REGISTRY_NOT_ALLOWED,
    UNRESOLVABLE_HOST,
)
from shared.commands.settings import PolicySettings
from shared.errors import Reason

Decision = Literal["allow", "warn", "deny"]
Level = Literal["warn", "deny"]

WARNING_PREFIX: Final = "PLUGIN SECURITY WARNING: "
_OUTSIDE_WARNING: Final = f"{WARNING_PREFIX}Plugin command uses absolute path outside standard directories."
_INTERNAL_WARNING: Final = f"{WARNING_PREFIX}Plugin command targets internal network address"


class Finding(NamedTuple):
    """One thing that the policy has to say about a command."""

    reason: Reason
    message: str
    level: Level


class Verdict(NamedTuple):
    """The decision and everything that led to it; the first finding of the highest level is the primary one."""

    decision: Decision
    findings: tuple[Finding, ...]

    @property
    def primary(self) -> Finding | None:
        """Give the finding that decided."""
        return next((finding for finding in self.findings if finding.level == self.decision), None)


ALLOWED: Final = Verdict("allow", ())
_NOT_LISTED: Final = Finding(NOT_IN_ALLOWLIST, "the command is not in PLUGIN_COMMAND_ALLOWLIST", "deny")
_ONLY_NOT_LISTED: Final = Verdict("deny", (_NOT_LISTED,))
_OUTSIDE: Final = Finding(OUTSIDE_STANDARD_DIRECTORIES, _OUTSIDE_WARNING, "warn")


def judge(command: Command, settings: PolicySettings, addresses: Mapping[str, Sequence[str]] | None = None) -> Verdict:
    """Judge a command by the policy.

    Whether the runtime takes oci:// commands at all is a separate question: `judge_runtime`.

    Args:
        command: a parsed command.
        settings: the policy's settings.
        addresses: None for the register phase; else host → its resolved addresses, for the connect phase.

    Returns:
        deny with all reasons, warn with the warnings of the product's document, or allow.
    """
    opening = NO_LIST if settings.allowlist is None else settings.allowlist.match(command)
    if isinstance(command, GrpcCommand):
        findings = _judge_host(command.host, command.host_kind, opening, settings, addresses)
        if port_denied(command.port) and not opening.port:
            findings.append(_denied_port(command.port))
    elif isinstance(command, OciCommand):
        findings = _judge_oci(command, opening, settings, addresses)
    else:
        findings = _judge_file(command, settings, opening)
    if not opening.listed:
        return Verdict("deny", (*findings, _NOT_LISTED)) if findings else _ONLY_NOT_LISTED
    if not findings:
        return ALLOWED
    denied = any(finding.level == "deny" for finding in findings)
    return Verdict("deny" if denied else "warn", tuple(findings))


def judge_runtime(command: Command, settings: PolicySettings) -> Verdict:
    """Say whether the configured runtime takes commands of this scheme: oci:// may be switched off (`oci_disabled`)."""
    if isinstance(command, OciCommand) and not settings.oci_enabled:
        return Verdict("deny", (Finding(OCI_DISABLED, OCI_DISABLED.title, "deny"),))
    return ALLOWED


def _judge_file(command: FileCommand, settings: PolicySettings, opening: Opening) -> list[Finding]:
    findings: list[Finding] = []
    if path_denied(command.path):
        findings.append(Finding(PATH_DENIED, f"{command.path} is not a place for plugins", "deny"))
    listed = settings.allowlist is not None and opening.listed
    if not listed and not in_standard_directory(command.path):
        findings.append(_OUTSIDE)
    return findings


def _judge_oci(
    command: OciCommand,
    opening: Opening,
    settings: PolicySettings,
    addresses: Mapping[str, Sequence[str]] | None,
) -> list[Finding]:
    host, port = split_registry(command.registry)
    findings = _judge_host(host, registry_kind(command.registry, host), opening, settings, addresses)
    if port is not None and port_denied(port) and not opening.port:
        findings.append(_denied_port(port))
    if settings.allowed_registries and command.registry not in settings.allowed_registries:
        findings.append(Finding(REGISTRY_NOT_ALLOWED, f"{command.registry} is not an allowed registry", "deny"))
    if settings.require_digest and command.digest is None:
        findings.append(Finding(DIGEST_REQUIRED, "the reference has no digest", "deny"))
    return findings


def _denied_port(port: int) -> Finding:
    return Finding(PORT_DENIED, f"port {port} is not one for plugins or registries", "deny")


def _judge_host(
    host: str,
    kind: HostKind,
    opening: Opening,
    settings: PolicySettings,
    addresses: Mapping[str, Sequence[str]] | None,
) -> list[Finding]:
    findings: list[Finding] = []
    reach = host_reach(host, kind)
    culprit = host
    if addresses is not None and kind == "name":
        resolved = addresses.get(host, ())
        if not resolved:
            findings.append(Finding(UNRESOLVABLE_HOST, f"{host} has no address", "deny"))
        reach, culprit = _worst(reach, host, resolved)
    if reach == "public" or (reach == "internal" and opening.target):
        return findings
    where = bracketed(host, kind) if culprit == host else f"{host} ({culprit})"
    if reach == "internal" and settings.allow_internal:
        findings.append(Finding(INTERNAL_NETWORK_ADDRESS, f"{_INTERNAL_WARNING}: {where}", "warn"))
    else:
        closed = ", which no setting opens" if reach == "forbidden" else ""
        message = f"{where} is an internal network address{closed}"
        findings.append(Finding(INTERNAL_NETWORK_ADDRESS, message, "deny"))
    return findings


def _worst(reach: Reach, host: str, resolved: Sequence[str]) -> tuple[Reach, str]:
    """Give the reach of a name and of everything that it resolves to, and which of them has it."""
    culprit = host
    for address in resolved:
        own = reach_of(address)
        if SEVERITY[own] > SEVERITY[reach]:
            reach, culprit = own, address
    return reach, culprit
