"""health_check: health queue → what was seen."""

import time
from collections.abc import Mapping
from functools import cache
from typing import Any

from functions.health_check.prober import PluginProber
from functions.health_check.settings import Settings
from functions.health_check.use_case import Thresholds, check_health
from shared.aws import client
from shared.commands import PolicySettings
from shared.egress import SystemResolver
from shared.health.s3_objects import S3Objects
from shared.plugins.dynamodb_store import DynamoDBStore
from shared.worker import LambdaContext, Worker, environment


@cache
def _composition() -> Worker:
    settings = Settings.from_environment(environment())
    prober = PluginProber(
        policy=PolicySettings.from_environment(environment()),
        resolver=SystemResolver(),
        objects=S3Objects(None, settings.bucket_name),
        mounts=[mount for mount in settings.file_plugin_mounts.split(",") if mount],
        deadline_seconds=settings.probe_timeout_seconds,
        attempts=settings.connect_attempts,
        pause_seconds=settings.connect_pause_seconds,
    )
    table = DynamoDBStore(client=client("dynamodb"), table_name=settings.table_name, clock=time.time)
    thresholds = Thresholds(settings.failure_threshold, settings.success_threshold)
    return Worker(
        service="health_check",
        kind="CheckHealth",
        queue_arn=settings.queue_arn,
        clock=time.time,
        work=lambda message, _: check_health(
            message, table=table, prober=prober, thresholds=thresholds, clock=time.time
        ),
    )


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> Mapping[str, Any]:
    """Check the plugins of one batch; names exactly the messages that must come again."""
    return _composition().handle(event, context)
