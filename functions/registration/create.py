"""POST /plugins."""

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from functions.registration import fields
from functions.registration.answer import Answer
from functions.registration.failures import Collector
from functions.registration.judging import check_named_configuration, hooks_of_new, judge_command
from functions.registration.ports import Ports, event_of
from functions.registration.preconditions import idempotency_of
from functions.registration.principal import Principal, authorize_creation
from functions.registration.reasons import IDEMPOTENCY_KEY_REUSED, IDEMPOTENT_RESULT_GONE
from functions.registration.request import Request
from functions.registration.resources import etag_of, plugin_path, plugin_resource
from shared.commands import category_of
from shared.errors import NotFound, Refused
from shared.plugins.identifiers import new_plugin_id, parse_namespace, parse_slug, slug_from_name
from shared.plugins.ports import Conflict, Idempotency, PluginKey, StoredRequest
from shared.plugins.record import Plugin
from shared.plugins.transitions import registered
from shared.times import rfc3339

if TYPE_CHECKING:
    from functions.registration.bodies import BodyWarning, PluginCreate

_RANDOM_BYTES: Final = 10
#: Another request with the same Idempotency-Key may be under way: so often its result is looked for.
_ATTEMPTS: Final = 3


def create_plugin(request: Request, ports: Ports) -> Answer:
    """Register a plugin, once for each Idempotency-Key.

    Raises:
        Refused: the body, the policy, the slug or the key says no; nothing was written.
        Transient: the table did not answer; with an Idempotency-Key it is safe to repeat the call.
    """
    from functions.registration.bodies import PluginCreate, read_body  # noqa: PLC0415 - pydantic: see ADR 0018

    caller = request.caller
    idempotency = idempotency_of(request, "create_plugin")
    body, warnings = read_body(PluginCreate, request.json_object())
    idempotency, earlier = _earlier(idempotency, caller, ports)
    if earlier is not None:
        return _created(earlier, request, warnings, repeated=True)
    namespace = caller.default_namespace() if body.namespace is None else parse_namespace(body.namespace)
    authorize_creation(caller, namespace)
    for attempt in range(1, _ATTEMPTS + 1):
        plugin = _plugin(body, namespace, caller, ports)
        event = event_of(
            "plugin.registered", caller, request, ports.clock(), command=plugin.command, warnings=plugin.warnings
        )
        change = registered(plugin, event, epoch=int(ports.clock()))
        try:
            ports.table.commit(change, idempotency=idempotency)
        except Conflict:
            # The same key was used at the same time, or the table was busy: look again before trying again.
            idempotency, earlier = _earlier(idempotency, caller, ports)
            if earlier is not None:
                return _created(earlier, request, warnings, repeated=True)
            if attempt == _ATTEMPTS:
                raise
            continue
        return _created(change.after, request, warnings)
    raise AssertionError("unreachable")  # pragma: no cover - the loop returns or raises


def _plugin(body: "PluginCreate", namespace: str, caller: Principal, ports: Ports) -> Plugin:
    """Make the record, or refuse with everything that is wrong."""
    epoch, collector = ports.clock(), Collector()
    plugin_id = new_plugin_id(epoch=epoch, randomness=ports.randomness(_RANDOM_BYTES))
    with collector.check():
        judged = judge_command(body.command, oci_reference=body.oci_reference, settings=ports.policy)
        check_named_configuration(judged.command, caller)
    with collector.check():
        name = fields.check_name(body.name)
        slug = slug_from_name(name, plugin_id) if body.slug is None else parse_slug(body.slug)
    with collector.check():
        hook_type, hook_types = hooks_of_new(body.hook_type, body.hook_types, ports.policy)
        plugin_type = fields.check_plugin_type(body.plugin_type) if body.plugin_type else category_of(hook_types)
    with collector.check():
        description = fields.check_description(body.description or "")
    with collector.check():
        config = fields.check_config(body.config or {})
    with collector.check():
        checksum = None if body.checksum is None else fields.parse_checksum(body.checksum)
    collector.close()
    return Plugin(
        id=plugin_id,
        namespace=namespace,
        slug=slug,
        name=name,
        command=str(judged.command),
        command_given=body.command,
        scheme=judged.command.scheme,
        hook_type=hook_type,
        hook_types=hook_types,
        plugin_type=plugin_type,
        is_active=body.is_active,
        created_at=rfc3339(epoch),
        updated_at=rfc3339(epoch),
        description=description,
        source_key=judged.source_key,
        oci_reference=body.oci_reference or None,
        checksum=checksum,
        config=config,
        warnings=judged.warnings,
    )


def _earlier(
    idempotency: Idempotency | None, caller: Principal, ports: Ports
) -> tuple[Idempotency | None, Plugin | None]:
    """Give the key that this request is remembered by, and what it made before.

    A key whose plugin lies where the token may no longer look is as one that was never used: its place is taken, so
    the request is remembered by another one, which holds for the namespaces that the token has now.

    Raises:
        Refused: the key came with another body, or what it made is gone.
    """
    found: StoredRequest | None = None if idempotency is None else ports.table.find_request(idempotency.key)
    if idempotency is None or found is None:
        return idempotency, None
    if not caller.may_use(found.namespace):
        bound = " ".join([idempotency.key, *sorted(caller.namespaces)])
        return _earlier(replace(idempotency, key=hashlib.sha256(bound.encode()).hexdigest()), caller, ports)
    if found.body_sha256 != idempotency.body_sha256:
        raise Refused(IDEMPOTENCY_KEY_REUSED)
    try:
        return idempotency, ports.table.load(PluginKey(found.namespace, found.plugin_id))
    except NotFound:
        raise Refused(IDEMPOTENT_RESULT_GONE) from None


def _created(
    plugin: Plugin, request: Request, warnings: "tuple[BodyWarning, ...]", *, repeated: bool = False
) -> Answer:
    document = {"data": plugin_resource(plugin, prefix=request.prefix)}
    if warnings:
        document["meta"] = {"warnings": [warning._asdict() for warning in warnings]}
    headers = {"Location": plugin_path(plugin.id, request.prefix), "ETag": etag_of(plugin)}
    if repeated:
        headers["Idempotent-Replayed"] = "true"
    return Answer(201, document, headers)
