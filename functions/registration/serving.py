"""What gateways may have now: the present policy holds for what was pulled and judged under an earlier one. Pure."""

from functions.registration.failures import NotServed
from functions.registration.judging import verdict_of
from functions.registration.reasons import NO_ACTIVE_VERSION, PLUGIN_INACTIVE, SIGNATURE_NOT_VERIFIED
from shared.commands import Command, OciCommand, PolicySettings, parse_command, parse_oci_reference
from shared.errors import Refused
from shared.plugins.record import Plugin, Version


def is_served(plugin: Plugin, policy: PolicySettings) -> bool:
    """Say whether gateways shall run this plugin now."""
    try:
        if plugin.scheme == "oci":
            check_version(plugin, policy)
            return True
        valid = plugin.conditions.get("CommandValid")
        if not plugin.is_active or valid is None or valid.status != "True" or plugin.status == "rejected":
            return False
        return not _denials(parse_command(plugin.command), policy)
    except Refused:
        return False


def check_version(plugin: Plugin, policy: PolicySettings) -> Version:
    """Give the version that gateways may have.

    Raises:
        Refused: the plugin is inactive, has no version, or the version's signature is required and not verified.
        NotServed: the policy of today denies the version, with every reason.
    """
    if not plugin.is_active:
        raise Refused(PLUGIN_INACTIVE)
    version = plugin.version
    if version is None:
        raise Refused(NO_ACTIVE_VERSION, f"status: {plugin.status}")
    _check_origin(plugin.command, version.source, policy)
    if policy.require_signature and version.signature.get("state") != "verified":
        raise Refused(SIGNATURE_NOT_VERIFIED, f"version {version.number}: {version.signature.get('state', 'unknown')}")
    return version


def _check_origin(text: str, reference: str, policy: PolicySettings) -> None:
    """Judge what the version came from: the command, or only its source where the command is a newer one by now."""
    try:
        command, source = parse_command(text), parse_oci_reference(reference)
    except Refused as error:
        raise NotServed([error]) from error
    judged = (command,) if _came_from(source, command) else _names_of(source)
    denials = [_denials(name, policy) for name in judged]
    if all(denials):
        raise NotServed(denials[0])


def _came_from(source: OciCommand, command: Command) -> bool:
    """Say whether the version's source is what the command names: by its digest, else by its tag."""
    if not isinstance(command, OciCommand) or source[:2] != command[:2]:
        return False
    return source.tag == command.tag if command.digest is None else source.digest == command.digest


def _names_of(source: OciCommand) -> tuple[OciCommand, ...]:
    """Give every way to name a source: an entry of the allow list may have the tag, the digest, or both."""
    by_digest = source._replace(tag=None)
    return (source, by_digest) if source.tag is None else (source, by_digest, source._replace(digest=None))


def _denials(command: Command, policy: PolicySettings) -> list[Refused]:
    found = verdict_of(command, policy).findings
    return [Refused(finding.reason, finding.message) for finding in found if finding.level == "deny"]
