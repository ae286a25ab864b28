"""The system's resolver: deadlines and bounded threads."""

import socket
import time
from collections.abc import Sequence
from threading import Event

import pytest

from shared.egress import SystemResolver
from shared.errors import Transient


def test_answer_comes_through() -> None:
    """What the look-up gives is given on."""

    def look_up(host: str, port: int) -> Sequence[str]:
        return (f"{host}:{port}",)

    assert SystemResolver(look_up=look_up).resolve("a.example", 443, 1) == ("a.example:443",)


def test_hanging_look_up_ends_at_the_deadline() -> None:
    """A look-up that never ends costs its time-out and no more."""
    release = Event()

    def look_up(_host: str, _port: int) -> Sequence[str]:
        release.wait(10)
        return ()

    started = time.monotonic()
    with pytest.raises(Transient, match="name_lookup_timed_out"):
        SystemResolver(look_up=look_up).resolve("slow.example", 443, 0.1)
    assert time.monotonic() - started < 1
    release.set()


def test_threads_are_bounded() -> None:
    """Look-ups that hang keep their threads, and no more than the maximum are ever started."""
    release = Event()
    started: list[str] = []

    def look_up(host: str, _port: int) -> Sequence[str]:
        started.append(host)
        if host == "slow.example":
            release.wait(10)
        return ("8.8.8.8",)

    resolver = SystemResolver(look_up=look_up, max_threads=2)
    for _ in range(4):
        with pytest.raises(Transient, match="name_lookup_timed_out"):
            resolver.resolve("slow.example", 443, 0.05)
    assert started == ["slow.example"] * 2
    release.set()
    assert resolver.resolve("fast.example", 443, 5) == ("8.8.8.8",)


@pytest.mark.parametrize("error", [socket.gaierror(socket.EAI_AGAIN, "again"), OSError("no"), UnicodeError("label")])
def test_failed_look_up_is_transient(error: Exception) -> None:
    """What the system raises becomes our own error; its text is left behind."""

    def look_up(_host: str, _port: int) -> Sequence[str]:
        raise error

    with pytest.raises(Transient, match="name_lookup_failed"):
        SystemResolver(look_up=look_up).resolve("bad.example", 443, 1)
