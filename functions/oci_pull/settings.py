"""Settings of oci_pull."""

from dataclasses import dataclass
from typing import ClassVar

from shared.commands import POLICY_VARIABLES
from shared.settings import EnvironmentSettings


@dataclass(frozen=True, slots=True)
class Settings(EnvironmentSettings):
    """What the function needs beside the policy.

    Attributes:
        table_name: the plugin table.
        bucket_name: the bucket of artifacts and receipts.
        queue_arn: the only queue that it serves.
        platforms: wanted platforms of an image index, comma-separated.
        registry_credentials_secret: name or ARN of the secret that holds OCI_PLUGINS_REGISTRY_* values as one JSON
            object; empty where the function's own environment has them or none are needed.
    """

    table_name: str
    bucket_name: str
    queue_arn: str
    platforms: str = "linux/amd64,linux/arm64"
    registry_credentials_secret: str = ""
    also_reads: ClassVar[frozenset[str]] = POLICY_VARIABLES
