"""Every event file goes through its function's handler: the files are real-shaped, and the handlers take them."""

import dataclasses
import importlib
import json
import re
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from functions.authorizer.handler import Unauthorized
from functions.relay import handler as relay_handler
from shared.commands import parse_command
from tests.contract.event_handlers import EVENTS, PLUGIN_ID, World, load_event

# A batch that changed nothing counts nothing, and Powertools warns of that.
pytestmark = pytest.mark.filterwarnings("ignore:No application metrics:UserWarning")

FILES = sorted(str(path.relative_to(EVENTS).with_suffix("")) for path in EVENTS.glob("*/*.json"))

#: Calls of the API: event → status, reason (of a refusal).
API: dict[str, tuple[int, str]] = {
    "create-file": (201, ""),
    "create-grpc": (201, ""),
    "create-oci": (201, ""),
    "create-without-content-type": (201, ""),
    "create-refused-metadata-address": (400, "internal_network_address"),
    "create-refused-relative-path": (400, "relative_path"),
    "create-not-json": (400, "invalid_json"),
    "list": (200, ""),
    "list-filtered": (200, ""),
    "get": (200, ""),
    "patch": (200, ""),
    "delete": (204, ""),
    "validate": (200, ""),
    "validate-get": (200, ""),
    "validate-resolve": (501, "not_built_yet"),
    "reload": (202, ""),
    "health": (200, ""),
    "status": (200, ""),
    "versions": (200, ""),
    "events": (200, ""),
    "artifact": (409, "no_active_version"),
    "rollback": (501, "not_built_yet"),
    "gateway-plugins": (200, ""),
    "openapi": (200, ""),
    "liveness": (200, ""),
    "unknown-route": (404, "route_not_found"),
    "wrong-method": (405, "method_not_allowed"),
}
#: Stream batches: event → what is put on the queues, what is published.
RELAY: dict[str, tuple[list[str], list[str]]] = {
    "registered-file": (["validation"], ["plugin.registered"]),
    "registered-grpc": (["validation"], ["plugin.registered"]),
    "registered-oci": (["validation"], ["plugin.registered"]),
    "registered-inactive": ([], ["plugin.registered"]),
    "updated": (["validation"], ["plugin.updated"]),
    "reload-requested": (["validation"], ["plugin.reload_requested"]),
    "retried": (["validation"], ["plugin.retried"]),
    "validated-file": (["health"], []),
    "validated-grpc": (["health"], []),
    "validated-oci": (["pull"], []),
    "pull-started": ([], []),
    "ready-oci": (["health"], ["plugin.ready"]),
    "ready-grpc": ([], ["plugin.ready"]),
    "rejected": ([], ["plugin.rejected"]),
    "failed": ([], ["plugin.failed"]),
    "unhealthy": ([], ["plugin.unhealthy"]),
    "healthy": ([], ["plugin.healthy"]),
    "deleted": ([], ["plugin.deleted"]),
    "batch": (["pull", "validation"], ["plugin.registered"]),
}
#: Batches of the workers: event → status that the plugin comes from, status that it comes to, deliveries that fail.
WORKERS: dict[str, tuple[str, int, str, int]] = {
    "command_validation/validate": ("pending", 1, "validated", 0),
    "command_validation/reloaded": ("pending", 2, "validated", 0),
    "command_validation/batch-with-poison": ("pending", 1, "validated", 3),
    "command_validation/redriven": ("pending", 1, "validated", 0),
    "oci_pull/pull": ("validated", 1, "ready", 0),
    "oci_pull/second-delivery": ("validated", 1, "ready", 0),
    "health_check/check": ("ready", 1, "ready", 0),
    "health_check/batch": ("ready", 1, "ready", 0),
}
#: Push events: event → generations that they start, deliveries that fail.
PUSHES: dict[str, tuple[str, int, int]] = {
    "ecr-push": ("123456789012.dkr.ecr.us-east-1.amazonaws.com", 1, 0),
    "ecr-push-untagged": ("123456789012.dkr.ecr.us-east-1.amazonaws.com", 0, 0),
    "ecr-delete": ("123456789012.dkr.ecr.us-east-1.amazonaws.com", 0, 0),
    "ecr-push-failed": ("123456789012.dkr.ecr.us-east-1.amazonaws.com", 0, 0),
    "ecr-push-delivered-twice": ("123456789012.dkr.ecr.us-east-1.amazonaws.com", 1, 0),
    "local-push": ("127.0.0.1:4566", 1, 0),
    "forged-source": ("123456789012.dkr.ecr.us-east-1.amazonaws.com", 0, 1),
    "s3-object-created": ("123456789012.dkr.ecr.us-east-1.amazonaws.com", 0, 1),
}
AUTHORIZER: dict[str, bool] = {
    "token": True,
    "request": True,
    "token-unknown": False,
    "token-malformed": False,
    "jwt": False,
}
RECONCILE = ["schedule", "rule", "template-input"]


