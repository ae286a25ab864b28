"""Text → command, or one error that says how to mend it. Pure, linear in the length of the text.

    command = "file://" path | "grpc://" host ":" port | "oci://" reference [ "?" parameters ]

The scheme is written in lower case; ambiguity (a doubled slash, a '.' segment, percent-encoding, a legacy IPv4 form) is
refused, never normalised. One regular expression per scheme accepts; only what it does not accept is explained.
"""

import re
from posixpath import normpath
from typing import Final, NoReturn

from shared.commands.errors import CommandError
from shared.commands.hosts import HOST_TEXT, MAX_LABEL_OCTETS, PLAIN_NAME, canonical_host
from shared.commands.model import Command, FileCommand, GrpcCommand, OciCommand
from shared.commands.oci import explain_reference, match_reference
from shared.commands.ports import MAX_PORT, PORT, PORT_TEXT
from shared.commands.reasons import (
    EMPTY,
    FILE_AUTHORITY_NOT_ALLOWED,
    FORBIDDEN_CHARACTER,
    INVALID_HOST,
    INVALID_PORT,
    INVALID_TYPE,
    MISSING_HOST,
    MISSING_PATH,
    MISSING_PORT,
    MISSING_SCHEME,
    OCI_REFERENCE_MISMATCH,
    PATH_NOT_NORMALISED,
    PATH_TOO_LONG,
    PATH_TRAVERSAL,
    PERCENT_ENCODING_NOT_ALLOWED,
    REFERENCE_TOO_LONG,
    RELATIVE_PATH,
    TOO_LONG,
    TRAILING_SLASH,
    UNEXPECTED_FRAGMENT,
    UNEXPECTED_PATH,
    UNEXPECTED_QUERY,
    UNSUPPORTED_SCHEME,
    USERINFO_NOT_ALLOWED,
)
from shared.errors import Reason

MAX_COMMAND_BYTES: Final = 1024
MAX_FILE_NAME_BYTES: Final = 255
"""NAME_MAX of Linux file systems (limits.h)."""

_FILE_CHARACTERS: Final = r"A-Za-z0-9._+@=,:-"
_FILE: Final = re.compile(rf"(?:/(?!\.\.?(?:/|\Z))[{_FILE_CHARACTERS}]{{1,{MAX_FILE_NAME_BYTES}}}+)++", re.ASCII)
_NOT_IN_PATH: Final = re.compile(rf"[^/{_FILE_CHARACTERS}]", re.ASCII)
_GRPC: Final = re.compile(rf"(?:({PLAIN_NAME})|({HOST_TEXT})):({PORT_TEXT})", re.ASCII)
_VISIBLE: Final = re.compile(r"[!-~]*+", re.ASCII)
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*+://", re.ASCII)
_SCHEME_LENGTH: Final = len("file://")
_AFTER_AUTHORITY: Final = {"/": UNEXPECTED_PATH, "?": UNEXPECTED_QUERY, "#": UNEXPECTED_FRAGMENT}


def parse_command(text: object) -> Command:
    """Parse a plugin command.

    Raises:
        CommandError: with exactly one reason; the text is never repeated where it may hold a secret.
    """
    if not isinstance(text, str):
        raise CommandError(INVALID_TYPE, "a command is a string", hint="Send the command as one JSON string.")
    command = _match(text) if len(text) <= MAX_COMMAND_BYTES else None
    if command is None:
        _explain(text)
    return command


def parse_oci_reference(text: object) -> OciCommand:
    """Parse the field `oci_reference`: a reference with or without `oci://`, and without parameters.

    The first segment is always the registry; Docker Hub is never assumed.

    Raises:
        CommandError: with exactly one reason.
    """
    if not isinstance(text, str):
        raise CommandError(INVALID_TYPE, "a reference is a string", hint="Send oci_reference as one JSON string.")
    _check_characters(text, REFERENCE_TOO_LONG)
    reference = text.removeprefix("oci://")
    if "://" in reference:
        raise CommandError(UNSUPPORTED_SCHEME, hint="Write the reference with oci:// or without a scheme.")
    if "?" in reference:
        raise CommandError(UNEXPECTED_QUERY, hint="Parameters belong into the command.")
    return match_reference(reference) or explain_reference(reference)


def match_oci_reference(reference: object, command: Command) -> OciCommand | None:
    """Compare the field `oci_reference` with the command beside it; parameters live in the command only.

    Args:
        reference: the field; None and "" mean that it was left out.
        command: the command of the same request.

    Returns:
        The artifact that both name, without parameters; None when neither is about a registry.

    Raises:
        CommandError: `oci_reference_mismatch`, or what is wrong with the reference.
    """
    named = OciCommand(*command[:4]) if isinstance(command, OciCommand) else None
    if reference is None or reference == "":
        return named
    parsed = parse_oci_reference(reference)
    if parsed != named:
        raise CommandError(OCI_REFERENCE_MISMATCH)
    return parsed


