"""A credential: what is sent, how, and to which origin alone."""

import base64
import re
from dataclasses import dataclass
from typing import Final, Literal

from shared.credentials.reasons import CREDENTIAL_ENV_EMPTY, CREDENTIAL_INCOMPLETE, CREDENTIAL_INVALID
from shared.credentials.secret import Secret
from shared.egress.origins import Origin
from shared.errors import Refused

Kind = Literal["anonymous", "entitlement", "basic", "bearer", "identity_token"]
"""anonymous: nothing is sent. entitlement: Basic on every request, never exchanged for a token. basic: user name and
password, sent when the registry asks. bearer: an access token. identity_token: an OAuth2 refresh token for the
registry's token service (from a Docker configuration)."""

DEFAULT_ENTITLEMENT_USER: Final = "token"
MAX_SECRET_CHARACTERS: Final = 16 * 1024  # what fits a header that common registries accept
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_VISIBLE_ASCII: Final = re.compile(r"[!-~]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Credential:
    """What authenticates to one registry.

    Attributes:
        origin: the only scheme, host and port that may get it (and token services that are listed for it).
        kind: how it is used.
        username: "" unless entitlement, basic, or identity_token with one.
        secret: None for anonymous.
    """

    origin: Origin
    kind: Kind = "anonymous"
    username: str = ""
    secret: Secret | None = None

    @property
    def preemptive(self) -> bool:
        """Whether it goes with every request, without a challenge."""
        return self.kind == "entitlement"

    def preemptive_header(self, origin: Origin) -> Secret | None:
        """Give the Authorization value for every request to this origin; None for other kinds and other origins."""
        return self.basic_header(origin) if self.preemptive else None

    def basic_header(self, origin: Origin) -> Secret | None:
        """Give the Authorization value with user name and password for this origin, or None.

        UTF-8 before base64 (https://www.rfc-editor.org/rfc/rfc7617#section-2.1).
        """
        if self.secret is None or self.kind not in {"entitlement", "basic"} or origin != self.origin:
            return None
        pair = f"{self.username}:{self.secret.reveal()}".encode()
        return Secret("Basic " + base64.b64encode(pair).decode("ascii"))


def build_credential(origin: Origin, kind: Kind, username: str, secret: Secret, *, what: str) -> Credential:
    """Check that a credential can be sent, and bind it.

    Args:
        origin: who may get it.
        kind: how it is used.
        username: where the kind has one.
        secret: the value; line breaks at its end are cut off, as files have them.
        what: where it was configured, for messages.

    Raises:
        Refused: `credential_env_empty`, `credential_incomplete` (no user name), `credential_invalid`.
    """
    text = secret.reveal().rstrip("\r\n")
    if not text.strip():
        raise Refused(CREDENTIAL_ENV_EMPTY, f"{what} is empty")
    if kind == "basic" and not username:
        raise Refused(CREDENTIAL_INCOMPLETE, f"{what}: no user name")
    if len(text) > MAX_SECRET_CHARACTERS or _CONTROL.search(text) or not _is_text(text):
        raise Refused(CREDENTIAL_INVALID, f"{what}: a control character, or longer than {MAX_SECRET_CHARACTERS}")
    if ":" in username or _CONTROL.search(username) or not _is_text(username):
        raise Refused(CREDENTIAL_INVALID, f"{what}: the user name holds a colon or a control character")
    if kind in {"bearer", "identity_token"} and not _VISIBLE_ASCII.fullmatch(text):
        raise Refused(CREDENTIAL_INVALID, f"{what}: a token is visible ASCII without blanks")
    return Credential(origin, kind, username, Secret(text))


def _is_text(text: str) -> bool:
    """Say whether it can be encoded: undecodable bytes of an environment come as lone surrogates."""
    return not any("\ud800" <= character <= "\udfff" for character in text)
