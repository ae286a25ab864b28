"""OCI references and the parameters behind them.

Repository, tag and limits: https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-manifests
Digest: https://github.com/opencontainers/image-spec/blob/v1.1.1/descriptor.md#digests
Platforms: the os and architecture values of https://github.com/opencontainers/image-spec/blob/v1.1.1/image-index.md
"""

import re
from typing import Final, NoReturn
from urllib.parse import unquote

from shared.commands.errors import CommandError
from shared.commands.hosts import HOST_TEXT, MAX_LABEL_OCTETS, PLAIN_NAME, bracketed, canonical_host
from shared.commands.model import DEFAULT_TAG, NO_PARAMETERS, OciCommand, OciParameters
from shared.commands.ports import MAX_PORT, PORT, PORT_TEXT
from shared.commands.reasons import (
    DUPLICATE_PARAMETER,
    INVALID_ARCH,
    INVALID_DIGEST,
    INVALID_PARAMETER,
    INVALID_PORT,
    INVALID_REGISTRY,
    INVALID_REPOSITORY,
    INVALID_TAG,
    MISSING_REGISTRY,
    MISSING_REPOSITORY,
    PERCENT_ENCODING_NOT_ALLOWED,
    UNEXPECTED_FRAGMENT,
    UNKNOWN_PARAMETER,
    USERINFO_NOT_ALLOWED,
)

MAX_REPOSITORY_CHARACTERS: Final = 255

_SEGMENT: Final = r"[a-z0-9]++(?:(?:__?|\.|-++)[a-z0-9]++)*+"
_REPOSITORY: Final = rf"{_SEGMENT}(?:/{_SEGMENT})*+"
_TAG: Final = r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}+"
_DIGEST: Final = r"(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})"
_REFERENCE: Final = re.compile(
    rf"(?:({PLAIN_NAME})|({HOST_TEXT}))(?::({PORT_TEXT}))?/({_REPOSITORY})"
    rf"(?::({_TAG}))?(?:@({_DIGEST}))?(?:\?([!-\"$-~]*+))?",
    re.ASCII,
)
_REGISTRY: Final = re.compile(rf"({HOST_TEXT})(?::({PORT_TEXT}))?", re.ASCII)
_REPOSITORY_ONLY: Final = re.compile(_REPOSITORY, re.ASCII)
_TAG_ONLY: Final = re.compile(_TAG, re.ASCII)

_ESCAPES: Final = re.compile(r"(?:[^%]++|%[0-9A-Fa-f]{2})*+", re.ASCII)
_KEY_NAME: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,62}[A-Za-z0-9])?", re.ASCII)
_CREDENTIAL_NAME: Final = re.compile(r"(?=.{1,128}\Z)[A-Za-z0-9]++(?:[._-][A-Za-z0-9]++)*+", re.ASCII)
PLATFORMS: Final = frozenset(
    f"{system}/{architecture}"
    for system in ("linux", "darwin", "windows")
    for architecture in ("amd64", "arm64", "386", "arm")
)
_PARAMETERS: Final = frozenset(OciParameters._fields)


def match_reference(text: str, start: int = 0) -> OciCommand | None:
    """Parse registry/repository[:tag][@digest][?parameters] from `start` on; None if the grammar does not match.

    Raises:
        CommandError: the form is right and a value in it is not.
    """
    match = _REFERENCE.fullmatch(text, start)
    if match is None:
        return None
    plain, unusual, port, repository, tag, digest, query = match.groups()
    if len(repository) > MAX_REPOSITORY_CHARACTERS:
        raise CommandError(INVALID_REPOSITORY, f"the repository has {len(repository)} characters")
    if port is None and plain is not None and len(plain) <= MAX_LABEL_OCTETS:
        registry = plain.lower()
    else:
        registry = canonical_registry(f"{plain or unusual}:{port}" if port else plain or unusual)
    if tag is None and digest is None:
        tag = DEFAULT_TAG
    params = NO_PARAMETERS if query is None else parse_parameters(query)
    return OciCommand(registry, repository, tag, digest, params)


