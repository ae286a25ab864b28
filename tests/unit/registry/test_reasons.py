"""Reasons are stable and complete."""

from shared import strict_json
from shared.errors import Reason
from shared.registry import reasons


def test_every_reason_is_listed_once() -> None:
    """Each constant of the module is in REASONS, under a code of its own."""
    constants = [value for value in vars(reasons).values() if isinstance(value, Reason)]
    assert sorted(constants, key=lambda reason: reason.code) == sorted(reasons.REASONS, key=lambda reason: reason.code)
    codes = [reason.code for reason in (*reasons.REASONS, *strict_json.REASONS)]
    assert len(codes) == len(set(codes))


def test_every_reason_says_what_to_do() -> None:
    """Title and hint are there; the hint is a sentence."""
    for reason in (*reasons.REASONS, *strict_json.REASONS):
        assert reason.title
        assert reason.hint.endswith(".")