def test_every_event_is_expected_to_do_something() -> None:
    """Each file has a row in one of the tables of this module, and each row a file; each function has events."""
    rows = {
        *(f"registration/{name}" for name in API),
        *(f"relay/{name}" for name in RELAY),
        *(f"push_trigger/{name}" for name in PUSHES),
        *(f"authorizer/{name}" for name in AUTHORIZER),
        *(f"reconcile/{name}" for name in RECONCILE),
        *WORKERS,
    }
    functions = {path.parent.name for path in EVENTS.parent.glob("functions/*/__init__.py")}
    assert rows == set(FILES)
    assert {name.partition("/")[0] for name in FILES} == functions


@pytest.mark.parametrize("name", API)
def test_api_events(name: str) -> None:
    """Each API Gateway event gets the status, and each refusal its reason with a hint, in one envelope."""
    status, reason = API[name]
    answer = World().feed(f"registration/{name}")
    assert (answer["statusCode"], answer["isBase64Encoded"]) == (status, False)
    errors = (answer["document"] or {}).get("errors", [])
    assert reason in [error["code"] for error in errors] or (not reason and not errors)
    assert all(error["hint"] for error in errors)


@pytest.mark.parametrize("name", ["get", "patch", "delete", "reload", "health", "artifact"])
def test_api_events_for_a_plugin_that_is_not_there(name: str) -> None:
    """The events name one id; where there is no such plugin they all get the same 404."""
    answer = World(None).feed(f"registration/{name}")
    assert answer["statusCode"] == 404
    assert [error["code"] for error in answer["document"]["errors"]] == ["not_found"]


@pytest.mark.parametrize("name", AUTHORIZER)
def test_authorizer_events(name: str) -> None:
    """A known token gets a policy for the stage, everything else `Unauthorized`."""
    if not AUTHORIZER[name]:
        with pytest.raises(Unauthorized):
            World().feed(f"authorizer/{name}")
        return
    answer = World().feed(f"authorizer/{name}")
    assert answer["principalId"] == "tok_0f1e2d3c4b5a6978"
    assert answer["policyDocument"]["Statement"][0]["Effect"] == "Allow"
    assert all(isinstance(value, str) for value in answer["context"].values())


@pytest.mark.parametrize("path", WORKERS)
def test_worker_events(path: str) -> None:
    """Each batch brings the plugin on by one step, and names exactly the deliveries that failed."""
    before, generation, after, failing = WORKERS[path]
    world = World(status=before, generation=generation)
    answer = world.feed(path)
    assert world.plugin().status == after
    sent = [record["messageId"] for record in load_event(path)["Records"]]
    failed = [entry["itemIdentifier"] for entry in answer["batchItemFailures"]]
    assert failed == sent[len(sent) - failing :]


@pytest.mark.parametrize("path", WORKERS)
def test_worker_events_for_a_plugin_that_is_gone(path: str) -> None:
    """A plugin that was deleted meanwhile is nobody's failure, and nothing brings it back."""
    world = World(None)
    answer = world.feed(path)
    assert len(answer["batchItemFailures"]) == WORKERS[path][3]
    assert world.table.all_plugins() == []


