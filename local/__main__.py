"""`python -m local`: the local stack of a developer's day."""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from local.deployment import is_deployed
from local.errors import LocalError
from local.invocation import invoke
from local.lifecycle import bring_down, bring_up, say
from local.logs import print_logs
from local.paths import ROOT, TOKEN_FILE
from local.stack import Stack


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code (0 done, 1 failed, 2 usage)."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except LocalError as error:
        print(f"error: {error}\nhint: {error.hint}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _up(options: argparse.Namespace) -> int:
    begun = time.monotonic()
    stack = bring_up(fresh=options.fresh)
    _describe(stack)
    say(f"up in {time.monotonic() - begun:.1f} s")
    return 0


def _down(_options: argparse.Namespace) -> int:
    bring_down()
    say("down")
    return 0


def _status(_options: argparse.Namespace) -> int:
    stack = Stack.current()
    _describe(stack)
    if not is_deployed(stack.state):
        say("the checkout has changed since: make up")
    return 0


def _logs(options: argparse.Namespace) -> int:
    print_logs(Stack.current(), name=options.name, follow=options.follow)
    return 0


def _invoke(options: argparse.Namespace) -> int:
    return invoke(Stack.current(), options.event, function=options.function)


def _token(_options: argparse.Namespace) -> int:
    print(Stack.current().token)
    return 0


def _describe(stack: Stack) -> None:
    token = TOKEN_FILE.relative_to(ROOT)
    print(f"API         {stack.api_url}\nAWS         {stack.aws_endpoint_url}\nregistry    {stack.registry}")
    print(f"""try         curl -H "Authorization: Bearer $(cat {token})" {stack.api_url}/api/v1/plugins""")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local", description="The local stack.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    up = commands.add_parser("up", help="start the emulator, build, deploy, make a token; reuses what is unchanged")
    up.set_defaults(run=_up, fresh=False)
    commands.add_parser("reset", help="the same from nothing").set_defaults(run=_up, fresh=True)
    commands.add_parser("down", help="stop the emulator; it keeps nothing").set_defaults(run=_down)
    commands.add_parser("status", help="say what runs and where").set_defaults(run=_status)
    commands.add_parser("token", help="print the administrator's token").set_defaults(run=_token)
    logs = commands.add_parser("logs", help="print the functions' logs")
    logs.add_argument("name", nargs="?", metavar="NAME", help="of one function, e.g. oci_pull")
    logs.add_argument("--follow", action="store_true", help="go on until interrupted")
    logs.set_defaults(run=_logs)
    invocation = commands.add_parser("invoke", help="invoke a function with an event file")
    invocation.add_argument("event", type=Path, metavar="EVENT", help="events/<function>/<variant>.json")
    invocation.add_argument("--function", metavar="NAME", help="where the event's folder doesn't say it")
    invocation.set_defaults(run=_invoke)
    return parser


if __name__ == "__main__":
    sys.exit(main())
