"""Read JSON that nobody can read in two ways: one parser for manifests, tokens, messages and request bodies.

The standard library accepts what others refuse or read differently (duplicate keys, NaN, other encodings, numbers
without bound, any nesting), and what parsers disagree about is what an attacker uses. The bounds are checked on the
bytes, before anything is built from them. Grammar: https://www.rfc-editor.org/rfc/rfc8259, profile close to
https://www.rfc-editor.org/rfc/rfc7493 (I-JSON).
"""

import json
import re
from typing import Any, Final, NoReturn

from shared.errors import Reason, Refused

INVALID_JSON = Reason(
    "invalid_json",
    "the document is not JSON as it is read here",
    "Send UTF-8 JSON without a byte order mark, NaN, Infinity or numbers beyond 64 bits.",
)
JSON_DUPLICATE_KEY = Reason(
    "json_duplicate_key",
    "the document has the same key twice in one object",
    "Remove one of them: readers disagree about which one counts.",
)
JSON_TOO_DEEP = Reason("json_too_deep", "the document is nested too deeply", "Send a flatter document.")
JSON_TOO_LARGE = Reason("json_too_large", "the document is larger than allowed", "Send a smaller document.")
REASONS: Final = (INVALID_JSON, JSON_DUPLICATE_KEY, JSON_TOO_DEEP, JSON_TOO_LARGE)

#: Brackets and commas together: what bounds the memory of the parsed value (about 100 bytes each).
MAX_JSON_STRUCTURE: Final = 200_000
_MAX_INTEGER: Final = 2**63 - 1
_MIN_INTEGER: Final = -(2**63)
_MAX_INTEGER_DIGITS: Final = 20

# A string (possessive, so that an unclosed one is walked once) or one structural character.
_STRUCTURE: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[\[\]{},]', re.DOTALL)
_SURROGATE_ESCAPE: Final = re.compile(rb"\\u[dD][89a-fA-F]")


def parse_strict_json(data: bytes, *, max_bytes: int, max_depth: int = 32, saturate_integers: bool = False) -> Any:
    """Read one JSON document, or refuse it where two readers could disagree.

    Args:
        data: UTF-8 without byte order mark.
        max_bytes: bound of the document's size.
        max_depth: bound of nested arrays and objects, at most 200.
        saturate_integers: give the nearest 64-bit integer for one beyond 64 bits instead of refusing it.

    Raises:
        Refused: `json_too_large`, `json_too_deep`, `json_duplicate_key` or `invalid_json`; the message never
            repeats the document.
    """
    if len(data) > max_bytes:
        raise Refused(JSON_TOO_LARGE, f"more than {max_bytes} bytes")
    _check_structure(data, max_depth)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Refused(INVALID_JSON, f"not UTF-8 at byte {error.start}") from None
    try:
        value = json.loads(
            text,
            object_pairs_hook=_object,
            parse_int=_saturated if saturate_integers else _integer,
            parse_float=_number,
            parse_constant=_refuse_constant,
        )
    except json.JSONDecodeError as error:
        raise Refused(INVALID_JSON, f"{error.msg} at character {error.pos}") from None
    if _SURROGATE_ESCAPE.search(data):
        _refuse_lone_surrogates(value)
    return value


def _check_structure(data: bytes, max_depth: int) -> None:
    depth = 0
    marks = 0
    for match in _STRUCTURE.finditer(data):
        mark = match[0]
        if mark[:1] == b'"':
            continue
        marks += 1
        if mark in b"[{":
            depth += 1
        elif mark in b"]}":
            depth -= 1
        if depth > max_depth:
            raise Refused(JSON_TOO_DEEP, f"more than {max_depth} levels")
        if marks > MAX_JSON_STRUCTURE:
            raise Refused(JSON_TOO_LARGE, f"more than {MAX_JSON_STRUCTURE} brackets and commas")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise Refused(JSON_DUPLICATE_KEY)
    return value


def _integer(text: str) -> int:
    if len(text) <= _MAX_INTEGER_DIGITS:
        value = int(text)
        if _MIN_INTEGER <= value <= _MAX_INTEGER:
            return value
    raise Refused(INVALID_JSON, "an integer beyond 64 bits")


def _saturated(text: str) -> int:
    limit = _MIN_INTEGER if text.startswith("-") else _MAX_INTEGER
    if len(text) > _MAX_INTEGER_DIGITS:
        return limit
    return max(_MIN_INTEGER, min(int(text), _MAX_INTEGER))


def _number(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise Refused(INVALID_JSON, "a number beyond what a double holds")
    return value


def _refuse_constant(_text: str) -> NoReturn:
    raise Refused(INVALID_JSON, "NaN and Infinity are not JSON")


def _refuse_lone_surrogates(value: Any) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        raise Refused(INVALID_JSON, "half of a surrogate pair") from None
