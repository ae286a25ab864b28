"""Values that refer to a secret store: `secretsmanager:NAME_OR_ARN[#json-key]` and `ssm:/path`."""

from typing import Final, Literal, NamedTuple

from shared.credentials.reasons import SECRET_INVALID, SECRET_NOT_FOUND
from shared.credentials.secret import Secret
from shared.errors import NotFound, Refused
from shared.strict_json import parse_strict_json

Store = Literal["secretsmanager", "ssm"]
_STORES: Final[tuple[Store, ...]] = ("secretsmanager", "ssm")
MAX_SECRET_BYTES: Final = 64 * 1024
"""Secrets Manager's own limit: https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html."""


class SecretReference(NamedTuple):
    """Where a value really is.

    Attributes:
        store: which store.
        name: name or ARN in it; a path for ssm.
        json_key: the member of the JSON object that the secret is; "" = the whole text.
    """

    store: Store
    name: str
    json_key: str = ""


def parse_reference(text: str) -> SecretReference | None:
    """Read a value that may be a reference; None if it is the value itself.

    Raises:
        Refused: `secret_invalid`: a store's prefix and then no name.
    """
    for store in _STORES:
        if text.startswith(f"{store}:"):
            name, mark, key = text[len(store) + 1 :].partition("#")
            if not name.strip("/") or (mark and not key) or (store == "ssm" and mark):
                raise Refused(SECRET_INVALID, f"a reference to {store} without a usable name or key")
            return SecretReference(store, name, key)
    return None


def member_of(secret: Secret, key: str, *, what: str) -> Secret:
    """Give one text of the JSON object that a secret is.

    Raises:
        NotFound: `secret_not_found`: no such member.
        Refused: `secret_invalid`: no JSON object, or the member is no text.
    """
    document = parse_json_secret(secret, what=what)
    if key not in document:
        raise NotFound(SECRET_NOT_FOUND, f"{what}: no member with the given key")
    return Secret(document[key])


def parse_json_secret(secret: Secret, *, what: str) -> dict[str, str]:
    """Read a secret that is one JSON object of texts.

    Raises:
        Refused: `secret_invalid`; neither the message nor its cause repeats the document.
    """
    try:
        document = parse_strict_json(secret.reveal().encode("utf-8"), max_bytes=MAX_SECRET_BYTES, max_depth=4)
    except Refused as error:
        raise Refused(SECRET_INVALID, f"{what}: {error.reason.title}") from None
    if not isinstance(document, dict) or not all(isinstance(value, str) for value in document.values()):
        raise Refused(SECRET_INVALID, f"{what}: not one JSON object of texts")
    return document
