"""Settings of registration."""

from dataclasses import dataclass
from typing import ClassVar

from shared.commands import POLICY_VARIABLES
from shared.settings import EnvironmentSettings


@dataclass(frozen=True, slots=True)
class Settings(EnvironmentSettings):
    """What the function needs beside the policy.

    Attributes:
        table_name: the plugin table.
        bucket_name: the bucket that artifact URLs point into.
    """

    table_name: str
    bucket_name: str
    also_reads: ClassVar[frozenset[str]] = POLICY_VARIABLES
