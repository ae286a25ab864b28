"""Subcommands on plugins: register, get, list, reload, health, delete, events."""

import json
import uuid
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, Final

from cli.invocation import Invocation
from cli.reasons import AMBIGUOUS_SLUG, FAILED, INVALID_OPTION, OK, UNREADABLE_FILE, UsageError
from cli.screen import attributes_of, flat
from cli.waiting import step_text, wait_for
from shared.errors import NotFound, Refused
from shared.plugins.identifiers import is_plugin_id
from shared.plugins.ports import PLUGIN_NOT_FOUND
from shared.strict_json import parse_strict_json

_PLUGINS: Final = "/api/v1/plugins"
_PAGE: Final = 100
_MAX_BODY_BYTES: Final = 1024 * 1024
#: Conditions that repeat what another one says.
_SUMMARIES: Final = frozenset({"Healthy", "Ready"})
#: Shown in another form, or said by `health` itself.
_HEALTH_APART: Final = frozenset({"conditions", "state", "status"})
#: Options of `register` that go into the body as they are.
_TEXT_FIELDS: Final = (
    "name",
    "command",
    "slug",
    "description",
    "plugin_type",
    "namespace",
    "checksum",
    "oci_reference",
)


def register(invocation: Invocation) -> int:
    """POST a plugin; a repeated call of one invocation can't register twice (Idempotency-Key)."""
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    answer = invocation.api().call("POST", _PLUGINS, body=_body(invocation), headers=headers)
    plugin = answer.document.get("data", {})
    return _after_change(invocation, plugin, answer.document, generation=1)


def reload(invocation: Invocation) -> int:
    """Ask for a reload; with --wait, until the generation asked for was handled."""
    plugin_id = _plugin_id(invocation)
    answer = invocation.api().call("POST", f"{_PLUGINS}/{plugin_id}/reload")
    generation = int(attributes_of(answer.document.get("data", {})).get("generation") or 0)
    if invocation.option("wait") is None:
        if invocation.as_json:
            invocation.screen.document(answer.document)
        else:
            invocation.screen.line(f"reload of {plugin_id} accepted as generation {generation}")
        return OK
    return _after_change(invocation, {"id": plugin_id}, answer.document, generation=generation)


def get(invocation: Invocation) -> int:
    """Show one plugin."""
    answer = invocation.api().call("GET", f"{_PLUGINS}/{_plugin_id(invocation)}")
    _show(invocation, answer.document)
    return OK


def list_plugins(invocation: Invocation) -> int:
    """List plugins, newest first, all pages."""
    found = list(islice(_pages(invocation, _filters(invocation)), _limit(invocation)))
    if invocation.as_json:
        invocation.screen.document({"data": found})
        return OK
    rows = [_row(attributes_of(plugin)) for plugin in found]
    invocation.screen.table(("NAME", "NAMESPACE", "SLUG", "SCHEME", "STATUS", "VERSION", "HEALTH", "ID"), rows)
    return OK


def health(invocation: Invocation) -> int:
    """Show the last probe's result."""
    answer = invocation.api().call("GET", f"{_PLUGINS}/{_plugin_id(invocation)}/health")
    values = attributes_of(answer.document.get("data", {}))
    word = _health_word(values)
    if invocation.as_json:
        invocation.screen.document(answer.document)
    else:
        shown = {"health": word, **{name: value for name, value in values.items() if name not in _HEALTH_APART}}
        invocation.screen.pairs(flat(shown))
        _show_conditions(invocation, values)
    return OK if word == "healthy" else FAILED


def events(invocation: Invocation) -> int:
    """Show the audit trail, oldest first."""
    path, after, found = f"{_PLUGINS}/{_plugin_id(invocation)}/events", 0, []
    while True:
        page = invocation.api().call("GET", path, query={"after": str(after)}).document.get("data", [])
        found += page
        last = max((int(attributes_of(step).get("revision") or 0) for step in page), default=0)
        if last <= after:
            break
        after = last
    if invocation.as_json:
        invocation.screen.document({"data": found})
        return OK
    steps = [attributes_of(step) for step in found]
    rows = [(step.get("at"), step.get("actor"), step_text(step), step.get("correlation_id")) for step in steps]
    invocation.screen.table(("TIME", "ACTOR", "EVENT", "CORRELATION"), rows)
    return OK


def delete(invocation: Invocation) -> int:
    """Delete one plugin."""
    plugin_id = _plugin_id(invocation)
    invocation.api().call("DELETE", f"{_PLUGINS}/{plugin_id}")
    if invocation.as_json:
        invocation.screen.document({"data": {"type": "plugins", "id": plugin_id, "attributes": {"deleted": True}}})
    else:
        invocation.screen.line(f"deleted {plugin_id}")
    return OK


def _after_change(
    invocation: Invocation, plugin: Mapping[str, Any], document: dict[str, Any], *, generation: int
) -> int:
    wait = invocation.option("wait")
    # An inactive plugin is not worked on: there is nothing to wait for.
    if not isinstance(wait, float) or attributes_of(plugin).get("is_active") is False:
        _show(invocation, document)
        return OK
    ended = wait_for(invocation, str(plugin["id"]), generation=generation, seconds=wait)
    _show(invocation, {**document, "data": ended})
    values = attributes_of(ended)
    if values.get("status") == "ready":
        return OK
    for condition in _conditions(values):
        if condition.get("status") != "True" and condition.get("hint") and condition.get("type") not in _SUMMARIES:
            words = [str(condition.get(name) or "") for name in ("reason", "message", "hint")]
            invocation.screen.failure(*words)
    # A file:// plugin that only a gateway can see stays `validated`: its work has ended, and nothing is wrong.
    return OK if values.get("status") == "validated" else FAILED


