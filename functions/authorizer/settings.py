"""Settings of the authorizer.

API tokens are the only way in so far: JWTs of a configured issuer are not built yet, so anything that looks like one
is refused like every other unknown token, and there is no setting that could switch them on.
"""

from dataclasses import dataclass

from shared.settings import EnvironmentSettings


@dataclass(frozen=True, slots=True)
class Settings(EnvironmentSettings):
    """What the function needs.

    Attributes:
        tokens_table_name: the table that holds the hashes of API tokens.
    """

    tokens_table_name: str
