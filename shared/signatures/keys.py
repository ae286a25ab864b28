"""The public keys that the operator configured; a command may narrow them, never add one.

| variable | value | key id |
|---|---|---|
| OCI_PLUGINS_PUBLIC_KEY_<N> | path (PEM text is taken, too) | N |
| OCI_PLUGINS_PUBKEY_FILE_<NAME> | path | NAME |
| OCI_PLUGINS_PUBKEY_<N or NAME> | PEM text | N or NAME |

The text is checked for its frame only (https://www.rfc-editor.org/rfc/rfc7468#section-13); the verifier parses it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, Protocol

from shared.errors import Refused
from shared.signatures.reasons import (
    INVALID_PUBLIC_KEY,
    NO_PUBLIC_KEY,
    PUBKEY_PATH_NOT_ALLOWED,
    PUBKEY_REFERENCE_NOT_ALLOWED,
    PUBLIC_KEY_NOT_FOUND,
)

MAX_KEY_BYTES: Final = 16 * 1024  # an RSA key of 16384 bits takes under 3 KiB
#: The one that the product documents comes first; FILE_ before the form that would take it for a part of a name.
_VARIABLES: Final = (
    ("OCI_PLUGINS_PUBLIC_KEY_", "path"),
    ("OCI_PLUGINS_PUBKEY_FILE_", "path"),
    ("OCI_PLUGINS_PUBKEY_", "pem"),
)
_KEY_ID: Final = re.compile(r"[A-Z0-9_]+", re.ASCII)
_PEM: Final = re.compile(
    r"\s*-----BEGIN (?P<label>(?:RSA )?PUBLIC KEY)-----\r?\n(?:[^-\r\n]+\r?\n)+-----END (?P=label)-----\s*", re.ASCII
)
_PEM_MARK: Final = "-----BEGIN "
_ENVIRONMENT_REFERENCE: Final = "env:"
_FILE_REFERENCE: Final = "file:"
_KEY_FILE_ENDINGS: Final = (".pub", ".pem", ".key")


class KeyFiles(Protocol):
    """Reads key files."""

    def read(self, path: str, max_bytes: int) -> bytes | None:
        """Give at most `max_bytes` + 1 bytes of a regular file; None if there is none to read."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A configured public key.

    Attributes:
        key_id: number or name, as `pubkey=` has it (in upper case).
        variable: where it is configured.
        source: file or pem.
        path: of the file; "" for pem.
        pem: the text.
    """

    key_id: str
    variable: str
    source: Literal["file", "pem"]
    path: str
    pem: str


@dataclass(frozen=True, slots=True)
class _Configured:
    key_id: str
    variable: str
    value: str
    form: str
    rank: int

    @property
    def order(self) -> tuple[int, bool, int, str]:
        """Kinds as in the table; in each, numbers first and by value."""
        is_number = self.key_id.isdigit()
        return self.rank, not is_number, int(self.key_id) if is_number else 0, self.key_id


def resolve_public_keys(
    environment: Mapping[str, str], *, pubkey_parameter: str | None, required: bool, files: KeyFiles
) -> tuple[PublicKey, ...]:
    """Give the keys of which one must have signed: all that are configured, or those that the command narrows to.

    Args:
        environment: the variables above; empty ones count as unset.
        pubkey_parameter: the command's `pubkey=`: number or name (letter case is ignored) of a configured key, or
            `env:` and its variable; None or "" for all.
        required: a signature is required, so that no key at all is an error.
        files: reads key files.

    Raises:
        Refused: `no_public_key`, `public_key_not_found`, `invalid_public_key`, `pubkey_reference_not_allowed`,
            `pubkey_path_not_allowed`. One broken key fails all: verification must not get weaker by accident.
    """
    configured = _configured(environment)
    chosen = _narrowed(configured, pubkey_parameter) if pubkey_parameter else configured
    if required and not chosen:
        raise Refused(NO_PUBLIC_KEY)
    return tuple(_loaded(key, files) for key in chosen)


def _configured(environment: Mapping[str, str]) -> tuple[_Configured, ...]:
    found = []
    for variable, value in environment.items():
        for rank, (prefix, form) in enumerate(_VARIABLES):
            key_id = variable.removeprefix(prefix)
            if key_id != variable and _KEY_ID.fullmatch(key_id):
                if value.strip():
                    found.append(_Configured(key_id, variable, value, form, rank))
                break
    return tuple(sorted(found, key=lambda key: key.order))


def _narrowed(configured: tuple[_Configured, ...], parameter: str) -> tuple[_Configured, ...]:
    if parameter.startswith(_FILE_REFERENCE):
        raise Refused(PUBKEY_REFERENCE_NOT_ALLOWED)
    if parameter.startswith(_ENVIRONMENT_REFERENCE):
        variable = parameter.removeprefix(_ENVIRONMENT_REFERENCE)
        chosen = tuple(key for key in configured if key.variable == variable)
        if not chosen:
            raise Refused(PUBKEY_REFERENCE_NOT_ALLOWED)
        return chosen
    if "/" in parameter or parameter.lower().endswith(_KEY_FILE_ENDINGS):
        raise Refused(PUBKEY_PATH_NOT_ALLOWED)
    chosen = tuple(key for key in configured if key.key_id == parameter.upper())
    if not chosen:
        raise Refused(PUBLIC_KEY_NOT_FOUND, f"no key {parameter} is configured")
    return chosen


def _loaded(key: _Configured, files: KeyFiles) -> PublicKey:
    if key.form == "pem" or _PEM_MARK in key.value:
        return PublicKey(key.key_id, key.variable, "pem", "", _checked(key.value, key.variable))
    path = key.value.strip()
    if not path.startswith("/"):
        raise Refused(INVALID_PUBLIC_KEY, f"{key.variable}: the path is not absolute")
    data = files.read(path, MAX_KEY_BYTES)
    if data is None:
        raise Refused(PUBLIC_KEY_NOT_FOUND, f"{key.variable}: no file at {path}")
    try:
        text = data.decode("ascii")
    except UnicodeDecodeError as error:
        raise Refused(INVALID_PUBLIC_KEY, f"{key.variable}: {path} is not PEM") from error
    return PublicKey(key.key_id, key.variable, "file", path, _checked(text, key.variable))


def _checked(text: str, variable: str) -> str:
    """Give the text if it is one framed public key; the message never repeats it: it may be a private one."""
    if len(text) > MAX_KEY_BYTES or not _PEM.fullmatch(text):
        raise Refused(INVALID_PUBLIC_KEY, f"{variable}: not one PEM public key")
    return text
