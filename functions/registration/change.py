"""PATCH and DELETE /plugins/{id}, POST …/reload and …/refresh: changes of what is wanted."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from functions.registration import fields
from functions.registration.answer import Answer
from functions.registration.failures import Collector
from functions.registration.judging import check_named_configuration, hooks_of_changed, judge_command
from functions.registration.ports import Ports, event_of, find_key
from functions.registration.preconditions import check_tags, parse_tags
from functions.registration.reasons import NOT_AN_OCI_PLUGIN, PLUGIN_INACTIVE
from functions.registration.request import Request
from functions.registration.resources import etag_of, plugin_path, plugin_resource
from shared.errors import Refused
from shared.plugins.identifiers import parse_slug
from shared.plugins.record import ConditionType, Plugin
from shared.plugins.transitions import Change, change, updated
from shared.plugins.work import transition
from shared.times import rfc3339

if TYPE_CHECKING:
    from functions.registration.bodies import PluginPatch


def patch_plugin(request: Request, ports: Ports) -> Answer:
    """Change what the body names, by the same policy as a new plugin; what changes nothing writes nothing.

    Raises:
        NotFound: no such plugin for this caller.
        Refused: the body, the policy or If-Match says no; nothing was written.
    """
    from functions.registration.bodies import PluginPatch, read_body  # noqa: PLC0415 - pydantic: see ADR 0018

    key, tags = find_key(request, ports), parse_tags(request.header("if-match"))
    patch, warnings = read_body(PluginPatch, request.json_object())

    def decide(plugin: Plugin) -> Change | None:
        check_tags(plugin, tags)
        after = _patched(plugin, patch, request, ports)
        if after.to_json() == plugin.to_json():
            return None
        changed = [name for name in sorted(patch.model_fields_set) if _differs(plugin, after, name)]
        epoch = ports.clock()
        event = event_of("plugin.updated", request.caller, request, epoch, changed=changed)
        return updated(plugin, after, event, epoch=int(epoch))

    plugin = transition(ports.table, key, decide)
    document = {"data": plugin_resource(plugin, prefix=request.prefix)}
    if warnings:
        document["meta"] = {"warnings": [warning._asdict() for warning in warnings]}
    return Answer(200, document, {"ETag": etag_of(plugin)})


def delete_plugin(request: Request, ports: Ports) -> Answer:
    """Remove the plugin; its audit trail stays until its time is up.

    Raises:
        NotFound: no such plugin for this caller.
        Refused: If-Match says no.
    """
    key, tags = find_key(request, ports), parse_tags(request.header("if-match"))

    def decide(plugin: Plugin) -> Change:
        check_tags(plugin, tags)
        epoch = ports.clock()
        return change(plugin, plugin, event_of("plugin.deleted", request.caller, request, epoch), epoch=int(epoch))

    transition(ports.table, key, decide)
    return Answer(204)


def reload_plugin(request: Request, ports: Ports) -> Answer:
    """Ask for the work to be done again from the beginning, under a new generation."""
    return _reload(request, ports, status=202, only_oci=False)


def refresh_plugin(request: Request, ports: Ports) -> Answer:
    """Ask for a registry's plugin to be resolved and pulled again."""
    return _reload(request, ports, status=200, only_oci=True)


def _reload(request: Request, ports: Ports, *, status: int, only_oci: bool) -> Answer:
    key = find_key(request, ports)

    def decide(plugin: Plugin) -> Change:
        if only_oci and plugin.scheme != "oci":
            raise Refused(NOT_AN_OCI_PLUGIN, f"it is a {plugin.scheme}:// plugin")
        if not plugin.is_active:
            raise Refused(PLUGIN_INACTIVE)
        # The policy may have changed since: a command that is refused now is refused here, not minutes later.
        judged = judge_command(plugin.command, oci_reference=plugin.oci_reference, settings=ports.policy)
        epoch, generation = ports.clock(), plugin.generation + 1
        after = replace(plugin, generation=generation, reload_requested_generation=generation, warnings=judged.warnings)
        event = event_of("plugin.reload_requested", request.caller, request, epoch, reload_generation=generation)
        return change(plugin, after, event, epoch=int(epoch))

    plugin = transition(ports.table, key, decide)
    attributes = {"generation": plugin.generation, "status": plugin.status}
    links = {"plugin": plugin_path(plugin.id, request.prefix)}
    resource = {"type": "reloads", "id": plugin.id, "attributes": attributes, "links": links}
    return Answer(status, {"data": resource}, {"ETag": etag_of(plugin)})


def _patched(plugin: Plugin, patch: "PluginPatch", request: Request, ports: Ports) -> Plugin:
    """Apply the fields that were sent; raises everything that is wrong with them."""
    given, values, collector = patch.model_fields_set, dict[str, Any](), Collector()
    with collector.check():
        if given & {"command", "oci_reference"}:
            values |= _commanded(plugin, patch, request, ports)
    with collector.check():
        if given & {"hook_type", "hook_types"}:
            hooks = hooks_of_changed(plugin, patch.hook_type, patch.hook_types, ports.policy)
            values["hook_type"], values["hook_types"] = hooks
    for name, check in _CHECKS.items():
        with collector.check():
            if name in given:
                values[name] = check(getattr(patch, name))
    collector.close()
    if "is_active" in given:
        values["is_active"] = patch.is_active
    after = replace(plugin, **values)
    if after.command == plugin.command:
        return after
    # What the last validation said was about another command: gateways must not take it for this one.
    now = rfc3339(ports.clock())
    after = after.with_condition("CommandValid", "Unknown", now=now, reason="command_changed")
    if plugin.scheme == after.scheme == "oci":
        return after  # its health is that of the stored version, which stays active
    for kind in _PROBED & after.conditions.keys():
        after = after.with_condition(kind, "Unknown", now=now, reason="command_changed")
    return replace(after, health={})


#: What probes of the command say.
_PROBED: Final[frozenset[ConditionType]] = frozenset({"Reachable", "Healthy"})


def _differs(before: Plugin, after: Plugin, name: str) -> bool:
    """Compare as JSON: there, true is not 1."""
    return json.dumps(getattr(before, name), sort_keys=True) != json.dumps(getattr(after, name), sort_keys=True)


_CHECKS: Final[Mapping[str, Callable[[Any], object]]] = {
    "name": fields.check_name,
    "slug": parse_slug,
    "plugin_type": lambda value: fields.check_plugin_type(value or ""),
    "description": lambda value: fields.check_description(value or ""),
    "config": lambda value: fields.check_config(value or {}),
    "checksum": lambda value: None if value is None else fields.parse_checksum(value),
}


def _commanded(plugin: Plugin, patch: "PluginPatch", request: Request, ports: Ports) -> dict[str, Any]:
    """Judge the command that the plugin has after the change; a reference that is not sent stays and must fit."""
    text = patch.command if "command" in patch.model_fields_set else plugin.command_given
    reference = patch.oci_reference if "oci_reference" in patch.model_fields_set else plugin.oci_reference
    judged = judge_command(text, oci_reference=reference, settings=ports.policy)
    command = str(judged.command)
    values: dict[str, Any] = {"oci_reference": reference or None}
    if command == plugin.command:
        return values
    check_named_configuration(judged.command, request.caller)
    scheme = judged.command.scheme
    return {
        **values,
        "warnings": judged.warnings,
        "command": command,
        "command_given": text,
        "scheme": scheme,
        "source_key": judged.source_key,
        # Versions are pulled executables: a plugin that is no longer pulled has none.
        "version": plugin.version if scheme == "oci" else None,
    }
