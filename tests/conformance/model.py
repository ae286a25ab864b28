"""What a conformance suite is."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple


class Suite(NamedTuple):
    """One suite: its name, its case files, and the project's code behind it.

    Attributes:
        name: as the cases' README has it.
        files: names of the case files.
        run: case → what the project answers.
        check: case, answer → whether the answer is the expected one.
    """

    name: str
    files: tuple[str, ...]
    run: Callable[[Mapping[str, Any]], dict[str, Any]]
    check: Callable[[Mapping[str, Any], Mapping[str, Any]], bool]
