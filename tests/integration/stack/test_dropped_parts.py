"""What the emulator drops from the template is there all the same: the fix-ups set it by API."""

from typing import Any

import pytest

from local.fixups import built_resources, lifecycle_rule
from local.stack import Stack

pytestmark = pytest.mark.enable_socket


@pytest.mark.parametrize("output", ["TableName", "TokensTableName"])
def test_expired_items_are_deleted(stack: Stack, output: str) -> None:
    """Both tables delete items whose `expires_at` has passed."""
    answer = stack.client("dynamodb").describe_time_to_live(TableName=stack.outputs[output])
    assert answer["TimeToLiveDescription"] == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires_at"}


@pytest.mark.parametrize("output", ["TableName", "TokensTableName"])
def test_tables_can_be_restored(stack: Stack, output: str) -> None:
    """Both tables have point-in-time recovery."""
    answer = stack.client("dynamodb").describe_continuous_backups(TableName=stack.outputs[output])
    recovery = answer["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
    assert recovery["PointInTimeRecoveryStatus"] == "ENABLED"


def test_staging_expires(stack: Stack) -> None:
    """The bucket has exactly the template's lifecycle rules."""
    answer = stack.client("s3").get_bucket_lifecycle_configuration(Bucket=stack.outputs["BucketName"])
    properties = built_resources()["ArtifactsBucket"]["Properties"]
    wanted = [lifecycle_rule(rule) for rule in properties["LifecycleConfiguration"]["Rules"]]
    assert _by_id(answer["Rules"]) == _by_id(wanted)


def _by_id(rules: list[dict[str, Any]]) -> dict[str, Any]:
    return {rule["ID"]: rule for rule in rules}