def _match(text: str) -> Command | None:
    """Accept a command by the grammar of its scheme, or give None."""
    if text.startswith("grpc://"):
        return _grpc(text)
    if text.startswith("oci://"):
        return match_reference(text, len("oci://"))
    if text.startswith("file://") and _FILE.fullmatch(text, _SCHEME_LENGTH):
        return FileCommand(text[_SCHEME_LENGTH:])
    return None


def _grpc(text: str) -> GrpcCommand | None:
    match = _GRPC.fullmatch(text, _SCHEME_LENGTH)
    if match is None:
        return None
    plain, unusual, port = match.groups()
    number = int(port)
    if number > MAX_PORT:
        return None
    if plain is not None and len(plain) <= MAX_LABEL_OCTETS:
        return GrpcCommand(plain.lower(), number, "name")
    host = canonical_host(plain or unusual)
    return None if host is None else GrpcCommand(host.text, number, host.kind)


def _check_characters(text: str, too_long: Reason) -> None:
    """Refuse what no grammar below accepts: nothing, too much, anything but printable ASCII."""
    if not text.strip():
        raise CommandError(EMPTY)
    if len(text) > MAX_COMMAND_BYTES or len(text.encode(errors="surrogatepass")) > MAX_COMMAND_BYTES:
        raise CommandError(too_long)
    if not _VISIBLE.fullmatch(text):
        position = next(index for index, character in enumerate(text) if not "!" <= character <= "~")
        raise CommandError(FORBIDDEN_CHARACTER, f"character {position + 1} is U+{ord(text[position]):04X}")


def _explain(text: str) -> NoReturn:
    """Find the first thing that is wrong with a command; called only for what the grammar does not match."""
    _check_characters(text, TOO_LONG)
    if text.startswith("file://"):
        _explain_file(text[_SCHEME_LENGTH:])
    if text.startswith("grpc://"):
        _explain_grpc(text[_SCHEME_LENGTH:])
    if text.startswith("oci://"):
        explain_reference(text.removeprefix("oci://"))
    scheme = _SCHEME.match(text)
    if scheme is None:
        hint = f"Write file://{text}" if text.startswith("/") and _FILE.fullmatch(text) else ""
        raise CommandError(MISSING_SCHEME, hint=hint)
    if scheme[0].lower() in {"file://", "grpc://", "oci://"}:
        raise CommandError(UNSUPPORTED_SCHEME, hint=f"Write the scheme in lower case: {scheme[0].lower()}")
    raise CommandError(UNSUPPORTED_SCHEME, f"{scheme[0]} is not supported")


def _explain_file(path: str) -> NoReturn:
    if path in {"", "/"}:
        raise CommandError(MISSING_PATH)
    if not path.startswith("/"):
        _explain_authority(path)
    if "%" in path:
        raise CommandError(PERCENT_ENCODING_NOT_ALLOWED)
    if "?" in path:
        raise CommandError(UNEXPECTED_QUERY)
    if "#" in path:
        raise CommandError(UNEXPECTED_FRAGMENT)
    forbidden = _NOT_IN_PATH.search(path)
    if forbidden:
        raise CommandError(FORBIDDEN_CHARACTER, f"the path holds {forbidden[0]}")
    segments = path[1:].split("/")
    if ".." in segments:
        raise CommandError(PATH_TRAVERSAL)
    normal = "/" + normpath(path).lstrip("/")
    if path.endswith("/") and path[:-1] == normal:
        raise CommandError(TRAILING_SLASH, hint=f"Name the executable file, or write file://{normal}")
    if path != normal:
        raise CommandError(PATH_NOT_NORMALISED, hint=f"Write file://{normal}")
    raise CommandError(PATH_TOO_LONG)


def _explain_authority(path: str) -> NoReturn:
    """Tell a host or a drive letter before the path from a path that is merely relative."""
    authority, slash, _ = path.partition("/")
    if slash and (authority.endswith(":") or (canonical_host(authority) and "." in authority.strip("."))):
        raise CommandError(FILE_AUTHORITY_NOT_ALLOWED)
    if slash and authority.lower() == "localhost":
        raise CommandError(FILE_AUTHORITY_NOT_ALLOWED)
    raise CommandError(RELATIVE_PATH)


def _explain_grpc(rest: str) -> NoReturn:
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    if "@" in authority:
        raise CommandError(USERINFO_NOT_ALLOWED)
    if not authority or authority.startswith(":"):
        if authority.count(":") > 1:
            raise CommandError(INVALID_HOST, hint="Write an IPv6 address in brackets: grpc://[address]:port")
        raise CommandError(MISSING_HOST)
    if "%" in authority:
        raise CommandError(PERCENT_ENCODING_NOT_ALLOWED)
    host, colon, port = authority.rpartition(":")
    if "]" in port or not colon:
        host, port = authority, ""
    if canonical_host(host) is None:
        raise CommandError(INVALID_HOST)
    if not port:
        raise CommandError(MISSING_PORT)
    if not PORT.fullmatch(port) or int(port) > MAX_PORT:
        raise CommandError(INVALID_PORT)
    raise CommandError(_AFTER_AUTHORITY.get(rest[len(authority) : len(authority) + 1], INVALID_HOST))
