"""Each function's role can do its own work and nothing else (the emulator enforces IAM)."""

from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from local.stack import REGION, Stack

pytestmark = pytest.mark.enable_socket

Call = Callable[[Callable[[str], Any], dict[str, str]], Any]


def read_tokens(client: Callable[[str], Any], outputs: dict[str, str]) -> Any:
    """Read the tokens table."""
    return client("dynamodb").get_item(TableName=outputs["TokensTableName"], Key={"pk": {"S": "TOKEN#none"}})


def read_plugins(client: Callable[[str], Any], outputs: dict[str, str]) -> Any:
    """Read the plugin table."""
    key = {"pk": {"S": "ID#none"}, "sk": {"S": "ID"}}
    return client("dynamodb").get_item(TableName=outputs["TableName"], Key=key)


def list_due(client: Callable[[str], Any], outputs: dict[str, str]) -> Any:
    """Query the due index."""
    return client("dynamodb").query(
        TableName=outputs["TableName"],
        IndexName="due",
        KeyConditionExpression="due_shard = :shard",
        ExpressionAttributeValues={":shard": {"S": "none"}},
    )


def put_artifact(client: Callable[[str], Any], outputs: dict[str, str]) -> Any:
    """Store something under artifacts/."""
    return client("s3").put_object(Bucket=outputs["BucketName"], Key="artifacts/sha256/test", Body=b"")


def delete_artifact(client: Callable[[str], Any], outputs: dict[str, str]) -> Any:
    """Delete something under artifacts/."""
    return client("s3").delete_object(Bucket=outputs["BucketName"], Key="artifacts/sha256/test")


def receive_pull(client: Callable[[str], Any], outputs: dict[str, str]) -> Any:
    """Receive from the pull queue."""
    return client("sqs").get_queue_attributes(QueueUrl=outputs["PullQueueUrl"], AttributeNames=["QueueArn"])


ALLOWED: list[tuple[str, Call]] = [
    ("Authorizer", read_tokens),
    ("Registration", read_plugins),
    ("CommandValidation", read_plugins),
    ("OciPull", read_plugins),
    ("OciPull", put_artifact),
    ("OciPull", receive_pull),
    ("Reconcile", list_due),
]
REFUSED: list[tuple[str, Call]] = [
    ("Authorizer", read_plugins),
    ("Registration", read_tokens),
    ("Registration", put_artifact),
    ("Registration", list_due),
    ("Relay", read_plugins),
    ("Relay", receive_pull),
    ("CommandValidation", receive_pull),
    ("HealthCheck", put_artifact),
    ("OciPull", delete_artifact),
    ("OciPull", list_due),
    ("PushTrigger", list_due),
]


def clients_of(stack: Stack, function: str) -> Callable[[str], Any]:
    """Give AWS clients under the role of a function."""
    configuration = stack.client("lambda").get_function_configuration(
        FunctionName=stack.outputs[f"{function}FunctionName"]
    )
    session = stack.client("sts").assume_role(RoleArn=configuration["Role"], RoleSessionName="test")["Credentials"]
    return lambda service: boto3.client(  # type: ignore[call-overload]  # the stubs want a literal name
        service,
        endpoint_url=stack.aws_endpoint_url,
        region_name=REGION,
        aws_access_key_id=session["AccessKeyId"],
        aws_secret_access_key=session["SecretAccessKey"],
        aws_session_token=session["SessionToken"],
    )


@pytest.mark.parametrize(("function", "call"), ALLOWED)
def test_role_allows_the_functions_own_work(stack: Stack, function: str, call: Call) -> None:
    """What the function is there for succeeds under its role."""
    call(clients_of(stack, function), stack.outputs)


@pytest.mark.parametrize(("function", "call"), REFUSED)
def test_role_refuses_everything_else(stack: Stack, function: str, call: Call) -> None:
    """What belongs to another function is denied."""
    with pytest.raises(ClientError) as refused:
        call(clients_of(stack, function), stack.outputs)
    assert "AccessDenied" in refused.value.response["Error"]["Code"]
