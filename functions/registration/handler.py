"""registration: the REST API."""

import os
import time
from functools import cache
from typing import Any

from functions.registration.api import Api
from functions.registration.ports import Ports
from functions.registration.s3_artifact_urls import S3ArtifactUrls
from functions.registration.settings import Settings
from shared.aws import client
from shared.commands import PolicySettings
from shared.plugins.dynamodb_table import DynamoDBTable
from shared.worker import environment


@cache
def _composition() -> Api:
    settings = Settings.from_environment(environment())
    ports = Ports(
        table=DynamoDBTable(client=client("dynamodb"), table_name=settings.table_name, clock=time.time),
        urls=S3ArtifactUrls(bucket_name=settings.bucket_name),
        policy=PolicySettings.from_environment(environment()),
        clock=time.time,
        randomness=os.urandom,
    )
    return Api(ports)


def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Answer one call."""
    return _composition().handle(event)
