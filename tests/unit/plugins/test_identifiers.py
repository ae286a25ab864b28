"""Ids, namespaces and slugs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import Refused
from shared.plugins.identifiers import is_plugin_id, new_plugin_id, parse_namespace, parse_slug, slug_from_name

epochs = st.floats(min_value=0, max_value=4_000_000_000)
randomness = st.binary(min_size=10, max_size=10)


@given(epochs, randomness)
def test_a_new_id_is_an_id(epoch: float, noise: bytes) -> None:
    """Whatever the time and the randomness."""
    assert is_plugin_id(new_plugin_id(epoch=epoch, randomness=noise))


@given(epochs, epochs, randomness, randomness)
def test_ids_sort_by_time(one: float, other: float, noise: bytes, more: bytes) -> None:
    """To the millisecond."""
    earlier, later = sorted((int(one * 1000), int(other * 1000)))
    if earlier < later:
        first = new_plugin_id(epoch=min(one, other), randomness=noise)
        assert first < new_plugin_id(epoch=max(one, other), randomness=more)


@pytest.mark.parametrize(
    "text", ["", "1", "plg_", "plg_" + "8" * 26, "plg_" + "0" * 25, "plg_" + "I" * 26, "plg_" + "0" * 26 + "\n", "../x"]
)
def test_nothing_else_is_an_id(text: str) -> None:
    """What can't exist is not looked up."""
    assert not is_plugin_id(text)


@pytest.mark.parametrize("text", ["a1", "my-plugin", "a" * 64, "a-b-c", "x9"])
def test_good_slugs(text: str) -> None:
    """Lower-case words with single dashes."""
    assert parse_slug(text) == text


@pytest.mark.parametrize(
    "text",
    [
        *("", "a", "1", "12", "1a", "A-B", "a--b", "-a", "a-", "a_b", "a.b", "a/b", "a b", "a" * 65, "my-plugin\n"),
        *(
            "\u0430dmin",
            "\uff4dy",
            "my\u200b-x",
            "\ufb01le",
            "..",
            "con",
            "null",
            "undefined",
            "__proto__",
            "0x1f",
            "{{7*7}}",
            "\u212a1",
        ),
        *(None, 5, ["a1"]),
    ],
)
def test_other_slugs_are_refused(text: object) -> None:
    """Never folded or repaired."""
    with pytest.raises(Refused, match="invalid_slug"):
        parse_slug(text)


@pytest.mark.parametrize("text", ["a", "team-a", "1", "a" * 63])
def test_good_namespaces(text: str) -> None:
    """A label of a host name, in lower case."""
    assert parse_namespace(text) == text


@pytest.mark.parametrize("text", ["", "*", "a" * 64, "A", "a--b", "-a", "a_b", "a b", "a\n", "team-a team-b", None, 5])
def test_other_namespaces_are_refused(text: object) -> None:
    """`*` is no namespace, and no text is two."""
    with pytest.raises(Refused, match="invalid_namespace"):
        parse_namespace(text)


@given(st.text(max_size=200), epochs, randomness)
def test_a_slug_can_be_made_from_any_name(name: str, epoch: float, noise: bytes) -> None:
    """And it is one."""
    plugin_id = new_plugin_id(epoch=epoch, randomness=noise)
    slug = slug_from_name(name, plugin_id)
    assert parse_slug(slug) == slug
    assert slug.endswith(plugin_id[-8:])
