"""What starts each function on the running stack."""

import json
import time
from typing import Any

import pytest

from local.stack import LOCAL_ECR_SOURCE, STACK_NAME, Stack

pytestmark = pytest.mark.enable_socket

_PATIENCE_SECONDS = 45


def mapping_of(stack: Stack, function: str) -> Any:
    """Give the one event source mapping of a function."""
    name = stack.outputs[f"{function}FunctionName"]
    (mapping,) = stack.client("lambda").list_event_source_mappings(FunctionName=name)["EventSourceMappings"]
    return mapping


@pytest.mark.parametrize("function", ["CommandValidation", "OciPull", "HealthCheck", "PushTrigger"])
def test_queues_get_exact_partial_failures(stack: Stack, function: str) -> None:
    """The queues' functions answer which messages failed."""
    mapping = mapping_of(stack, function)
    assert (mapping["State"], mapping["FunctionResponseTypes"]) == ("Enabled", ["ReportBatchItemFailures"])


def test_relay_is_filtered(stack: Stack) -> None:
    """The stream gives the relay only insertions of audit entries."""
    (rule,) = mapping_of(stack, "Relay")["FilterCriteria"]["Filters"]
    assert json.loads(rule["Pattern"])["dynamodb"]["NewImage"]["kind"]["S"] == ["event"]


def test_pushes_to_the_local_registry_reach_push_trigger(stack: Stack) -> None:
    """An ECR event of the local source starts push_trigger through its queue."""
    before = invocations(stack, "push_trigger")
    detail = {
        "action-type": "PUSH",
        "result": "SUCCESS",
        "repository-name": "nobody/knows",
        "image-digest": "sha256:" + 64 * "0",
        "image-tag": "1",
    }
    entry = {"Source": LOCAL_ECR_SOURCE, "DetailType": "ECR Image Action", "Detail": json.dumps(detail)}
    answer = stack.client("events").put_events(Entries=[entry])
    assert answer["FailedEntryCount"] == 0
    wait_for_invocation(stack, "push_trigger", more_than=before)


def test_objects_under_incoming_reach_push_trigger(stack: Stack) -> None:
    """An object put under incoming/ starts push_trigger through its queue."""
    before = invocations(stack, "push_trigger")
    stack.client("s3").put_object(Bucket=stack.outputs["BucketName"], Key="incoming/none/none/plugin", Body=b"x")
    wait_for_invocation(stack, "push_trigger", more_than=before)


def test_the_schedule_starts_reconcile(stack: Stack) -> None:
    """Reconcile is scheduled each minute with the input that it knows."""
    scheduler = stack.client("scheduler")
    target = stack.client("lambda").get_function_configuration(FunctionName=stack.outputs["ReconcileFunctionName"])[
        "FunctionArn"
    ]
    found = [scheduler.get_schedule(Name=entry["Name"]) for entry in scheduler.list_schedules()["Schedules"]]
    (schedule,) = [entry for entry in found if entry["Target"]["Arn"] == target]
    assert schedule["ScheduleExpression"] == "rate(1 minute)"
    assert json.loads(schedule["Target"]["Input"]) == {"source": "plugport.schedule"}


def invocations(stack: Stack, name: str) -> int:
    """Count a function's finished invocations by its log."""
    group = f"/aws/lambda/{STACK_NAME}-{name}"
    pages = stack.client("logs").get_paginator("filter_log_events").paginate(logGroupName=group)
    return sum(event["message"].startswith("REPORT ") for page in pages for event in page["events"])


def wait_for_invocation(stack: Stack, name: str, *, more_than: int) -> None:
    """Wait until the function has run once more."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while invocations(stack, name) <= more_than:
        assert time.monotonic() < deadline, f"{name} did not run"
        time.sleep(0.2)
