"""The order of dialling."""

from shared.egress.connections import in_turns


def test_families_take_turns() -> None:
    """The resolver's first address stays first, then the families alternate."""
    assert in_turns(("2606::1", "2606::2", "8.8.8.8", "9.9.9.9", "1.1.1.1")) == (
        "2606::1",
        "8.8.8.8",
        "2606::2",
        "9.9.9.9",
        "1.1.1.1",
    )
    assert in_turns(("8.8.8.8", "2606::1")) == ("8.8.8.8", "2606::1")
    assert in_turns(()) == ()
