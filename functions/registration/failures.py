"""Several refusals in one answer: a body with three mistakes is told about all three."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from shared.errors import PlugportError, Refused


class Failures(Refused):
    """More than one thing is wrong; the first one is the primary reason.

    Attributes:
        entries: all of them, the primary one first.
    """

    def __init__(self, entries: Iterable[PlugportError]) -> None:
        self.entries = tuple(entries)
        first = self.entries[0]
        super().__init__(first.reason, first.message, hint=first.hint)


class NotServed(Failures):
    """What is asked for is there, and the policy of today does not let anybody have it."""


class Collector:
    """Runs checks one after another and raises what they refused together."""

    def __init__(self) -> None:
        self._entries: list[PlugportError] = []

    @contextmanager
    def check(self) -> Iterator[None]:
        """Keep what the block refuses, and go on."""
        try:
            yield
        except Failures as failures:
            self._entries.extend(failures.entries)
        except Refused as error:
            self._entries.append(error)

    def close(self) -> None:
        """Raise what was kept: `Failures`, or nothing."""
        if self._entries:
            raise Failures(self._entries)
