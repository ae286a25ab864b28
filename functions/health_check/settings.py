"""Settings of health_check."""

from dataclasses import dataclass
from typing import ClassVar

from shared.commands import POLICY_VARIABLES
from shared.settings import EnvironmentSettings


@dataclass(frozen=True, slots=True)
class Settings(EnvironmentSettings):
    """What the function needs beside the policy.

    Attributes:
        table_name: the plugin table.
        bucket_name: the bucket of artifacts.
        queue_arn: the only queue that it serves.
        file_plugin_mounts: directories, comma-separated, that this function sees as the gateways do; a file:// command
            outside of them can only be checked by a gateway.
        probe_timeout_seconds: how long one probe may take.
        connect_attempts: how often a new grpc:// plugin is tried before it counts as failed.
        connect_pause_seconds: between these attempts.
        failure_threshold: failed checks in a row that make a plugin unhealthy.
        success_threshold: good checks in a row that make it healthy again.
    """

    table_name: str
    bucket_name: str
    queue_arn: str
    file_plugin_mounts: str = ""
    probe_timeout_seconds: int = 5
    connect_attempts: int = 3
    connect_pause_seconds: int = 2
    failure_threshold: int = 3
    success_threshold: int = 1
    also_reads: ClassVar[frozenset[str]] = POLICY_VARIABLES
