"""Subcommands that write nothing: validate, plan, doctor."""

from collections.abc import Mapping
from typing import Any, Final

from cli.api import ApiRefused
from cli.desk import plan_here
from cli.invocation import Invocation
from cli.reasons import FAILED, INVALID_OPTION, OK, UsageError
from cli.screen import flat

_VALIDATE: Final = "/api/v1/plugins/validate"
_NOT_BUILT: Final = 501


def validate(invocation: Invocation) -> int:
    """Show the decision of the deployed policy, or of this environment's with --local or without an endpoint."""
    text = str(invocation.option("command"))
    if invocation.option("local") or invocation.endpoint is None:
        return _show(invocation, {"data": {"type": "validations", "attributes": judge_here(invocation, text)}})
    return _show(invocation, invocation.api().call("POST", _VALIDATE, body={"command": text}).document)


def plan(invocation: Invocation) -> int:
    """Show what registering would do; says what the deployed release can't tell yet. With --resolve: from here."""
    if invocation.option("resolve"):
        return plan_here(invocation)
    if invocation.option("platform"):
        raise UsageError(INVALID_OPTION, "--platform goes with --resolve")
    body = {"command": str(invocation.option("command"))}
    api = invocation.api()
    try:
        return _show(invocation, api.call("POST", _VALIDATE, body={**body, "resolve": True}).document)
    except ApiRefused as error:
        if error.status != _NOT_BUILT:
            raise
        entry = error.entries[0]
    document = api.call("POST", _VALIDATE, body=body).document
    document["meta"] = {**document.get("meta", {}), "not_planned": [{"code": entry.code, "detail": entry.detail}]}
    outcome = _show(invocation, document)
    if not invocation.as_json:
        # The plan is true as far as it goes; what it leaves out is said, not passed over.
        invocation.screen.progress("not in this plan: digest, platforms, size and signature of an oci:// artifact")
        invocation.screen.failure(entry.code, entry.detail, entry.hint)
    return outcome


def doctor(invocation: Invocation) -> int:
    """Show every piece of advice on a command; exit code 1 when something is wrong with it."""
    from shared.commands import PolicySettings, diagnose  # noqa: PLC0415 - other subcommands do without the policy

    settings = PolicySettings.from_environment(invocation.environment)
    advice = diagnose(str(invocation.option("command")), settings)
    if invocation.as_json:
        invocation.screen.document({"data": [entry._asdict() for entry in advice]})
    for number, entry in enumerate(() if invocation.as_json else advice):
        if number:
            invocation.screen.line()
        invocation.screen.pairs([(entry.level, f"{entry.code}: {entry.title}"), ("hint", entry.hint)])
    return FAILED if any(entry.level == "error" for entry in advice) else OK


def judge_here(invocation: Invocation, text: str) -> dict[str, Any]:
    """Parse and judge with the policy of this environment, as the API does on registration.

    Raises:
        Refused: the command does not parse, or a policy setting is broken.
    """
    from shared.commands import PolicySettings, judge, judge_runtime, parse_command  # noqa: PLC0415 - only here

    command = parse_command(text)
    settings = PolicySettings.from_environment(invocation.environment)
    verdicts = (judge_runtime(command, settings), judge(command, settings, None))
    findings = [
        {"code": finding.reason.code, "level": finding.level, "message": finding.message, "hint": finding.reason.hint}
        for verdict in verdicts
        for finding in verdict.findings
    ]
    decisions = {verdict.decision for verdict in verdicts}
    decision = next(word for word in ("deny", "warn", "allow") if word in decisions)
    return {"command": str(command), "scheme": command.scheme, "decision": decision, "findings": findings}


def _show(invocation: Invocation, document: Mapping[str, Any]) -> int:
    values = document.get("data", {}).get("attributes", {})
    decision = str(values.get("decision", ""))
    if invocation.as_json:
        invocation.screen.document(document)
        return FAILED if decision == "deny" else OK
    shown = {name: value for name, value in values.items() if name not in {"findings", "decision"}}
    invocation.screen.pairs([("decision", decision), *flat(shown)])
    for finding in values.get("findings", []):
        detail = str(finding.get("message") or finding.get("detail") or finding.get("title") or "")
        invocation.screen.failure(str(finding.get("code", "")), detail, str(finding.get("hint") or ""))
    return FAILED if decision == "deny" else OK
