"""The rules of single fields. Pure: value → value, or `Refused` with the field's reason."""

import json
import re
import unicodedata
from collections.abc import Mapping
from typing import Any, Final

from functions.registration.reasons import (
    CONFIG_TOO_DEEP,
    CONFIG_TOO_LARGE,
    FIELD_INVALID,
    INVALID_CHECKSUM,
    INVALID_NAME,
)
from shared.errors import Reason, Refused

MAX_NAME: Final = 200
MAX_DESCRIPTION: Final = 2000
MAX_PLUGIN_TYPE: Final = 64
MAX_CONFIG_BYTES: Final = 64 * 1024
MAX_CONFIG_DEPTH: Final = 16

_CHECKSUM: Final = re.compile(r"(?:sha256:)?([0-9a-f]{64})", re.ASCII)
#: Control, format (direction marks, zero widths), surrogate and private characters, line and paragraph separators
#: (https://www.unicode.org/reports/tr44/#General_Category_Values).
_REFUSED_CATEGORIES: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
#: Letters and marks that no font shows: fillers, joiners and selectors.
_INVISIBLE: Final = frozenset({0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0, *range(0x180B, 0x1810)})
#: Tags and their neighbours carry hidden text (https://www.unicode.org/charts/PDF/UE0000.pdf).
_TAGS: Final = range(0xE0000, 0xE1000)
#: https://www.unicode.org/faq/private_use.html#noncharacters
_NONCHARACTERS: Final = range(0xFDD0, 0xFDF0)
_PLANE_END: Final = 0xFFFE


def check_name(text: str) -> str:
    """Give a name of 1 to 200 visible characters in NFC, or refuse with `invalid_name`."""
    _check_length("name", text, MAX_NAME, INVALID_NAME)
    if not text.strip():
        raise Refused(INVALID_NAME, "name: blank")
    _check_characters("name", text, INVALID_NAME)
    return text


def check_plugin_type(text: str) -> str:
    """Give a category of 1 to 64 visible characters, or refuse."""
    _check_length("plugin_type", text, MAX_PLUGIN_TYPE, FIELD_INVALID)
    if not text.strip():
        raise Refused(FIELD_INVALID, "plugin_type: blank")
    _check_characters("plugin_type", text, FIELD_INVALID)
    return text


def check_description(text: str) -> str:
    """Give a description of at most 2,000 visible characters, line breaks and tabs, or refuse."""
    _check_length("description", text, MAX_DESCRIPTION, FIELD_INVALID)
    _check_characters("description", text.replace("\n", " ").replace("\t", " "), FIELD_INVALID)
    return text


def parse_checksum(text: str) -> str:
    """Give `sha256:<64 hex>`, also for bare hex, or refuse with `invalid_checksum`."""
    match = _CHECKSUM.fullmatch(text)
    if match is None:
        raise Refused(INVALID_CHECKSUM, "checksum: sha256:<64 lower-case hex digits>")
    return f"sha256:{match[1]}"


def check_config(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """Give a config of at most 64 KiB and 16 levels without NUL, or refuse."""
    if _depth(config) > MAX_CONFIG_DEPTH:
        raise Refused(CONFIG_TOO_DEEP, f"config: more than {MAX_CONFIG_DEPTH} levels")
    text = json.dumps(config, ensure_ascii=False, separators=(",", ":"))
    if len(text.encode()) > MAX_CONFIG_BYTES:
        raise Refused(CONFIG_TOO_LARGE, f"config: more than {MAX_CONFIG_BYTES} bytes")
    # `\u0000` is how JSON writes the character itself; the two characters `\` `u` come with a doubled backslash.
    if "\\u0000" in text.replace("\\\\", ""):
        raise Refused(FIELD_INVALID, "config: holds a NUL character")
    return config


def _check_length(field: str, text: str, most: int, reason: Reason) -> None:
    if len(text) > most:
        raise Refused(reason, f"{field}: {len(text)} characters, at most {most}")


def _check_characters(field: str, text: str, reason: Reason) -> None:
    if not unicodedata.is_normalized("NFC", text):
        raise Refused(reason, f"{field}: not in composed form (NFC)")
    for position, character in enumerate(text, start=1):
        if _is_refused(character):
            raise Refused(reason, f"{field}: character {position} is U+{ord(character):04X}")


def _is_refused(character: str) -> bool:
    code = ord(character)
    return (
        unicodedata.category(character) in _REFUSED_CATEGORIES
        or code in _INVISIBLE
        or code in _TAGS
        or code in _NONCHARACTERS
        or code & _PLANE_END == _PLANE_END
    )


def _depth(value: Any) -> int:
    """Count the levels; the body's parser has bounded them, so recursion can't run away."""
    if isinstance(value, dict):
        return 1 + max(map(_depth, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(_depth, value), default=0)
    return 0
