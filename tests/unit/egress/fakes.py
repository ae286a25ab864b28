"""Fakes of egress's ports."""

from collections.abc import Collection, Mapping, Sequence

from shared.commands.reasons import INTERNAL_NETWORK_ADDRESS
from shared.errors import PlugportError, Reason


class FakeResolver:
    """Answers from a table; a list of answers is given out one after the other, the last one for ever."""

    def __init__(self, answers: Mapping[str, Sequence[str] | Sequence[Sequence[str]] | PlugportError]) -> None:
        """Keep host → addresses, host → successive answers, or host → error."""
        self._answers = dict(answers)
        self.asked: list[tuple[str, int, float]] = []

    def resolve(self, host: str, port: int, timeout_seconds: float) -> Sequence[str]:
        """Give the next answer for a host; hosts that are not in the table have no address."""
        self.asked.append((host, port, timeout_seconds))
        answer = self._answers.get(host, ())
        if isinstance(answer, PlugportError):
            raise answer
        if answer and not isinstance(answer[0], str):
            number = sum(name == host for name, _, _ in self.asked) - 1
            return [str(address) for address in answer[min(number, len(answer) - 1)]]
        return [str(address) for address in answer]


class FakePolicy:
    """Refuses the listed addresses and names, and remembers what it was asked."""

    def __init__(self, refused: Collection[str] = ()) -> None:
        """Keep addresses and names."""
        self._refused = frozenset(refused)
        self.asked: list[tuple[str, int, str | None]] = []

    def refuse(self, host: str, port: int, address: str | None) -> Reason | None:
        """Refuse what is listed."""
        self.asked.append((host, port, address))
        return INTERNAL_NETWORK_ADDRESS if (host if address is None else address) in self._refused else None
