"""Settings of command_validation."""

from dataclasses import dataclass
from typing import ClassVar

from shared.commands import POLICY_VARIABLES
from shared.settings import EnvironmentSettings


@dataclass(frozen=True, slots=True)
class Settings(EnvironmentSettings):
    """What the function needs beside the policy.

    Attributes:
        table_name: the plugin table.
        queue_arn: the only queue that it serves.
    """

    table_name: str
    queue_arn: str
    also_reads: ClassVar[frozenset[str]] = POLICY_VARIABLES
