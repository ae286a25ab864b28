"""The function as Lambda runs it: settings, and the table on DynamoDB."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from functions.registration.settings import Settings
from shared.commands import POLICY_VARIABLES
from shared.errors import Refused
from shared.plugins.dynamodb_table import DynamoDBTable
from tests.unit.plugins.tables import moto_table
from tests.unit.registration.fakes import NOW, PLUGINS, LocalGateway


def test_the_settings_name_every_variable() -> None:
    """Those of the policy too: the template must give them all."""
    assert Settings.environment_names() == {"TABLE_NAME", "BUCKET_NAME", *POLICY_VARIABLES}
    with pytest.raises(Refused, match="BUCKET_NAME"):
        Settings.from_environment({"TABLE_NAME": "plugins"})


def test_importing_the_handler_touches_nothing() -> None:
    """No setting is read and no client is made, and what only some calls need is not loaded."""
    code = (
        "import sys, functions.registration.handler, functions.authorizer.handler;"
        "heavy = {'boto3', 'botocore', 'requests', 'oras', 'grpc', 'pydantic', 'functions.registration.schemas'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.strip() == "[]"


@pytest.fixture
def gateway() -> Any:
    """The API on a table of DynamoDB."""
    with moto_table(lambda: NOW) as table:
        yield _on(table)


def _on(table: DynamoDBTable) -> LocalGateway:
    return LocalGateway(table=table)  # type: ignore[arg-type]  # the same ports, without the fake's switches


def test_a_plugin_lives_its_life_on_dynamodb(gateway: LocalGateway) -> None:
    """Create, repeat, read, list, change, reload, trail, delete."""
    body = {"name": "P", "command": "grpc://plugins.example.com:50051", "slug": "mine", "is_active": True}
    headers = {"Idempotency-Key": "k1"}
    first, second = (gateway.call("POST", PLUGINS, token=gateway.alice, body=body, headers=headers) for _ in range(2))
    assert (first.status, second.text) == (201, first.text)
    path = f"{PLUGINS}/{first.json['data']['id']}"
    assert gateway.create(gateway.alice, slug="mine").codes == ["slug_taken"]
    assert gateway.call("PATCH", path, token=gateway.alice, body={"slug": "other"}).status == 200
    assert gateway.call("POST", f"{path}/reload", token=gateway.alice).status == 202
    trail = gateway.call("GET", f"{path}/events", token=gateway.alice, query={"after": 1})
    assert [event["id"] for event in trail.json["data"]] == ["2", "3"]
    assert gateway.call("GET", PLUGINS, token=gateway.admin).json["meta"]["total_count"] == 1
    assert gateway.call("GET", path, token=gateway.bob).status == 404
    assert gateway.call("DELETE", path, token=gateway.alice).status == 204
    assert json.loads(gateway.call("GET", PLUGINS, token=gateway.alice).text)["data"] == []
