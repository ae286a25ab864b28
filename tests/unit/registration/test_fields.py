"""The rules of single fields."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.registration import fields
from shared.errors import Refused


@pytest.mark.parametrize(
    "name", ["P", "Größe", "日本語", "a b", "x" * 200, "👍", "❤️", 'x","y', "${jndi}", "=1+1", "naïve"]
)
def test_visible_names_are_taken_as_they_are(name: str) -> None:
    """Whatever the script, and whatever they would mean elsewhere."""
    assert fields.check_name(name) == name


@pytest.mark.parametrize(
    "name",
    [
        *("", " ", "\u00a0", "x" * 201, "a\nb", "a\rb", "a\x00b", "\x1b[2J", "\u009b2J", "a\u2028b", "a\u2029b"),
        *("a\u200bb", "a\u200db", "\ufeffa", "a\u202eb", "a\u2066b", "a\ud800b", "a\ue000b", "a\ufdd0b", "a\uffffb"),
        *(
            "a\U0001ffffb",
            "x\U000e0041\U000e0042",
            "a\U000e0100",
            "a\u034fb",
            "\u3164",
            "a\u115fb",
            "e\u0301",
        ),
    ],
)
def test_names_that_hide_something_are_refused(name: str) -> None:
    """Control, format, private and invisible characters, half surrogates, noncharacters, decomposed letters."""
    with pytest.raises(Refused, match="invalid_name"):
        fields.check_name(name)


@given(st.text(max_size=220))
def test_a_name_is_taken_unchanged_or_refused(name: str) -> None:
    """Nothing in between, and what is taken can be printed."""
    try:
        assert fields.check_name(name) == name
    except Refused:
        return
    assert unicodedata.is_normalized("NFC", name)
    assert not any(unicodedata.category(character) in {"Cc", "Cf", "Cs"} for character in name)
    assert name.encode()


def test_a_description_has_lines() -> None:
    """And nothing else that is invisible."""
    assert fields.check_description("a\n\tb") == "a\n\tb"
    assert fields.check_description("") == ""
    for text in ("a\rb", "a\x0bb", "a\u202eb"):
        with pytest.raises(Refused, match="description: character 2"):
            fields.check_description(text)


@pytest.mark.parametrize("text", ["", " ", "x" * 65, "a\nb"])
def test_a_plugin_type_is_a_short_visible_text(text: str) -> None:
    """Never empty."""
    with pytest.raises(Refused, match="plugin_type"):
        fields.check_plugin_type(text)


@pytest.mark.parametrize(
    "text", ["", "sha256:", "a" * 63, "a" * 65, "g" * 64, "A" * 64, "sha512:" + "a" * 64, "a" * 64 + "\n"]
)
def test_a_checksum_is_exact(text: str) -> None:
    """One algorithm, lower case."""
    with pytest.raises(Refused, match="invalid_checksum"):
        fields.parse_checksum(text)


def test_a_config_has_bounds() -> None:
    """16 levels and 64 KiB of UTF-8, no NUL anywhere."""
    deep: object = 1
    for _ in range(15):
        deep = [deep]
    assert fields.check_config({"a": deep})
    with pytest.raises(Refused, match="plugin_config_too_deep"):
        fields.check_config({"a": [deep]})
    assert fields.check_config({"a": "ä" * 32_764})
    with pytest.raises(Refused, match="plugin_config_too_large"):
        fields.check_config({"a": "ä" * 32_765})
    assert fields.check_config({"a": "\\u0000"})
    for config in ({"a": ["\x00"]}, {"a\x00": 1}, {"a": "\\\x00"}):
        with pytest.raises(Refused, match="NUL"):
            fields.check_config(config)
