"""The environment that credentials are read from: the process's own, and one JSON secret over it."""

from collections.abc import Iterator, Mapping
from typing import Final

from shared.credentials.names import (
    CREDENTIAL_FIELDS,
    HOST_FIELD,
    INDIRECT_SUFFIXES,
    PREFIX,
    SECRET_FIELDS,
)
from shared.credentials.ports import SecretSource
from shared.credentials.references import SecretReference, parse_json_secret, parse_reference

SECRET_SETTING: Final = "REGISTRY_CREDENTIALS_SECRET"  # noqa: S105 - the name of a setting
_MERGED_PREFIX: Final = "OCI_PLUGINS_"
_KNOWN_SUFFIXES: Final = tuple(f"_{field}" for field in (*CREDENTIAL_FIELDS, HOST_FIELD))
_OLD_SUFFIXES: Final = tuple(f"_{field}{INDIRECT_SUFFIXES[1]}" for field in SECRET_FIELDS)


class MergedEnvironment(Mapping[str, str]):
    """An environment whose printed form shows how many variables there are, never their values."""

    def __init__(self, *layers: Mapping[str, str]) -> None:
        """Lay the later mappings over the earlier ones."""
        self._values = {name: value for layer in layers for name, value in layer.items()}

    def __getitem__(self, name: str) -> str:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"<environment of {len(self)} variables>"


def load_environment(
    environment: Mapping[str, str], secrets: SecretSource, *, refresh: bool = False
) -> Mapping[str, str]:
    """Lay the secret that `REGISTRY_CREDENTIALS_SECRET` names over the process's environment.

    Only members whose names begin with `OCI_PLUGINS_` are taken over: a secret can't change anything else.

    Args:
        environment: the process's own.
        secrets: reads the secret.
        refresh: read it again even if it is remembered.

    Raises:
        NotFound: `secret_not_found`.
        Refused: `secret_invalid`: it is not one JSON object of texts.
        Transient: the store did not answer.
    """
    setting = environment.get(SECRET_SETTING, "").strip()
    if not setting:
        return environment
    reference = parse_reference(setting) or SecretReference("secretsmanager", setting)
    secret = secrets.fetch(reference.store, reference.name, refresh=refresh)
    document = parse_json_secret(secret, what=SECRET_SETTING)
    chosen = {name: value for name, value in document.items() if name.startswith(_MERGED_PREFIX)}
    return MergedEnvironment(environment, chosen)


def credential_warnings(environment: Mapping[str, str]) -> tuple[str, ...]:
    """Say at the start what in the configuration of credentials is not read, or is read although it is odd."""
    return tuple(warning for name in sorted(environment) if (warning := _warning(name)))


def _warning(name: str) -> str:
    if not name.upper().startswith(PREFIX):
        return ""
    if name != name.upper():
        return f"{name} is not read: names of variables are in upper case"
    if name.endswith(_OLD_SUFFIXES):
        return f"{name} is read; the documented spelling is without the last underscore"
    if not name.endswith(_KNOWN_SUFFIXES):
        return f"{name} is not read: it ends with no known field"
    return ""
