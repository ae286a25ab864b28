"""Suites of the pure front door: grammar, hosts, references, policy and hook types."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from shared.commands import (
    Command,
    CommandError,
    FileCommand,
    GrpcCommand,
    HookError,
    OciCommand,
    PolicySettings,
    SettingsError,
    category_of,
    is_of_type,
    judge,
    match_oci_reference,
    parse_command,
    parse_oci_reference,
    runs_on_edge,
    validate_hooks,
    validate_manifest,
)
from tests.conformance.model import Suite

Case = Mapping[str, Any]
_HOST_PORT: Final = 50051


def run_parse(case: Case) -> dict[str, Any]:
    """Parse a command and name its fields."""
    try:
        command = parse_command(case["input"]["command"])
    except CommandError as error:
        return {"ok": False, "reason": error.reason.code}
    return {"ok": True, "scheme": command.scheme, **_fields(command)}


def run_validation(case: Case) -> dict[str, Any]:
    """Read the settings, parse, resolve by the case's own answers and judge.

    `judge_runtime` (oci:// switched off) is a question of its own: these cases ask what the policy says.
    """
    given = case["input"]
    try:
        settings = PolicySettings.from_environment(given["env"])
        command = parse_command(given["command"])
    except (CommandError, SettingsError) as error:
        return {"decision": "deny", "reasons": [error.reason.code]}
    verdict = judge(command, settings, _addresses(given) if given["phase"] == "connect" else None)
    return {"decision": verdict.decision, "reasons": [finding.reason.code for finding in verdict.findings]}


def run_hosts(case: Case) -> dict[str, Any]:
    """Judge one host as part of a gRPC command; names are looked up once, in the case's own answers."""
    try:
        command = parse_command(f"grpc://{case['host']}:{case.get('port', _HOST_PORT)}")
    except CommandError as error:
        return {"internal": "invalid", "reasons": [error.reason.code]}
    sequence = case.get("resolves_to_sequence")
    answers = sequence[0] if sequence else case.get("resolves_to")
    looked_up = sequence is not None or "resolves_to" in case
    host = command.host if isinstance(command, GrpcCommand) else ""
    verdict = judge(command, PolicySettings(), {host: answers or ()} if looked_up else None)
    reasons = [finding.reason.code for finding in verdict.findings]
    if "unresolvable_host" in reasons:
        return {"internal": "invalid", "reasons": reasons}
    return {"internal": verdict.decision == "deny", "reasons": reasons}


def run_reference(case: Case) -> dict[str, Any]:
    """Parse an `oci_reference`, compare it with the command beside it, ask the registry policy."""
    given = case["input"]
    allowed = ",".join(given.get("allowed_registries", ()))
    settings = PolicySettings.from_environment({"OCI_PLUGINS_ALLOWED_REGISTRIES": allowed})
    try:
        if given.get("command") is None:
            reference: OciCommand | None = parse_oci_reference(given["oci_reference"])
        else:
            reference = match_oci_reference(given["oci_reference"], parse_command(given["command"]))
    except CommandError as error:
        return {"ok": False, "reason": error.reason.code}
    if reference is None:
        return {"ok": True}
    refused = [f for f in judge(reference, settings).findings if f.reason.code == "registry_not_allowed"]
    if refused:
        return {"ok": False, "reason": refused[0].reason.code}
    return {"ok": True, **_fields(reference), "canonical": reference.reference}


def run_hooks(case: Case) -> dict[str, Any]:
    """Do the case's operation on hook types."""
    given = case["input"]
    try:
        return _OPERATIONS[given["operation"]](given)
    except HookError as error:
        return {"valid": False, "reason": error.reason.code}


def check_fields(case: Case, actual: Mapping[str, Any]) -> bool:
    """Compare every listed field; `X_any_of` takes any member, `reasons` are all among the reported ones."""
    for name, value in case["expected"].items():
        field = name.removesuffix("_any_of")
        if field == "reasons":
            reported = set(actual.get("reasons", ()))
            if not (reported & set(value) if name.endswith("_any_of") else reported >= set(value)):
                return False
        elif name.endswith("_any_of"):
            if actual.get(field) not in value:
                return False
        elif (
            field not in actual or actual[field] != value or isinstance(actual[field], bool) != isinstance(value, bool)
        ):
            return False
    return True


def check_host(case: Case, actual: Mapping[str, Any]) -> bool:
    """Compare the verdict with the expected or a tolerable one."""
    return actual["internal"] in case.get("acceptable", [case["internal"]])


def _fields(command: Command) -> dict[str, Any]:
    fields = command._asdict()
    if isinstance(command, OciCommand):
        fields["params"] = command.params._asdict()
    elif isinstance(command, FileCommand):
        fields["path"] = command.path
    return fields


class _Answers(dict[str, list[str]]):
    """The case's resolver: a missing name gets the default answer, or none."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        super().__init__(given.get("dns") or {})
        self._default: list[str] = given.get("dns_default") or []

    def get(self, host: str, default: Any = None) -> Any:
        """Answer as a resolver with a wildcard does."""
        return super().get(host, self._default or default)


def _addresses(given: Mapping[str, Any]) -> Mapping[str, list[str]]:
    return _Answers(given)


def _request(given: Mapping[str, Any]) -> dict[str, Any]:
    hooks = validate_hooks(
        runtime=given["runtime"],
        operation=given["operation"],
        hook_type=given.get("hook_type"),
        hook_types=given.get("hook_types"),
    )
    return {"valid": True, "stored": hooks.primary, "hook_types": list(hooks.hook_types)}


def _manifest(given: Mapping[str, Any]) -> dict[str, Any]:
    manifest = validate_manifest(given["manifest"])
    return {
        "valid": True,
        "primary_hook": manifest.primary_hook,
        "hook_types": list(manifest.hook_types),
        "requires_approval": manifest.requires_approval,
    }


_OPERATIONS: Final[Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]]] = {
    "create": _request,
    "update": _request,
    "manifest": _manifest,
    "category": lambda given: {"category": category_of(given["hook_types"])},
    "type_filter": lambda given: {"member": is_of_type(given["type"], given["hook_types"])},
    "runs_on_edge": lambda given: {"runs": runs_on_edge(given["hook_types"])},
}

SUITES: Final = {
    suite.name: suite
    for suite in (
        Suite("command_parse", ("command_parse.json",), run_parse, check_fields),
        Suite("commands_legal", ("commands_legal.json",), run_parse, check_fields),
        Suite("command_validation", ("command_validation.json",), run_validation, check_fields),
        Suite("commands_hostile", ("commands_hostile.json",), run_validation, check_fields),
        Suite("hosts", ("hosts.json",), run_hosts, check_host),
        Suite("oci_reference", ("oci_reference.json",), run_reference, check_fields),
        Suite("hook_types", ("hook_types.json",), run_hooks, check_fields),
    )
}