def _body(invocation: Invocation) -> dict[str, Any]:
    file = invocation.option("file")
    body = _json_object(invocation.read(str(file)), str(file)) if file else {}
    body |= {name: value for name in _TEXT_FIELDS if (value := invocation.option(name)) is not None}
    hooks = invocation.option("hook_type")
    if isinstance(hooks, list):
        body["hook_type"] = hooks[0]
        if len(hooks) > 1:
            body["hook_types"] = hooks
    config = invocation.option("config")
    if isinstance(config, str):
        text = invocation.read(config[1:]) if config.startswith("@") else config
        body["config"] = _json_object(text, "--config")
    if invocation.option("inactive"):
        body["is_active"] = False
    elif not file:
        body["is_active"] = True
    if not {"name", "command"} <= set(body):
        raise UsageError(INVALID_OPTION, "give --name and --command, or a body with -f", hint="plugport register -h")
    return body


def _json_object(text: str, source: str) -> dict[str, Any]:
    try:
        value = parse_strict_json(text.encode("utf-8", "surrogatepass"), max_bytes=_MAX_BODY_BYTES)
    except Refused as error:
        raise UsageError(UNREADABLE_FILE, f"{source}: {error.message}") from error
    if not isinstance(value, dict):
        raise UsageError(UNREADABLE_FILE, f"{source}: not a JSON object")
    return value


def _plugin_id(invocation: Invocation) -> str:
    """Give the id that was named, or find the one plugin with the slug that was named."""
    name = str(invocation.option("plugin"))
    if is_plugin_id(name):
        return name
    namespace = invocation.option("namespace")
    query = {"slug": name, **({"namespace": str(namespace)} if namespace else {})}
    found = [str(plugin["id"]) for plugin in _pages(invocation, query)]
    if len(found) > 1:
        raise Refused(AMBIGUOUS_SLUG, f"{name}: {', '.join(found)}")
    if not found:
        raise NotFound(PLUGIN_NOT_FOUND, name)
    return found[0]


def _filters(invocation: Invocation) -> dict[str, str]:
    names = ("namespace", "hook_type", "plugin_type", "status", "is_active")
    return {name: str(value) for name in names if (value := invocation.option(name)) is not None}


def _limit(invocation: Invocation) -> int | None:
    limit = invocation.option("limit")
    return limit if isinstance(limit, int) else None


def _pages(invocation: Invocation, query: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    api = invocation.api()
    limit = min(_limit(invocation) or _PAGE, _PAGE)
    cursor: dict[str, str] = {}
    while True:
        answer = api.call("GET", _PLUGINS, query={**query, "limit": str(limit), **cursor}).document
        yield from answer.get("data", [])
        following = answer.get("meta", {}).get("next_cursor")
        if not following:
            return
        cursor = {"cursor": str(following)}


def _show(invocation: Invocation, document: dict[str, Any]) -> None:
    """Show a plugin's document: what a person looks for first, then conditions and warnings."""
    if invocation.as_json:
        invocation.screen.document(document)
        return
    screen, values = invocation.screen, attributes_of(document.get("data", {}))
    names = ("id", "name", "namespace", "slug", "command", "status", "is_active", "hook_types", "plugin_type")
    pairs = flat({name: values.get(name) for name in names})
    generations = f"{values.get('generation')} (observed {values.get('observed_generation')})"
    health = _health_word(values.get("health") or {})
    screen.pairs([*pairs, ("generation", generations), ("version", _version(values)), ("health", health)])
    _show_conditions(invocation, values)
    for warning in [*values.get("warnings", []), *document.get("meta", {}).get("warnings", [])]:
        screen.progress(f"warning: {warning if isinstance(warning, str) else json.dumps(warning)}")


def _show_conditions(invocation: Invocation, values: Mapping[str, Any]) -> None:
    conditions = _conditions(values)
    if conditions:
        invocation.screen.line()
        rows = [[condition.get(name) for name in ("type", "status", "reason", "message")] for condition in conditions]
        invocation.screen.table(("CONDITION", "STATUS", "REASON", "MESSAGE"), rows)


def _row(values: Mapping[str, Any]) -> tuple[object, ...]:
    command = str(values.get("command") or "")
    return (
        values.get("name"),
        values.get("namespace"),
        values.get("slug"),
        command.partition("://")[0],
        values.get("status"),
        _version(values),
        _health_word(values.get("health") or {}),
        values.get("id"),
    )


def _conditions(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Conditions come as a list, or by type."""
    conditions = values.get("conditions") or []
    return list(conditions.values()) if isinstance(conditions, dict) else list(conditions)


def _version(values: Mapping[str, Any]) -> str:
    version = values.get("version") or {}
    digest = str(version.get("manifest_digest", "")) if isinstance(version, dict) else ""
    return f"{version.get('number')} {digest[:19]}" if digest else "-"


def _health_word(health: Mapping[str, Any]) -> str:
    return str(health.get("status") or health.get("state") or "unknown")