def canonical_registry(text: str) -> str:
    """Give a registry (host or host:port) in its one form.

    Raises:
        CommandError: `invalid_registry` or `invalid_port`.
    """
    match = _REGISTRY.fullmatch(text)
    host = canonical_host(match[1]) if match else None
    if match is None or host is None:
        _explain_registry(text)
    if match[2] is None:
        return bracketed(*host)
    if int(match[2]) > MAX_PORT:
        raise CommandError(INVALID_PORT)
    return f"{bracketed(*host)}:{match[2]}"


def parse_parameters(query: str) -> OciParameters:
    """Parse name=value pairs joined by '&'; each name once, values percent-decoded once.

    Raises:
        CommandError: `invalid_parameter`, `unknown_parameter`, `duplicate_parameter` or `invalid_arch`.
    """
    given: dict[str, str] = {}
    for pair in query.split("&"):
        name, equals, value = pair.partition("=")
        if not pair:
            raise CommandError(INVALID_PARAMETER, "a parameter is empty", hint="Remove the superfluous '?' or '&'.")
        if name not in _PARAMETERS:
            raise CommandError(UNKNOWN_PARAMETER)
        if name in given:
            raise CommandError(DUPLICATE_PARAMETER, f"{name} is given twice")
        if not equals or not value:
            raise CommandError(INVALID_PARAMETER, f"{name} has no value", hint=f"Give {name} a value or leave it out.")
        given[name] = _parameter(name, value)
    return OciParameters(**given)


def _parameter(name: str, written: str) -> str:
    if not _ESCAPES.fullmatch(written):
        raise CommandError(INVALID_PARAMETER, f"{name} holds a broken percent-escape")
    value = unquote(written, errors="replace")  # what is not ASCII then fails the name check
    if name == "arch":
        if value not in PLATFORMS:
            raise CommandError(INVALID_ARCH)
    elif not (_KEY_NAME if name == "pubkey" else _CREDENTIAL_NAME).fullmatch(value):
        raise CommandError(
            INVALID_PARAMETER, f"{name} is not a name", hint=f"{name} takes the name of something configured, no path."
        )
    return value


def explain_reference(text: str) -> NoReturn:
    """Find the first thing that is wrong with a reference; called only for what `match_reference` does not match.

    Raises:
        CommandError: always, with exactly one reason.
    """
    reference = text.partition("?")[0]
    if "#" in text:
        raise CommandError(UNEXPECTED_FRAGMENT)
    registry, _, rest = reference.partition("/")
    if not registry:
        raise CommandError(MISSING_REGISTRY)
    if "@" in registry:
        raise CommandError(USERINFO_NOT_ALLOWED)
    canonical_registry(registry)
    name, at, digest = rest.partition("@")
    repository, colon, tag = name.partition(":")
    _explain_repository(repository)
    if at and (not colon or _TAG_ONLY.fullmatch(tag)):
        raise CommandError(INVALID_DIGEST, f"the digest has {len(digest)} characters")
    raise CommandError(INVALID_TAG)


def _explain_repository(repository: str) -> None:
    if not repository:
        raise CommandError(MISSING_REPOSITORY)
    if "%" in repository:
        raise CommandError(PERCENT_ENCODING_NOT_ALLOWED)
    if not _REPOSITORY_ONLY.fullmatch(repository):
        lower = repository.lower()
        if lower != repository and _REPOSITORY_ONLY.fullmatch(lower):
            raise CommandError(INVALID_REPOSITORY, hint=f"Write the repository in lower case: {lower}")
        raise CommandError(INVALID_REPOSITORY)


def _explain_registry(registry: str) -> NoReturn:
    if "%" in registry:
        raise CommandError(PERCENT_ENCODING_NOT_ALLOWED)
    host, colon, port = registry.rpartition(":")
    if colon and port and "]" not in port and canonical_host(host) and not PORT.fullmatch(port):
        raise CommandError(INVALID_PORT)
    raise CommandError(INVALID_REGISTRY)
