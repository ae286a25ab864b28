"""The command line: which subcommands and options there are."""

import argparse
from collections.abc import Sequence
from typing import Final, TypeAlias

DESCRIPTION: Final = "Take gateway plugins from a command (file://, grpc://, oci://) to something a gateway can trust."
EPILOG: Final = "exit codes: 0 done, 1 refused or failed, 2 wrong usage, 3 the API or the registry can't be reached"
DEFAULT_WAIT_SECONDS: Final = 120.0


def build_parser() -> argparse.ArgumentParser:
    """Build the parser; `subcommand` names the chosen one, options not given are absent from the namespace."""
    shared = _shared_options()
    parser = argparse.ArgumentParser(
        prog="plugport", description=DESCRIPTION, epilog=EPILOG, parents=[shared], allow_abbrev=False
    )
    commands = parser.add_subparsers(dest="subcommand", metavar="COMMAND", required=True)
    _judging(commands, shared)
    _registering(commands, shared)
    _reading(commands, shared)
    _changing(commands, shared)
    _tokens(commands, shared)
    return parser


_Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001 - it has no public name


def _shared_options() -> argparse.ArgumentParser:
    """Options that may stand before or behind the subcommand; absent unless given, so that neither hides the other."""
    parser = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    group = parser.add_argument_group("connection")
    group.add_argument("--endpoint", metavar="URL", help="the API's base URL with its stage (PLUGPORT_ENDPOINT)")
    group.add_argument("--token", help="API token; visible to others on this machine: prefer PLUGPORT_TOKEN")
    group.add_argument("--token-file", metavar="FILE", help="file that holds the API token, - for standard input")
    group.add_argument("--timeout", type=_seconds, metavar="SECONDS", help="wait this long for an answer (30)")
    group.add_argument("--format", choices=("table", "json"), help="output for people or for programs (table)")
    return parser


def _add(commands: _Commands, shared: argparse.ArgumentParser, name: str, text: str) -> argparse.ArgumentParser:
    return commands.add_parser(
        name,
        help=text,
        description=text[0].upper() + text[1:] + ".",
        parents=[shared],
        argument_default=argparse.SUPPRESS,
        allow_abbrev=False,
    )


def _judging(commands: _Commands, shared: argparse.ArgumentParser) -> None:
    validate = _add(commands, shared, "validate", "say what the policy decides about a command, and why")
    validate.add_argument("command")
    validate.add_argument("--local", action="store_true", help="judge here, by this environment's settings")
    plan = _add(commands, shared, "plan", "say what registering a command would do")
    plan.add_argument("command")
    plan.add_argument(
        "--resolve",
        action="store_true",
        help="ask the registry from here (no API, no AWS): digest, platforms, sizes; credentials of this environment, "
        "else of docker login",
    )
    plan.add_argument(
        "--platform",
        action="append",
        metavar="OS/ARCH",
        help="with --resolve: wanted, may be repeated (linux/amd64 and linux/arm64); arch= in the command wins",
    )
    doctor = _add(commands, shared, "doctor", "find out what is wrong with a command and how to mend it (no API)")
    doctor.add_argument("command")


def _registering(commands: _Commands, shared: argparse.ArgumentParser) -> None:
    register = _add(commands, shared, "register", "register a plugin")
    register.add_argument("-f", "--file", metavar="FILE", help="request body as JSON, - for standard input")
    register.add_argument("--name")
    register.add_argument("--command", help="file://…, grpc://… or oci://…")
    register.add_argument("--slug", help="unique in its namespace; made from the name where absent")
    register.add_argument("--description")
    register.add_argument("--hook-type", action="append", metavar="HOOK", help="may be repeated; the first is primary")
    register.add_argument("--plugin-type", metavar="TYPE")
    register.add_argument("--namespace")
    register.add_argument("--config", metavar="JSON", help="JSON object, or @FILE")
    register.add_argument("--checksum", metavar="SHA256", help="sha256 that the executable must have")
    register.add_argument("--oci-reference", metavar="REFERENCE")
    register.add_argument("--inactive", action="store_true", help="register without working on it")
    _wait(register)


def _reading(commands: _Commands, shared: argparse.ArgumentParser) -> None:
    get = _add(commands, shared, "get", "show a plugin with its conditions")
    _plugin(get)
    listing = _add(commands, shared, "list", "list plugins")
    for name in ("namespace", "hook-type", "plugin-type", "status"):
        listing.add_argument(f"--{name}")
    active = listing.add_mutually_exclusive_group()
    active.add_argument("--active", dest="is_active", action="store_const", const="true")
    active.add_argument("--inactive", dest="is_active", action="store_const", const="false")
    listing.add_argument("--limit", type=_count, metavar="N", help="at most N plugins")
    health = _add(commands, shared, "health", "show what the last probe said; exit code 1 unless healthy")
    _plugin(health)
    events = _add(commands, shared, "events", "show a plugin's audit trail")
    _plugin(events)


def _changing(commands: _Commands, shared: argparse.ArgumentParser) -> None:
    reload = _add(commands, shared, "reload", "look at a plugin again from the beginning")
    _plugin(reload)
    _wait(reload)
    delete = _add(commands, shared, "delete", "delete a plugin")
    _plugin(delete)


def _tokens(commands: _Commands, shared: argparse.ArgumentParser) -> None:
    token = _add(commands, shared, "token", "make and revoke API tokens (operators, with AWS credentials)")
    actions = token.add_subparsers(dest="action", metavar="ACTION", required=True)
    create = _add(actions, shared, "create", "make a token and print it, once")
    create.add_argument("--scopes", type=_words, metavar="SCOPES", help="read,write,admin (read)")
    create.add_argument("--namespaces", type=_words, metavar="NAMES", help="comma-separated, * for all (default)")
    create.add_argument("--expires-in", type=_duration, metavar="TIME", help="e.g. 12h or 90d (90d); 0 = never")
    revoke = _add(actions, shared, "revoke", "revoke a token by its id")
    revoke.add_argument("token_id")
    for parser in (create, revoke):
        parser.add_argument("--table", metavar="NAME", help="the tokens table (TOKENS_TABLE_NAME)")


def _plugin(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("plugin", metavar="ID|SLUG")
    parser.add_argument("--namespace", help="where to look for the slug")


def _wait(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--wait",
        nargs="?",
        type=_seconds,
        const=DEFAULT_WAIT_SECONDS,
        metavar="SECONDS",
        help="show each step until the work has ended (120); exit code 1 unless the plugin is ready",
    )


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= 3600:  # noqa: PLR2004 - an hour
        raise argparse.ArgumentTypeError(f"{text!r}: seconds, more than 0 and at most 3600")
    return value


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or not 1 <= int(text) <= 100_000:  # noqa: PLR2004 - any list of ours
        raise argparse.ArgumentTypeError(f"{text!r}: a whole number from 1")
    return int(text)


def _words(text: str) -> Sequence[str]:
    words = [word.strip() for word in text.split(",")]
    if not all(words):
        raise argparse.ArgumentTypeError(f"{text!r}: words with commas between them")
    return words


def _duration(text: str) -> int:
    """Give seconds of `30m`, `12h`, `90d`, or 0."""
    units = {"m": 60, "h": 3600, "d": 86400}
    number, unit = (text, "") if text == "0" else (text[:-1], text[-1:])
    known = unit in units or text == "0"
    if not known or not (number.isascii() and number.isdigit()) or len(number) > 5:  # noqa: PLR2004 - 99,999 days
        raise argparse.ArgumentTypeError(f"{text!r}: e.g. 30m, 12h, 90d or 0")
    return int(number) * units.get(unit, 0)
