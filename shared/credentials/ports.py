"""What the credential resolver asks of others."""

from typing import Protocol

from shared.credentials.ecr import EcrRegistry
from shared.credentials.references import Store
from shared.credentials.secret import Secret


class SecretSource(Protocol):
    """Reads secret stores, and remembers what it read for a while."""

    def fetch(self, store: Store, name: str, *, refresh: bool = False) -> Secret:
        """Give a secret's current text.

        Args:
            store: which store.
            name: name or ARN in it.
            refresh: ask again even if it is remembered: a registry did not take the value any more.

        Raises:
            NotFound: `secret_not_found`.
            Refused: `secret_invalid`, or the store does not let us.
            Transient: the store did not answer.
        """


class EcrTokens(Protocol):
    """Gives passwords for Amazon ECR, by the role of the caller."""

    def fetch_password(self, registry: EcrRegistry, *, refresh: bool = False) -> Secret:
        """Give the password of the user `AWS`; remembered until shortly before it expires.

        Raises:
            Refused: the role may not.
            Transient: ECR did not answer.
        """
