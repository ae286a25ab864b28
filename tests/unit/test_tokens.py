"""API tokens."""

import pytest

from shared.tokens import cursor_key, is_token, new_token, token_key


def test_a_new_token_has_the_shape_of_one() -> None:
    """And no two are alike."""
    tokens = {new_token() for _ in range(100)}
    assert len(tokens) == 100
    assert all(is_token(token) for token in tokens)


@pytest.mark.parametrize(
    "text", ["", "ppt_", "ppt_" + "a" * 42, "ppt_" + "a" * 44, "PPT_" + "a" * 43, "ppt_" + "ä" * 43]
)
def test_nothing_else_has_it(text: str) -> None:
    """So it costs no look-up; neither does a token with a line break behind it."""
    assert not is_token(text)
    assert not is_token(new_token() + "\n")


def test_only_the_hash_is_a_key() -> None:
    """And the secret of cursors can't be told from the key that the table shows to its readers' logs."""
    token = new_token()
    key = token_key(token)
    assert key.startswith("TOKEN#")
    assert len(key) == len("TOKEN#") + 64
    assert token not in key
    assert cursor_key(key) != key.removeprefix("TOKEN#")
    assert cursor_key(key) == cursor_key(token_key(token))
