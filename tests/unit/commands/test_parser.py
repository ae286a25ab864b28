"""The command grammar: what is accepted, the one reason for what is not, and the mend that the hint names."""

import pytest

from shared.commands import CommandError, FileCommand, GrpcCommand, OciCommand, parse_command
from shared.commands.parser import MAX_COMMAND_BYTES


def refusal(text: object) -> CommandError:
    """Parse what must not parse."""
    with pytest.raises(CommandError) as caught:
        parse_command(text)
    return caught.value


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("file:///usr/local/bin/my-plugin", FileCommand("/usr/local/bin/my-plugin")),
        ("file:///opt/a+b@c=d,e:f/...", FileCommand("/opt/a+b@c=d,e:f/...")),
        ("file:///" + "a" * 255, FileCommand("/" + "a" * 255)),
        ("grpc://Plugin-Server.Example.COM.:50051", GrpcCommand("plugin-server.example.com", 50051, "name")),
        ("grpc://under_score.example.com:1", GrpcCommand("under_score.example.com", 1, "name")),
        ("grpc://35.123.45.67:65535", GrpcCommand("35.123.45.67", 65535, "ipv4")),
        ("grpc://[2001:0DB8:0:0:0:0:0:0001]:443", GrpcCommand("2001:db8::1", 443, "ipv6")),
        ("grpc://[::ffff:a00:5]:443", GrpcCommand("::ffff:10.0.0.5", 443, "ipv6")),
        ("oci://GHCR.io:443/a/b", OciCommand("ghcr.io:443", "a/b", "latest", None)),
    ],
)
def test_accepts(text: str, command: object) -> None:
    """A legal command becomes a value in canonical form."""
    assert parse_command(text) == command


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (None, "invalid_type"),
        (b"file:///opt/p", "invalid_type"),
        ("", "empty"),
        ("\t \n", "empty"),
        ("file:///" + "a/" * 600 + "a", "too_long"),
        ("file:///" + "é" * 600, "too_long"),
        ("file:///opt/\ud800", "forbidden_character"),
        ("/usr/local/bin/x", "missing_scheme"),
        ("grpc:plugin:1", "missing_scheme"),
        ("FILE:///usr/local/bin/x", "unsupported_scheme"),
        ("https://example.com/x", "unsupported_scheme"),
        ("file://", "missing_path"),
        ("file:///", "missing_path"),
        ("file://plugins/p", "relative_path"),
        ("file://localhost/opt/p", "file_authority_not_allowed"),
        ("file://C:/plugins/p", "file_authority_not_allowed"),
        ("file://10.0.0.1/share/p", "file_authority_not_allowed"),
        ("file:///opt/%2e%2e/p", "percent_encoding_not_allowed"),
        ("file:///opt/../p", "path_traversal"),
        ("file:///opt/./p", "path_not_normalised"),
        ("file:////opt/p", "path_not_normalised"),
        ("file:///opt//", "path_not_normalised"),
        ("file:///opt/p/", "trailing_slash"),
        ("file:///opt/p?x", "unexpected_query"),
        ("file:///opt/p#x", "unexpected_fragment"),
        ("file:///opt/p;id", "forbidden_character"),
        ("file:///opt/" + "a" * 256, "path_too_long"),
        ("grpc://", "missing_host"),
        ("grpc://:1", "missing_host"),
        ("grpc://plugin", "missing_port"),
        ("grpc://plugin:", "missing_port"),
        ("grpc://[::1]", "missing_port"),
        ("grpc://plugin:0", "invalid_port"),
        ("grpc://plugin:65536", "invalid_port"),
        ("grpc://plugin:99999999999999999999", "invalid_port"),
        ("grpc://::1:50051", "invalid_host"),
        ("grpc://2606:4700::1:50051", "invalid_host"),
        ("grpc://[127.0.0.1]:1", "invalid_host"),
        ("grpc://[::1]x:1", "invalid_host"),
        ("grpc://plugin:1:2", "invalid_host"),
        ("grpc://user:pw@plugin:1", "userinfo_not_allowed"),
        ("grpc://plugin%2e:1", "percent_encoding_not_allowed"),
        ("grpc://plugin:1/x", "unexpected_path"),
        ("grpc://plugin:1?x", "unexpected_query"),
        ("grpc://plugin:1#@evil:1", "unexpected_fragment"),
    ],
)
def test_refuses(text: object, reason: str) -> None:
    """What is not legal has exactly one reason."""
    assert refusal(text).reason.code == reason


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("/usr/local/bin/x", "Write file:///usr/local/bin/x"),
        ("file:///opt/./a//b", "Write file:///opt/a/b"),
        ("file:///opt/p/", "Name the executable file, or write file:///opt/p"),
        ("GRPC://plugin:1", "Write the scheme in lower case: grpc://"),
        ("oci://ghcr.io/Acme/Plugin:1", "Write the repository in lower case: acme/plugin"),
    ],
)
def test_names_the_mend(text: str, hint: str) -> None:
    """Where the corrected text is known, the hint is that text."""
    assert refusal(text).hint == hint


@pytest.mark.parametrize("text", ["grpc://user:s3cret@plugin:1", "oci://user:s3cret@ghcr.io/a/b:1", "s3cret\n"])
def test_never_repeats_a_secret(text: str) -> None:
    """An error about a command that may hold a secret does not show it."""
    error = refusal(text)
    assert "s3cret" not in f"{error}{error.message}{error.hint}"


def test_says_where_a_forbidden_character_is() -> None:
    """The message gives position and code point, never the character itself."""
    assert refusal("file:///opt/p\x1b[31m").message == "character 14 is U+001B"


def test_longest_command() -> None:
    """A command of exactly 1,024 bytes is accepted."""
    text = "file://" + "/abc" * 253 + "/"
    assert len(parse_command(text + "a" * (MAX_COMMAND_BYTES - len(text))).scheme) == len("file")


@pytest.mark.parametrize(
    "text",
    ["file:///opt/p", "grpc://[2600:1f18::7]:50051", "oci://[2600:1f18::7]:5000/a:1?arch=linux/arm64&pubkey=CI&auth=x"],
)
def test_canonical_text(text: str) -> None:
    """Text that is canonical already comes back as it was."""
    assert str(parse_command(text)) == text
