"""Suite `events_bad`: hostile and unlucky events, through the real envelopes, messages and use cases."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from shared.errors import PlugportError
from shared.plugins.record import Plugin, Version
from shared.plugins.transitions import Event, registered
from shared.times import rfc3339
from tests.conformance.event_mapping import (
    PUSHED_DIGEST,
    REGISTRY,
    bus_event,
    plugin_id_of,
    push_batch,
    queue_event,
    storage_event,
)
from tests.conformance.event_world import NOW, World
from tests.conformance.model import Suite

_GENERATION: Final = 3
_OLD_DIGEST: Final = "sha256:" + "0d" * 32
#: The suite's codes → ours.
_REASONS: Final[Mapping[str, frozenset[str]]] = {
    "BAD_MESSAGE": frozenset({"bad_message", "bad_push_event", "invalid_json", "json_too_deep", "json_duplicate_key"}),
    "BAD_ENVELOPE": frozenset({"bad_envelope"}),
    "UNEXPECTED_SOURCE": frozenset({"unexpected_source"}),
    "MESSAGE_TOO_LARGE": frozenset({"message_too_large", "json_too_large"}),
    "NOT_FOUND": frozenset({"not_found"}),
    "INTERNAL_ADDRESS": frozenset({"internal_network_address"}),
    "IN_PROGRESS": frozenset({"in_progress"}),
    "IDEMPOTENCY_MISMATCH": frozenset({"idempotency_key_reused"}),
    "VERSION_UNKNOWN": frozenset({"generation_unknown"}),
    "TOO_MANY_RECEIVES": frozenset({"too_many_receives"}),
    "BAD_KEY": frozenset({"bad_key"}),
    "UNEXPECTED_KEY": frozenset({"unexpected_key"}),
    "BLOB_TOO_LARGE": frozenset({"blob_too_large"}),
}
#: A message that is refused for these reasons was never taken for one of ours: nothing of it was processed.
_CLOSED: Final = frozenset({"bad_envelope", "unexpected_source"})
#: Whether the effects happened once or several times is what `effects` says.
_PROCESSED: Final = frozenset({"process", "process_once", "partial"})
_MIN_BODY_TO_LOOK_FOR: Final = 8


def run(case: Mapping[str, Any]) -> dict[str, Any]:
    """Put the case's state in place, deliver its events, and say what they came to."""
    given = case.get("given", {})
    world = World(names=given.get("dns", {}), served=_served(case))
    _seed(world, case)
    before = {plugin.id: plugin for plugin in world.table.all_plugins()}
    failures: Sequence[str] = ()
    closed = ""
    for number, event in enumerate(_deliveries(case)):
        try:
            failures = _deliver(world, case["source_kind"], event, number)
        except PlugportError as error:
            closed = error.reason.code
    effects = _effects(world, case["source_kind"], before)
    reasons = {str(entry["reason"]): bool(entry.get("retryable")) for entry in world.logged()}
    refused = _refusals(world)
    return {
        "outcome": "reject_permanent"
        if refused
        else _outcome(closed, failures, reasons, world.table.commits + effects),
        "effects": effects,
        "batch_item_failures": sorted(set(failures)),
        "reasons": sorted({closed, *reasons, *refused} - {""}),
        "leaks": _leaks(case, world.log),
    }


def check(case: Mapping[str, Any], actual: Mapping[str, Any]) -> bool:
    """Compare outcome, effects, failures and reason; nothing that must not be logged may be in the log."""
    expected = case["expect"]
    outcome, found = expected["outcome"], actual["outcome"]
    if outcome == "process_once" and not expected["effects"]:
        outcome = "ignore"  # done before: this delivery had nothing left to do
    same = found == outcome or (found in _PROCESSED and outcome in _PROCESSED)
    if "batch_item_failures" in expected:
        same = same and sorted(set(expected["batch_item_failures"])) == actual["batch_item_failures"]
    if "reason" in expected and outcome != "ignore":
        same = same and bool(_REASONS[expected["reason"]] & set(actual["reasons"]))
    return same and expected["effects"] == actual["effects"] and not actual["leaks"]


def _deliveries(case: Mapping[str, Any]) -> list[Any]:
    generate = case.get("generate", {})
    if "repeat_event" in generate:
        return [generate["repeat_event"]] * int(generate["times"])
    event = case["event"]
    if "json_pad_to" in generate:
        # `path` names the one text of the event that is padded: the body of the first record.
        record = {**event["Records"][0], "body": json.dumps({"pad": "x" * int(generate["json_pad_to"])})}
        return [{"Records": [record]}]
    events = event if isinstance(event, list) and case["source_kind"] != "direct" else [event]
    return events * 2 if case.get("given", {}).get("deliver_twice") else events


def _deliver(world: World, kind: str, event: Any, number: int) -> Sequence[str]:
    if kind == "eventbridge" and isinstance(event, Mapping) and event.get("source") == "aws.scheduler":
        world.tick(event)
        return ()
    if kind in {"eventbridge", "ecr"}:
        answer = world.push(push_batch(bus_event(event), number))
    elif kind == "s3":
        answer = world.push(push_batch(storage_event(event), number))
    else:
        answer = world.job(queue_event(event))
    return [str(entry["itemIdentifier"]) for entry in answer["batchItemFailures"]]


