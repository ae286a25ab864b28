"""`~/.docker/config.json`, for the command line: what `docker login` stored in the file itself.

https://docs.docker.com/reference/cli/docker/login/#credential-stores. Functions never read it.
"""

import base64
import binascii
from collections.abc import Mapping
from typing import Any, Final

from shared.credentials.model import Credential, Kind, build_credential
from shared.credentials.reasons import CREDENTIAL_HELPER_NOT_SUPPORTED, DOCKER_CONFIG_INVALID
from shared.credentials.secret import Secret
from shared.egress.origins import Origin, Scheme, parse_authority
from shared.errors import Refused
from shared.strict_json import parse_strict_json

MAX_CONFIG_BYTES: Final = 1024 * 1024
_DOCKER_HUB: Final = frozenset({"docker.io", "index.docker.io", "registry-1.docker.io"})
_TOKENS: Final[tuple[tuple[str, Kind], ...]] = (("identitytoken", "identity_token"), ("registrytoken", "bearer"))


def resolve_docker_credential(data: bytes, registry: str, *, scheme: Scheme = "https") -> Credential:
    """Give the credential that a Docker configuration holds for a registry; anonymous if it holds none.

    Args:
        data: the file's bytes.
        registry: `host[:port]`.
        scheme: http for an insecure registry.

    Raises:
        Refused: `docker_config_invalid`; `credential_helper_not_supported` if a helper program keeps it;
            `credential_invalid`, `credential_incomplete`, `credential_env_empty`.
    """
    origin = parse_authority(registry, scheme)
    document = _parse(data)
    entry = _entry(document, "auths", origin)
    if entry is not None and not isinstance(entry, dict):
        raise Refused(DOCKER_CONFIG_INVALID, "an entry of auths is no object")
    credential = _from_entry(origin, entry or {})
    if credential is not None:
        return credential
    if _entry(document, "credHelpers", origin) or (entry is not None and document.get("credsStore")):
        raise Refused(CREDENTIAL_HELPER_NOT_SUPPORTED, f"{origin.authority}: kept by a helper program")
    return Credential(origin)


def _parse(data: bytes) -> Mapping[str, Any]:
    try:
        document = parse_strict_json(data, max_bytes=MAX_CONFIG_BYTES)
    except Refused as error:
        raise Refused(DOCKER_CONFIG_INVALID, error.reason.title) from None
    if not isinstance(document, dict):
        raise Refused(DOCKER_CONFIG_INVALID, "not an object")
    return document


def _entry(document: Mapping[str, Any], section: str, origin: Origin) -> Any:
    entries = document.get(section, {})
    if not isinstance(entries, dict):
        raise Refused(DOCKER_CONFIG_INVALID, f"{section} is no object")
    return next((entry for key, entry in entries.items() if _is_for(key, origin)), None)


def _is_for(key: str, origin: Origin) -> bool:
    """Compare a key (`host`, `host:port`, or a URL as older clients wrote it) with the registry."""
    bare = key.removeprefix("https://").removeprefix("http://").split("/", 1)[0]
    try:
        stored = parse_authority(bare, origin.scheme)
    except Refused:
        return False
    both_hub = stored.host in _DOCKER_HUB and origin.host in _DOCKER_HUB
    return stored == origin or (both_hub and stored.port == origin.port)


def _from_entry(origin: Origin, entry: Mapping[str, Any]) -> Credential | None:
    user, password = _pair(entry)
    for field, kind in _TOKENS:
        token = entry.get(field)
        if isinstance(token, str) and token:
            name = user if kind == "identity_token" else ""
            return build_credential(origin, kind, name, Secret(token), what=f"{field} of the Docker configuration")
    if not user and not password:
        return None
    return build_credential(origin, "basic", user, Secret(password), what="the Docker configuration")


def _pair(entry: Mapping[str, Any]) -> tuple[str, str]:
    packed = entry.get("auth")
    if isinstance(packed, str) and packed:
        try:
            text = base64.b64decode(packed, validate=True).decode("utf-8").rstrip("\0")
        except (binascii.Error, UnicodeDecodeError):
            raise Refused(DOCKER_CONFIG_INVALID, "an auth is not the base64 of user:password") from None
        user, mark, password = text.partition(":")
        if not mark:
            raise Refused(DOCKER_CONFIG_INVALID, "an auth is not the base64 of user:password")
        return user, password
    user, password = entry.get("username", ""), entry.get("password", "")
    if not isinstance(user, str) or not isinstance(password, str):
        raise Refused(DOCKER_CONFIG_INVALID, "username and password are texts")
    return user, password
