"""Why there is no usable public key."""

from typing import Final

from shared.errors import Reason

NO_PUBLIC_KEY = Reason(
    "no_public_key",
    "a signature is required and no public key is configured",
    "Set OCI_PLUGINS_PUBLIC_KEY_1 to the path of the publisher's public key, or OCI_PLUGINS_PUBKEY_1 to its PEM text.",
)
PUBLIC_KEY_NOT_FOUND = Reason(
    "public_key_not_found",
    "there is no such public key",
    "Check the number or name in pubkey=, and that the configured file is where the functions can read it.",
)
INVALID_PUBLIC_KEY = Reason(
    "invalid_public_key",
    "what is configured is not a public key",
    "Give one PEM block BEGIN PUBLIC KEY with real line breaks, or the absolute path of such a file; "
    "if it was a private key, replace the pair.",
)
PUBKEY_REFERENCE_NOT_ALLOWED = Reason(
    "pubkey_reference_not_allowed",
    "a command may only name a configured key",
    "Write pubkey=<number or name of a configured key>; what is trusted is the operator's to configure.",
)
PUBKEY_PATH_NOT_ALLOWED = Reason(
    "pubkey_path_not_allowed",
    "a command may not name a key file",
    "Configure the file as OCI_PLUGINS_PUBLIC_KEY_<N> and write pubkey=<N>.",
)

REASONS: Final[tuple[Reason, ...]] = (
    NO_PUBLIC_KEY,
    PUBLIC_KEY_NOT_FOUND,
    INVALID_PUBLIC_KEY,
    PUBKEY_REFERENCE_NOT_ALLOWED,
    PUBKEY_PATH_NOT_ALLOWED,
)