def _outcome(closed: str, failures: Sequence[str], reasons: Mapping[str, bool], changes: int) -> str:
    if closed:
        return "fail_closed"
    if failures:
        terminal = {code for code, retryable in reasons.items() if not retryable}
        if not terminal:
            return "retry"
        return "fail_closed" if terminal <= _CLOSED else "reject_permanent"
    return "process" if changes else "ignore"


def _refusals(world: World) -> set[str]:
    """Give the reasons of commands that were refused at the moment of use: the record says so, not the queue."""
    conditions = [plugin.conditions.get("CommandValid") for plugin in world.table.all_plugins()]
    return {condition.reason for condition in conditions if condition is not None and condition.status == "False"}


def _effects(world: World, kind: str, before: Mapping[str, Plugin]) -> int:
    """Jobs: changes of records. Pushes: versions that were stored in the end. Ticks: messages sent."""
    if world.sent:
        return len(world.sent)
    if kind in {"sqs", "direct"}:
        # A refusal is written down, but what the job was for has not happened.
        return world.table.commits - len(_refusals(world))
    after = world.table.all_plugins()
    return sum(plugin.latest_version - before[plugin.id].latest_version for plugin in after)


def _leaks(case: Mapping[str, Any], log: str) -> list[str]:
    leaks = []
    for rule in case.get("must_not", ()):
        words = rule.removeprefix("log ") if rule.startswith("log ") else ""
        bodies = [record["body"] for record in case["event"]["Records"]] if words == "the raw body" else [words]
        leaks += [text for text in bodies if len(text) >= _MIN_BODY_TO_LOOK_FOR and text in log]
    return leaks


def _served(case: Mapping[str, Any]) -> dict[str, str]:
    """What the registry serves: what the case says, else what the pushes say."""
    served: dict[str, str] = {}
    for event in _deliveries(case):
        translated = bus_event(event)
        detail = translated.get("detail") if isinstance(translated, Mapping) else None
        if isinstance(detail, Mapping) and isinstance(detail.get("repository-name"), str):
            served[f"{detail['repository-name']}:{detail.get('image-tag')}"] = str(detail.get("image-digest"))
    return {**served, **case.get("given", {}).get("registry", {})}


def _seed(world: World, case: Mapping[str, Any]) -> None:
    given = case.get("given", {})
    # The second plugin is there for the jobs that name it.
    default: Mapping[str, Any] = {"team-a/plg-1": {}, **({"team-a/plg-2": {}} if case["source_kind"] == "sqs" else {})}
    for key, state in given.get("plugins", default).items():
        namespace, _, name = key.partition("/")
        plugin = _plugin(namespace, name, state, case)
        event = Event("plugin.registered", rfc3339(NOW - 100), "tok_1", "c")
        world.table.commit(registered(plugin, event, epoch=int(NOW) - 100))
    world.table.outbox.clear()
    world.table.commits = 0
    world.table.lost_answers = 1 if given.get("crash_after_effect") else 0
    world.table.raced = "INPROGRESS" in given.get("idempotency", {}).values()


def _plugin(namespace: str, name: str, state: Mapping[str, Any], case: Mapping[str, Any]) -> Plugin:
    plugin_id = plugin_id_of(name)
    earlier = case.get("given", {}).get("idempotency", {})
    is_done = "COMPLETED" in earlier.values() and earlier.get("payload", name) == name
    # A job's plugin waits for its validation; a push's plugin is served already.
    served = case["source_kind"] in {"eventbridge", "ecr", "s3"} or "applied" in state
    command = str(state.get("command") or f"oci://{REGISTRY}/plugins/{name}:{_GENERATION}")
    digest = str(state.get("approved_digest") or (PUSHED_DIGEST if is_done else _OLD_DIGEST))
    generation = int(state.get("version", _GENERATION))
    return Plugin(
        id=plugin_id,
        namespace=namespace,
        slug=name,
        name=name,
        command=command,
        command_given=command,
        scheme=command.partition("://")[0],
        source_key=command.removeprefix("oci://").rpartition(":")[0] if command.startswith("oci://") else "",
        hook_type="pre_auth",
        hook_types=("pre_auth",),
        plugin_type="gateway",
        is_active=True,
        created_at=rfc3339(NOW - 100),
        updated_at=rfc3339(NOW - 100),
        generation=generation,
        observed_generation=generation if served else 0,
        status="ready" if served else "validated" if is_done else "pending",
        version=_version(digest) if served else None,
        latest_version=1 if served else 0,
    )


def _version(digest: str) -> Version:
    return Version(
        number=1,
        source="",
        manifest_digest=digest,
        media_type="",
        platforms={"linux/amd64": {"sha256": digest.removeprefix("sha256:"), "size_bytes": 1, "key": ""}},
        signature={},
        warnings=(),
        plugin_config={},
        receipt_key="",
        pulled_at=rfc3339(NOW - 100),
    )


SUITES: Final = {"events_bad": Suite("events_bad", ("events_bad.json",), run, check)}
