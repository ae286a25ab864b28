"""command_validation: validation queue → judged record."""

import time
from collections.abc import Mapping
from functools import cache
from typing import Any

from functions.command_validation.settings import Settings
from functions.command_validation.use_case import validate_command
from shared.aws import client
from shared.commands import PolicySettings
from shared.egress import SystemResolver
from shared.plugins.dynamodb_store import DynamoDBStore
from shared.worker import LambdaContext, Worker, environment


@cache
def _composition() -> Worker:
    settings = Settings.from_environment(environment())
    policy = PolicySettings.from_environment(environment())
    table = DynamoDBStore(client=client("dynamodb"), table_name=settings.table_name, clock=time.time)
    resolver = SystemResolver()
    return Worker(
        service="command_validation",
        kind="ValidateCommand",
        queue_arn=settings.queue_arn,
        clock=time.time,
        work=lambda message, _: validate_command(
            message, table=table, settings=policy, resolver=resolver, clock=time.time
        ),
    )


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> Mapping[str, Any]:
    """Validate the commands of one batch; names exactly the messages that must come again."""
    return _composition().handle(event, context)
