"""JSON that nobody can read in two ways."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import Refused
from shared.strict_json import MAX_JSON_STRUCTURE, parse_strict_json

_MAX_BYTES = 1 << 22


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b'{"a":1,"a":2}', "json_duplicate_key"),
        (b'{"a":{"b":1,"b":1}}', "json_duplicate_key"),
        (b'{"a":1,"\\u0061":2}', "json_duplicate_key"),
        (b"[" * 33 + b"]" * 33, "json_too_deep"),
        (b"[" * 1_000_000, "json_too_deep"),
        (b'{"a":' * 33, "json_too_deep"),
        (b"NaN", "invalid_json"),
        (b"[Infinity]", "invalid_json"),
        (b"-Infinity", "invalid_json"),
        (b"1e400", "invalid_json"),
        (b"-1e400", "invalid_json"),
        (b"9223372036854775808", "invalid_json"),
        (b"-9223372036854775809", "invalid_json"),
        (b"9" * 5000, "invalid_json"),
        (b"\xef\xbb\xbf{}", "invalid_json"),
        ("{}".encode("utf-16"), "invalid_json"),
        (b'{"a":"\xff"}', "invalid_json"),
        (b'"\\ud800"', "invalid_json"),
        (b'{"\\uDC00":1}', "invalid_json"),
        (b'"\xed\xa0\x80"', "invalid_json"),
        (b'"\x00"', "invalid_json"),
        (b"", "invalid_json"),
        (b"{} {}", "invalid_json"),
        (b"[1,]", "invalid_json"),
        (b"01", "invalid_json"),
        (b"'a'", "invalid_json"),
        (b"[" + b"{}," * MAX_JSON_STRUCTURE + b"{}]", "json_too_large"),
    ],
)
def test_a_document_with_two_readings_is_refused(data: bytes, code: str) -> None:
    """Whatever parsers disagree about, or what no honest document needs, is refused by its reason."""
    with pytest.raises(Refused) as refused:
        parse_strict_json(data, max_bytes=_MAX_BYTES)
    assert refused.value.reason.code == code


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b'{"a":[1,-2,1.5,true,null,"x"]}', {"a": [1, -2, 1.5, True, None, "x"]}),
        (b"9223372036854775807", 2**63 - 1),
        (b"-9223372036854775808", -(2**63)),
        (b'"\\ud83d\\ude00"', "\N{GRINNING FACE}"),
        (b'"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["', "[" * 40),
        (b'"\\"[\\\\"', '"[\\'),
        (b"[" * 32 + b"]" * 32, None),
        (b" 1 ", 1),
    ],
)
def test_an_ordinary_document_is_read(data: bytes, value: object) -> None:
    """Values at the bounds and brackets within strings are fine."""
    found = parse_strict_json(data, max_bytes=_MAX_BYTES)
    assert value is None or found == value


def test_size_is_bounded_before_anything_is_read() -> None:
    """One byte over the bound is refused, whatever it is."""
    with pytest.raises(Refused) as refused:
        parse_strict_json(b"\xff" * 11, max_bytes=10)
    assert refused.value.reason.code == "json_too_large"


def test_integers_beyond_64_bits_saturate_where_asked() -> None:
    """A token service's nonsensical lifetime is clamped instead of refused."""
    data = b"[" + b"9" * 5000 + b",-1" + b"0" * 40 + b",18446744073709551615,7]"
    assert parse_strict_json(data, max_bytes=_MAX_BYTES, saturate_integers=True) == [2**63 - 1, -(2**63), 2**63 - 1, 7]


def test_the_message_never_repeats_the_document() -> None:
    """What an attacker wrote does not come back in an error."""
    with pytest.raises(Refused) as refused:
        parse_strict_json(b'{"canary":1,"canary":2}', max_bytes=_MAX_BYTES)
    assert "canary" not in str(refused.value)


def test_an_unclosed_string_of_escapes_is_refused_in_linear_time() -> None:
    """The structure check does not walk the same text again and again."""
    started = time.process_time()
    with pytest.raises(Refused):
        parse_strict_json(b'"' + b'\\"' * 2_000_000, max_bytes=_MAX_BYTES)
    assert time.process_time() - started < 5


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=4),
    max_leaves=20,
)  # fmt: skip


@given(_JSON)
def test_what_the_standard_library_writes_is_read_back(value: object) -> None:
    """Every JSON value within the bounds survives the round trip."""
    assert parse_strict_json(json.dumps(value).encode(), max_bytes=_MAX_BYTES, max_depth=100) == value


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    """Nothing but `Refused` comes out, and what is read the standard library reads the same."""
    try:
        value = parse_strict_json(data, max_bytes=100)
    except Refused:
        return
    assert value == json.loads(data)
