"""Set by API what the emulator accepts in a template and drops: time to live, point-in-time recovery, lifecycle.

On AWS the template does it. Values come from the built template, so there is no second place to keep in step.
"""

from collections.abc import Callable, Mapping
from typing import Any

from local.paths import BUILT_TEMPLATE
from local.stack import STACK_NAME, client
from local.state import State


def apply_fixups(state: State) -> None:
    """Bring the emulator's resources to what the built template says; safe to repeat."""
    resources = built_resources()
    found = client(state, "cloudformation").list_stack_resources(StackName=STACK_NAME)["StackResourceSummaries"]
    names = {entry["LogicalResourceId"]: entry["PhysicalResourceId"] for entry in found}
    for logical, resource in resources.items():
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::DynamoDB::Table":
            _fix_table(state, names[logical], properties)
        elif resource["Type"] == "AWS::S3::Bucket" and "LifecycleConfiguration" in properties:
            rules = [lifecycle_rule(rule) for rule in properties["LifecycleConfiguration"]["Rules"]]
            client(state, "s3").put_bucket_lifecycle_configuration(
                Bucket=names[logical], LifecycleConfiguration={"Rules": rules}
            )


def built_resources() -> Mapping[str, Any]:
    """Give the resources of the built template, short intrinsics spelled out."""
    from samcli.yamlhelper import yaml_parse  # noqa: PLC0415 - slow to import, only needed after a build

    resources: Mapping[str, Any] = yaml_parse(BUILT_TEMPLATE.read_text())["Resources"]
    return resources


def lifecycle_rule(rule: Mapping[str, Any]) -> dict[str, Any]:
    """Turn a rule of a template into one of S3's API.

    Raises:
        KeyError: a part of the rule that this translation does not know.
    """
    parts: dict[str, Callable[[Any], dict[str, Any]]] = {
        "Id": lambda value: {"ID": value},
        "Status": lambda value: {"Status": value},
        "Prefix": lambda _: {},
        "ExpirationInDays": lambda value: {"Expiration": {"Days": value}},
        "ExpiredObjectDeleteMarker": lambda value: {"Expiration": {"ExpiredObjectDeleteMarker": value}},
        "NoncurrentVersionExpiration": lambda value: {"NoncurrentVersionExpiration": dict(value)},
        "AbortIncompleteMultipartUpload": lambda value: {"AbortIncompleteMultipartUpload": dict(value)},
    }
    translated: dict[str, Any] = {"Filter": {"Prefix": rule.get("Prefix", "")}}
    for name, value in rule.items():
        translated |= parts[name](value)
    return translated


def _fix_table(state: State, name: str, properties: Mapping[str, Any]) -> None:
    dynamodb = client(state, "dynamodb")
    wanted = properties["TimeToLiveSpecification"]
    if dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]["TimeToLiveStatus"] != "ENABLED":
        dynamodb.update_time_to_live(TableName=name, TimeToLiveSpecification=dict(wanted))
    dynamodb.update_continuous_backups(
        TableName=name, PointInTimeRecoverySpecification=dict(properties["PointInTimeRecoverySpecification"])
    )
