"""The example jobs and events of the suite `events_bad`, in this project's words. Pure.

Only names and the values of a valid job are translated; whatever is wrong with a message stays wrong in its own way,
so texts are translated as texts and never parsed and written again.

| the example | here |
|---|---|
| job: plugin.job.v1, job_id, type pull, version | ValidateCommand: schema 1, correlation_id, generation |
| PluginJobRequested on the bus | ECR Image Action in the push queue, for that plugin's repository |
| S3 notification | S3's EventBridge event in the push queue |
"""

import copy
import json
import re
from collections.abc import Mapping
from typing import Any, Final

from shared.messages import MessageType

KIND: Final[MessageType] = "ValidateCommand"
QUEUE_ARN: Final = "arn:aws:sqs:us-east-1:123456789012:plugin-jobs"
PUSH_QUEUE_ARN: Final = "arn:aws:sqs:us-east-1:123456789012:plugport-push"
REGISTRY: Final = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
#: The digest that a push by an example job is about: another one than any plugin serves.
PUSHED_DIGEST: Final = "sha256:" + "ab" * 32

_JOB_TEXTS: Final[tuple[tuple[str, str], ...]] = (
    (r'("schema"\s*:\s*)"plugin\.job\.v1"', r"\g<1>1"),
    (r'"job_id"(\s*:)', r'"correlation_id"\1'),
    (r'("type"\s*:\s*)"pull"', rf'\1"{KIND}"'),
    (r'"version"(\s*:)', r'"generation"\1'),
)
_PLUGIN: Final = re.compile(r'"plg-([0-9]+)"')
_S3_EVENTS: Final[Mapping[str, str]] = {
    "ObjectCreated": "Object Created",
    "ObjectRemoved": "Object Deleted",
    "ObjectTagging": "Object Tags Added",
}


def plugin_id_of(name: str) -> str:
    """Give the id of the example's `plg-<n>`; other texts stay what they are."""
    return json.loads(_with_ids(json.dumps(name)))  # type: ignore[no-any-return]  # a JSON text of a text


def job_text(body: str) -> str:
    """Translate a job's body."""
    for pattern, replacement in _JOB_TEXTS:
        body = re.sub(pattern, replacement, body)
    return _with_ids(body)


def queue_event(event: Any) -> Any:
    """Translate the bodies of a batch of jobs; an envelope of another shape stays as it is."""
    translated = copy.deepcopy(event)
    records = translated.get("Records") if isinstance(translated, dict) else None
    for record in records if isinstance(records, list) else ():
        if isinstance(record, dict) and isinstance(record.get("body"), str):
            record["body"] = job_text(record["body"])
    return translated


def push_batch(event: object, number: int) -> dict[str, Any]:
    """Wrap one EventBridge event into a delivery of the push queue."""
    record = {
        "messageId": f"push-{number}",
        "body": json.dumps(event),
        "eventSource": "aws:sqs",
        "eventSourceARN": PUSH_QUEUE_ARN,
    }
    return {"Records": [record]}


def bus_event(event: Any) -> Any:
    """Translate a job event on the bus into a push for that plugin's repository."""
    if not isinstance(event, Mapping):
        return event
    if event.get("source") != "plugins.control":
        return event
    translated = {**event, "source": "aws.ecr"}
    if event.get("detail-type") == "PluginJobRequested":
        translated["detail-type"] = "ECR Image Action"
    if isinstance(event.get("detail"), Mapping):
        translated["detail"] = _push_detail(event["detail"])
    return translated


def storage_event(event: Any) -> Any:
    """Translate an S3 notification into S3's EventBridge event; one without records stays as it is."""
    records = event.get("Records") if isinstance(event, Mapping) else None
    if not isinstance(records, list) or not records or not isinstance(records[0], Mapping):
        return event
    record = records[0]
    source, storage = str(record.get("eventSource")), record.get("s3", {})
    name = str(record.get("eventName")).partition(":")[0]
    version = str(record.get("eventVersion"))
    return {
        # EventBridge's own envelope has one version; the notification's major version takes its place.
        "version": "0" if version.startswith("2.") else version,
        "id": "00000000-0000-4000-8000-000000000094",
        "detail-type": _S3_EVENTS.get(name, name),
        "source": source.replace(":", ".") if source == "aws:s3" else source,
        "account": "123456789012",
        "time": record.get("eventTime"),
        "region": record.get("awsRegion"),
        "resources": [storage.get("bucket", {}).get("arn")],
        "detail": {"bucket": storage.get("bucket"), "object": storage.get("object")},
    }


def _push_detail(job: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "result": "SUCCESS",
        "action-type": "PUSH",
        "repository-name": f"plugins/{job.get('plugin_id')}",
        "image-tag": str(job.get("version")),
        "image-digest": PUSHED_DIGEST,
    }


def _with_ids(text: str) -> str:
    return _PLUGIN.sub(lambda match: f'"plg_01kav{int(match[1]):021d}"', text)
