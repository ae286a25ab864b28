"""The system's resolver with a hard deadline: `getaddrinfo` can't be interrupted, so it runs in a thread of its own."""

import socket
import time
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from threading import BoundedSemaphore, Thread
from typing import Final

from shared.egress.reasons import NAME_LOOKUP_FAILED, NAME_LOOKUP_TIMED_OUT
from shared.errors import PlugportError, Transient

MAX_THREADS: Final = 8
"""Look-ups at one time; those whose caller gave up count until the system gives up too."""

#: "There is no such name" and "the name has no address": an empty answer, not a failure of the look-up.
_NO_ADDRESS: Final = frozenset({socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)})

LookUp = Callable[[str, int], Sequence[str]]


def look_up(host: str, port: int) -> Sequence[str]:
    """Give a name's addresses as the system orders them (RFC 6724), without repetitions; blocks as long as it likes.

    Raises:
        OSError: the look-up failed (`socket.gaierror`).
    """
    try:
        answers = socket.getaddrinfo(host, port, family=socket.AF_UNSPEC, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        if error.errno in _NO_ADDRESS:
            return ()
        raise
    return tuple(dict.fromkeys(str(sockaddr[0]) for _, _, _, _, sockaddr in answers))


class SystemResolver:
    """Resolver of the machine. Safe to keep between Lambda invocations and to share between threads."""

    def __init__(self, *, look_up: LookUp = look_up, max_threads: int = MAX_THREADS) -> None:
        """Start nothing yet; `look_up` does the blocking work."""
        self._look_up = look_up
        self._slots = BoundedSemaphore(max_threads)

    def resolve(self, host: str, port: int, timeout_seconds: float) -> Sequence[str]:
        """Give every address of the name; raises `Transient` when the look-up fails or takes too long."""
        deadline = time.monotonic() + timeout_seconds
        if not self._slots.acquire(timeout=timeout_seconds):
            raise Transient(NAME_LOOKUP_TIMED_OUT, f"{host}: too many look-ups are still waiting")
        answer: SimpleQueue[Sequence[str] | PlugportError] = SimpleQueue()
        thread = Thread(target=self._run, args=(host, port, answer), name="name-look-up", daemon=True)
        try:
            thread.start()
        except RuntimeError as error:  # no more threads in this process
            self._slots.release()
            raise Transient(NAME_LOOKUP_FAILED, f"{host}: no thread for the look-up") from error
        try:
            result = answer.get(timeout=max(deadline - time.monotonic(), 0.001))
        except Empty:
            raise Transient(NAME_LOOKUP_TIMED_OUT, f"{host}: no answer in {timeout_seconds:g} s") from None
        if isinstance(result, PlugportError):
            raise result
        return result

    def _run(self, host: str, port: int, answer: "SimpleQueue[Sequence[str] | PlugportError]") -> None:
        try:
            answer.put(self._look_up(host, port))
        except (OSError, UnicodeError) as error:
            answer.put(Transient(NAME_LOOKUP_FAILED, f"{host}: {type(error).__name__}"))
        finally:
            self._slots.release()
