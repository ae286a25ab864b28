"""The `plugport` command: arguments in, one subcommand, exit code out."""

import argparse
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final

from cli import judging, plugins, tokens
from cli.api import Api, ApiRefused, HttpApi
from cli.arguments import build_parser
from cli.invocation import Invocation
from cli.reasons import FAILED, UNREACHABLE, USAGE, WAIT_TIMED_OUT, UsageError
from cli.screen import Screen, wants_colour
from shared.errors import PlugportError, Transient

#: The whole command on one screen.
SUBCOMMANDS: Final[Mapping[str, Callable[[Invocation], int]]] = {
    "validate": judging.validate,
    "plan": judging.plan,
    "doctor": judging.doctor,
    "register": plugins.register,
    "get": plugins.get,
    "list": plugins.list_plugins,
    "reload": plugins.reload,
    "health": plugins.health,
    "delete": plugins.delete,
    "events": plugins.events,
    "token": tokens.token,
}


def connect(endpoint: str, token: str | None, timeout_seconds: float) -> Api:
    """Make the client of a deployed API."""
    return HttpApi(endpoint, token=token, timeout_seconds=timeout_seconds)


def main(argv: Sequence[str] | None = None) -> int:
    """Run with the process's own environment and streams; give the exit code."""
    screen = Screen(sys.stdout, sys.stderr, colour=wants_colour((sys.stdout, sys.stderr), os.environ))
    invoke = partial(
        Invocation,
        environment=os.environ,
        screen=screen,
        stdin=sys.stdin,
        connect=connect,
        sleep=time.sleep,
        clock=time.monotonic,
    )
    try:
        return run(sys.argv[1:] if argv is None else argv, invoke)
    except KeyboardInterrupt:
        return 130  # 128 + SIGINT, as shells have it
    except BrokenPipeError:
        # The reader has what it wanted (`plugport list | head`); keep the interpreter from flushing into the pipe.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED


def run(argv: Sequence[str], invoke: Callable[[argparse.Namespace], Invocation]) -> int:
    """Run one subcommand and turn its error into the exit code.

    Args:
        argv: without the program's name.
        invoke: arguments → everything that a subcommand may use.
    """
    try:
        arguments = build_parser().parse_args(argv)
    except SystemExit as stop:
        return int(stop.code or 0)
    invocation = invoke(arguments)
    try:
        return SUBCOMMANDS[arguments.subcommand](invocation)
    except PlugportError as error:
        return _report(invocation.screen, error)


def _report(screen: Screen, error: PlugportError) -> int:
    if isinstance(error, ApiRefused):
        for entry in error.entries:
            screen.failure(entry.code, entry.detail, entry.hint)
        return FAILED
    screen.failure(error.reason.code, error.message, error.hint)
    if isinstance(error, UsageError):
        return USAGE
    return UNREACHABLE if isinstance(error, Transient) and error.reason is not WAIT_TIMED_OUT else FAILED
