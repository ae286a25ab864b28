"""`plugport plan … --resolve`: the looking steps of a pull from this machine, without AWS and without the API.

The policy and credentials are this environment's; where it configures no credential, `docker login`'s file is read.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from cli.invocation import Invocation
from cli.reasons import FAILED, INVALID_OPTION, OK, UsageError
from cli.screen import binary_size, flat
from shared.errors import Refused

if TYPE_CHECKING:
    from shared.artifacts.progress import Step
    from shared.artifacts.pull import PlannedArtifact
    from shared.commands import OciCommand, PolicySettings
    from shared.credentials import Credential
    from shared.egress import Resolver
    from shared.egress.origins import Scheme
    from shared.pulling import RegistryAccess
    from shared.registry.limits import Limits

#: The platforms that the deployed pull asks an index for, unless its settings say otherwise.
DEFAULT_PLATFORMS: Final = ("linux/amd64", "linux/arm64")
#: What switches oci:// on in a studio deployment; a desk has nothing to switch off.
_OCI_SWITCH: Final = "AI_STUDIO_OCI_CACHE_DIR"


@dataclass(slots=True)
class _Look:
    """What is known so far; the last step is the one that a refusal is about."""

    command: "OciCommand | None" = None
    warnings: tuple[str, ...] = ()
    step: str = "judge_command"


def plan_here(invocation: Invocation) -> int:
    """Print what a pull would find and fetch, or why it would be refused; exit code 1 for a refusal.

    Raises:
        UsageError: not an oci:// command, or a platform that is none.
        SettingsError: a setting of this environment is broken.
        Transient: a name, the registry or its token service did not answer.
    """
    from shared.commands import PolicySettings, SettingsError  # noqa: PLC0415 - help and usage errors do without
    from shared.egress import SystemResolver  # noqa: PLC0415 - same

    environment = desk_environment(invocation.environment)
    policy = PolicySettings.from_environment(environment)
    platforms = _platforms(invocation)
    resolver = invocation.resolver or SystemResolver()
    access = _access(invocation, environment, policy, resolver)
    look = _Look()
    try:
        planned = _walk(invocation, look, policy=policy, platforms=platforms, resolver=resolver, access=access)
    except (SettingsError, UsageError):
        raise
    except Refused as error:
        return _show_refusal(invocation, look, error)
    return _show_plan(invocation, look, planned)


def desk_environment(environment: Mapping[str, str]) -> Mapping[str, str]:
    """Give the environment with oci:// switched on, in a form that prints no value."""
    from shared.credentials.environment import MergedEnvironment  # noqa: PLC0415 - only a desk needs it

    return MergedEnvironment(environment, {} if environment.get(_OCI_SWITCH) else {_OCI_SWITCH: "desk"})


