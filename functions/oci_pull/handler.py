"""oci_pull: pull queue → stored, verified version."""

import time
from collections.abc import Mapping
from functools import cache
from typing import Any

from functions.oci_pull.puller import OciPuller
from functions.oci_pull.settings import Settings
from functions.oci_pull.use_case import Ports, pull_plugin
from shared.artifacts.s3_store import S3Store, build_s3_client
from shared.aws import client
from shared.commands import PolicySettings
from shared.credentials.aws_ecr import AwsEcr
from shared.credentials.aws_secrets import AwsSecrets
from shared.egress import SystemResolver
from shared.observability import build_logger
from shared.plugins.dynamodb_store import DynamoDBStore
from shared.pulling import RegistryAccess
from shared.worker import LambdaContext, Worker, environment


@cache
def _composition() -> Worker:
    settings = Settings.from_environment(environment())
    policy = PolicySettings.from_environment(environment())
    store = S3Store(client=build_s3_client(), bucket=settings.bucket_name)
    resolver = SystemResolver()
    access = RegistryAccess(
        policy=policy,
        environment=environment(),
        resolver=resolver,
        secrets=AwsSecrets(),
        ecr=AwsEcr(),
        warn=build_logger("oci_pull").warning,
    )
    puller = OciPuller(
        access=access,
        store=store,
        platforms=[name.strip() for name in settings.platforms.split(",") if name.strip()],
    )
    ports = Ports(
        table=DynamoDBStore(client=client("dynamodb"), table_name=settings.table_name, clock=time.time),
        puller=puller,
        receipts=store,
        resolver=resolver,
        clock=time.time,
    )
    return Worker(
        service="oci_pull",
        kind="PullArtifact",
        queue_arn=settings.queue_arn,
        clock=time.time,
        work=lambda message, remaining_seconds: pull_plugin(
            message, settings=policy, ports=ports, remaining_seconds=remaining_seconds
        ),
    )


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> Mapping[str, Any]:
    """Pull the artifacts of one batch; names exactly the messages that must come again."""
    return _composition().handle(event, context)
