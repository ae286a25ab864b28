"""The register phase of the policy: one path for POST, PATCH, reload and validate. No name is resolved here."""

from dataclasses import dataclass
from typing import Final

from functions.registration.failures import Failures
from functions.registration.principal import Principal
from shared.commands import (
    Command,
    Finding,
    HookError,
    OciCommand,
    PolicySettings,
    Verdict,
    judge,
    judge_runtime,
    match_oci_reference,
    parse_command,
    validate_hooks,
)
from shared.commands.hook_reasons import PRIMARY_HOOK_NOT_IN_LIST
from shared.commands.hooks import PENDING, HookRuntime
from shared.errors import PlugportError, Reason, Refused
from shared.plugins.record import Plugin
from shared.tokens import EVERY_NAMESPACE

CONFIGURED_NAME_NOT_FOUND = Reason(
    "configured_name_not_found",
    "the command names a credential or key that its namespace does not have",
    "Leave the parameter out: the registry's own credential and every configured key are used anyway.",
)
REASONS: Final = (CONFIGURED_NAME_NOT_FOUND,)


@dataclass(frozen=True, slots=True)
class Judged:
    """A command that may be registered.

    Attributes:
        command: parsed.
        warnings: the policy's, in the product's words.
    """

    command: Command
    warnings: tuple[str, ...]

    @property
    def source_key(self) -> str:
        """Give `registry/repository` of an oci command, else an empty text."""
        command = self.command
        return f"{command.registry}/{command.repository}" if isinstance(command, OciCommand) else ""


def judge_command(text: str, *, oci_reference: str | None, settings: PolicySettings) -> Judged:
    """Parse and judge a command, and compare the reference beside it.

    Raises:
        Refused: the grammar says no, or the reference names something else.
        Failures: the policy says no, with every reason; the primary one first.
    """
    command = parse_command(text)
    match_oci_reference(oci_reference, command)
    verdict = verdict_of(command, settings)
    denied = [finding for finding in verdict.findings if finding.level == "deny"]
    if denied:
        raise Failures(_refusal(finding) for finding in denied)
    return Judged(command, tuple(finding.message for finding in verdict.findings))


def verdict_of(command: Command, settings: PolicySettings) -> Verdict:
    """Judge by the runtime's switch and by the policy together."""
    runtime = judge_runtime(command, settings)
    policy = judge(command, settings)
    decision = "deny" if "deny" in {runtime.decision, policy.decision} else policy.decision
    return Verdict(decision, (*runtime.findings, *policy.findings))


def check_named_configuration(command: Command, principal: Principal) -> None:
    """Refuse `auth=` and `pubkey=` of callers that are bound to namespaces.

    Credentials and keys belong to the deployment and not to a namespace, so a namespace has none that it could name;
    the answer is the same whether the name exists or not. Callers of all namespaces may name them.

    Raises:
        Refused: `configured_name_not_found`.
    """
    if not isinstance(command, OciCommand) or EVERY_NAMESPACE in principal.namespaces:
        return
    named = [name for name in ("auth", "pubkey") if getattr(command.params, name) is not None]
    if named:
        raise Refused(CONFIGURED_NAME_NOT_FOUND, ", ".join(named))


def hooks_of_new(
    hook_type: str | None, hook_types: list[str] | None, settings: PolicySettings
) -> tuple[str, tuple[str, ...]]:
    """Give primary hook and all hooks of a new plugin; `pending` where the artifact's manifest shall say."""
    hooks = validate_hooks(runtime=_runtime(settings), operation="create", hook_type=hook_type, hook_types=hook_types)
    primary = hooks.primary or ""
    return primary, hooks.hook_types or (primary,)


def hooks_of_changed(
    plugin: Plugin, hook_type: str | None, hook_types: list[str] | None, settings: PolicySettings
) -> tuple[str, tuple[str, ...]]:
    """Give primary hook and all hooks after a change of one or both.

    Raises:
        HookError: not a hook of this runtime, or the primary one is not among all of them.
    """
    hooks = validate_hooks(runtime=_runtime(settings), operation="update", hook_type=hook_type, hook_types=hook_types)
    if hooks.primary is not None:
        kept = hook_types is None and hooks.primary in plugin.hook_types
        return hooks.primary, plugin.hook_types if kept else hooks.hook_types
    if not hooks.hook_types:
        return plugin.hook_type, plugin.hook_types
    if plugin.hook_type == PENDING:
        return hooks.hook_types[0], hooks.hook_types
    if plugin.hook_type not in hooks.hook_types:
        raise HookError(PRIMARY_HOOK_NOT_IN_LIST, f"{plugin.hook_type} is not in hook_types; send hook_type as well")
    return plugin.hook_type, hooks.hook_types


def _runtime(settings: PolicySettings) -> HookRuntime:
    return "edge" if settings.runtime == "edge" else "control_plane"


def _refusal(finding: Finding) -> PlugportError:
    return Refused(finding.reason, finding.message)