def read_docker_config(environment: Mapping[str, str]) -> bytes | None:
    """Read `$DOCKER_CONFIG/config.json`, else `~/.docker/config.json`; None where there is no such file.

    Raises:
        Refused: `docker_config_invalid`: it is there and can't be read.
    """
    from shared.credentials.docker_config import MAX_CONFIG_BYTES  # noqa: PLC0415 - only a desk needs it
    from shared.credentials.reasons import DOCKER_CONFIG_INVALID  # noqa: PLC0415 - same

    home = Path(environment["HOME"]) if environment.get("HOME") else Path.home()
    folder = environment.get("DOCKER_CONFIG")
    path = (Path(folder) if folder else home / ".docker") / "config.json"
    try:
        with path.open("rb") as file:
            return file.read(MAX_CONFIG_BYTES + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Refused(DOCKER_CONFIG_INVALID, f"{path}: {error.strerror}") from error


def _access(
    invocation: Invocation, environment: Mapping[str, str], policy: "PolicySettings", resolver: "Resolver"
) -> "RegistryAccess":
    from shared.credentials import Credential, resolve_docker_credential  # noqa: PLC0415 - only a desk needs them
    from shared.credentials.environment import SECRET_SETTING  # noqa: PLC0415 - same
    from shared.egress import parse_authority  # noqa: PLC0415 - same
    from shared.pulling import RegistryAccess  # noqa: PLC0415 - loads the registry client

    def of_docker(registry: str, scheme: "Scheme") -> "Credential":
        data = read_docker_config(environment)
        if data is None:
            return Credential(parse_authority(registry, scheme))
        return resolve_docker_credential(data, registry, scheme=scheme)

    if environment.get(SECRET_SETTING):
        invocation.screen.progress(f"{SECRET_SETTING} is not read here: a desk has no secret store")
    return RegistryAccess(
        policy=policy,
        environment=environment,
        resolver=resolver,
        otherwise=of_docker,
        warn=invocation.screen.progress,
        make_session=invocation.make_session,
        limits=_limits(invocation),
    )


def _limits(invocation: Invocation) -> "Limits":
    """Give the bounds of the conversation; --timeout bounds the wait for each answer."""
    from shared.registry.limits import DEFAULT_LIMITS  # noqa: PLC0415 - only a desk needs it

    seconds = invocation.option("timeout")
    if not isinstance(seconds, float):
        return DEFAULT_LIMITS
    return replace(
        DEFAULT_LIMITS,
        connect_timeout_seconds=min(seconds, DEFAULT_LIMITS.connect_timeout_seconds),
        read_timeout_seconds=seconds,
        patience_seconds=seconds,
    )


def _platforms(invocation: Invocation) -> Sequence[str]:
    from shared.registry.manifests import parse_platform  # noqa: PLC0415 - only a desk needs it

    given = invocation.option("platform")
    names = [str(name) for name in given] if isinstance(given, list) else list(DEFAULT_PLATFORMS)
    for name in names:
        try:
            parse_platform(name)
        except Refused as error:
            raise UsageError(INVALID_OPTION, f"--platform {name}: not os/architecture[/variant]") from error
    return names


def _walk(
    invocation: Invocation,
    look: _Look,
    *,
    policy: "PolicySettings",
    platforms: Sequence[str],
    resolver: "Resolver",
    access: "RegistryAccess",
) -> "PlannedArtifact":
    from shared.admission import admit  # noqa: PLC0415 - only a desk needs it
    from shared.artifacts.pull import plan_artifact  # noqa: PLC0415 - same
    from shared.commands import OciCommand, parse_command  # noqa: PLC0415 - same
    from shared.pulling import signature_check  # noqa: PLC0415 - same

    command = parse_command(str(invocation.option("command")))
    if not isinstance(command, OciCommand):
        hint = "Leave --resolve out: nothing is in a registry for this command."
        raise UsageError(INVALID_OPTION, f"--resolve is for oci:// commands, not {command.scheme}://", hint=hint)
    look.command = command
    look.warnings = admit(str(command), settings=policy, resolver=resolver).warnings
    look.step = "resolve_credential"

    def report(step: "Step") -> None:
        look.step = step.name
        if not invocation.as_json:
            invocation.screen.progress(f"{step.name} {step.detail}".rstrip())

    check = signature_check(policy)
    return access.use(
        command,
        lambda registry: plan_artifact(
            command, registry=registry, platforms=platforms, verify_signature=check, report=report
        ),
    )


def _document(look: _Look, decision: Literal["allow", "warn", "deny"], **attributes: Any) -> dict[str, Any]:
    values = {
        "decision": decision,
        "command": None if look.command is None else str(look.command),
        "scheme": None if look.command is None else look.command.scheme,
        "phase": "connect",
        "warnings": list(look.warnings),
    }
    return {"data": {"type": "validations", "attributes": {**values, **attributes}}}


def _show_refusal(invocation: Invocation, look: _Look, error: Refused) -> int:
    reason = error.reason
    if invocation.as_json:
        finding = {"level": "deny", "code": reason.code, "title": reason.title}
        finding |= {"message": error.message, "hint": error.hint}
        invocation.screen.document(_document(look, "deny", step=look.step, findings=[finding], artifact=None))
        return FAILED
    invocation.screen.pairs([("decision", "deny"), ("command", look.command), ("step", look.step)])
    invocation.screen.failure(reason.code, error.message, error.hint)
    return FAILED


def _show_plan(invocation: Invocation, look: _Look, planned: "PlannedArtifact") -> int:
    decision: Literal["allow", "warn"] = "warn" if look.warnings else "allow"
    if invocation.as_json:
        artifact = {
            "reference": planned.reference,
            "manifest_digest": planned.manifest_digest,
            "media_type": planned.media_type,
            "platforms": {name: {"fetch_bytes": size} for name, size in planned.platforms.items()},
            "plugin_config": dict(planned.plugin_config),
            "warnings": list(planned.warnings),
            "signature": dict(planned.signature),
        }
        invocation.screen.document(_document(look, decision, findings=[], artifact=artifact))
        return OK
    invocation.screen.pairs(
        [
            ("decision", decision),
            ("reference", planned.reference),
            ("digest", planned.manifest_digest),
            ("media type", planned.media_type),
            *((f"fetch {name}", binary_size(size)) for name, size in planned.platforms.items()),
            *flat({"signature": dict(planned.signature)}),
            *flat({"config": dict(planned.plugin_config)}),
            *(("warning", warning) for warning in (*look.warnings, *planned.warnings)),
        ]
    )
    return OK
