"""What runs and what is deployed, kept in `.local/state.json`."""

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Self

from local.paths import LOCAL, LOCK_FILE, STATE_FILE


@dataclass(frozen=True, slots=True)
class State:
    """The local stack as it was when it was last changed.

    Attributes:
        port: of the emulator, chosen once; 0 before the first start.
        pid: of the emulator; 0 when it was stopped.
        pid_started: when that process started, as the system counts it: a later process with the same id differs.
        fingerprint: of everything that the deployed code and template were made from; empty when nothing is deployed.
        build_rules: fingerprint of what SAM's build cache does not look at.
        built: fingerprint that `.aws-sam/build` was made from.
        template: fingerprint of the deployed template and its parameters.
        artifacts: logical id of each function and layer → fingerprint of the code that runs.
        updated_directly: whether code was changed past CloudFormation since the emulator started.
        outputs: of the CloudFormation stack.
    """

    port: int = 0
    pid: int = 0
    pid_started: str = ""
    fingerprint: str = ""
    build_rules: str = ""
    built: str = ""
    template: str = ""
    artifacts: dict[str, str] = field(default_factory=dict)
    updated_directly: bool = False
    outputs: dict[str, str] = field(default_factory=dict)

    @classmethod
    def load(cls) -> Self:
        """Read the state; the initial one where there is none yet or another version wrote it."""
        try:
            return cls(**json.loads(STATE_FILE.read_text()))
        except (FileNotFoundError, TypeError, ValueError):
            return cls()

    def save(self) -> None:
        """Write the state in one step: a reader sees the old or the new one."""
        LOCAL.mkdir(exist_ok=True)
        draft = STATE_FILE.with_suffix(".new")
        draft.write_text(json.dumps(asdict(self), indent=2, sort_keys=True) + "\n")
        draft.replace(STATE_FILE)

    def stopped(self) -> Self:
        """Give the state after the emulator ended: it keeps nothing, so nothing is deployed."""
        return type(self)(port=self.port, build_rules=self.build_rules, built=self.built)


@contextmanager
def exclusive() -> Iterator[None]:
    """Wait for, then hold the stack's lock: one change at a time."""
    LOCAL.mkdir(exist_ok=True)
    with LOCK_FILE.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
