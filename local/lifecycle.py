"""Up and down: the emulator and what is deployed to it."""

import shutil
import sys

from local import emulator
from local.deployment import deploy, is_deployed
from local.paths import TEMPORARY
from local.stack import Stack
from local.state import State, exclusive
from local.tokens import ensure_token


def bring_up(*, fresh: bool = False) -> Stack:
    """Bring the stack up; what is there and unchanged is reused.

    Args:
        fresh: forget what is deployed and stored first.

    Raises:
        LocalError: the emulator or the deployment failed.
    """
    with exclusive():
        state = State.load()
        if fresh or not emulator.is_running(state):
            state = emulator.start(emulator.stop(state))
            say(f"emulator on {emulator.endpoint_url(state)}")
        if not is_deployed(state):
            state = deploy(state, say=say)
            ensure_token(state)
            state.save()
    return Stack(state)


def bring_down() -> None:
    """Stop the emulator and the functions that it runs; nothing that it stored is kept."""
    with exclusive():
        emulator.stop(State.load()).save()
        shutil.rmtree(TEMPORARY, ignore_errors=True)


def say(text: str) -> None:
    """Tell a person what happens, on standard error."""
    print(text, file=sys.stderr, flush=True)
