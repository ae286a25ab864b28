"""The WWW-Authenticate header, read within bounds."""

import pytest

from shared.errors import Refused
from shared.registry.challenges import Challenge, parse_challenges


@pytest.mark.parametrize(
    ("header", "challenges"),
    [
        ('Bearer realm="r",service="s"', (Challenge("bearer", {"realm": "r", "service": "s"}),)),
        ("bearer realm=r", (Challenge("bearer", {"realm": "r"}),)),
        (
            'Basic realm="a\\"b", Bearer realm="c"',
            (Challenge("basic", {"realm": 'a"b'}), Challenge("bearer", {"realm": "c"})),
        ),
        ("Negotiate, Basic", (Challenge("negotiate", {}), Challenge("basic", {}))),
        ('Bearer realm="a,b=c"', (Challenge("bearer", {"realm": "a,b=c"}),)),
        ('Bearer realm="unclosed', (Challenge("bearer", {}),)),
        ("", ()),
        (", ,", ()),
    ],
)
def test_challenges_are_parsed(header: str, challenges: tuple[Challenge, ...]) -> None:
    """Quoted and plain values, several challenges, unreadable ends."""
    assert parse_challenges(header) == challenges


@pytest.mark.parametrize("header", ["x" * 8193, 'Bearer realm="a", realm="b"'])
def test_a_challenge_beyond_its_bounds_is_refused(header: str) -> None:
    """Longer than any real one, or saying something twice."""
    with pytest.raises(Refused):
        parse_challenges(header)
