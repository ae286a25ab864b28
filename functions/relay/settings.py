"""Settings of the relay."""

from dataclasses import dataclass

from shared.settings import EnvironmentSettings


@dataclass(frozen=True, slots=True)
class Settings(EnvironmentSettings):
    """Where messages and events go.

    Attributes:
        validation_queue_url, pull_queue_url, health_queue_url: the work queues.
        event_bus_name: the bus that subscribers listen on.
    """

    validation_queue_url: str
    pull_queue_url: str
    health_queue_url: str
    event_bus_name: str
