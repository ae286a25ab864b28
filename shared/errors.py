"""The one error tree, named by what must happen next.

    PlugportError
    ├── Refused      terminal: someone must act; trying again changes nothing
    │   └── NotFound     the thing asked for is not there (or not yours)
    └── Transient    try again: the cause may go away by itself

Adapters map every foreign exception to one of these. A `Reason` is stable: clients may branch on its `code`.
"""

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Reason:
    """A stable cause with the hint that mends it.

    Attributes:
        code: snake_case identifier, stable across releases.
        title: the cause in a few words, no values in it.
        hint: what a person should do next, one sentence, no values in it.
    """

    code: str
    title: str
    hint: str


class PlugportError(Exception):
    """Base of every error that this project raises on purpose."""

    retryable: ClassVar[bool] = False

    def __init__(self, reason: Reason, message: str = "", *, hint: str = "") -> None:
        """Keep the reason; `message` adds the values (never a secret), `hint` overrides the general one."""
        self.reason = reason
        self.message = message or reason.title
        self.hint = hint or reason.hint
        super().__init__(f"{reason.code}: {self.message}")


class Refused(PlugportError):
    """Terminal: someone must act before this can succeed."""


class NotFound(Refused):
    """The thing asked for does not exist, or the caller may not know that it does."""


class Transient(PlugportError):
    """The cause may go away by itself: try again, with back-off and a bound."""

    retryable: ClassVar[bool] = True
