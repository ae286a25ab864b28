"""Secrets Manager and SSM Parameter Store as the source of secrets."""

import time
from collections.abc import Callable
from typing import Any, Final

from shared.aws import aws_errors, client
from shared.credentials.reasons import SECRET_INVALID, SECRET_NOT_FOUND
from shared.credentials.references import Store
from shared.credentials.secret import Secret
from shared.errors import NotFound, Refused

MAX_AGE_SECONDS: Final = 300.0
"""A rotated secret is in use after five minutes, or at once after a 401 (`refresh`)."""
_NOT_FOUND_CODES: Final = frozenset({"ResourceNotFoundException", "ParameterNotFound", "ParameterVersionNotFound"})


class AwsSecrets:
    """Implements `SecretSource`; makes a client when the first secret of its store is asked for.

    Safe to keep between invocations: what is remembered is `Secret`, and no longer than `max_age_seconds`.
    """

    def __init__(
        self,
        *,
        make_client: Callable[[str], Any] = client,
        max_age_seconds: float = MAX_AGE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take how clients are made; call nothing."""
        self._make_client = make_client
        self._max_age_seconds = max_age_seconds
        self._clock = clock
        self._clients: dict[str, Any] = {}
        self._remembered: dict[tuple[Store, str], tuple[float, Secret]] = {}

    def fetch(self, store: Store, name: str, *, refresh: bool = False) -> Secret:
        """Give a secret's current text; see `SecretSource.fetch`."""
        now = self._clock()
        known = self._remembered.get((store, name))
        if known is not None and not refresh and now - known[0] < self._max_age_seconds:
            return known[1]
        secret = self._read(store, name)
        self._remembered[store, name] = (now, secret)
        return secret

    def _read(self, store: Store, name: str) -> Secret:
        from botocore.exceptions import ClientError  # noqa: PLC0415 - loaded with the client

        with aws_errors(f"{store} read"):
            service = self._client(store)
            try:
                if store == "ssm":
                    return Secret(service.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"])
                answer = service.get_secret_value(SecretId=name)
            except ClientError as error:
                if error.response.get("Error", {}).get("Code") in _NOT_FOUND_CODES:
                    raise NotFound(SECRET_NOT_FOUND, f"{store} has no {name}") from error
                raise
        if "SecretString" not in answer:
            raise Refused(SECRET_INVALID, f"{name} is binary")
        return Secret(answer["SecretString"])

    def _client(self, store: Store) -> Any:
        if store not in self._clients:
            self._clients[store] = self._make_client(store)
        return self._clients[store]