@pytest.mark.parametrize("name", PUSHES)
def test_push_events(name: str) -> None:
    """A push of the tag that a plugin follows starts one generation; what is no such push starts none."""
    registry, started, failing = PUSHES[name]
    world = World(f"oci://{registry}/plugins/my-plugin:v1.0.0", status="ready")
    answer = world.feed(f"push_trigger/{name}")
    assert world.plugin().generation == 1 + started
    assert len(answer["batchItemFailures"]) == failing


@pytest.mark.parametrize("name", RECONCILE)
def test_schedule_events(name: str) -> None:
    """Each shape of a schedule's event sends the due plugin's message once; the second tick has nothing to send."""
    world = World()
    world.feed(f"reconcile/{name}")
    world.feed(f"reconcile/{name}")
    assert world.sent == ["ValidateCommand"]


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """The relay's queues and bus; one more queue hears everything that is published."""
    for name, value in (
        ("AWS_ACCESS_KEY_ID", "x"),
        ("AWS_SECRET_ACCESS_KEY", "x"),
        ("AWS_DEFAULT_REGION", "us-east-1"),
    ):
        monkeypatch.setenv(name, value)
    with mock_aws():
        sqs, events = boto3.client("sqs"), boto3.client("events")
        urls = {name: sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("validation", "pull", "health", "bus")}
        for name in ("validation", "pull", "health"):
            monkeypatch.setenv(f"{name.upper()}_QUEUE_URL", urls[name])
        events.create_event_bus(Name="plugins")
        monkeypatch.setenv("EVENT_BUS_NAME", "plugins")
        events.put_rule(Name="all", EventBusName="plugins", EventPattern='{"source": ["plugport"]}')
        arn = sqs.get_queue_attributes(QueueUrl=urls["bus"], AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        events.put_targets(Rule="all", EventBusName="plugins", Targets=[{"Id": "1", "Arn": arn}])
        relay_handler._composition.cache_clear()
        yield {"sqs": sqs, "urls": urls}
        relay_handler._composition.cache_clear()


@pytest.mark.parametrize("name", RELAY)
def test_relay_events(name: str, aws: dict[str, Any]) -> None:
    """Each stream batch puts on the queues, and publishes, exactly what its committed events ask for."""
    queues, published = RELAY[name]
    relay_handler.lambda_handler(load_event(f"relay/{name}"), None)
    waiting = {name: _bodies(aws, name) for name in aws["urls"]}
    assert sorted(queue for queue in ("validation", "pull", "health") for _ in waiting[queue]) == sorted(queues)
    assert [body["detail-type"] for body in waiting["bus"]] == published
    assert all(message["plugin_id"] == PLUGIN_ID for queue in queues for message in waiting[queue])


def test_event_commands_are_commands() -> None:
    """The bodies that register plugins are the product document's own: their commands parse."""
    for name in ("create-file", "create-grpc", "create-oci"):
        document = World().feed(f"registration/{name}")["document"]
        command = document["data"]["attributes"]["command"]
        assert str(parse_command(command)) == command


def _bodies(aws: dict[str, Any], queue: str) -> list[dict[str, Any]]:

    answer = aws["sqs"].receive_message(QueueUrl=aws["urls"][queue], MaxNumberOfMessages=10)
    return [json.loads(message["Body"]) for message in answer.get("Messages", [])]


def test_environments_for_sam_local_are_complete() -> None:
    """`events/env.json` has every variable that a function needs, and none that it does not read."""
    for logical_id, given in json.loads((EVENTS / "env.json").read_text()).items():
        name = re.sub(r"(?<!^)(?=[A-Z])", "_", logical_id.removesuffix("Function")).lower()
        settings = importlib.import_module(f"functions.{name}.settings").Settings
        needed = {field.name.upper() for field in dataclasses.fields(settings) if field.default is dataclasses.MISSING}
        assert needed <= set(given) <= settings.environment_names(), logical_id
