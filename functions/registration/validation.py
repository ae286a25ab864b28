"""…/validate and …/{id}/test: the decision, and everything that led to it; nothing is written."""

from typing import Any

from functions.registration.answer import Answer
from functions.registration.judging import check_named_configuration, verdict_of
from functions.registration.ports import Ports, load_plugin
from functions.registration.reasons import FIELD_MISSING, NOT_BUILT_YET, PLUGIN_INACTIVE
from functions.registration.request import Request
from shared.commands import Command, OciCommand, match_oci_reference, parse_command
from shared.errors import PlugportError, Refused


def validate_body(request: Request, ports: Ports) -> Answer:
    """Judge the command of a body.

    Raises:
        Refused: the body is not one, or asks for what is not built yet.
    """
    from functions.registration.bodies import CommandToValidate, read_body  # noqa: PLC0415 - pydantic: see ADR 0018

    body, warnings = read_body(CommandToValidate, request.json_object())
    if body.resolve:
        raise Refused(
            NOT_BUILT_YET,
            "resolve is not built yet",
            hint="Leave `resolve` out for the policy's decision; register the plugin to see digest and platforms.",
        )
    document: dict[str, Any] = {"data": _plan(body.command, body.oci_reference, request, ports)}
    if warnings:
        document["meta"] = {"warnings": [warning._asdict() for warning in warnings]}
    return Answer(200, document)


def validate_query(request: Request, ports: Ports) -> Answer:
    """Judge the command of the query parameter `command`."""
    values = request.values
    if "command" not in values:
        raise Refused(FIELD_MISSING, "command")
    return Answer(200, {"data": _plan(values["command"], values.get("oci_reference"), request, ports)})


def test_plugin(request: Request, ports: Ports) -> Answer:
    """Judge the stored command of a plugin again, by the policy as it is now."""
    plugin = load_plugin(request, ports)
    if not plugin.is_active:
        raise Refused(PLUGIN_INACTIVE)
    return Answer(200, {"data": _plan(plugin.command, plugin.oci_reference, request, ports, stored=True)})


def _plan(
    text: str, oci_reference: str | None, request: Request, ports: Ports, *, stored: bool = False
) -> dict[str, Any]:
    try:
        command = parse_command(text)
        match_oci_reference(oci_reference, command)
        if not stored:
            check_named_configuration(command, request.caller)
    except Refused as error:
        return _resource("deny", None, [_finding("deny", error)])
    verdict = verdict_of(command, ports.policy)
    findings = [_finding(found.level, Refused(found.reason, found.message)) for found in verdict.findings]
    return _resource(verdict.decision, command, findings)


def _resource(decision: str, command: Command | None, findings: list[dict[str, str]]) -> dict[str, Any]:
    attributes: dict[str, Any] = {
        "decision": decision,
        "command": None if command is None else str(command),
        "scheme": None if command is None else command.scheme,
        "parsed": _parsed(command),
        "findings": findings,
        # What this decision leaves open: names are resolved and artifacts are looked at when the work begins.
        "phase": "register",
    }
    return {"type": "validations", "attributes": attributes}


def _finding(level: str, error: PlugportError) -> dict[str, str]:
    reason = error.reason
    return {
        "level": level,
        "code": reason.code,
        "title": reason.title,
        "message": error.message,
        "hint": error.hint,
    }


def _parsed(command: Command | None) -> dict[str, Any] | None:
    if command is None:
        return None
    if isinstance(command, OciCommand):
        return {**command._asdict(), "params": command.params._asdict(), "reference": command.reference}
    return command._asdict()
