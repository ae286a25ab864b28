"""Settings of reconcile."""

from dataclasses import dataclass

from shared.settings import EnvironmentSettings


@dataclass(frozen=True, slots=True)
class Settings(EnvironmentSettings):
    """What the function needs.

    Attributes:
        table_name: the plugin table with its due index.
        validation_queue_url, pull_queue_url, health_queue_url: the work queues.
    """

    table_name: str
    validation_queue_url: str
    pull_queue_url: str
    health_queue_url: str
