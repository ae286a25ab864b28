"""Settings of push_trigger."""

from dataclasses import dataclass

from shared.settings import EnvironmentSettings


@dataclass(frozen=True, slots=True)
class Settings(EnvironmentSettings):
    """What the function needs.

    Attributes:
        table_name: the plugin table with its source index.
        queue_arn: the only queue that it serves.
        local_ecr_source: a second event source beside `aws.ecr`; set on the local stack only, where nobody but AWS
            may send as `aws.ecr`.
        ecr_registry_host: the registry that `local_ecr_source` speaks for.
    """

    table_name: str
    queue_arn: str
    local_ecr_source: str = ""
    ecr_registry_host: str = ""
