"""One invocation of the command: its arguments, and everything of the outside world that it may use."""

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, TextIO

from cli.api import Api
from cli.reasons import NO_ENDPOINT, NO_TOKEN, UNREADABLE_FILE, UsageError
from cli.screen import Screen

if TYPE_CHECKING:
    from shared.egress import Resolver
    from shared.pulling import MakeSession

#: Files that the command reads (bodies, configurations, tokens) are small.
_MAX_FILE_BYTES: Final = 1024 * 1024
DEFAULT_TIMEOUT_SECONDS: Final = 30.0

#: endpoint, token, timeout in seconds → client.
Connect = Callable[[str, str | None, float], Api]


@dataclass(frozen=True, slots=True)
class Invocation:
    """What a subcommand gets.

    Attributes:
        arguments: parsed; options that were not given may be absent.
        environment: the process environment.
        screen: where results go.
        stdin: read where a file name is `-`.
        connect: makes the API client.
        sleep, clock: for waiting; the clock gives seconds.
        resolver: looks registries' names up; None = the system's.
        make_session: connects to registries; None = `shared.egress.build_session`.
    """

    arguments: argparse.Namespace
    environment: Mapping[str, str]
    screen: Screen
    stdin: TextIO
    connect: Connect
    sleep: Callable[[float], None]
    clock: Callable[[], float]
    resolver: "Resolver | None" = None
    make_session: "MakeSession | None" = None

    @property
    def as_json(self) -> bool:
        """True where the result is for a program."""
        return bool(self.option("format") == "json")

    def option(self, name: str) -> object:
        """Give an option, None where it was not given."""
        return getattr(self.arguments, name, None)

    @property
    def endpoint(self) -> str | None:
        """The endpoint where one is given."""
        return str(self.option("endpoint") or self.environment.get("PLUGPORT_ENDPOINT") or "") or None

    def api(self) -> Api:
        """Connect; raises `UsageError` when endpoint or token is missing."""
        endpoint = self.endpoint
        if endpoint is None:
            raise UsageError(NO_ENDPOINT)
        timeout = self.option("timeout")
        seconds = timeout if isinstance(timeout, float) else DEFAULT_TIMEOUT_SECONDS
        return self.connect(endpoint, self._token(), seconds)

    def read(self, name: str) -> str:
        """Read a small text file, `-` for standard input; raises `UsageError`."""
        try:
            if name == "-":
                return self.stdin.read(_MAX_FILE_BYTES)
            with Path(name).open("rb") as file:
                content = file.read(_MAX_FILE_BYTES + 1)
            if len(content) > _MAX_FILE_BYTES:
                raise UsageError(UNREADABLE_FILE, f"{name}: larger than {_MAX_FILE_BYTES} bytes")
            return content.decode()
        except (OSError, UnicodeDecodeError) as error:
            cause = error.strerror if isinstance(error, OSError) else "not UTF-8"
            raise UsageError(UNREADABLE_FILE, f"{name}: {cause}") from error

    def _token(self) -> str:
        file = self.option("token_file")
        text = self.read(str(file)) if file else self.option("token") or self.environment.get("PLUGPORT_TOKEN") or ""
        token = str(text).strip()
        if not token:
            raise UsageError(NO_TOKEN)
        if not token.isascii() or not token.isprintable() or " " in token:
            raise UsageError(NO_TOKEN, "the token has characters that no token has")
        return token
