"""One tar header at a time: the ustar block, PAX records and names, read strictly and without a guess.

Formats: https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html (ustar, PAX),
https://www.gnu.org/software/tar/manual/html_node/Standard.html (GNU).
"""

import re
import struct
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from shared.artifacts.reasons import (
    TAR_HEADER_INVALID,
    TAR_NAME_INVALID,
    TAR_NAME_TOO_LONG,
    TAR_PATH_ABSOLUTE,
    TAR_PATH_TRAVERSAL,
)
from shared.errors import Refused

BLOCK_BYTES: Final = 512
#: PATH_MAX and NAME_MAX of Linux: no file of a longer name can be run.
MAX_PATH_BYTES: Final = 4096
MAX_NAME_BYTES: Final = 255

_FIELDS: Final = struct.Struct("100s8s8s8s12s12s8sc100s8s32s32s8s8s155s12x")
_CHECKSUM: Final = slice(148, 156)
_CHECKSUM_AS_BLANKS: Final = 8 * ord(" ")
_USTAR: Final = b"ustar\x0000"
_GNU: Final = b"ustar  \x00"
_OLD: Final = bytes(8)
_OCTAL: Final = re.compile(rb" *([0-7]+)[ \0]*")
_BASE256_POSITIVE: Final = 0x80
_BASE256_NEGATIVE: Final = 0xFF

_PAX_LENGTH: Final = re.compile(rb"([1-9][0-9]{0,5}) ")
_PAX_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
_PAX_TIME: Final = re.compile(r"-?[0-9]{1,18}(\.[0-9]{0,18})?", re.ASCII)
_PAX_TIMES: Final = frozenset({"atime", "ctime", "mtime"})
_PAX_NUMBERS: Final = frozenset({"gid", "size", "uid"})

_DRIVE: Final = re.compile(r"[A-Za-z]:")
#: systemd names units by this escape, and Debian ships such files: the one use of a backslash that is no path.
_SYSTEMD_ESCAPE: Final = re.compile(r"\\x[0-9a-f]{2}")
#: Control, format (bidirectional overrides among them), surrogate, line and paragraph separators.
_HIDDEN_CATEGORIES: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


@dataclass(frozen=True, slots=True)
class RawHeader:
    """The ustar block as it stands: names are still bytes, sizes are checked numbers."""

    name: bytes
    linkname: bytes
    mode: int
    size: int
    kind: bytes


def parse_header(block: bytes) -> RawHeader:
    """Parse 512 bytes; raises `Refused(TAR_HEADER_INVALID)`."""
    checksum_field = block[_CHECKSUM]
    if _octal(checksum_field, "checksum") != sum(block) - sum(checksum_field) + _CHECKSUM_AS_BLANKS:
        raise _invalid("the checksum is wrong")
    fields = _FIELDS.unpack(block)
    name, mode, uid, gid, size, mtime, _, kind, linkname, magic = fields[:10]
    if block[257:265] not in {_USTAR, _GNU, _OLD}:
        raise _invalid("the magic is unknown")
    name = _until_nul(name)
    prefix = _until_nul(block[345:500]) if magic == _USTAR else b""
    for number, what in ((uid, "uid"), (gid, "gid")):
        _number(number, what)
    _check_time(mtime)
    return RawHeader(
        name=prefix + b"/" + name if prefix else name,
        linkname=_until_nul(linkname),
        mode=_number(mode, "mode"),
        size=_number(size, "size"),
        kind=kind,
    )


def _number(field: bytes, what: str) -> int:
    """Read octal, or GNU's base-256 for what octal can't hold; negative is never right."""
    if field[0] == _BASE256_POSITIVE:
        return int.from_bytes(field[1:], "big")
    if field[0] == _BASE256_NEGATIVE:
        raise _invalid(f"the {what} is negative")
    return 0 if not field.strip(b" \0") else _octal(field, what)


def _octal(field: bytes, what: str) -> int:
    found = _OCTAL.fullmatch(field)
    if found is None:
        raise _invalid(f"the {what} is not an octal number")
    return int(found[1], 8)


