"""The `WWW-Authenticate` header, read within bounds: https://www.rfc-editor.org/rfc/rfc9110#section-11.6.1."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from shared.errors import Refused
from shared.registry.reasons import REGISTRY_AUTH_FAILED

MAX_CHALLENGE_CHARACTERS: Final = 8192
_MAX_PARTS: Final = 64
_PART: Final = re.compile(
    r"[\s,]*+(?:(?P<key>[\w!#$%&'*+.^`|~-]+)\s*=\s*(?:\"(?P<quoted>(?:[^\"\\]|\\.)*+)\"|(?P<plain>[^\s,\"]++))"
    r"|(?P<scheme>[\w!#$%&'*+.^`|~-]++)(?=[\s,]|\Z))",
    re.ASCII | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Challenge:
    """One way to authenticate that the registry offers.

    Attributes:
        scheme: lower case.
        parameters: by lower-case name.
    """

    scheme: str
    parameters: Mapping[str, str]


def parse_challenges(header: str) -> tuple[Challenge, ...]:
    """Read the challenges in their order; what follows something unreadable is left out.

    Raises:
        Refused: `registry_auth_failed` where the header is longer than any real one or says something twice.
    """
    if len(header) > MAX_CHALLENGE_CHARACTERS:
        raise Refused(REGISTRY_AUTH_FAILED, "the challenge is too long")
    found: list[tuple[str, dict[str, str]]] = []
    position = 0
    for _ in range(_MAX_PARTS):
        match = _PART.match(header, position)
        if match is None:
            break
        position = match.end()
        if match["scheme"] is not None:
            found.append((match["scheme"].lower(), {}))
        elif found:
            _add(found[-1][1], match["key"].lower(), match["quoted"], match["plain"])
    return tuple(Challenge(scheme, parameters) for scheme, parameters in found)


def _add(parameters: dict[str, str], key: str, quoted: str | None, plain: str | None) -> None:
    if key in parameters:
        raise Refused(REGISTRY_AUTH_FAILED, "the challenge has a parameter twice")
    parameters[key] = re.sub(r"\\(.)", r"\1", quoted, flags=re.DOTALL) if quoted is not None else plain or ""