def _check_time(field: bytes) -> None:
    """The time is not used, and it may be before 1970: only its form is checked."""
    if field[0] not in {_BASE256_POSITIVE, _BASE256_NEGATIVE}:
        _number(field, "mtime")


def _until_nul(field: bytes) -> bytes:
    return field.split(b"\0", 1)[0]


def parse_pax(data: bytes) -> Mapping[str, str]:
    """Parse the records of a PAX header, each `<length> <key>=<value>` and a line feed.

    Gives only keys and values that are valid text; a key given twice is refused, as its readers disagree.
    Raises `Refused(TAR_HEADER_INVALID)`, and `Refused(TAR_NAME_INVALID)` for a path that is not text.
    """
    records: dict[str, str] = {}
    position = 0
    while position < len(data):
        length = _PAX_LENGTH.match(data, position)
        end = position + int(length[1]) if length else 0
        if length is None or end > len(data) or end <= length.end() or data[end - 1 : end] != b"\n":
            raise _invalid("a PAX record's length is wrong")
        raw_key, equals, raw_value = data[length.end() : end - 1].partition(b"=")
        if not equals or not raw_key:
            raise _invalid("a PAX record has no key")
        key = raw_key.decode("utf-8", "replace")
        if key in records:
            raise _invalid("a PAX key is given twice")
        records[key] = _pax_value(key, raw_value)
        position = end
    return records


def _pax_value(key: str, raw: bytes) -> str:
    if key in {"path", "linkpath"}:
        return decode_name(raw)
    value = raw.decode("utf-8", "replace")
    if key in _PAX_NUMBERS and not _PAX_NUMBER.fullmatch(value):
        raise _invalid(f"the PAX {key} is not a number")
    if key in _PAX_TIMES and not _PAX_TIME.fullmatch(value):
        raise _invalid(f"the PAX {key} is not a time")
    if key == "hdrcharset" and value != "ISO-IR 10646 2000 UTF-8":
        raise _invalid("the PAX header is not in UTF-8")
    return value


def decode_name(raw: bytes) -> str:
    """Decode the bytes of a name as UTF-8; raises `Refused(TAR_NAME_INVALID)`."""
    if len(raw) > MAX_PATH_BYTES:
        raise Refused(TAR_NAME_TOO_LONG, f"{len(raw)} bytes")
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise Refused(TAR_NAME_INVALID, "the name is not UTF-8") from error


def canonical_path(name: str) -> str:
    """Give the path inside the image: no leading `./`, no closing `/`; the root is the empty text.

    Raises:
        Refused: `tar_name_invalid`, `tar_name_too_long`, `tar_path_absolute` or `tar_path_traversal`.
    """
    if not name:
        raise Refused(TAR_NAME_INVALID, "the name is empty")
    if not name.isascii() or not name.isprintable():
        _refuse_hidden_characters(name)
    if ("\\" in name and "\\" in _SYSTEMD_ESCAPE.sub("", name)) or _DRIVE.match(name):
        raise Refused(TAR_NAME_INVALID, f"{name!r} has a backslash or a drive letter")
    if name.startswith("/"):
        raise Refused(TAR_PATH_ABSOLUTE, f"{name!r}")
    parts = [part for part in name.split("/") if part not in {"", "."}]
    if ".." in parts:
        raise Refused(TAR_PATH_TRAVERSAL, f"{name!r}")
    if len(name) > MAX_NAME_BYTES and max((len(part.encode()) for part in parts), default=0) > MAX_NAME_BYTES:
        raise Refused(TAR_NAME_TOO_LONG, f"a part of the path is longer than {MAX_NAME_BYTES} bytes")
    return "/".join(parts)


def _refuse_hidden_characters(name: str) -> None:
    if any(unicodedata.category(character) in _HIDDEN_CATEGORIES for character in name):
        raise Refused(TAR_NAME_INVALID, f"{name!a} has control or hidden characters")


def _invalid(detail: str) -> Refused:
    return Refused(TAR_HEADER_INVALID, detail)
